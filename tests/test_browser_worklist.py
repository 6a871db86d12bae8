"""The work list in a real browser: by keys alone, by boxes, and without a script."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import answer, submit
from django.utils import timezone
from playwright.sync_api import expect

from tickets.models import Ticket

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/ticket/"


@pytest.fixture
def five(silver, gold):
    """Five tickets, the first of them waiting longest."""
    now = timezone.now()
    return [
        submit(
            gold if n % 2 else silver,
            title=f"Objednávku číslo {n} nelze zpracovat",
            at=now - dt.timedelta(hours=30 - 6 * n),
        )
        for n in range(5)
    ]


@pytest.fixture
def listed(page, portal, agent, five):
    page.set_viewport_size(DESK)
    sign_in(page, portal, agent, LIST)
    return page


def boxes(page):
    return page.locator("[data-pick]")


def chosen(page):
    return [box.is_checked() for box in boxes(page).all()]


def test_keys_lead_from_row_to_row_and_into_the_ticket(listed, five):
    links = listed.locator("[data-open]")
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1)):
        listed.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    listed.keyboard.press("Enter")
    listed.wait_for_url(f"**{LIST}{five[1].pk}/change/**")
    listed.go_back()
    listed.keyboard.press("j")
    listed.keyboard.press("o")
    listed.wait_for_url(f"**{LIST}*/change/**")


def test_keys_choose_rows_and_say_how_many(listed):
    count = listed.locator("[data-pick-count]")
    expect(count).to_have_text("None selected")
    for key in "jxjjx":
        listed.keyboard.press(key)
    assert chosen(listed) == [True, False, True, False, False]
    expect(count).to_have_text("Selected: 2")
    boxes(listed).first.focus()
    listed.keyboard.press("x")
    expect(count).to_have_text("Selected: 1")


def test_a_key_searches_and_letters_are_letters_there(listed):
    listed.keyboard.press("/")
    expect(listed.locator("#searchbar")).to_be_focused()
    listed.keyboard.type("jxn?cislo 3")
    expect(listed.locator("#searchbar")).to_have_value("jxn?cislo 3")
    listed.locator("#searchbar").fill("cislo 3")
    listed.keyboard.press("Enter")
    expect(listed.locator("[data-row]")).to_have_count(1)


def test_a_key_takes_the_next_ticket(listed, five, agent):
    listed.keyboard.press("n")
    listed.wait_for_url(f"**{LIST}*/change/")
    assert Ticket.objects.filter(assignee=agent).count() == 1


def test_the_next_ticket_is_taken_once_however_often_the_key_is_pressed(listed, five, agent):
    asked = []
    listed.goto(f"{listed.url}{five[4].pk}/change/")
    listed.route("**/next/", lambda route: asked.append(route))
    # The page has just been loaded to its end when the key is let go.
    listed.evaluate("onkeyup = () => dispatchEvent(new PageTransitionEvent('pageshow'))")
    with listed.expect_request("**/next/"):
        listed.keyboard.press("n")
    listed.keyboard.press("n")
    asked[0].continue_()
    listed.wait_for_url(f"**{LIST}{five[0].pk}/change/")
    assert Ticket.objects.get(assignee=agent) == five[0]


def test_one_takes_the_next_ticket_again_where_one_has_gone_back_to(listed, five, agent):
    listed.goto(f"{listed.url}{five[4].pk}/change/")
    listed.route("**/next/", lambda route: route.abort("aborted"))
    with listed.expect_event("requestfailed"):
        listed.keyboard.press("n")
    listed.unroute("**/next/")
    listed.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    listed.keyboard.press("n")
    listed.wait_for_url(f"**{LIST}{five[0].pk}/change/")
    listed.go_back()
    listed.keyboard.press("n")
    listed.wait_for_url(f"**{LIST}{five[2].pk}/change/")
    assert Ticket.objects.filter(assignee=agent).count() == 2


def test_the_keys_are_explained_and_can_be_switched_off(listed):
    listed.keyboard.press("?")
    overlay = listed.get_by_role("dialog", name="Keyboard shortcuts")
    expect(overlay).to_contain_text("Take the next ticket")
    overlay.get_by_label("Use keyboard shortcuts").uncheck()
    listed.keyboard.press("Escape")
    listed.reload()
    listed.keyboard.press("j")
    expect(listed.locator("[data-open]").first).not_to_be_focused()
    listed.get_by_role("button", name="Keyboard shortcuts").click()
    expect(overlay).to_be_visible()


def test_back_from_a_ticket_one_goes_on_at_its_row(listed, five):
    for key in "jjo":
        listed.keyboard.press(key)
    listed.wait_for_url(f"**{LIST}{five[1].pk}/change/**")
    listed.keyboard.press("u")
    expect(listed.locator("[data-open]").nth(1)).to_be_focused()
    listed.keyboard.press("j")
    expect(listed.locator("[data-open]").nth(2)).to_be_focused()


def test_escape_leaves_the_search_and_keeps_its_words(listed):
    listed.keyboard.press("/")
    listed.keyboard.type("cislo")
    listed.keyboard.press("Escape")
    expect(listed.locator("#searchbar")).not_to_be_focused()
    expect(listed.locator("#searchbar")).to_have_value("cislo")
    listed.keyboard.press("j")
    expect(listed.locator("[data-open]").first).to_be_focused()


def test_a_question_for_several_is_written_and_sent_by_keys(listed, five):
    boxes(listed).first.check()
    listed.get_by_role("button", name="Ask…").click()
    expect(listed.locator("#id_body")).to_be_focused()
    listed.wait_for_load_state()
    listed.keyboard.type("Still?")
    listed.keyboard.press("Control+Enter")
    expect(listed.locator(".messagelist")).to_contain_text("The question is sent in 1 ticket.")


def test_a_phone_shows_the_current_view_and_acts_once_something_is_chosen(listed, portal):
    listed.set_viewport_size(PHONE)
    listed.goto(f"{portal}{LIST}?view=all")
    expect(listed.locator(".work-views [aria-current]")).to_be_in_viewport(ratio=0.9)
    expect(listed.locator(".work-bulk")).to_be_hidden()
    boxes(listed).last.check()
    expect(listed.get_by_role("button", name="Hand over")).to_be_in_viewport(ratio=1)
    boxes(listed).last.uncheck()
    expect(listed.locator(".work-bulk")).to_be_hidden()


def test_all_rows_and_ranges_of_rows_are_chosen_at_once(listed):
    everything = listed.get_by_role("checkbox", name="Select all on this page")
    everything.check()
    assert chosen(listed) == [True] * 5
    everything.uncheck()
    assert chosen(listed) == [False] * 5
    boxes(listed).nth(1).click()
    boxes(listed).nth(3).click(modifiers=["Shift"])
    assert chosen(listed) == [False, True, True, True, False]
    assert everything.evaluate("box => box.indeterminate")
    expect(listed.locator("[data-pick-count]")).to_have_text("Selected: 3")


def test_the_enter_key_on_a_box_does_nothing_to_tickets(listed, five):
    boxes(listed).first.check()
    boxes(listed).first.press("Enter")
    expect(listed.locator(".messagelist")).to_contain_text("Choose what to do")
    assert not Ticket.objects.exclude(assignee=None).exists()


def test_closing_and_undoing_by_mouse(listed, five):
    for at in (0, 1):
        boxes(listed).nth(at).check()
    listed.get_by_role("button", name="Close…").click()
    expect(listed.get_by_role("heading", level=1)).to_have_text("Close 2 tickets")
    assert not Ticket.objects.filter(status="closed").exists()
    listed.get_by_role("button", name="Close the tickets").click()
    expect(listed.locator(".messagelist")).to_contain_text("2 tickets are closed.")
    expect(listed.locator("[data-row]")).to_have_count(3)
    listed.get_by_role("button", name="Undo").click()
    expect(listed.locator(".messagelist")).to_contain_text("2 tickets are as they were.")
    expect(listed.locator("[data-row]")).to_have_count(5)


def test_everything_works_without_a_script(browser, portal, agent, five):
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, agent, LIST)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()
    expect(page.locator("[data-pick-all]")).to_be_hidden()
    boxes(page).first.check()
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator(".messagelist")).to_contain_text("1 ticket is handed over.")
    page.locator(".work-filters > summary").click()
    page.get_by_label("Language").select_option("cs")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    assert page.url == f"{portal}{LIST}?language=cs"
    page.get_by_role("link", name="Remove: Language: Čeština").click()
    expect(page.locator("[data-row]")).to_have_count(5)
    context.close()


def test_a_table_is_downloaded_and_the_list_stays_ready(listed):
    with listed.expect_download() as download:
        listed.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    boxes(listed).first.check()
    listed.get_by_role("button", name="Hand over").click()
    expect(listed.locator(".messagelist")).to_contain_text("1 ticket is handed over.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_the_list_is_fit_to_be_read(browser, portal, agent, five, theme, size):
    five[1].assign(agent, agent, at=timezone.now())
    answer(five[2], agent, verb="ask", at=timezone.now())
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    complaints = []
    page.on("console", lambda line: complaints.append(line.text))
    sign_in(page, portal, agent, LIST)
    boxes(page).first.check()
    page.locator(".work-filters > summary").click()
    for address in (None, f"{LIST}?q=cislo&rank=gold", f"{LIST}?view=closed"):
        if address:
            page.goto(portal + address)
        assert not complaints
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert not Axe().run(page).response["violations"]
        complaints.clear()  # axe itself sets styles
    page.goto(portal + LIST)
    boxes(page).first.check()
    page.get_by_role("button", name="Ask…").click()
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_role("alert")).to_contain_text("Write a question.")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert not Axe().run(page).response["violations"]
    context.close()
