"""Chat text, normalised once on entry: what is stored is what everybody gets (DESIGN §5)."""

import re

from accounts.text import normalise_newlines

# Controls other than tab and line feed, and lone surrogates, which no database takes.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def normalise(body: str) -> str:
    """Return ``body`` with single line feeds and U+FFFD for what cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", normalise_newlines(body))
