"""A conversation: queued, answered, ended; every line in its place, nothing twice."""

import datetime as dt
import uuid

import pytest
from chatting import age, say, start, vanish, watched
from conftest import _staff

from accounts.seed import AGENTS
from chat.models import (
    ChatClosed,
    Conflict,
    Conversation,
    LimitReached,
    NotYours,
    Presence,
    Taken,
    Watch,
)

Status = Conversation.Status


@pytest.fixture
def second_agent(seeded):
    return _staff("petr", AGENTS)


@pytest.fixture
def chat(silver, agent):
    """An active conversation."""
    conversation = start(silver)
    conversation.claim(agent)
    return conversation


def lines(conversation):
    return [(line.seq, line.event or line.body) for line in conversation.messages.all()]


def test_the_question_is_the_first_line(silver):
    conversation = start(silver, "My order\r\npage loops.")
    assert lines(conversation) == [(1, "My order\npage loops.")]
    assert conversation.status == Status.WAITING


def test_who_waits_already_is_led_back_to_the_same_place(silver):
    assert start(silver).pk == start(silver).pk
    assert Conversation.objects.count() == 1


def test_the_same_form_sent_twice_is_one_conversation_even_after_its_end(silver):
    form = uuid.uuid4()
    first = start(silver, submission_id=form)
    first.close(silver)
    assert start(silver, submission_id=form).pk == first.pk


def test_a_new_conversation_can_begin_after_the_end(silver):
    first = start(silver)
    first.close(silver)
    assert start(silver).pk != first.pk


def test_lines_are_numbered_without_gaps(chat, silver, agent):
    say(chat, silver, "one")
    say(chat, agent, "two")
    chat.close(silver)
    assert [seq for seq, _text in lines(chat)] == [1, 2, 3, 4, 5]
    assert lines(chat)[1:] == [(2, "claimed"), (3, "one"), (4, "two"), (5, "ended")]


def test_a_repeated_post_is_one_message_also_after_the_end(chat, silver):
    name = uuid.uuid4()
    first, is_new = chat.post(silver, "Hello\r\n", name)
    chat.close(silver)
    again, is_new_again = chat.post(silver, "Hello\n", name)
    assert (first, is_new, is_new_again) == (again, True, False)


def test_another_text_under_the_same_name_is_a_conflict(chat, silver):
    name = uuid.uuid4()
    chat.post(silver, "Hello", name)
    with pytest.raises(Conflict):
        chat.post(silver, "Bye", name)


def test_nothing_can_be_said_after_the_end(chat, silver, agent):
    chat.close(agent)
    for author in (silver, agent):
        with pytest.raises(ChatClosed):
            say(chat, author)


def test_what_cannot_be_stored_is_marked_and_nothing_else_is_touched(chat, silver):
    typed = "a\x00b\x1bc\u200bd\ud800e \u202efg\t🌿\n\n h "
    assert say(chat, silver, typed).body == "a\ufffdb\ufffdc\u200bd\ufffde \u202efg\t🌿\n\n h "


def test_only_the_two_of_them_can_speak(chat, gold, second_agent):
    for stranger in (gold, second_agent):
        with pytest.raises(NotYours):
            say(chat, stranger)


def test_a_waiting_member_can_add_details(silver):
    conversation = start(silver)
    say(conversation, silver, "In Firefox.")
    assert lines(conversation)[1] == (2, "In Firefox.")


def test_first_in_first_out(silver, gold, other_silver, agent):
    waiting = [start(member) for member in (gold, silver, other_silver)]
    claimed = [Conversation.objects.claim_next(agent).pk for _ in waiting]
    assert claimed == [conversation.pk for conversation in waiting]


def test_an_empty_queue_gives_nothing(agent):
    assert Conversation.objects.claim_next(agent) is None


def test_an_agent_has_three_chats_at_most(silver, gold, other_silver, premier, agent):
    for member in (silver, gold, other_silver, premier):
        start(member)
    for _ in range(3):
        Conversation.objects.claim_next(agent)
    with pytest.raises(LimitReached):
        Conversation.objects.claim_next(agent)
    assert Conversation.objects.waiting().count() == 1


def test_the_second_to_claim_learns_who_was_first(silver, agent, second_agent):
    conversation = start(silver)
    conversation.claim(agent)
    with pytest.raises(Taken) as taken:
        Conversation.objects.get().claim(second_agent)
    assert taken.value.by == agent


def test_a_released_chat_has_its_old_place(silver, gold, agent, second_agent):
    first, _second = start(silver), start(gold)
    first.claim(agent)
    first.release(agent)
    assert Conversation.objects.claim_next(second_agent).pk == first.pk


def test_a_chat_can_be_handed_to_a_colleague(chat, agent, second_agent):
    chat.transfer(agent, second_agent)
    assert say(chat, second_agent).author == second_agent
    with pytest.raises(NotYours):
        say(chat, agent)


def test_a_note_is_no_line_of_the_conversation(chat, agent):
    name = uuid.uuid4()
    notes = [chat.add_note(agent, "Same as 4107.", name) for _attempt in range(2)]
    assert notes[0] == notes[1]
    assert "Same as 4107." not in str(lines(chat))
    chat.refresh_from_db()
    assert chat.last_seq == 2


def test_ending_twice_is_ending_once(chat, silver, agent):
    chat.close(silver)
    chat.close(agent)
    chat.refresh_from_db()
    assert chat.ending == "member"
    assert lines(chat)[-1] == (3, "ended")


# Who is away


def test_a_member_who_left_loses_the_place_and_nothing_else(silver):
    conversation = start(silver, "Keep this.")
    watched()
    age(Conversation.objects, "member_at", 121)
    assert Conversation.objects.sweep() == 1
    conversation.refresh_from_db()
    assert (conversation.status, conversation.ending) == (Status.CLOSED, "away")
    assert lines(conversation)[0] == (1, "Keep this.")


def test_a_member_keeps_the_place_for_two_minutes(silver):
    start(silver)
    watched()
    age(Conversation.objects, "member_at", 110)
    assert Conversation.objects.sweep() == 0


def test_chats_of_an_agent_who_left_return_to_their_old_place(chat, gold, agent):
    later = start(gold)
    watched()
    vanish(agent)
    assert Conversation.objects.sweep() == 1
    assert list(Conversation.objects.waiting()) == [chat, later]
    assert lines(chat)[-1] == (3, "agent_lost")


def test_nobody_is_away_while_nobody_watches(chat, gold, agent):
    start(gold)
    watched(seconds=30)  # since the outage
    vanish(agent, seconds=500)
    age(Conversation.objects, "member_at", 500)
    assert Conversation.objects.sweep() == 0


def test_a_gap_in_the_heartbeat_begins_a_new_watch(db):
    process = uuid.uuid4()
    Watch.beat(process)
    age(Watch.objects, "since", 300)
    Watch.beat(process)
    assert Watch.objects.filter(Watch.covering(dt.timedelta(seconds=120)))
    age(Watch.objects, "beat_at", 60)
    Watch.beat(process)
    row = Watch.objects.get()
    assert row.since == row.beat_at


def test_an_agent_at_the_console_is_there(agent):
    Presence.renew(agent)
    vanish(agent)
    before = Presence.objects.get().seen_at
    Presence.renew(agent)
    assert Presence.objects.get().seen_at > before
