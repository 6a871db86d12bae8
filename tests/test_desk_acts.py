"""The side of the ticket page: hand over, label, merge, the requester, what was read, filing."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from django.utils import timezone
from django.utils.html import escape
from post_office.models import Email

from accounts.models import AuditEntry, Rank, User
from tickets.models import (
    AnswerDraft,
    Holiday,
    Screenshot,
    ServiceWindow,
    Ticket,
    Topic,
    TransitionError,
)
from tickets.models.presence import TicketPresence

LIST = "/admin/tickets/ticket/"
ADD = f"{LIST}add/"
Status = Ticket.Status


@pytest.fixture
def desk(agent):
    return signed_in(agent)


@pytest.fixture
def twin(silver):
    """Another ticket of the same member about the same."""
    return submit(silver, title="Še enkrat naročilo", description="Spet ne gre.", at=at(2))


def at(hours):
    return NOW + dt.timedelta(hours=hours)


def page(ticket):
    return f"{LIST}{ticket.pk}/change/"


def press(client, ticket, action, **fields):
    post = {"action": action, "body": "", "submission_id": uuid.uuid4(), **fields}
    return client.post(page(ticket), post)


def merge(client, ticket, target, **fields):
    """Choose the target and confirm it."""
    return press(client, ticket, "merge", target=target.number, confirmed=target.pk, **fields)


def text_of(response):
    return response.content.decode()


def words_of(response):
    """What can be read, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<.*?>", " ", text_of(response)))


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


# Handing over


def test_a_note_goes_along_with_a_hand_over(desk, ticket, agent, supervisor):
    sent = press(desk, ticket, "assign", assignee=supervisor.pk, note="Kliče jutri.")
    assert sent.status_code == 303
    note = ticket.replies.get()
    assert (note.kind, note.body, note.author) == ("note", "Kliče jutri.", agent)
    assert fresh(ticket).assignee == supervisor


def test_handing_over_twice_writes_one_note(desk, ticket, supervisor):
    post = {"submission_id": uuid.uuid4(), "assignee": supervisor.pk, "note": "Kliče jutri."}
    for _press in range(2):
        press(desk, ticket, "assign", **post)
    assert ticket.replies.count() == 1
    assert ticket.events.filter(verb="assign").count() == 1


def test_the_note_of_a_hand_over_does_not_swallow_the_reply(desk, ticket, supervisor):
    """The reply under the same form, even in the same words, is a text of its own."""
    same = {"submission_id": uuid.uuid4()}
    press(desk, ticket, "assign", assignee=supervisor.pk, note="Poglejte.", **same)
    press(desk, ticket, "reply", body="Poglejte.", **same)
    assert [reply.kind for reply in ticket.replies.all()] == ["note", "reply"]


@pytest.mark.parametrize("note", ["x" * 20_001, "a\0b"])
def test_a_note_that_cannot_be_stored_hands_nothing_over(desk, ticket, supervisor, note):
    refused = press(desk, ticket, "assign", assignee=supervisor.pk, note=note)
    assert refused.status_code == 200
    assert fresh(ticket).assignee is None
    assert not ticket.replies.exists()
    assert f">\n{note[:1]}" in text_of(refused).partition('id="id_note"')[2]


def test_a_hand_over_that_is_refused_writes_no_note(agent, supervisor, desk):
    own = submit(agent, title="The desk is slow")
    refused = press(desk, own, "assign", assignee=supervisor.pk, note="Take it.")
    assert ">\nTake it.</textarea>" in text_of(refused)
    assert not own.replies.exists()
    assert fresh(own).assignee is None


def test_note_and_hand_over_happen_both_or_not_at_all(desk, ticket, supervisor, monkeypatch):
    def refuse(*_args, **_act):
        raise TransitionError("Meanwhile somebody else")

    monkeypatch.setattr(Ticket, "assign", refuse)
    press(desk, ticket, "assign", assignee=supervisor.pk, note="Kliče jutri.")
    assert not ticket.replies.exists()


