"""What an agent writes: questions, canned replies, the kept draft, and who else is there."""

import datetime as dt
import re
import uuid
from html import unescape

import pytest
from conftest import answer, png_file, signed_in, submit
from django.conf import settings
from django.utils import timezone
from post_office.models import Email

from helpdesk.management.commands.run_jobs import sweep
from tickets.models import AnswerDraft, CannedReply, Question, Screenshot, Ticket, TicketPresence

LIST = "/admin/tickets/ticket/"
JSON = {"HTTP_ACCEPT": "application/json"}
Status = Ticket.Status


@pytest.fixture
def desk(agent):
    return signed_in(agent)


@pytest.fixture
def office(supervisor):
    return signed_in(supervisor)


def page(ticket, query=""):
    return f"{LIST}{ticket.pk}/change/{query}"


def press(client, ticket, action, query="", **fields):
    """Press a button of the ticket page."""
    post = {"action": action, "body": "", "submission_id": uuid.uuid4(), **fields}
    return client.post(page(ticket, query), post)


def pulse(client, ticket, **fields):
    """What an open page of the ticket tells and hears."""
    answered = client.post(f"{LIST}{ticket.pk}/pulse/", fields, **JSON)
    assert answered.status_code == 200, answered.content
    return answered.json()


def text_of(response):
    return response.content.decode()


def body_of(response):
    """What stands in the text box."""
    found = re.search(r'<textarea id="id_body".*?>\n(.*?)</textarea>', text_of(response), re.DOTALL)
    return unescape(found[1])


def boxes(response):
    """What stands in the question boxes."""
    html = re.sub(r"<template.*?</template>", "", text_of(response), flags=re.DOTALL)
    texts = re.findall(r'name="questions".*?>\n(.*?)</textarea>', html, re.DOTALL)
    return [unescape(text) for text in texts]


def asked(ticket):
    return list(Question.objects.filter(reply__ticket=ticket).values_list("text", flat=True))


def kept(ticket, author):
    return AnswerDraft.objects.filter(ticket=ticket, author=author).first()


# --- Questions -----------------------------------------------------------------------------------


def test_questions_are_asked_one_by_one(desk, ticket):
    sent = press(desk, ticket, "ask", body="Prosimo:", questions=["Kje?", " ", "Kdaj?\r\nVedno?"])
    assert sent.status_code == 303
    assert asked(ticket) == ["Kje?", "Kdaj?\nVedno?"]
    ticket.refresh_from_db()
    assert ticket.status == Status.AWAITING_FEEDBACK


def test_questions_need_no_other_words(desk, ticket):
    assert press(desk, ticket, "ask", questions=["Kje?"]).status_code == 303
    assert (ticket.replies.get().body, asked(ticket)) == ("", ["Kje?"])


def test_there_are_five_boxes_to_begin_with(desk, ticket):
    assert boxes(desk.get(page(ticket))) == [""] * 5


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([f"Vprašanje {n}?" for n in range(6)], "Too many questions. Largest number: 5."),
        (["Kje?", "a" * 2001], "Question 2: "),
        (["Kje?", "Kdaj\0?"], "characters that cannot be stored"),
        (["Kje?", "\x1b[31m"], "characters that cannot be stored"),
    ],
)
def test_questions_that_cannot_be_asked_are_kept(desk, ticket, questions, words):
    before = Email.objects.count()
    refused = press(desk, ticket, "ask", body="Prosimo:", questions=questions)
    assert refused.status_code == 400
    assert words in text_of(refused)
    assert [text for text in boxes(refused) if text] == questions
    assert body_of(refused) == "Prosimo:"
    assert (ticket.replies.count(), Email.objects.count()) == (0, before)


