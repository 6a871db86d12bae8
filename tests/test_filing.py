"""Filing a technical issue: what was typed and the pictures that are good are never lost."""

import datetime as dt
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pictures
import pytest
from conftest import answer, png_file, signed_in, submit
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from post_office.models import Email

from accounts import throttle
from tickets import images
from tickets.models import Draft, Screenshot, Ticket

NEW = "/technical-issues/new/"
DRAFT = "/technical-issues/draft/"
UPLOADS = "/technical-issues/screenshots/"
JSON = {"Accept": "application/json"}
GONE = "A picture is no longer available. Add it again."

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


def issue(**fields):
    """What the form posts."""
    return {
        "language": "en",
        "title": "The order fails",
        "description": "I press Pay.",
        "submission_id": uuid.uuid4(),
        **fields,
    }


def file(client, **fields):
    return client.post(NEW, issue(**fields))


def filed(client, **fields):
    """The ticket that the post led to."""
    response = file(client, **fields)
    assert response.status_code == 303, response.content.decode()
    return Ticket.objects.get(pk=re.search(r"/(\d+)/received/$", response["Location"])[1])


def text_of(response):
    return response.content.decode()


def typed_in(page, name):
    """What the form on the page holds in its field ``name``."""
    if name == "title":
        return re.search(r'name="title" value="(.*?)"', page)[1]
    return re.search(rf'<textarea [^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1]


def uploads_on(page):
    return re.findall(r'name="uploads" value="(.+?)"', page)


def bad_file(name="faktura.png"):
    return SimpleUploadedFile(name, pictures.PDF, content_type="image/png")


# Works


def test_an_issue_is_filed_without_pictures(client, silver):
    ticket = filed(client, context="on", viewport="360 × 740")
    assert (ticket.member, ticket.language, ticket.status) == (silver, "en", "open")
    assert (ticket.title, ticket.description) == ("The order fails", "I press Pay.")
    assert "360 × 740" in ticket.technical_details


def test_an_issue_is_filed_with_pictures_without_script(client):
    ticket = filed(client, screenshots=[png_file("a.png"), png_file("b.png")])
    assert [shot.name for shot in ticket.screenshots.all()] == ["a.png", "b.png"]


def test_an_issue_is_filed_with_a_picture_uploaded_before(client, upload):
    ticket = filed(client, uploads=[upload.uuid])
    assert ticket.screenshots.get() == upload


def test_technical_details_stay_at_home_unless_agreed(client):
    assert filed(client, viewport="360 × 740").technical_details == ""


def test_the_confirmation_page_can_be_reloaded(client, gold):
    ticket = filed(client)
    address = f"/technical-issues/{ticket.pk}/received/"
    for _reload in range(2):
        assert f"Your ticket number: {ticket.number}" in text_of(client.get(address))
    assert Ticket.objects.count() == Email.objects.count() == 1
    assert signed_in(gold).get(address).status_code == 404


# Language and text


@pytest.mark.parametrize(
    ("typed", "language", "title"),
    [
        ("Čeština – Objednávka", "cs", "Objednávka"),
        ("Cestina - Objednávka", "cs", "Objednávka"),
        ("čeština: Objednávka", "cs", "Objednávka"),
        ("Slovenščina—Naročilo", "sl", "Naročilo"),
        ("SLOVENSCINA : Naročilo", "sl", "Naročilo"),
        ("English - Order", "en", "Order"),
        ("Login - Error 500", "en", "Login - Error 500"),
        ("Čeština", "en", "Čeština"),
    ],
)
def test_a_typed_language_says_the_language_of_the_ticket(client, typed, language, title):
    ticket = filed(client, title=typed)
    assert (ticket.language, ticket.title) == (language, title)


def test_a_title_has_120_characters_at_most(client):
    assert filed(client, title="č" * 120).title == "č" * 120
    page = file(client, title="č" * 121)
    assert page.status_code == 400
    assert typed_in(text_of(page), "title") == "č" * 121


def test_a_typed_prefix_does_not_count_towards_the_title(client):
    ticket = filed(client, title=f"Slovenščina – {'č' * 115}")
    assert (ticket.language, ticket.title) == ("sl", "č" * 115)


def test_a_description_has_20_000_characters_with_each_line_break_as_one(client):
    text = "\r\n".join(["a"] * 10_000) + "b"
    assert filed(client, description=text).description == text.replace("\r\n", "\n")
    page = file(client, description=text + "c")
    assert page.status_code == 400
    assert typed_in(text_of(page), "description").endswith("abc")


@pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b[31m", "\x85", "\x9f"])
@pytest.mark.parametrize("field", ["title", "description"])
def test_control_characters_are_refused_and_the_text_is_kept(client, field, sign):
    page = file(client, **{field: f"before{sign}after"})
    assert page.status_code == 400
    assert "The text contains characters that cannot be stored." in text_of(page)
    assert typed_in(text_of(page), field) == f"before{sign}after"


@pytest.mark.parametrize("sign", ["\n", "\u2028", "\u2029", "\t"])
def test_a_title_is_one_line(client, sign):
    assert "Write this on one line." in text_of(file(client, title=f"one{sign}two"))


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦 🇸🇮",
        "שלום \u202eevil\u202c",
        "e\u0301 ≠ é",
        "Z̷̢̛̺͇͐a̵̲͑l̶̨̛͝g̸",
        "a\u200bb\ufeffc",
        "ﷺ",
        "𝕏 \U0010ffff",
    ],
)
def test_every_script_is_stored_as_it_was_written(client, text):
    ticket = filed(client, title=text, description=f"{text}\n\n{text}")
    assert (ticket.title, ticket.description) == (text, f"{text}\n\n{text}")
    assert escape(text) in text_of(client.get(ticket.get_absolute_url()))


