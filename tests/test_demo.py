"""The demo: a portal full of people and issues, made once and only in the embedded database."""

import datetime as dt
import io
import socket
import statistics

import pytest
from conftest import NOW, signed_in
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from PIL import Image

from accounts.models import Rank, User
from chat.models import Conversation, Message
from helpdesk import past_stories
from helpdesk.management.commands import demo
from tickets.models import (
    Incident,
    Notice,
    Reply,
    Screenshot,
    Ticket,
    TicketEvent,
)
from tickets.models.event import Verb

Status = Ticket.Status
CAST = [person.username for person in demo.PEOPLE]


@pytest.fixture
def without_pictures(monkeypatch):
    """Drawing and sanitising takes seconds; most stories do not look at pictures."""
    monkeypatch.setattr(demo, "_uploads", lambda picture, owner, at: [])


@pytest.fixture
def demo_portal(seeded, without_pictures):
    demo.populate(NOW)


def rows():
    tables = [User, Ticket, Conversation]
    shown = [list(table.objects.order_by("pk").values()) for table in tables]
    return shown, Reply.objects.count(), TicketEvent.objects.count(), Message.objects.count()


def test_a_second_run_changes_nothing_and_prints_the_same(seeded, without_pictures, monkeypatch):
    monkeypatch.setattr(demo, "_refuse_other_databases", lambda: None)  # also on PostgreSQL
    outputs, contents = [], []
    for _run in range(2):
        call_command("demo", "--no-serve", stdout=(output := io.StringIO()))
        outputs.append(output.getvalue())
        contents.append(rows())
    assert contents[0] == contents[1]
    assert outputs[0] == outputs[1]
    for person in demo.PEOPLE:
        assert person.username in outputs[0]
    assert demo.SESAME in outputs[0]


def test_everybody_of_the_cast_is_there(demo_portal):
    members = User.objects.filter(is_staff=False, username__in=CAST)
    assert sorted(members.values_list("rank", flat=True)) == [
        *(Rank.PREMIER, Rank.SILVER, Rank.SILVER, Rank.GOLD)
    ]
    assert not members.filter(rank_since=None).exists()
    agents = User.objects.filter(groups__name="Agents")
    assert list(agents.values_list("rank", flat=True)) == [Rank.WELLNESS_ADVOCATE] * 2
    assert User.objects.get(groups__name="Supervisors").has_perm("tickets.change_servicewindow")
    assert not User.objects.filter(is_superuser=True).exists()


def test_everybody_signs_in_with_the_printed_password(demo_portal, client):
    for person in demo.PEOPLE:
        answer = client.post(
            "/accounts/login/", {"login": person.username, "password": demo.SESAME}
        )
        assert answer.status_code == 302, person.username
        client.logout()


def test_every_state_language_and_verb_is_present(demo_portal):
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Status.values)
    assert set(Ticket.objects.values_list("language", flat=True)) == {"en", "cs", "sl", "other"}
    verbs = {verb for ticket in Ticket.objects.all() for verb in ticket.events.values_list("verb")}
    assert verbs == {(verb.value,) for verb in Verb if verb != Verb.REDACT}


def test_one_member_has_issues_in_every_state_and_many_closed(demo_portal, settings):
    maja = User.objects.get(username="maja")
    counts = {status: maja.tickets.filter(status=status).count() for status in Status}
    assert counts[Status.OPEN] >= 2
    assert counts[Status.AWAITING_FEEDBACK] >= 2
    assert counts[Status.CLOSED] > settings.CLOSED_PREVIEW
    assert signed_in(maja).get("/technical-issues/").status_code == 200


def test_all_happened_before_now_and_in_order(demo_portal):
    for ticket in Ticket.objects.all():
        times = list(ticket.events.order_by("pk").values_list("at", flat=True))
        assert times == sorted(times)
        assert times[-1] < NOW
    dates = list(Ticket.objects.order_by("pk").values_list("created_at", flat=True))
    assert dates == sorted(dates)


def test_pictures_are_real_and_sanitised(seeded):
    demo.populate(NOW)
    assert Screenshot.objects.count() == 6
    assert not Screenshot.objects.waiting().exists()
    assert Screenshot.objects.filter(reply__isnull=False).exists()
    for screenshot in Screenshot.objects.all():
        with Image.open(screenshot.picture) as image:
            assert image.size == (1280, 720)
            assert not image.getexif()
            assert len(image.convert("L").getcolors(256)) > 8


def test_what_is_drawn_carries_the_metadata_that_sanitising_removes():
    with Image.open(io.BytesIO(demo.draw(demo.TIMEOUT))) as image:
        assert image.getexif()


@pytest.mark.parametrize("elsewhere", ["vendor", "folder", "hardened"])
def test_any_other_database_is_refused(seeded, settings, monkeypatch, tmp_path, elsewhere):
    if elsewhere == "vendor":
        monkeypatch.setattr(connection, "vendor", "postgresql")
    elif elsewhere == "folder":
        settings.DATA_DIR = tmp_path
    else:
        settings.HARDENED = True
    with pytest.raises(CommandError, match="embedded database only"):
        call_command("demo", "--no-serve")
    assert not User.objects.exists()


def test_people_who_bear_a_name_of_the_demo_are_left_alone(seeded):
    User.objects.create_user("maja", password="somebody else's")
    with pytest.raises(CommandError, match="names of the demo are taken"):
        demo.populate(NOW)
    assert not Ticket.objects.exists()


