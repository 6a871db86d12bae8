"""A supervisor imports people: a file is checked, looked through, and taken over once."""

import datetime as dt
import io
import itertools
import re
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from conftest import NOW, PASSWORD, person, signed_in
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.worksheet.formula import ArrayFormula
from test_sync_members import EMIL, MAJA, PLAIN

from accounts import members
from accounts.members import COLUMNS
from accounts.models import AuditEntry, PeopleImport, Rank, User
from helpdesk.management.commands import run_jobs
from helpdesk.privacy.erasure import counts_left, erase

PAGE = "/admin/accounts/user/import/"
BAD = {**EMIL, "username": "bada", "member_id": "9", "rank": "silber"}


def csv(*rows, delimiter=",", columns=PLAIN):
    lines = [columns, *([row[name] for name in columns] for row in rows)]
    return "\n".join(delimiter.join(line) for line in lines).encode()


def xlsx(*rows, columns=PLAIN, change=lambda book: None):
    book = Workbook()
    book.active.append(columns)
    for row in rows:
        book.active.append([row.get(name) for name in columns])
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.fixture
def desk(supervisor):
    supervisor.language = "en"
    supervisor.save(update_fields=["language"])
    client = signed_in(supervisor)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    """What happens after a commit happens, although the test itself is never committed."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def work(commits):
    def run(at=None):
        with commits():
            members.work(at or timezone.now())

    return run


@pytest.fixture
def upload(desk):
    """Upload a file at the desk; return its import, not checked yet."""

    def post(content, name="people.csv", **options):
        file = SimpleUploadedFile(name, content)
        response = desk.post(PAGE, {"file": file, **dict.fromkeys(options, "on")})
        assert response.status_code == 303
        one = PeopleImport.objects.first()
        assert response["Location"] == f"{PAGE}{one.pk}/"
        return one

    return post


@pytest.fixture
def check(upload, work):
    """Upload a file and let it be checked."""

    def run(*args, **options):
        one = upload(*args, **options)
        work()
        one.refresh_from_db()
        return one

    return run


@pytest.fixture
def decide(desk, commits):
    def post(one, act):
        with commits():
            response = desk.post(f"{PAGE}{one.pk}/", {"act": act})
        one.refresh_from_db()
        return response

    return post


@pytest.fixture
def taken_over(check, decide, work):
    """Upload, check and take over; return how it ended."""

    def run(*args, **options):
        one = check(*args, **options)
        assert one.state == "checked", one.reason
        decide(one, "confirm")
        work()
        one.refresh_from_db()
        return one

    return run


def text_of(desk, one):
    return desk.get(f"{PAGE}{one.pk}/").content.decode()


def kept_files(settings):
    folder = Path(settings.MEDIA_ROOT) / "imports"
    return list(folder.iterdir()) if folder.exists() else []


# --- Works ---------------------------------------------------------------------------------------


def test_the_list_of_people_leads_there_and_nobody_else_goes(desk, agent):
    listed = desk.get("/admin/accounts/user/").content.decode()
    assert PAGE in listed
    assert desk.get(PAGE).status_code == 200
    assert PAGE not in signed_in(agent).get("/admin/accounts/user/").content.decode()
    for address in (PAGE, f"{PAGE}1/"):
        assert signed_in(agent).get(address).status_code == 403
        assert signed_in(agent).post(address).status_code == 403


def test_a_file_is_kept_checked_shown_and_taken_over(desk, upload, decide, commits, settings):
    member = person("maja", Rank.GOLD, member_id="4807151", last_name="Zupan", language="sl")
    one = upload(csv(MAJA, EMIL))
    assert (one.state, one.file_name, one.by.username) == ("uploaded", "people.csv", "eva")
    assert len(kept_files(settings)) == 1
    waiting = desk.get(f"{PAGE}{one.pk}/")
    assert waiting["Refresh"] == "3"
    assert "Waiting to be checked" in waiting.content.decode()

    with commits():
        run_jobs.run_once()
    one.refresh_from_db()
    assert (one.state, one.lines) == ("checked", 2)
    assert User.objects.filter(username="emil").count() == 0
    shown = desk.get(f"{PAGE}{one.pk}/")
    assert "Refresh" not in shown
    page = shown.content.decode()
    assert "1 person would be added." in page
    assert "1 person would change." in page
    assert "<bdi>Gold</bdi> → <bdi>Silver</bdi>" in page
    assert "<bdi>Zupan</bdi> → <bdi>Kovač</bdi>" in page
    assert "<bdi>–</bdi> → <bdi>Silver</bdi>" in page

    assert decide(one, "confirm").status_code == 303
    assert one.state == "confirmed"
    assert User.objects.filter(username="emil").count() == 0
    with commits():
        run_jobs.run_once()
    one.refresh_from_db()
    member.refresh_from_db()
    assert (one.state, one.shown, one.file.name) == ("done", [], "")
    assert (member.rank, member.last_name) == (Rank.SILVER, "Kovač")
    assert User.objects.get(username="emil").has_portal_access
    assert not kept_files(settings)
    assert "1 person was added." in text_of(desk, one)
    assert "people.csv" in desk.get(PAGE).content.decode()


def test_the_log_knows_who_took_over_what_and_names_nobody(taken_over, supervisor):
    one = taken_over(csv(MAJA, EMIL), name="July.csv")
    noted = AuditEntry.objects.get(action="import")
    assert (noted.actor, noted.about) == (supervisor, f"import {one.pk}")
    assert noted.data["created"] == 2
    assert "July" not in str(noted.data)  # people name files by people


def test_a_file_that_changes_nothing_says_so(desk, check, taken_over):
    taken_over(csv(MAJA))
    page = text_of(desk, check(csv(MAJA)))
    assert "Nobody would be changed." in page
    assert "1 person would stay the same." in page


def test_what_is_discarded_is_gone(desk, check, decide, settings, work):
    one = check(csv(MAJA))
    assert decide(one, "discard").status_code == 303
    assert (one.state, one.shown) == ("discarded", [])
    assert not kept_files(settings)
    decide(one, "confirm")
    work()
    one.refresh_from_db()
    assert one.state == "discarded"
    assert not User.objects.filter(username="maja").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_commas_semicolons_and_marks_are_read(taken_over, encoding, delimiter):
    text = csv(MAJA, delimiter=delimiter).decode().replace("\n", "\r\n")
    taken_over(text.encode(encoding))
    assert User.objects.get(username="maja").last_name == "Kovač"


def test_a_workbook_is_read_as_text(taken_over):
    row = {**MAJA, "member_id": 4807151, "is_active": True}
    other = {**EMIL, "member_id": 3316042.0, "time_zone": None}
    taken_over(xlsx(row, {}, other), name="people.xlsx")
    maja, emil = User.objects.get(username="maja"), User.objects.get(username="emil")
    assert (maja.member_id, maja.is_active) == ("4807151", True)
    assert (emil.member_id, emil.time_zone) == ("3316042", "Europe/Ljubljana")


def test_only_the_first_sheet_counts(taken_over):
    def change(book):
        book.create_sheet("Rest").append(["nothing", "of", "this"])

    assert taken_over(xlsx(MAJA, change=change)).counts["created"] == 1


def test_progress_is_seen_while_the_file_is_checked(upload, desk, monkeypatch, work):
    rows = [{**MAJA, "username": f"m{n}", "member_id": f"{n}"} for n in range(1_200)]
    one, seen = upload(csv(*rows)), []
    original = PeopleImport.note_progress

    def look(self, lines):
        moved = original(self, lines)
        seen.append(text_of(desk, one))
        return moved

    monkeypatch.setattr(PeopleImport, "note_progress", look)
    work()
    assert len(seen) == 2
    assert "1,000 rows read" in seen[1]


# --- Bad rows ------------------------------------------------------------------------------------


def test_a_bad_row_keeps_the_file_from_being_taken_over(desk, check, decide, work):
    one = check(csv(MAJA, BAD))
    page = text_of(desk, one)
    assert (one.state, one.counts["refused"]) == ("checked", 1)
    assert one.refused == [[3, "unknown rank: 'silber'"]]
    assert "unknown rank: &#x27;silber&#x27;" in page
    assert 'value="confirm"' not in page
    decide(one, "confirm")
    work()
    assert not User.objects.filter(username="maja").exists()
    assert not AuditEntry.objects.filter(action="import").exists()


def test_bad_rows_are_left_out_on_demand(desk, taken_over):
    one = taken_over(csv(MAJA, BAD), skip_bad=True)
    assert (one.state, one.counts["created"], one.counts["refused"]) == ("done", 1, 1)
    assert "1 bad row was left out." in text_of(desk, one)
    assert "silber" in text_of(desk, one)  # for the record
    assert not User.objects.filter(username="bada").exists()


def test_reasons_are_told_in_the_language_of_who_asks(check, supervisor, settings):
    supervisor.language = "cs"
    supervisor.save(update_fields=["language"])
    one = check(csv({**MAJA, "username": "m" * 151}))
    assert "Ensure" not in one.refused[0][1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"first_name": "=1+1"}, "first_name: looks like a formula"),
        ({"first_name": "+Maja"}, "first_name: looks like a formula"),
        ({"last_name": "-Kovač"}, "last_name: looks like a formula"),
        ({"username": "@maja"}, "username: looks like a formula"),
        ({"username": "＠maja"}, "username: looks like a formula"),
        ({"username": "＋maja"}, "username: looks like a formula"),
        ({"last_name": "\tKovač"}, "last_name: looks like a formula"),
        ({"last_name": '"\rKovač"'}, "last_name: looks like a formula"),
        ({"first_name": "Ma\0ja"}, "first_name: "),
        ({"rank": "sil\0ver"}, r"unknown rank: 'sil\x00ver'"),
        ({"time_zone": "x" * 5_000}, "unknown time zone: 'xxx"),
    ],
)
def test_what_no_cell_should_hold_is_told_by_its_line(check, desk, fault, reason):
    one = check(csv(EMIL, {**MAJA, **fault}), skip_bad=True)
    assert (one.state, one.counts["refused"], one.counts["created"]) == ("checked", 1, 1)
    line, told = one.refused[0]
    assert line in {3, 4}
    assert told.startswith(reason)
    assert desk.get(f"{PAGE}{one.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"first_name": "=1+1"}, "first_name: a formula"),
        ({"first_name": ArrayFormula("G2", "=SUM(A1:A2)")}, "first_name: a formula"),
        ({"first_name": dt.date(2026, 7, 15)}, "first_name: a date where text is expected"),
        ({"first_name": dt.time(7, 15)}, "first_name: a date where text is expected"),
        ({"member_id": 1.5}, "member_id: not a whole number"),
        ({"member_id": 10**15}, "member_id: a number too long for a spreadsheet"),
        ({"member_id": float("1e300")}, "member_id: a number too long"),
        ({"first_name": "x" * 32_000}, "first_name: Ensure this value has at most"),
        ({"first_name": "#REF!"}, "first_name: an error of the spreadsheet"),
        ({"is_active": "maybe"}, "is_active: 'maybe' is neither"),
    ],
)
def test_what_no_cell_of_a_workbook_should_hold_is_told_too(check, fault, reason):
    one = check(xlsx(EMIL, {**MAJA, **fault}), skip_bad=True)
    assert (one.state, one.counts["refused"], one.counts["created"]) == ("checked", 1, 1)
    line, told = one.refused[0]
    assert line == 3
    assert told.startswith(reason)


def test_a_value_without_a_column_is_a_bad_row(check):
    def change(book):
        book.active["L3"] = "more"
        book.active["XFD4"] = "far out"

    one = check(xlsx(EMIL, MAJA, change=change), skip_bad=True)
    assert one.refused == [[line, "not as many fields as the header"] for line in (3, 4)]


def test_the_person_of_a_bad_cell_is_not_missing(check):
    person("maja", Rank.GOLD, member_id="4807151")
    one = check(xlsx({**MAJA, "last_name": "=A1"}), skip_bad=True, deactivate_missing=True)
    assert (one.counts["refused"], one.counts["deactivated"]) == (1, 0)


# --- What is no such file ------------------------------------------------------------------------


def bomb():
    """A workbook of a few kilobytes that would fill the memory."""
    target = io.BytesIO(xlsx(MAJA))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b"0" * (151 * 2**20))
    return target.getvalue()


def merged():
    return xlsx(MAJA, change=lambda book: book.active.merge_cells("G2:H2"))


def damaged():
    whole = xlsx(MAJA)
    return whole[: len(whole) // 2]


def rewritten(part, change, packing=zipfile.ZIP_STORED):
    """A workbook with one part changed by hand."""
    return reworked({part: change}, packing)


def reworked(changes, packing=zipfile.ZIP_STORED):
    """A workbook with parts changed by hand; one that was not there is changed from nothing."""
    target, source = io.BytesIO(), io.BytesIO(xlsx(MAJA))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", packing) as new:
        for name in {**dict.fromkeys(old.namelist()), **changes}:
            body = old.read(name) if name in old.namelist() else b""
            new.writestr(name, changes[name](body) if name in changes else body)
    return target.getvalue()


def announced(body):
    """The list of parts with one of shared texts, as Excel writes it; openpyxl writes none."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/>' % kind
    return body.replace(b"</Types>", part + b"</Types>")