@pytest.mark.parametrize("action", ["reply", "note", "take", "topic", "close", "nonsense"])
def test_a_note_for_a_colleague_survives_every_other_button(desk, ticket, action):
    body = "Odgovor" if action in {"reply", "note"} else ""
    shown = press(desk, ticket, action, body=body, note="Za kolego.")
    assert shown.status_code == 200
    assert ">\nZa kolego.</textarea>" in text_of(shown)
    assert [reply.body for reply in ticket.replies.all()] == ([body] if body else [])


def test_what_was_typed_survives_a_hand_over_and_the_note_is_gone(desk, ticket, supervisor):
    shown = press(desk, ticket, "assign", assignee=supervisor.pk, note="Za kolego.", body="Na pol")
    html = text_of(shown)
    assert ">\nNa pol</textarea>" in html
    assert '<textarea id="id_note"' in html
    assert ">\nZa kolego.</textarea>" not in html


def test_whoever_has_a_ticket_stays_named_when_no_agent_any_more(desk, ticket, supervisor, agent):
    ticket.assign(agent, supervisor, at=timezone.now())
    supervisor.groups.clear()
    assert re.search(r"selected>\s*Eva Novak</option>", text_of(desk.get(page(ticket))))


def test_a_hand_over_names_the_person_and_to_the_same_one_is_none(desk, ticket, supervisor):
    said = []
    for _press in range(2):
        press(desk, ticket, "assign", assignee=supervisor.pk)
        said.append(words_of(desk.get(page(ticket))))
    assert "The ticket is handed over to Eva Novak." in said[0]
    assert "Nothing to change here." in said[1]
    press(desk, ticket, "assign", assignee="")
    assert "Nobody handles the ticket now." in words_of(desk.get(page(ticket)))


# The topic


def test_a_topic_is_chosen_and_taken_away(desk, ticket):
    topic = Topic.objects.get(name_en="Orders")
    assert press(desk, ticket, "topic", topic=topic.pk).status_code == 303
    assert fresh(ticket).topic == topic
    html = text_of(desk.get(page(ticket)))
    assert f'<option value="{topic.pk}" selected>Orders</option>' in html
    assert "Topic: Orders" in html
    press(desk, ticket, "topic", topic="")
    assert fresh(ticket).topic is None


@pytest.mark.parametrize("topic", ["x", "0", "9" * 30, "-1"])
def test_a_forged_topic_changes_nothing(desk, ticket, topic):
    answered = desk.post(page(ticket), {"action": "topic", "topic": topic}, follow=True)
    assert "Choose what to do with the ticket." in text_of(answered)
    assert ticket.events.count() == 1


# Merging


def test_merging_asks_once_and_shows_both_titles(desk, ticket, twin):
    asked = press(desk, ticket, "merge", target=twin.number)
    words = words_of(asked)
    assert asked.status_code == 200
    assert f"Merge {ticket.number} into {twin.number}?" in words
    assert ticket.full_title in words
    assert twin.full_title in words
    assert "The member is told once by email." in words
    assert fresh(ticket).merged_into is None


def test_merging_leads_to_the_ticket_that_stays(desk, ticket, twin):
    told = Email.objects.count()
    done = merge(desk, ticket, twin)
    assert (done.status_code, done["Location"]) == (303, page(twin))
    assert fresh(ticket).merged_into == twin
    assert Email.objects.count() - told == 1
    assert merge(desk, ticket, twin)["Location"] == page(twin)
    assert Email.objects.count() - told == 1


def test_the_desk_page_of_the_old_number_leads_to_the_new_one(desk, ticket, twin):
    merge(desk, ticket, twin)
    desk.get(page(twin))
    led = desk.get(f"{page(ticket)}?view=mine", follow=True)
    assert led.redirect_chain == [(f"{page(twin)}?view=mine", 303)]
    assert f"{ticket.number} was merged into this ticket." in text_of(led)


