"""When the chat takes questions: the hours by the minute, holidays, both changes of the clock."""

import datetime as dt
import uuid

import pytest
import time_machine
from conftest import signed_in

from chat import queue
from chat.models import Conversation
from tickets.models import Holiday

FRIDAY = "2026-07-17"
TYPED = {"name": "Sonja", "email": "sonja@example.com", "question": "Kept for later"}


def at(moment, someone, **typed):
    """The chat page of ``someone`` at a GMT moment, or what sending the form gives."""
    with time_machine.travel(dt.datetime.fromisoformat(f"{moment}+00:00"), tick=False):
        queue.forget()
        client = signed_in(someone)
        if typed:
            return client.post("/chat/", {**typed, "submission_id": uuid.uuid4()})
        return client.get("/chat/")


@pytest.fixture
def member(silver):
    silver.language = "en"
    silver.save()
    return silver


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (f"{FRIDAY}T05:59:59", False),
        (f"{FRIDAY}T06:00:00", True),
        (f"{FRIDAY}T13:00:00", True),
        (f"{FRIDAY}T20:59:59", True),
        (f"{FRIDAY}T21:00:00", False),
        ("2026-07-18T12:00:00", False),
        ("2026-07-19T12:00:00", False),
        ("2026-01-16T20:59:59", True),
        ("2026-01-16T21:00:00", False),
        ("2026-03-30T05:59:59", False),
        ("2026-03-30T06:00:00", True),
        ("2026-10-26T05:59:59", False),
        ("2026-10-26T06:00:00", True),
    ],
)
def test_the_door_opens_and_closes_by_gmt(moment, is_open, member):
    page, sent = at(moment, member), at(moment, member, **TYPED)
    shown = [template.name for template in page.templates]
    assert ("chat/start.html" in shown, "chat/closed.html" in shown) == (is_open, not is_open)
    assert sent.status_code == (303 if is_open else 409)
    assert Conversation.objects.exists() is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (f"{FRIDAY}T21:00:00", "Opens: Mon 20 Jul, 06:00 GMT (08:00 your time)"),
        ("2026-03-28T12:00:00", "Opens: Mon 30 Mar, 06:00 GMT (08:00 your time)"),
        ("2026-03-27T05:00:00", "Opens: Fri 27 Mar, 06:00 GMT (07:00 your time)"),
        ("2026-10-24T12:00:00", "Opens: Mon 26 Oct, 06:00 GMT (07:00 your time)"),
        ("2026-10-23T05:00:00", "Opens: Fri 23 Oct, 06:00 GMT (08:00 your time)"),
    ],
)
def test_a_closed_chat_tells_when_it_opens_in_both_clocks(moment, opens, member):
    page = at(moment, member)
    assert opens in page.content.decode()
    assert page.status_code == 200


def test_a_holiday_closes_the_chat_for_its_day(member):
    Holiday.objects.create(date=dt.date(2026, 7, 17), name="Founders' day")
    page = at(f"{FRIDAY}T12:00:00", member)
    assert "Opens: Mon 20 Jul, 06:00 GMT" in page.content.decode()
    assert at(f"{FRIDAY}T12:00:00", member, **TYPED).status_code == 409


def test_closing_in_the_meantime_keeps_the_text(member):
    assert at(f"{FRIDAY}T20:59:00", member).status_code == 200
    page = at(f"{FRIDAY}T21:00:00", member, **TYPED)
    assert "Kept for later" in page.content.decode()
    assert "chat/closed.html" in [template.name for template in page.templates]


def test_before_closing_time_the_form_warns(member):
    assert at(f"{FRIDAY}T20:50:00", member).context["outlook"].last_orders
    assert not at(f"{FRIDAY}T18:00:00", member).context["outlook"].last_orders


def test_the_closed_page_leads_to_a_ticket_and_the_guide(member):
    text = at("2026-07-18T12:00:00", member).content.decode()
    assert "/technical-issues/new/" in text
    assert "/guide/" in text
    assert 'name="question"' not in text