SHEET, TEXTS, KINDS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FILES = {
    "no header": (b"\n\n", "columns are missing: username"),
    "one word": (b"x", "columns are missing"),
    "UTF-16": (csv(MAJA).decode().encode("utf-16"), "in UTF-16"),
    "UTF-16 without a mark": (csv(MAJA).decode().encode("utf-16-le"), "neither CSV"),
    "Latin-2": (csv(MAJA).decode().encode("iso-8859-2"), "not UTF-8"),
    "binary": (bytes(range(256)) * 20, "neither CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old or protected"),
    "half a workbook": (damaged(), "damaged"),
    "an archive of something": (b"PK\x03\x04" + b"\0" * 60, "damaged"),
    "a bomb": (bomb, "too large when unpacked"),
    "merged cells": (merged(), "merged cells"),
    "broken XML": (rewritten(SHEET, lambda body: body[:-40]), "damaged"),
    "a strange place": (rewritten(SHEET, lambda body: body.replace(b'"A1"', b'"?"')), "damaged"),
    "a bold number": (
        rewritten(SHEET, lambda body: body.replace(b"</sheetData>", b"<row r='x'/></sheetData>")),
        "damaged",
    ),
    "passwords": (csv({**MAJA, "password": "x"}, columns=COLUMNS), "column password"),
    "staff": (csv({**MAJA, "is_staff": "1"}, columns=[*PLAIN, "is_staff"]), "'is_staff'"),
    "a repeated column": (csv(MAJA, columns=[*PLAIN, "email"]), "appears twice"),
    "too many columns": (b",".join([b"x"] * 100_000), "too many columns"),
    "a wide workbook": (xlsx(columns=["x"] * 100), "too many columns"),
    "an endless quotation": (csv(MAJA) + b'\n"' + b"x" * 200_000, "not CSV"),
    "no sheet with rows": (xlsx(columns=[]), "columns are missing"),
}


