"""The life of a ticket: open, awaiting feedback, closed, and back."""

import datetime as dt
import uuid

import pytest
from conftest import NOW, answer, submit
from django.db import IntegrityError, transaction
from post_office.models import Email

from tickets.models import Incident, Reply, StaleReply, Ticket, Topic, TransitionError
from tickets.models.event import Verb
from tickets.models.lifecycle import AGENT, MEMBER, TRANSITIONS

LATER = NOW + dt.timedelta(hours=2)
Status = Ticket.Status


def in_status(ticket, status, agent):
    if status == Status.AWAITING_FEEDBACK:
        answer(ticket, agent, verb="ask")
    if status == Status.CLOSED:
        ticket.close(agent, at=NOW)
    return ticket


def apply(ticket, verb, actor):
    if verb in (Verb.REPLY, Verb.ASK, Verb.NOTE):
        return answer(ticket, actor, verb=verb.value, at=LATER)
    if verb == Verb.MERGE:
        return ticket.merge_into(actor, submit(ticket.member, title="Again"), at=LATER)
    if verb == Verb.INCIDENT:
        incident = Incident.objects.create(started_at=NOW, published_at=NOW, created_by=actor)
        return incident.affect(ticket, actor, LATER)
    if verb == Verb.TOPIC:
        return ticket.set_topic(actor, Topic.objects.first(), at=LATER)
    if verb == Verb.ASSIGN:
        return ticket.assign(actor, actor, at=LATER)
    if verb == Verb.REOPEN:
        return ticket.reopen(actor, "Še vedno.", submission_id=uuid.uuid4(), at=LATER)
    return ticket.close(actor, at=LATER)


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in (Verb.SUBMIT, Verb.REDACT)])
@pytest.mark.parametrize("side", [MEMBER, AGENT])
def test_the_table_is_the_law(ticket, silver, agent, side, verb, status):
    in_status(ticket, status, agent)
    events = ticket.events.count()
    transition = TRANSITIONS.get((side, verb))
    actor = silver if side == MEMBER else agent
    if transition is None or status not in transition.sources:
        with pytest.raises(TransitionError):
            apply(ticket, verb, actor)
        assert ticket.events.count() == events
        return
    apply(ticket, verb, actor)
    ticket.refresh_from_db()
    assert ticket.status == (transition.target or status)
    assert ticket.events.count() == events + 1


def test_submitting_twice_gives_one_ticket(silver):
    submission_id = uuid.uuid4()
    first = submit(silver, submission_id=submission_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        submit(silver, submission_id=submission_id)
    assert Ticket.objects.submitted(silver, submission_id) == first
    assert Email.objects.count() == 1


def test_replying_twice_gives_one_reply(ticket, silver):
    submission_id = uuid.uuid4()
    first = answer(ticket, silver, "Še nekaj.", submission_id=submission_id)
    second = answer(ticket, silver, "Še nekaj.", submission_id=submission_id)
    assert first == second
    assert ticket.replies.count() == 1


def test_the_same_submission_of_two_people_is_two_tickets(silver, gold):
    submission_id = uuid.uuid4()
    assert submit(silver, submission_id=submission_id) != submit(gold, submission_id=submission_id)


def test_a_members_answer_takes_the_ticket_out_of_awaiting(ticket, silver, agent):
    answer(ticket, agent, "V katerem brskalniku?", verb="ask")
    answer(ticket, silver, "V Firefoxu.", at=LATER)
    assert ticket.status == Status.OPEN
    assert ticket.waiting_since == LATER


def test_the_first_unanswered_message_says_since_when_somebody_waits(ticket, silver):
    answer(ticket, silver, "Še nekaj.", at=LATER)
    answer(ticket, silver, "In še to.", at=LATER + dt.timedelta(hours=1))
    assert ticket.waiting_since == LATER


def test_a_stale_reply_is_refused_with_what_is_new(ticket, silver, agent):
    newer = answer(ticket, agent, "Poglejte, prosim.")
    with pytest.raises(StaleReply) as stale:
        answer(ticket, silver, "Halo?", seen=0)
    assert stale.value.newer == [newer]
    assert answer(ticket, silver, "Hvala.", seen=newer.pk).pk


def test_a_note_is_no_news_to_the_member_but_to_a_colleague(ticket, silver, agent, supervisor):
    note = answer(ticket, agent, "Isto kot včeraj.", verb="note")
    with pytest.raises(StaleReply):
        answer(ticket, supervisor, "Pozdravljeni", seen=0)
    answer(ticket, silver, "Halo?", seen=0)
    assert note in Reply.objects.all()


def test_reopening_is_possible_for_fourteen_days(ticket, silver, agent):
    ticket.close(agent, at=NOW)
    last = NOW + dt.timedelta(days=14)
    assert ticket.can(silver, Verb.REOPEN, last)
    with pytest.raises(TransitionError):
        ticket.reopen(silver, submission_id=uuid.uuid4(), at=last + dt.timedelta(seconds=1))
    assert ticket.can(agent, Verb.REOPEN, last + dt.timedelta(days=400))


def test_the_reason_of_reopening_becomes_a_reply(ticket, silver, agent):
    ticket.close(agent, at=NOW)
    ticket.reopen(silver, "Spet se dogaja.", submission_id=uuid.uuid4(), at=LATER)
    assert ticket.replies.get().body == "Spet se dogaja."
    assert ticket.closed_at is None


def test_a_picture_goes_with_what_it_was_sent_with(ticket, silver, upload):
    reply = answer(ticket, silver, "Slika", screenshots=[upload])
    upload.refresh_from_db()
    assert (upload.ticket, upload.reply) == (ticket, reply)


def test_a_picture_cannot_be_attached_twice(ticket, silver, upload):
    other = submit(silver)
    answer(ticket, silver, "Slika", screenshots=[upload])
    answer(other, silver, "Slika", screenshots=[upload])
    upload.refresh_from_db()
    assert upload.ticket == ticket


def test_every_verb_says_who_when_and_from_where(ticket, agent):
    ticket.close(agent, at=LATER, address="192.0.2.7")
    event = ticket.events.get(verb=Verb.CLOSE)
    assert (event.actor, event.at, event.address) == (agent, LATER, "192.0.2.7")
    assert (event.data["from"], event.data["to"]) == ("open", "closed")


def test_assigning_and_noting_stay_inside(ticket, agent):
    ticket.assign(agent, agent, at=LATER)
    answer(ticket, agent, "Med nami.", verb="note")
    assert not ticket.events.filter(public=True).exclude(verb=Verb.SUBMIT).exists()
    assert "med nami" in ticket.notes_text
    assert "med nami" not in ticket.search_text
