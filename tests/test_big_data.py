"""The made-up house: what `big_data` writes is what years of work would have left behind."""

import datetime as dt
import io

import pytest
from conftest import NOW, answer, submit
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Rank, User
from accounts.text import fold
from helpdesk.bigdata.lives import NOTE, QUESTION, REPLY, Life
from helpdesk.bigdata.moments import DAY, Calendar, Chance, from_service, to_service
from helpdesk.bigdata.people import draw_agents, draw_members
from helpdesk.bigdata.stories import Stories
from helpdesk.bigdata.texts import VOICES, Gaps, Text
from tickets.models import (
    Question,
    ReadMark,
    Reply,
    Screenshot,
    Ticket,
    TicketEvent,
    TicketLanguage,
    Topic,
)
from tickets.models.lifecycle import AGENT, MEMBER, TRANSITIONS, Status

SMALL = {"tickets": 250, "replies": 1250, "members": 60, "agents": 6, "at": NOW, "seed": 3}
SHOWN = ("pk", "title", "status", "member", "created_at", "closed_at", "search_text", "last_event")


def make(**options):
    call_command("big_data", stdout=io.StringIO(), **{**SMALL, **options})


@pytest.fixture
def filled(seeded):
    make()


def test_it_makes_as_many_as_it_was_told(filled):
    assert (Ticket.objects.count(), Reply.objects.count()) == (250, 1250)
    assert User.objects.filter(is_staff=False).count() == 60
    assert User.objects.agents().count() == 6
    kinds = set(Reply.objects.values_list("kind", flat=True))
    assert kinds == set(Reply.Kind.values)
    assert set(Ticket.objects.values_list("language", flat=True)) == set(TicketLanguage.values)
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Status.values)


def test_every_row_is_one_that_the_forms_would_take(filled):
    for row in [*Ticket.objects.all(), *Reply.objects.all(), *TicketEvent.objects.all()]:
        empty = [each for each in row._meta.fields if not getattr(row, each.attname)]
        row.full_clean(exclude=[each.name for each in empty if each.null or each.name == "data"])
    for member in User.objects.filter(is_staff=False):
        member.full_clean()
        assert member.rank >= Rank.SILVER
        assert not member.has_usable_password()


def test_the_history_leads_to_the_status(filled):
    for ticket in Ticket.objects.prefetch_related("events"):
        status, closed_at, assignee, topic, before = None, None, None, None, ticket.created_at
        for event in sorted(ticket.events.all(), key=lambda event: event.pk):
            assert before <= event.at <= NOW
            before = event.at
            side = MEMBER if event.actor_id == ticket.member_id else AGENT
            if event.verb == "submit":
                assert (status, event.at) == (None, ticket.created_at)
                status = "open"
            elif "merged" not in event.data:
                transition = TRANSITIONS[side, event.verb]
                assert status in transition.sources
                if transition.target and transition.target != status:
                    assert (event.data["from"], event.data["to"]) == (status, transition.target)
                    status = str(transition.target)
                    closed_at = event.at if status == "closed" else None
            if event.verb == "assign":
                assert event.data["from"] == assignee
                assignee = event.data["to"]
            topic = event.data.get("topic", topic)
        told = (ticket.status, ticket.closed_at, ticket.assignee_id, ticket.topic_id)
        assert told == (status, closed_at, assignee, topic)


def test_the_last_events_are_the_last(seeded):
    make(tickets=1500, replies=3000)
    hidden = 0
    for ticket in Ticket.objects.all():
        events = ticket.events.order_by("-pk").values_list("pk", flat=True)
        assert ticket.last_event == events.first()
        assert ticket.last_public_event == events.filter(public=True).first()
        hidden += ticket.last_event != ticket.last_public_event
    assert hidden


