"""Known incidents as members meet them: read of it, say "me too", be told when it is over."""

import datetime as dt
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import live
import pytest
from conftest import NOW, answer, signed_in, submit
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import override
from post_office.models import Email
from troubles import ENDINGS, TEXTS, TITLES, announce, draft

from accounts import throttle
from tickets.models import AffectedTicket, Draft, Incident, Notice, Ticket, TransitionError
from tickets.models.event import Verb
from tickets.models.incident import AlreadyDone, MissingTranslation

LIST, NEW = "/incidents/", "/technical-issues/new/"
LATER = NOW + dt.timedelta(hours=2)
ME_TOO = "This affects me too"
JSON = {"Accept": "application/json"}


@pytest.fixture
def incident(supervisor):
    return announce(supervisor)


@pytest.fixture
def client(silver, silver_reads_english):
    return signed_in(silver)


def door(incident):
    return f"/incidents/{incident.pk}/affects-me/"


def text_of(response):
    return response.content.decode()


def short(incident, member, text="", language="en", at=NOW):
    """File the short ticket, past the page."""
    post = {"language": language, "description": text, "submission_id": uuid.uuid4(), "at": at}
    return incident.file_short(member, **post)


def tell(client, incident, **post):
    post = {"ticket": "", "language": "en", "submission_id": uuid.uuid4(), **post}
    return client.post(door(incident), post)


# The verbs


def test_members_read_of_it_from_its_publication_on(supervisor):
    incident = draft(supervisor)
    assert not Incident.objects.published()
    incident.publish(supervisor, NOW)
    assert list(Incident.objects.current()) == [incident]
    assert not Incident.objects.past()
    with pytest.raises(AlreadyDone):
        incident.publish(supervisor, LATER)
    assert incident.published_at == NOW


@pytest.mark.parametrize("field", ["title_cs", "text_cs"])
@pytest.mark.parametrize("nothing", [" \n", "\u200b", "\u2060\ufeff\xa0", "\u3164\u2800", "\ufe0f"])
def test_what_a_language_lacks_is_not_published(supervisor, field, nothing):
    incident = draft(supervisor, **{field: nothing})
    with pytest.raises(MissingTranslation) as missing:
        incident.publish(supervisor, NOW)
    assert missing.value.languages == ["Čeština"]
    assert not Incident.objects.published()


@pytest.mark.parametrize("written", ["č", "7", "\u200bž", "🚧", "!"])
def test_whatever_can_be_seen_is_published(supervisor, written):
    incident = draft(supervisor, title_cs=written)
    incident.publish(supervisor, NOW)
    assert incident.title_in("cs") == written


def test_each_reads_it_in_their_language(incident):
    for language, title in TITLES.items():
        assert incident.title_in(language) == title
        with override(language):
            assert (str(incident), incident.text) == (title, TEXTS[language])
    assert incident.title_in("other") == TITLES["en"]


def test_a_ticket_is_linked_once(incident, silver, ticket):
    assert incident.affect(ticket, silver, LATER, "192.0.2.7")
    assert not incident.affect(ticket, silver, LATER)
    event = ticket.events.get(verb=Verb.INCIDENT)
    assert (event.data, event.public, event.address) == (
        {"incident": incident.pk},
        True,
        "192.0.2.7",
    )
    assert (ticket.status, ticket.affected.at) == ("open", LATER)
    assert incident.ticket_of(silver) == ticket


def test_an_agent_links_it_too_and_the_member_sees_something_new(incident, silver, agent, ticket):
    assert incident.affect(ticket, agent, LATER)
    assert Ticket.objects.with_unread(silver).get().is_unread


def test_a_ticket_is_about_one_incident_at_most(incident, supervisor, silver, ticket):
    other = announce(supervisor)
    incident.affect(ticket, silver, NOW)
    assert other.affect(ticket, silver, LATER)
    assert AffectedTicket.objects.get().incident == other
    assert incident.ticket_of(silver) is None