@pytest.mark.parametrize("what", FILES)
def test_is_refused_as_a_whole_with_the_reason(what, check, desk, settings):
    content, reason = FILES[what]
    content = content() if callable(content) else content
    before = User.objects.count()
    one = check(content, skip_bad=True, deactivate_missing=True)
    assert one.state == "refused"
    assert reason in one.reason
    assert reason.replace("'", "&#x27;") in text_of(desk, one)
    assert not kept_files(settings)
    assert User.objects.count() == before


def test_an_empty_or_missing_file_is_told_at_once(desk, settings):
    for post in ({}, {"file": SimpleUploadedFile("x.csv", b"")}):
        response = desk.post(PAGE, {**post, "skip_bad": "on"})
        page = response.content.decode()
        assert response.status_code == 400
        assert "There is a problem" in page
        assert re.search(r'name="skip_bad"[^>]* checked', page)
    assert not PeopleImport.objects.exists()


def test_too_large_a_file_is_told_at_once(desk, settings):
    settings.IMPORT_MAX_BYTES = 100
    response = desk.post(PAGE, {"file": SimpleUploadedFile("x.csv", csv(MAJA))})
    assert response.status_code == 400
    assert "larger than" in response.content.decode()
    assert not kept_files(settings)


def test_too_many_rows_are_refused(check, settings):
    settings.IMPORT_MAX_ROWS = 1
    assert check(csv(MAJA)).state == "checked"
    assert "Too many rows" in check(csv(MAJA, EMIL)).reason


