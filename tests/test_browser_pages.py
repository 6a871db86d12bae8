"""Every page in a real browser: accessible, in one language, within its policy and its budget."""

import contextlib
import gzip
import re

import polib
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import png
from playwright.sync_api import expect
from tour import live_in, pages

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

# Text that stands on the page outside anything marked as another language than the page's.
VISIBLE_TEXTS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (parent.closest("script, template, style, noscript, code")) continue;
        if (parent.closest("[lang]").lang !== document.documentElement.lang) continue;
        const text = walker.currentNode.data.replace(/[ \\t\\n]+/g, " ").replace(/^ +| +$/g, "");
        if (text) texts.push(text);
    }
    return texts;
}"""
ONE_LETTER = {
    "cs": re.compile(r"(?<!\w)[ksvzouaiKSVZOUAI] (?=\S)"),
    "sl": re.compile(r"(?<!\w)[szkhvoaSZKHVOA] (?=\S)"),
}
# Screen names of the guides (GLOSSARY §1a) and the page each must stand on.
NAMES = {
    "cs": {
        "home": ["Technické problémy"],
        "issues": ["Moje technické problémy", "Odeslat nový technický problém"],
        "issue-new": ["Odeslat technický problém", "Název lístku", "Nahrát soubory"],
        "issues-empty": ["Očekává se zpětná vazba"],
        "not-eligible": ["Stříbro"],
    },
    "sl": {
        "home": ["Tehnične težave"],
        "issues": ["Moje tehnične težave", "Prijavi novo tehnično težavo"],
        "issue-new": ["Prijavi tehnično težavo", "Naslov zahtevka", "Naloži datoteke"],
        "issues-empty": ["Čakanje na povratne informacije"],
        "not-eligible": ["Silver"],
    },
}


@pytest.fixture
def lived_in(silver, other_silver, gold, agent):
    return live_in(silver, other_silver, gold, agent)


def english_only(language):
    """English texts of our catalogue that are something else in ``language``."""
    catalogue = polib.pofile(f"locale/{language}/LC_MESSAGES/django.po", encoding="utf-8")
    texts = {entry.msgid for entry in catalogue if entry.msgstr and entry.msgstr != entry.msgid}
    same = {entry.msgstr for entry in catalogue}
    return {text for text in texts - same if "%" not in text}


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [
        (language, theme, size)
        for language in ("en", "cs", "sl")
        for theme, size in (("light", PHONE), ("dark", DESK))
    ],
    ids=lambda value: value if isinstance(value, str) else str(value["width"]),
)
def test_every_page_is_fit_to_be_read(
    browser, chat_portal, request, lived_in, language, theme, size
):
    faults, portal = [], str(chat_portal)
    foreign = english_only(language) if language != "en" else set()
    for persona, addresses in pages(lived_in).items():
        someone = request.getfixturevalue(persona)
        someone.language = language
        someone.save(update_fields=["language"])
        context = browser.new_context(viewport=size, color_scheme=theme, locale=language)
        page = context.new_page()
        sign_in(page, portal, someone)
        for name, path in addresses.items():
            with complaints(page) as found:
                page.goto(portal + path)
                found += untranslated(page, language, foreign, name)
            assert page.evaluate("document.documentElement.lang") == language
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                found.append(f"scrolls sideways: {width} px")
            faults += [f"{name}: {fault}" for fault in [*found, *inaccessible(page)]]
        context.close()
    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
@pytest.mark.parametrize(
    ("theme", "size"), [("dark", PHONE), ("light", DESK)], ids=["dark-360", "light-1280"]
)
def test_the_desk_is_fit_to_be_read_the_other_way_round(
    browser, portal, lived_in, supervisor, language, theme, size
):
    """The work list, the ticket page and the canned replies in the themes left out above."""
    supervisor.language = language
    supervisor.save(update_fields=["language"])
    context = browser.new_context(viewport=size, color_scheme=theme, locale=language)
    page, faults = context.new_page(), []
    sign_in(page, portal, supervisor)
    addresses = {**pages(lived_in)["agent"], **pages(lived_in)["supervisor"]}
    for name in ("desk-list", "desk-ticket", "desk-ticket-merged", "desk-replies", "desk-reply"):
        with complaints(page) as found:
            page.goto(portal + addresses[name])
        for details in page.locator("details.properties").all():
            details.evaluate("(element) => { element.open = true; }")
        faults += [f"{name}: {fault}" for fault in [*found, *inaccessible(page)]]
    context.close()
    assert not faults, "\n".join(faults)


@contextlib.contextmanager
def complaints(page):
    """What the browser complains of meanwhile; not later, because axe itself sets styles."""
    found = []

    def on_console(line):
        # 403 and 404 are what some pages are for.
        if line.type in ("error", "warning") and "Failed to load resource" not in line.text:
            found.append(line.text)

    def on_error(error):
        found.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    yield found
    page.remove_listener("console", on_console)
    page.remove_listener("pageerror", on_error)


def inaccessible(page):
    for fault in Axe().run(page).response["violations"]:
        yield f"{fault['id']} {[node['target'] for node in fault['nodes']]}"


def untranslated(page, language, foreign, name):
    """English texts, one-letter words at the end of a line, missing names of the guides."""
    if language == "en":
        return
    texts = page.evaluate(VISIBLE_TEXTS)
    yield from (f"English: {text}" for text in texts if text in foreign)
    if not name.startswith("desk"):  # there Django's own texts stand, with plain spaces
        yield from (f"breaks: {text}" for text in texts if ONE_LETTER[language].search(text))
    whole = " ".join(page.locator("body").inner_text().replace("\xa0", " ").split())
    yield from (f"lacks {word}" for word in NAMES[language].get(name, []) if word not in whole)


def test_a_page_is_light_and_asks_no_other_host(page, portal, silver):
    loaded = {}
    sign_in(page, portal, silver)
    page.on("response", lambda answer: loaded.__setitem__(answer.url, answer))
    page.goto(f"{portal}/technical-issues/new/")
    page.wait_for_load_state("networkidle")
    assert all(url.startswith((portal, "data:", "blob:")) for url in loaded)
    sizes = {"css": 0, "js": 0}
    for url, answer in loaded.items():
        kind = url.split("?")[0].rpartition(".")[2]
        if kind in sizes:
            sizes[kind] += len(gzip.compress(answer.body(), 6))
    assert 0 < sizes["css"] <= 30_000
    assert 0 < sizes["js"] <= 25_000


def test_the_form_works_without_javascript(browser, portal, silver, tmp_path):

    picture = tmp_path / "slika.png"
    picture.write_bytes(png())
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    sign_in(page, portal, silver, "/technical-issues/new/")
    page.set_input_files("#id_screenshots", picture)
    page.fill("#id_title", "Brez skripta")
    page.click("main form.form button[type=submit]")
    # The description is missing: the text and the picture are kept, the picture can be removed.
    assert page.input_value("#id_title") == "Brez skripta"
    assert page.locator("[name=remove]").count() == 1
    page.fill("#id_description", "Koraki.")
    page.click("main form.form button[type=submit]")
    page.wait_for_url("**/received/")
    ticket = silver.tickets.get()
    assert ticket.screenshots.count() == 1
    context.close()


def test_the_language_switch_keeps_page_and_text(page, portal, silver):
    sign_in(page, portal, silver, "/technical-issues/new/?q=1")
    page.fill("#id_description", "Napisano prej.")
    page.get_by_role("button", name="Čeština").click()
    page.wait_for_function("document.documentElement.lang === 'cs'")
    assert page.url.endswith("/technical-issues/new/?q=1")
    expect(page.locator("#id_description")).to_have_value("Napisano prej.")
    silver.refresh_from_db()
    assert silver.language == "cs"


def test_appearance_is_the_readers_choice(page, portal, silver):
    sign_in(page, portal, silver, "/preferences/")
    page.select_option("#id_appearance", "dark")
    page.click("main form button[type=submit]")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == "rgb(21, 17, 26)"
