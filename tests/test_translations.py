"""The catalogues of Czech and Slovenian: complete, formattable, compiled, well spaced."""

import re
import shutil
from gettext import GNUTranslations
from io import StringIO
from pathlib import Path

import django
import polib
import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.utils import translation

from helpdesk.management.commands import catalogues
from helpdesk.typography import nbsp

LOCALE = Path(settings.BASE_DIR) / "locale"
NUMBERS = (0, 1, 2, 3, 4, 5, 21, 101, 102, 103)
FORMS = {"cs": (3, 0, 1, 1, 1, 3, 3, 3, 3, 3), "sl": (3, 0, 1, 2, 2, 3, 3, 0, 1, 2)}
GLOSSARY = {
    "%(n)s ticket": {
        "cs": ["%(n)s lístek", "%(n)s lístky", "%(n)s lístku", "%(n)s lístků"],
        "sl": ["%(n)s zahtevek", "%(n)s zahtevka", "%(n)s zahtevki", "%(n)s zahtevkov"],
    },
    "%(n)s open issue": {
        "cs": [
            "%(n)s otevřený problém",
            "%(n)s otevřené problémy",
            "%(n)s otevřeného problému",
            "%(n)s otevřených problémů",
        ],
        "sl": [
            "%(n)s odprta težava",
            "%(n)s odprti težavi",
            "%(n)s odprte težave",
            "%(n)s odprtih težav",
        ],
    },
    "%(n)s file": {
        "cs": ["%(n)s soubor", "%(n)s soubory", "%(n)s souboru", "%(n)s souborů"],
        "sl": ["%(n)s datoteka", "%(n)s datoteki", "%(n)s datoteke", "%(n)s datotek"],
    },
    "%(n)s character left": {
        "cs": ["Zbývá %(n)s znak", "Zbývají %(n)s znaky", "Zbývá %(n)s znaku", "Zbývá %(n)s znaků"],
        "sl": [
            "Na voljo je še %(n)s znak",
            "Na voljo sta še %(n)s znaka",
            "Na voljo so še %(n)s znaki",
            "Na voljo je še %(n)s znakov",
        ],
    },
    "%(n)s character too many": {
        "cs": [
            "Limit je překročen o %(n)s znak.",
            "Limit je překročen o %(n)s znaky.",
            "Limit je překročen o %(n)s znaku.",
            "Limit je překročen o %(n)s znaků.",
        ],
        "sl": [
            "Omejitev je presežena za %(n)s znak.",
            "Omejitev je presežena za %(n)s znaka.",
            "Omejitev je presežena za %(n)s znake.",
            "Omejitev je presežena za %(n)s znakov.",
        ],
    },
    "Correct %(n)s error": {
        "cs": [
            "Opravte %(n)s chybu",
            "Opravte %(n)s chyby",
            "Opravte %(n)s chyby",
            "Opravte %(n)s chyb",
        ],
        "sl": [
            "Popravite %(n)s napako",
            "Popravite %(n)s napaki",
            "Popravite %(n)s napake",
            "Popravite %(n)s napak",
        ],
    },
    "%(n)s issue is waiting for your reply.": {
        "cs": [
            "Na vaši odpověď čeká %(n)s technický problém.",
            "Na vaši odpověď čekají %(n)s technické problémy.",
            "Na vaši odpověď čeká %(n)s technického problému.",
            "Na vaši odpověď čeká %(n)s technických problémů.",
        ],
        "sl": [
            "Na vaš odgovor čaka %(n)s tehnična težava.",
            "Na vaš odgovor čakata %(n)s tehnični težavi.",
            "Na vaš odgovor čakajo %(n)s tehnične težave.",
            "Na vaš odgovor čaka %(n)s tehničnih težav.",
        ],
    },
    "%(n)s attachment": {
        "cs": ["%(n)s příloha", "%(n)s přílohy", "%(n)s přílohy", "%(n)s příloh"],
        "sl": ["%(n)s priloga", "%(n)s prilogi", "%(n)s priloge", "%(n)s prilog"],
    },
    "%(n)s result": {
        "cs": ["%(n)s výsledek", "%(n)s výsledky", "%(n)s výsledku", "%(n)s výsledků"],
        "sl": ["%(n)s zadetek", "%(n)s zadetka", "%(n)s zadetki", "%(n)s zadetkov"],
    },
}
EXPECTED = [
    LOCALE / folder / language / "LC_MESSAGES" / "django.po"
    for folder in (".", "upstream")
    for language in FORMS
]