@pytest.mark.parametrize(
    ("blank", "sentence"),
    [
        ("title", "Enter a title."),
        ("description", "Describe the steps that led to the error."),
    ],
)
def test_a_blank_field_costs_no_other_field(client, upload, blank, sentence):
    page = text_of(file(client, **{blank: " \r\n "}, language="sl", uploads=[upload.uuid]))
    assert sentence in page
    kept = "description" if blank == "title" else "title"
    assert typed_in(page, kept) == issue()[kept]
    assert 'value="sl" lang="sl" data-prefix="Slovenščina" selected' in page
    assert uploads_on(page) == [str(upload.uuid)]
    assert not Ticket.objects.exists()


def test_an_unknown_language_is_refused(client):
    assert file(client, language="de").status_code == 400
    assert not Ticket.objects.exists()


# Pictures


def test_an_invalid_post_keeps_good_pictures_and_names_the_bad_one(client):
    page = text_of(file(client, title="", screenshots=[png_file("dobra.png"), bad_file()]))
    assert "faktura.png: This is no PNG, JPEG or WebP picture" in page
    kept = Screenshot.objects.get()
    assert uploads_on(page) == [str(kept.uuid)]
    assert f'name="remove" value="{kept.uuid}"' in page
    assert filed(client, uploads=uploads_on(page)).screenshots.get() == kept


def test_a_bad_picture_stops_the_issue_but_takes_nothing_with_it(client):
    page = file(client, screenshots=[bad_file()])
    assert page.status_code == 400
    assert typed_in(text_of(page), "description") == "I press Pay."
    assert not Ticket.objects.exists()


def test_the_sentence_about_a_bad_picture_shows_a_harmless_name(client):
    page = text_of(file(client, screenshots=[bad_file("slika\u202egnp.<b>")]))
    assert "\u202e" not in page
    assert "<b>" not in page


