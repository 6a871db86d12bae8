"""A Slovenian member on a phone and an agent at the console: the whole chat in two browsers."""

import re

import pytest
from browsing import DESK, PHONE, needs_chromium, paste_picture
from chatting import start
from live import arrive
from playwright.sync_api import expect
from post_office.models import Email

from chat.models import Conversation, Note

pytestmark = [pytest.mark.browser, needs_chromium]
SOON = 15_000


@pytest.fixture
def people(browser, chat_portal, silver, agent):
    """The member's page with their issues and the agent's console."""
    issues = arrive(browser, chat_portal, silver, "/technical-issues/", viewport=PHONE)
    console = arrive(browser, chat_portal, agent, "/staff/chat/", viewport=DESK)
    yield issues, console
    issues.context.close()
    console.context.close()


def talk(page):
    """The open conversation's log."""
    return page.locator("[data-log]:visible")


def test_from_the_form_to_the_transcript(people, silver, gold):
    issues, console = people
    start(gold, "I was here before.")

    # The form opens in a tab of its own; one person is ahead.
    with issues.expect_popup() as opened:
        issues.get_by_role("link", name="Klepet s tehnično podporo").first.click()
    member = opened.value
    expect(member.get_by_text("Klepet je samo v angleščini").first).to_be_visible()
    member.fill("#id_question", "The order page loops.")
    member.get_by_role("button", name="Začni klepet").click()
    expect(member.get_by_role("heading", name="Ste v čakalni vrsti")).to_be_visible()
    expect(member.locator("[data-place-figure]")).to_have_text("2")

    # The agent takes both chats, first in, first out.
    console.get_by_role("switch", name="I take chats").click()
    console.keyboard.press("a")
    expect(console.locator("[data-chat]:visible h1")).to_have_text("Gita Novak", timeout=SOON)
    expect(member.get_by_text("Naslednji ste na vrsti")).to_be_visible(timeout=SOON)
    console.get_by_role("button", name="Accept next").click()
    expect(console.locator("[data-chat]:visible h1")).to_have_text("Sonja Novak", timeout=SOON)
    expect(member.get_by_role("heading", name="Ana Novak")).to_be_visible(timeout=SOON)

    # Words and pictures, both ways.
    words = member.get_by_role("textbox", name="Napišite sporočilo")
    words.fill("It reloads all the time.")
    words.press("Enter")
    expect(talk(console)).to_contain_text("It reloads all the time.", timeout=SOON)
    expect(talk(member).locator(".said.is-own").last).to_contain_text("Prebrano", timeout=SOON)
    answer = console.locator("[data-chat]:visible textarea").first
    answer.press_sequentially("Which browser")
    expect(member.get_by_text("Ana Novak piše …")).to_be_visible(timeout=SOON)
    answer.press("Control+Enter")
    expect(talk(member)).to_contain_text("Which browser", timeout=SOON)
    paste_picture(member, "#id_body", "teal")
    expect(member.locator("[data-upload-done]:visible")).to_have_count(1, timeout=SOON)
    member.get_by_role("button", name="Pošlji").click()
    expect(talk(console).locator("img")).to_have_count(1, timeout=SOON)
    paste_picture(console, f"#{answer.get_attribute('id')}", "navy")
    expect(console.locator("[data-chat]:visible [data-upload-done]:visible")).to_have_count(
        1, timeout=SOON
    )
    answer.press("Control+Enter")
    expect(talk(member).locator("img")).to_have_count(2, timeout=SOON)
    expect(talk(member).locator("img").last).to_have_js_property("complete", True)

    # A note stays at the desk.
    console.keyboard.press("Escape")
    answer.evaluate("(field) => field.blur()")
    console.keyboard.press("n")
    console.keyboard.type("Same as yesterday.")
    console.keyboard.press("Control+Enter")
    expect(talk(console)).to_contain_text("Same as yesterday.", timeout=SOON)
    assert Note.objects.get().body == "Same as yesterday."

    # Another language: one action of the agent, one of the member.
    console.get_by_role("button", name="Ask for a ticket: Slovenščina").click()
    offer = talk(member).get_by_role("button", name="Vloži zahtevek v svojem jeziku")
    expect(offer).to_be_visible(timeout=SOON)
    expect(talk(member)).not_to_contain_text("Same as yesterday.")
    chat_address = member.url
    offer.click()
    member.wait_for_url("**/technical-issues/new/**")
    expect(member.locator("#id_language")).to_have_value("sl")
    expect(member.locator("#id_title")).to_have_value("The order page loops.")
    expect(member.locator("#id_description")).to_have_value(re.compile("It reloads all the time"))
    expect(member.locator("[data-upload-list] > li")).to_have_count(2)

    # The end, and the transcript by mail.
    member.goto(chat_address)
    member.get_by_role("button", name="Končaj klepet").click()
    member.get_by_role("button", name="Končaj klepet").click()
    expect(member.get_by_role("heading", name="Klepet je končan")).to_be_visible(timeout=SOON)
    member.get_by_role("button", name="Pošlji prepis po e-pošti").click()
    expect(member.get_by_text("sonja@example.com").first).to_be_visible()
    mail = Email.objects.get(subject__startswith="Prepis vašega klepeta")
    assert mail.to == ["sonja@example.com"]
    assert "It reloads all the time." in mail.message
    assert "Same as yesterday." not in mail.message
    assert Conversation.objects.get(member=silver).status == "closed"
