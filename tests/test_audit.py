"""Audit: what happened, who did it and from where, kept for supervisors and found again."""

import datetime as dt
import re

import pytest
from conftest import NOW, PASSWORD, answer, signed_in, submit
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from tickets.models import CannedReply, Holiday, TicketEvent, Topic

EVENTS, LOG = "/admin/tickets/ticketevent/", "/admin/accounts/auditentry/"
LOGIN = "/accounts/login/"
Action = AuditEntry.Action


def rows(client, address, query=""):
    """The cells of the list, by column, newest first."""
    shown = client.get(address + query).content.decode()
    table = re.search(r'<table id="result_list">.*?</table>', shown, re.DOTALL)
    lines = (
        re.findall(r"<tr>(.*?)</tr>", table[0].partition("<tbody>")[2], re.DOTALL) if table else []
    )
    return [
        {
            name: re.sub(r"<[^>]+>", "", cell).strip()
            for name, cell in re.findall(r'class="field-(\w+)[^"]*">(.*?)</t[dh]>', line, re.DOTALL)
        }
        for line in lines
    ]


def sign_in(username, password=PASSWORD, **extra):
    return Client().post(LOGIN, {"login": username, "password": password}, **extra)


def entry(actor=None, action=Action.PICTURE, **fields):
    return AuditEntry.objects.create(**{"actor": actor, "action": action, "at": NOW, **fields})


# --- Signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["silver", "agent"])
def test_signing_in_is_noted_with_its_address(who, request):
    someone = request.getfixturevalue(who)
    sign_in(someone.username, REMOTE_ADDR="192.0.2.7")
    noted = AuditEntry.objects.get()
    assert (noted.action, noted.actor, noted.address) == (Action.SIGN_IN, someone, "192.0.2.7")


def test_a_failed_sign_in_names_the_person_and_keeps_nothing_typed(silver):
    sign_in("SONJA", "skrivnost-77")
    noted = AuditEntry.objects.get()
    assert (noted.action, noted.actor) == (Action.SIGN_IN_FAILED, silver)
    assert (noted.about, noted.data) == ("", {})


def test_of_an_unknown_name_only_the_address_is_kept(db):
    sign_in("moje-geslo-namesto-imena", "x", REMOTE_ADDR="192.0.2.7")
    stored = AuditEntry.objects.values().get()
    assert (stored["actor_id"], stored["address"]) == (None, "192.0.2.7")
    assert "moje-geslo" not in str(stored)


def test_somebody_shut_out_is_noted_as_failed(silver):
    silver.is_active = False
    silver.save()
    sign_in("sonja")
    assert list(AuditEntry.objects.values_list("action", "actor")) == [
        ("sign_in_failed", silver.pk)
    ]


def test_known_and_unknown_names_cost_the_same_queries(silver):
    def queries(name):
        with CaptureQueriesContext(
            connection,
        ) as done:
            sign_in(name, "wrong")
        return len(done)

    assert queries("sonja") == queries("nobody")


# --- Refusals ------------------------------------------------------------------------------------


def test_a_member_at_the_desks_door_is_noted_once_an_hour(silver):
    client = signed_in(silver)
    for _again in range(5):
        assert client.get("/admin/tickets/ticket/").status_code == 403
    noted = AuditEntry.objects.get()
    assert (noted.action, noted.actor) == (Action.DENIED, silver)
    assert noted.about == "/admin/tickets/ticket/"


def test_other_routes_and_other_people_are_noted_apart(silver, gold):
    for someone in (silver, gold):
        client = signed_in(someone)
        client.get("/admin/"), client.get("/staff/chat/")
    assert AuditEntry.objects.filter(action=Action.DENIED).count() == 4


def test_no_number_of_addresses_floods_the_log(silver, ticket):
    client = signed_in(silver)
    for number in range(30):
        client.get(f"/admin/tickets/ticket/{number}/change/")
        client.get(f"/admin/my-secret-{number}/")
    assert sorted(AuditEntry.objects.values_list("about", flat=True)) == [
        "/admin/tickets/ticket/…/change/",
        "/admin/…",
    ]


def test_an_agent_refused_inside_the_desk_is_noted(agent):
    signed_in(agent).post("/admin/tickets/topic/7/delete/", {"post": "yes"})
    noted = AuditEntry.objects.get()
    assert (noted.actor, noted.about) == (agent, "/admin/tickets/topic/…/delete/")
    assert noted.data == {"object": 7}


def test_nobody_and_members_pages_are_not_noted(client, premier, ticket):
    client.get("/admin/")
    signed_in(premier).get("/technical-issues/")
    signed_in(premier).get(ticket.get_absolute_url())
    assert not AuditEntry.objects.exists()