@pytest.mark.parametrize("action", ["reply", "finish", "note", "close"])
def test_questions_do_not_go_with_another_button(desk, ticket, action):
    refused = press(desk, ticket, action, body="" if action == "close" else "A", questions=["Kje?"])
    assert refused.status_code in (400, 409)
    assert "Questions go only with" in text_of(refused)
    assert boxes(refused)[0] == "Kje?"
    ticket.refresh_from_db()
    assert (ticket.replies.count(), ticket.status) == (0, Status.OPEN)


def test_a_note_asks_nothing_even_if_forged(desk, ticket):
    refused = press(desk, ticket, "ask", mode="note", body="Med nami", questions=["Kje?"])
    assert refused.status_code == 400
    assert not ticket.replies.exists()


def test_the_same_questions_sent_twice_are_asked_once(desk, ticket):
    post = {"action": "ask", "body": "", "questions": ["Kje?"], "submission_id": uuid.uuid4()}
    for _press in range(2):
        assert desk.post(page(ticket), post).status_code == 303
    assert asked(ticket) == ["Kje?"]
    desk.post(page(ticket), {**post, "questions": ["Kdaj?"]})
    assert asked(ticket) == ["Kje?", "Kdaj?"]


def test_questions_of_a_stale_page_wait_until_the_news_is_read(desk, ticket, supervisor):
    newer = answer(ticket, supervisor, "Že rešujem.", verb="note")
    refused = press(desk, ticket, "ask", body="Prosimo:", questions=["Kje?", "Kdaj?"], seen=0)
    assert refused.status_code == 409
    assert (body_of(refused), boxes(refused)) == ("Prosimo:", ["Kje?", "Kdaj?", "", "", ""])
    assert f'name="seen" value="{newer.pk}"' in text_of(refused)
    assert asked(ticket) == []


@pytest.mark.parametrize("action", ["take", "topic", "reopen", "nonsense"])
def test_questions_survive_every_other_button(desk, ticket, action):
    assert boxes(press(desk, ticket, action, questions=["Kje?"]))[0] == "Kje?"


def test_files_survive_every_other_button(desk, ticket, agent):
    shown = press(desk, ticket, "take", screenshots=[png_file()])
    upload = Screenshot.objects.get(owner=agent)
    assert str(upload.uuid) in text_of(shown)


# --- Canned replies ------------------------------------------------------------------------------


@pytest.fixture
def hello(seeded):
    CannedReply.objects.all().delete()
    texts = {"text_en": "Hi {name}, {agent} here. {ticket_link}", "text_sl": "Živijo, {name}!"}
    return CannedReply.objects.create(shortcut="hi", **texts)


def test_a_canned_reply_is_inserted_in_the_language_of_the_ticket(desk, ticket, hello):
    shown = press(desk, ticket, "canned", canned="hi", body="Že napisano. ", questions=["Kje?"])
    assert shown.status_code == 200
    assert body_of(shown) == "Že napisano.\n\nŽivijo, Sonja Novak!"
    assert boxes(shown)[0] == "Kje?"
    assert not ticket.replies.exists()


def test_english_stands_in_for_a_missing_translation_and_says_so(desk, gold, hello):
    czech = submit(gold)
    link = f"{settings.PORTAL_URL}{czech.get_absolute_url()}"
    shown = press(desk, czech, "canned", canned="hi")
    assert body_of(shown) == f"Hi Gita Novak, Ana Novak here. {link}"
    assert "Only in English" in text_of(shown)


def test_english_stands_beside_the_ticket_s_language(desk, ticket, hello):
    html = text_of(desk.get(page(ticket)))
    assert re.search(r'<span lang="sl" dir="auto" data-text>Živijo, Sonja Novak!</span>', html)
    assert re.search(r'<span class="beside" lang="en">Hi Sonja Novak, ', html)
    assert "Only in English" not in html


def test_an_english_ticket_is_offered_each_reply_once(desk, other_silver, hello):
    html = text_of(desk.get(page(submit(other_silver))))
    assert 'class="beside"' not in html
    assert "Only in English" not in html