def test_the_box_beside_a_picture_removes_it(client, upload, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ticket = filed(client, uploads=[upload.uuid], remove=[upload.uuid])
    assert not ticket.screenshots.exists()
    assert not Screenshot.objects.exists()
    assert not upload.picture.storage.exists(upload.picture.name)


def copies(upload, count):
    """More uploads with the files of ``upload``."""
    for _copy in range(count):
        upload.pk, upload.uuid = None, uuid.uuid4()
        upload.save(force_insert=True)
        yield upload.uuid


def test_ten_pictures_are_taken_and_the_eleventh_is_not(client, upload):
    ten = [upload.uuid, *copies(upload, 9)]
    page = text_of(file(client, uploads=ten, screenshots=[png_file()]))
    assert "Too many files. Largest number: 10." in page
    assert sorted(uploads_on(page)) == sorted(map(str, ten))
    assert filed(client, uploads=ten).screenshots.count() == 10


def test_of_eleven_files_without_script_the_first_are_kept(client, settings):
    settings.SCREENSHOTS_PER_POST = 2
    page = text_of(file(client, screenshots=[png_file(f"{n}.png") for n in range(3)]))
    assert "Too many files. Largest number: 2." in page
    assert [shot.name for shot in Screenshot.objects.all()] == ["0.png", "1.png"]
    assert len(uploads_on(page)) == 2


def test_somebody_elses_upload_cannot_be_taken(gold, upload):
    page = text_of(file(signed_in(gold, headers={"Accept-Language": "en"}), uploads=[upload.uuid]))
    assert not Ticket.objects.exists()
    assert uploads_on(page) == []
    upload.refresh_from_db()
    assert upload.ticket is None


@pytest.mark.parametrize("why", ["removed", "attached"])
def test_a_picture_that_is_gone_is_said_to_be_gone(client, silver, upload, why):
    if why == "attached":
        answer(submit(silver), silver, screenshots=[upload])
    gone = upload.uuid if why == "attached" else uuid.uuid4()
    page = text_of(file(client, uploads=[gone]))
    assert GONE in page
    assert uploads_on(page) == []  # so that sending again works


def test_junk_in_place_of_uploads_is_ignored(client):
    junk = ["x", "", "'; --", "9" * 500, "00000000-0000-0000-0000-00000000000g", "{}"]
    assert not filed(client, uploads=junk, remove=junk).screenshots.exists()


# The upload endpoint


def send_file(client, upload=None, **extra):
    return client.post(UPLOADS, {"file": upload} if upload else {}, headers=JSON, **extra)


def test_an_upload_answers_what_the_list_of_files_needs(client, silver):
    answered = send_file(client, png_file("slika č.png"))
    shot = Screenshot.objects.get(owner=silver)
    assert answered.status_code == 201
    assert answered.json() == {
        "id": str(shot.uuid),
        "name": "slika č.png",
        "size": shot.size,
        "thumb": f"{UPLOADS}{shot.uuid}/?size=thumb",
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (pictures.PDF, "This is no PNG, JPEG or WebP picture, whatever its name says."),
        (b"", "The submitted file is empty."),
        (None, "No file chosen"),
    ],
)
def test_a_refused_upload_says_why(client, content, sentence):
    chosen = content is not None and SimpleUploadedFile("a.png", content)
    answered = send_file(client, chosen or None)
    assert answered.status_code == 400
    assert answered.json() == {"errors": {"file": [sentence]}}


def test_an_upload_needs_a_session_and_the_rank(client, premier):
    signed_out = send_file(Client(), png_file())
    assert (signed_out.status_code, signed_out.json()["error"]) == (401, "signed_out")
    ranked_low = send_file(signed_in(premier), png_file())
    assert (ranked_low.status_code, ranked_low.json()["error"]) == (403, "rank")
    assert not Screenshot.objects.exists()


def test_the_sixty_first_upload_of_an_hour_has_to_wait(client, silver):
    for _upload in range(59):
        throttle.hit("uploads", silver.pk)
    assert send_file(client, png_file()).status_code == 201
    answered = send_file(client, png_file())
    assert (answered.status_code, answered.json()["error"]) == (429, "too_many")
    assert 0 < int(answered["Retry-After"]) <= 3600


@pytest.fixture
def busy(monkeypatch):
    """Every picture worker is taken."""
    monkeypatch.setattr(images, "_slots", threading.Semaphore(0))
    monkeypatch.setattr(images, "SLOT_WAIT_SECONDS", 0.01)


def test_an_upload_waits_for_no_busy_worker(client, busy):
    answered = send_file(client, png_file())
    assert (answered.status_code, answered.json()["error"]) == (503, "unavailable")
    assert int(answered["Retry-After"]) > 0


def test_a_busy_worker_gives_the_text_back(client, busy):
    page = file(client, screenshots=[png_file()])
    assert page.status_code == 503
    assert typed_in(text_of(page), "description") == "I press Pay."


@pytest.mark.parametrize("form", ["multipart", "urlencoded"])
@pytest.mark.parametrize("headers", [{}, JSON])
def test_far_too_much_text_is_413(client, form, headers):
    text = "a" * 3_000_000
    if form == "multipart":
        page = client.post(NEW, issue(description=text), headers=headers)
    else:
        kind = "application/x-www-form-urlencoded"
        page = client.post(NEW, f"description={text}", content_type=kind, headers=headers)
    assert page.status_code == 413
    assert len(page.content) < 100_000