def test_a_chain_ends_at_the_last_one(desk, ticket, twin, silver):
    last = submit(silver, title="Zadnji", at=at(3))
    merge(desk, ticket, twin)
    merge(desk, twin, last)
    assert fresh(ticket).merged_into == last
    assert desk.get(page(ticket))["Location"] == page(last)
    words = words_of(desk.get(page(last)))
    assert words.index(ticket.description) < words.index(twin.description)


def test_both_threads_stand_in_one_order_with_pictures_and_events(desk, ticket, twin, agent):
    answer(ticket, agent, "Najprej.", at=at(1), screenshots=[upload_of(agent, "prva.png")])
    answer(twin, agent, "Nato.", at=at(3))
    answer(ticket, agent, "Nazadnje.", verb="note", at=at(4))
    merge(desk, ticket, twin)
    html = text_of(desk.get(page(twin)))
    thread = html[html.index('class="thread"') : html.index("</ol>")]
    own = [ticket.description, "Najprej.", "prva.png"]
    texts = [*own, twin.description, "Nato.", "Nazadnje."]
    places = [thread.index(text) for text in texts]
    assert places == sorted(places)
    assert f'id="description-{ticket.number}"' in thread
    assert escape(ticket.full_title) in thread
    assert f"Put together with {ticket.number}" in thread
    assert "Status changed: Closed" not in thread[: places[0]]


def upload_of(owner, name):
    return Screenshot.objects.upload(owner, png_file(name), NOW)


def test_somebody_elses_ticket_is_no_duplicate(desk, ticket, gold):
    other = submit(gold)
    refused = merge(desk, ticket, other)
    assert refused.status_code == 409
    assert "Only tickets of the same member can be merged." in text_of(refused)
    assert fresh(ticket).merged_into is None


def test_a_closed_ticket_takes_no_duplicate(desk, ticket, twin, agent):
    twin.close(agent, at=at(3))
    refused = merge(desk, ticket, twin)
    assert refused.status_code == 409
    assert f"{twin.number} is closed. Reopen it first." in text_of(refused)


def test_a_closed_ticket_can_become_a_duplicate(desk, ticket, twin, agent):
    ticket.close(agent, at=at(3))
    assert merge(desk, ticket, twin).status_code == 303


def test_a_ticket_is_no_duplicate_of_itself(desk, ticket):
    assert "cannot be merged into itself" in text_of(merge(desk, ticket, ticket))


def test_a_merged_ticket_takes_no_duplicate(desk, ticket, twin, silver):
    merge(desk, ticket, twin)
    third = submit(silver, title="Tretji")
    refused = press(desk, third, "merge", target=ticket.number, confirmed=ticket.pk)
    assert f"This ticket was merged into {twin.number}." in text_of(refused)


@pytest.mark.parametrize("target", ["x", "0", "-1", "9" * 18, "9" * 40, "TI-", "1\0", "'; --", "²"])
def test_a_number_that_nobody_has_is_said_and_kept(desk, ticket, target):
    refused = press(desk, ticket, "merge", target=target, confirmed=target)
    assert refused.status_code == 409
    assert "There is no ticket with this number." in text_of(refused)
    assert fresh(ticket).merged_into is None


def test_no_number_is_asked_for(desk, ticket):
    refused = press(desk, ticket, "merge", target=["", " "])
    assert "Enter the number of the ticket that stays." in text_of(refused)


def test_the_confirmation_is_of_one_target(desk, ticket, twin, silver):
    third = submit(silver, title="Tretji")
    asked = press(desk, ticket, "merge", target=third.number, confirmed=twin.pk)
    assert f"Merge {ticket.number} into {third.number}?" in words_of(asked)
    assert fresh(ticket).merged_into is None


