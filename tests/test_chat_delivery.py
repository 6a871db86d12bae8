"""Delivery: what is new, for who may see it now, in few queries and the viewer's own words."""

import uuid

import pytest
from chatting import say, start
from conftest import NOW, png_file, signed_in
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Rank, User
from chat import delivery, queue
from chat.consumers import viewer_of
from chat.delivery import Refused, deliver
from tickets.models import Screenshot


@pytest.fixture
def chat(silver, agent):
    conversation = start(silver)
    conversation.claim(agent)
    return conversation


def viewer(someone):
    return viewer_of(signed_in(someone).session.session_key)


def refused(*args):
    with pytest.raises(Refused) as error:
        deliver(*args)
    return error.value.code


def seqs(found):
    return [frame["seq"] for frame in found.frames if frame["type"] == "message"]


def one(found, kind):
    return next(frame for frame in found.frames if frame["type"] == kind)


def queries(act):
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def test_a_cursor_gets_what_it_does_not_have(chat, silver):
    say(chat, silver, "one")
    say(chat, silver, "two")
    sonja = viewer(silver)
    assert seqs(deliver(sonja, chat.uuid, 0)) == [1, 2, 3, 4]
    assert seqs(deliver(sonja, chat.uuid, 2)) == [3, 4]
    assert seqs(deliver(sonja, chat.uuid, 4)) == []
    assert deliver(sonja, chat.uuid, 4).seq == 4


def test_a_cursor_beyond_the_end_is_brought_back(chat, silver):
    found = deliver(viewer(silver), chat.uuid, 2**31 - 1)
    assert (found.seq, seqs(found)) == (2, [])


def test_every_delivery_tells_how_the_conversation_stands(chat, silver, agent):
    chat.__class__.objects.mark_seen("agent_seen", {chat.pk: 1})
    found = deliver(viewer(silver), chat.uuid, 2)
    assert found.frames == [
        {
            "type": "state",
            "status": "active",
            "position": None,
            "wait": None,
            "agent": agent.display_name,
        },
        {"type": "seen", "author": "member", "seq": 0},
        {"type": "seen", "author": "agent", "seq": 1},
    ]


def test_who_waits_learns_the_place(silver, gold):
    start(gold)
    conversation = start(silver)
    queue.forget()
    state = one(deliver(viewer(silver), conversation.uuid, 0), "state")
    assert (state["status"], state["position"], state["wait"]) == ("waiting", 2, None)


def test_two_queries_however_much_was_said(chat, silver):
    for number in range(12):
        say(chat, silver, f"line {number}")
    sonja = viewer(silver)
    assert queries(lambda: deliver(sonja, chat.uuid, 0)) == 2
    assert queries(lambda: deliver(sonja, chat.uuid, 14)) == 2


def test_pictures_cost_one_query_more(chat, silver):
    shots = [Screenshot.objects.upload(silver, png_file(), NOW) for _ in range(2)]
    for shot in shots:
        chat.post(silver, "Look.", uuid.uuid4(), [shot.uuid])
    say(chat, silver)
    sonja = viewer(silver)
    assert queries(lambda: deliver(sonja, chat.uuid, 0)) == 3
    html = "".join(frame.get("html", "") for frame in deliver(sonja, chat.uuid, 0).frames)
    assert all(shot.thumb_url in html for shot in shots)


def test_an_agent_costs_no_query_more(chat, agent):
    ana = viewer(agent)
    assert queries(lambda: deliver(ana, chat.uuid, 0)) == 2


def test_a_long_absence_is_caught_up_in_parts(chat, silver, monkeypatch):
    monkeypatch.setattr(delivery, "AT_ONCE", 3)
    for number in range(6):
        say(chat, silver, f"line {number}")
    sonja = viewer(silver)
    first = deliver(sonja, chat.uuid, 0)
    assert (seqs(first), first.last_seq) == ([1, 2, 3], 8)
    assert seqs(deliver(sonja, chat.uuid, first.seq)) == [4, 5, 6]


def test_own_side_and_client_id_are_marked_for_each_of_the_two(chat, silver, agent):
    name = uuid.uuid4()
    say(chat, silver, "From me", name)
    mine = deliver(viewer(silver), chat.uuid, 2)
    theirs = deliver(viewer(agent), chat.uuid, 2)
    assert [mine.side, theirs.side] == ["member", "agent"]
    assert [f.frames[0]["author"] for f in (mine, theirs)] == ["member", "member"]
    assert mine.frames[0]["client_id"] == str(name)
    assert "is-own" in mine.frames[0]["html"]
    assert "is-own" not in theirs.frames[0]["html"]


def test_events_are_worded_in_the_language_of_who_looks(chat, silver, agent):
    seen = [deliver(viewer(someone), chat.uuid, 1).frames[0] for someone in (silver, agent)]
    assert seen[0]["html"] != seen[1]["html"]
    assert "joined the chat" in seen[1]["html"]


def test_markup_in_a_message_is_text(chat, silver):
    say(chat, silver, "<script>alert(1)</script>")
    html = deliver(viewer(silver), chat.uuid, 2).frames[0]["html"]
    assert "&lt;script&gt;" in html
    assert "<script" not in html


# Who gets nothing


def test_somebody_elses_conversation_does_not_exist(chat, other_silver, supervisor):
    assert refused(viewer(other_silver), chat.uuid, 0) == 4404
    assert refused(viewer(other_silver), uuid.uuid4(), 0) == 4404
    assert seqs(deliver(viewer(supervisor), chat.uuid, 0)) == [1, 2]


def test_a_session_that_ended_gets_nothing(chat, silver):
    sonja = viewer(silver)
    Session.objects.all().delete()
    assert refused(sonja, chat.uuid, 0) == 4401


def test_a_session_of_another_password_gets_nothing(chat, silver):
    sonja = viewer(silver)
    silver.set_password("another-leaf-43")
    silver.save()
    assert refused(sonja, chat.uuid, 0) == 4401


def test_a_deactivated_person_gets_nothing(chat, silver):
    sonja = viewer(silver)
    User.objects.filter(pk=silver.pk).update(is_active=False)
    assert refused(sonja, chat.uuid, 0) == 4401


def test_below_the_rank_nothing_is_delivered(chat, silver):
    sonja = viewer(silver)
    User.objects.filter(pk=silver.pk).update(rank=Rank.PREMIER)
    assert refused(sonja, chat.uuid, 0) == 4403


@pytest.mark.parametrize("lost", ["view_conversation", "change_conversation"])
def test_an_agent_without_the_permission_gets_nothing(chat, agent, lost):
    ana = viewer(agent)
    agent.groups.get().permissions.remove(
        Permission.objects.get(codename=lost, content_type__app_label="chat")
    )
    assert refused(ana, chat.uuid, 0) == 4404


def test_staff_without_a_second_factor_get_nothing_where_it_is_required(chat, agent, settings):
    ana = viewer(agent)
    settings.MFA_REQUIRED_FOR_STAFF = True
    assert refused(ana, chat.uuid, 0) == 4403


def test_all_viewers_together_are_judged_as_one_by_one(chat, silver, agent, premier, other_silver):
    viewers = [viewer(someone) for someone in (silver, agent, premier, other_silver)]
    Session.objects.filter(session_key=viewers[3].session_key).delete()
    viewers.append(delivery.Viewer(10**6, viewers[0].session_key, "x"))
    judged = delivery.people(viewers)
    assert judged[viewers[0]] == silver
    assert judged[viewers[1]].is_console_agent
    assert [judged[one] for one in viewers[2:]] == [4403, 4401, 4401]
    assert queries(lambda: delivery.people(viewers)) == 2
