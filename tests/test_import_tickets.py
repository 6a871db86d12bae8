"""Closed tickets of the old portal: each is taken over once and whole, or refused with a reason."""

import base64
import datetime as dt
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from conftest import answer, png, signed_in
from django.core.management import CommandError, call_command
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from helpdesk.privacy.erasure import erase
from tickets.models import ImportedTicket, ReadMark, Reply, Screenshot, Ticket, TicketEvent
from tickets.old_cases import entries as reading
from tickets.old_cases.entries import FileRefused, entries
from tickets.thread import entries_for_member

CASE = {
    "old_number": "OP-77",
    "member": "Sonja",
    "language": "sl",
    "title": "Slovenščina – Košarica je prazna",
    "description": "Po prijavi je košarica prazna.",
    "status": "closed",
    "opened_at": "2024-03-01T10:00:00Z",
    "closed_at": "2024-03-04T09:00:00+01:00",
    "replies": [
        {"at": "2024-03-02T10:00:00Z", "by": "support", "kind": "question", "text": "Kdaj?"},
        {"at": "2024-03-03T10:00:00Z", "by": "member", "text": "Včeraj."},
        {"at": "2024-03-03T11:00:00Z", "by": "support", "kind": "note", "text": "Znana težava"},
    ],
}
EMBEDDED = {"name": "kosarica.png", "base64": base64.b64encode(png()).decode()}


def case(**changes):
    return {**CASE, **changes}


@pytest.fixture
def bring(silver, tmp_path):
    """Write cases into a file and import it; return what was said, or the error's words."""

    def run(*cases, **options):
        return run_text(json.dumps(list(cases)), **options)

    def run_text(text, **options):
        path = tmp_path / "old.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        out = io.StringIO()
        try:
            call_command("import_tickets", str(path), stdout=out, stderr=out, **options)
        except CommandError as error:
            out.write(str(error))
        return out.getvalue()

    run.text = run_text
    return run


def test_a_case_comes_with_its_dates_texts_and_replies(bring, silver):
    assert "1 new, 0 already here, 0 refused" in bring(CASE)
    ticket = Ticket.objects.get()
    assert (ticket.member, ticket.language, ticket.status) == (silver, "sl", "closed")
    assert ticket.title == "Košarica je prazna"  # its language is shown before it anyway
    assert ticket.created_at == dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)
    assert ticket.closed_at == dt.datetime(2024, 3, 4, 8, tzinfo=dt.UTC)
    assert ticket.last_reply_by == silver
    kinds = list(ticket.replies.values_list("kind", "body"))
    assert kinds == [("question", "Kdaj?"), ("reply", "Včeraj."), ("note", "Znana težava")]
    assert ticket.imported.old_number == "OP-77"


def test_its_history_is_told_in_order(bring):
    bring(CASE)
    events = list(TicketEvent.objects.order_by("pk"))
    assert [event.verb for event in events] == ["submit", "ask", "reply", "note", "close"]
    steps = [(event.data.get("from"), event.data.get("to")) for event in events]
    assert steps == [
        (None, "open"),
        ("open", "awaiting_feedback"),
        ("awaiting_feedback", "open"),
        (None, None),
        ("open", "closed"),
    ]
    assert [event.public for event in events] == [True, True, True, False, True]
    assert events[-1].at == dt.datetime(2024, 3, 4, 8, tzinfo=dt.UTC)
    told = entries_for_member(Ticket.objects.get())
    assert [entry.kind for entry in told if entry.kind != "event"] == [
        "description",
        "question",
        "reply",
    ]


def test_nobody_is_told_and_nothing_is_unread(bring, silver, agent):
    bring(CASE)
    assert not Email.objects.exists()
    assert not Ticket.objects.with_unread(silver).get().is_unread
    assert not Ticket.objects.with_unread(agent, at_desk=True).get().is_unread
    assert ReadMark.objects.get().person == silver
    page = signed_in(silver).get("/technical-issues/?section=closed").content.decode()
    assert "Košarica je prazna" in page


def test_what_happens_afterwards_is_news(bring, silver, agent):
    bring(CASE)
    ticket, now = Ticket.objects.get(), timezone.now()
    ticket.reopen(agent, submission_id=ticket.submission_id, at=now)
    answer(ticket, agent, "Poglejmo znova", at=now)
    assert Ticket.objects.with_unread(silver).get().is_unread


def test_it_is_found_by_words_and_by_its_old_number(bring, silver, agent):
    bring(CASE)
    for words in ("kosarica", "vceraj", "OP-77"):
        assert Ticket.objects.owned_by(silver).matching(words).count() == 1, words
    assert not Ticket.objects.owned_by(silver).matching("znana").exists()
    assert Ticket.objects.matching("znana", at_desk=True).count() == 1
    page = signed_in(agent).get("/admin/tickets/ticket/?view=all&q=kosarica")
    assert "Košarica je prazna" in page.content.decode()


def test_a_second_run_brings_nothing_twice(bring):
    bring(CASE)
    assert "0 new, 1 already here, 0 refused" in bring(case(title="Spremenjen naslov"))
    assert Ticket.objects.count() == 1


