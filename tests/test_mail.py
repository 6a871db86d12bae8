"""Mails: a row in the outbox with what it reports, delivered later whatever happens meanwhile."""

import contextlib
import datetime as dt
import re
import socket
import threading
import uuid
from email import message_from_bytes, policy

import pytest
import time_machine
from aiosmtpd.controller import Controller
from conftest import NOW, answer, png_file, signed_in, submit
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone, translation
from post_office.models import STATUS, Email
from servers import needs_postgresql

from helpdesk.management.commands import run_jobs as jobs
from helpdesk.management.commands.run_jobs import run_once, sweep
from tickets.models import Draft, Screenshot, TransitionError

LATER = NOW + dt.timedelta(hours=2)


def five_mails(member, agent, text="Which browser?"):
    """All mails that one ticket can cause, in the order of the stories below."""
    ticket = submit(member, title=text, description=text)
    answer(ticket, agent, text)
    answer(ticket, agent, text, verb="ask")
    ticket.close(agent, at=LATER)
    ticket.reopen(member, text, submission_id=uuid.uuid4(), at=LATER)
    mails = list(Email.objects.order_by("pk"))
    assert len(mails) == 5
    return ticket, mails


def in_language(member, language):
    member.language = language
    member.save()
    return member


# Words

SUBJECTS = {  # GLOSSARY G163, G165, G164, G166, G167
    "en": [
        "We have received your issue",
        "New reply from support",
        "We need more information",
        "Your issue is closed",
        "Your issue is open again",
    ],
    "cs": [
        "Přijali jsme váš lístek",
        "Nová odpověď technické podpory",
        "Potřebujeme od vás další informace",
        "Váš lístek je uzavřen",
        "Váš lístek je znovu otevřen",
    ],
    "sl": [
        "Prejeli smo vaš zahtevek",
        "Nov odgovor tehnične podpore",
        "Od vas potrebujemo dodatne informacije",
        "Vaš zahtevek je zaprt",
        "Vaš zahtevek je znova odprt",
    ],
}
LEADS = {  # what begins the body, GLOSSARY G205–G207
    "en": ("Hello,\n\nWe have received your ticket", "Kind regards\nthe technical support team"),
    "cs": ("Dobrý den,\n\npřijali jsme váš lístek", "S pozdravem\ntým technické podpory"),
    "sl": ("Pozdravljeni,\n\nprejeli smo vaš zahtevek", "Lep pozdrav\nekipa za tehnično podporo"),
}


def plain(text):
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize("language", SUBJECTS)
def test_every_mail_speaks_the_members_language(silver, agent, language):
    with translation.override("en" if language == "cs" else "cs"):
        ticket, mails = five_mails(in_language(silver, language), agent)
    subjects = [plain(mail.subject) for mail in mails]
    assert subjects == [f"[{ticket.number}] {subject}" for subject in SUBJECTS[language]]
    assert all(len(subject) <= 60 for subject in subjects)
    greeting, closing = LEADS[language]
    assert plain(mails[0].message).startswith(f"{greeting} {ticket.number}.")
    assert all(closing in plain(mail.message) for mail in mails)
    assert all(f'<html lang="{language}">' in mail.html_message for mail in mails)


def test_an_agents_page_in_english_causes_a_mail_in_slovenian(ticket, agent):
    page = f"/admin/tickets/ticket/{ticket.pk}/change/"
    signed_in(agent).post(page, {"action": "reply", "body": "Which browser?"})
    mail = Email.objects.latest("pk")
    assert plain(mail.subject) == f"[{ticket.number}] Nov odgovor tehnične podpore"
    assert "Which browser?" in mail.message


def test_no_subject_carries_a_word_that_somebody_wrote(silver, agent):
    silver.first_name = "Skrivnost"
    _ticket, mails = five_mails(silver, agent, "Skrivnost\r\nBcc: all@example.com")
    for mail in mails:
        assert re.fullmatch(r"\[TI-\d+\] [^\r\n]+", mail.subject)
        assert "Skrivnost" not in mail.subject
        headers = mail.email_message().message()
        assert headers["Bcc"] is None
        assert headers["To"] == silver.email


