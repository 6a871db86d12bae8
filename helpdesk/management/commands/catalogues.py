"""The catalogues of the interface: extract from the sources, check, compile."""

import re
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.core.management.commands import makemessages

from helpdesk.typography import nbsp

try:
    import polib
except ImportError:
    polib = None

if TYPE_CHECKING:
    from polib import POEntry

SOURCES = ("accounts", "chat", "helpdesk", "templates", "tickets")
PLURAL_FORMS = {
    "cs": (
        "nplurals=4; plural=(n == 1 && n % 1 == 0) ? 0 : (n >= 2 && n <= 4 && n % 1 == 0) ? 1: "
        "(n % 1 != 0 ) ? 2 : 3;"
    ),
    "sl": ("nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);"),
}
PLURALS = range(4)
PRINTF = re.compile(r"%(?:\((?P<name>\w+)\))?[#0\- +]*\d*(?:\.\d+)?(?P<kind>[a-zA-Z%])")
BRACES = re.compile(r"\{(\w*)\}")


class Command(BaseCommand):
    help = (
        "Extract the texts of the sources into locale/, refuse incomplete or faulty catalogues "
        "and compile all of them."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if anything would change."
        )
        parser.add_argument(
            "--compile-only",
            action="store_true",
            help="Do not read the sources (no gettext tools needed).",
        )

    def handle(self, *, check: bool, compile_only: bool, **options: Any) -> None:
        if polib is None:
            raise CommandError("This command needs polib: pip install -r requirements/test.txt")
        locale = Path(settings.BASE_DIR) / "locale"
        report = [] if compile_only else list(self._extract(locale, check))
        paths = sorted(locale.rglob("*.po"))
        report += [problem for path in paths for problem in problems(path)]
        if not report:
            report = list(self._compile(paths, check))
        if report:
            raise CommandError("\n".join(report))
        self.stdout.write("The catalogues are complete.")

    def _extract(self, locale: Path, check: bool) -> Iterator[str]:
        for path, text in extracted(locale).items():
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            if check:
                yield f"{path}: differs from the sources; run manage.py catalogues"
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                self.stdout.write(f"Extracted {path}")

    def _compile(self, paths: list[Path], check: bool) -> Iterator[str]:
        for path in paths:
            target, binary = path.with_suffix(".mo"), compiled(path)
            if target.exists() and target.read_bytes() == binary:
                continue
            if check:
                yield f"{target}: is not what {path.name} compiles to; run manage.py catalogues"
            else:
                target.write_bytes(binary)
                self.stdout.write(f"Compiled {target}")


class _Extraction(makemessages.Command):
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


def extracted(locale: Path) -> dict[Path, str]:
    """The text each catalogue of the project should have, made in a copy of the sources."""
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in SOURCES:
            if (locale.parent / name).exists():
                shutil.copytree(locale.parent / name, copy / name)
        shutil.copytree(locale, copy / "locale", ignore=shutil.ignore_patterns("*.mo", "upstream"))
        with chdir(copy):
            call_command(
                _Extraction(),
                locale=list(PLURAL_FORMS),
                add_location="file",
                no_obsolete=True,
                verbosity=0,
            )
        return {
            locale / name: _with_header(copy / "locale" / name, language)
            for language in PLURAL_FORMS
            for name in [Path(language, "LC_MESSAGES", "django.po")]
        }


def _with_header(path: Path, language: str) -> str:
    po = polib.pofile(str(path))
    po.header = "Extracted by manage.py catalogues; only the msgstr lines are written by hand."
    po.metadata_is_fuzzy = False
    po.metadata = {
        "Project-Id-Version": "help-portal",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURAL_FORMS[language],
    }
    return str(po)


def compiled(path: Path) -> bytes:
    """The .mo file of a catalogue, with the no-break spaces that translators do not type."""
    po, language = polib.pofile(str(path)), _language(path)
    for entry in po:
        entry.msgstr = nbsp(entry.msgstr, language)
        for form, text in entry.msgstr_plural.items():
            entry.msgstr_plural[form] = nbsp(text, language)
    return po.to_binary()


def problems(path: Path) -> Iterator[str]:
    """What forbids to compile a catalogue, one line for each fault."""
    po = polib.pofile(str(path))
    expected = PLURAL_FORMS[_language(path)]
    if po.metadata.get("Plural-Forms") != expected:
        yield f"{path}: Plural-Forms must be {expected}"
    for entry in po:
        fault = _fault(entry)
        if fault:
            yield f"{path}:{entry.linenum}: {fault}: {entry.msgid}"


def _fault(entry: "POEntry") -> str:
    if entry.obsolete:
        return "obsolete"
    if entry.fuzzy:
        return "fuzzy"
    if entry.msgid_plural and sorted(entry.msgstr_plural) != list(PLURALS):
        return "four plural forms expected"
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not all(text.strip() for text in texts):
        return "empty"
    original = entry.msgid_plural or entry.msgid
    if any(placeholders(text) != placeholders(original) for text in texts):
        return "placeholders differ"
    if not all(formats(text, original) for text in texts):
        return "cannot be formatted (a literal percent sign is written %%)"
    return ""


def placeholders(text: str) -> tuple[list[str], set[str], set[str]]:
    """Positional placeholders in order, then names of mapping and of brace placeholders."""
    found = [match for match in PRINTF.finditer(text) if match["kind"] != "%"]
    positional = [match["kind"] for match in found if not match["name"]]
    named = {match["name"] + match["kind"] for match in found if match["name"]}
    return positional, named, set(BRACES.findall(text))


def formats(text: str, original: str) -> bool:
    """Whether the text survives the formatting that its original is made for."""
    positional, named, _braces = placeholders(original)
    values = {name[:-1]: 1 for name in named} if named else (1,) * len(positional)
    if not values:
        return True
    try:
        return bool(text % values)
    except (KeyError, TypeError, ValueError):
        return False


def _language(path: Path) -> str:
    return path.parent.parent.name