def test_a_typed_number_goes_before_a_chosen_one(desk, ticket, twin, silver):
    third = submit(silver, title="Tretji")
    asked = press(desk, ticket, "merge", target=[twin.number, f"#{third.pk}"])
    assert f"into {third.number}?" in words_of(asked)


def test_what_is_kept_on_the_server_does_not_hold_up_merging(desk, ticket, twin, agent):
    AnswerDraft.objects.create(ticket=ticket, author=agent, body="Na pol", saved_at=NOW)
    assert merge(desk, ticket, twin, body="Na pol in več").status_code == 409
    assert merge(desk, ticket, twin, body="Na pol").status_code == 303
    assert fresh(ticket).merged_into == twin


def test_a_refused_merge_is_said_at_the_top(desk, ticket):
    html = text_of(press(desk, ticket, "merge", target="x"))
    assert html.index('<a href="#id_target">There is no ticket') < html.index("<h1")


def test_the_enter_key_asks_for_the_target_and_never_merges(desk, ticket, twin):
    asked = press(desk, ticket, "", target=twin.number, confirmed=twin.pk)
    assert f"Merge {ticket.number} into {twin.number}?" in words_of(asked)
    assert fresh(ticket).merged_into is None


@pytest.mark.parametrize("field", ["body", "note", "questions", "other"])
def test_merging_waits_for_what_is_not_sent_yet(desk, ticket, twin, field):
    refused = merge(desk, ticket, twin, **{field: "Še tole."})
    assert refused.status_code == 409
    assert "The text is not sent yet." in text_of(refused)
    assert "Še tole.</textarea>" in text_of(refused)
    assert fresh(ticket).merged_into is None


def test_other_open_tickets_of_the_member_are_offered_as_targets(desk, ticket, twin, gold):
    submit(gold)
    html = text_of(desk.get(page(ticket)))
    assert re.findall(r'type="radio" name="target" value="(.*?)"', html) == [twin.number]


def test_an_agents_own_ticket_is_merged_by_a_colleague(desk, agent):
    own, other = submit(agent, title="The desk is slow"), submit(agent, title="Still slow")
    refused = merge(desk, own, other)
    assert refused.status_code == 409
    assert "This cannot be done to your own ticket." in text_of(refused)


def test_a_member_cannot_merge_by_a_forged_post(ticket, twin, silver):
    assert merge(signed_in(silver), ticket, twin).status_code == 403
    assert fresh(ticket).merged_into is None


# The requester


def test_the_card_tells_what_an_agent_needs_and_no_address(desk, ticket, silver):
    silver.rank_since = dt.date(2024, 3, 1)
    silver.save()
    html = text_of(desk.get(page(ticket)))
    words = words_of(desk.get(page(ticket)))
    for expected in ("Silver", "since 1 Mar 2024", "1000002", "Slovenščina", "Ljubljana"):
        assert expected in words
    assert silver.email not in html


def test_the_members_clock_stands_beside_gmt(desk, ticket):
    assert "15 Jul 2026, 13:05 GMT (15:05 in Ljubljana)" in words_of(desk.get(page(ticket)))


def test_the_members_day_is_named_where_it_is_another(desk, silver):
    late = submit(silver, at=NOW.replace(hour=23))
    assert "23:05 GMT (01:05 in Ljubljana, 16 Jul 2026)" in words_of(desk.get(page(late)))


def test_a_member_in_gmt_has_no_second_clock(desk, silver, ticket):
    silver.time_zone = "UTC"
    silver.save()
    assert "13:05 GMT (" not in words_of(desk.get(page(ticket)))