def test_a_closed_ticket_is_not_linked(incident, silver, ticket):
    ticket.close(silver, at=NOW)
    with pytest.raises(TransitionError):
        incident.affect(ticket, silver, LATER)
    assert not AffectedTicket.objects.exists()


def test_who_merges_two_tickets_keeps_what_the_duplicate_was_about(incident, silver, agent, ticket):
    again = submit(silver)
    incident.affect(again, silver, NOW)
    again.merge_into(agent, ticket, at=LATER)
    assert incident.ticket_of(silver) == ticket


def test_merging_two_that_are_linked_leaves_each_its_own(
    incident, supervisor, silver, agent, ticket
):
    other, again = announce(supervisor), submit(silver)
    incident.affect(ticket, silver, NOW)
    other.affect(again, silver, NOW)
    again.merge_into(agent, ticket, at=LATER)
    assert AffectedTicket.objects.get(ticket=ticket).incident == incident


@pytest.mark.parametrize("published", [False, True])
def test_only_what_goes_on_is_joined_answered_and_ended(supervisor, silver, ticket, published):
    incident = draft(supervisor)
    if published:
        incident.publish(supervisor, NOW)
        incident.end(supervisor, ENDINGS, NOW, closes=False)
    for verb in (
        lambda: incident.affect(ticket, silver, LATER),
        lambda: short(incident, silver),
        lambda: incident.answer(supervisor, TEXTS, LATER),
        lambda: incident.end(supervisor, ENDINGS, LATER, closes=True),
    ):
        with pytest.raises(AlreadyDone):
            verb()
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("language", ["en", "cs", "sl", "other"])
def test_a_short_ticket_speaks_its_language(incident, silver, language):
    ticket = short(incident, silver, language=language)
    spoken = "en" if language == "other" else language
    assert (ticket.language, ticket.title) == (language, TITLES[spoken])
    assert TITLES[spoken] in ticket.description
    assert ticket.status == "open"
    assert Email.objects.get().to == [silver.email]


def test_a_member_has_one_short_ticket_for_an_incident(incident, silver, other_silver):
    ticket = short(incident, silver, "It fails.")
    assert short(incident, silver, "Still.") == ticket
    assert short(incident, other_silver) != ticket
    ticket.close(silver, at=LATER)
    assert short(incident, silver, at=LATER) != ticket


def test_the_same_post_gets_the_same_ticket_even_later(incident, supervisor, silver):
    post = {"language": "en", "description": "", "submission_id": uuid.uuid4(), "at": NOW}
    ticket = incident.file_short(silver, **post)
    ticket.close(silver, at=LATER)
    incident.end(supervisor, ENDINGS, LATER, closes=False)
    assert incident.file_short(silver, **post) == ticket
    assert Ticket.objects.count() == 1


def test_an_answer_is_for_everybody_and_in_every_language(incident, supervisor):
    with pytest.raises(MissingTranslation) as missing:
        incident.answer(supervisor, {**TEXTS, "sl": "\u200b", "cs": ""}, LATER)
    assert missing.value.languages == ["Čeština", "Slovenščina"]
    notice = incident.answer(supervisor, TEXTS, LATER)
    assert (notice.kind, notice.text_in("cs"), notice.by) == ("reply", TEXTS["cs"], supervisor)
    assert notice.text_in("other") == TEXTS["en"]
    assert notice.done_at is None


def test_an_answer_posted_twice_is_one(incident, supervisor):
    post, other = uuid.uuid4(), announce(supervisor)
    first = incident.answer(supervisor, TEXTS, LATER, submission_id=post)
    assert incident.answer(supervisor, TEXTS, LATER, submission_id=post) == first
    assert other.answer(supervisor, TEXTS, LATER, submission_id=post) != first
    incident.answer(supervisor, TEXTS, LATER)
    assert Notice.objects.count() == 3