def test_replies_about_chats_are_not_offered_in_tickets_nor_the_other_way_round(desk, ticket):
    html = text_of(desk.get(page(ticket)))
    assert set(re.findall(r'data-shortcut="(.*?)"', html)) == set(
        CannedReply.objects.filter(for_tickets=True).values_list("shortcut", flat=True)
    )
    assert CannedReply.objects.filter(for_tickets=True, for_chat=False).count() > 5
    assert not CannedReply.objects.get(shortcut="lang").for_tickets


@pytest.mark.parametrize("canned", ["", "lang", "nothing", "\0", "9" * 500, "hi' OR 1=1"])
def test_a_reply_that_is_not_offered_is_not_inserted(desk, ticket, canned):
    shown = press(desk, ticket, "canned", canned=canned, body="Pol")
    assert body_of(shown) == "Pol"
    assert "Choose a canned reply." in text_of(shown)


def test_what_stands_in_a_member_s_name_is_only_text(desk, ticket, silver, hello):
    silver.first_name, silver.last_name = "{agent}", "<b>{{ x }}"
    silver.save(update_fields=["first_name", "last_name"])
    shown = press(desk, ticket, "canned", canned="hi")
    assert body_of(shown) == "Živijo, {agent} <b>{{ x }}!"
    assert "<b>{{" not in text_of(shown)


# --- The draft -----------------------------------------------------------------------------------


def test_what_is_typed_is_kept_and_shown_again(desk, ticket, agent):
    heard = pulse(desk, ticket, mode="reply", body="Na pol", questions=["Kje?", ""])
    assert heard["saved"] is True
    assert heard["draft"]
    draft = kept(ticket, agent)
    assert (draft.mode, draft.body, draft.questions) == ("reply", "Na pol", ["Kje?"])
    shown = desk.get(page(ticket))
    assert (body_of(shown), boxes(shown)[0]) == ("Na pol", "Kje?")
    assert "Draft restored from" in text_of(shown)


def test_a_kept_note_comes_back_as_a_note(desk, ticket):
    pulse(desk, ticket, mode="note", body="Med nami")
    assert re.search(r'name="mode" value="note" checked', text_of(desk.get(page(ticket))))


def test_a_draft_is_its_author_s_alone(desk, office, ticket, silver):
    pulse(desk, ticket, body="Samo moje")
    assert "Samo moje" not in text_of(office.get(page(ticket)))
    assert "Samo moje" not in text_of(signed_in(silver).get(ticket.get_absolute_url()))


def test_an_emptied_box_keeps_nothing(desk, ticket, agent):
    first = pulse(desk, ticket, body="Na pol")
    pulse(desk, ticket, body=" ", draft=first["draft"])
    assert kept(ticket, agent) is None


def test_a_pulse_without_a_text_leaves_the_draft_alone(desk, ticket, agent):
    pulse(desk, ticket, body="Na pol")
    pulse(desk, ticket)
    pulse(desk, ticket, leave="1")
    assert kept(ticket, agent).body == "Na pol"


def test_discarding_throws_the_draft_away(desk, ticket, agent):
    pulse(desk, ticket, body="Na pol")
    gone = press(desk, ticket, "discard", body="Na pol")
    assert (gone.status_code, kept(ticket, agent)) == (303, None)
    assert body_of(desk.get(page(ticket))) == ""


@pytest.mark.parametrize("action", ["reply", "ask", "finish", "note"])
def test_sending_ends_the_draft_and_a_late_pulse_does_not_bring_it_back(
    desk, ticket, agent, action
):
    sent = {"body": "Končano.", "submission_id": uuid.uuid4()}
    pulse(desk, ticket, **sent)
    press(desk, ticket, action, **sent)
    assert kept(ticket, agent) is None
    pulse(desk, ticket, body="Konč", submission_id=sent["submission_id"])
    pulse(desk, ticket, body="Končano.")
    assert kept(ticket, agent) is None
    pulse(desk, ticket, body="Nekaj novega", submission_id=uuid.uuid4())
    assert kept(ticket, agent).body == "Nekaj novega"


