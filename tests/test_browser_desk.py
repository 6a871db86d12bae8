"""The desk in a real browser: two kinds of text that cannot be mistaken, and lists on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import submit
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/ticket/"
BACKGROUND = "getComputedStyle(document.querySelector('#desk-form')).backgroundColor"


@pytest.fixture
def desk(browser, portal, agent, ticket):
    """The ticket's page at the desk; without script, because choosing a tab needs none."""
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, agent, f"{LIST}{ticket.pk}/change/")
    yield page
    context.close()


def buttons(page):
    return page.locator(".reply-foot button:visible").all_inner_texts()


def write(page, text, tab):
    page.locator(".modes label", has_text=tab).click()
    page.fill("#id_body", text)


def test_a_note_looks_unlike_a_reply_and_has_its_own_button(desk):
    surface = desk.evaluate(BACKGROUND)
    assert buttons(desk) == [
        *("Send reply to member", "Send and wait for feedback", "Send reply and close issue")
    ]
    expect(desk.get_by_role("textbox", name="For the member: Sonja Novak")).to_be_visible()
    write(desk, "Med nami.", "Internal note")
    assert desk.evaluate(BACKGROUND) != surface
    assert buttons(desk) == ["Save internal note"]
    expect(desk.get_by_role("textbox", name="Members cannot see this note.")).to_have_value(
        "Med nami."
    )


def test_a_note_is_saved_as_a_note(desk, ticket):
    write(desk, "Med nami.", "Internal note")
    desk.get_by_role("button", name="Save internal note").click()
    expect(desk.locator(".is-note")).to_contain_text("Med nami.")
    assert ticket.replies.get().kind == "note"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_note_is_fit_to_be_read(browser, portal, agent, ticket, theme):
    context = browser.new_context(viewport=DESK, color_scheme=theme)
    page = context.new_page()
    sign_in(page, portal, agent, f"{LIST}{ticket.pk}/change/")
    write(page, "Med nami.", "Internal note")
    page.locator("summary", has_text="Close issue").click()
    assert not Axe().run(page).response["violations"]
    context.close()


def test_the_enter_key_sends_neither_kind(desk, ticket):
    for tab in ("Internal note", "Reply to member"):
        write(desk, "Na pol", tab)
        desk.locator(".modes label", has_text=tab).locator("input").press("Enter")
        expect(desk.locator(".messagelist")).to_contain_text("Choose what to do")
        expect(desk.locator("#id_body")).to_have_value("Na pol")
        expect(desk.locator(".modes label", has_text=tab).locator("input")).to_be_checked()
    assert not ticket.replies.exists()


def test_closing_asks_again_and_waits_for_the_text(desk, ticket):
    without_reply = desk.get_by_role("button", name="Close issue without a reply")
    expect(without_reply).to_be_hidden()
    desk.fill("#id_body", "Popravljeno.")
    desk.locator("summary", has_text="Close issue").click()
    without_reply.click()
    expect(desk.locator("[role=alert]:visible")).to_contain_text("The text is not sent yet.")
    expect(desk.locator("#id_body")).to_have_value("Popravljeno.")
    desk.get_by_role("button", name="Send reply and close issue").click()
    expect(desk.get_by_role("button", name="Reopen issue")).to_be_visible()
    assert ticket.replies.get().body == "Popravljeno."


def test_the_heading_of_the_answer_stands_clear_of_its_box(desk):
    heading = desk.locator("#reply-heading").bounding_box()
    box = desk.locator("#desk-form").bounding_box()
    assert box["y"] - heading["y"] - heading["height"] >= 8


def test_the_work_list_fits_a_phone(browser, portal, agent, silver):
    submit(silver, title="Povezava za včlanitev odpre prazno stran")
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    sign_in(page, portal, agent, LIST)
    assert page.locator("#searchbar").bounding_box()["width"] > 180
    for column in ("pick", "subject", "state", "age", "assignee"):
        cell = page.locator(f"tbody .field-{column}").first.bounding_box()
        assert cell["x"] + cell["width"] <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_the_home_of_an_agent_leads_to_the_desk_first(page, portal, agent, silver):
    sign_in(page, portal, agent)
    first = page.locator(".choice").first
    expect(first).to_have_class("choice is-primary")
    first.get_by_role("link", name="Desk").click()
    page.wait_for_url(f"**{LIST}")


def test_the_home_of_a_member_leads_to_their_issues_first(page, portal, silver):
    sign_in(page, portal, silver)
    expect(page.locator(".choice.is-primary h2")).to_have_text(["Tehnične težave"])
