"""Forms sent twice, closings taken back, tickets merged late: nothing is lost or said wrong."""

import datetime as dt
import uuid

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from post_office.models import Email

from tickets.models import AnswerDraft, Screenshot, StaleReply, Ticket, TransitionError

LATER = NOW + dt.timedelta(hours=2)
Status = Ticket.Status


def subjects():
    return [mail.subject.partition("] ")[2] for mail in Email.objects.order_by("pk")]


def test_an_edited_form_that_was_sent_before_reopens_with_its_new_text(ticket, silver, agent):
    post = {"submission_id": uuid.uuid4(), "at": LATER}
    ticket.reply(silver, "A", **post)
    ticket.close(agent, at=LATER)
    ticket.reopen(silver, "B, it broke again", **post)
    assert ticket.status == Status.OPEN
    assert [reply.body for reply in ticket.replies.all()] == ["A", "B, it broke again"]


def test_the_same_reopening_sent_twice_is_one(ticket, silver, agent):
    ticket.close(agent, at=LATER)
    post = {"submission_id": uuid.uuid4(), "at": LATER}
    for _time in range(2):
        ticket.reopen(silver, "Še vedno.", **post)
    assert ticket.replies.count() == 1


def test_a_note_sent_again_as_a_reply_is_a_reply(ticket, agent):
    post = {"submission_id": uuid.uuid4(), "at": LATER}
    assert ticket.note(agent, "Poskusite znova.", **post).is_new
    assert ticket.reply(agent, "Poskusite znova.", **post).is_new
    assert not ticket.note(agent, "Poskusite znova.", **post).is_new
    assert [reply.kind for reply in ticket.replies.all()] == ["note", "reply"]
    assert "New reply from support" in subjects() or "Nov odgovor tehnične podpore" in subjects()


def test_whoever_reopens_at_once_takes_the_closing_mail_back(ticket, agent):
    before = Email.objects.count()
    ticket.close(agent, at=LATER, hold=True)
    assert Email.objects.count() == before + 1
    ticket.reopen(agent, submission_id=uuid.uuid4(), at=LATER + dt.timedelta(seconds=5))
    assert Email.objects.count() == before
    ticket.close(agent, at=LATER, hold=True)
    ticket.reopen(agent, submission_id=uuid.uuid4(), at=LATER + dt.timedelta(seconds=20))
    assert Email.objects.count() == before + 2


def test_nobody_gets_their_own_ticket_to_work_on(agent, supervisor):
    own = submit(agent, title="The desk is slow")
    with pytest.raises(TransitionError):
        own.assign(supervisor, agent, at=LATER)
    assert Ticket.objects.get().assignee is None


# Merging


@pytest.fixture
def again(silver):
    return submit(silver, title="Še vedno", at=NOW + dt.timedelta(hours=1))


def test_what_the_member_wrote_elsewhere_waits_here(ticket, again, silver, agent):
    answer(ticket, agent, at=NOW + dt.timedelta(minutes=5))
    again.merge_into(agent, ticket, at=LATER)
    assert ticket.waiting_since == again.created_at
    assert (ticket.last_reply_at, ticket.last_reply_by) == (again.created_at, silver)


def test_who_has_waited_longer_goes_on_waiting(ticket, again, silver, agent):
    ticket.merge_into(agent, again, at=LATER)
    assert again.waiting_since == ticket.created_at


def test_a_kept_draft_follows_its_ticket(ticket, again, agent, supervisor):
    kept = {"ticket": again, "saved_at": LATER}
    AnswerDraft.objects.create(author=agent, body="Half", **kept)
    AnswerDraft.objects.create(author=supervisor, body="Second", questions=["Kje?"], **kept)
    here = AnswerDraft.objects.create(
        author=supervisor, ticket=ticket, body="First", saved_at=LATER
    )
    again.merge_into(agent, ticket, at=LATER)
    here.refresh_from_db()
    assert (here.body, here.questions) == ("First\n\nSecond", ["Kje?"])
    assert ticket.answer_drafts.get(author=agent).body == "Half"
    assert not again.answer_drafts.exists()


def test_words_that_came_with_a_merge_are_news_to_the_answering_agent(ticket, again, silver, agent):
    seen = answer(ticket, agent).pk
    answer(again, silver, "Zdaj tudi v telefonu.")
    again.merge_into(agent, ticket, at=LATER)
    with pytest.raises(StaleReply):
        answer(ticket, agent, "Poskusite znova.", seen=seen)


def test_the_older_part_of_a_merged_thread_stands_first(ticket, silver, agent):
    older = submit(silver, title="Prva", at=NOW - dt.timedelta(days=3))
    older.merge_into(agent, ticket, at=LATER)
    html = signed_in(agent).get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert html.index(f"description-{older.number}") < html.index('id="description"')


def test_a_very_long_ticket_stays_quick_to_write_to(ticket, silver, settings):
    settings.SEARCH_TEXT_MAX_LENGTH = 2_000
    for _each in range(3):
        answer(ticket, silver, "\ufdfa" * 500, submission_id=uuid.uuid4())
    assert len(ticket.search_text) <= 2_001
    assert ticket.replies.count() == 3


def test_a_ticket_without_pictures_says_so_whoever_took_the_last_one(ticket, silver, supervisor):
    shot = Screenshot.objects.upload(silver, png_file(), NOW)
    older = submit(silver, title="Prva", screenshots=[shot])
    older.merge_into(supervisor, ticket, at=LATER)
    assert Ticket.objects.get(pk=ticket.pk).has_pictures
    Screenshot.objects.get().remove(supervisor, at=LATER)
    assert not Ticket.objects.filter(has_pictures=True).exists()
