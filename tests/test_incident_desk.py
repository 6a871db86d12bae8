"""Known incidents at the desk: announced in every language, linked, answered and ended once."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, signed_in, submit
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from tickets.incidents import deliver
from tickets.models import AffectedTicket, Incident, Notice, TicketEvent

LIST, ADD = "/admin/tickets/incident/", "/admin/tickets/incident/add/"
WORK = "/admin/tickets/ticket/"
HOUR = dt.timedelta(hours=1)
WORDS = {
    "title_en": "Payments fail",
    "title_cs": "Platby selhávají",
    "title_sl": "Plačila ne delujejo",
    "text_en": "Cards are refused.\nPlease wait.",
    "text_cs": "Karty jsou odmítány.\nVyčkejte prosím.",
    "text_sl": "Kartice so zavrnjene.\nPočakajte, prosimo.",
    "started_at": "2026-07-15T08:30",
}
TEXTS = {"text_en": "We are on it.", "text_cs": "Pracujeme na tom.", "text_sl": "Delamo na tem."}
ENDINGS = {"text_en": "It works.", "text_cs": "Už to jde.", "text_sl": "Spet deluje."}


@pytest.fixture
def desk(supervisor):
    return signed_in(supervisor)


@pytest.fixture
def draft(supervisor):
    words = {**WORDS, "started_at": NOW}
    return Incident.objects.create(created_by=supervisor, **words)


@pytest.fixture
def incident(draft, supervisor):
    draft.publish(supervisor, NOW)
    return draft


@pytest.fixture
def affected(incident, silver, gold, supervisor):
    """Four linked tickets, one of them closed since."""
    tickets = [
        submit(silver),
        submit(silver, language="other"),
        submit(gold),
        submit(gold),
    ]
    for ticket in tickets:
        incident.affect(ticket, supervisor, NOW)
    tickets[3].close(gold, at=NOW)
    return tickets


def page(incident, act="change"):
    return reverse(f"admin:tickets_incident_{act}", args=[incident.pk])


def text_of(response):
    return response.content.decode()


def words_of(response):
    """What is read, without markup and line breaks."""
    html = re.sub(r"<(script|style).*?</\1>", " ", text_of(response), flags=re.DOTALL)
    return " ".join(re.sub(r"<.*?>", " ", html).split())


def told(client, address=LIST):
    """What the next page says on top."""
    listed = " ".join(
        re.findall(r'<ul class="messagelist">(.*?)</ul>', text_of(client.get(address)), re.DOTALL)
    )
    return " ".join(re.sub(r"<.*?>", " ", listed).split())


# The list and the editor


def test_a_draft_may_lack_languages(desk, supervisor):
    post = {**WORDS, "title_cs": "", "text_cs": "", "text_sl": " "}
    answer = desk.post(ADD, post)
    draft = Incident.objects.get()
    assert (answer.status_code, answer.url) == (303, page(draft))
    assert (draft.created_by, draft.published_at, draft.text_sl) == (supervisor, None, "")
    assert draft.text_en == "Cards are refused.\nPlease wait."
    assert draft.started_at == dt.datetime(2026, 7, 15, 6, 30, tzinfo=dt.UTC)  # from Ljubljana


def test_a_draft_has_at_least_one_title(desk):
    answer = desk.post(ADD, {"started_at": "2026-07-15T08:30", "text_en": "Cards are refused."})
    assert answer.status_code == 200
    assert "Write a title in at least one language." in text_of(answer)
    assert "Cards are refused." in text_of(answer)
    assert not Incident.objects.exists()


def test_a_draft_in_one_language_is_called_by_the_title_that_there_is(desk):
    desk.post(ADD, {"started_at": "2026-07-15T08:30", "title_sl": "Plačila ne delujejo"})
    assert "Plačila ne delujejo" in words_of(desk.get(LIST))
    assert "<h1>Plačila ne delujejo</h1>" in text_of(desk.get(page(Incident.objects.get())))


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("2999-01-01T00:00", "This is in the future."),
        ("0001-01-01T00:00", "This is too long ago."),
        ("9999-12-31T23:59", "This is in the future."),
        ("yesterday", "Enter a valid date/time."),
        ("", "This field is required."),
    ],
)
def test_since_when_is_a_time_that_was(desk, typed, fault):
    answer = desk.post(ADD, {**WORDS, "started_at": typed})
    assert fault in text_of(answer)
    assert not Incident.objects.exists()


@pytest.mark.parametrize("typed", ["a\0b", "a\x07b", "x" * 1_001])
def test_what_cannot_be_stored_is_refused(desk, typed):
    answer = desk.post(ADD, {**WORDS, "text_sl": typed})
    assert answer.status_code == 200
    assert "errorlist" in text_of(answer)
    assert "Payments fail" in text_of(answer)
    assert not Incident.objects.exists()


def test_the_list_says_where_each_stands(desk, incident, affected, supervisor):
    Incident.objects.create(created_by=supervisor, started_at=NOW, title_en="Only English")
    past = Incident.objects.create(created_by=supervisor, **{**WORDS, "started_at": NOW})
    past.publish(supervisor, NOW)
    past.end(supervisor, {"en": "a", "cs": "b", "sl": "c"}, NOW + HOUR, closes=False)
    rows = re.findall(r"<tr>(.*?)</tr>", text_of(desk.get(LIST)), re.DOTALL)
    lines = [" ".join(re.sub(r"<.*?>", " ", row).split()) for row in rows if "field-state" in row]
    since = "Since: 15 Jul 2026, 15:05 Ended:"
    assert lines[0] == f"Payments fail Ended {since} 15 Jul 2026, 16:05 Affected tickets: 0 All"
    missing = "Missing: English, Čeština, Slovenščina"
    assert lines[1] == f"Only English Draft {since} – Affected tickets: 0 {missing}"
    assert lines[2] == f"Payments fail Current {since} – Affected tickets: 4 All"


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_and_a_page_cost_the_same_for_many(
    desk, incident, silver, supervisor, count, django_assert_max_num_queries
):
    for n in range(count):
        more = Incident.objects.create(created_by=supervisor, **{**WORDS, "started_at": NOW})
        incident.affect(submit(silver), supervisor, NOW)
        more.publish(supervisor, NOW + n * HOUR)
        incident.answer(supervisor, {"en": "a", "cs": "b", "sl": "c"}, NOW)
    deliver(NOW, limit=10_000)
    with django_assert_max_num_queries(8):
        desk.get(LIST)
    with django_assert_max_num_queries(12):
        desk.get(page(incident))


def test_a_published_one_is_corrected_but_loses_no_language(desk, incident):
    answer = desk.post(page(incident), {**WORDS, "title_sl": "", "text_en": "Cards work in part."})
    assert "Members read this already: it cannot be empty." in text_of(answer)
    assert "Cards work in part." in text_of(answer)
    assert desk.post(page(incident), {**WORDS, "text_en": "Cards work."}).status_code == 303
    incident.refresh_from_db()
    assert (incident.title_sl, incident.text_en) == ("Plačila ne delujejo", "Cards work.")


def test_two_who_write_at_once_learn_of_each_other(desk, incident):
    seen = re.search(r'name="seen" value="(\w+)"', text_of(desk.get(page(incident))))[1]
    first = {**WORDS, "seen": seen, "text_sl": "Plačila spet delujejo."}
    second = {**WORDS, "seen": seen, "title_cs": "Platby nejdou"}
    assert desk.post(page(incident), first).status_code == 303
    again = desk.post(page(incident), second)
    shown = text_of(again)
    assert "Somebody changed the incident while you were writing" in shown
    assert shown.count("Plačila spet delujejo.") == 1  # in the preview
    assert 'value="Platby nejdou"' in shown
    incident.refresh_from_db()
    assert (incident.title_cs, incident.text_sl) == ("Platby selhávají", "Plačila spet delujejo.")
    second["seen"] = re.search(r'name="seen" value="(\w+)"', shown)[1]
    assert desk.post(page(incident), second).status_code == 303
    assert desk.post(page(incident), second).status_code == 303  # sent twice
    incident.refresh_from_db()
    assert (incident.title_cs, incident.text_sl) == (second["title_cs"], WORDS["text_sl"])


def test_an_ended_one_is_only_read(desk, incident, supervisor):
    incident.end(supervisor, {"en": "a", "cs": "b", "sl": "c"}, NOW, closes=False)
    shown = text_of(desk.get(page(incident)))
    assert '<textarea name="text_en"' not in shown
    assert "Kartice so zavrnjene." in shown
    assert desk.post(page(incident), WORDS).status_code == 403


def test_what_was_published_is_never_deleted(desk, draft, supervisor):
    address = reverse("admin:tickets_incident_delete", args=[draft.pk])
    assert desk.post(address, {"post": "yes"}).status_code == 403
    User.objects.filter(pk=supervisor.pk).update(is_superuser=True)
    draft.publish(supervisor, NOW)
    assert desk.post(address, {"post": "yes"}).status_code == 403
    desk.post(LIST, {"action": "delete_selected", "_selected_action": [draft.pk], "post": "yes"})
    assert Incident.objects.filter(pk=draft.pk).exists()


def test_agents_look_and_touch_nothing(agent, incident, affected):
    client = signed_in(agent)
    shown = text_of(client.get(page(incident)))
    assert "Kartice so zavrnjene." in shown
    assert affected[0].number in shown
    assert page(incident, "end") not in shown
    assert "<textarea" not in shown
    assert "Payments fail" in text_of(client.get(LIST))
    assert client.get(ADD).status_code == client.post(page(incident), WORDS).status_code == 403
    for act in ("publish", "link", "answer", "end"):
        assert client.get(page(incident, act)).status_code == 403
        assert client.post(page(incident, act), ENDINGS).status_code == 403


@pytest.mark.parametrize("number", ["0", "99999", "9" * 30, "9" * 5000, "abc", "%00", "1/2"])
@pytest.mark.parametrize("act", ["publish", "link", "answer", "end"])
def test_an_unknown_incident_does_not_exist(desk, act, number):
    assert desk.get(f"{LIST}{number}/{act}/").status_code == 404
    assert desk.post(f"{LIST}{number}/{act}/").status_code == 404


# Publishing


def test_saving_may_lead_on_to_publishing(desk):
    answer = desk.post(ADD, {**WORDS, "_publish": "1"})
    incident = Incident.objects.get()
    assert answer.url == page(incident, "publish")
    assert incident.published_at is None
    shown = text_of(desk.get(answer.url))
    assert all(WORDS[name].split("\n")[0] in shown for name in WORDS if name != "started_at")


def test_publishing_tells_members_and_is_noted(desk, draft, supervisor, silver):
    assert "Payments fail" not in text_of(signed_in(silver).get("/incidents/"))
    answer = desk.post(page(draft, "publish"))
    assert (answer.status_code, answer.url) == (303, page(draft))
    draft.refresh_from_db()
    assert draft.is_current
    entry = LogEntry.objects.latest("pk")
    assert (entry.user, entry.object_id, entry.change_message) == (
        supervisor,
        str(draft.pk),
        "Published",
    )


@pytest.mark.parametrize("nothing", ["", "\u200b"])
def test_publishing_names_what_is_missing(desk, draft, nothing):
    draft.text_sl = draft.title_cs = nothing
    draft.save()
    assert "Missing: Čeština, Slovenščina" in words_of(desk.get(LIST))
    assert words_of(desk.get(page(draft, "publish"))).count("No translation.") == 2
    answer = desk.post(page(draft, "publish"))
    assert answer.status_code == 409
    assert "Missing: Čeština, Slovenščina." in text_of(answer)
    draft.refresh_from_db()
    assert draft.published_at is None
    assert draft.text_en


def test_published_twice_it_is_published_once(desk, draft):
    desk.post(page(draft, "publish"))
    at = Incident.objects.get().published_at
    assert desk.post(page(draft, "publish")).status_code == 303
    assert "The incident was published before." in told(desk)
    assert Incident.objects.get().published_at == at
    assert LogEntry.objects.count() == 1
    assert desk.get(page(draft, "publish")).status_code == 303


@pytest.mark.parametrize("act", ["link", "answer", "end"])
def test_nothing_is_done_with_a_draft(desk, draft, act):
    assert desk.get(page(draft, act)).status_code == 303
    assert "Publish the incident first." in told(desk)
    desk.post(page(draft, act), {**ENDINGS, "numbers": "1"})
    assert not Notice.objects.exists()
    draft.refresh_from_db()
    assert draft.ended_at is None


# Linking


@pytest.mark.parametrize(
    "form", ["TI-{}, {}", "{} {}", "ti - {};#{}", "TI-{}\nTI–{}\n", "{0},{1},{0}"]
)
def test_numbers_are_linked_however_they_are_typed(desk, incident, silver, gold, form):
    tickets = submit(silver), submit(gold)
    numbers = form.format(*(ticket.pk for ticket in tickets))
    assert desk.post(page(incident, "link"), {"numbers": numbers}).status_code == 303
    assert {row.ticket for row in incident.affected.all()} == set(tickets)
    assert "2 tickets are linked." in told(desk)


def test_what_cannot_be_linked_is_named_and_the_rest_is_linked(desk, incident, silver):
    good, closed = submit(silver), submit(silver)
    closed.close(silver, at=NOW)
    typed = f"TI-{good.pk}, {closed.pk}, 987654, seven, {'9' * 18}, {'9' * 40}"
    answer = desk.post(page(incident, "link"), {"numbers": typed})
    said = words_of(answer)
    assert answer.status_code == 409
    assert "1 ticket is linked." in said
    for fault in (
        f"TI-{closed.pk}: This issue is closed. Reopen it first.",
        "TI-987654: There is no such ticket.",
        "“seven” is not a ticket number.",
        f"TI-{'9' * 18}: There is no such ticket.",
        f"“{'9' * 40}” is not a ticket number.",
    ):
        assert fault in said
    assert typed in text_of(answer)
    assert [row.ticket for row in incident.affected.all()] == [good]


def test_linking_again_changes_nothing(desk, incident, affected):
    events = TicketEvent.objects.count()
    desk.post(page(incident, "link"), {"numbers": affected[0].number})
    assert TicketEvent.objects.count() == events
    assert AffectedTicket.objects.count() == 4


@pytest.mark.parametrize(
    "typed", ["", "  ", "a\0", ",;,", "1 " * 2500, " ".join(map(str, range(1, 202)))]
)
def test_numbers_that_are_none_are_refused(desk, incident, typed):
    answer = desk.post(page(incident, "link"), {"numbers": typed})
    assert answer.status_code in {400, 409}
    assert "There is a problem" in text_of(answer)
    assert not incident.affected.exists()


# Answering


def test_the_page_says_who_gets_which_text(desk, incident, affected):
    shown = words_of(desk.get(page(incident, "answer")))
    assert "3 tickets are answered, and each member gets an email." in shown
    assert "English English 0 Čeština Čeština 1 Slovenščina Slovenščina 1" in shown
    assert "Another language English 1" in shown


def test_all_are_answered_after_one_post(desk, incident, affected, supervisor):
    post = {**TEXTS, "submission_id": uuid.uuid4()}
    answer = desk.post(page(incident, "answer"), post)
    assert (answer.status_code, answer.url) == (303, page(incident))
    assert "The answer goes out to 3 tickets." in told(desk, page(incident))
    assert "0 of 4 tickets are answered." in words_of(desk.get(page(incident)))
    deliver(timezone.now())
    shown = words_of(desk.get(page(incident)))
    assert (
        "3 of 4 tickets are answered. 1 ticket was skipped: closed, or the author&#x27;s own."
        in shown
    )
    assert affected[2].replies.get().body == "Pracujeme na tom."


def test_the_same_form_sent_twice_answers_once(desk, incident, affected):
    post = {**TEXTS, "submission_id": uuid.uuid4()}
    for _again in range(2):
        assert desk.post(page(incident, "answer"), post).status_code == 303
    assert Notice.objects.count() == 1
    desk.post(page(incident, "answer"), {**post, "text_cs": "Opraveno."})
    assert [notice.text_cs for notice in Notice.objects.all()] == ["Pracujeme na tom.", "Opraveno."]


def test_an_answer_edited_after_it_was_sent_goes_out_once_however_often_it_is_sent(
    desk, incident, affected
):
    post = {**TEXTS, "submission_id": uuid.uuid4()}
    for said in ("A", "B", "B"):
        assert desk.post(page(incident, "answer"), {**post, "text_cs": said}).status_code == 303
    deliver(timezone.now())
    assert [reply.body for reply in affected[2].replies.all()] == ["A", "B"]


@pytest.mark.parametrize("missing", TEXTS)
@pytest.mark.parametrize("act", ["answer", "end"])
@pytest.mark.parametrize("nothing", [" ", "\u200b\u2060"])
def test_every_language_needs_a_text(desk, incident, affected, act, missing, nothing):
    answer = desk.post(page(incident, act), {**TEXTS, missing: nothing, "closes": "on"})
    shown = text_of(answer)
    name = {"text_en": "English", "text_cs": "Čeština", "text_sl": "Slovenščina"}[missing]
    assert answer.status_code == 400
    assert f"{name}: write the text." in shown
    assert all(text in shown for field, text in TEXTS.items() if field != missing)
    assert not Notice.objects.exists()


def test_an_answer_that_comes_after_the_end_is_kept_on_the_page(desk, incident, supervisor):
    incident.end(supervisor, {"en": "a", "cs": "b", "sl": "c"}, NOW, closes=False)
    answer = desk.post(page(incident, "answer"), TEXTS)
    assert answer.status_code == 409
    assert "The incident was ended before by Eva Novak." in text_of(answer)
    assert "Pracujeme na tom." in text_of(answer)


@pytest.mark.parametrize("token", ["", "x", "\0", "1" * 5000])
def test_a_broken_token_loses_no_answer(desk, incident, affected, token):
    answer = desk.post(page(incident, "answer"), {**TEXTS, "submission_id": token})
    assert (answer.status_code == 303) == (token == "")
    assert answer.status_code == 303 or "Pracujeme na tom." in text_of(answer)


# Ending


def test_ending_tells_and_closes(desk, incident, affected, supervisor):
    shown = words_of(desk.get(page(incident, "end")))
    assert "2 affected members get one email each that says how it ended." in shown
    assert "3 linked tickets are not closed." in shown
    answer = desk.post(page(incident, "end"), {**ENDINGS, "closes": "on"})
    assert (answer.status_code, answer.url) == (303, page(incident))
    Email.objects.all().delete()
    deliver(timezone.now())
    assert Email.objects.count() == 2
    shown = words_of(desk.get(page(incident)))
    assert "2 of 2 members are told by email. Linked tickets are closed with it." in shown
    assert "Už to jde." in shown
    assert not incident.affected.exclude(ticket__status="closed").exists()


def test_ended_twice_it_ends_once(desk, incident, affected, agent):
    for _again in range(2):
        assert desk.post(page(incident, "end"), ENDINGS).status_code == 303
    assert "The incident was ended before by Eva Novak." in told(desk)
    assert Notice.objects.count() == 1
    assert desk.get(page(incident, "end")).status_code == 303


def test_another_ending_that_comes_too_late_is_kept_on_the_page(desk, incident):
    desk.post(page(incident, "end"), ENDINGS)
    answer = desk.post(page(incident, "end"), {**ENDINGS, "text_cs": "Jinak."})
    assert answer.status_code == 409
    assert "The incident was ended before by Eva Novak." in text_of(answer)
    assert "Jinak." in text_of(answer)
    incident.refresh_from_db()
    assert incident.ending_cs == "Už to jde."


# In the work list and on the ticket


def test_the_work_list_shows_the_tickets_of_one_incident(desk, incident, affected, silver):
    other = submit(silver, title="Something else")
    shown = text_of(desk.get(WORK, {"view": "all", "incident": incident.pk}))
    assert all(ticket.number in shown for ticket in affected)
    assert other.number not in shown
    assert "Known incident: Payments fail" in words_of(
        desk.get(WORK, {"view": "all", "incident": incident.pk})
    )
    narrowed = text_of(desk.get(WORK, {"incident": incident.pk, "language": "cs"}))
    assert affected[2].number in narrowed
    assert affected[0].number not in narrowed


def test_the_list_leads_from_the_incident(desk, incident, affected):
    (address,) = re.findall(
        r'href="(/admin/tickets/ticket/\?[^"]*)"', text_of(desk.get(page(incident)))
    )
    shown = text_of(desk.get(address.replace("&amp;", "&")))
    assert all(ticket.number in shown for ticket in affected)


def test_without_the_filter_the_list_does_not_speak_of_incidents(desk, incident, affected):
    assert "filter-incident" not in text_of(desk.get(WORK))


@pytest.mark.parametrize("unknown", ["999999", "9" * 18])
def test_an_incident_that_is_not_there_has_no_tickets(desk, affected, unknown):
    shown = words_of(desk.get(WORK, {"view": "all", "incident": unknown}))
    assert "Nothing matches." in shown


@pytest.mark.parametrize("odd", ["0", "-1", "x", "9" * 30, "1\0"])
def test_what_is_no_number_filters_nothing(desk, affected, odd):
    assert affected[0].number in text_of(desk.get(WORK, {"view": "all", "incident": odd}))


def test_the_filter_costs_one_query_and_none_if_unset(
    desk, incident, affected, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        desk.get(WORK, {"incident": incident.pk})


def test_the_ticket_says_to_which_incident_it_belongs(
    agent, incident, affected, silver, django_assert_max_num_queries
):
    client = signed_in(agent)
    address = reverse("admin:tickets_ticket_change", args=[affected[0].pk])
    with django_assert_max_num_queries(15):
        shown = text_of(client.get(address))
    assert f'<a href="{page(incident)}">Payments fail</a>' in shown
    free = reverse("admin:tickets_ticket_change", args=[submit(silver).pk])
    assert "Known incident" not in text_of(client.get(free))


@pytest.mark.parametrize("language", ["cs", "sl"])
def test_it_speaks_the_readers_language(supervisor, incident, affected, language):
    User.objects.filter(pk=supervisor.pk).update(language=language)
    client = signed_in(User.objects.get(pk=supervisor.pk))
    assert WORDS[f"title_{language}"] in text_of(client.get(LIST))
    assert WORDS[f"title_{language}"] in text_of(client.get(page(incident)))
