"""One issue: reading it, answering, closing, reopening, and what stays hidden from members."""

import datetime as dt
import os
import re
import uuid

import pytest
from conftest import answer, png_file, signed_in, submit
from django.utils import timezone
from django.utils.html import escape
from post_office.models import Email

from accounts import throttle
from tickets.models import Draft, Screenshot, Ticket, TicketEvent
from tickets.views.threads import _answer

JSON = {"Accept": "application/json"}
Status = Ticket.Status

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


def act(client, ticket, verb, **fields):
    """Post to one of the addresses under the ticket's own."""
    return client.post(f"{ticket.get_absolute_url()}{verb}/", fields)


def say(client, ticket, body="Še nekaj.", **fields):
    return act(client, ticket, "replies", body=body, submission_id=uuid.uuid4(), **fields)


def page_of(client, ticket):
    return client.get(ticket.get_absolute_url()).content.decode()


def hidden(page, name):
    """The value of a hidden field of the page's reply form."""
    return re.search(rf'name="{name}" value="(.*?)"', page)[1]


def closed(ticket, actor, days_ago=0):
    ticket.close(actor, at=timezone.now() - dt.timedelta(days=days_ago))
    return ticket


def attached(ticket, author, name="slika.png", verb="reply"):
    """A picture that ``author`` sent into ``ticket`` with a reply or note."""
    shot = Screenshot.objects.upload(author, png_file(name), timezone.now())
    answer(ticket, author, f"with {name}", verb=verb, screenshots=[shot])
    return shot


# Reading


def test_the_thread_is_read_in_the_order_it_happened(client, ticket, silver, agent):
    answer(ticket, agent, "Which browser?", verb="ask")
    answer(ticket, silver, "Firefox.", at=ticket.created_at + dt.timedelta(hours=2))
    page = page_of(client, ticket)
    texts = [ticket.description, "Which browser?", "Firefox."]
    places = [page.index(f"<p>{escape(text)}</p>") for text in texts]
    assert places == sorted(places)
    assert "Status changed: Open" in page
    assert "English –" in page


def test_the_member_reads_which_side_acted_but_no_names(client, ticket, silver, agent):
    answer(ticket, agent, "Which browser?", verb="ask")
    answer(ticket, silver, "Firefox.")
    ticket.assign(agent, agent, at=timezone.now())
    page = re.sub(r"<.*?>", "", page_of(client, ticket))
    assert "Status changed: Awaiting Feedback · technical support · " in page
    assert "Status changed: Open · you · " in page
    assert "by Ana" not in page
    assert "Assigned" not in page


def test_a_waiting_question_stands_above_the_form(client, ticket, silver, agent):
    answer(ticket, agent, "Which browser?", verb="ask")
    assert "Support is waiting for your answer" in page_of(client, ticket)
    say(client, ticket)
    assert "Support is waiting for your answer" not in page_of(client, ticket)


# Answering


def test_a_reply_is_sent_with_pictures_of_both_kinds(client, ticket, silver, upload):
    sent = say(client, ticket, uploads=[upload.uuid], screenshots=[png_file("druga.png")])
    reply = ticket.replies.get()
    assert sent.status_code == 303
    assert sent["Location"] == f"{ticket.get_absolute_url()}#reply-{reply.pk}"
    assert (reply.author, reply.body) == (silver, "Še nekaj.")
    assert [shot.name for shot in reply.screenshots.all()] == ["slika.png", "druga.png"]


def test_a_picture_alone_is_a_reply_and_nothing_is_none(client, ticket, upload):
    refused = say(client, ticket, " ")
    assert refused.status_code == 400
    assert "Write a reply." in refused.content.decode()
    assert say(client, ticket, " ", uploads=[upload.uuid]).status_code == 303
    assert ticket.replies.count() == 1


def test_a_refused_reply_keeps_text_and_pictures(client, ticket, upload):
    page = say(client, ticket, "a" * 20_001, uploads=[upload.uuid])
    assert page.status_code == 400
    assert "a" * 20_001 in page.content.decode()
    assert hidden(page.content.decode(), "uploads") == str(upload.uuid)
    assert not ticket.replies.exists()