def test_open_and_earlier_tickets_are_listed_five_at_most(desk, ticket, silver, gold, agent):
    for number in range(7):
        submit(silver, title=f"open {number}", at=at(number))
        submit(silver, title=f"past {number}", at=at(number)).close(agent, at=at(9))
    submit(gold, title="open elsewhere")
    html = text_of(desk.get(page(ticket)))
    card = html[html.index('class="card-of"') : html.index("</section>")]
    titles = re.findall(r'href="/admin/tickets/ticket/\d+/change/"[^>]*>(.*?)</a>', card)
    assert titles == [f"{kind} {n}" for kind in ("open", "past") for n in range(6, 1, -1)]
    assert re.findall(r'<span class="muted nums">(\d+)</span></h3>', card)[:2] == ["7", "7"]


def test_duplicates_are_no_earlier_tickets(desk, ticket, twin):
    merge(desk, ticket, twin)
    html = text_of(desk.get(page(twin)))
    assert "Merged into this ticket" in html
    assert f'href="#description-{ticket.number}"' in html
    assert f'href="{page(ticket)}"' not in html


# The first reply


def test_hours_in_english_only_do_not_count_for_other_languages(desk, silver):
    morning = NOW.replace(hour=6, minute=0)
    english, slovenian = (submit(silver, language=code, at=morning) for code in ("en", "sl"))
    assert "15 Jul 2026, 14:00 GMT" in words_of(desk.get(page(english)))
    assert "15 Jul 2026, 21:00 GMT" in words_of(desk.get(page(slovenian)))


def test_a_holiday_puts_the_first_reply_off(desk, silver):
    Holiday.objects.create(date=dt.date(2026, 7, 15), name="Praznik")
    ticket = submit(silver, language="en", at=NOW)
    assert "16 Jul 2026, 14:00 GMT" in words_of(desk.get(page(ticket)))


def test_without_hours_nothing_is_due(desk, ticket):
    ServiceWindow.objects.all().delete()
    assert "First reply due" not in words_of(desk.get(page(ticket)))


@pytest.mark.parametrize(("verb", "is_due"), [("reply", False), ("ask", False), ("note", True)])
def test_an_answer_to_the_member_ends_the_wait(desk, ticket, agent, verb, is_due):
    answer(ticket, agent, verb=verb)
    assert ("First reply due" in words_of(desk.get(page(ticket)))) is is_due


# What was read


def test_opening_a_ticket_marks_it_as_read(desk, ticket, agent, supervisor):
    assert Ticket.objects.unread_by(agent).get() == ticket
    desk.get(page(ticket))
    assert not Ticket.objects.unread_by(agent).exists()
    assert Ticket.objects.unread_by(supervisor).exists()


def test_own_acts_leave_it_read_and_a_colleagues_reply_does_not(desk, ticket, agent, supervisor):
    desk.get(page(ticket))
    press(desk, ticket, "note", body="Moje.")
    press(desk, ticket, "take")
    assert not Ticket.objects.unread_by(agent).exists()
    answer(ticket, supervisor, "Njeno.", verb="note")
    assert Ticket.objects.unread_by(agent).exists()


def test_the_news_begins_below_a_line_until_it_was_read(desk, ticket, supervisor):
    assert "new-from" not in text_of(desk.get(page(ticket)))
    answer(ticket, supervisor, "Njeno.", verb="note", at=timezone.now())
    html = text_of(desk.get(page(ticket)))
    assert html.count('class="new-from"') == 1
    assert ticket.description in html.partition("new-from")[0]
    assert "Njeno." in html.partition("new-from")[2]
    assert "new-from" not in text_of(desk.get(page(ticket)))


def test_looking_at_the_head_is_not_reading(desk, ticket, agent):
    desk.head(page(ticket))
    assert Ticket.objects.unread_by(agent).exists()


def test_a_refused_post_is_not_reading(desk, ticket, agent):
    press(desk, ticket, "reply", body="")
    assert Ticket.objects.unread_by(agent).exists()


# Questions and answers


