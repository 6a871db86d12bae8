"""Text that people typed: cleaned in one place, folded in one place."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# C0 and C1 controls except tab and line feed, and lone surrogates: PostgreSQL refuses NUL, UTF-8
# refuses surrogates, terminals and mail obey the rest.
UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def normalise_newlines(text: str) -> str:
    """Return ``text`` with every line break as a single line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def validate_text(text: str) -> None:
    """Refuse control characters; raises ``ValidationError``."""
    if UNSTORABLE.search(normalise_newlines(text)):
        raise ValidationError(
            _("The text contains characters that cannot be stored. Remove them and try again."),
            code="control_characters",
        )


def validate_line(text: str) -> None:
    """Refuse what ``validate_text`` refuses, and line breaks and tabs: for titles and names."""
    validate_text(text)
    if re.search("[\n\r\t\u2028\u2029\x85]", text):
        raise ValidationError(_("Write this on one line."), code="line_break")


def fold(text: str) -> str:
    """Return ``text`` without accents and case, so that *narocila* finds *Naročila* (D25)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.split())