def test_a_hundred_and_one_files_are_refused(client):
    empty = [SimpleUploadedFile(f"{n}.png", b"a") for n in range(101)]
    assert file(client, screenshots=empty).status_code == 400
    assert not Ticket.objects.exists()


def test_an_upload_can_be_thrown_away_by_its_owner_only(client, gold, upload):
    address = f"{UPLOADS}{upload.uuid}/delete/"
    assert signed_in(gold).post(address).status_code == 404
    assert client.get(address).status_code == 405
    assert client.post(address).status_code == 204
    assert client.post(address).status_code == 404
    assert not Screenshot.objects.exists()


# Drafts


def test_a_draft_is_kept_and_comes_back(client, upload):
    typed = {"language": "sl", "title": "Half", "description": "a sent", "uploads": [upload.uuid]}
    saved = client.post(DRAFT, typed, headers=JSON).json()
    page = text_of(client.get(NEW))
    assert "Draft restored from" in page
    assert (typed_in(page, "title"), typed_in(page, "description")) == ("Half", "a sent")
    assert uploads_on(page) == [str(upload.uuid)]
    again = client.post(DRAFT, {**typed, "draft": saved["draft"], "title": "Whole"}, headers=JSON)
    assert again.json()["draft"] == saved["draft"]
    assert Draft.objects.get().title == "Whole"


def test_a_draft_is_gone_once_it_is_sent(client, silver, upload):
    draft = kept_draft(silver)
    draft.keep([upload.uuid])
    ticket = filed(client, draft=draft.uuid, uploads=[upload.uuid])
    assert ticket.screenshots.get() == upload
    assert not Draft.objects.exists()


def test_a_draft_survives_an_invalid_post(client, silver):
    draft = kept_draft(silver)
    assert f'name="draft" value="{draft.uuid}"' in text_of(file(client, title="", draft=draft.uuid))


def test_a_discarded_draft_takes_its_pictures_along(client, silver, upload):
    draft = kept_draft(silver)
    draft.keep([upload.uuid])
    assert client.post(f"{DRAFT}discard/", {"draft": draft.uuid}).status_code == 303
    assert not Draft.objects.exists()
    assert not Screenshot.objects.exists()
    assert "Draft restored from" not in text_of(client.get(NEW))


def test_a_draft_of_yesterday_is_not_restored(client, silver):
    kept_draft(silver, saved_at=timezone.now() - dt.timedelta(hours=25))
    assert "Draft restored from" not in text_of(client.get(NEW))


def test_somebody_elses_draft_neither_shows_nor_changes_nor_goes(client, gold):
    draft = kept_draft(gold, title="Zaupno")
    assert "Zaupno" not in text_of(client.get(NEW, {"draft": draft.uuid}))
    saved = client.post(DRAFT, {"draft": draft.uuid, "title": "Mine"}, headers=JSON).json()
    assert saved["draft"] != str(draft.uuid)
    client.post(f"{DRAFT}discard/", {"draft": draft.uuid})
    filed(client, draft=draft.uuid)
    draft.refresh_from_db()
    assert draft.title == "Zaupno"


def test_a_draft_takes_nobody_elses_pictures(client, gold, upload):
    signed_in(gold).post(DRAFT, {"title": "x", "uploads": [upload.uuid]}, headers=JSON)
    upload.refresh_from_db()
    assert upload.draft is None


@pytest.mark.parametrize(
    "typed", [{"title": "a\0b"}, {"description": "\x1b"}, {"language": "x" * 9}]
)
def test_a_draft_that_cannot_be_stored_says_so(client, typed):
    refused = client.post(DRAFT, typed, headers=JSON)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, list(typed))


@pytest.mark.parametrize("name", ["x", "'", "0" * 40, "\0"])
def test_junk_in_place_of_a_draft_is_ignored(client, silver, name):
    kept_draft(silver)
    assert client.get(NEW, {"draft": name}).status_code == 200
    assert filed(client, draft=name)
    assert Draft.objects.count() == 1


def kept_draft(owner, **fields):
    return Draft.objects.create(**{"owner": owner, "saved_at": timezone.now(), **fields})


# Once and only once


