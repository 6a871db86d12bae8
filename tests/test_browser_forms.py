"""What is written into a form is never lost: uploads, languages, leaving, coming back."""

import re

import pytest
from browsing import DESK, PHONE, needs_chromium, paste_picture, sign_in
from conftest import answer
from django.utils import timezone
from playwright.sync_api import expect

from tickets.models import Draft, Screenshot, Ticket

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
NEW = "/technical-issues/new/"
UPLOADS = re.compile(r"/technical-issues/screenshots/$")
SENDS = re.compile(r"/(new|replies)/$")


@pytest.fixture
def on_new(page, portal, other_silver):
    """The form of a new issue, in English."""
    sign_in(page, portal, other_silver, NEW)
    return page


@pytest.fixture
def in_thread(page, portal, silver, ticket):
    """A member's own open issue."""
    silver.language = "en"
    silver.save(update_fields=["language"])
    sign_in(page, portal, silver, ticket.get_absolute_url())
    return page


@pytest.fixture
def at_desk(browser, portal, agent, ticket):
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    sign_in(page, portal, agent, f"/admin/tickets/ticket/{ticket.pk}/change/")
    yield page
    context.close()


def uploaded(page, count=1):
    expect(page.locator("[data-upload-done]:visible")).to_have_count(count)


def speak(page, name, code):
    page.get_by_role("button", name=name).click()
    page.wait_for_function(f"document.documentElement.lang === '{code}'")


def fill_issue(page, title="Cannot pay", description="I press Pay and nothing happens."):
    page.fill("#id_title", title)
    page.fill("#id_description", description)


def submit_issue(page):
    page.get_by_role("button", name="Submit Tech Issue").click()
    page.wait_for_url("**/received/")


def break_uploads(page):
    page.route(UPLOADS, lambda route: route.abort())


def asked_before_leaving(page, leave):
    """Whether the browser asks when ``leave`` is tried; the page is left all the same."""
    asked = []

    def on_dialog(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", on_dialog)
    leave()
    page.wait_for_load_state()
    page.remove_listener("dialog", on_dialog)
    return asked == ["beforeunload"]


def send_and_stop(page, button):
    """Press ``button``, and the browser's own Stop before the server answers."""
    page.route(SENDS, lambda route: route.abort("aborted"))
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name=button).click()
    page.unroute(SENDS)


# --- Uploads -----------------------------------------------------------------------------------


def test_an_agent_uploads_a_picture_at_the_desk(at_desk, ticket):
    paste_picture(at_desk, "#id_body")
    uploaded(at_desk)
    at_desk.fill("#id_body", "Poglejte sliko.")
    at_desk.get_by_role("button", name="Send reply to member").click()
    expect(at_desk.locator(".thread")).to_contain_text("Poglejte sliko.")
    assert ticket.screenshots.count() == 1


def test_a_form_is_not_sent_without_its_failed_pictures_unasked(on_new):
    break_uploads(on_new)
    fill_issue(on_new)
    paste_picture(on_new, "#id_description")
    expect(on_new.locator("[data-state=failed]")).to_have_count(1)
    on_new.get_by_role("button", name="Submit Tech Issue").click()
    notice = on_new.locator("[data-upload-stuck]")
    expect(notice).to_contain_text("Pasted screenshot 1.png")
    expect(notice.get_by_role("button", name="Try again")).to_be_focused()
    on_new.unroute(UPLOADS)
    notice.get_by_role("button", name="Try again").click()
    on_new.wait_for_url("**/received/")
    assert Ticket.objects.get().screenshots.count() == 1


def test_a_form_is_sent_without_failed_pictures_when_asked_to(on_new):
    break_uploads(on_new)
    fill_issue(on_new)
    paste_picture(on_new, "#id_description")
    expect(on_new.locator("[data-state=failed]")).to_have_count(1)
    on_new.get_by_role("button", name="Submit Tech Issue").click()
    on_new.get_by_role("button", name="Send without files").click()
    on_new.wait_for_url("**/received/")
    assert Ticket.objects.get().screenshots.count() == 0