def test_a_workbook_with_a_far_row_ends(check):
    far = rewritten(SHEET, lambda body: body.replace(b'<row r="2"', b'<row r="99999999999"'))
    assert check(far).state in {"checked", "refused"}


ROWS = b"<worksheet xmlns='%s'><sheetData>" % MAIN
END = b"</sheetData></worksheet>"
MERGED = b"<mergeCell ref='A1:XFD1048576'/>"
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"
BOMBS = {  # of some kilobytes
    "a row of cells": (SHEET, ROWS + b"<row>" + b"<c/>" * 900_000 + b"</row>" + END, "too large"),
    "a later row of cells": (SHEET, ROWS + b"<row/><row>" + b"<c/>" * 900_000, "too large"),
    "cells in strange clothes": (SHEET, ROWS + b"<row>" + b"<x:y/>" * 900_000, "too large"),
    "full rows": (SHEET, ROWS + (b"<row>" + b"<c/>" * 900 + b"</row>") * 1_000, "too large"),
    "empty rows": (SHEET, ROWS + b"<row/>" * 900_000 + END, "Too many rows"),
    "junk": (SHEET, ROWS + b"</sheetData>" + b"<a/>" * 900_000 + b"</worksheet>", "too large"),
    "merged cells": (SHEET, ROWS + b"</sheetData><mergeCells>" + MERGED * 90_000, "merged cells"),
    "a deep sheet": (SHEET, ROWS + b"<row>" + b"<c>" * 900_000, "damaged"),
    "a text of megabytes": (SHEET, ROWS + b"<row><c><v>" + b"1" * 4_000_000, "too large"),
    "a tag of megabytes": (SHEET, ROWS + b"<row r='" + b"1" * 4_000_000, "too large"),
    "a tag of attributes": (
        SHEET,
        ROWS + b"<row " + b" ".join(b"a%d='1'" % n for n in range(20_000)) + b"/>",
        "damaged",
    ),
    "entities": (SHEET, LAUGHS + ROWS + b"<row><c><v>&b;</v></c></row>" + END, "damaged"),
    "styles": ("xl/styles.xml", b"<styleSheet><cellXfs>" + b"<xf/>" * 900_000, "too large"),
    "texts": (TEXTS, b"<sst>" + b"<si/>" * 900_000, "too large"),
    "junk of texts": (TEXTS, b"<sst>" + b"<t/>" * 900_000, "too large"),
    "sheets": ("xl/workbook.xml", b"<workbook>" + b"<sheet/>" * 600_000, "too large"),
    "relations": ("xl/_rels/workbook.xml.rels", b"<x>" + b"<y/>" * 900_000, "too large"),
    "kinds of parts": (KINDS, b"<Types>" + b"<y/>" * 900_000, "too large"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_small_workbook_of_countless_elements_is_refused_at_once(what, settings):
    settings.IMPORT_MAX_ROWS = 5_000
    part, body, reason = BOMBS[what]
    changes = {KINDS: announced} if part == TEXTS else {}
    file = io.BytesIO(reworked({**changes, part: lambda old: body}, zipfile.ZIP_DEFLATED))
    assert file.getbuffer().nbytes < 200_000
    begun = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(members.FileRefused, match=reason):
            list(members.upload_records(file))
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < 5


def test_a_workbook_packed_without_measure_is_damaged():
    file = io.BytesIO(rewritten(SHEET, lambda body: body, zipfile.ZIP_LZMA))
    with pytest.raises(members.FileRefused, match="damaged"):
        list(members.upload_records(file))


def test_a_long_shared_formula_is_not_worked_out():
    def shared(body):
        first = b"<row><c r='A3'><f t='shared' si='0'>" + b"A1+" * 9_000 + b"A1</f></c></row>"
        next_ones = b"<row><c r='A4'><f t='shared' si='0'/></c></row>" * 2_000
        return body.replace(b"</sheetData>", first + next_ones + b"</sheetData>")

    begun = time.process_time()
    found = list(members.upload_records(io.BytesIO(rewritten(SHEET, shared))))
    assert time.process_time() - begun < 5
    assert {record.fault for record in found[1:]} == {"username: a formula"}


@pytest.mark.parametrize("most", [4_999, 5_000])
def test_a_workbook_has_as_many_rows_as_a_file_may(most, settings):
    settings.IMPORT_MAX_ROWS = most
    names = (f"person{number}" for number in range(5_000))
    file = io.BytesIO(xlsx(*({**MAJA, "username": name} for name in names)))
    if most < 5_000:
        with pytest.raises(members.FileRefused, match="Too many rows"):
            members.upload_records(file)
        return
    found = list(members.upload_records(file))
    assert [found[0].values["username"], found[-1].values["username"]] == ["person0", "person4999"]
    assert (len(found), {record.fault for record in found}) == (5_000, {""})


def test_texts_that_cells_share_are_read():
    texts = list(dict.fromkeys([*PLAIN, *MAJA.values()]))
    places = {text: b"<v>%d</v>" % place for place, text in enumerate(texts)}

    def shared(body):
        body = body.replace(b't="inlineStr"', b't="s"')
        inline = re.compile(rb"<is><t[^>]*>([^<]*)</t></is>")
        return inline.sub(lambda found: places[found[1].decode()], body)

    table = "".join(f"<si><r><t>{text[:2]}</t></r><r><t>{text[2:]}</t></r></si>" for text in texts)
    table = b"<sst xmlns='%s'>%s</sst>" % (MAIN, table.encode())
    changes = {KINDS: announced, SHEET: shared, TEXTS: lambda old: table}
    (found,) = members.upload_records(io.BytesIO(reworked(changes)))
    assert (found.values, found.fault) == (MAJA, "")


def test_coloured_cells_and_links_beside_the_list_are_no_harm(check):
    def change(book):
        for column in range(1, 300):
            book.active.cell(1, column).fill = PatternFill("solid", fgColor="FFFF00")
        book.active["B2"].hyperlink = "mailto:maja@example.com"

    one = check(xlsx(MAJA, change=change))
    assert (one.state, one.counts["created"]) == ("checked", 1)


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".csv", "../../etc/passwd", "a\\b\\..\\c.csv", "\u202eevil\x07.csv", "<b>"]
)
def test_the_name_of_the_file_leads_nowhere(upload, desk, settings, name):
    one = upload(csv(MAJA), name=name)
    (kept,) = kept_files(settings)
    assert len(kept.name) == 32
    assert len(one.file_name) <= 200
    assert "/" not in one.file_name
    assert "<b>" not in text_of(desk, one)


