"""The figures of the week by mail: who asked gets one, on Monday from six, in their language."""

import datetime as dt
import re
import threading

import pytest
from conftest import answer, person, signed_in, submit
from django.db import connections
from post_office.models import Email
from servers import needs_postgresql

from accounts.models import Rank, User
from helpdesk import weekly
from helpdesk.dashboard.figures import gather
from helpdesk.management.commands.run_jobs import keep_figures
from helpdesk.weekly import send_due
from tickets.reports import Scope

pytestmark = pytest.mark.django_db
SIX = dt.datetime(2026, 7, 13, 6, 0, tzinfo=dt.UTC)
HOUR, DAY, WEEK = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=7)
LAST_WEEK = Scope(first=dt.date(2026, 7, 6), last=dt.date(2026, 7, 12))
PREFERENCES = {"language": "en", "time_zone": "Europe/Ljubljana", "appearance": "system"}


@pytest.fixture
def reader(supervisor):
    """A supervisor who asked for the mail."""
    supervisor.wants_figures, supervisor.language = True, "en"
    supervisor.save()
    return supervisor


def plain(text):
    return text.replace("\u00a0", " ")


def mails_to(someone):
    return [mail for mail in Email.objects.order_by("pk") if mail.to == [someone.email]]


# When


@pytest.mark.parametrize(
    ("at", "count"),
    [
        (SIX - DAY, 0),  # on Sunday the week before has been told
        (SIX - dt.timedelta(microseconds=1), 0),
        (SIX, 1),
        (SIX.astimezone(dt.timezone(dt.timedelta(hours=-7))), 1),  # whatever zone "at" is told in
        (SIX + 2 * DAY, 1),  # the jobs were down
    ],
)
def test_it_comes_on_monday_from_six_or_later_that_week(reader, at, count):
    reader.figures_sent_on = LAST_WEEK.first - WEEK
    reader.save()
    assert send_due(at) == count
    assert len(mails_to(reader)) == count


def test_one_comes_each_week_however_often_the_jobs_run(reader):
    at = SIX
    for week in range(3):
        assert send_due(at) == 1
        reader.refresh_from_db()
        assert reader.figures_sent_on == LAST_WEEK.first + week * WEEK
        for _hour in range(6 * 24):
            assert send_due(at) == 0
            at += HOUR
        at += DAY
    subjects = [plain(mail.subject) for mail in mails_to(reader)]
    assert subjects == [
        "Figures of the week: 6 – 12 Jul 2026",
        "Figures of the week: 13 – 19 Jul 2026",
        "Figures of the week: 20 – 26 Jul 2026",
    ]


@pytest.mark.parametrize("monday", ["2026-03-30", "2026-10-26"])  # after the clocks changed
def test_summer_time_changes_nothing(reader, monday):
    at = dt.datetime.fromisoformat(f"{monday}T06:00:00+00:00")
    assert send_due(at - dt.timedelta(seconds=1)) == 0
    assert send_due(at) == 1


def test_the_jobs_send_it_after_the_figures_of_sunday_are_kept(reader):
    keep_figures(SIX)
    keep_figures(SIX + HOUR)
    assert len(mails_to(reader)) == 1


# Who