def name(path):
    return str(path.relative_to(LOCALE))


@pytest.fixture(params=EXPECTED, ids=name)
def path(request):
    assert request.param.exists(), "missing: run manage.py catalogues"
    return request.param


def language_of(path):
    return path.parent.parent.name


def texts(entry):
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_no_other_catalogues_lie_about():
    assert sorted(LOCALE.rglob("*.po")) == sorted(EXPECTED)


def test_a_catalogue_has_texts_and_no_fault(path):
    assert len(polib.pofile(str(path))) > 0
    assert list(catalogues.problems(path)) == []


def test_plural_header_is_the_one_of_django(path):
    language = language_of(path)
    assert polib.pofile(str(path)).metadata["Plural-Forms"] == catalogues.PLURAL_FORMS[language]


def test_every_text_with_placeholders_is_formatted_once(path):
    for entry in polib.pofile(str(path)):
        names = set(re.findall(r"%\((\w+)\)", entry.msgid_plural or entry.msgid))
        for text in texts(entry) if names else []:
            assert text % dict.fromkeys(names, 1)


def test_the_compiled_file_is_what_the_catalogue_compiles_to(path):
    assert path.with_suffix(".mo").read_bytes() == catalogues.compiled(path)


def test_compiled_texts_keep_one_letter_words_with_the_next_word(path):
    letters = {"cs": "ksvzouai", "sl": "szkhvoa"}[language_of(path)]
    loose = re.compile(rf"(?<![^\s(„»])[{letters}{letters.upper()}] (?=\S)")
    for entry in polib.mofile(str(path.with_suffix(".mo"))):
        for text in texts(entry):
            assert not loose.search(re.sub(r"<[^<>]*>", "", text)), text


def test_plural_forms_follow_the_number(path):
    with path.with_suffix(".mo").open("rb") as file:
        catalogue = GNUTranslations(file)
    for entry in polib.mofile(str(path.with_suffix(".mo"))):
        forms = FORMS[language_of(path)] if entry.msgid_plural else ()
        for number, form in zip(NUMBERS, forms, strict=bool(forms)):
            assert _plural(catalogue, entry, number) == entry.msgstr_plural[form]


def _plural(catalogue, entry, number):
    if entry.msgctxt:
        return catalogue.npgettext(entry.msgctxt, entry.msgid, entry.msgid_plural, number)
    return catalogue.ngettext(entry.msgid, entry.msgid_plural, number)


@pytest.mark.parametrize("msgid", GLOSSARY)
def test_plurals_of_the_glossary_are_written_as_there(msgid):
    for language, forms in GLOSSARY[msgid].items():
        texts_of = LOCALE / language / "LC_MESSAGES" / "django.po"
        assert texts_of.exists(), "missing: run manage.py catalogues"
        for entry in polib.pofile(str(texts_of)):
            if entry.msgid == msgid and entry.msgid_plural:
                assert list(entry.msgstr_plural.values()) == forms


def test_every_plural_form_keeps_the_number(path):
    for entry in polib.pofile(str(path)):
        for text in entry.msgstr_plural.values():
            assert catalogues.placeholders(text) == catalogues.placeholders(entry.msgid_plural)