def test_an_answer_that_is_refused_keeps_its_draft(desk, ticket, agent, supervisor):
    pulse(desk, ticket, body="Kateri brskalnik?")
    answer(ticket, supervisor, "Že rešujem.", verb="note")
    assert press(desk, ticket, "reply", body="Kateri brskalnik?", seen=0).status_code == 409
    assert kept(ticket, agent).body == "Kateri brskalnik?"


def test_closing_and_handing_over_keep_the_draft(desk, ticket, agent):
    pulse(desk, ticket, body="Na pol")
    for action in ("take", "close"):
        press(desk, ticket, action)
    assert kept(ticket, agent).body == "Na pol"


def test_a_second_tab_does_not_write_over_the_first(desk, ticket, agent):
    first = pulse(desk, ticket, body="Prvi zavihek", draft="")
    second = pulse(desk, ticket, body="Drugi", draft="")
    assert second["saved"] is False
    assert kept(ticket, agent).body == "Prvi zavihek"
    assert pulse(desk, ticket, body="", draft="")["saved"] is False
    assert pulse(desk, ticket, body="Prvi zavihek!", draft=first["draft"])["saved"] is True
    assert pulse(desk, ticket, body="Drugi")["saved"] is True
    assert kept(ticket, agent).body == "Drugi"


def test_the_same_text_from_two_tabs_is_no_conflict(desk, ticket):
    pulse(desk, ticket, body="Enako", draft="")
    assert pulse(desk, ticket, body="Enako", draft="")["saved"] is True