# --- The audit log -------------------------------------------------------------------------------


def test_supervisors_may_read_the_log_from_the_first_day(db):
    """As the migrations leave it, on a database that nobody has seeded since."""
    granted = Group.objects.get(name="Supervisors").permissions.values_list("codename", flat=True)
    assert "view_auditentry" in granted


def test_the_log_tells_who_did_what_when_and_from_where(supervisor, agent):
    entry(agent, about="TI-1042", address="192.0.2.7")
    (row,) = rows(signed_in(supervisor), LOG)
    assert row["when"].startswith("15 Jul 2026")
    assert (row["who"], row["what"]) == ("Ana Novak", "Picture opened")
    assert (row["about_what"], row["origin"]) == ("TI-1042", "192.0.2.7")


@pytest.mark.parametrize("words", ["TI-1042", "ti-1042", "1042", "#1042", "ANA", "192.0.2.7"])
def test_the_log_is_searched_by_ticket_person_and_address(supervisor, agent, silver, words):
    entry(agent, about="TI-1042", address="192.0.2.7")
    entry(silver, about="TI-10420", address="192.0.2.70")
    (row,) = rows(signed_in(supervisor), LOG, f"?q={words.replace('#', '%23')}")
    assert row["about_what"] == "TI-1042"


def test_the_log_is_filtered_by_what_who_and_when(supervisor, agent, silver):
    entry(agent, Action.EXPORT)
    entry(silver, Action.SIGN_IN, at=NOW - dt.timedelta(days=3))
    client = signed_in(supervisor)
    queries = ("?action=export", f"?actor={agent.pk}", "?since=2026-07-15", "?until=2026-07-12")
    counts = [len(rows(client, LOG, query)) for query in queries]
    assert counts == [1, 1, 1, 1]
    assert len(rows(client, LOG, "?action=export&until=2026-07-12")) == 0


@pytest.mark.parametrize("query", ["?since=soon", "?until=2026-02-30", "?since=2026-7"])
def test_a_day_that_is_none_is_said_and_kept(supervisor, query):
    entry()
    answered = signed_in(supervisor).get(LOG + query)
    shown = answered.content.decode()
    assert answered.status_code == 200
    assert f'value="{query.partition("=")[2]}"' in shown
    assert "Enter a valid date." in shown


def test_a_range_the_wrong_way_round_is_said_and_finds_nothing(supervisor):
    entry()
    client, query = signed_in(supervisor), "?since=2026-07-15&until=2026-07-01"
    assert "The last day is before the first." in client.get(LOG + query).content.decode()
    assert rows(client, LOG, query) == []


@pytest.mark.parametrize("query", ["since=0001-01-01&until=9999-12-31", "until=9999-12-31"])
def test_the_ends_of_the_calendar_are_no_error(supervisor, query):
    entry()
    assert len(rows(signed_in(supervisor), LOG, f"?{query}")) == 1


def test_a_day_is_the_readers_day(supervisor):
    supervisor.time_zone = "Europe/Ljubljana"
    supervisor.save()
    entry(at=dt.datetime(2026, 7, 14, 22, 30, tzinfo=dt.UTC))  # half past midnight on the 15th
    client = signed_in(supervisor)
    assert len(rows(client, LOG, "?since=2026-07-15")) == 1
    assert len(rows(client, LOG, "?until=2026-07-14")) == 0


def test_the_count_ends_where_it_may(supervisor, settings):
    settings.COUNT_CAP = 2
    for _again in range(4):
        entry()
    assert "more than 2" in signed_in(supervisor).get(LOG).content.decode()


@pytest.mark.parametrize("query", ["?q=%00", "?actor=x", "?verb=1", "?p=x", "?at__gt=1", "?q=%25"])
def test_odd_questions_are_answered(supervisor, query):
    for address in (EVENTS, LOG):
        assert signed_in(supervisor).get(address + query, follow=True).status_code in {200, 400}


@pytest.mark.parametrize("address", [EVENTS, LOG])
def test_agents_and_members_do_not_read_the_logs(agent, silver, address):
    assert signed_in(agent).get(address).status_code == 403
    assert signed_in(silver).get(address).status_code == 403


