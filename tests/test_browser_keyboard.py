"""An agent's morning without a mouse, and what the member sees of it."""

import datetime as dt
import re

import pytest
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import submit
from django.utils import timezone
from playwright.sync_api import expect
from post_office.models import Email

from tickets.models import Reply, Ticket

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/ticket/"
SECRET = "Postcodes with a space fail since Monday"


@pytest.fixture
def two(gold):
    """Two Czech tickets that nobody has taken, the older one first."""
    now = timezone.now()
    first = submit(gold, title="Objednávku nelze zpracovat", at=now - dt.timedelta(hours=5))
    return first, submit(gold, title="Nejde přihlášení", at=now - dt.timedelta(hours=2))


@pytest.fixture
def agent_page(browser, portal, agent):
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, portal, agent, LIST)
    yield page
    context.close()


@pytest.fixture
def member_page(browser, portal, gold):
    context = browser.new_context(viewport=PHONE, locale="cs-CZ", has_touch=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, portal, gold, "/technical-issues/")
    yield page
    context.close()


def test_next_answer_ask_note_next_without_a_mouse(two, agent_page, member_page, portal):
    first, second = two
    page, keys = agent_page, agent_page.keyboard

    # The one that has waited longest is theirs.
    keys.press("n")
    page.wait_for_url(f"**{LIST}{first.pk}/change/**")
    assert Ticket.objects.get(pk=first.pk).assignee.username == "ana"

    # A canned reply in the ticket's language, English beside it.
    keys.press("c")
    keys.type("step")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen.locator("[data-text]")).to_have_attribute("lang", "cs")
    expect(chosen.locator("[lang=en]")).to_contain_text("step by")
    keys.press("Enter")
    body = page.locator("#id_body")
    expect(body).to_have_value(re.compile("Dobrý den"))

    # Two questions, sent with the reply.
    keys.press("Escape")
    keys.press("q")
    keys.type("Jaký prohlížeč používáte?")
    keys.press("Escape")
    keys.press("q")
    keys.type("Stane se to i v telefonu?")
    keys.press("Control+Enter")
    expect(page.locator(".badge").first).to_contain_text("Waiting for member")
    page.wait_for_load_state()
    question = Reply.objects.get(kind="question")
    assert [row.text for row in question.questions.all()] == [
        "Jaký prohlížeč používáte?",
        "Stane se to i v telefonu?",
    ]

    # A note for colleagues.
    keys.press("i")
    keys.type(SECRET)
    keys.press("Control+Enter")
    expect(page.locator(".is-note")).to_contain_text(SECRET)
    page.wait_for_load_state()

    # And the next one.
    keys.press("n")
    page.wait_for_url(f"**{LIST}{second.pk}/change/**")
    expect(page.locator("h1")).to_contain_text("Nejde přihlášení")

    # The member answers one of two questions; the other stays.
    member = member_page
    member.goto(f"{portal}{first.get_absolute_url()}")
    boxes = member.locator("textarea[name^=answer-]")
    expect(boxes).to_have_count(2)
    expect(member.locator("main")).to_contain_text("Dobrý den")
    boxes.first.fill("Firefox")
    member.get_by_role("button", name="Odeslat odpověď").click()
    expect(member.locator(".thread")).to_contain_text("Firefox")
    expect(member.locator("textarea[name^=answer-]")).to_have_count(1)
    expect(member.locator("label", has_text="Stane se to i v telefonu?")).to_be_visible()
    assert Ticket.objects.get(pk=first.pk).status == "open"

    # The note is nowhere.
    assert SECRET not in member.content()
    member.goto(f"{portal}/technical-issues/?q=postcodes")
    expect(member.locator("main")).not_to_contain_text("Objednávku nelze zpracovat")
    assert SECRET not in member.content()
    for mail in Email.objects.all():
        assert SECRET not in mail.message + mail.html_message
