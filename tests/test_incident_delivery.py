"""What is said to all whom an incident affects: once to each, in their language, whatever dies."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import NOW, person, submit
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from post_office.models import STATUS, Email
from servers import needs_postgresql
from troubles import announce

from accounts.models import Rank, User
from helpdesk.privacy.mails import mails_of
from tickets import emails
from tickets.incidents import deliver
from tickets.models import Incident, Reply, Ticket

TESTS = Path(__file__).parent
LATER, SOON = NOW + dt.timedelta(hours=1), NOW + dt.timedelta(hours=2)
TEXTS = {"en": "We are on it.", "cs": "Pracujeme na tom.", "sl": "Ukvarjamo se s tem."}
ENDINGS = {"en": "It works again.", "cs": "Už to funguje.", "sl": "Spet deluje."}


@pytest.fixture
def incident(supervisor):
    words = {"en": "Payments fail", "cs": "Platby selhávají", "sl": "Plačila ne delujejo"}
    made = Incident(created_by=supervisor, started_at=NOW)
    for code, title in words.items():
        setattr(made, f"title_{code}", title)
        setattr(made, f"text_{code}", TEXTS[code])
    made.save()
    made.publish(supervisor, NOW)
    return made


def linked(incident, member, **fields):
    """A ticket of ``member`` that is about ``incident``."""
    ticket = submit(member, **fields)
    incident.affect(ticket, incident.created_by, NOW)
    return ticket


def queued():
    """Forget the mails so far."""
    Email.objects.all().delete()


def told():
    return {mail.to[0]: mail.message for mail in Email.objects.order_by("pk")}


def state(notice):
    notice.refresh_from_db()
    return notice.sent, notice.skipped, notice.done_at is not None


def bodies(*tickets):
    return [list(ticket.replies.values_list("body", flat=True)) for ticket in tickets]


# An answer to all


def test_each_ticket_is_answered_in_its_own_language(incident, silver, gold, supervisor):
    languages = ("sl", "cs", "en", "other")
    tickets = [linked(incident, silver, language=language) for language in languages]
    notice = incident.answer(supervisor, TEXTS, LATER)
    assert deliver(SOON) == 4
    assert bodies(*tickets) == [[TEXTS[code]] for code in ("sl", "cs", "en", "en")]
    assert state(notice) == (4, 0, True)
    reply = tickets[0].replies.get()
    assert (reply.author, reply.at, reply.kind) == (supervisor, SOON, Reply.Kind.REPLY)
    assert [ticket.status for ticket in Ticket.objects.all()] == ["open"] * 4


def test_an_answer_is_mailed_like_any_other(incident, silver, supervisor):
    linked(incident, silver)
    queued()
    incident.answer(supervisor, TEXTS, LATER)
    deliver(SOON)
    (message,) = told().values()
    assert "Ukvarjamo se s tem." in message


def test_delivered_once_it_is_not_delivered_again(incident, silver, supervisor):
    ticket = linked(incident, silver)
    incident.answer(supervisor, TEXTS, LATER)
    assert [deliver(SOON), deliver(SOON)] == [1, 0]
    assert ticket.replies.count() == 1


def test_two_answers_come_in_their_order(incident, silver, supervisor):
    ticket = linked(incident, silver)
    incident.answer(supervisor, TEXTS, LATER)
    incident.answer(supervisor, ENDINGS, LATER)
    assert deliver(SOON) == 2
    assert bodies(ticket) == [[TEXTS["sl"], ENDINGS["sl"]]]


def test_closed_and_merged_tickets_and_the_authors_own_are_skipped(
    incident, silver, gold, supervisor
):
    closed, merged, whole = (linked(incident, silver) for _again in range(3))
    own, open_one = linked(incident, supervisor), linked(incident, gold)
    notice = incident.answer(supervisor, TEXTS, LATER)
    closed.close(silver, at=LATER)
    merged.merge_into(supervisor, whole, at=LATER)
    deliver(SOON)
    assert bodies(closed, merged, own) == [[], [], []]
    assert bodies(whole, open_one) == [[TEXTS["sl"]], [TEXTS["cs"]]]
    assert state(notice) == (2, 3, True)


def test_two_that_became_one_ticket_about_something_else_get_one_answer(
    incident, silver, supervisor
):
    first, second, whole = linked(incident, silver), linked(incident, silver), submit(silver)
    announce(supervisor).affect(whole, silver, LATER)
    incident.answer(supervisor, TEXTS, LATER)
    for ticket in (first, second):
        ticket.merge_into(supervisor, whole, at=LATER)
    deliver(SOON)
    assert bodies(whole) == [[TEXTS["sl"]]]


def test_who_joins_later_is_not_meant(incident, silver, gold, supervisor):
    linked(incident, silver)
    notice = incident.answer(supervisor, TEXTS, LATER)
    late = submit(gold)
    incident.affect(late, gold, LATER + dt.timedelta(minutes=1))
    deliver(SOON)
    assert bodies(late) == [[]]
    assert state(notice) == (1, 0, True)


def test_a_ticket_that_is_about_another_incident_by_now_is_left_out(incident, silver, supervisor):
    moved, kept = linked(incident, silver), linked(incident, silver)
    other = Incident.objects.get(pk=incident.pk)
    other.pk = None
    other.save()
    incident.answer(supervisor, TEXTS, LATER)
    other.affect(moved, supervisor, SOON)
    deliver(SOON)
    assert bodies(moved, kept) == [[], [TEXTS["sl"]]]


def test_a_notice_to_nobody_is_done_at_once(incident, supervisor):
    notice = incident.answer(supervisor, TEXTS, LATER)
    assert deliver(SOON) == 0
    assert state(notice) == (0, 0, True)


def test_a_round_has_an_end_and_the_next_goes_on(incident, silver, supervisor):
    tickets = [linked(incident, silver) for _again in range(5)]
    notice = incident.answer(supervisor, TEXTS, LATER)
    assert deliver(SOON, limit=2) == 2
    assert state(notice) == (2, 0, False)
    assert [deliver(SOON, limit=2), deliver(SOON, limit=2), deliver(SOON)] == [2, 1, 0]
    assert bodies(*tickets) == [[TEXTS["sl"]]] * 5
    assert state(notice) == (5, 0, True)


def test_interrupted_in_the_middle_it_goes_on_where_it_was(
    incident, silver, supervisor, monkeypatch
):
    tickets = [linked(incident, silver) for _again in range(5)]
    notice = incident.answer(supervisor, TEXTS, LATER)
    queued()
    send, calls = emails.agent_replied, []

    def fail_at_the_third(ticket, reply):
        send(ticket, reply)
        calls.append(ticket)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(emails, "agent_replied", fail_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        deliver(SOON)
    assert state(notice) == (2, 0, False)
    assert (Reply.objects.count(), Email.objects.count()) == (2, 2)
    assert deliver(SOON) == 3
    assert bodies(*tickets) == [[TEXTS["sl"]]] * 5
    assert Email.objects.count() == 5


def test_the_database_fails_and_mails_go_out_all_the_same(
    incident, silver, supervisor, monkeypatch
):
    linked(incident, silver)
    notice = incident.answer(supervisor, TEXTS, LATER)

    def fail(*_args, **_post):
        raise OperationalError("canceling statement due to lock timeout")

    with monkeypatch.context() as broken:
        broken.setattr(Ticket, "reply", fail)
        with pytest.raises(ExceptionGroup):
            call_command("run_jobs")
    assert not Email.objects.exclude(status=STATUS.sent).exists()
    assert state(notice) == (0, 0, False)
    assert deliver(SOON) == 1


# The end


def test_a_member_with_two_tickets_gets_one_mail_in_their_language(
    incident, silver, gold, supervisor
):
    first, second = linked(incident, silver), linked(incident, silver, language="en")
    linked(incident, gold)
    queued()
    notice = incident.end(supervisor, ENDINGS, LATER, closes=False)
    assert deliver(SOON) == 2
    assert state(notice) == (2, 0, True)
    messages = told()
    assert set(messages) == {silver.email, gold.email}
    assert Email.objects.count() == 2
    said = messages[silver.email]
    assert "Spet deluje." in said
    assert "Plačila ne delujejo" in said
    for ticket in (first, second):
        assert ticket.number in said
        assert ticket.get_absolute_url() in said
        ticket.refresh_from_db()
        assert not ticket.is_closed
    assert "Už to funguje." in messages[gold.email]


def test_the_mail_says_what_became_of_each_ticket(incident, silver, supervisor):
    silver.language = "en"
    silver.save()
    early, late, own = (linked(incident, silver) for _again in range(3))
    early.close(silver, at=NOW)
    queued()
    incident.end(supervisor, ENDINGS, LATER, closes=True)
    late.merge_into(supervisor, own, at=LATER)
    queued()
    deliver(SOON)
    mail = Email.objects.get()
    assert mail.subject == f"[{early.number}] The known incident has ended"
    assert f"your tickets {early.number}, {late.number}, {own.number} are about" in mail.message
    assert f"Your ticket {early.number} was closed before." in mail.message
    assert f"Your ticket {late.number} was closed before." in mail.message
    assert f"We have closed your ticket {own.number}. If the issue continues" in mail.message
    assert mail.html_message.count("<a href=") == 3


def test_one_ticket_that_stays_open_can_be_followed(incident, silver, supervisor):
    silver.language = "en"
    silver.save()
    ticket = linked(incident, silver)
    queued()
    incident.end(supervisor, ENDINGS, LATER, closes=False)
    deliver(SOON)
    said = Email.objects.get().message
    assert f"your ticket {ticket.number} is about has ended: Payments fail" in said
    assert f"Your ticket {ticket.number} stays open. Follow its status here:\nhttp" in said


def test_ending_may_close_and_sends_no_second_mail(incident, silver, gold, supervisor):
    tickets = [linked(incident, silver), linked(incident, silver), linked(incident, gold)]
    queued()
    incident.end(supervisor, ENDINGS, LATER, closes=True)
    deliver(SOON)
    assert Email.objects.count() == 2
    for ticket in tickets:
        ticket.refresh_from_db()
        event = ticket.events.last()
        assert (ticket.status, event.verb, event.actor) == ("closed", "close", supervisor)


def test_who_has_no_address_gets_no_mail_and_is_counted(incident, silver, gold, supervisor):
    User.objects.filter(pk=silver.pk).update(email="")
    ticket = linked(incident, silver)
    linked(incident, gold)
    queued()
    notice = incident.end(supervisor, ENDINGS, LATER, closes=True)
    deliver(SOON)
    assert list(told()) == [gold.email]
    assert state(notice) == (1, 1, True)
    ticket.refresh_from_db()
    assert ticket.is_closed


def test_the_mail_belongs_to_the_member_for_privacy_too(incident, silver, gold, supervisor):
    linked(incident, silver)
    linked(incident, gold)
    queued()
    incident.end(supervisor, ENDINGS, LATER, closes=False)
    deliver(SOON)
    silver.email = "new@example.com"
    silver.save()
    found = [mail.to for rows in mails_of(silver) for mail in rows]
    assert found == [["sonja@example.com"]]


def test_an_answer_and_the_end_one_after_the_other(incident, silver, supervisor):
    ticket = linked(incident, silver)
    incident.answer(supervisor, TEXTS, LATER)
    incident.end(supervisor, ENDINGS, LATER, closes=True)
    assert deliver(SOON) == 2
    assert bodies(ticket) == [[TEXTS["sl"]]]
    ticket.refresh_from_db()
    assert ticket.is_closed


def test_an_end_that_breaks_off_tells_the_rest_later(
    incident, silver, gold, supervisor, monkeypatch
):
    tickets = [linked(incident, member) for member in (silver, gold, silver)]
    queued()
    notice = incident.end(supervisor, ENDINGS, LATER, closes=True)
    send = emails.incident_ended

    def fail(member, *rest):
        send(member, *rest)
        if member == gold:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(emails, "incident_ended", fail)
        with pytest.raises(KeyboardInterrupt):
            deliver(SOON)
    assert Email.objects.count() == state(notice)[0] <= 1
    deliver(SOON)
    assert sorted(told()) == sorted([silver.email, gold.email])
    assert Email.objects.count() == 2
    assert {ticket.events.filter(verb="close").count() for ticket in tickets} == {1}


# Several at once, and death


def crowd(incident, count):
    """Members with a ticket each."""
    members = [person(f"many{n}", Rank.SILVER, member_id=f"77{n:05d}") for n in range(count)]
    return [linked(incident, member, language="en") for member in members]


@needs_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["reply", "end"])
def test_two_workers_at_once_send_nothing_twice(kind, incident, supervisor):
    tickets = crowd(incident, 30)
    queued()
    if kind == "reply":
        notice = incident.answer(supervisor, TEXTS, LATER)
    else:
        notice = incident.end(supervisor, ENDINGS, LATER, closes=True)
    begin, dealt = threading.Barrier(3), []

    def work():
        begin.wait()
        dealt.append(deliver(SOON))
        connections.close_all()

    workers = [threading.Thread(target=work) for _n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(dealt) == 30
    assert state(notice) == (30, 0, True)
    assert Email.objects.count() == 30
    verb = "reply" if kind == "reply" else "close"
    assert [ticket.events.filter(verb=verb).count() for ticket in tickets] == [1] * 30


DYING = """
import os, signal, sys
import django
django.setup()
from tickets import incidents, emails
left, send = int(sys.argv[1]), emails._post
def post(*args, **words):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return send(*args, **words)
emails._post = post
from django.core.management import call_command
call_command("run_jobs")
"""


@needs_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["reply", "end"])
def test_kill_minus_nine_in_the_middle_and_nobody_is_told_twice(
    kind, incident, supervisor, settings, tmp_path
):
    tickets = crowd(incident, 8)
    queued()
    if kind == "reply":
        notice = incident.answer(supervisor, TEXTS, LATER)
    else:
        notice = incident.end(supervisor, ENDINGS, LATER, closes=True)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "live_settings",
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
        ),
        "LIVE_DATABASE": str(connection.settings_dict["NAME"]),
        "EMAIL_URL": f"filemail:///{tmp_path}/mail",
        "MEDIA_ROOT": settings.MEDIA_ROOT,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    for survives in (3, 2, 100):
        run = subprocess.run(
            [sys.executable, "-c", DYING, str(survives)],
            env=environment,
            cwd=TESTS.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == (0 if survives == 100 else -signal.SIGKILL), run.stderr
    assert state(notice) == (8, 0, True)
    mails = Email.objects.values_list("to", flat=True)
    assert sorted(to[0] for to in mails) == sorted(t.member.email for t in tickets)
    verb = "reply" if kind == "reply" else "close"
    assert [ticket.events.filter(verb=verb).count() for ticket in tickets] == [1] * 8
