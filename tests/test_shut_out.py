"""Shutting people out and letting them in again: what hangs on it, who may, what is noted."""

import datetime as dt
import io
import uuid

import pytest
from allauth.usersessions.models import UserSession
from chatting import say, start
from conftest import NOW, PASSWORD, answer, person, signed_in, submit
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from sockets import CONSOLE, Page, conversation, do, enter, story, the_watch

from accounts.forms import PreferencesForm
from accounts.members import Record, Synchronisation, synchronisation
from accounts.models import AuditEntry, PeopleImport, Rank, User
from chat import queue, watch
from chat.models import Conversation, Presence
from helpdesk.people.leaving import Left, left_by, let_in, shut_out
from helpdesk.privacy.erasure import erase
from tickets.models import AnswerDraft, Ticket
from tickets.models.event import TicketEvent, Verb

pytestmark = pytest.mark.django_db
MEMBER = {
    **{"rank": "platinum", "language": "sl", "time_zone": "", "is_active": "true"},
    **{"first_name": "Ana", "last_name": "Novak"},
}


def page(name, someone):
    return reverse(f"admin:accounts_user_{name}", args=[someone.pk])


def at_the_sign_in(someone):
    """Signed in by the form: the portal knows of this session."""
    client = Client()
    client.post(reverse("account_login"), {"login": someone.username, "password": PASSWORD})
    assert client.get("/").status_code == 200
    return client


@pytest.fixture
def busy(agent, silver, other_silver, gold):
    """An agent with two unfinished tickets, a closed one, a draft of an answer, and a chat."""
    tickets = [submit(someone) for someone in (silver, other_silver, gold)]
    for ticket in tickets:
        ticket.assign(agent, agent, at=NOW)
    answer(tickets[1], agent, "Which browser?", verb="ask")
    tickets[2].close(agent, at=NOW)
    AnswerDraft.objects.create(ticket=tickets[0], author=agent, body="Half", saved_at=NOW)
    start(silver).claim(agent)
    Presence.choose(agent, accepting=True)
    return agent


# What hangs on it


def test_the_page_counts_what_will_happen(supervisor, busy):
    at_the_sign_in(busy)
    client = signed_in(supervisor)
    answer = client.get(page("shut_out", busy))
    assert answer.context["left"] == Left(sessions=1, tickets=2, chats=1)
    words = answer.content.decode()
    assert "1 session ends at once." in words
    assert "2 tickets that are not closed become unassigned." in words
    assert "1 chat goes back into the queue, in its old place." in words
    assert User.objects.get(pk=busy.pk).is_active  # to look changes nothing


def test_zero_is_said_in_words(supervisor, agent):
    words = signed_in(supervisor).get(page("shut_out", agent)).content.decode()
    for words_of_none in ("not signed in anywhere", "No unfinished ticket", "no chat in progress"):
        assert words_of_none in words


def test_what_was_at_hand_goes_to_the_others(supervisor, busy, silver, other_silver, gold):
    queued_at = Conversation.objects.get().queued_at
    response = signed_in(supervisor).post(page("shut_out", busy))
    assert (response.status_code, response["Location"]) == (303, page("change", busy))
    assert not User.objects.get(pk=busy.pk).is_active
    keepers = dict(Ticket.objects.values_list("member", "assignee"))
    assert keepers == {silver.pk: None, other_silver.pk: None, gold.pk: busy.pk}
    events = TicketEvent.objects.filter(verb=Verb.ASSIGN, actor=supervisor)
    assert [event.data for event in events] == [{"from": busy.pk, "to": None}] * 2
    assert {event.address for event in events} == {"127.0.0.1"}
    chat = Conversation.objects.get()
    assert (chat.status, chat.agent, chat.queued_at) == ("waiting", None, queued_at)
    assert chat.messages.last().event == "released"
    assert not Presence.objects.get(agent=busy).accepting
    assert AnswerDraft.objects.get().author == busy


def test_it_is_noted_with_its_counts(supervisor, busy):
    at_the_sign_in(busy)
    signed_in(supervisor).post(page("shut_out", busy))
    noted = AuditEntry.objects.get(action="shut_out")
    assert (noted.actor, noted.about) == (supervisor, f"person {busy.pk}")
    assert noted.data == {"sessions": 1, "tickets": 2, "chats": 1}
    signed_in(supervisor).post(page("let_in", busy))
    noted = AuditEntry.objects.get(action="let_in")
    assert (noted.actor, noted.about, noted.data) == (supervisor, f"person {busy.pk}", {})