def test_a_members_reply_takes_the_issue_back_to_open(client, ticket, agent):
    answer(ticket, agent, verb="ask")
    say(client, ticket)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_sending_a_reply_twice_gives_one(client, ticket):
    post = {"body": "Še nekaj.", "submission_id": uuid.uuid4()}
    first, second = (act(client, ticket, "replies", **post) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ticket.replies.count() == 1


def test_a_reply_from_a_stale_page_waits_until_the_news_is_read(client, ticket, agent, upload):
    seen = hidden(page_of(client, ticket), "seen")
    newer = answer(ticket, agent, "Please clear the cache.")
    refused = say(client, ticket, "Hello?", seen=seen, uploads=[upload.uuid])
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "There is something new" in page
    assert page.count("Please clear the cache.") == 2  # in the thread and above the form
    assert ">\nHello?</textarea>" in page
    assert hidden(page, "uploads") == str(upload.uuid)
    assert hidden(page, "seen") == str(newer.pk)
    sent = say(client, ticket, "Hello?", seen=hidden(page, "seen"), uploads=[upload.uuid])
    assert sent.status_code == 303
    assert ticket.replies.last().screenshots.get() == upload


def test_a_stale_reply_in_json_is_409(client, ticket, agent):
    answer(ticket, agent)
    address = f"{ticket.get_absolute_url()}replies/"
    refused = client.post(address, {"body": "Hello?", "seen": 0}, headers=JSON)
    assert (refused.status_code, refused.json()["error"]) == (409, "stale")


@pytest.mark.parametrize(
    ("seen", "status"),
    [("9" * 30, 303), ("", 303), ("-" + "9" * 30, 409), ("x", 400), ("²", 400), ("1.5", 400)],
)
def test_whatever_a_page_claims_to_have_seen_is_answered(client, ticket, agent, seen, status):
    answer(ticket, agent)
    page = say(client, ticket, "Hello?", seen=seen)
    assert page.status_code == status
    assert status == 303 or ">\nHello?</textarea>" in page.content.decode()


def test_the_sixty_first_reply_of_an_hour_has_to_wait_with_its_text(client, ticket, silver):
    for _reply in range(60):
        throttle.hit("replies", silver.pk)
    page = say(client, ticket, "Hello?")
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    assert ">\nHello?</textarea>" in page.content.decode()


# Closing and reopening


def test_a_member_closes_an_issue_and_reopens_it_with_a_reason(client, ticket):
    assert act(client, ticket, "close").status_code == 303
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED
    assert 'name="reason"' in page_of(client, ticket)
    assert act(client, ticket, "reopen", reason="Spet.").status_code == 303
    ticket.refresh_from_db()
    assert (ticket.status, ticket.replies.get().body) == (Status.OPEN, "Spet.")


def test_closing_twice_and_reopening_the_open_is_said_and_changes_nothing(client, ticket):
    page = client.post(f"{ticket.get_absolute_url()}reopen/", follow=True).content.decode()
    assert "This issue is already open." in page
    act(client, ticket, "close")
    page = client.post(f"{ticket.get_absolute_url()}close/", follow=True).content.decode()
    assert "This issue is closed. Reopen it first." in page
    assert ticket.events.count() == 2


def test_a_reason_that_cannot_be_stored_is_kept_on_the_page(client, ticket, silver):
    page = act(client, closed(ticket, silver), "reopen", reason="before\x1bafter")
    assert page.status_code == 400
    assert ">\nbefore\x1bafter</textarea>" in page.content.decode()


def test_a_reply_to_an_issue_closed_meanwhile_reopens_it(client, ticket, agent, upload):
    closed(ticket, agent, days_ago=13)
    assert say(client, ticket, "Spet.", uploads=[upload.uuid]).status_code == 303
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.replies.get().body == "Spet."
    assert ticket.replies.get().screenshots.get() == upload


def test_after_fourteen_days_a_reply_waits_in_the_form_of_a_new_issue(
    client, ticket, agent, upload
):
    closed(ticket, agent, days_ago=15)
    led = say(client, ticket, "Spet.", uploads=[upload.uuid])
    draft = Draft.objects.get()
    assert led["Location"] == f"/technical-issues/new/?draft={draft.uuid}"
    page = client.get(led["Location"]).content.decode()
    assert ">\nSpet.</textarea>" in page
    assert escape(ticket.title) in page
    assert hidden(page, "uploads") == str(upload.uuid)
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED


def test_after_fourteen_days_the_page_offers_a_new_issue_instead(client, ticket, agent):
    closed(ticket, agent, days_ago=15)
    page = page_of(client, ticket)
    assert 'name="reason"' not in page
    assert "submit a new ticket" in page
    act(client, ticket, "reopen", reason="Spet.")
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED


@pytest.mark.parametrize("verb", ["replies", "close", "reopen"])
def test_nothing_changes_on_get(client, ticket, verb):
    assert client.get(f"{ticket.get_absolute_url()}{verb}/").status_code == 405
    assert ticket.events.count() == 1


# What is somebody else's does not exist


def test_somebody_elses_issue_does_not_exist(ticket, gold, upload):
    stranger, address = signed_in(gold), ticket.get_absolute_url()
    for path in (address, f"{address}received/"):
        assert stranger.get(path).status_code == 404
    for verb in ("replies", "close", "reopen"):
        assert act(stranger, ticket, verb, body="x", reason="x").status_code == 404
    ticket.refresh_from_db()
    assert (ticket.status, ticket.events.count()) == (Status.OPEN, 1)


def test_an_agent_has_no_members_page_of_somebody_elses_issue(ticket, agent):
    assert signed_in(agent).get(ticket.get_absolute_url()).status_code == 404


def test_somebody_elses_picture_does_not_exist_before_and_after_it_is_sent(
    client, ticket, silver, gold, upload
):
    stranger, address = signed_in(gold), upload.get_absolute_url()
    for _time in ("uploaded", "sent"):
        assert stranger.get(address).status_code == 404
        assert stranger.get(upload.thumb_url).status_code == 404
        assert stranger.post(f"{address}delete/").status_code == 404
        assert client.get(address).status_code == 200
        answer(ticket, silver, screenshots=[upload])
    assert client.post(f"{address}delete/").status_code == 404  # sent is sent
    assert Screenshot.objects.filter(pk=upload.pk).exists()


@pytest.mark.parametrize(
    "number", ["0", "9" * 18, "9" * 19, "9" * 30, "9" * 5000, "-1", "1.5", "٣", "%00", "x"]
)
def test_any_other_number_in_the_address_is_404(client, ticket, number):
    address = f"/technical-issues/{number}/"
    assert client.get(address).status_code == 404
    assert client.post(f"{address}replies/", {"body": "x"}).status_code == 404


# Notes stay inside


def test_notes_and_their_pictures_never_reach_the_member(client, ticket, agent):
    mails = Email.objects.count()
    shot = attached(ticket, agent, "prevara.png", verb="note")
    page = page_of(client, ticket)
    for secret in ("prevara", str(shot.uuid), "Internal note", agent.display_name):
        assert secret not in page
        assert secret not in client.get("/technical-issues/").content.decode()
    assert client.get(shot.get_absolute_url()).status_code == 404
    assert client.get(shot.thumb_url).status_code == 404
    assert Email.objects.count() == mails
    assert signed_in(agent).get(shot.get_absolute_url()).status_code == 200


def test_assigning_does_not_show_to_the_member(client, ticket, agent):
    before = page_of(client, ticket)
    ticket.assign(agent, agent, at=timezone.now())
    assert TicketEvent.objects.filter(verb="assign", public=False).exists()
    after = page_of(client, ticket)
    assert "Assigned" not in after
    assert after.count("<li") == before.count("<li")


def test_a_note_does_not_make_the_members_page_stale(client, ticket, agent):
    seen = hidden(page_of(client, ticket), "seen")
    answer(ticket, agent, "Med nami.", verb="note")
    assert say(client, ticket, seen=seen).status_code == 303


# Pictures


def test_a_picture_leaves_as_nothing_but_a_picture(client, upload):
    sent = client.get(upload.get_absolute_url())
    assert sent["Content-Type"] == "image/png"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert sent["Cache-Control"] == "private, no-store"
    assert b"".join(sent.streaming_content).startswith(b"\x89PNG")


def test_a_pictures_name_is_sent_as_the_rfc_says(client, silver):
    shot = Screenshot.objects.upload(silver, png_file('čšž "a".png'), timezone.now())
    name = client.get(shot.get_absolute_url())["Content-Disposition"]
    assert name.startswith("inline; filename*=utf-8''%C4%8D%C5%A1%C5%BE")


def test_the_thumbnail_is_the_smaller_one(client, silver):
    big = Screenshot.objects.upload(silver, png_file(width=1200, height=900), timezone.now())
    whole, small = (client.get(path) for path in (big.get_absolute_url(), big.thumb_url))
    assert len(small.getvalue()) < len(whole.getvalue())
    assert (big.thumb_width, big.thumb_height) == (480, 360)


def test_behind_nginx_the_file_is_handed_over_by_name(client, upload, settings):
    settings.MEDIA_ACCEL_PREFIX = "/media-internal/"
    sent = client.get(upload.thumb_url)
    assert sent["X-Accel-Redirect"] == f"/media-internal/{upload.thumb.name}"
    assert sent["Content-Type"] == "image/png"
    assert sent.content == b""


def test_a_lost_file_is_404_and_costs_no_page(client, ticket, silver):
    shot = attached(ticket, silver)
    for file in (shot.picture, shot.thumb):
        os.remove(file.path)
    assert client.get(shot.get_absolute_url()).status_code == 404
    assert client.get(shot.thumb_url).status_code == 404
    assert "slika.png" in page_of(client, ticket)


def test_a_lost_file_can_be_thrown_away(client, upload, django_capture_on_commit_callbacks):
    os.remove(upload.picture.path)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"{upload.get_absolute_url()}delete/").status_code == 204
    assert not Screenshot.objects.exists()


def test_pictures_stand_where_they_were_sent(client, silver, agent, upload):
    ticket = submit(silver, screenshots=[upload])
    shot = attached(ticket, agent, "resitev.png")
    described, replied = page_of(client, ticket).split('id="reply-', 1)
    assert upload.thumb_url in described
    assert shot.thumb_url in replied
    assert shot.thumb_url not in described


def test_words_that_cross_with_closing_reopen_the_issue(ticket, silver, agent):
    loaded = Ticket.objects.get(pk=ticket.pk)
    closed(ticket, agent)
    rest = {"submission_id": uuid.uuid4(), "at": timezone.now()}
    _answer(silver, loaded, {"body": "Still wrong.", "seen": 0}, rest)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.replies.get().body) == ("open", "Still wrong.")