def test_kept_files_are_served_to_nobody(upload, desk):
    one = upload(csv(MAJA))
    for address in (f"/media/{one.file.name}", f"/{one.file.name}", f"/static/{one.file.name}"):
        assert desk.get(address).status_code == 404


# --- Whom a file shuts out -----------------------------------------------------------------------


def many(count):
    return [{**MAJA, "username": f"m{n}", "member_id": f"{n}"} for n in range(count)]


def test_members_who_are_missing_are_shut_out_and_signed_out(desk, taken_over, agent):
    taken_over(csv(*many(4)))
    gone = User.objects.get(username="m3")
    visits = signed_in(gone)
    assert visits.get("/").status_code == 200
    one = taken_over(csv(*many(3)), deactivate_missing=True)
    assert one.counts["deactivated"] == 1
    gone.refresh_from_db()
    assert not gone.is_active
    assert visits.get("/").status_code == 302
    agent.refresh_from_db()
    assert agent.is_active


def test_the_sessions_of_who_is_shut_out_are_gone(taken_over, desk):
    taken_over(csv(*many(4)))
    gone = User.objects.get(username="m3")
    gone.set_password("leaf-and-stem-42")
    gone.save()
    post = {"login": "m3", "password": "leaf-and-stem-42"}
    desk.__class__().post("/accounts/login/", post)
    before = Session.objects.count()
    taken_over(csv(*many(3), {**many(4)[3], "is_active": "no"}))
    assert Session.objects.count() == before - 1