def test_sessions_end_at_once_and_for_good(supervisor, agent):
    theirs, forgotten = at_the_sign_in(agent), at_the_sign_in(agent)
    signed_in(supervisor).post(page("shut_out", agent))
    assert theirs.get("/admin/").status_code == 302
    assert not UserSession.objects.filter(user=agent).exists()
    left = [row.get_decoded().get("_auth_user_id") for row in Session.objects.all()]
    assert left == [str(supervisor.pk)]
    signed_in(supervisor).post(page("let_in", agent))
    assert forgotten.get("/admin/").status_code == 302  # as before, until they sign in
    assert at_the_sign_in(agent).get("/admin/").status_code == 200


def test_nobody_who_is_out_signs_in(supervisor, agent):
    signed_in(supervisor).post(page("shut_out", agent))
    client = Client()
    post = {"login": agent.username, "password": PASSWORD}
    response = client.post(reverse("account_login"), post)
    assert response["Location"] == reverse("account_inactive")
    assert client.get("/").status_code == 302


def test_a_session_that_began_while_the_door_was_shut_is_none(supervisor, agent):
    shut_out(agent, supervisor, NOW)
    late = signed_in(agent)
    UserSession.objects.create(user=agent, session_key=late.session.session_key, ip="127.0.0.1")
    let_in(agent)
    assert late.get("/admin/").status_code == 302


def test_a_supervisors_own_ticket_is_given_back_by_who_leaves(supervisor, agent):
    own = submit(supervisor, language="en")
    own.assign(agent, agent, at=NOW)
    assert shut_out(agent, supervisor, NOW).tickets == 1
    own.refresh_from_db()
    assert own.assignee is None
    assert own.events.last().actor == agent


def test_a_chat_accepted_at_the_last_moment_is_found(supervisor, agent, silver):
    chat = start(silver)
    shut_out(agent, supervisor, NOW)
    chat.claim(agent)  # by a request that had passed the door
    Conversation.objects.sweep()
    chat.refresh_from_db()
    assert (chat.status, chat.agent) == ("waiting", None)


def test_two_hundred_tickets_take_seconds(supervisor, agent, silver):
    rows = [submit(silver, title=f"Ticket {number}") for number in range(200)]
    Ticket.objects.filter(pk__in=[row.pk for row in rows]).update(assignee=agent)
    began = timezone.now()
    assert shut_out(agent, supervisor, NOW).tickets == 200
    assert timezone.now() - began < dt.timedelta(seconds=10)
    assert TicketEvent.objects.filter(verb=Verb.ASSIGN, actor=supervisor).count() == 200


