"""What strangers tried and may not: forms of other sites, codecs, filters, forged repetitions."""

import uuid

import pytest
from conftest import NOW, png_file, signed_in, submit
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tickets.models import Draft, Screenshot, Ticket
from tickets.views.threads import _answer

NEW = "/technical-issues/new/"
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def test_a_form_of_another_site_gets_no_second_chance(client, silver):
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(silver)
    typed = {"email": "attacker@evil.example", "reason": "Please press the button"}
    page = stranger.post(reverse("preferences"), typed, headers=FOREIGN)
    assert page.status_code == 403
    assert "attacker@evil.example" not in page.content.decode()
    assert "Please press the button" not in page.content.decode()


def test_an_own_form_that_expired_still_gives_the_text_back(silver):
    own = Client(enforce_csrf_checks=True)
    own.force_login(silver)
    headers = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    page = own.post(NEW, {"title": "Kept"}, headers=headers)
    assert page.status_code == 403
    assert 'value="Kept"' in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/x", "/accounts/login/"])
def test_a_post_that_cannot_be_read_is_refused_quietly(client, path):
    too_many = "&".join(f"f{number}=1" for number in range(1001))
    kind = "application/x-www-form-urlencoded"
    assert client.post(path, too_many, content_type=kind).status_code in (400, 404)
    assert client.post(path, "a=b", content_type=f"{kind}; charset=latin1").status_code in (
        400,
        404,
    )


def test_the_address_of_a_language_switch_is_a_path_or_nothing(silver):
    for target in ("foo", "x y", "?q=1", "account_logout", "//evil.example/"):
        answer = signed_in(silver).post("/language/", {"language": "cs", "next": target})
        assert (answer.status_code, answer["Location"]) == (303, "/")


@pytest.mark.parametrize(
    "query",
    [
        "title__range=",
        "title__regex=[]",
        "created_at__year=1",
        "search_text__regex=(l|o)*x9",
        "member__password__startswith=a",
        "language__exact=%00",
    ],
)
def test_the_work_list_asks_nothing_but_its_own_filters(agent, ticket, query, time_machine):
    """Any other lookup never reaches the database: the list asks it word for word the same."""
    time_machine.move_to(NOW, tick=False)
    desk, asked = signed_in(agent), []
    for address in ("/admin/tickets/ticket/", f"/admin/tickets/ticket/?{query}"):
        with CaptureQueriesContext(connection) as queries:
            page = desk.get(address)
        assert page.status_code == 200
        assert ticket.title in page.content.decode()
        asked.append([row["sql"] for row in queries])
    assert asked[0] == asked[1]


def test_a_form_sent_again_with_another_text_is_another_issue(silver):
    client, form = signed_in(silver), str(uuid.uuid4())
    for text in ("First.", "Second.", "Second."):
        typed = {"language": "en", "title": "T", "description": text, "submission_id": form}
        assert client.post(NEW, typed).status_code == 303
    texts = set(Ticket.objects.values_list("description", flat=True))
    assert texts == {"First.", "Second."}


def test_a_reply_sent_again_with_another_text_is_another_reply(silver, ticket):
    client, form = signed_in(silver), str(uuid.uuid4())
    for text in ("First.", "First.", "Second."):
        client.post(f"{ticket.get_absolute_url()}replies/", {"body": text, "submission_id": form})
    assert list(ticket.replies.values_list("body", flat=True)) == ["First.", "Second."]


def test_one_form_on_two_tickets_is_two_replies(silver, ticket):
    client, form, other = signed_in(silver), str(uuid.uuid4()), submit(silver)
    for row in (ticket, other):
        page = client.post(
            f"{row.get_absolute_url()}replies/", {"body": "Same.", "submission_id": form}
        )
        assert page.status_code == 303
    assert (ticket.replies.count(), other.replies.count()) == (1, 1)


def test_a_picture_sent_meanwhile_is_not_thrown_away(silver, ticket, upload):
    doomed = Screenshot.objects.uploaded_by(silver, [upload.uuid])
    list(doomed)  # looked at before …
    Screenshot.objects.filter(pk=upload.pk).update(ticket=ticket)  # … and sent since
    assert doomed.discard() == 0
    assert Screenshot.objects.filter(pk=upload.pk).exists()


def test_a_person_keeps_ten_drafts_at_most(silver, settings):
    for number in range(10):
        Draft.objects.create(owner=silver, title=str(number), saved_at=timezone.now())
    signed_in(silver).post("/technical-issues/draft/", {"title": "Newest", "language": "en"})
    titles = set(Draft.objects.values_list("title", flat=True))
    assert len(titles) == 10
    assert "Newest" in titles
    assert "0" not in titles


def test_too_many_unsent_pictures_have_to_wait(silver, upload, settings):
    settings.WAITING_UPLOADS = 1
    answer = signed_in(silver).post("/technical-issues/screenshots/", {"file": png_file()})
    assert answer.status_code == 429


def test_a_word_that_meets_a_reopening_is_a_reply(silver, agent, ticket):
    ticket.close(agent, at=timezone.now())
    loaded = Ticket.objects.get(pk=ticket.pk)
    ticket.reopen(agent, submission_id=uuid.uuid4(), at=timezone.now())
    rest = {"submission_id": uuid.uuid4(), "at": timezone.now()}
    assert _answer(silver, loaded, {"body": "Hello", "seen": None}, rest).body == "Hello"