def test_questions_show_which_are_answered_and_where(desk, ticket, agent, silver):
    asked = answer(ticket, agent, "Prosimo:", verb="ask", questions=["Kdaj?", "Kje?"])
    first = asked.questions.get(position=1)
    reply = answer(ticket, silver, "", answers={first.pk: "Zjutraj."}, at=at(2))
    html = text_of(desk.get(page(ticket)))
    assert f'<a href="#reply-{reply.pk}">Answered</a>' in html
    assert html.count("Not answered yet") == 1
    words = re.sub(
        r"\s+", " ", re.sub(r"<.*?>", " ", html[html.index(f"reply-{reply.pk}-author") :])
    )
    assert words.index("Kdaj?") < words.index("Zjutraj.")


# Ways on


def test_the_page_leads_to_its_neighbours_in_the_view(desk, silver):
    first, middle, last = (submit(silver, title=str(n), at=at(n)) for n in range(3))
    html = text_of(desk.get(f"{page(middle)}?view=unassigned"))
    assert f'data-previous href="{page(first)}?view=unassigned"' in html
    assert f'data-next href="{page(last)}?view=unassigned"' in html
    assert f'href="{LIST}?view=unassigned"' in html


def test_every_button_stays_in_the_view(desk, ticket):
    took = desk.post(f"{page(ticket)}?view=mine", {"action": "take"})
    assert took["Location"] == f"{page(ticket)}?view=mine"


# History


def test_history_says_who_when_what_and_from_where(desk, ticket, agent, supervisor, silver):
    ticket.assign(agent, supervisor, at=at(1), address="192.0.2.7")
    answer(ticket, agent, "Skrivnost", verb="note", at=at(2))
    ticket.close(silver, at=at(3), address="192.0.2.8")
    words = words_of(desk.get(f"{LIST}{ticket.pk}/history/"))
    closed, noted, assigned, filed = (
        words.index(found)
        for found in ("192.0.2.8", "Internal note", "192.0.2.7", "Issue received")
    )
    assert closed < noted < assigned < filed
    assert "Ana Novak Assigned to Eva Novak 192.0.2.7" in words
    assert "Sonja Novak Closed 192.0.2.8" in words
    assert "15 Jul 2026, 14:05 GMT" in words
    assert "Skrivnost" not in words


def test_history_tells_who_opened_pictures_the_last_twenty(desk, ticket, agent, supervisor):
    shot = {"screenshot": str(upload_of(agent, "prva.png").uuid)}
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor=supervisor,
            action="picture",
            about=about,
            data=shot,
            address="192.0.2.9",
            at=NOW,
        )
        for about in [ticket.number] * 25 + ["TI-999"]
    )
    html = text_of(desk.get(f"{LIST}{ticket.pk}/history/"))
    assert html.count("192.0.2.9") == html.count("prva.png") == 20


def test_history_of_a_merged_ticket_is_still_there(desk, ticket, twin):
    merge(desk, ticket, twin)
    assert f"Merged into {twin.number}" in words_of(desk.get(f"{LIST}{ticket.pk}/history/"))
    both = words_of(desk.get(f"{LIST}{twin.pk}/history/"))
    assert f"Put together with {ticket.number}" in both
    assert both.count("Issue received") == 2


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 30, "x", "1%00"])
def test_a_history_that_nobody_has_is_404(desk, ticket, number):
    assert desk.get(f"{LIST}{number}/history/").status_code == 404


# Filing for a member


def filing(member, **fields):
    return {
        "member": getattr(member, "username", member),
        "language": "cs",
        "title": "Nejde se přihlásit",
        "description": "Volala a popsala to.",
        "submission_id": uuid.uuid4(),
        **fields,
    }


def filed():
    return Ticket.objects.get(title="Nejde se přihlásit")


