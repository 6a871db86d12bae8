"""Files of the member record, read row by row: CSV for the command, CSV or XLSX at the desk."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from .faults import FileRefused
from .rows import COLUMNS, OPTIONAL, Record, quoted
from .workbook import MAX_WIDTH, Cells, too_many_rows, workbook_rows

SNIFFED = 4096  # bytes that tell what a file is
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Read CSV with a header; raises ``FileRefused`` for what is no such file."""
    yield from _named(_csv_rows(lines, ","))


def upload_records(file: BinaryIO) -> Iterator[Record]:
    """Read what somebody uploaded: CSV or the first sheet of a workbook.

    The beginning is read at once, the rest as it is asked for; both raise ``FileRefused``. A
    column of passwords is refused, and so is a file with more rows than ``IMPORT_MAX_ROWS``.
    """
    head = file.read(SNIFFED)
    file.seek(0)
    found = _named(_rows(file, head), optional=set())
    first = next(found, None)
    return _limited(found, first)


def _rows(file: BinaryIO, head: bytes) -> Iterator[Cells]:
    if head.startswith(ZIP):
        return workbook_rows(file)
    if head.startswith(OLE):
        raise FileRefused(
            _("This is an old or protected workbook. Save it as XLSX or as CSV in UTF-8.")
        )
    if head.startswith(UTF_16):
        raise FileRefused(_("The file is in UTF-16. Save it as CSV in UTF-8."))
    if b"\0" in head.partition(b"\n")[0]:
        raise FileRefused(_("This is neither CSV in UTF-8 nor an XLSX workbook."))
    first = head.decode("utf-8-sig", "replace").partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    return _csv_rows(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter)


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[Cells]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for values in reader:
            if values:
                yield Cells(reader.line_num, values)
    except csv.Error as error:
        where = {"line": reader.line_num, "error": error}
        raise FileRefused(_("Line %(line)s: not CSV (%(error)s).") % where) from error
    except UnicodeDecodeError as error:
        raise FileRefused(_("After line %(n)s: not UTF-8.") % {"n": reader.line_num}) from error


def _named(rows: Iterator[Cells], optional: set[str] = OPTIONAL) -> Iterator[Record]:
    """Give every value the name that the first row has for its column."""
    header = next(rows, Cells(1, [])).values
    _check_header(header, optional)
    for line, values, fault in rows:
        if len(values) != len(header):
            fault = fault or _("not as many fields as the header")
        yield Record(line, dict(zip(header, values, strict=False)), fault)


def _check_header(header: list[str], optional: set[str]) -> None:
    if len(header) > MAX_WIDTH:
        raise FileRefused(_("Line 1: too many columns."))
    if "password" in header and "password" not in optional:
        raise FileRefused(
            _("The column password is not taken over at the desk. Remove it from the file.")
        )
    if missing := [name for name in COLUMNS if name not in header and name not in OPTIONAL]:
        raise FileRefused(
            _("Line 1: columns are missing: %(names)s.") % {"names": ", ".join(missing)}
        )
    if unknown := [name for name in header if name not in COLUMNS]:
        names = ", ".join(map(quoted, unknown))
        raise FileRefused(_("Line 1: unknown columns: %(names)s.") % {"names": names})
    if len(set(header)) < len(header):
        raise FileRefused(_("Line 1: a column appears twice."))


def _limited(found: Iterator[Record], first: Record | None) -> Iterator[Record]:
    if first is not None:
        yield first
    for number, record in enumerate(found, 2):
        if number > settings.IMPORT_MAX_ROWS:
            raise too_many_rows()
        yield record
