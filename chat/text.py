"""Chat text, normalised once on entry: what is stored is what everybody gets (DESIGN §5)."""

from accounts.text import UNSTORABLE, normalise_newlines


def normalise(body: str) -> str:
    """Return ``body`` with single line feeds and U+FFFD for what cannot be stored."""
    return UNSTORABLE.sub("\ufffd", normalise_newlines(body))