def test_only_who_asked_and_may_see_it_gets_one(reader, agent, silver):
    boss = User.objects.create_superuser("boss", "boss@example.com", wants_figures=True)
    asked = {"wants_figures": True, "is_staff": True, "member_id": None}
    quiet = person("klara", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    gone = person("gone", Rank.WELLNESS_ADVOCATE, is_active=False, **asked)
    nowhere = person("nowhere", Rank.WELLNESS_ADVOCATE, email="", **asked)
    outside = person("outside", Rank.SILVER, wants_figures=True)
    for someone in (quiet, gone, nowhere, outside):
        someone.groups.set(reader.groups.all())
    User.objects.filter(pk__in=[agent.pk, silver.pk]).update(wants_figures=True)
    assert send_due(SIX) == 2
    assert {mail.to[0] for mail in Email.objects.all()} == {reader.email, boss.email}


def test_who_lost_the_permission_gets_none(reader):
    reader.groups.clear()
    assert send_due(SIX) == 0


def test_it_is_asked_for_in_the_preferences(supervisor, agent, silver):
    for someone in (agent, silver):
        client = signed_in(someone)
        assert "wants_figures" not in client.get("/preferences/").content.decode()
        client.post("/preferences/", {**PREFERENCES, "wants_figures": "on"})
        assert not User.objects.get(pk=someone.pk).wants_figures
    client = signed_in(supervisor)
    assert "Weekly figures by email" in client.get("/preferences/").content.decode()
    for choice in ({"wants_figures": "on"}, {}):
        assert client.post("/preferences/", {**PREFERENCES, **choice}).status_code == 303
        assert User.objects.get(pk=supervisor.pk).wants_figures is bool(choice)


def test_who_lost_the_permission_keeps_the_choice_and_is_not_asked(reader):
    reader.groups.clear()
    client = signed_in(reader)
    assert "wants_figures" not in client.get("/preferences/").content.decode()
    client.post("/preferences/", PREFERENCES)
    assert User.objects.get(pk=reader.pk).wants_figures


# What

SUBJECTS = {
    "en": "Figures of the week: 6 – 12 Jul 2026",
    "cs": "Statistika týdne: 6. – 12. 7. 2026",
    "sl": "Statistika tedna: 6. – 12. 7. 2026",
}


@pytest.mark.parametrize("language", SUBJECTS)
def test_it_speaks_the_language_of_who_reads_it(reader, silver, agent, language):
    opened = dt.datetime(2026, 7, 8, 9, tzinfo=dt.UTC)
    answer(submit(silver, at=opened), agent, at=opened + HOUR)
    reader.language = language
    reader.save()
    assert send_due(SIX) == 1
    [mail] = mails_to(reader)
    assert plain(mail.subject) == SUBJECTS[language]
    assert f'<html lang="{language}">' in mail.html_message
    with weekly.translation.override(language):
        board = gather(LAST_WEEK, SIX, team=True)
    assert board.figures
    assert board.tiles
    for told in (mail.message, mail.html_message):
        text = weekly_text(told)
        for figure in board.figures:
            assert weekly_text(figure.title) in text
            assert weekly_text(figure.sentence) in text
        for tile in board.tiles:  # those of a week would be of another one than it says
            note = f" ({tile.note})" if tile.note else ""
            is_told = weekly_text(f"{tile.label}: {tile.value}{note}") in text
            assert is_told is not tile.of_week


def weekly_text(told):
    """Without markup, and with plain spaces."""
    told = re.sub(r"<(style|title).*?</\1>", "", told, flags=re.DOTALL)
    for entity, sign in (("&#x27;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&amp;", "&")):
        told = told.replace(entity, sign)
    return " ".join(re.sub(r"</?[a-z][^>]*>", "", told).split())


def test_each_of_two_readers_gets_their_own_language(reader):
    other = person("ela", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None, language="cs")
    other.groups.set(reader.groups.all())
    User.objects.filter(pk=other.pk).update(wants_figures=True)
    assert send_due(SIX) == 2
    assert plain(mails_to(reader)[0].subject) == SUBJECTS["en"]
    assert plain(mails_to(other)[0].subject) == SUBJECTS["cs"]


def test_it_leads_to_the_dashboard_and_to_where_it_is_stopped(reader, settings):
    settings.PORTAL_URL = "https://help.example.org"
    send_due(SIX)
    [mail] = mails_to(reader)
    for told in (mail.message, mail.html_message):
        assert "https://help.example.org/admin/?days=7" in told
        assert "https://help.example.org/preferences/" in told


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("2026-07-06", "6 – 12 Jul 2026"),
        ("2026-06-29", "29 Jun – 5 Jul 2026"),
        ("2026-12-28", "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_a_week_across_months_and_years_says_so(reader, first, words):
    at = dt.datetime.fromisoformat(f"{first}T06:00:00+00:00") + WEEK
    send_due(at)
    assert plain(mails_to(reader)[0].subject).endswith(f": {words}")


# Once


def test_a_mail_and_its_note_are_written_together(reader, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(User, "save", fail)
        with pytest.raises(OSError, match="full"):
            send_due(SIX)
    assert not Email.objects.exists()
    assert send_due(SIX) == 1


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_nodes_one_sends(reader, monkeypatch):
    """The second finds the row locked, and then that it was done."""
    counts, inside, go = [], threading.Event(), threading.Event()
    write = weekly._mail

    def slowly(*args):
        inside.set()
        go.wait(10)
        return write(*args)

    def node():
        counts.append(send_due(SIX))
        connections.close_all()

    monkeypatch.setattr(weekly, "_mail", slowly)
    nodes = [threading.Thread(target=node) for _node in range(2)]
    nodes[0].start()
    assert inside.wait(10)
    nodes[1].start()
    nodes[1].join(1)
    assert nodes[1].is_alive()  # it waits
    go.set()
    for thread in nodes:
        thread.join()
    assert sorted(counts) == [0, 1]
    assert len(mails_to(reader)) == 1


def test_who_changes_their_mind_while_it_is_written_gets_none(reader):
    board = gather(LAST_WEEK, SIX, team=True)
    User.objects.update(wants_figures=False)
    assert not weekly._send(reader.pk, board, SIX)
    assert not Email.objects.exists()