@pytest.mark.parametrize("by", ["username", "member_id", "email"])
def test_an_agent_files_a_ticket_for_a_member(desk, silver, agent, by):
    named = getattr(silver, by)
    done = desk.post(ADD, filing(named.upper() if by == "email" else named))
    assert (done.status_code, done["Location"]) == (303, page(filed()))
    ticket = filed()
    assert (ticket.member, ticket.language, ticket.assignee) == (silver, "cs", None)
    event = ticket.events.get()
    assert (event.actor, event.verb) == (agent, "submit")
    assert Email.objects.filter(to=[silver.email]).count() == 1
    assert ticket.description in text_of(signed_in(silver).get(ticket.get_absolute_url()))


def test_it_can_be_assigned_to_the_agent_at_once(desk, silver, agent):
    desk.post(ADD, filing(silver, assign_to_me="on"))
    assert filed().assignee == agent


def test_pictures_go_along_and_the_member_sees_them(desk, silver, agent):
    kept = upload_of(agent, "prej.png")
    desk.post(ADD, filing(silver, screenshots=[png_file("zdaj.png")], uploads=[kept.uuid]))
    names = sorted(shot.name for shot in filed().screenshots.all())
    assert names == ["prej.png", "zdaj.png"]
    assert signed_in(silver).get(kept.get_absolute_url()).status_code == 200


def test_filing_twice_gives_one_ticket(desk, silver):
    post = filing(silver, assign_to_me="on")
    places = {desk.post(ADD, post)["Location"] for _press in range(2)}
    assert places == {page(filed())}
    assert Email.objects.count() == 1


def test_the_form_used_again_for_another_text_is_another_ticket(desk, silver):
    post = filing(silver)
    desk.post(ADD, post)
    desk.post(ADD, {**post, "description": "Něco jiného."})
    assert Ticket.objects.count() == 2


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("nobody-at-all", "Nobody has this user name, member ID or email address."),
        ("son", "Nobody has this user name"),
        ("' OR 1=1 --", "Nobody has this user name"),
        ("", "Enter a member."),
        ("petra", "Petra Novak cannot have tickets: this takes rank Silver or higher."),
        ("eva", "Eva Novak cannot have tickets"),
        ("ana", "You cannot file a ticket for yourself here."),
        ("simon", "The account of Simon Novak is not active."),
    ],
)
def test_tickets_are_for_members_whom_the_portal_is_open_to(
    desk, silver, premier, supervisor, other_silver, who, words
):
    User.objects.filter(pk=other_silver.pk).update(is_active=False)
    refused = desk.post(ADD, filing(who))
    assert refused.status_code == 400
    assert escape(words) in text_of(refused)
    assert ">\nVolala a popsala to.</textarea>" in text_of(refused)
    assert not Ticket.objects.exists()


def test_an_address_of_two_people_names_nobody(desk, silver, other_silver):
    User.objects.filter(pk=other_silver.pk).update(email=silver.email)
    assert desk.post(ADD, filing(silver.email)).status_code == 400


def test_staff_of_a_rank_can_have_tickets(desk, supervisor):
    User.objects.filter(pk=supervisor.pk).update(rank=Rank.SILVER)
    assert desk.post(ADD, filing(supervisor)).status_code == 303


@pytest.mark.parametrize("member", ["sonja", "nobody", "\0", "x" * 999, '"><b>'])
def test_the_form_takes_its_member_from_the_address(desk, silver, member):
    html = text_of(desk.get(ADD, {"member": member}))
    known = member.replace("\0", "")[:254]
    assert f'name="member" value="{escape(known)}"' in html
    chosen = re.search(r'<option value="(\w+)"[^>]* selected', html)[1]
    assert chosen == ("sl" if member == "sonja" else "en")


def test_members_and_staff_without_the_right_file_for_nobody(silver, agent, other_silver):
    agent.groups.clear()
    for someone in (other_silver, agent):
        assert signed_in(someone).post(ADD, filing(silver)).status_code == 403
    assert not Ticket.objects.exists()


def test_the_twenty_first_ticket_of_an_hour_has_to_wait_with_its_text(desk, silver):
    for _number in range(20):
        assert desk.post(ADD, filing(silver)).status_code == 303
    refused = desk.post(ADD, filing(silver))
    assert refused.status_code == 429
    assert "Volala a popsala to." in text_of(refused)


