"""The first sheet of an XLSX workbook, row by row, as text.

A workbook is an archive that anybody can build, and a few kilobytes unpack to millions of elements.
So sizes are checked before it is unpacked, every part is counted through before openpyxl makes a
tree of it, and only the parts are read that are needed. What the reader stumbles over refuses the
file. Formulas are never worked out.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any, BinaryIO, NamedTuple
from xml.parsers import expat

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from openpyxl.packaging.manifest import Manifest
from openpyxl.reader.excel import _find_workbook_part
from openpyxl.reader.strings import read_string_table
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._reader import MERGE_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import ARC_CONTENT_TYPES, SHARED_STRINGS
from openpyxl.xml.functions import fromstring, iterparse

from .faults import FileRefused
from .rows import COLUMNS

MAX_WIDTH = 50  # columns; more is no list of people
MAX_PARTS = 500
MAX_SHEETS = 150 * 2**20  # bytes, unpacked: 200 000 people take a third of it
MAX_TEXTS = 60 * 2**20  # bytes, unpacked: the texts of all cells are held in memory
MAX_REST = 5 * 2**20
MAX_DEPTH = 50
MAX_ATTRIBUTES = 64
MAX_LOOSE = 100_000  # elements of a part that are in no row and no text: styles, links, …
MAX_INNER = 1_000  # elements in a row or text: coloured cells beside the list are no harm
PER_CELL = 3  # elements: the cell, its text, and what wraps the text
BLOCK = 2**18  # bytes
MAX_IDLE = 4  # blocks without an element: no text of a cell and no tag is as long
PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others unpack without any measure
EXACT = 10**15  # spreadsheets keep fifteen digits of a number


class Cells(NamedTuple):
    """A row as text; ``fault`` says which cell is none."""

    line: int
    values: list[str]
    fault: str = ""


class _Fault(Exception):
    """The cell holds what is no text."""


def too_many_rows() -> FileRefused:
    most = number_format(settings.IMPORT_MAX_ROWS, force_grouping=True)
    return FileRefused(_("Too many rows: a file may have at most %(n)s.") % {"n": most})


def workbook_rows(file: BinaryIO) -> Iterator[Cells]:
    """Read rows that are not empty, the header first; raises ``FileRefused``."""
    names: list[str] = []
    for line, cells in _parsed(file):
        values, fault = _texts(cells, names)
        if values or fault:
            names = names or values
            yield Cells(line, values + [""] * (len(names) - len(values)), fault)


@contextlib.contextmanager
def _refusing_broken() -> Iterator[None]:
    try:
        yield
    except FileRefused:
        raise
    except Exception as error:  # an archive built by hand makes the reader raise anything
        raise _damaged() from error


def _damaged() -> FileRefused:
    return FileRefused(_("The workbook is damaged and cannot be read."))


def _too_large() -> FileRefused:
    return FileRefused(_("The workbook is too large when unpacked. Save the list as CSV."))


def _merged() -> FileRefused:
    return FileRefused(_("The sheet has merged cells. Split them: one value, one cell."))


class _Archive(zipfile.ZipFile):
    """An archive that opens no part before it has counted it through.

    ``records`` tells of a part which elements come in thousands: rows of a sheet, texts.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.records: dict[str, str] = {}
        self._check_sizes()

    def _check_sizes(self) -> None:
        """The archive's own word is enough: not a byte more than it says is unpacked."""
        parts = self.infolist()
        sizes = {"sheets": 0, "texts": 0, "rest": 0}
        for part in parts:
            name = part.filename.lower()
            is_sheet, is_texts = "/worksheets/" in name, name.endswith("sharedstrings.xml")
            sizes["sheets" if is_sheet else "texts" if is_texts else "rest"] += part.file_size
        limits = {"sheets": MAX_SHEETS, "texts": MAX_TEXTS, "rest": MAX_REST}
        if len(parts) > MAX_PARTS or any(sizes[kind] > most for kind, most in limits.items()):
            raise _too_large()

    def open(self, name: Any, *args: Any, **options: Any) -> Any:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if part.compress_type not in PACKED:
            raise _damaged()
        with super().open(part) as source:
            _Counter(self.records.get(part.filename, "")).read(source)
        return super().open(part, *args, **options)


