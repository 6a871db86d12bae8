"""The made-up chats of `big_data`: what years of talking would have left behind."""

import datetime as dt
import io
import itertools
import statistics

import pytest
from chatting import say, start
from conftest import NOW
from django.core.management import CommandError, call_command

from chat import transcript
from chat.models import Conversation, Ending, Event, Message, Rating
from helpdesk.bigdata.chats import Plan, Talk, Talks
from helpdesk.bigdata.moments import Calendar, Chance
from helpdesk.bigdata.people import draw_agents, draw_members
from tickets import hours
from tickets.models import ServiceWindow, Ticket

SMALL = {"tickets": 250, "replies": 500, "members": 60, "agents": 6, "at": NOW, "seed": 3}


def make(**options):
    call_command("big_data", stdout=io.StringIO(), **{**SMALL, **options})


@pytest.fixture
def talked(seeded):
    make(chats=400)


def lines(conversation):
    return list(conversation.messages.order_by("seq"))


def test_it_makes_as_many_as_it_was_told(seeded):
    make(chats=30)
    assert Conversation.objects.count() == 30
    make(chats=0, add=True)
    assert Conversation.objects.count() == 30
    make(add=True)
    assert Conversation.objects.count() == 30 + 37


def test_there_are_no_fewer_than_none(seeded):
    with pytest.raises(CommandError, match="fewer than no chats"):
        make(chats=-1)


def test_a_house_with_chats_is_left_alone(silver):
    start(silver)
    with pytest.raises(CommandError, match="--add"):
        make(chats=3)


def test_every_row_is_one_that_the_forms_would_take(talked):
    for row in [*Conversation.objects.all(), *Message.objects.all()]:
        empty = [each.name for each in row._meta.fields if not getattr(row, each.attname)]
        row.full_clean(exclude=empty)


def test_lines_are_numbered_in_the_order_of_time(talked):
    for conversation in Conversation.objects.all():
        told = lines(conversation)
        assert [line.seq for line in told] == list(range(1, conversation.last_seq + 1))
        moments = [line.at for line in told]
        assert moments == sorted(moments)
        assert conversation.created_at == conversation.queued_at == moments[0]
        assert conversation.closed_at == moments[-1] < NOW
        assert 0 < conversation.member_seen <= conversation.last_seq
        assert 0 <= conversation.agent_seen <= conversation.last_seq


def test_what_was_said_leads_to_how_it_stands(talked):
    """The rules of the conversation's verbs, one line after another."""
    events = set()
    for conversation in Conversation.objects.select_related("ticket"):
        first, *rest = lines(conversation)
        assert (first.author_kind, first.author_id) == ("member", conversation.member_id)
        agent, claims, redirected, ticket = None, [], None, None
        for line in rest:
            events.add(line.event)
            if line.event in ("claimed", "transferred"):
                assert (agent is None) == (line.event == "claimed")
                agent = line.author_id
                claims += [line.at] if line.event == "claimed" else []
            elif line.event in ("released", "agent_lost"):
                assert agent
                agent = line.author_id
                assert agent is None
            elif line.event == "language":
                redirected = line.at
            elif line.event == "ticket":
                ticket = line.body
            elif line.event == "ended":
                sides = {conversation.member_id: "member", agent: "support", None: "away"}
                assert conversation.ending == sides[line.author_id]
            else:
                assert line.author_id in {conversation.member_id, agent}
                assert line.author_id
            assert (line.client_id is None) == (line.author_kind == "system")
        assert (conversation.status, rest[-1].event) == ("closed", "ended")
        assert (conversation.agent_id, conversation.redirected_at) == (agent, redirected)
        assert conversation.first_claimed_at == (claims[0] if claims else None)
        assert conversation.claimed_at == (claims[-1] if claims else None)
        assert (conversation.ticket and conversation.ticket.number) == ticket
        assert conversation.rating in ["", *(Rating.values if agent else [])]
    assert events == {"", *Event.values}


def test_nobody_is_in_two_chats_at_once(talked):
    rows = Conversation.objects.order_by("member", "created_at")
    for earlier, later in itertools.pairwise(rows):
        if earlier.member_id == later.member_id:
            assert earlier.closed_at < later.created_at


