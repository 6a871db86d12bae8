"""The walls of the house (DESIGN §2, STYLE): who may import whom, and what is written nowhere."""

import ast
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
OWN = ("accounts", "tickets", "chat", "helpdesk")
CODE = [path for package in OWN for path in sorted((HOUSE / package).rglob("*.py"))]
TEMPLATES = sorted((HOUSE / "templates").rglob("*.*"))
SCRIPTS = sorted((HOUSE / "static").rglob("*.js"))

# Package → what it may not import.
WALLS = {
    "accounts": {"tickets", "chat", "helpdesk", "channels"},
    "tickets": {"chat", "channels", "helpdesk"},
    "chat": {"helpdesk"},
}
# Module of an app → which modules of the apps it may not import.
EFFECTS = {"emails", "broadcasts", "images", "hours"}
DOWNWARDS = {
    "views": {"urls", "admin", "consumers", "broadcasts"},
    "forms": {"urls", "admin", "desk", "views", "consumers", "broadcasts"},
    "models": {"urls", "admin", "desk", "views", "forms", "consumers"},
    **{effect: {"urls", "admin", "desk", "views", "forms", "models"} for effect in sorted(EFFECTS)},
}


def label(path):
    return str(path.relative_to(HOUSE))


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(path, node):
    """Yield (dotted name, line) of everything imported below ``node``, relative names resolved."""
    package = path.relative_to(HOUSE).parent.parts
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else ()
            origin = ".".join([*base, *([child.module] if child.module else [])])
            yield from ((f"{origin}.{alias.name}", child.lineno) for alias in child.names)
        elif not is_type_checking(child):
            yield from imports(path, child)


def is_within(name, package):
    return name == package or name.startswith(f"{package}.")


def functions(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(parsed(path)) if isinstance(node, kinds)]


@pytest.mark.parametrize("package", WALLS)
def test_no_arrow_leads_up(package):
    wrong = [
        f"{label(path)}:{line} imports {name}"
        for path in sorted((HOUSE / package).rglob("*.py"))
        for name, line in imports(path, parsed(path))
        if any(is_within(name, other) for other in WALLS[package])
    ]
    assert not wrong


def floor(path):
    """The module of an app that ``path`` belongs to: ``views``, or ``models`` for its package."""
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return parts[1] if parts[0] in {"accounts", "tickets", "chat"} and len(parts) > 1 else ""


@pytest.mark.parametrize("module", DOWNWARDS)
def test_inside_an_app_arrows_lead_down(module):
    above = {(app, other) for app in OWN for other in DOWNWARDS[module]}
    wrong = [
        f"{label(path)}:{line} imports {name}"
        for path in CODE
        if floor(path) == module
        for name, line in imports(path, parsed(path))
        if tuple(name.split(".")[:2]) in above
        or (module == "views" and is_within(name, "channels"))
        or (module in EFFECTS and is_within(name, "django.db.models"))
    ]
    assert not wrong


def test_no_cycle_hides_in_a_function():
    """An app's ``ready`` is the one place that must import late: models do not exist before."""
    wrong = [
        f"{label(path)}:{line} imports {name} inside {function.name}"
        for path in CODE
        for function in functions(path)
        if function.name != "ready"
        for name, line in imports(path, function)
        if name.split(".")[0] in OWN
    ]
    assert not wrong


def test_no_drawer_for_odds_and_ends():
    odds = {"utils", "util", "helpers", "helper", "services", "service", "common", "core", "misc"}
    parts = {path: set(path.relative_to(HOUSE).with_suffix("").parts) for path in [*CODE, *SCRIPTS]}
    assert not [label(path) for path, names in parts.items() if names & odds]


NOWHERE = {
    "markup that nobody escaped": (
        r"\|\s*safe\b|mark_safe|Safe(String|Text)\(|autoescape off|def __html__",
        [*CODE, *(path for path in TEMPLATES if path.suffix != ".txt")],
    ),
    "markup made by a script": (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc",
        [*SCRIPTS, *TEMPLATES],
    ),
    "a form without its token": (r"csrf_exempt", CODE),
    "inline style": (
        r"\sstyle\s*=|<style\b|\.style\b|setAttribute\(.style",
        [*CODE, *TEMPLATES, *SCRIPTS],
    ),
    "inline script": (
        r"<script(?![^>]*\ssrc=)[^>]*>|<[a-z][^>]*\son[a-z]+\s*=|javascript:",
        [*CODE, *TEMPLATES, *SCRIPTS],
    ),
    "behaviour at a distance": (
        r"@receiver|django\.dispatch|models\.signals|\.connect\(",
        CODE,
    ),
    "a promise or a look away": (r"\bTODO\b|\bFIXME\b|\bXXX\b|# *noqa", [*CODE, *SCRIPTS]),
}


@pytest.mark.parametrize("what", NOWHERE)
def test_is_written_nowhere(what):
    pattern, files = NOWHERE[what]
    found = [
        f"{label(path)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found


def test_saving_is_only_saving():
    saves = [
        f"{label(path)}:{f.lineno}" for path in CODE for f in functions(path) if f.name == "save"
    ]
    assert not saves


def missing_annotations(function):
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    named += [extra for extra in (given.vararg, given.kwarg) if extra]
    bare = [arg.arg for arg in named if not arg.annotation and arg.arg not in {"self", "cls"}]
    return bare if function.returns else [*bare, "return"]


def test_every_function_says_what_it_takes_and_gives():
    wrong = [
        f"{label(path)}:{function.lineno} {function.name}: {', '.join(missing)}"
        for path in CODE
        if "migrations" not in path.parts
        for function in functions(path)
        if (missing := missing_annotations(function))
    ]
    assert not wrong


def test_templates_stay_short():
    sizes = {label(path): len(path.read_text("utf-8").splitlines()) for path in TEMPLATES}
    assert not {name: lines for name, lines in sizes.items() if lines > 90}


def test_there_is_something_to_look_at():
    assert min(len(CODE), len(TEMPLATES), len(SCRIPTS)) > 15
