"""The catalogues of Czech and Slovenian: complete, formattable, compiled, well spaced."""

import re
import shutil
from io import StringIO
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from helpdesk.management.commands import catalogues
from helpdesk.typography import nbsp

LOCALE = Path(settings.BASE_DIR) / "locale"
NUMBERS = (0, 1, 2, 3, 4, 5, 21, 101, 102, 103)
FORMS = {"cs": (3, 0, 1, 1, 1, 3, 3, 3, 3, 3), "sl": (3, 0, 1, 2, 2, 3, 3, 0, 1, 2)}
EXPECTED = [
    LOCALE / folder / language / "LC_MESSAGES" / "django.po"
    for folder in (".", "upstream")
    for language in FORMS
]


def name(path):
    return str(path.relative_to(LOCALE))


@pytest.fixture(params=EXPECTED, ids=name)
def path(request):
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
    language = language_of(path)
    for entry in polib.mofile(str(path.with_suffix(".mo"))):
        if not entry.msgid_plural:
            continue
        for number, form in zip(NUMBERS, FORMS[language], strict=True):
            with translation.override(language):
                if entry.msgctxt:
                    found = translation.npgettext(
                        entry.msgctxt, entry.msgid, entry.msgid_plural, number
                    )
                else:
                    found = translation.ngettext(entry.msgid, entry.msgid_plural, number)
            assert found == entry.msgstr_plural[form]


def test_no_slovenian_first_form_says_one():
    for path in EXPECTED[1::2]:
        for entry in polib.pofile(str(path)):
            if entry.msgid_plural:
                assert catalogues.placeholders(entry.msgstr_plural[0]) == catalogues.placeholders(
                    entry.msgid_plural
                )


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
    with pytest.raises(CommandError, match="is not what django.po compiles to"):
        call_command("catalogues", "--compile-only", "--check")
    call_command("catalogues", "--compile-only", stdout=first)
    call_command("catalogues", "--compile-only", "--check", stdout=second)
    assert first.getvalue().count("Compiled") == 2
    assert "Compiled" not in second.getvalue()


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext (xgettext)")
def test_the_catalogues_match_the_sources():
    call_command("catalogues", "--check", stdout=StringIO())