def test_some_lead_to_a_ticket_of_the_same_member(talked):
    grown = Ticket.objects.exclude(from_chat=None)
    assert grown.count() > 10
    made = 0
    for ticket in grown:
        conversation = Conversation.objects.get(uuid=ticket.from_chat)
        assert ticket.member_id == conversation.member_id
        assert list(conversation.tickets) == [ticket]
        is_supports = conversation.ticket_id == ticket.pk
        made += is_supports
        assert is_supports == (ticket.created_at < conversation.closed_at)
        said = transcript.text(conversation)
        assert ticket.title == transcript.title(conversation)
        assert said.startswith(ticket.description) if is_supports else said == ticket.description
        assert is_supports == (ticket.number in said)
    assert 0 < made < grown.count()
    assert Conversation.objects.exclude(ticket=None).count() == made
    moments = list(Ticket.objects.order_by("pk").values_list("created_at", flat=True))
    assert moments == sorted(moments)


def test_the_spread_is_that_of_a_house(seeded):
    make(chats=2000, members=400)
    windows = list(ServiceWindow.objects.all())
    chats = Conversation.objects.all()
    assert all(hours.is_open(windows, [], chat.created_at) for chat in chats)
    unanswered = [chat for chat in chats if chat.first_claimed_at is None]
    assert 0.05 < len(unanswered) / 2000 < 0.11
    waits = [chat.first_claimed_at - chat.queued_at for chat in chats if chat.first_claimed_at]
    assert dt.timedelta(minutes=2) < statistics.median(waits) < dt.timedelta(minutes=3)
    assert max(waits) > dt.timedelta(minutes=15)
    assert {chat.language for chat in chats} == {"en", "cs", "sl"}
    assert len({chat.rank for chat in chats}) > 4
    assert all(chat.rank == chat.member.rank for chat in chats.select_related("member"))
    mean = Message.objects.exclude(author_kind="system").count() / 2000
    assert 3 < mean < 5


def test_one_member_cannot_talk_all_the_time():
    chance = Chance(1)
    talks = Talks(chance, Calendar(NOW, 30), draw_members(chance, 1, 1), draw_agents(chance, 2, 1))
    plans = talks.plans(3000, most_tickets=0)
    assert 0 < len(plans) < 3000
    assert not any(plan.ticket_at for plan in plans)


def test_a_talk_is_led_as_the_model_leads_it(silver, agent, supervisor):
    plan = Plan("0" * 32, 0, 0.0, 1.0, 9.0)
    talk, chat = Talk(1, plan, silver.pk), start(silver, "Hello")
    talk.say(silver.pk, "Hello", 0.0)
    compare(talk, chat)
    for conversation, who, other in ((talk, agent.pk, supervisor.pk), (chat, agent, supervisor)):
        is_made = conversation is talk
        conversation.claim(*([who, 1.0] if is_made else [who]))
        conversation.transfer(*([other, 2.0] if is_made else [who, other]))
        conversation.release(*([3.0] if is_made else [other]))
    compare(talk, chat)
    talk.claim(agent.pk, 4.0)
    chat.claim(agent)
    talk.say(agent.pk, "Hi", 5.0)
    say(chat, agent, "Hi")
    talk.ask_for_ticket(agent.pk, "In Slovenian?", 6.0)
    chat.ask_for_ticket(agent, "In Slovenian?", plan.uuid)
    ticket = chat.to_ticket(agent, "sl", NOW)
    talk.to_ticket(agent.pk, ticket.pk, 7.0)
    compare(talk, chat)
    talk.end(agent.pk, Ending.SUPPORT, 9.0)
    chat.close(agent)
    compare(talk, chat)


def compare(talk, chat):
    chat.refresh_from_db()
    said = [(line.author_kind, line.author_id, line.body, line.event) for line in lines(chat)]
    assert [(line.kind, line.author, line.body, line.event) for line in talk.lines] == said
    for name in ("status", "ending"):
        assert getattr(talk, name) == getattr(chat, name)
    assert (talk.agent, talk.ticket) == (chat.agent_id, chat.ticket_id)
    moments = [("first_claimed", "first_claimed_at"), ("claimed", "claimed_at")]
    for made, kept in [*moments, ("redirected", "redirected_at"), ("closed", "closed_at")]:
        assert (getattr(talk, made) is None) == (getattr(chat, kept) is None), kept