def test_more_than_half_are_not_shut_out_at_the_desk(taken_over, check, desk):
    taken_over(csv(*many(4)))
    one = check(csv(*many(2)), deactivate_missing=True)  # half of them
    assert (one.state, one.counts["deactivated"]) == ("checked", 2)
    assert "2 members would be shut out." in text_of(desk, one)
    new = [{**row, "username": f"n{n}", "member_id": f"9{n}"} for n, row in enumerate(many(9))]
    one = check(csv(many(1)[0], *new), deactivate_missing=True)  # new ones do not outweigh it
    assert one.state == "refused"
    assert "the file does not name 3" in one.reason


def test_staff_keep_what_a_file_may_not_touch(taken_over, agent):
    row = {**MAJA, "username": "ana", "rank": "gold", "is_active": "no", "email": "x@example.com"}
    assert taken_over(csv(row)).state == "done"
    before = agent.email, agent.password
    agent.refresh_from_db()
    assert (agent.email, agent.password) == before
    assert (agent.is_active, agent.is_staff, agent.rank) == (True, True, Rank.GOLD)


# --- Twice, late, interrupted --------------------------------------------------------------------


def test_two_pages_confirm_once(check, decide, desk, work):
    one = check(csv(MAJA))
    decide(one, "confirm")
    page = desk.post(f"{PAGE}{one.pk}/", {"act": "confirm"}, follow=True).content.decode()
    assert "This cannot be done any more" in page
    assert AuditEntry.objects.filter(action="import").count() == 1
    decide(one, "discard")
    assert one.state == "confirmed"
    work()
    work()
    assert User.objects.filter(username="maja").count() == 1