@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_changes_what_is_in_a_log(supervisor, ticket, is_superuser):
    supervisor.is_superuser = is_superuser
    supervisor.save()
    noted, event = entry(supervisor), TicketEvent.objects.get()
    client = signed_in(supervisor)
    for address, row in ((LOG, noted), (EVENTS, event)):
        for act in ("change", "delete"):
            assert client.post(f"{address}{row.pk}/{act}/", {"post": "yes"}).status_code == 403
        assert client.post(f"{address}add/", {}).status_code == 403
        forged = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(address, forged)
    assert AuditEntry.objects.filter(pk=noted.pk).exists()
    assert TicketEvent.objects.filter(pk=event.pk).exists()


def test_one_entry_can_be_read_in_full(supervisor):
    noted = entry(supervisor, Action.DENIED, about="/admin/", data={"object": 7})
    shown = signed_in(supervisor).get(f"{LOG}{noted.pk}/change/").content.decode()
    assert "<code>object 7</code>" in shown
    assert "Access denied" in shown


# --- The history of all tickets ------------------------------------------------------------------


def test_history_tells_what_happened_to_which_ticket(supervisor, agent, ticket):
    ticket.assign(agent, agent, at=NOW, address="192.0.2.7")
    row = rows(signed_in(supervisor), EVENTS)[0]
    assert (row["who"], row["what"], row["change"]) == (
        "Ana Novak",
        "Assigned",
        "Assigned to Ana Novak",
    )
    assert (row["which"], row["origin"]) == (ticket.number, "192.0.2.7")


def test_history_never_shows_what_people_wrote(supervisor, agent, ticket):
    answer(ticket, agent, "Samo za nas", verb="note")
    shown = signed_in(supervisor).get(EVENTS).content.decode()
    assert "Internal note" in shown
    assert "Samo za nas" not in shown


def test_history_is_searched_by_number_person_and_address(supervisor, agent, ticket, gold):
    other = submit(gold, address="192.0.2.9")
    client = signed_in(supervisor)
    for words in (other.number, f"%23{other.pk}", "gita", "GITA", "192.0.2.9"):
        assert [row["which"] for row in rows(client, EVENTS, f"?q={words}")] == [other.number]
    assert rows(client, EVENTS, "?q=nobody") == []


def test_history_is_filtered_by_verb_agent_and_day(supervisor, agent, ticket):
    ticket.assign(agent, agent, at=NOW + dt.timedelta(days=1))
    client = signed_in(supervisor)
    for query in ("?verb=assign", f"?actor={agent.pk}", "?since=2026-07-16"):
        assert [row["what"] for row in rows(client, EVENTS, query)] == ["Assigned"], query
    assert [row["what"] for row in rows(client, EVENTS, "?until=2026-07-15")] == ["Issue received"]


def test_a_filter_of_days_keeps_what_else_was_chosen(supervisor, ticket):
    shown = signed_in(supervisor).get(f"{EVENTS}?verb=submit&q=sonja").content.decode()
    (form,) = re.findall(r'<form class="date-range".*?</form>', shown, re.DOTALL)
    assert '<input type="hidden" name="verb" value="submit">' in form
    assert '<input type="hidden" name="q" value="sonja">' in form


def test_the_queries_do_not_grow_with_the_history(supervisor, agent, silver):
    def queries():
        with CaptureQueriesContext(connection) as done:
            client.get(EVENTS)
        return len(done)

    client = signed_in(supervisor)
    submit(silver).assign(agent, agent, at=NOW)
    few = queries()
    for _again in range(8):
        submit(silver).assign(agent, supervisor, at=NOW)
    assert queries() == few <= 12


# --- What supervisors change in the admin --------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "history", "changed"),
    [
        ("en", "History", "Changed"),
        ("cs", "Historie", "Změněno"),
        ("sl", "Zgodovina", "Spremenjen"),
    ],
)
def test_changes_of_settings_have_a_history_in_the_readers_language(
    supervisor, language, history, changed
):
    supervisor.language = language
    supervisor.save()
    client = signed_in(supervisor)
    topic, reply = Topic.objects.first(), CannedReply.objects.first()
    names = {"name_en": "New", "name_cs": "Nové", "name_sl": "Novo"}
    texts = {"shortcut": reply.shortcut, "text_en": "New", "text_cs": "Nové", "text_sl": "Novo"}
    holiday = Holiday.objects.create(date=dt.date(2026, 12, 25), name="Božič")
    day = {"date": "2026-12-26", "name": "Štefan"}
    for row, post in ((topic, names), (reply, texts), (holiday, day)):
        address = f"/admin/tickets/{row._meta.model_name}/{row.pk}/"
        assert client.post(f"{address}change/", post).status_code == 302
        assert history in client.get(f"{address}change/").content.decode()
        told = client.get(f"{address}history/").content.decode()
        assert changed in told
        assert "Eva Novak" in told