def test_sending_twice_gives_one_ticket(client):
    post = issue()
    first, second = client.post(NEW, post), client.post(NEW, post)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == Email.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_posts_give_one_ticket(silver, upload):
    post = issue(uploads=[upload.uuid])
    start = threading.Barrier(20)

    def send(client):
        start.wait()
        try:
            return client.post(NEW, post)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, [signed_in(silver) for _ in range(20)]))
    ticket = Ticket.objects.get()
    assert {page.status_code for page in answers} == {303}
    assert {page["Location"] for page in answers} == {f"/technical-issues/{ticket.pk}/received/"}
    assert ticket.screenshots.count() == Email.objects.count() == ticket.events.count() == 1


def test_the_twenty_first_ticket_of_an_hour_has_to_wait_with_its_text(client, silver, upload):
    for _ticket in range(19):
        throttle.hit("tickets", silver.pk)
    filed(client)
    page = file(client, uploads=[upload.uuid])
    assert page.status_code == 429
    assert 0 < int(page["Retry-After"]) <= 3600
    assert typed_in(text_of(page), "description") == "I press Pay."
    assert uploads_on(text_of(page)) == [str(upload.uuid)]
    assert Ticket.objects.count() == 1


def test_with_json_asked_for_the_errors_are_json(client):
    refused = client.post(NEW, issue(title=""), headers=JSON)
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"title": ["Enter a title."]}


# Hostile text

VECTORS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "'><svg/onload=alert(1)>",
    "</textarea></title><script>alert(1)</script>",
    '<a href="javascript:alert(1)">x</a>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "--><!--<b>",
]
TEMPLATES = "{{ 7|add:7 }} {% now 'Y' %} {% debug %} ${7*7} #{7*7} {0.__class__} %(number)s %s %"


def pages_with(text, member, agent):
    """Every page and mail on which what members and agents wrote can be read."""
    member.first_name = text[:150]
    member.save()
    ticket = submit(member, title=text, description=text, technical_details=text)
    answer(ticket, agent, text)
    answer(ticket, agent, text, verb="note")
    answer(ticket, agent, text, verb="ask")
    kept_draft(member, title=text, description=text)
    client, desk = signed_in(member), signed_in(agent)
    own, change = ticket.get_absolute_url(), f"/admin/tickets/ticket/{ticket.pk}/change/"
    stale = {"body": text, "seen": 0, "action": "reply"}
    pages = [
        *(client.get(path) for path in ("/", "/technical-issues/", own, NEW)),
        client.get("/technical-issues/", {"q": text}),
        file(client, title=text, description=""),
        client.post(f"{own}replies/", stale),
        *(desk.get(path) for path in ("/admin/tickets/ticket/", change)),
        desk.get("/admin/tickets/ticket/", {"q": text}),
        desk.post(change, stale),
        refused_for_haste(client, member, f"{own}replies/", stale),
    ]
    mails = Email.objects.filter(html_message__contains="blockquote")
    return [*map(text_of, pages), *(mail.html_message for mail in mails)]


def refused_for_haste(client, member, address, post):
    for _reply in range(60):
        with suppress(throttle.TooMany):
            throttle.hit("replies", member.pk)
    return client.post(address, post)


@pytest.mark.parametrize("vector", VECTORS)
def test_markup_is_shown_and_never_obeyed(silver, agent, vector):
    pages = pages_with(vector, silver, agent)
    assert len(pages) == 14
    for page in pages:
        assert escape(vector) in page
        assert vector not in page
        assert 'href="javascript' not in page


def test_templates_and_format_strings_stay_as_they_were_written(silver, agent):
    for page in pages_with(TEMPLATES, silver, agent):
        assert escape(TEMPLATES) in page
    for mail in Email.objects.filter(html_message__contains="blockquote"):
        message = mail.email_message()
        assert TEMPLATES in message.body
        assert escape(TEMPLATES) in message.alternatives[0][0]


def test_a_draft_whose_pictures_were_sent_is_gone_even_unnamed(client, silver, upload):
    client.post(DRAFT, {"title": "Half", "language": "en", "uploads": [upload.uuid]}, headers=JSON)
    assert Draft.objects.get().screenshots.get() == upload
    ticket = filed(client, uploads=[upload.uuid])
    assert ticket.screenshots.get() == upload
    assert not Draft.objects.exists()
