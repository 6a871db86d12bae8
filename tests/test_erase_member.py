"""After an erasure nothing in the database or the store is theirs, and every figure is the same."""

import datetime as dt
import io
import json

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from django.contrib.sessions.models import Session
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from post_office.models import Email
from whole_life import SECRETS, lived

from accounts.models import AuditEntry, Rank, User
from chat.models import Conversation
from chat.reports import requests, sent_to_ticket, taken, waits
from helpdesk.privacy import erasure, steps
from helpdesk.privacy.erasure import counts_left, erase, is_erased
from helpdesk.privacy.register import DELETED, EMPTIED, HELD, KEPT, label
from helpdesk.privacy.walk import walk
from tickets.models import Reply, Screenshot, Ticket, TicketEvent
from tickets.reports import Scope, counted, first_reply, load, resolution, standing


@pytest.fixture
def member(agent):
    return lived(agent)


def forget(someone, **by):
    return erase(someone, NOW, lambda line: None, **by)


def dump():
    """Every column of every row of every table of the database, as text in lower case."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                told = json.dumps(
                    dict(zip(names, row, strict=True)), default=str, ensure_ascii=False
                )
                yield table, told.casefold()


def stored(folder=""):
    """The names and contents of every file in the store."""
    folders, files = (
        default_storage.listdir(folder) if default_storage.exists(folder or ".") else ([], [])
    )
    for name in files:
        path = f"{folder}/{name}".lstrip("/")
        with default_storage.open(path, "rb") as file:
            yield path, file.read()
    for inner in folders:
        yield from stored(f"{folder}/{inner}".lstrip("/"))


def traces():
    return [(table, secret) for table, row in dump() for secret in SECRETS if secret in row]


def figures():
    """What reports count."""
    scope = Scope(NOW.date() - dt.timedelta(days=1), timezone.now().date())
    return {
        "reports": [
            standing(scope, timezone.now())[:4],
            counted(scope, timezone.now().date()),
            first_reply(scope),
            resolution(scope),
            load(scope),
            requests(scope),
            waits(scope),
            sent_to_ticket(scope),
            taken(scope),
        ],
        "tickets": list(
            Ticket.objects.order_by("pk").values_list(
                *("pk", "status", "language", "assignee", "topic", "created_at", "closed_at"),
                *("waiting_since", "last_reply_at", "merged_into", "member__rank", "member"),
            )
        ),
        "events": list(
            TicketEvent.objects.order_by("pk").values_list("ticket", "actor", "verb", "at", "data")
        ),
        "replies": list(Reply.objects.order_by("pk").values_list("ticket", "author", "kind", "at")),
        "chats": list(
            Conversation.objects.order_by("pk").values_list(
                "member",
                "agent",
                "status",
                "ending",
                "queued_at",
                "claimed_at",
                "closed_at",
                "last_seq",
            )
        ),
        "people": list(
            User.objects.order_by("pk").values_list("pk", "rank", "language", "is_staff")
        ),
    }


def test_nothing_of_theirs_is_left_in_any_table_or_file(member):
    assert {secret for _table, secret in traces()} == set(SECRETS)  # else the search proves nothing
    assert len(list(stored())) == 8
    forget(member)
    assert traces() == []
    assert list(stored()) == []
    assert not Session.objects.exists()  # what is inside is encoded


def test_every_figure_is_what_it_was(member, silver):
    submit(silver)
    before = figures()
    forget(member)
    assert figures() == before


def test_nobody_else_loses_a_letter(member, silver, agent):
    neighbour = submit(silver, description="Sosedova težava")
    answer(neighbour, agent, "Odgovor sosedu")
    shot = Screenshot.objects.upload(silver, png_file(), NOW)
    mails = Email.objects.filter(to=silver.email).count()
    rows = [row for row in dump() if "sosed" in row[1] or "sonja" in row[1]]
    forget(member)
    assert [row for row in dump() if "sosed" in row[1] or "sonja" in row[1]] == rows
    assert Email.objects.filter(to=silver.email).count() == mails > 0
    assert default_storage.exists(shot.picture.name)


def test_somebody_who_shares_the_address_keeps_their_mails(member, silver, other_silver):
    User.objects.filter(pk=silver.pk).update(email=member.email)
    silver.refresh_from_db()
    ticket = submit(silver)
    forget(member)
    assert [mail.subject.split()[0] for mail in Email.objects.filter(to=member.email)] == [
        f"[{ticket.number}]"
    ]


def test_what_is_still_held_afterwards_says_nothing(member):
    forget(member)
    member.refresh_from_db()
    held = {label(found.model) for found in walk(member) if found.is_whole and found.rows.exists()}
    assert held <= {name for name, entry in HELD.items() if entry.fate in {EMPTIED, KEPT}}


def test_the_person_is_a_number_who_cannot_sign_in(member):
    client = signed_in(member)
    forget(member)
    member.refresh_from_db()
    assert (member.username, member.email, member.display_name) == (
        f"erased-{member.pk}",
        "",
        member.username,
    )
    assert (member.member_id, member.is_active, member.rank) == (None, False, Rank.GOLD)
    assert not member.has_usable_password()
    assert client.get("/technical-issues/").status_code == 302
    assert is_erased(member)


def test_the_desk_shows_what_is_left(member, agent, supervisor):
    forget(member)
    client = signed_in(supervisor)
    ticket = Ticket.objects.get(merged_into=None)
    assert client.get("/admin/tickets/ticket/").status_code == 200
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert steps.GONE in page
    chat = Conversation.objects.get()
    assert client.get(f"/admin/chat/conversation/{chat.pk}/change/").status_code == 200


def test_the_audit_log_says_who_did_it_to_which_number(member, supervisor):
    forget(member, by=supervisor, address="192.0.2.9")
    noted = AuditEntry.objects.get(action="erase_member")
    assert (noted.actor, noted.about, noted.address) == (
        supervisor,
        f"person {member.pk}",
        "192.0.2.9",
    )
    assert noted.data == {}


def test_the_dry_run_counts_and_changes_nothing(member):
    before = list(dump())
    counts = counts_left(member, NOW)
    assert list(dump()) == before
    assert counts["tickets.Ticket", EMPTIED] == 2
    assert counts["tickets.Screenshot", DELETED] == 4
    assert counts["chat.Message", EMPTIED] == 3
    assert counts["accounts.User", EMPTIED] == 1
    assert counts["post_office.Email", DELETED] >= 5
    forget(member)
    assert counts_left(User.objects.get(pk=member.pk), NOW) == {}


def test_a_second_run_changes_nothing(member):
    forget(member)
    after = list(dump())
    assert forget(User.objects.get(pk=member.pk)) == {}
    assert list(dump()) == after


@pytest.mark.parametrize("broken_off_after", range(1, 26, 3))
def test_an_erasure_that_was_interrupted_goes_on(member, monkeypatch, broken_off_after):
    """The process dies after so many steps; whatever it had done, the next run ends it."""
    monkeypatch.setattr(steps, "SIZE", 1)
    before, count = figures(), iter(range(1_000))

    def die(_line):
        if next(count) == broken_off_after:
            raise SystemExit

    with pytest.raises(SystemExit):
        erase(member, NOW, die)
    half = User.objects.get(pk=member.pk)
    assert (half.username, half.is_active) == ("zdenka", False)
    forget(half)
    assert traces() == []
    assert list(stored()) == []
    assert figures() == before
    assert AuditEntry.objects.filter(action="erase_member").count() == 1


def test_a_file_that_cannot_be_deleted_is_tried_again(member, monkeypatch):
    count = iter(range(100))
    delete = FileSystemStorage.delete

    def fails_once(self, name):
        if next(count) == 3:
            raise PermissionError(name)
        delete(self, name)

    monkeypatch.setattr(FileSystemStorage, "delete", fails_once)
    with pytest.raises(PermissionError):
        forget(member)
    assert list(stored())
    forget(User.objects.get(pk=member.pk))
    assert list(stored()) == []
    assert traces() == []


def test_what_is_written_meanwhile_goes_as_well(member, agent, monkeypatch):
    ticket, late = Ticket.objects.get(merged_into=None), iter([True])

    def tell(line):
        if line.startswith("post_office") and next(late, False):
            answer(ticket, agent, "Spoštovana Zvonimira, še nekaj")

    erase(member, NOW, tell)
    assert traces() == []


def test_staff_are_refused(agent, supervisor):
    for someone in (agent, supervisor):
        with pytest.raises(erasure.NotErasable):
            forget(someone)
        with pytest.raises(CommandError, match="Staff"):
            call_command("erase_member", someone.username, yes=True)
    assert agent.is_active


def run(*args, **options):
    out = io.StringIO()
    call_command("erase_member", *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_asks_first(member, monkeypatch):
    told = run("zdenka", dry_run=True)
    assert "2 emptied  tickets.Ticket" in told
    assert "1 tickets are not closed" in told
    monkeypatch.setattr("builtins.input", lambda: "ne")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("zdenka")
    assert User.objects.get(pk=member.pk).is_active
    monkeypatch.setattr("builtins.input", lambda: "Zdenka")
    assert f"erased-{member.pk}" in run("zdenka")
    assert traces() == []
    with pytest.raises(CommandError, match="Nobody"):
        run("zdenka", yes=True)


def test_every_fate_is_one_of_three():
    assert {entry.fate for entry in HELD.values()} == {EMPTIED, DELETED, KEPT}
    assert [name for name, entry in HELD.items() if entry.fate == KEPT] == [
        "tickets.ImportedTicket",
        "tickets.Incident",
        "tickets.Notice",
        "tickets.AffectedTicket",
    ]


def test_somebody_with_the_name_of_the_erased_is_no_accident(member, silver):
    User.objects.filter(pk=silver.pk).update(username=f"Erased-{member.pk}")
    with pytest.raises(erasure.NotErasable):
        forget(member)
    assert User.objects.get(pk=member.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_not_even_the_bytes_of_the_file_remember(agent):
    """SQLite leaves what it deletes in the pages of its file; other databases have no such file."""
    words = [word.encode() for word in ("Zvonimira", "Skrivnost", "7654321")]
    member = lived(agent)
    assert [word for word in words if word in database_file()] == database_words(words)
    forget(member)
    assert not [word for word in words if word in database_file()]


def database_words(words):
    return words if connection.vendor == "sqlite" else []


def database_file():
    if connection.vendor != "sqlite":
        return b""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(connection.settings_dict["NAME"], "rb") as file:
        return file.read()