# Follow-ups


def test_a_follow_up_says_what_it_follows(desk, ticket):
    html = text_of(desk.get(f"{ADD}?follow_up={ticket.pk}"))
    assert f"<h1>Follow-up of {ticket.number}</h1>" in html


def test_a_follow_up_is_linked_on_both_tickets(desk, ticket, agent):
    ticket.close(agent, at=at(1))
    form = text_of(desk.get(f"{ADD}?follow_up={ticket.pk}"))
    assert ticket.number in form
    assert 'name="member"' not in form
    assert f'value="{escape(ticket.title)}"' in form
    desk.post(f"{ADD}?follow_up={ticket.pk}", filing(""))
    later = filed()
    assert (later.member, later.follow_up_of) == (ticket.member, ticket)
    assert f'href="{page(ticket)}"' in text_of(desk.get(page(later)))
    assert f'href="{page(later)}"' in text_of(desk.get(page(ticket)))


def test_a_follow_up_is_of_the_same_member_whatever_is_posted(desk, ticket, gold):
    desk.post(f"{ADD}?follow_up={ticket.pk}", filing(gold))
    assert filed().member == ticket.member


def test_a_member_fallen_below_the_rank_has_no_follow_up(desk, ticket, silver):
    User.objects.filter(pk=silver.pk).update(rank=Rank.PREMIER)
    refused = desk.post(f"{ADD}?follow_up={ticket.pk}", filing(""))
    assert refused.status_code == 400
    assert "cannot have tickets" in text_of(refused)


@pytest.mark.parametrize("number", ["0", "x", "9" * 18, "9" * 40, "\0", "", "-1"])
def test_a_follow_up_of_nothing_is_404(desk, ticket, number):
    assert desk.get(ADD, {"follow_up": number}).status_code == 404


def test_with_nothing_to_take_the_agent_stays_on_the_ticket(desk, ticket, agent):
    ticket.assign(agent, agent, at=at(1))
    stayed = desk.post(f"{LIST}next/?view=mine", {"back": ticket.pk}, follow=True)
    assert stayed.redirect_chain == [(f"{page(ticket)}?view=mine", 303)]
    assert "No open ticket is unassigned." in text_of(stayed)
    for forged in ("x", "//evil.example", "9" * 30, ""):
        assert desk.post(f"{LIST}next/", {"back": forged})["Location"] == LIST


# What the page costs


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("answered", [False, True])
def test_the_page_asks_fifteen_times_whatever_there_is(
    desk, silver, agent, supervisor, count, answered, django_assert_max_num_queries
):
    main = submit(silver, title="Main")
    main.set_topic(agent, Topic.objects.first(), at=at(1))
    for number in range(count):
        twin = submit(silver, title=f"Twin {number}")
        answer(twin, supervisor, "Prosimo:", verb="note")
        twin.assign(supervisor, supervisor, at=at(1))
        main.assign(supervisor, [agent, supervisor][number % 2], at=at(1))
        if answered:
            asked = answer(twin, supervisor, "Prosimo:", verb="ask", questions=["Kdaj?", "Kje?"])
            replied = {asked.questions.first().pk: "Zdaj."}
            answer(
                twin,
                silver,
                "",
                answers=replied,
                at=at(2),
                screenshots=[upload_of(silver, "a.png")],
            )
        twin.merge_into(supervisor, main, at=at(3))
        submit(silver, title=f"Open {number}")
        submit(silver, title=f"Past {number}", follow_up_of=main).close(agent, at=at(4))
    supervisor.groups.clear()
    TicketPresence.objects.renew(main, supervisor, writing=True)
    with django_assert_max_num_queries(15):
        shown = desk.get(page(main))
    assert "Viewing" in text_of(shown) or "Writing now" in text_of(shown)