@pytest.mark.parametrize(
    "forged",
    [
        {"body": "a\0b"},
        {"body": "a" * 40_001},
        {"body": "x", "questions": ["q"] * 6},
        {"body": "x", "questions": ["q" * 4_001]},
        {"body": "x", "questions": ["\x07"]},
        {"body": "x", "mode": "shout"},
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused_and_the_lease_renewed(desk, ticket, agent, forged):
    refused = desk.post(f"{LIST}{ticket.pk}/pulse/", forged, **JSON)
    assert (refused.status_code, kept(ticket, agent)) == (400, None)
    assert refused.json()["errors"]
    assert TicketPresence.objects.filter(agent=agent).exists()


def test_a_forged_version_writes_over_nothing(desk, ticket, agent):
    pulse(desk, ticket, body="Prvi")
    for version in ("x", "\0", "9" * 5000, "2026-07-15T13:05:00+00:00"):
        assert pulse(desk, ticket, body="Drugi", draft=version)["saved"] is False
    assert kept(ticket, agent).body == "Prvi"


def test_markup_in_a_draft_is_text(desk, ticket):
    pulse(desk, ticket, body="</textarea><script>1</script>")
    assert "<script>1" not in text_of(desk.get(page(ticket)))


def test_old_drafts_and_leases_are_swept(desk, ticket, agent):
    pulse(desk, ticket, body="Na pol")
    now = timezone.now()
    sweep(now)
    assert (AnswerDraft.objects.count(), TicketPresence.objects.count()) == (1, 1)
    TicketPresence.objects.update(seen_at=now - dt.timedelta(days=2))
    sweep(now + dt.timedelta(days=settings.ANSWER_DRAFT_DAYS))
    assert (AnswerDraft.objects.count(), TicketPresence.objects.count()) == (0, 0)


def test_the_text_under_the_other_tab_is_the_draft_after_sending(desk, ticket, agent):
    press(desk, ticket, "reply", mode="reply", body="Da.", other="Med nami")
    assert ticket.replies.get().body == "Da."
    assert (kept(ticket, agent).mode, kept(ticket, agent).body) == ("note", "Med nami")
    shown = press(desk, ticket, "take", mode="reply", other="Med nami")
    assert re.search(r'name="other" hidden>\nMed nami<', text_of(shown))


def test_a_page_of_a_merged_ticket_is_led_on_and_keeps_nothing(desk, ticket, agent, silver):
    target = submit(silver)
    ticket.merge_into(agent, target, at=timezone.now())
    heard = pulse(desk, ticket, body="Prepozno")
    assert (heard["merged"], heard["saved"]) == (page(target), False)
    assert kept(ticket, agent) is None


# --- Who else is there ---------------------------------------------------------------------------


def test_a_colleague_is_seen_viewing_and_writing(desk, office, ticket):
    assert pulse(desk, ticket)["others"] == []
    (other,) = pulse(office, ticket)["others"]
    assert (other["name"], other["writing"]) == ("Ana Novak", False)
    assert other["text"] == "Viewing this ticket now: Ana Novak"
    pulse(desk, ticket, writing="1")
    (other,) = pulse(office, ticket)["others"]
    assert (other["writing"], other["text"]) == (True, "Writing now: Ana Novak")
    assert text_of(office.get(page(ticket))).count("Writing now: Ana Novak") == 2


def test_who_leaves_is_gone_at_once_and_who_is_silent_soon(desk, office, ticket):
    pulse(desk, ticket, writing="1")
    pulse(desk, ticket, leave="1")
    assert pulse(office, ticket)["others"] == []
    pulse(desk, ticket, writing="1")
    age(settings.DESK_WRITING + 1)
    assert [other["writing"] for other in pulse(office, ticket)["others"]] == [False]
    age(settings.DESK_LEASE)
    assert pulse(office, ticket)["others"] == []
    assert "Ana Novak" not in presence_of(office.get(page(ticket)))


def age(seconds):
    """Let time pass for every lease."""
    for row in TicketPresence.objects.all():
        row.seen_at -= dt.timedelta(seconds=seconds)
        row.writing_at = row.writing_at and row.writing_at - dt.timedelta(seconds=seconds)
        row.save()


def presence_of(response):
    return re.search(r'<div class="presence".*?</div>', text_of(response), re.DOTALL)[0]


def test_who_only_reads_a_page_without_a_pulse_is_not_announced(desk, office, ticket):
    desk.get(page(ticket))
    assert pulse(office, ticket)["others"] == []


def test_presence_on_one_ticket_is_none_on_another(desk, office, ticket, gold):
    pulse(desk, ticket)
    assert pulse(office, submit(gold))["others"] == []


def test_presence_never_locks(desk, office, ticket):
    pulse(desk, ticket, writing="1", body="Pišem")
    assert press(office, ticket, "reply", body="Hitreje").status_code == 303


def test_the_pulse_knows_the_newest_reply(desk, ticket, supervisor):
    assert pulse(desk, ticket)["newest"] == 0
    newer = answer(ticket, supervisor, "Že rešujem.", verb="note")
    assert pulse(desk, ticket)["newest"] == newer.pk


def test_the_newest_reply_may_be_one_of_a_duplicate(desk, ticket, supervisor, silver):
    twin = submit(silver)
    newer = answer(twin, supervisor, "Že rešujem.", verb="note")
    twin.merge_into(supervisor, ticket, at=timezone.now())
    assert pulse(desk, ticket)["newest"] == newer.pk


# --- Who may what --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 30, "x", "1%00", "../1"])
def test_a_pulse_for_any_other_number_is_404(desk, ticket, number):
    refused = desk.post(f"{LIST}{number}/pulse/", {"body": "x"}, **JSON)
    assert refused.status_code == 404
    assert not AnswerDraft.objects.exists()


def test_a_pulse_is_a_post(desk, ticket):
    assert desk.get(f"{LIST}{ticket.pk}/pulse/").status_code == 405
    assert not TicketPresence.objects.exists()


def test_members_have_no_pulse_even_on_their_own_ticket(ticket, silver, other_silver):
    for member in (silver, other_silver):
        refused = signed_in(member).post(f"{LIST}{ticket.pk}/pulse/", {"body": "x"}, **JSON)
        assert refused.status_code == 403
    assert not AnswerDraft.objects.exists()
    assert not TicketPresence.objects.exists()


def test_an_agent_without_the_permission_changes_nothing(desk, ticket, agent):
    agent.groups.clear()
    refused = desk.post(f"{LIST}{ticket.pk}/pulse/", {"body": "x"}, **JSON)
    assert refused.status_code == 403
    for action in ("ask", "canned", "discard"):
        assert press(desk, ticket, action, questions=["Kje?"]).status_code in (403, 404)
    assert not AnswerDraft.objects.exists()
    assert not TicketPresence.objects.exists()
    assert not ticket.replies.exists()


def test_an_agent_s_own_ticket_has_a_pulse_and_no_questions(desk, agent):
    own = submit(agent)
    assert pulse(desk, own, body="Moje")["saved"] is True
    assert boxes(desk.get(page(own))) == []
    press(desk, own, "ask", questions=["Kje?"])
    assert asked(own) == []


# --- Where it leads ------------------------------------------------------------------------------


def test_the_view_of_the_list_is_carried_on(desk, ticket):
    sent = press(desk, ticket, "reply", "?view=unassigned&language=sl", body="Da.")
    place = f"#reply-{ticket.replies.get().pk}"
    assert sent["Location"] == page(ticket, f"?view=unassigned&language=sl{place}")
    taken = press(desk, ticket, "take", "?view=unassigned")
    assert taken["Location"] == page(ticket, "?view=unassigned")


def test_after_sending_the_way_leads_on_to_the_next_ticket(desk, ticket, gold):
    following = submit(gold, at=timezone.now())
    press(desk, ticket, "reply", "?view=unassigned", body="Da.")
    html = text_of(desk.get(page(ticket, "?view=unassigned")))
    said = re.search(r'<ul class="messagelist">.*?</ul>', html, re.DOTALL)[0]
    assert f'href="{page(following)}?view=unassigned">Next ticket' in said
    press(desk, ticket, "take", "?view=unassigned")
    html = text_of(desk.get(page(ticket, "?view=unassigned")))
    assert "Next ticket</a>" not in html


def test_answered_tickets_lead_on_in_the_view_as_it_was(desk, silver):
    now = timezone.now()
    first, middle, last = (
        submit(silver, title=str(n), at=now - dt.timedelta(hours=9 - n)) for n in range(3)
    )
    sent = press(desk, middle, "ask", "?view=unassigned", body="Kdaj?")
    html = text_of(desk.get(sent["Location"]))
    assert f'data-next href="{page(last)}?view=unassigned"' in html
    assert f'data-previous href="{page(first)}?view=unassigned"' in html
    again = desk.post(sent["Location"].partition("#")[0], {"action": "take"})
    assert f"next={last.pk}" in again["Location"]


@pytest.mark.parametrize("number", ["x", "-1", "0", "9" * 30, "²", "1\0", "//evil.example"])
def test_a_forged_neighbour_is_none(desk, ticket, number):
    html = text_of(desk.get(page(ticket), {"next": number, "previous": number}))
    assert "data-next" not in html
    assert "data-previous" not in html


def test_a_retry_closes_nothing_that_the_member_has_opened_again(desk, ticket, silver):
    post = {"body": "Rešeno.", "submission_id": uuid.uuid4()}
    press(desk, ticket, "finish", **post)
    ticket.refresh_from_db()
    ticket.reopen(silver, "Ni.", submission_id=uuid.uuid4(), at=timezone.now())
    press(desk, ticket, "finish", **post)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.replies.filter(body="Rešeno.").count() == 1
