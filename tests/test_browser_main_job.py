"""The main job, as two people do it: a member on a phone in Slovenian, an agent at the desk."""

import re

import pytest
from browsing import DESK, PHONE, needs_chromium, paste_picture, sign_in
from playwright.sync_api import expect
from post_office.models import Email

from tickets.models import Ticket

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def member_page(browser, portal, silver):
    context = browser.new_context(viewport=PHONE, locale="sl-SI", has_touch=True)
    page = context.new_page()
    sign_in(page, portal, silver, "/technical-issues/")
    yield page
    context.close()


@pytest.fixture
def agent_page(browser, portal, agent):
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    sign_in(page, portal, agent, "/admin/tickets/ticket/")
    yield page
    context.close()


def test_from_a_pasted_screenshot_to_a_reopened_issue(member_page, agent_page):
    member, agent = member_page, agent_page

    # The member files an issue with a pasted screenshot and sees its number.
    member.get_by_role("link", name="Prijavi novo tehnično težavo").first.click()
    member.fill("#id_title", "Naročila ni mogoče obdelati")
    member.fill("#id_description", "Kliknem Plačaj in nič se ne zgodi.")
    paste_picture(member, "#id_description")
    expect(member.locator("[data-upload-done]:visible")).to_have_count(1)
    assert member.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    member.get_by_role("button", name="Prijavi tehnično težavo").click()
    member.wait_for_url("**/received/")
    ticket = Ticket.objects.get()
    expect(member.locator("main")).to_contain_text(ticket.number)
    assert ticket.screenshots.count() == 1

    # The agent, neither superuser nor ranked, asks for feedback.
    agent.reload()
    agent.get_by_role("link", name=ticket.number).click()
    agent.fill("#id_body", "V katerem brskalniku se to zgodi?")
    agent.get_by_role("button", name="Send and wait for feedback").click()
    expect(agent.locator(".thread")).to_contain_text("V katerem brskalniku")

    # It stands under awaiting feedback, and the mail waits in the outbox, in Slovenian.
    member.goto(member.url.split("/technical-issues/")[0] + "/technical-issues/")
    awaiting = member.locator("details", has_text="Čakanje na povratne informacije")
    expect(awaiting).to_contain_text("Naročila ni mogoče obdelati")
    mail = Email.objects.latest("pk")
    assert mail.subject == f"[{ticket.number}] Od vas potrebujemo dodatne informacije"
    assert mail.message.startswith("Pozdravljeni,")

    # The member answers with a second picture.
    awaiting.get_by_role("link", name=re.compile("Naročila")).click()
    member.fill("#id_body", "V Firefoxu.")
    paste_picture(member, "#id_body", "crimson")
    expect(member.locator("[data-upload-done]:visible")).to_have_count(1)
    member.get_by_role("button", name="Pošlji odgovor").click()
    expect(member.locator(".thread")).to_contain_text("V Firefoxu.")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.screenshots.count()) == ("open", 2)

    # The agent closes, the member reopens.
    agent.reload()
    expect(agent.locator(".thread")).to_contain_text("V Firefoxu.")
    agent.locator("summary", has_text="Close issue").click()
    agent.get_by_role("button", name="Close issue without a reply").click()
    expect(agent.get_by_role("button", name="Reopen issue")).to_be_visible()
    member.reload()
    member.fill("#id_reason", "Spet se dogaja.")
    member.get_by_role("button", name="Znova odpri težavo").click()
    expect(member.locator(".thread")).to_contain_text("Spet se dogaja.")
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_a_deep_link_waits_for_the_sign_in(page, portal, silver, ticket):
    page.goto(f"{portal}{ticket.get_absolute_url()}")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    sign_in(page, portal, silver, ticket.get_absolute_url())
    expect(page.locator("h1")).to_contain_text(ticket.title)
