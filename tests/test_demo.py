"""The demo: a portal full of people and issues, made once and only in the embedded database."""

import io
import socket

import pytest
from conftest import NOW, signed_in
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

from accounts.models import Rank, User
from helpdesk.management.commands import demo
from tickets.models import Reply, Screenshot, Ticket
from tickets.models.event import Verb

Status = Ticket.Status


@pytest.fixture
def without_pictures(monkeypatch):
    """Drawing and sanitising takes seconds; most stories do not look at pictures."""
    monkeypatch.setattr(demo, "_uploads", lambda picture, owner, at: [])


@pytest.fixture
def demo_portal(seeded, without_pictures):
    demo.populate(NOW)


def rows():
    people = list(User.objects.order_by("pk").values())
    return people, list(Ticket.objects.order_by("pk").values()), Reply.objects.count()


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
    members = User.objects.filter(is_staff=False)
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