def test_the_button_that_was_pressed_is_kept_while_pictures_are_asked_about(at_desk, ticket):
    break_uploads(at_desk)
    at_desk.fill("#id_body", "Kateri brskalnik?")
    paste_picture(at_desk, "#id_body")
    expect(at_desk.locator("[data-state=failed]")).to_have_count(1)
    at_desk.get_by_role("button", name="Send and wait for feedback").click()
    at_desk.get_by_role("button", name="Send without files").click()
    expect(at_desk.locator(".thread")).to_contain_text("Kateri brskalnik?")
    ticket.refresh_from_db()
    assert ticket.status == "awaiting_feedback"


def test_pasted_pictures_are_counted_on_from_those_in_the_thread(in_thread):
    for number in (1, 2):
        in_thread.fill("#id_body", f"Picture {number}")
        paste_picture(in_thread, "#id_body")
        expect(in_thread.locator("[data-upload-name]")).to_have_text(
            f"Pasted screenshot {number}.png"
        )
        uploaded(in_thread)
        in_thread.get_by_role("button", name="Send reply").click()
        expect(in_thread.locator(".thread")).to_contain_text(f"Picture {number}")


def test_dropping_is_offered_only_where_one_can_drop(browser, page, portal, other_silver):
    sign_in(page, portal, other_silver, NEW)
    expect(page.get_by_text("Or drop files")).to_be_visible()
    expect(page.get_by_text("Or paste a screenshot")).to_be_visible()
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    phone = context.new_page()
    sign_in(phone, portal, other_silver, NEW)
    expect(phone.get_by_text("Or paste a screenshot")).to_be_visible()
    expect(phone.get_by_text("Or drop files")).to_be_hidden()
    context.close()


# --- Another language --------------------------------------------------------------------------


def test_a_new_issue_keeps_its_fresh_picture_over_a_change_of_language(on_new, other_silver):
    fill_issue(on_new)
    paste_picture(on_new, "#id_description")
    uploaded(on_new)
    assert not asked_before_leaving(on_new, lambda: speak(on_new, "Čeština", "cs"))
    uploaded(on_new)
    expect(on_new.locator("[data-upload-name]")).to_have_text("Pasted screenshot 1.png")
    speak(on_new, "English", "en")
    uploaded(on_new)
    submit_issue(on_new)
    assert Ticket.objects.get().screenshots.count() == 1
    assert not Draft.objects.exists()
    # Nothing of it turns up in the next issue.
    on_new.goto(on_new.url.split("/technical-issues/")[0] + NEW)
    assert on_new.input_value("#id_title") == ""
    assert on_new.locator("[data-upload-list] > li").count() == 0


def test_a_draft_saved_before_a_change_of_language_goes_with_its_issue(on_new):
    fill_issue(on_new)
    expect(on_new.locator("[data-draft-line]")).to_be_visible(timeout=8000)
    paste_picture(on_new, "#id_description")
    uploaded(on_new)
    speak(on_new, "Čeština", "cs")
    uploaded(on_new)
    assert on_new.input_value(".form [name=draft]") == str(Draft.objects.get().uuid)
    speak(on_new, "English", "en")
    submit_issue(on_new)
    assert Ticket.objects.get().screenshots.count() == 1
    assert not Draft.objects.exists()


def test_a_draft_on_its_way_is_waited_for(on_new):
    saves = []
    on_new.route("**/draft/", lambda route: saves.append((route, route.fetch())))
    fill_issue(on_new)
    for _look in range(160):
        if saves:
            break
        on_new.wait_for_timeout(50)
    on_new.get_by_role("button", name="Submit Tech Issue").click()
    route, answered = saves[0]
    route.fulfill(response=answered)
    on_new.wait_for_url("**/received/")
    assert Ticket.objects.count() == 1
    assert not Draft.objects.exists()


def test_a_reply_keeps_its_pictures_over_a_change_of_language(in_thread, ticket):
    in_thread.fill("#id_body", "Here it is.")
    paste_picture(in_thread, "#id_body")
    uploaded(in_thread)
    assert not asked_before_leaving(in_thread, lambda: speak(in_thread, "Čeština", "cs"))
    uploaded(in_thread)
    assert in_thread.input_value("#id_body") == "Here it is."
    remove = in_thread.locator("[data-upload-remove]:visible")
    assert "Odstranit" in remove.get_attribute("aria-label")
    in_thread.get_by_role("button", name="Odeslat odpověď").click()
    expect(in_thread.locator(".thread")).to_contain_text("Here it is.")
    assert ticket.screenshots.count() == 1