def test_a_taken_port_is_named():
    with socket.socket() as other:
        other.bind((demo.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"--port {port + 1}"):
            demo._refuse_taken(port)


def past_tickets():
    return Ticket.objects.exclude(member__username__in=CAST)


def share(rows, of):
    return rows.count() / of.count()


def test_ninety_days_of_many_people_lie_behind_the_house(demo_portal):
    past, day = past_tickets(), dt.timedelta(days=1)
    assert past.count() >= past_stories.TICKETS
    days = {ticket.created_at.date() for ticket in past}
    assert NOW - 97 * day < past.earliest("created_at").created_at < NOW - 85 * day
    assert len([each for each in days if each.weekday() < 5]) > 50
    weekend = sum(ticket.created_at.weekday() > 4 for ticket in past)
    assert weekend < past.count() / 8
    of_late, before = (
        past.filter(created_at__gt=NOW - last * day, created_at__lte=NOW - first * day).count()
        for first, last in ((0, 10), (14, 24))
    )
    assert of_late > 1.3 * before

    expected = {"en": 0.45, "cs": 0.33, "sl": 0.19, "other": 0.03}
    for language, portion in expected.items():
        assert share(past.filter(language=language), past) == pytest.approx(portion, abs=0.05)
    members = User.objects.filter(tickets__in=past).distinct()
    assert 30 <= members.count() <= 40
    assert len(set(members.values_list("rank", flat=True))) > 3
    assert not any(member.has_usable_password() for member in members)
    names = [member.get_full_name() for member in User.objects.all()]
    assert len(names) == len(set(names))
    assert share(past.exclude(topic=None), past) > 0.7
    agents = set(past.exclude(assignee=None).values_list("assignee__username", flat=True))
    assert agents == {"nina", "marek", "sarah"}


def test_the_desk_answered_within_hours_and_is_nearly_done(demo_portal):
    past = past_tickets()
    waited = [row.first_reply_at - row.created_at for row in past.exclude(first_reply_at=None)]
    assert len(waited) > 0.8 * past.count()
    assert dt.timedelta(minutes=30) < statistics.median(waited) < dt.timedelta(hours=4)
    unfinished = past.unfinished()
    assert 5 <= unfinished.count() <= 12
    assert unfinished.earliest("created_at").created_at > NOW - dt.timedelta(days=7)
    told = Ticket.objects.unfinished().filter(member__username__in=CAST)
    oldest = min(ticket.waiting_since for ticket in told)
    assert oldest < min(ticket.waiting_since for ticket in unfinished)
    assert 2 <= past.exclude(merged_into=None).count() <= 15
    assert past.filter(events__verb="reopen").distinct().count() >= 3

    yesterday = NOW - dt.timedelta(days=1)
    for username in ("nina", "marek", "sarah"):
        news = past.unread_by(User.objects.get(username=username))
        assert [t for t in news if t.events.latest("pk").at <= yesterday] == []


def test_chats_were_answered_missed_and_given_up(demo_portal):
    chats = Conversation.objects.all()
    assert 200 < chats.count() < 240
    assert all(chat.status == "closed" and chat.closed_at < NOW for chat in chats)
    unanswered = [chat for chat in chats if chat.first_claimed_at is None]
    target = dt.timedelta(minutes=5)
    assert {chat.closed_at - chat.queued_at >= target for chat in unanswered} == {True, False}
    assert all(chat.created_at.weekday() < 5 and 6 <= chat.created_at.hour < 21 for chat in chats)
    for ticket in Ticket.objects.exclude(from_chat=None):
        assert Conversation.objects.get(uuid=ticket.from_chat).member_id == ticket.member_id
    assert Ticket.objects.exclude(from_chat=None).count() > 5


@pytest.mark.parametrize("later", [0, 0.3, 3, 4.5], ids=["dawn", "midday", "Saturday", "Sunday"])
def test_it_can_be_made_on_any_day_and_at_any_hour(seeded, without_pictures, later):
    now = NOW + dt.timedelta(days=later, hours=-8)
    demo.populate(now)
    dates = list(Ticket.objects.order_by("pk").values_list("created_at", flat=True))
    assert dates == sorted(dates)
    assert TicketEvent.objects.latest("at").at < now
    assert past_tickets().unfinished().count() <= 12
    (current,), (over,) = Incident.objects.current(), Incident.objects.past()
    is_today = current.started_at.date() == now.date()
    assert is_today == (later == 0.3)
    assert current.started_at < current.published_at < now
    assert f"{current.started_at:%H:%M} GMT" in current.text_cs
    affected = [link.ticket for link in current.affected.all()]
    assert [ticket.is_closed for ticket in affected] == [False, False]
    assert not {ticket.member.username for ticket in affected} & set(CAST)
    assert [link.ticket.is_closed for link in over.affected.all()] == [True, True, True]
    assert not Notice.objects.filter(done_at=None).exists()


def test_the_same_dice_fall_alike(seeded, without_pictures):
    told = []
    for _time in range(2):
        with transaction.atomic():
            demo.populate(NOW)
            told.append(list(past_tickets().order_by("created_at").values_list("title", "status")))
            transaction.set_rollback(True)
    assert told[0] == told[1]