@pytest.mark.parametrize(
    ("language", "msgid", "text"),
    [
        ("cs", "This field is required.", "Toto pole je třeba vyplnit."),
        ("sl", "This field is required.", "To polje je obvezno."),
        ("cs", "Enter a valid email address.", "Zadejte platnou e-mailovou adresu."),
        ("sl", "Enter a valid email address.", "Vnesite veljaven e-poštni naslov."),
        ("cs", "You have signed out.", "Odhlášení proběhlo úspěšně."),
        ("sl", "Logged out", "Odjava je uspela"),
        ("sl", "Password reset", "Ponastavitev gesla"),
        ("sl", "email address", "e-poštni naslov"),
        ("cs", "English", "English"),
        ("sl", "English", "English"),
        (
            "sl",
            "The username and/or password you specified are not correct.",
            "Uporabniško ime ali geslo ni pravilno.",
        ),
    ],
)
def test_overrides_win_over_django_and_allauth(language, msgid, text):
    with translation.override(language):
        assert translation.gettext(msgid) == text


DJANGO = Path(django.__path__[0])
# What is written the same way, or is a mark, a unit or a name; and months, which have formats.
SAME = {
    *("English", "Esperanto", "Interlingua", "IPv4", "IPv6", "URL", "Text", "Filter", "hash"),
    *("…", ":", ", ", ":?.!", "%(truncated_text)s…", "%(class_name)s %(instance)s"),
    *(f"%s {unit}" for unit in ("KB", "MB", "GB", "TB", "PB")),
    *("a.m.", "p.m.", "AM", "PM", "jan", "feb", "mar", "apr", "jun", "jul", "sep", "nov", "dec"),
    *("Feb.", "April", "Sept.", "Nov.", "Dec.", "%(num)d minute"),
}


def told(entry, number):
    """What the portal says for a message of Django in the language of the moment."""
    if entry.msgid_plural and entry.msgctxt:
        return translation.npgettext(entry.msgctxt, entry.msgid, entry.msgid_plural, number)
    if entry.msgid_plural:
        return translation.ngettext(entry.msgid, entry.msgid_plural, number)
    if entry.msgctxt:
        return translation.pgettext(entry.msgctxt, entry.msgid)
    return translation.gettext(entry.msgid)


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize("package", ["conf", *(f"contrib/{p}" for p in ("admin", "auth"))])
def test_nothing_that_django_says_on_the_desk_is_left_in_english(package, language):
    path = DJANGO / package / "locale" / "en" / "LC_MESSAGES" / "django.po"
    left = set()
    with translation.override(language):
        for entry in polib.pofile(str(path)):
            texts_of = {told(entry, number) for number in NUMBERS}
            if texts_of & {entry.msgid, entry.msgid_plural} and entry.msgid not in SAME:
                left.add(entry.msgid)
    assert not left


@pytest.mark.parametrize("language", FORMS)
def test_what_admins_scripts_leave_in_english_is_on_no_page_of_ours(language):
    """Only the double list box has untranslated words; we use none."""
    folder = DJANGO / "contrib" / "admin" / "locale"
    theirs = polib.pofile(str(folder / language / "LC_MESSAGES" / "djangojs.po"))
    known = {entry.msgid for entry in theirs if entry.translated()}
    english = polib.pofile(str(folder / "en" / "LC_MESSAGES" / "djangojs.po"))
    left = [entry for entry in english if entry.msgid not in known]
    scripts = {Path(path).name for entry in left for path, _line in entry.occurrences}
    assert scripts <= {"SelectFilter2.js"}
    pages = admin.site._registry.values()
    assert not [page for page in pages if page.filter_horizontal or page.filter_vertical]