def test_a_picture_removed_after_a_change_of_language_is_gone(in_thread):
    paste_picture(in_thread, "#id_body")
    uploaded(in_thread)
    speak(in_thread, "Čeština", "cs")
    in_thread.locator("[data-upload-remove]:visible").click()
    expect(in_thread.locator("[data-upload-list] > li")).to_have_count(0)
    assert not Screenshot.objects.exists()


def test_a_change_of_language_asks_while_a_picture_has_failed(in_thread):
    break_uploads(in_thread)
    paste_picture(in_thread, "#id_body")
    expect(in_thread.locator("[data-state=failed]")).to_have_count(1)
    assert asked_before_leaving(in_thread, lambda: speak(in_thread, "Čeština", "cs"))


def test_without_script_the_form_says_that_another_language_empties_it(on_new, portal):
    assert "<noscript><p>Unsent text is lost when you switch.</p></noscript>" in on_new.content()
    on_new.goto(f"{portal}/technical-issues/")
    assert "Unsent text" not in on_new.content()


# --- Leaving and coming back -------------------------------------------------------------------


def test_a_typed_reply_is_not_left_unasked(in_thread):
    in_thread.locator("#id_body").press_sequentially("Not sent yet")
    assert asked_before_leaving(in_thread, lambda: in_thread.locator(".brand").click())


def test_closing_the_issue_asks_about_the_reply_that_was_typed(in_thread):
    in_thread.locator("#id_body").press_sequentially("Not sent yet")
    in_thread.get_by_text("This solved it").click()
    close = in_thread.get_by_role("button", name="Close issue")
    assert asked_before_leaving(in_thread, close.click)


def test_a_draft_on_its_way_is_not_left_unasked(on_new):
    saves = []
    on_new.route("**/draft/", lambda route: saves.append(route))
    with on_new.expect_request("**/draft/", timeout=8000):
        fill_issue(on_new)
    assert asked_before_leaving(on_new, on_new.reload)
    saves[0].continue_()
    for _look in range(40):
        if Draft.objects.exists():
            break
        on_new.wait_for_timeout(250)
    assert Draft.objects.get().title == "Cannot pay"


def test_a_reply_is_not_left_unasked_once_its_sending_was_stopped(in_thread):
    in_thread.locator("#id_body").press_sequentially("Not sent yet")
    send_and_stop(in_thread, "Send reply")
    assert asked_before_leaving(in_thread, lambda: in_thread.locator(".brand").click())


def test_a_form_whose_sending_was_stopped_is_alive_again(on_new):
    on_new.clock.install()
    on_new.reload()
    fill_issue(on_new)
    send_and_stop(on_new, "Submit Tech Issue")
    expect(on_new.get_by_role("button", name="Sending…")).to_be_visible()
    on_new.clock.fast_forward(16_000)
    on_new.fill("#id_description", "All of it.")
    on_new.clock.fast_forward(4_000)
    expect(on_new.locator("[data-draft-line]")).to_be_visible()
    submit_issue(on_new)
    assert Ticket.objects.get().description == "All of it."


def test_an_empty_or_a_sent_reply_is_left_freely(in_thread):
    in_thread.locator("#id_body").press_sequentially(" ")
    assert not asked_before_leaving(in_thread, in_thread.reload)
    in_thread.locator("#id_body").press_sequentially("All of it")
    send = in_thread.get_by_role("button", name="Send reply")
    assert not asked_before_leaving(in_thread, send.click)
    expect(in_thread.locator(".thread")).to_contain_text("All of it")


def test_an_agents_answer_waits_for_those_who_leave(at_desk):
    """It is kept on the server, so that nobody has to be asked."""
    address = at_desk.url
    at_desk.locator("#id_body").press_sequentially("Not sent yet")
    assert not asked_before_leaving(at_desk, at_desk.locator("#site-name a").click)
    at_desk.goto(address)
    expect(at_desk.locator("#id_body")).to_have_value("Not sent yet")