@pytest.mark.parametrize("act", ["", "delete", "confirm\0"])
def test_nonsense_decides_nothing(check, desk, act):
    one = check(csv(MAJA))
    assert desk.post(f"{PAGE}{one.pk}/", {"act": act}).status_code == 400
    one.refresh_from_db()
    assert one.state == "checked"


@pytest.mark.parametrize("number", ["0", "9" * 30, "9" * 5_000, "-1", "x"])
def test_no_import_has_this_number(desk, number):
    assert desk.get(f"{PAGE}{number}/").status_code in {404, 302}


def test_the_world_may_have_changed_meanwhile(check, decide, work):
    one = check(csv(MAJA, EMIL))
    person("maja", Rank.GOLD, member_id="5", is_staff=False)
    person("other", Rank.GOLD, member_id="3316042")
    decide(one, "confirm")
    work()
    one.refresh_from_db()
    assert one.state == "refused"
    assert one.refused == [[3, "member_id: 3316042 belongs to other"]]
    assert User.objects.get(username="maja").rank == Rank.GOLD


def test_who_dies_in_the_middle_has_changed_nothing_and_begins_again(
    check, decide, settings, monkeypatch, work
):
    one = check(csv(*many(1_200)))
    decide(one, "confirm")
    before, writes, bulk = User.objects.count(), itertools.count(), User.objects.bulk_create

    def die(*args, **options):
        if next(writes) == 2:
            raise OperationalError("the power went out")
        return bulk(*args, **options)

    with monkeypatch.context() as short:
        short.setattr(User.objects, "bulk_create", die)
        with pytest.raises(OperationalError):
            work()
    one.refresh_from_db()
    assert (one.state, User.objects.count()) == ("confirmed", before)
    assert kept_files(settings)
    work()
    one.refresh_from_db()
    assert (one.state, one.counts["created"]) == ("done", 1_200)