def test_a_mail_quotes_two_hundred_characters_at_most(ticket, agent):
    answer(ticket, agent, "<č> " * 200)
    mail = Email.objects.latest("pk")
    quote = mail.message.split("\n\n")[2]
    assert len(quote) <= 200
    assert quote.startswith("<č> <č>")
    assert quote.endswith("…")
    assert mail.html_message.count("&lt;č&gt;") == quote.count("<č>")


def test_links_come_from_the_setting_and_not_from_the_request(silver, agent, settings):
    settings.PORTAL_URL = "https://help.example.org"
    post = {"language": "sl", "title": "Ne gre", "description": "Nič.", "submission_id": ""}
    signed_in(silver, SERVER_NAME="localhost").post("/technical-issues/new/", post)
    mail = Email.objects.get()
    for body in (mail.message, mail.html_message):
        assert "https://help.example.org/technical-issues/" in body
        assert "localhost" not in body


def test_no_mail_is_written_for_what_was_rolled_back(ticket, agent):
    with transaction.atomic():
        answer(ticket, agent)
        assert Email.objects.count() == 2
        transaction.set_rollback(True)
    assert Email.objects.count() == 1


def test_no_mail_is_written_for_what_is_impossible(ticket, silver, agent):
    ticket.close(silver, at=LATER)
    with pytest.raises(TransitionError):
        answer(ticket, agent)
    assert Email.objects.count() == 1


def test_nobody_without_an_address_gets_mail(silver, agent):
    silver.email = ""
    silver.save()
    ticket = submit(silver)
    answer(ticket, agent)
    ticket.close(agent, at=LATER)
    assert not Email.objects.exists()


def test_members_get_no_mail_about_their_own_replies_and_closing(ticket, silver):
    answer(ticket, silver)
    ticket.close(silver, at=LATER)
    assert Email.objects.count() == 1


ODD = ["no-address", "ž", "ž@", "@", "a b@example.com", "ana@primer.si, b@example.com", "a@b\nc: d"]


@pytest.mark.parametrize("address", ODD)
def test_an_odd_address_costs_no_ticket(silver, address):
    silver.email = address
    silver.save()
    assert submit(silver).pk


# Delivery