def test_every_reply_has_its_event_and_stands_in_the_order_of_time(filled):
    ids = [event.data["reply"] for event in TicketEvent.objects.filter(data__has_key="reply")]
    assert sorted(ids) == list(Reply.objects.order_by("pk").values_list("pk", flat=True))
    moments = list(Reply.objects.order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    for ticket in Ticket.objects.all():
        last = ticket.replies.public().order_by("-pk").first()
        told = (ticket.last_reply_at, ticket.last_reply_by_id)
        assert told == ((last.at, last.author_id) if last else (None, None))


def test_an_awaiting_ticket_was_asked_something_that_nobody_answered(filled):
    for ticket in Ticket.objects.filter(status="awaiting_feedback"):
        public = ticket.replies.public().order_by("-pk")
        own = public.filter(author=ticket.member).first()
        asked = public.filter(kind="question").first()
        assert asked
        assert own is None or own.pk < asked.pk


def test_nobody_has_read_what_they_cannot_see(filled):
    assert ReadMark.objects.filter(person__is_staff=True).exists()
    for mark in ReadMark.objects.select_related("ticket"):
        ticket = mark.ticket
        is_own = mark.person_id == ticket.member_id
        assert 0 < mark.event <= (ticket.last_public_event if is_own else ticket.last_event)
    marked = ReadMark.objects.filter(person__is_staff=False).count()
    assert marked == Ticket.objects.count()


def test_what_is_searched_is_what_was_written(filled):
    for ticket in Ticket.objects.filter(duplicates=None):
        prefix = TicketLanguage(ticket.language).prefix
        assert ticket.title_key == fold(ticket.title)[:40]
        expected = [fold(f"{prefix} {ticket.title} {ticket.description}")]
        for reply in ticket.replies.public().order_by("pk"):
            expected += [fold(reply.body)]
            expected += [fold(asked.text) for asked in reply.questions.all()]
            expected += [fold(asked.answer) for asked in reply.answers.order_by("reply", "pk")]
        assert ticket.search_text == " ".join(expected)
        notes = ticket.replies.filter(kind="note").order_by("pk")
        assert ticket.notes_text == " ".join(fold(note.body) for note in notes)


def test_a_ticket_is_found_by_its_title_without_accents(filled):
    ticket = Ticket.objects.filter(language="cs", title__contains="š").first()
    assert fold(ticket.title) != ticket.title.lower()
    assert ticket in Ticket.objects.matching(fold(ticket.title), at_desk=True)
    assert ticket in Ticket.objects.matching(ticket.title.upper())


def test_duplicates_and_follow_ups_are_of_one_member(seeded):
    make(tickets=3000, replies=9000)
    merged = Ticket.objects.exclude(merged_into=None).select_related("merged_into")
    assert merged
    for ticket in merged:
        assert ticket.member_id == ticket.merged_into.member_id
        assert ticket.merged_into.merged_into_id is None
        assert ticket.search_text in ticket.merged_into.search_text
        merger = ticket.merged_into.events.get(data__merged=ticket.pk, public=True)
        assert not ticket.merged_into.events.filter(verb="close", pk__lt=merger.pk).exists()
    later = Ticket.objects.exclude(follow_up_of=None).select_related("follow_up_of")
    assert later
    for ticket in later:
        assert ticket.member_id == ticket.follow_up_of.member_id
        assert ticket.follow_up_of.closed_at + dt.timedelta(days=14) < ticket.created_at


def test_the_spread_is_that_of_a_house(seeded):
    make(tickets=3000, replies=9000, members=300)
    unfinished = Ticket.objects.unfinished().count()
    assert 0.03 < unfinished / 3000 < 0.08
    moments = [at.astimezone(dt.UTC) for at in Ticket.objects.values_list("created_at", flat=True)]
    assert 0.02 < sum(at.isoweekday() >= 6 for at in moments) / 3000 < 0.15
    assert sum(at.hour < 5 for at in moments) < 60
    per_member = [member.tickets.count() for member in User.objects.filter(is_staff=False)]
    assert min(per_member) == 0
    assert max(per_member) > 5 * 3000 / 300


def test_pictures_are_where_their_tickets_say(filled):
    shots = Screenshot.objects.select_related("ticket")
    assert shots
    assert shots[0].picture.storage.exists(shots[0].picture.name)
    own = set(shots.values_list("ticket", flat=True))
    absorbed = set(Ticket.objects.filter(pk__in=own).values_list("merged_into", flat=True))
    flagged = set(Ticket.objects.filter(has_pictures=True).values_list("pk", flat=True))
    assert own <= flagged <= own | absorbed


def test_without_pictures_there_are_none(seeded):
    make(no_pictures=True)
    assert not Screenshot.objects.exists()
    assert not Ticket.objects.filter(has_pictures=True).exists()


def test_answers_stand_in_replies_of_the_same_ticket(filled):
    answered = Question.objects.exclude(answered_in=None)
    assert answered
    for question in answered.select_related("reply", "answered_in"):
        assert question.reply.ticket_id == question.answered_in.ticket_id
        assert question.reply.pk < question.answered_in.pk


def test_a_seed_always_tells_the_same_stories(seeded):
    told = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            make(seed=seed)
            told.append(list(Ticket.objects.order_by("pk").values_list(*SHOWN)))
            transaction.set_rollback(True)
    assert told[0] == told[1] != told[2]


def test_a_house_with_tickets_is_left_alone_unless_told(ticket):
    with pytest.raises(CommandError, match="holds tickets"):
        make()
    assert list(Ticket.objects.all()) == [ticket]
    make(add=True)
    assert Ticket.objects.count() == 251


@pytest.mark.parametrize("wrong", [{"tickets": 0}, {"members": 0}, {"replies": -1}, {"agents": 0}])
def test_impossible_numbers_are_refused(seeded, wrong):
    with pytest.raises(CommandError):
        make(**wrong)


def test_afterwards_work_goes_on(filled, silver, agent):
    newest = Ticket.objects.latest("pk").pk
    ticket = submit(silver)
    answer(ticket, agent, verb="ask")
    assert ticket.pk > newest
    assert ticket.last_event == TicketEvent.objects.latest("pk").pk


def say(words):
    return Text(words, fold(words))


def moments(hours):
    return (NOW + dt.timedelta(hours=hours)).timestamp()


def test_a_life_is_lived_as_the_model_lives_it(silver, agent):
    topic, told = Topic.objects.first(), {"created": moments(0), "voice": VOICES["sl"]}
    life = Life(1, silver.pk, gaps=None, title=say("Naročilo"), description=say("Ni ga"), **told)
    life.submit()
    ticket = submit(silver, language="sl", title="Naročilo", description="Ni ga")

    life.assign(agent.pk, agent.pk, moments(1))
    ticket.assign(agent, agent, at=NOW + dt.timedelta(hours=1))
    life.label(agent.pk, topic.pk, moments(2))
    ticket.set_topic(agent, topic, at=NOW + dt.timedelta(hours=2))
    asked = life.write(agent.pk, QUESTION, say("Dvoje:"), moments(3), [say("Kdaj?"), say("Kje?")])
    later = {"at": NOW + dt.timedelta(hours=3), "questions": ["Kdaj?", "Kje?"]}
    answer(ticket, agent, "Dvoje:", "ask", **later)
    assert asked
    post = life.write(silver.pk, REPLY, say("Tukaj:"), moments(4), [])
    life.answer(life.questions[0], say("Včeraj"), post)
    first = ticket.open_questions.first().pk
    answer(ticket, silver, "Tukaj:", at=NOW + dt.timedelta(hours=4), answers={first: "Včeraj"})
    life.write(silver.pk, REPLY, say("In še"), moments(5), [])
    answer(ticket, silver, "In še", at=NOW + dt.timedelta(hours=5))
    life.write(agent.pk, NOTE, say("Čuden račun"), moments(6), [])
    answer(ticket, agent, "Čuden račun", "note", at=NOW + dt.timedelta(hours=6))
    compare(life, ticket)

    life.close(agent.pk, moments(7), ticket.waiting_since.isoformat())
    ticket.close(agent, at=NOW + dt.timedelta(hours=7))
    compare(life, ticket)
    life.reopen(silver.pk, say("Spet"), moments(8))
    submission = {"submission_id": Reply.objects.first().submission_id}
    ticket.reopen(silver, "Spet", at=NOW + dt.timedelta(hours=8), **submission)
    compare(life, ticket)


def compare(life, ticket):
    ticket.refresh_from_db()
    assert (life.status, life.assignee, life.topic) == (
        *(ticket.status, ticket.assignee_id, ticket.topic_id),
    )
    assert life.waiting == ticket.waiting_since.timestamp()
    assert life.closed == (ticket.closed_at and ticket.closed_at.timestamp())
    assert life.last_reply.at == ticket.last_reply_at.timestamp()
    assert life.last_reply.author == ticket.last_reply_by_id
    assert " ".join(life.search) == ticket.search_text
    assert " ".join(life.notes) == ticket.notes_text
    events = list(ticket.events.order_by("pk"))
    assert [(event.verb, event.is_public, event.at) for event in life.events] == [
        (event.verb, event.public, event.at.timestamp()) for event in events
    ]
    for made, event in zip(life.events, events, strict=True):
        keys = {part.split('"')[1] for part in made.data.split(", ") if part}
        assert keys | ({"reply"} if made.post else set()) == set(event.data) - {"mail"}


def test_texts_are_folded_as_the_product_folds_them():
    chance = Chance(5)
    for voice in VOICES.values():
        for phrases in [*voice.lists.values(), *voice.titles, *voice.openings]:
            text = Gaps(chance).fill(phrases)
            assert text.folded == fold(text.words)
            assert not {"{", "}"} & set(text.words)


def test_working_time_runs_from_monday_to_friday():
    calendar = Calendar(NOW)
    assert calendar.at(0).isoweekday() == 1
    saturday, monday = 5 * DAY + 12 * 3600, 7 * DAY + 6 * 3600
    assert from_service(to_service(saturday)) == monday
    assert from_service(to_service(monday + 3600)) == monday + 3600
    assert from_service(to_service(monday - 3600) + 60) == monday + 60


def test_the_replies_are_shared_out_to_the_last_one():
    chance = Chance(1)
    members, agents = draw_members(chance, 1, 10), draw_agents(chance, 11, 3)
    stories = Stories(chance, Calendar(NOW), members, agents, [1])
    for tickets, replies in ((100, 0), (100, 500), (100, 499), (3, 300)):
        assert sum(stories.counts(tickets, replies)) == replies