@pytest.mark.parametrize(
    ("language", "typed", "set_right"),
    [
        ("cs", "v angličtině a v češtině", "v~angličtině a~v~češtině"),
        ("cs", "K dispozici („o víkendu“)", "K~dispozici („o~víkendu“)"),
        ("cs", "den 3. 8. 2020, 3. srpna", "den 3.~8.~2020, 3.~srpna"),
        ("cs", "Bylo to 3. Pak nic.", "Bylo to 3. Pak nic."),
        ("cs", "6:00–13:00 GMT, 10 MB, 5 min, 50 %", "6:00–13:00~GMT, 10~MB, 5~min, 50~%"),
        ("cs", "%(n)s min, %(p)s %%, {size} MB", "%(n)s~min, %(p)s~%%, {size}~MB"),
        ("cs", "%(name)s píše, %s vám píše", "%(name)s píše, %s vám píše"),
        ("cs", "%(a)s %(b)s, %s %s", "%(a)s %(b)s, %s %s"),
        ("cs", "např. č. 1042 – konec", "např.~č.~1042~– konec"),
        (
            "cs",
            '<a class="a b" href="%(u)s">v textu</a>',
            '<a class="a b" href="%(u)s">v~textu</a>',
        ),
        ("cs", "a <strong>k tomu</strong>", "a~<strong>k~tomu</strong>"),
        ("sl", "s tehnično podporo in h komu", "s~tehnično podporo in h~komu"),
        ("sl", "npr. št. 7 – Vnesite ime …", "npr.~št.~7~– Vnesite ime~…"),
        ("sl", "i u z i", "i u z~i"),
        ("en", "a 10 MB file – v 1", "a 10 MB file – v 1"),
    ],
)
def test_spaces_that_must_not_break(language, typed, set_right):
    assert nbsp(typed, language) == set_right.replace("~", "\N{NO-BREAK SPACE}")
    assert nbsp(nbsp(typed, language), language) == nbsp(typed, language)


HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: {}\\n"\n\n'
)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "Save"\nmsgstr ""\n', "empty"),
        ('#, fuzzy\nmsgid "Save"\nmsgstr "Uložit"\n', "fuzzy"),
        ('#~ msgid "Save"\n#~ msgstr "Uložit"\n', "obsolete"),
        ('msgid "By %(name)s"\nmsgstr "Od %(jmeno)s"\n', "placeholders differ"),
        ('msgid "%(p)s%% done"\nmsgstr "Hotovo %(p)s %"\n', "cannot be formatted"),
        ('msgid "{n} left"\nmsgstr "zbývá"\n', "placeholders differ"),
        (
            'msgid "%(n)s file"\nmsgid_plural "%(n)s files"\n'
            'msgstr[0] "%(n)s soubor"\nmsgstr[1] "%(n)s soubory"\n',
            "four plural forms",
        ),
    ],
)
def test_a_faulty_entry_is_named(tmp_path, entry, fault):
    path = tmp_path / "cs" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER.format(catalogues.PLURAL_FORMS["cs"]) + entry, encoding="utf-8")
    (problem,) = catalogues.problems(path)
    assert fault in problem


def test_compiling_refuses_faults_and_writes_nothing(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    path = tmp_path / "locale" / "sl" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER.format("nplurals=2; plural=(n != 1);"), encoding="utf-8")
    with pytest.raises(CommandError, match="Plural-Forms") as refusal:
        call_command("catalogues", "--compile-only")
    assert refusal.value.returncode == 1
    assert not path.with_suffix(".mo").exists()


def test_compiling_without_faults_writes_once(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    shutil.copytree(LOCALE / "upstream", tmp_path / "locale")
    first, second = StringIO(), StringIO()
    for path in (tmp_path / "locale").rglob("*.mo"):
        path.unlink()
    with pytest.raises(CommandError, match="compiles to"):
        call_command("catalogues", "--compile-only", "--check")
    call_command("catalogues", "--compile-only", stdout=first)
    call_command("catalogues", "--compile-only", "--check", stdout=second)
    assert first.getvalue().count("Compiled") == 2
    assert "Compiled" not in second.getvalue()


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext (xgettext)")
def test_the_catalogues_match_the_sources():
    call_command("catalogues", "--check", stdout=StringIO())
