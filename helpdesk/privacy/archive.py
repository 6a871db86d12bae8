"""The archive with everything about a member: a ZIP that is written part after part.

``index.html`` is for people and needs no net, ``data/`` holds every row as JSON, one file a table,
``pictures/`` the pictures. Nothing is held in memory but the batch that is being written.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import IO, Any

from django.contrib.staticfiles import finders
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone, translation

from accounts.models import User
from tickets.models import Screenshot

from .records import Records, data_path, picture_path
from .register import HELD, label
from .story import Story
from .walk import BATCH, Found, own_rows, walk

Tell = Callable[[str], None]
STYLESHEET = "css/archive.css"


def write_archive(member: User, target: IO[bytes], at: datetime, tell: Tell) -> Counter[str]:
    """Write the archive of ``member`` into ``target``; return how many rows of each table.

    ``tell`` hears what is being written. ``target`` needs not be seekable.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        return _Archive(archive, member, at, tell).write()


class _Archive:
    def __init__(self, archive: zipfile.ZipFile, member: User, at: datetime, tell: Tell) -> None:
        self.archive, self.member, self.at, self.tell = archive, member, at, tell
        self.records = Records(member)
        self.counts: Counter[str] = Counter()

    def write(self) -> Counter[str]:
        for model, found in groupby(walk(self.member), key=lambda found: found.model):
            self._write_table(data_path(model), label(model), found)
        lost = self._write_pictures()
        with translation.override(self.member.language), timezone.override(self.member.zone):
            self._write_story(lost)
        return self.counts

    def _write_table(self, path: str, name: str, found: Iterator[Found]) -> None:
        rows = (
            self.records.whole(row, part.held) if part.is_whole else self.records.mention(row)
            for part in found
            for row in part.rows.order_by("pk").iterator(BATCH)
        )
        first = next(rows, None)
        if first is None:
            return
        with self._entry(path) as entry:
            entry.write(b"[\n" + _json(first))
            self.counts[name] += 1
            for row in rows:
                entry.write(b",\n" + _json(row))
                self.counts[name] += 1
                if self.counts[name] % 1_000 == 0:
                    self.tell(f"{name}: {self.counts[name]}")
            entry.write(b"\n]\n")
        self.tell(f"{name}: {self.counts[name]}")

    def _write_pictures(self) -> set[int]:
        """Copy the files; return the ids of those whose files are lost."""
        lost, count = set(), 0
        for shot in _pictures(self.member):
            try:
                content = shot.picture.open("rb")
            except FileNotFoundError:
                lost.add(shot.pk)
                continue
            with content, self._entry(picture_path(shot), zipfile.ZIP_STORED) as entry:
                shutil.copyfileobj(content, entry, 64 * 1024)
            count += 1
            if count % 100 == 0:
                self.tell(f"pictures: {count}")
        return lost

    def _write_story(self, lost: set[int]) -> None:
        story = Story(self.member, self.at, self.records, lost)
        with self._entry("index.html") as entry:
            for part in story.parts():
                entry.write(part.encode())
        with open(finders.find(STYLESHEET), "rb") as sheet, self._entry("style.css") as entry:
            shutil.copyfileobj(sheet, entry)

    @contextmanager
    def _entry(self, path: str, how: int = zipfile.ZIP_DEFLATED) -> Iterator[IO[bytes]]:
        info = zipfile.ZipInfo(path, timezone.localtime(self.at).timetuple()[:6])
        info.compress_type, info.external_attr = how, 0o600 << 16
        with self.archive.open(info, "w", force_zip64=True) as entry:
            yield entry


def _pictures(member: User) -> Iterator[Screenshot]:
    for rows in own_rows(Screenshot, HELD[label(Screenshot)], member):
        yield from rows.filter(removed_at=None).order_by("pk").iterator(BATCH)


def _json(row: dict[str, Any]) -> bytes:
    text = json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace")
