"""What a browser may say over a socket: a closed table of frames with exact keys and types."""

from __future__ import annotations

import json
from typing import Any, NoReturn

MAX_BYTES = 16 * 1024
MAX_NUMBER = 2**31 - 1
FRAMES: dict[str, dict[str, type]] = {
    "pong": {"n": int},
    "typing": {"on": bool},
    "seen": {"seq": int},
}


class BadFrame(Exception):
    """Nothing that our pages send."""


def parse(text: str | None) -> dict[str, Any]:
    """Return the frame that ``text`` is; ``None`` stands for a binary one. Raises ``BadFrame``."""
    if text is None or len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise BadFrame
    try:
        frame = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse,
            parse_float=_refuse,
            parse_int=_number,
        )
    except (ValueError, RecursionError):
        raise BadFrame from None
    _check(frame)
    return frame


def _check(frame: Any) -> None:
    fields = FRAMES.get(str(frame.get("type"))) if isinstance(frame, dict) else None
    if fields is None or frame.keys() != {"type", *fields}:
        raise BadFrame
    if any(type(frame[name]) is not kind for name, kind in fields.items()):
        raise BadFrame


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadFrame
    return found


def _number(digits: str) -> int:
    """A count; longer digits are not even read."""
    if len(digits) > 10 or not 0 <= int(digits) <= MAX_NUMBER:
        raise BadFrame
    return int(digits)


def _refuse(_text: str) -> NoReturn:
    raise BadFrame