class Postbox:
    """A mail server that keeps what it gets, and refuses ``refused`` addresses."""

    def __init__(self):
        self.messages, self.refused = [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def people(self):
        return sorted(message["To"] for message in self.messages)


@pytest.fixture
def port(settings):
    """A free port, to which the portal sends its mail; nobody listens there yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    settings.POST_OFFICE = {**settings.POST_OFFICE, "BACKENDS": {"default": smtp}}
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free
    return free


@pytest.fixture
def postbox(port):
    with listening(port, Postbox()) as handler:
        yield handler


@contextlib.contextmanager
def listening(port, handler):
    """A mail server that is up for as long as the block lasts."""
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def run_jobs():
    call_command("run_jobs", "--once")


def statuses():
    return list(Email.objects.order_by("pk").values_list("status", flat=True))


def test_a_queued_mail_is_delivered_once(ticket, silver, postbox):
    run_jobs()
    run_jobs()
    [message] = postbox.messages
    row = Email.objects.get()
    assert row.status == STATUS.sent
    assert message["To"] == silver.email
    assert message["Subject"] == row.subject
    assert message["Message-ID"] == row.message_id
    assert message.get_body(["plain"]).get_content().replace("\r\n", "\n") == row.message
    assert ticket.number in message.get_body(["html"]).get_content()


def test_an_outage_delays_a_mail_and_loses_none(ticket, agent, port):
    answer(ticket, agent)
    names = list(Email.objects.values_list("message_id", flat=True))
    run_jobs()
    assert statuses() == [STATUS.requeued] * 2
    with listening(port, Postbox()) as postbox:
        run_jobs()  # too soon
        assert postbox.messages == []
        with time_machine.travel(timezone.now() + dt.timedelta(minutes=16)):
            run_jobs()
    assert statuses() == [STATUS.sent] * 2
    assert sorted(message["Message-ID"] for message in postbox.messages) == sorted(names)


def test_three_days_of_outage_are_survived(ticket, port, settings):
    office = settings.POST_OFFICE
    assert office["MAX_RETRIES"] * office["RETRY_INTERVAL"] >= dt.timedelta(days=3)
    row = Email.objects.get()
    for days in range(3):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            run_jobs()
    row.refresh_from_db()
    assert (row.status, row.number_of_retries) == (STATUS.requeued, 3)


@pytest.mark.parametrize("address", ["nobody@example.com", *ODD[:5]])
def test_one_odd_address_does_not_stop_the_others(silver, gold, other_silver, postbox, address):
    postbox.refused.add("nobody@example.com")
    silver.email = address
    silver.save()
    for member in (gold, silver, other_silver):
        submit(member)
    run_jobs()
    assert set(postbox.people) >= {gold.email, other_silver.email}


def test_a_job_that_fails_keeps_no_other_from_being_done(ticket, postbox, monkeypatch):
    def fail(at):
        raise RuntimeError("a fault in another job")

    monkeypatch.setattr(jobs, "JOBS", (fail, *jobs.JOBS))
    with pytest.raises(ExceptionGroup, match="jobs failed"):
        run_jobs()
    assert postbox.people == [ticket.member.email]


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_runs_at_once_one_sends(ticket, port):
    class Slow(Postbox):
        arrived, go = threading.Event(), threading.Event()

        async def handle_DATA(self, *args):
            self.arrived.set()
            self.go.wait(10)
            return await super().handle_DATA(*args)

    with listening(port, Slow()) as postbox:
        first = threading.Thread(target=lambda: (run_once(), connections.close_all()))
        first.start()
        assert postbox.arrived.wait(10)
        run_once()  # while the other is in the middle of sending
        postbox.go.set()
        first.join()
        run_once()
    assert len(postbox.messages) == 1
    assert statuses() == [STATUS.sent]


# Sweeping


@pytest.fixture
def old(silver, django_capture_on_commit_callbacks):
    """Sweep what is a day old and older; things made by stories are 25 hours old."""

    def sweep_now():
        with django_capture_on_commit_callbacks(execute=True):
            sweep(NOW + dt.timedelta(hours=25))

    return sweep_now


def test_an_upload_that_nobody_sent_is_swept_with_its_files(upload, old):
    stored = upload.picture.storage
    old()
    assert not Screenshot.objects.exists()
    assert not stored.exists(upload.picture.name)
    assert not stored.exists(upload.thumb.name)


def test_a_file_without_a_row_is_swept_once_it_is_a_day_old(upload):
    storage = upload.picture.storage
    lost = storage.save("screenshots/ab/lost", ContentFile(b"half"))
    now = timezone.now()
    assert Screenshot.objects.sweep_orphans(now) == 0
    assert Screenshot.objects.sweep_orphans(now + dt.timedelta(hours=25)) == 1
    assert not storage.exists(lost)
    assert storage.exists(upload.picture.name)


def test_what_was_sent_stays(ticket, silver, upload, old):
    answer(ticket, silver, screenshots=[upload])
    old()
    upload.refresh_from_db()
    assert upload.picture.storage.exists(upload.picture.name)


def test_a_day_is_a_day(silver, upload):
    Draft.objects.create(owner=silver, title="Half", saved_at=NOW)
    sweep(NOW + dt.timedelta(hours=23, minutes=59))
    assert Draft.objects.exists()
    assert Screenshot.objects.exists()
    sweep(NOW + dt.timedelta(hours=24))
    assert not Draft.objects.exists()
    assert not Screenshot.objects.exists()


def test_a_draft_still_being_written_keeps_its_pictures(silver, upload, old):
    saved_at = NOW + dt.timedelta(hours=20)
    draft = Draft.objects.create(owner=silver, title="Half", saved_at=saved_at)
    draft.keep([upload.uuid])
    old()
    assert draft.screenshots.get() == upload


def test_sweeping_goes_with_every_run(silver, port):
    long_ago = timezone.now() - dt.timedelta(days=2)
    Screenshot.objects.upload(silver, png_file(), long_ago)
    Draft.objects.create(owner=silver, title="Half", saved_at=long_ago)
    run_jobs()
    assert not Screenshot.objects.exists()
    assert not Draft.objects.exists()