def test_a_number_twice_in_a_file_is_refused(bring):
    said = bring(CASE, case(title="Drugi"))
    assert "Entry 2 ('OP-77'): old_number: twice in this file" in said
    assert "1 new, 0 already here, 1 refused" in said


def test_pictures_come_from_beside_the_file_and_from_inside(bring, tmp_path, silver):
    (tmp_path / "slike").mkdir()
    (tmp_path / "slike" / "ena.png").write_bytes(png())
    reply = {**CASE["replies"][0], "pictures": [EMBEDDED]}
    bring(case(pictures=[{"path": "slike/ena.png"}], replies=[reply]))
    first, second = Screenshot.objects.order_by("pk")
    ticket = Ticket.objects.get()
    assert (first.name, first.ticket, first.reply, first.owner) == ("ena.png", ticket, None, silver)
    assert (second.name, second.reply) == ("kosarica.png", ticket.replies.get())
    assert ticket.has_pictures
    assert Path(first.picture.path).exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"member": "nihce"}, "member: unknown"),
        ({"member": "ana"}, "member: unknown"),
        ({"language": "de"}, "language: not one of en, cs, sl, other"),
        ({"language": ["sl"]}, "language: not one of"),
        ({"status": "open"}, "status: only closed"),
        ({"title": ""}, "title: empty"),
        ({"title": "x" * 121}, "title: longer than 120"),
        ({"title": "dve\nvrstici"}, "title: Write this on one line."),
        ({"title": 7}, "title: not a text"),
        ({"description": "x" * 20_001}, "description: longer than 20000"),
        ({"description": "nič\x00"}, "description: The text contains characters"),
        ({"description": "\ud800"}, "description: The text contains characters"),
        ({"opened_at": "1. 3. 2024"}, "opened_at: not a time"),
        ({"opened_at": "2024-03-01T10:00:00"}, "opened_at: without a time zone"),
        ({"opened_at": "2024-03-05T10:00:00Z"}, "closed_at: before"),
        ({"closed_at": "2999-01-01T00:00:00Z"}, "closed_at: not between"),
        ({"closed_at": "0001-01-01T00:00:00+14:00"}, "closed_at: out of range"),
        ({"closed_at": None}, "closed_at: missing"),
        ({"rank": "gold"}, "rank: unknown"),
        ({"old_number": ""}, "old_number: empty"),
        ({"old_number": "x" * 65}, "old_number: longer than 64"),
        ({"replies": {}}, "replies: not a list"),
        ({"replies": ["Da"]}, "replies[1]: not an object"),
        ({"replies": [{**CASE["replies"][0], "by": "ana"}]}, "replies[1].by: neither"),
        ({"replies": [{**CASE["replies"][1], "kind": "note"}]}, "replies[1].kind: only support"),
        ({"replies": [{**CASE["replies"][1], "text": " "}]}, "replies[1].text: empty"),
        (
            {"replies": [{**CASE["replies"][1], "at": "2024-03-09T10:00:00Z"}]},
            "replies[1].at: not while the case was open",
        ),
        ({"pictures": [EMBEDDED] * 11}, "pictures: more than 10"),
        ({"pictures": [{"path": "ni.png"}]}, "pictures[1].path: no such file"),
        ({"pictures": [{"path": "../old.json"}]}, "pictures[1].path: leads out"),
        ({"pictures": [{"path": "/etc/passwd"}]}, "pictures[1].path: leads out"),
        ({"pictures": [{"path": "a", "base64": "b"}]}, "pictures[1].path: either"),
        ({"pictures": [{"base64": "č"}]}, "pictures[1].base64: not base64"),
        ({"pictures": [{"base64": "AAAA"}]}, "pictures[1]: This is no PNG"),
        ({"pictures": [EMBEDDED, {"base64": "AAAA"}]}, "pictures[2]: This is no PNG"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(changes, reason, bring, agent):
    changed = {key: value for key, value in case(**changes).items() if value is not None}
    for dry_run in (True, False):
        said = bring(changed, case(old_number="OP-78"), dry_run=dry_run)
        assert reason in said
        assert "Entry 1" in said
        assert "1 new, 0 already here, 1 refused" in said
    assert ImportedTicket.objects.get().old_number == "OP-78"
    assert not Screenshot.objects.exists()


def test_a_link_leads_nowhere_else(bring, tmp_path):
    (tmp_path / "link.png").symlink_to("/etc/hostname")
    assert "leads out" in bring(case(pictures=[{"path": "link.png"}]))


def test_the_dry_run_keeps_nothing(bring):
    said = bring(case(pictures=[EMBEDDED]), dry_run=True)
    assert "Dry run, nothing was changed: 1 new" in said
    assert not Ticket.objects.exists()
    assert not Screenshot.objects.exists()
    assert not User.objects.filter(username="old-portal").exists()


def test_an_import_that_dies_leaves_no_half_ticket(bring, monkeypatch):
    create = TicketEvent.objects.create

    def die(**fields):
        if fields["verb"] == "note":
            raise KeyboardInterrupt
        return create(**fields)

    monkeypatch.setattr(TicketEvent.objects, "create", die)
    with pytest.raises(KeyboardInterrupt):
        bring(case(old_number="OP-1", replies=[], pictures=[EMBEDDED]), CASE)
    assert Ticket.objects.get().imported.old_number == "OP-1"
    assert not Reply.objects.exists()
    monkeypatch.undo()
    assert "1 new, 1 already here" in bring(case(old_number="OP-1", replies=[]), CASE)


def test_the_old_support_is_nobody_who_could_sign_in(bring, silver):
    User.objects.filter(pk=silver.pk).update(username="sonja")
    bring(CASE)
    support = User.objects.get(username="old-portal")
    assert (support.is_active, support.is_staff, support.has_usable_password()) == (
        False,
        True,
        False,
    )
    assert support not in User.objects.agents()


def test_a_member_with_the_name_of_the_old_support_is_not_mistaken(bring, silver):
    User.objects.filter(pk=silver.pk).update(username="old-portal")
    assert "belongs to somebody else" in bring(case(member="old-portal"))
    assert not Ticket.objects.exists()


def test_what_was_erased_does_not_come_back(bring, silver):
    bring(CASE)
    erase(silver, timezone.now(), lambda line: None)
    assert "0 new, 1 already here, 0 refused" in bring(CASE)
    assert not Ticket.objects.exclude(title="[…]").exists()


# --- The file ------------------------------------------------------------------------------------


def test_one_object_a_line_is_as_good(bring):
    lines = [json.dumps(CASE), "", '{"old_number": ', json.dumps(case(old_number=78))]
    said = bring.text("\ufeff" + "\r\n".join(lines))
    assert "Entry 2: not JSON" in said
    assert set(ImportedTicket.objects.values_list("old_number", flat=True)) == {"OP-77", "78"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Neither a JSON list"),
        (b"old_number,member\n", "Neither a JSON list"),
        (b"\xff\xfe[\x00]\x00", "not UTF-8"),
        (b"[", "ends in the middle, after 0"),
        (b"[]", "0 new, 0 already here, 0 refused"),
        (b'[{"a": "}"', "ends in the middle, after 0"),
        (b'[7, "x", [], {"a": "\\"}"}]', "3 refused"),
        (b"[" + b"[" * 100_000 + b"]" * 100_000 + b"]", "not JSON (maximum recursion"),
        (b'[{"old_number": ' + b"9" * 5_000 + b"}]", "not JSON (Exceeds the limit"),
        (b'[{"old_number": NaN}]', "missing"),
    ],
)
def test_broken_files_are_told_apart(text, said, bring):
    assert said in bring.text(text)
    assert not Ticket.objects.exists()


