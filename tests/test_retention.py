"""What is older than the settings allow goes by itself; everything else stays."""

import datetime as dt
import io

import pytest
from chatting import say, start
from conftest import NOW, answer, png_file, submit
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts.models import AuditEntry
from chat.models import Conversation
from helpdesk import settings as written
from helpdesk.management.commands.run_jobs import sweep
from helpdesk.privacy import retention
from helpdesk.privacy.register import DELETED, EMPTIED
from helpdesk.privacy.steps import GONE
from tickets.models import Reply, Screenshot, Ticket, TicketEvent

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def keeping(settings):
    retention.forget_day()
    settings.RETENTION_DAYS = dict.fromkeys(written.RETENTION_DAYS, 0)
    return settings.RETENTION_DAYS


def outdate(at):
    return {(label, fate): count for label, fate, count in retention.outdate(at)}


@pytest.fixture
def closed(silver, agent):
    shot = Screenshot.objects.upload(silver, png_file(), NOW)
    ticket = submit(silver, screenshots=[shot], address="198.51.100.23")
    answer(ticket, agent, "Vprašanje", "ask", questions=["Kje?"])
    answer(ticket, agent, "Opomba", "note")
    ticket.close(agent, at=NOW)
    return ticket


def test_by_default_only_mails_that_were_sent_go():
    assert written.RETENTION_DAYS == {"tickets": 0, "chats": 0, "audit": 0, "mails": 90}


def test_nothing_goes_where_nothing_is_set(closed):
    assert outdate(NOW + 10_000 * DAY) == {}
    closed.refresh_from_db()
    assert closed.title == "Naročila ni mogoče obdelati"


def test_an_old_closed_ticket_keeps_its_figures_and_loses_its_words(closed, keeping):
    keeping["tickets"] = 365
    assert outdate(NOW + 364 * DAY) == {}
    before = (closed.status, closed.closed_at, closed.language, closed.created_at)
    outdate(NOW + 365 * DAY)
    closed = Ticket.objects.get()
    assert (closed.title, closed.description, closed.search_text, closed.notes_text) == (
        GONE,
        GONE,
        "",
        "",
    )
    assert (closed.status, closed.closed_at, closed.language, closed.created_at) == before
    assert set(Reply.objects.values_list("body", flat=True)) == {GONE}
    assert Reply.objects.get(kind="question").questions.get().text == GONE
    assert set(TicketEvent.objects.values_list("address", flat=True)) == {None}
    assert not Screenshot.objects.exists()
    assert outdate(NOW + 366 * DAY) == {}


def test_what_is_open_or_reopened_stays(silver, agent, closed, keeping):
    keeping["tickets"] = 30
    waiting = submit(silver)
    closed.reopen(agent, submission_id=waiting.submission_id, at=NOW + DAY)
    assert outdate(NOW + 400 * DAY) == {}
    waiting.refresh_from_db()
    assert waiting.title == "Naročila ni mogoče obdelati"


def test_a_duplicate_lives_as_long_as_the_ticket_it_is_read_in(silver, agent, keeping):
    keeping["tickets"] = 30
    target, duplicate = submit(silver), submit(silver, title="Dvojnik")
    duplicate.merge_into(agent, target, at=NOW)
    assert outdate(NOW + 60 * DAY) == {}
    target.close(agent, at=NOW + 60 * DAY)
    assert outdate(NOW + 80 * DAY) == {}
    outdate(NOW + 90 * DAY)
    assert set(Ticket.objects.values_list("title", flat=True)) == {GONE}


def test_an_old_chat_is_emptied(silver, agent, keeping):
    keeping["chats"] = 30
    chat, fresh = start(silver, "Where is it?"), None
    chat.claim(agent)
    say(chat, agent, "Here")
    chat.close(agent)
    fresh = start(silver, "And now?")
    now = timezone.now()
    assert outdate(now + 29 * DAY) == {}
    outdate(now + 31 * DAY)
    chat, fresh = Conversation.objects.get(pk=chat.pk), Conversation.objects.get(pk=fresh.pk)
    assert (chat.name, chat.email, chat.status) == ("", "", "closed")
    assert set(chat.messages.exclude(body="").values_list("body", flat=True)) == {GONE}
    assert fresh.messages.get().body == "And now?"


def test_old_audit_entries_go_but_for_erasures(silver, keeping):
    keeping["audit"] = 90
    ticket = submit(silver, address="198.51.100.23")
    for action in ("sign_in", "erase_member"):
        AuditEntry.objects.create(action=action, at=NOW)
    AuditEntry.objects.create(action="denied", at=NOW + 80 * DAY)
    outdate(NOW + 90 * DAY)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["denied", "erase_member"]
    assert ticket.events.get().address is None


def test_old_mails_go_and_those_that_wait_stay(silver, keeping):
    keeping["mails"] = 90
    for _status in range(4):
        submit(silver)
    sent, failed, queued, fresh = Email.objects.order_by("pk")
    Email.objects.filter(pk__in=[sent.pk, fresh.pk]).update(status=STATUS.sent)
    Email.objects.filter(pk=failed.pk).update(status=STATUS.failed)
    Email.objects.exclude(pk=fresh.pk).update(last_updated=F("last_updated") - 91 * DAY)
    assert outdate(timezone.now()) == {("post_office.Email", DELETED): 2}
    assert set(Email.objects.values_list("pk", flat=True)) == {queued.pk, fresh.pk}


def test_the_dry_run_counts_what_would_go(closed, keeping):
    keeping["tickets"] = 1
    out = io.StringIO()
    call_command("retention", dry_run=True, stdout=out)
    assert "1 emptied  tickets.Ticket" in out.getvalue()
    assert "nothing was changed" in out.getvalue()
    closed.refresh_from_db()
    assert closed.title != GONE
    promised = retention.counts_outdated(NOW + DAY)
    assert promised[("tickets.Ticket", EMPTIED)] == 1
    assert promised == outdate(NOW + DAY)
    call_command("retention", stdout=out)


def test_the_jobs_do_it_once_a_day(closed, keeping):
    keeping["tickets"] = 1
    sweep(NOW)
    closed.refresh_from_db()
    assert closed.title != GONE
    sweep(NOW + DAY)
    closed.refresh_from_db()
    assert closed.title == GONE


def test_a_long_day_is_done_in_parts(silver, agent, keeping, monkeypatch):
    """Mails must not wait for the texts of years: each round of the jobs does a little."""
    monkeypatch.setattr(retention, "SIZE", 1)
    keeping["tickets"] = 1
    for _number in range(3):
        submit(silver).close(agent, at=NOW)
    left = []
    for _round in range(4):
        retention.sweep(NOW + 2 * DAY, seconds=0)
        left.append(Ticket.objects.exclude(title=GONE).count())
    assert left[:4] == [2, 1, 0, 0]
