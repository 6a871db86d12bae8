"""Czech and Slovenian spaces that must not break (GLOSSARY §6.2)."""

import re

NBSP = "\N{NO-BREAK SPACE}"

ONE_LETTER_WORDS = {"cs": "ksvzouai", "sl": "szkhvoa"}

TAG = r"<[^<>]*>"
NUMBER = r"(?:\d|%\(\w+\)[sd]|%[sd]|\{\w*\})"
UNIT = r"(?:[kMGT]?B|GMT|min|h|px)(?!\w)|%%?(?![\w(%])"
EVERYWHERE = (
    r"\d\. (?=\d|[^\W\d_A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ])",
    rf"{NUMBER} (?={UNIT})",
    r"(?<!\w)(?:[Nn]apř|[Nn]pr|[Čč]|[Šš]t)\. (?=\S)",
    r"(?<=\S) (?=–\s)",
    r"(?<=\S) (?=…)",
)


def nbsp(text: str, language: str) -> str:
    """The text with no-break spaces where its language wants them; other languages unchanged.

    Placeholders and tags with their attributes stay as they are; only spaces change.
    """
    if language not in ONE_LETTER_WORDS:
        return text
    return _PATTERNS[language].sub(_unbreakable, text)


def _unbreakable(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith("<") else found.replace(" ", NBSP)


def _pattern(letters: str) -> re.Pattern[str]:
    preposition = rf"(?<![^\s(„»‚›>])[{letters}{letters.upper()}] (?=\S)"
    return re.compile("|".join((TAG, preposition, *EVERYWHERE)))


_PATTERNS = {language: _pattern(letters) for language, letters in ONE_LETTER_WORDS.items()}