def test_a_reason_to_reopen_is_not_left_unasked(page, portal, silver, ticket, agent):
    ticket.close(agent, at=timezone.now())
    sign_in(page, portal, silver, ticket.get_absolute_url())
    page.locator("#id_reason").press_sequentially("Spet")
    assert asked_before_leaving(page, lambda: page.locator(".brand").click())


def test_the_form_is_empty_when_one_goes_back_to_it_after_sending(on_new):
    fill_issue(on_new)
    expect(on_new.locator("[data-draft-line]")).to_be_visible(timeout=8000)
    submit_issue(on_new)
    on_new.go_back()
    expect(on_new.locator("#id_title")).to_have_value("")
    expect(on_new.locator("#id_description")).to_have_value("")
    assert on_new.input_value(".form [name=draft]") == ""


def test_a_sent_form_out_of_the_browsers_memory_is_loaded_anew(on_new):
    on_new.route("**/new/", lambda route: route.abort("aborted"))
    fill_issue(on_new)
    with on_new.expect_request(lambda request: request.method == "POST"):
        on_new.get_by_role("button", name="Submit Tech Issue").click()
    on_new.unroute("**/new/")
    on_new.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(on_new.locator("#id_title")).to_have_value("")


def test_a_sent_reply_is_said_beside_it_with_the_focus(in_thread, ticket, agent):
    for number in range(6):
        answer(ticket, agent, f"Answer {number}\n" * 8, at=timezone.now())
    in_thread.reload()
    in_thread.fill("#id_body", "Thank you.")
    in_thread.get_by_role("button", name="Send reply").click()
    said = in_thread.locator(".messages")
    expect(said).to_contain_text("Your reply is sent.")
    expect(said).to_be_focused()
    expect(said).to_be_in_viewport()
    expect(in_thread.locator(".entry", has_text="Thank you.")).to_be_in_viewport()
    expect(in_thread.locator(".entry time").last).to_have_text("just now")


# --- Finding and reading -----------------------------------------------------------------------


def test_news_stand_clear_of_the_notice_that_tells_of_them(at_desk, ticket, silver):
    answer(ticket, silver, "Še nekaj", at=timezone.now())
    at_desk.fill("#id_body", "Hvala")
    at_desk.get_by_role("button", name="Send reply to member").click()
    notice = at_desk.locator("[data-focus-summary]")
    expect(notice).to_be_focused()
    disc = at_desk.locator("[id^=new-] .disc")
    edge = notice.bounding_box()["y"] + notice.bounding_box()["height"]
    assert disc.bounding_box()["y"] >= edge + 8


def test_a_search_says_where_it_looks_and_what_it_did_not_find(page, portal, other_silver, silver):
    silver.language = "en"
    silver.save(update_fields=["language"])
    Ticket.objects.all().delete()
    sign_in(page, portal, silver, NEW)
    fill_issue(page)
    submit_issue(page)
    page.goto(f"{portal}/technical-issues/")
    expect(page.get_by_label("Search my technical issues")).to_have_accessible_description(
        "Number, title or text"
    )
    page.fill("#id_q", "xyzzy")
    page.press("#id_q", "Enter")
    expect(page.get_by_text("Nothing found for “xyzzy”.")).to_be_visible()
    page.get_by_role("link", name="Clear search").click()
    expect(page).to_have_url(f"{portal}/technical-issues/")


def test_paper_names_the_portal_the_issue_and_the_zone(in_thread, ticket):
    line = in_thread.locator(".print-only")
    expect(line).to_be_hidden()
    written = in_thread.locator("time[data-relative]").first.get_attribute("datetime")
    in_thread.emulate_media(media="print")
    expect(line).to_be_visible()
    expect(line).to_have_text(f"Help Portal · {ticket.number} · Time zone: Ljubljana")
    in_thread.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(in_thread.locator("time[data-relative]").first).to_contain_text(written[:4])


def test_wide_text_fits_a_narrow_page(browser, portal, other_silver):
    other_silver.language = "cs"
    other_silver.save(update_fields=["language"])
    context = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, portal, other_silver)
    for path in ("/", "/technical-issues/", NEW, "/guide/", "/preferences/"):
        page.goto(portal + path)
        page.add_style_tag(
            content="* { letter-spacing: .12em !important; word-spacing: .16em !important; "
            "line-height: 1.5 !important } p { margin-block-end: 2em !important }"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    context.close()