def test_an_error_that_would_come_again_ends_the_import(upload, monkeypatch, work):
    one = upload(csv(MAJA))
    monkeypatch.setattr("accounts.members.uploads.upload_records", lambda file: 1 / 0)
    work()
    one.refresh_from_db()
    assert (one.state, one.reason) == ("refused", "It could not be taken over.")


def test_a_file_that_is_gone_is_told(upload, settings, work):
    one = upload(csv(MAJA))
    for path in kept_files(settings):
        path.unlink()
    work()
    one.refresh_from_db()
    assert one.state == "refused"
    assert "no longer there" in one.reason


def test_what_is_discarded_during_the_check_stays_so(upload, monkeypatch, work):
    one = upload(csv(*many(600)))
    original = PeopleImport.note_progress

    def discarded(self, lines):
        PeopleImport.objects.get(pk=one.pk).discard(timezone.now())
        return original(self, lines)

    monkeypatch.setattr(PeopleImport, "note_progress", discarded)
    work()
    one.refresh_from_db()
    assert (one.state, one.shown) == ("discarded", [])


def test_nobody_decides_for_a_day(check, upload, settings, work):
    one = check(csv(MAJA))
    later = timezone.now() + dt.timedelta(hours=23)
    work(later)
    one.refresh_from_db()
    assert one.state == "checked"
    orphan = Path(settings.MEDIA_ROOT) / "imports" / "orphan"
    orphan.write_bytes(b"x")
    work(later + dt.timedelta(hours=2))
    one.refresh_from_db()
    assert (one.state, one.shown) == ("discarded", [])
    assert not kept_files(settings)


def test_an_erasure_reaches_the_files_that_wait(check, taken_over, commits, settings, silver):
    done = taken_over(csv({**MAJA, "rank": "silver"}, BAD), skip_bad=True)
    one = check(csv({**MAJA, "username": "sonja", "member_id": "1000002"}))
    assert counts_left(silver, NOW)["accounts.PeopleImport", "emptied"]
    with commits():
        erase(silver, timezone.now(), lambda line: None)
    one.refresh_from_db()
    done.refresh_from_db()
    assert (one.state, one.shown, done.refused) == ("discarded", [], [])
    assert not kept_files(settings)


def test_the_name_of_an_erased_person_is_nobodys(check):
    one = check(csv({**MAJA, "username": "Erased-5"}), skip_bad="on")
    assert (one.counts["created"], one.counts["refused"]) == (0, 1)