def test_the_end_is_told_in_every_language_or_does_not_come(incident, supervisor):
    with pytest.raises(MissingTranslation):
        incident.end(supervisor, {"en": "Over."}, LATER, closes=False)
    incident.refresh_from_db()
    assert incident.is_current
    notice = incident.end(supervisor, ENDINGS, LATER, closes=True)
    incident.refresh_from_db()
    assert (incident.ended_at, incident.ending_in("sl")) == (LATER, ENDINGS["sl"])
    assert (notice.kind, notice.closes, notice.text_en) == ("end", True, ENDINGS["en"])
    assert list(Incident.objects.past()) == [incident]
    assert not Incident.objects.current()


def test_who_joins_just_before_the_end_is_meant_whatever_the_clock_says(
    incident, supervisor, silver, ticket
):
    incident.affect(ticket, silver, LATER)
    notice = incident.end(supervisor, ENDINGS, LATER - dt.timedelta(seconds=1), closes=False)
    assert notice.at >= ticket.affected.at


def test_a_closing_of_which_another_mail_tells_sends_none(silver, agent, ticket):
    Email.objects.all().delete()
    event = ticket.close(agent, at=LATER, tell=False)
    assert ticket.is_closed
    assert "mail" not in event.data
    assert not Email.objects.exists()