class _Counter:
    """Counts the elements of a part as they pass by, and refuses it at the first too many."""

    def __init__(self, record: str) -> None:
        self.record = record
        self.most = settings.IMPORT_MAX_ROWS * (1 + PER_CELL * len(COLUMNS)) + MAX_LOOSE
        self.elements = self.records = self.loose = self.inner = 0
        self.depth = self.inside = 0  # ``inside``: the depth of the record that is open

    def read(self, source: Any) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._doctype
        idle = 0
        while block := source.read(BLOCK):
            before = self.elements
            parser.Parse(block, False)
            idle = idle + 1 if self.elements == before else 0
            if idle >= MAX_IDLE:
                raise _too_large()
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise _damaged()
        name = name.rpartition(":")[2]
        if self.record and name == self.record:
            self._record()
        elif self.inside:
            self.inner += 1
        else:
            self.loose += 1
        if name == "mergeCell" and self.record == "row":
            raise _merged()
        if self.inner > MAX_INNER or self.loose > MAX_LOOSE or self.elements > self.most:
            raise _too_large()

    def _record(self) -> None:
        self.records += 1
        if not self.inside:
            self.inside, self.inner = self.depth, 0
        if self.record == "row" and self.records > settings.IMPORT_MAX_ROWS + 1:
            raise too_many_rows()
        if self.records > (settings.IMPORT_MAX_ROWS + 1) * len(COLUMNS):
            raise _too_large()

    def _end(self, name: str) -> None:
        if self.depth == self.inside:
            self.inside = 0
        self.depth -= 1

    def _doctype(self, *declared: object) -> None:
        raise _damaged()


class _Sheet(WorkSheetParser):
    """Reads rows and nothing else of a sheet."""

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        for _event, element in iterparse(self.source):
            if element.tag == MERGE_TAG and len(element):
                raise _merged()
            if element.tag == ROW_TAG:
                yield self.parse_row(element)
                element.clear()
                self.row_dimensions.clear()

    def parse_formula(self, element: Any) -> str:
        return "="  # a shared one would be translated for every cell, however long it is


def _parsed(file: BinaryIO) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Rows as the file has them: openpyxl's own iterator makes up the cells between."""
    with _refusing_broken(), _Archive(file) as archive:
        package = Manifest.from_tree(fromstring(archive.read(ARC_CONTENT_TYPES)))
        texts = _shared_texts(archive, package)
        reader = WorkbookParser(
            archive, _find_workbook_part(package).PartName[1:], keep_links=False
        )
        reader.parse()
        apply_stylesheet(archive, reader.wb)
        sheet = _first_sheet(archive, reader)
        archive.records = {sheet: "row"}
        with archive.open(sheet) as source:
            yield from _Sheet(
                source,
                texts,
                epoch=reader.wb.epoch,
                date_formats=reader.wb._date_formats,
                timedelta_formats=reader.wb._timedelta_formats,
            ).parse()


def _shared_texts(archive: _Archive, package: Manifest) -> list[str]:
    part = package.find(SHARED_STRINGS)
    if part is None:
        return []
    name = part.PartName[1:]
    archive.records = {name: "si"}
    with archive.open(name) as source:
        return read_string_table(source)


def _first_sheet(archive: _Archive, reader: WorkbookParser) -> str:
    names = set(archive.namelist())
    return next(
        part.target
        for _sheet, part in reader.find_sheets()
        if part.target in names and "chartsheet" not in part.Type
    )


def _texts(cells: list[dict[str, Any]], names: list[str]) -> tuple[list[str], str]:
    """The values of a row up to the last that is not empty, and the first fault."""
    values, fault = [], ""
    for cell in cells:
        place = cell["column"] - 1
        try:
            text = _text(cell["value"], cell["data_type"])
        except _Fault as error:
            name = names[place] if place < len(names) else str(place + 1)
            text, fault = "", fault or f"{name}: {error}"
        if text:
            place = min(place, MAX_WIDTH)  # one too many is enough to be refused
            values += [""] * (place + 1 - len(values))
            values[place] = text
    return values, fault


def _text(value: Any, kind: str) -> str:
    """The text that stands for ``value``; raises ``_Fault``."""
    if kind == "f":
        raise _Fault(_("a formula"))
    if kind == "e":
        raise _Fault(_("an error of the spreadsheet"))
    if isinstance(value, date | time | timedelta):
        raise _Fault(_("a date where text is expected"))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _digits(value)
    return "" if value is None else str(value)


def _digits(number: float) -> str:
    if abs(number) >= EXACT:
        raise _Fault(_("a number too long for a spreadsheet. Format the cell as text"))
    if not float(number).is_integer():
        raise _Fault(_("not a whole number"))
    return str(int(number))
