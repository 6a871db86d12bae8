"""The side of the ticket page in a real browser: beside the thread, or above it on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import NOW, answer, submit
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/ticket/"


def opened(browser, portal, agent, path, size=DESK, **options):
    page = browser.new_context(viewport=size, **options).new_page()
    sign_in(page, portal, agent, path)
    return page


@pytest.fixture
def twin(silver):
    return submit(silver, title="Še enkrat naročilo", description="Spet ne gre.")


def test_the_properties_stand_open_beside_the_thread(browser, portal, agent, ticket):
    page = opened(browser, portal, agent, f"{LIST}{ticket.pk}/change/", java_script_enabled=False)
    rail, thread = page.locator(".rail"), page.locator(".thread")
    expect(page.get_by_role("combobox", name="Handled by")).to_be_visible()
    expect(page.locator(".properties > summary")).to_be_hidden()
    assert rail.bounding_box()["x"] > thread.bounding_box()["x"] + thread.bounding_box()["width"]


def test_on_a_phone_a_line_above_the_thread_opens_them(browser, portal, agent, ticket):
    page = opened(
        browser, portal, agent, f"{LIST}{ticket.pk}/change/", PHONE, java_script_enabled=False
    )
    summary, field = page.locator(".properties > summary"), page.locator("#id_assignee")
    expect(summary).to_contain_text("Open · Unassigned")
    expect(field).to_be_hidden()
    assert summary.bounding_box()["y"] < page.locator(".thread").bounding_box()["y"]
    summary.click()
    expect(field).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_two_tickets_become_one_without_a_script(browser, portal, agent, ticket, twin):
    page = opened(browser, portal, agent, f"{LIST}{ticket.pk}/change/", java_script_enabled=False)
    page.locator("summary", has_text="Merge as a duplicate").click()
    page.locator(".choice-line", has_text=twin.number).click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Merge TI-")).to_be_visible()
    page.get_by_role("button", name="Merge tickets").click()
    expect(page).to_have_url(f"{portal}{LIST}{twin.pk}/change/")
    expect(page.locator(".thread")).to_contain_text(ticket.description)
    expect(page.locator(".thread")).to_contain_text(twin.description)
    page.goto(f"{portal}{LIST}{ticket.pk}/change/")
    expect(page).to_have_url(f"{portal}{LIST}{twin.pk}/change/")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_the_enter_key_goes_on_and_a_refusal_is_seen(browser, portal, agent, ticket, twin, size):
    page = opened(browser, portal, agent, f"{LIST}{ticket.pk}/change/", size)
    if size is PHONE:
        page.locator(".properties > summary").click()
    page.locator("summary", has_text="Merge as a duplicate").click()
    page.fill("#id_target", "x")
    page.press("#id_target", "Enter")
    fault = page.locator(".merge-fault")
    expect(fault).to_be_focused()
    expect(fault).to_be_in_viewport()
    fault.get_by_role("link").click()
    expect(page.locator("#id_target")).to_be_focused()
    page.fill("#id_target", twin.number)
    page.press("#id_target", "Enter")
    expect(page.locator(".notice.merge")).to_be_focused()


def test_a_ticket_is_handed_over_with_a_note(browser, portal, agent, supervisor, ticket):
    page = opened(browser, portal, agent, f"{LIST}{ticket.pk}/change/")
    page.select_option("#id_assignee", label="Eva Novak")
    page.get_by_text("With an internal note").click()
    page.fill("#id_note", "Kliče jutri.")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator(".is-note")).to_contain_text("Kliče jutri.")
    expect(page.locator("#id_assignee option:checked")).to_have_text("Eva Novak")


def test_a_ticket_is_filed_for_a_member(browser, portal, agent, silver):
    page = opened(browser, portal, agent, f"{LIST}add/?member=sonja")
    page.fill("#id_title", "Ne morem se prijaviti")
    page.fill("#id_description", "Poklicala je.")
    page.get_by_role("button", name="File the ticket").click()
    expect(page.locator("h1")).to_contain_text("Ne morem se prijaviti")
    assert silver.tickets.get().description == "Poklicala je."


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_the_pages_are_fit_to_be_read(browser, portal, agent, ticket, twin, theme, size):
    asked = answer(twin, agent, "Prosimo:", verb="ask", questions=["Kdaj?", "Kje?"])
    answer(twin, twin.member, "", answers={asked.questions.first().pk: "Zdaj."}, at=NOW)
    twin.merge_into(agent, ticket, at=NOW)
    page = opened(browser, portal, agent, LIST, size, color_scheme=theme)
    faults = []
    page.on("console", lambda said: faults.append(said.text) if "policy" in said.text else None)
    for path in (f"{ticket.pk}/change/", f"{ticket.pk}/history/", "add/"):
        page.goto(f"{portal}{LIST}{path}")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert not Axe().run(page).response["violations"], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
    assert not faults