def together(*calls):
    """Do all at the same moment, each on a connection of its own; what each gave or raised."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        except (AlreadyDone, TransitionError) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


@pytest.mark.django_db(transaction=True)
def test_two_taps_in_two_tabs_make_one_ticket(incident, silver):
    def tap():
        return short(Incident.objects.get(), silver).pk

    assert len(set(together(tap, tap, tap))) == 1
    assert Ticket.objects.count() == AffectedTicket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_at_the_end_one_has_joined_or_is_told_that_it_is_over(
    incident, supervisor, silver, ticket, _round
):
    def join():
        return Incident.objects.get().affect(Ticket.objects.get(), silver, NOW)

    def end():
        return Incident.objects.get().end(supervisor, ENDINGS, NOW, closes=False)

    joined, _notice = together(join, end)
    assert AffectedTicket.objects.exists() == (joined is True)
    assert joined is True or isinstance(joined, AlreadyDone)


# What members see


@pytest.mark.parametrize("path", ["/", NEW, "/chat/", LIST])
@pytest.mark.parametrize("language", ["en", "cs", "sl"])
def test_it_stands_where_members_come_in(incident, silver, path, language):
    silver.language = language
    silver.save()
    page = text_of(signed_in(silver).get(path))
    assert escape(TITLES[language]) in page
    assert escape(TEXTS[language]) in page
    assert door(incident) in page


def test_it_stands_on_the_chat_form_when_the_chat_is_open(incident, client):
    live.open_around_the_clock()
    page = text_of(client.get("/chat/"))
    assert 'name="question"' in page
    assert TITLES["en"] in page


def test_it_says_since_when_in_the_readers_zone(incident, client):
    page = text_of(client.get("/"))
    assert re.search(r"Since <time [^>]*>15 Jul 2026, 15:05</time>", page)  # 13:05 GMT


@pytest.mark.parametrize("path", ["/", NEW, LIST])
def test_nobody_sees_what_is_not_published(supervisor, client, path):
    draft(supervisor)
    assert TITLES["en"] not in text_of(client.get(path))


def test_what_has_ended_is_on_the_page_of_the_past_alone(incident, supervisor, client):
    incident.end(supervisor, ENDINGS, NOW, closes=False)
    assert TITLES["en"] not in text_of(client.get("/"))
    page = text_of(client.get(LIST))
    assert "Past incidents" in page
    assert ENDINGS["en"] in page
    assert door(incident) not in page


def test_below_silver_one_reads_it_without_the_button(incident, premier):
    client = signed_in(premier)
    for path in ("/", LIST):
        page = text_of(client.get(path))
        assert TITLES["cs"] in page
        assert door(incident) not in page
    assert client.get(door(incident)).status_code == 403
    assert tell(client, incident).status_code == 403
    assert not Ticket.objects.exists()


def test_who_has_told_us_sees_their_ticket_instead_of_the_button(incident, client, silver, ticket):
    incident.affect(ticket, silver, NOW)
    for path in ("/", NEW, "/chat/", LIST):
        page = text_of(client.get(path))
        assert f'href="{ticket.get_absolute_url()}">{ticket.number}</a>. We will write' in page
        assert door(incident) not in page
    page = text_of(client.get(door(incident)))
    assert ticket.number in page
    assert 'name="description"' not in page


def test_the_ticket_of_another_is_nobodys_business(incident, other_silver, client, silver):
    incident.affect(submit(other_silver), other_silver, NOW)
    assert "You have told us" not in text_of(client.get("/"))
    assert ME_TOO in text_of(client.get("/"))


def test_of_many_the_first_three_stand_there(supervisor, client):
    for n in range(3):
        announce(supervisor, title_en=f"Number {n}")
    assert "All known incidents" not in text_of(client.get("/"))
    announce(supervisor, NOW + dt.timedelta(days=1), title_en="The newest")
    page = text_of(client.get("/"))
    assert page.count('class="notice warn incident"') == 3
    assert page.index("The newest") < page.index("Number 2")
    assert "Number 0" not in page
    assert "All known incidents" in page
    assert text_of(client.get(LIST)).count('class="notice warn incident"') == 4


@pytest.mark.parametrize("path", ["/", NEW, "/chat/"])
@pytest.mark.parametrize("count", [0, 5])
def test_it_costs_one_query(supervisor, client, silver, path, count):
    for _n in range(count):
        incident = announce(supervisor)
    if count:
        short(incident, silver)
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    assert len([query for query in asked if "tickets_incident" in query["sql"]]) == 1
    assert len(asked) <= 8


def test_the_page_without_any_says_so(client):
    page = text_of(client.get(LIST))
    assert "No incidents are known." in page
    assert "Past incidents" not in page


def test_the_past_comes_in_pages(supervisor, incident, client):
    for n in range(25):
        past = announce(supervisor, title_en=f"Past {n:02}")
        past.end(supervisor, ENDINGS, NOW + dt.timedelta(days=n), closes=False)
    first, second = text_of(client.get(LIST)), text_of(client.get(LIST, {"page": "2"}))
    assert first.index("Past 24") < first.index("Past 05")
    assert "Past 04" not in first
    assert "Past 00" in second
    assert TITLES["en"] in first
    assert TITLES["en"] not in second
    with CaptureQueriesContext(connection) as asked:
        client.get(LIST)
    assert len(asked) <= 8
    for odd in ("0", "-1", "99999999999999999999", "ž", "\0"):
        assert client.get(LIST, {"page": odd}).status_code == 200


def test_every_page_leads_to_the_known_incidents(client):
    assert f'<a href="{LIST}">Known incidents</a>' in text_of(client.get("/guide/"))


# Me too


def test_without_tickets_there_is_nothing_to_choose(incident, client):
    page = text_of(client.get(door(incident)))
    assert 'type="radio"' not in page
    assert 'name="description"' in page


def test_one_chooses_among_ones_own_unfinished_tickets(incident, client, silver, other_silver):
    tickets = [submit(silver, at=NOW + dt.timedelta(minutes=n)) for n in range(22)]
    tickets[20].close(silver, at=LATER)
    foreign = submit(other_silver)
    page = text_of(client.get(door(incident)))
    found = re.findall(r'name="ticket" value="(\d+)"', page)
    assert found == [str(t.pk) for t in [tickets[21], *reversed(tickets[1:20])]]
    assert str(foreign.pk) not in found


def test_a_ticket_is_linked_and_what_was_typed_becomes_a_reply(incident, client, silver, ticket):
    response = tell(client, incident, ticket=ticket.pk, description="Error 402.")
    assert (response.status_code, response["Location"]) == (303, ticket.get_absolute_url())
    page = text_of(client.get(response["Location"]))
    assert "Thank you. We will write to you when it is solved." in page
    assert "Linked to a known incident" in page
    assert TITLES["en"] in page
    assert ticket.replies.get().body == "Error 402."
    assert incident.ticket_of(silver) == ticket


def test_a_short_ticket_is_filed_and_received(incident, client, silver):
    response = tell(client, incident, description="Error 402.")
    ticket = Ticket.objects.get()
    assert response["Location"] == f"/technical-issues/{ticket.pk}/received/"
    assert (ticket.title, ticket.description) == (TITLES["en"], "Error 402.")
    assert ticket.affected.incident == incident
    assert not ticket.replies.exists()
    assert client.get(response["Location"]).status_code == 200


def test_an_empty_post_files_one_in_the_members_language(incident, gold):
    response = signed_in(gold).post(door(incident))
    assert response.status_code == 303
    assert Ticket.objects.get().language == "cs"


def test_a_double_post_makes_one_ticket_and_one_mail(incident, client):
    post = {"submission_id": uuid.uuid4(), "description": "Error 402."}
    first, second = tell(client, incident, **post), tell(client, incident, **post)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.get().replies.count() == 0
    assert Email.objects.count() == 1


def test_a_double_post_of_a_link_is_one_link_and_one_reply(incident, client, ticket):
    post = {"ticket": ticket.pk, "submission_id": uuid.uuid4(), "description": "Error 402."}
    tell(client, incident, **post)
    tell(client, incident, **post)
    assert ticket.replies.count() == 1
    assert ticket.events.filter(verb=Verb.INCIDENT).count() == 1


def test_who_says_it_again_with_other_words_says_them_in_the_same_ticket(incident, client, silver):
    ticket = short(incident, silver)
    response = tell(client, incident, description="Now also error 403.")
    assert response["Location"] == ticket.get_absolute_url()
    assert ticket.replies.get().body == "Now also error 403."
    assert Ticket.objects.count() == 1


def test_a_foreign_ticket_is_not_found(incident, client, other_silver):
    foreign = submit(other_silver)
    for number in (foreign.pk, foreign.pk + 10**6, "9" * 18, "9" * 5000, "0", "-1", "x", "\0", "٣"):
        assert tell(client, incident, ticket=number).status_code == 404
    assert not AffectedTicket.objects.exists()


def test_a_ticket_closed_meanwhile_says_so_and_keeps_the_text(incident, client, silver, ticket):
    ticket.close(silver, at=NOW)
    response = tell(client, incident, ticket=ticket.pk, description="Error 402.")
    assert response.status_code == 409
    page = text_of(response)
    assert "This issue is closed. Reopen it first." in page
    assert "Error 402." in page
    assert not AffectedTicket.objects.exists()


def test_a_merged_ticket_leads_to_the_one_that_shows_both(incident, client, silver, agent, ticket):
    again = submit(silver)
    again.merge_into(agent, ticket, at=NOW)
    assert tell(client, incident, ticket=again.pk)["Location"] == ticket.get_absolute_url()
    assert incident.ticket_of(silver) == ticket


def test_what_has_ended_is_said_and_the_text_waits_in_the_ordinary_form(
    incident, supervisor, client, silver
):
    incident.end(supervisor, ENDINGS, timezone.now(), closes=False)
    assert client.get(door(incident))["Location"] == LIST
    assert client.head(door(incident)).status_code == 302
    for _again in range(2):
        response = tell(client, incident, description="It goes on.", language="sl")
    assert response.status_code == 303
    page = text_of(client.get(response["Location"]))
    assert "This incident has ended." in page
    assert "It goes on." in page
    assert TITLES["sl"] in page
    assert Draft.objects.count() == 1
    assert tell(client, incident)["Location"] == LIST
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("chooses", [True, False])
def test_who_says_it_again_after_the_end_is_promised_nothing(
    incident, supervisor, client, silver, ticket, chooses
):
    incident.affect(ticket, silver, NOW)
    incident.end(supervisor, ENDINGS, timezone.now(), closes=False)
    own = ticket.pk if chooses else ""
    response = tell(client, incident, ticket=own, description="It goes on.")
    page = text_of(client.get(response["Location"]))
    assert "This incident has ended." in page
    assert "It goes on." in page
    assert "We will write to you" not in page
    assert Draft.objects.get().description == "It goes on."
    assert not ticket.replies.exists()


@pytest.mark.parametrize("chooses", [True, False])
def test_what_was_said_before_the_end_is_not_too_late_when_the_post_comes_twice(
    incident, supervisor, client, silver, ticket, chooses
):
    incident.affect(ticket, silver, NOW)
    own = ticket.pk if chooses else ""
    post = {"ticket": own, "submission_id": uuid.uuid4(), "description": "Error 402."}
    first = tell(client, incident, **post)
    incident.end(supervisor, ENDINGS, timezone.now(), closes=False)
    assert tell(client, incident, **post)["Location"] == first["Location"]
    assert ticket.replies.count() == 1
    late = tell(client, incident, **{**post, "description": "Other words."})
    assert "draft=" in late["Location"]
    assert ticket.replies.count() == 1


def test_a_short_ticket_filed_before_the_end_takes_no_other_words_after_it(
    incident, supervisor, client
):
    post = {"submission_id": uuid.uuid4(), "description": "Error 402."}
    first = tell(client, incident, **post)
    incident.end(supervisor, ENDINGS, timezone.now(), closes=False)
    assert tell(client, incident, **post)["Location"] == first["Location"]
    assert "draft=" in tell(client, incident, **{**post, "description": "Other."})["Location"]
    assert not Ticket.objects.get().replies.exists()


@pytest.mark.parametrize("text", ["x" * 20_001, "a\0b", "a\x1bb"])
def test_a_text_that_cannot_be_kept_comes_back(incident, client, text):
    response = tell(client, incident, description=text)
    assert response.status_code == 400
    page = text_of(response)
    assert "There is a problem" in page
    assert escape(text) in page or "\0" in text
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("field", ["language", "submission_id"])
def test_odd_fields_are_answered(incident, client, field):
    for odd in ("x", "\0", "9" * 5000, "🦊", "<b>"):
        assert tell(client, incident, **{field: odd}).status_code == 400


def test_the_unpublished_and_the_unknown_are_not_found(supervisor, client):
    hidden = draft(supervisor)
    for pk in (hidden.pk, hidden.pk + 1, 10**17, "9" * 30, "9" * 5000):
        assert client.get(f"/incidents/{pk}/affects-me/").status_code == 404
        assert client.post(f"/incidents/{pk}/affects-me/").status_code == 404


def test_a_script_gets_its_answer_in_json(incident, supervisor, client, ticket, silver):
    bad = client.post(door(incident), {"description": "\0"}, headers=JSON)
    assert (bad.status_code, bad.json()["error"]) == (400, "invalid")
    incident.end(supervisor, ENDINGS, NOW, closes=False)
    over = client.post(door(incident), headers=JSON)
    assert (over.status_code, over.json()["error"]) == (409, "ended")


def test_a_get_changes_nothing_and_a_strange_form_is_refused(incident, silver, client):
    for method in (client.get, client.head):
        assert method(door(incident), {"ticket": "", "description": "x"}).status_code == 200
    assert client.put(door(incident)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(silver)
    assert strict.post(door(incident)).status_code == 403
    assert not Ticket.objects.exists()


def test_short_tickets_count_as_tickets(incident, supervisor, client, silver, settings):
    settings.LIMITS = {**settings.LIMITS, "tickets": "1/hour"}
    throttle.forget_all()
    assert tell(client, incident).status_code == 303
    assert tell(client, incident).status_code == 303  # nothing new
    refused = tell(client, announce(supervisor), description="Another thing.")
    assert refused.status_code == 429
    assert "Another thing." in text_of(refused)


def test_a_staff_member_is_affected_like_anybody(incident, agent):
    assert tell(signed_in(agent), incident).status_code == 303
    assert incident.ticket_of(agent) == Ticket.objects.get()


def test_the_ticket_costs_no_more_for_being_linked(
    incident, client, silver, agent, ticket, django_assert_max_num_queries
):
    incident.affect(ticket, silver, NOW)
    answer(ticket, agent)
    with django_assert_max_num_queries(8):
        page = text_of(client.get(ticket.get_absolute_url()))
    assert f'href="{LIST}#incident-{incident.pk}">{TITLES["en"]}</a>' in page