def test_all_or_nothing(supervisor, busy, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(Conversation, "release", fail)
    with pytest.raises(RuntimeError):
        signed_in(supervisor).post(page("shut_out", busy))
    assert User.objects.get(pk=busy.pk).is_active
    assert left_by(busy, NOW).tickets == 2
    assert not AuditEntry.objects.filter(action="shut_out").exists()


def test_a_member_keeps_tickets_and_is_told_of_the_record(supervisor, silver):
    mine = submit(silver)
    theirs = at_the_sign_in(silver)
    words = signed_in(supervisor).get(page("shut_out", silver)).content.decode()
    assert "The next synchronisation does not let them in again" in words
    assert "assigned" not in words.split("<ul>")[-1]
    signed_in(supervisor).post(page("shut_out", silver))
    assert theirs.get("/").status_code == 302
    mine.refresh_from_db()
    assert mine.status == "open"


# Who may


def test_a_supervisor_decides_about_members_agents_and_other_supervisors(supervisor, silver, agent):
    peer = person("ela", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    peer.groups.set(supervisor.groups.all())
    for someone in (silver, agent, peer):
        assert signed_in(supervisor).post(page("shut_out", someone)).status_code == 303
        assert not User.objects.get(pk=someone.pk).is_active
        assert signed_in(supervisor).post(page("let_in", someone)).status_code == 303
        assert User.objects.get(pk=someone.pk).is_active


@pytest.mark.parametrize("name", ["shut_out", "let_in"])
def test_nobody_decides_about_themselves_or_above(name, supervisor, agent, silver):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    refused = [(supervisor, supervisor), (supervisor, boss), (boss, boss), (agent, silver)]
    for by, someone in refused:
        for method in ("get", "post"):
            response = getattr(signed_in(by), method)(page(name, someone))
            assert response.status_code == 403
    assert not User.objects.filter(is_active=False).exists()


def test_a_superuser_decides_about_all_others(supervisor):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    other = User.objects.create_superuser("other", password=PASSWORD)
    for someone in (supervisor, other):
        assert signed_in(boss).post(page("shut_out", someone)).status_code == 303
        assert not User.objects.get(pk=someone.pk).is_active


def test_who_may_change_people_needs_no_right_to_chats_or_tickets(agent, busy):
    clerk = person("klara", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    clerk.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert signed_in(clerk).post(page("shut_out", busy)).status_code == 303
    assert Conversation.objects.get().status == "waiting"


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "9" * 5_000, "٣", "1_0", "%00"])
def test_nonsense_is_nobody(number, supervisor):
    client = signed_in(supervisor)
    for name in ("shut-out", "let-in"):
        for method in (client.get, client.post):
            assert method(f"/admin/accounts/user/{number}/{name}/").status_code == 404


# Twice, and too late


def test_the_second_post_changes_nothing(supervisor, agent):
    for name, state in (("shut_out", False), ("let_in", True)):
        for _time in range(2):
            assert signed_in(supervisor).post(page(name, agent)).status_code == 303
            assert User.objects.get(pk=agent.pk).is_active is state
        assert AuditEntry.objects.filter(action=name).count() == 1


def test_each_page_leads_on_when_it_is_done_already(supervisor, agent):
    client = signed_in(supervisor)
    assert "This person may sign in." in client.get(page("let_in", agent)).content.decode()
    client.post(page("shut_out", agent))
    words = client.get(page("shut_out", agent)).content.decode()
    assert page("let_in", agent) in words
    assert "<form" not in words.split("content-main")[-1].split('class="desk privacy"')[-1]


@pytest.mark.django_db(transaction=True)
def test_an_erased_person_stays_out(supervisor, silver):
    erase(silver, timezone.now(), lambda line: None)
    client = signed_in(supervisor)
    assert "This member is erased." in client.get(page("let_in", silver)).content.decode()
    assert client.post(page("let_in", silver)).status_code == 409
    assert not User.objects.get(pk=silver.pk).is_active
    assert not let_in(silver)


def test_the_name_of_the_old_portal_stays_out(supervisor):
    old = person("old-portal", Rank.WELLNESS_ADVOCATE, is_staff=True, is_active=False)
    assert signed_in(supervisor).post(page("let_in", old)).status_code == 409
    assert not User.objects.get(pk=old.pk).is_active


# The page of the person


def test_the_page_of_the_person_leads_there(supervisor, agent, silver):
    client = signed_in(supervisor)
    assert page("shut_out", silver) in client.get(page("change", silver)).content.decode()
    assert (
        page("shut_out", supervisor) not in client.get(page("change", supervisor)).content.decode()
    )
    client.post(page("shut_out", silver))
    assert page("let_in", silver) in client.get(page("change", silver)).content.decode()
    assert (
        page("let_in", silver) not in signed_in(agent).get(page("change", silver)).content.decode()
    )


@pytest.mark.parametrize("is_boss", [False, True])
def test_the_form_of_the_person_shuts_nobody_out(supervisor, silver, is_boss):
    if is_boss:
        supervisor.is_superuser = True
        supervisor.save()
    post = {"username": silver.username, "email": silver.email, "first_name": "Sonja"}
    post |= {"last_name": "N", "language": "sl", "time_zone": "Europe/Ljubljana", "rank": 7}
    response = signed_in(supervisor).post(page("change", silver), post)  # no "is_active"
    silver.refresh_from_db()
    assert response.status_code == 302
    assert (silver.is_active, silver.last_name) == (True, "N")


def test_preferences_that_are_being_saved_let_nobody_in_again(supervisor, silver):
    """The page holds the person as they were when it began."""
    stale = User.objects.get(pk=silver.pk)
    shut_out(silver, supervisor, NOW)
    form = PreferencesForm({"language": "en", "time_zone": "UTC"}, instance=stale)
    assert form.is_valid()
    form.write()
    silver.refresh_from_db()
    assert (silver.language, silver.is_active) == ("en", False)


# Sockets


@pytest.fixture
def quiet(monkeypatch, settings):
    """Rounds happen when a story says so."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(watch, "EVERY", 3600)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 3600)
    queue.forget()


@story
async def test_one_round_shuts_every_socket_of_who_is_out(quiet, supervisor, agent, silver):
    chat = await do(start)(silver)
    await do(chat.claim)(agent)
    desk, talk, member = await enter(
        Page(CONSOLE, agent), Page(conversation(chat), agent), Page(conversation(chat), silver)
    )
    await do(shut_out)(agent, supervisor, NOW)
    await do(say)(chat, silver, "Not for you.")
    await the_watch().tick()
    assert await desk.rest() == ([], 4401)
    assert await talk.code() == 4401
    state = await member.frame("state")
    while state["status"] != "waiting":
        state = await member.frame("state")


# Readiness tells of the imports


def ready():
    response = Client().get("/readyz")
    assert response.status_code == 200
    return response.json()


def run(state, at, ended=True, **fields):
    row = {"source": "command", "state": state, "at": at, "ended_at": at if ended else None}
    return PeopleImport.objects.create(**row, file_name="people.csv", **fields)


def test_readiness_knows_of_no_import(db):
    parts = ready()
    assert parts.pop("people") == {"at": None, "result": None}
    assert parts == {"database": True, "migrations": True, "cache": True, "outbox": True}


def test_readiness_tells_the_newest_import_that_ended(supervisor):
    run("done", NOW)
    assert ready()["people"] == {"at": "2026-07-15T13:05:00+00:00", "result": "done"}
    later = NOW + dt.timedelta(hours=1)
    run("refused", later, reason="sonja: no", by=supervisor)
    assert ready()["people"] == {"at": "2026-07-15T14:05:00+00:00", "result": "refused"}
    run("discarded", later + dt.timedelta(hours=1))
    run("confirmed", later + dt.timedelta(hours=1), ended=False)
    assert ready()["people"]["result"] == "refused"
    assert "sonja" not in Client().get("/readyz").content.decode()


def test_a_file_does_not_let_in_whom_a_supervisor_shut_out(supervisor, silver, tmp_path):
    signed_in(supervisor).post(page("shut_out", silver))
    file = tmp_path / "members.csv"
    file.write_text(
        "username,email,member_id,rank,language,time_zone,first_name,last_name,is_active\n"
        f"{silver.username},{silver.email},{silver.member_id},gold,sl,,Sonja,Novak,true\n",
        encoding="utf-8",
    )
    call_command("sync_members", str(file), stdout=io.StringIO())
    silver.refresh_from_db()
    assert (silver.rank, silver.is_active) == (Rank.GOLD, False)
    signed_in(supervisor).post(page("let_in", silver))
    silver.refresh_from_db()
    assert silver.is_active


def test_a_ticket_that_comes_back_is_not_left_with_who_is_gone(supervisor, agent, silver):
    ticket = submit(silver)
    ticket.assign(agent, agent, at=NOW)
    ticket.close(agent, at=NOW)
    signed_in(supervisor).post(page("shut_out", agent))
    ticket.reopen(silver, submission_id=uuid.uuid4(), at=NOW)
    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_a_file_that_is_being_read_does_not_let_in_who_is_just_shut_out(
    supervisor, agent, silver, gold, monkeypatch
):
    """Both are in one chunk: a stale copy of one must not be written with what changes of both."""
    User.objects.filter(pk=gold.pk).update(is_active=False)
    write = synchronisation._write

    def late(*args):
        shut_out(silver, supervisor, NOW)
        write(*args)

    monkeypatch.setattr(synchronisation, "_write", late)
    records = [
        Record(
            line,
            {**MEMBER, "username": who.username, "member_id": who.member_id, "email": who.email},
        )
        for line, who in enumerate((silver, gold), 2)
    ]
    Synchronisation(NOW, tell_refusal=print).run(records)
    silver.refresh_from_db()
    gold.refresh_from_db()
    assert (silver.rank, silver.is_active, gold.is_active) == (Rank.PLATINUM, False, True)


def test_of_two_who_shut_each_other_out_one_stays(supervisor, silver):
    other = person("olga", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    other.groups.set(supervisor.groups.all())
    assert shut_out(other, supervisor, NOW)
    assert shut_out(supervisor, other, NOW) is None  # decided before it was known
    supervisor.refresh_from_db()
    assert supervisor.is_active


def test_an_undo_gives_nothing_to_who_is_gone(supervisor, agent, silver):
    ticket = submit(silver)
    ticket.assign(agent, agent, at=NOW)
    taken = ticket.assign(supervisor, None, at=NOW)
    shut_out(agent, supervisor, NOW)
    ticket.undo(supervisor, taken, at=NOW)
    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_a_ticket_that_a_colleague_got_meanwhile_stays_with_them(
    supervisor, agent, silver, monkeypatch
):
    first, second = submit(silver), submit(silver)
    other = person("otto", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    for ticket in (first, second):
        ticket.assign(agent, agent, at=NOW)
    assign = Ticket.assign

    def handing_over(self, by, to, **rest):
        if self.pk == first.pk:
            assign(Ticket.objects.get(pk=second.pk), supervisor, other, at=NOW)
        return assign(self, by, to, **rest)

    monkeypatch.setattr(Ticket, "assign", handing_over)
    assert shut_out(agent, supervisor, NOW).tickets == 1
    assert Ticket.objects.get(pk=second.pk).assignee == other