def test_a_broken_entry_harms_no_other(bring):
    good, other = json.dumps(CASE), json.dumps(case(old_number="OP-78"))
    said = bring.text(f'[{good}, {{"old_number": oops}}, {other}]')
    assert "Entry 2: not JSON" in said
    assert ImportedTicket.objects.count() == 2


def test_a_file_that_breaks_off_keeps_what_came_before(bring):
    said = bring.text(json.dumps([CASE, case(old_number="OP-78")])[:-20])
    assert "ends in the middle, after 1" in said
    assert ImportedTicket.objects.get().old_number == "OP-77"


def test_a_missing_file_is_said(bring, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_tickets", str(tmp_path / "ni.json"))


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1024])
def test_where_the_file_is_cut_makes_no_difference(piece, monkeypatch):
    monkeypatch.setattr(reading, "PIECE", piece)
    values = [{"a": 'x"}]\\'}, {"b": {"c": [1, {"d": "\\\\"}]}}, {"č": "\u2028"}]
    for text in (json.dumps(values), json.dumps(values, indent=2, ensure_ascii=False)):
        assert [entry.value for entry in entries(io.StringIO(text))] == values
    with pytest.raises(FileRefused):
        list(entries(io.StringIO(json.dumps(values)[:-1])))


def test_an_entry_that_is_too_long_is_refused_alone(monkeypatch):
    monkeypatch.setattr(reading, "MAX_ENTRY", 100)
    monkeypatch.setattr(reading, "PIECE", 16)
    values = [{"a": "x" * 500}, {"b": 1}]
    for text in (json.dumps(values), "\n".join(map(json.dumps, values))):
        told = list(entries(io.StringIO(text)))
        assert ["longer than" in entry.fault for entry in told] == [True, False], text


def test_a_big_file_needs_little_memory(tmp_path):
    path = tmp_path / "big.json"
    with path.open("w") as file:
        file.write("[")
        for number in range(2_000):
            file.write(
                ("," if number else "")
                + json.dumps(case(old_number=number, description="x" * 20_000))
            )
        file.write("]")
    tracemalloc.start()
    with path.open() as file:
        assert sum(1 for entry in entries(file)) == 2_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000 < path.stat().st_size
