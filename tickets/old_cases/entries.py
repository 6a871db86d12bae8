"""The entries of a JSON file, one at a time however big it is.

A file is a list of objects, or has one object a line (JSON Lines).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import IO, Any, NamedTuple

PIECE = 1024 * 1024  # characters read at once
MAX_ENTRY = 64_000_000  # characters of one entry, with the pictures inside
_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')
_BETWEEN = " \t\r\n,"


class FileRefused(Exception):
    """What comes from here on cannot be read; the text says why."""


class Entry(NamedTuple):
    """``value`` is what was read; ``fault`` says why nothing was."""

    number: int
    value: Any = None
    fault: str = ""


def entries(file: IO[str]) -> Iterator[Entry]:
    """Yield the entries of ``file``, counted from 1; raises ``FileRefused`` where it breaks off."""
    number = 0
    try:
        for number, text in enumerate(_texts(file), 1):
            yield _parsed(number, text)
    except UnicodeDecodeError as error:
        raise FileRefused(f"After entry {number}: not UTF-8.") from error


def _texts(file: IO[str]) -> Iterator[str]:
    while (sign := file.read(1)) and sign in _BETWEEN:
        pass
    if sign == "[":
        return _objects(file)
    if sign == "{":
        file.seek(0)
        return _lines(file)
    raise FileRefused("Neither a JSON list of objects nor one object a line.")


def _parsed(number: int, text: str) -> Entry:
    if len(text) > MAX_ENTRY:
        return Entry(number, fault=f"longer than {MAX_ENTRY} characters")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Entry(number, fault=f"not JSON ({error})"[:200])
    if not isinstance(value, dict):
        return Entry(number, fault="not an object")
    return Entry(number, value)


def _lines(file: IO[str]) -> Iterator[str]:
    while line := file.readline(MAX_ENTRY + 1):
        if len(line) > MAX_ENTRY:
            while (rest := file.readline(PIECE)) and not rest.endswith("\n"):
                pass
        if line.strip("\ufeff" + _BETWEEN):
            yield line.strip("\ufeff\r\n")


def _objects(file: IO[str]) -> Iterator[str]:
    """Cut the list into its members by counting brackets; a broken member harms no other."""
    cutter = _Cutter()
    for piece in iter(partial(file.read, PIECE), ""):
        yield from cutter.feed(piece)
        if cutter.is_done:
            return
    raise FileRefused(f"The file ends in the middle, after {cutter.count} entries.")


class _Cutter:
    def __init__(self) -> None:
        self.depth, self.in_string, self.skips, self.is_done = 0, False, False, False
        self.parts: list[str] = []  # of the member that is being read
        self.size = self.count = 0
        self.between = ""  # what stands between members and is none

    def feed(self, piece: str) -> Iterator[str]:
        at = begin = 0
        while at < len(piece) and not self.is_done:
            if self.skips:
                self.skips, at = False, at + 1
                continue
            mark = (_INSIDE if self.in_string else _OUTSIDE).search(piece, at)
            if mark is None:
                break
            at = mark.end()
            if self.in_string or mark[0] == '"':
                self._string(mark[0])
            elif mark[0] in "{[":
                if self.depth == 0:
                    yield from self._gap(piece[begin : mark.start()])
                    begin = mark.start()
                self.depth += 1
            elif self.depth == 0:
                yield from self._gap(piece[begin : mark.start()])
                self.is_done = True
            else:
                self.depth -= 1
                if self.depth == 0:
                    self._keep(piece[begin:at])
                    yield self._whole()
                    begin = at
        if self.depth:
            self._keep(piece[begin:])
        elif not self.is_done:
            self.between = (self.between + piece[begin:])[:200]

    def _string(self, sign: str) -> None:
        if sign == "\\":
            self.skips = True
        else:
            self.in_string = not self.in_string

    def _gap(self, text: str) -> Iterator[str]:
        """What is neither blank nor a comma between two members is refused as one."""
        text, self.between = (self.between + text).strip(_BETWEEN), ""
        if text:
            self.count += 1
            yield text[:200]

    def _keep(self, text: str) -> None:
        """Remember no more of a member than tells that it is too long."""
        if self.size <= MAX_ENTRY:
            self.parts.append(text)
            self.size += len(text)

    def _whole(self) -> str:
        text = "".join(self.parts)
        self.parts, self.size = [], 0
        self.count += 1
        return text
