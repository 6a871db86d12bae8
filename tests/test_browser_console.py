"""The staff console in a real browser: an agent at work, the members acting beside it."""

import re
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, paste_picture
from chatting import age, say, start
from live import arrive
from playwright.sync_api import expect

from chat.models import Conversation, Message, Note, Presence
from tickets.models import Ticket

pytestmark = [pytest.mark.browser, needs_chromium]
SOON = 15_000  # a poke that got lost is made good by the watch within seconds
POSTS = "**/messages/"


@pytest.fixture
def member(other_silver):
    return other_silver


@pytest.fixture
def waiting(chat_portal, member, agent):
    return start(member)


@pytest.fixture
def talk(waiting, agent):
    waiting.claim(agent)
    return waiting


@pytest.fixture
def desk(browser, chat_portal, agent):
    """Opens the console, of the agent unless told otherwise, with a chat open or without."""
    visits = []

    def open_desk(chat=None, someone=agent, **context):
        path = f"/staff/chat/{chat.uuid}/" if chat else "/staff/chat/"
        page = arrive(browser, chat_portal, someone, path, **{"viewport": DESK, **context})
        visits.append(page.context)
        return page

    yield open_desk
    for visit in visits:
        visit.close()


def connected(page):
    expect(page.locator("[data-connection-words]")).to_have_text("Connected", timeout=SOON)


def field(page):
    return page.locator("[data-composer]:visible textarea")


def write(page, text):
    field(page).fill(text)
    field(page).press("Control+Enter")


def said(page):
    return page.locator("[data-chat]:visible [data-log-list] .said")


def rows(page, section):
    return page.locator(f"[data-queue] [data-{section}] > li")


def heading(page, name):
    return page.locator(".talk:visible").get_by_role("heading", name=name)


def hide(page):
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def hold(page, address):
    """Keep what the page asks of an address, until the story lets it go on."""
    held = []
    page.route(address, lambda route: held.append(route))
    return held


def test_waits_run_and_say_in_words_what_is_over_target(desk, waiting, gold):
    age(Conversation.objects.filter(pk=waiting.pk), "queued_at", 372)
    start(gold, "Order cannot be processed\nand more")
    page = desk()
    expect(rows(page, "waiting")).to_have_count(2)
    first, second = rows(page, "waiting").all()
    expect(first).to_contain_text("Over target")
    expect(first.locator("[data-clock]")).to_have_text(re.compile(r"^06:\d\d$"))
    expect(second.get_by_text("Over target")).to_be_hidden()
    expect(second).to_contain_text("Gold · en")
    expect(second.locator("[data-first]")).to_have_text("Order cannot be processed")
    before = first.locator("[data-clock]").text_content()
    expect(first.locator("[data-clock]")).not_to_have_text(before)
    page.get_by_label("Show seconds").uncheck()
    expect(first.locator("[data-clock]")).to_have_text("6 min")
    expect(page).to_have_title(re.compile(r"^\(2\) Chats"))


def test_who_comes_and_goes_is_seen_at_once(desk, waiting, gold):
    page = desk()
    connected(page)
    later = start(gold, "I come second")
    expect(rows(page, "waiting")).to_have_count(2, timeout=SOON)
    expect(rows(page, "waiting").last).to_contain_text("I come second")
    waiting.close(waiting.member)
    expect(rows(page, "waiting")).to_have_count(1, timeout=SOON)
    later.close(later.member)
    expect(page.get_by_text("Nobody is waiting", exact=True).first).to_be_visible(timeout=SOON)


def test_accepting_the_next_opens_the_chat_and_both_talk(desk, waiting, agent):
    page = desk()
    connected(page)
    page.get_by_role("button", name="Accept next").click()
    expect(heading(page, waiting.member.display_name)).to_be_visible()
    expect(field(page)).to_be_focused()
    expect(page).to_have_url(re.compile(f"/staff/chat/{waiting.uuid}/$"))
    expect(rows(page, "waiting")).to_have_count(0, timeout=SOON)
    write(page, "Hello, is <b>this</b> better?")
    expect(said(page).last).to_contain_text("Hello, is <b>this</b> better?")
    say(waiting, waiting.member, "Yes, it is.")
    expect(said(page).last).to_contain_text("Yes, it is.", timeout=SOON)
    expect(rows(page, "mine").first).to_contain_text("Yes, it is.")
    page.get_by_role("button", name="Accept next").click()
    expect(page.locator("[data-next-answer]")).to_have_text("Nobody is waiting")
    waiting.refresh_from_db()
    assert (waiting.agent, waiting.status) == (agent, "active")


def test_two_browsers_hold_a_conversation(desk, browser, chat_portal, agent, member):
    Presence.renew(agent)
    theirs = arrive(browser, chat_portal, member, "/chat/", viewport=PHONE)
    theirs.fill("#id_question", "The page loops.")
    theirs.get_by_role("button", name="Start chat").last.click()
    expect(theirs.get_by_role("heading", name="You are in the queue")).to_be_visible()
    page = desk()
    connected(page)
    page.keyboard.press("a")
    expect(said(page).first).to_contain_text("The page loops.")
    write(page, "Which page?")
    theirs_log = theirs.get_by_role("log")
    expect(theirs_log).to_contain_text("Which page?", timeout=SOON)
    expect(said(page).last).to_contain_text("Seen", timeout=SOON)
    theirs.get_by_role("textbox", name="Write a message").fill("The one with orders")
    theirs.keyboard.press("Control+Enter")
    expect(said(page).last).to_contain_text("The one with orders", timeout=SOON)
    expect(theirs_log.locator(".said").last).to_contain_text("Seen", timeout=SOON)
    theirs.get_by_role("button", name="End chat").click()
    theirs.get_by_role("button", name="End chat").click()
    expect(page.locator(".talk:visible > header")).to_contain_text("Ended", timeout=SOON)
    expect(rows(page, "mine")).to_have_count(0, timeout=SOON)
    theirs.context.close()


def test_several_chats_side_by_side_count_what_is_unread(desk, talk, agent, gold):
    other = start(gold, "Second chat")
    other.claim(agent)
    page = desk(talk)
    connected(page)
    row = rows(page, "mine").filter(has_text=gold.display_name)
    expect(row).to_contain_text("1 unread", timeout=SOON)
    say(other, gold, "Are you there?")
    expect(row).to_contain_text("2 unread", timeout=SOON)
    expect(row).to_contain_text("Are you there?")
    expect(page).to_have_title(re.compile(r"^\(2\) Chats"))
    field(page).fill("Half a thought")
    row.get_by_role("link").click()
    expect(heading(page, gold.display_name)).to_be_visible()
    expect(row).not_to_contain_text("unread")
    expect(field(page)).to_have_value("")
    rows(page, "mine").filter(has_text=talk.member.display_name).get_by_role("link").click()
    expect(field(page)).to_have_value("Half a thought")
    page.go_back()
    expect(heading(page, gold.display_name)).to_be_visible()
    for _ in range(60):
        other.refresh_from_db()
        if other.agent_seen == other.last_seq:
            break
        page.wait_for_timeout(250)
    assert other.agent_seen == other.last_seq


def test_the_switch_and_the_limit(desk, waiting, gold, agent):
    page = desk()
    connected(page)
    switch = page.get_by_role("switch", name="I take chats")
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    assert Presence.objects.get(agent=agent).accepting
    page.get_by_label("Chats at once").fill("1")
    page.get_by_label("Chats at once").press("Tab")
    expect(page.locator("[data-count=mine]")).to_have_text("(0 of 1)")
    start(gold, "One too many")
    page.get_by_role("button", name="Accept next").click()
    expect(heading(page, waiting.member.display_name)).to_be_visible()
    page.get_by_role("button", name="Accept next").click()
    expect(page.locator("[data-next-answer]")).to_contain_text("1")
    assert Conversation.objects.of_agent(agent).count() == 1


def test_who_was_slower_reads_who_has_it(desk, waiting, supervisor, chat_portal):
    page = desk()
    page.route_web_socket("**/ws/**", lambda socket: None)
    page.goto(f"{chat_portal}/staff/chat/{waiting.uuid}/")
    waiting.claim(supervisor)
    page.get_by_role("button", name="Take this chat").click()
    answer = page.get_by_text(f"Taken by: {supervisor.display_name}")
    expect(answer).to_be_visible()
    expect(page.get_by_role("button", name="Take this chat")).to_have_count(0)


def test_typing_is_told_both_ways_but_not_of_a_note(desk, talk, browser, chat_portal):
    page = desk(talk)
    connected(page)
    path = talk.get_absolute_url()
    theirs = arrive(browser, chat_portal, talk.member, path, viewport=DESK)
    expect(theirs.get_by_text("Connected", exact=True)).to_be_visible(timeout=SOON)
    theirs.get_by_role("textbox", name="Write a message").press_sequentially("Hm")
    typing = page.get_by_text(f"{talk.member.display_name} is typing…")
    expect(typing).to_be_visible(timeout=SOON)
    expect(rows(page, "mine").first).to_contain_text("typing…")
    page.get_by_role("button", name="Note", exact=True).click()
    field(page).press_sequentially("Careful")
    expect(typing).to_be_hidden(timeout=SOON)
    expect(theirs.get_by_text("is typing…")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".is-note:visible").last).to_contain_text("Careful")
    expect(field(page)).to_have_value("")
    field(page).press_sequentially("Hello")
    expect(theirs.get_by_text("Ana Novak is typing…")).to_be_visible(timeout=SOON)
    theirs.context.close()


def test_canned_replies_by_slash(desk, talk):
    page = desk(talk)
    connected(page)
    options = page.get_by_role("option")
    field(page).fill("Well. ")
    field(page).press_sequentially("/he")
    expect(options).to_have_count(1)
    expect(options.first).to_have_attribute("aria-selected", "true")
    name = options.first.get_attribute("id")
    expect(field(page)).to_have_attribute("aria-activedescendant", name)
    text = options.first.locator("[data-text]").text_content()
    assert talk.member.display_name in text
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value(f"Well. {text}")
    expect(page.get_by_role("listbox")).to_be_hidden()
    assert talk.messages.filter(author=talk.agent, event="").count() == 0
    field(page).fill("/")
    expect(options).not_to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(field(page)).to_have_value("/")


def test_a_note_is_a_mode_one_sees_and_no_member_ever_gets_it(desk, talk, supervisor):
    page = desk(talk)
    theirs = desk(talk, someone=supervisor)
    connected(page)
    connected(theirs)
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.get_by_role("textbox", name="Internal note")).to_be_focused()
    expect(page.get_by_role("button", name="Save note")).to_be_visible()
    field(page).fill("She was angry <i>before</i>")
    page.reload()
    expect(page.get_by_role("button", name="Save note")).to_be_visible()
    page.get_by_role("button", name="Save note").click()
    note = page.locator("[data-note]:visible")
    expect(note).to_contain_text("She was angry <i>before</i>")
    expect(note).to_contain_text("Members cannot see this note.")
    expect(page.get_by_role("button", name="Send to member")).to_be_visible()
    expect(theirs.locator("[data-note]:visible")).to_contain_text("angry", timeout=SOON)
    assert Note.objects.get().body == "She was angry <i>before</i>"
    assert not talk.messages.filter(body__contains="angry").exists()
    expect(note).to_have_count(1)


def test_a_lost_answer_writes_no_note_twice(desk, talk):
    page = desk(talk)
    connected(page)
    answers = []

    def lose_the_first(route):
        answers.append(route.fetch().status)
        return route.abort() if len(answers) == 1 else route.continue_()

    page.route("**/notes/", lose_the_first)
    page.get_by_role("button", name="Note", exact=True).click()
    field(page).fill("Once")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    expect(field(page)).to_have_value("Once")
    page.get_by_role("button", name="Save note").click()
    expect(field(page)).to_have_value("")
    expect(page.locator("[data-note]:visible")).to_have_count(1)
    assert answers[0] == 201
    assert Note.objects.count() == 1


def test_a_chat_is_handed_to_a_colleague(desk, talk, agent, supervisor):
    theirs = desk(someone=supervisor)
    connected(theirs)
    page = desk(talk)
    connected(page)
    page.locator(".transfer:visible summary").click()
    page.get_by_label("To which agent?").select_option(label=supervisor.display_name)
    page.locator(".transfer:visible").get_by_role("button", name="Transfer").click()
    expect(page.get_by_text(f"With {supervisor.display_name}")).to_be_visible(timeout=SOON)
    expect(page.locator("[data-composer]")).to_have_count(0)
    expect(rows(page, "mine")).to_have_count(0, timeout=SOON)
    expect(rows(theirs, "mine")).to_have_count(1, timeout=SOON)
    talk.refresh_from_db()
    assert talk.agent == supervisor


def test_a_chat_goes_back_to_the_queue(desk, talk):
    page = desk(talk)
    connected(page)
    page.get_by_role("button", name="Return to queue").click()
    expect(page.get_by_role("button", name="Take this chat")).to_be_visible()
    expect(rows(page, "waiting")).to_have_count(1, timeout=SOON)
    page.get_by_role("button", name="Take this chat").click()
    expect(field(page)).to_be_focused()
    talk.refresh_from_db()
    assert talk.status == "active"


def test_who_takes_a_chat_writes_whichever_answer_comes_first(desk, waiting):
    """The socket tells of it, and the page asks for the chat, before the answer is there."""
    page = desk(waiting)
    connected(page)
    posts, looks = hold(page, "**/claim/"), hold(page, "**/?part=talk")
    with page.expect_request("**/claim/"):
        page.get_by_role("button", name="Take this chat").click()
    with page.expect_request("**/?part=talk"):
        answer = posts[0].fetch()
    with page.expect_response("**/claim/"):
        posts[0].fulfill(response=answer)
    for look in looks:
        look.continue_()
    page.unroute("**/?part=talk")
    expect(field(page)).to_be_focused()


def test_the_reply_in_their_language_is_one_action(desk, talk):
    Conversation.objects.filter(pk=talk.pk).update(language="sl")
    page = desk(talk)
    connected(page)
    field(page).fill("/lang")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Support asked for a ticket")).to_be_visible(timeout=SOON)
    expect(field(page)).to_have_value("")
    talk.refresh_from_db()
    assert talk.redirected_at is not None
    assert Message.objects.filter(conversation=talk, event="language").count() == 1
    page.get_by_role("button", name="Ask for a ticket: Slovenščina").click()
    page.wait_for_timeout(500)
    assert Message.objects.filter(conversation=talk, event="language").count() == 1


def test_a_ticket_grows_from_the_chat(desk, talk):
    page = desk(talk)
    connected(page)
    field(page).fill("Half a thought")
    page.get_by_role("button", name="Create ticket from chat").click()
    card = page.locator(".context:visible")
    expect(card.get_by_role("heading", name="From this chat")).to_be_visible(timeout=SOON)
    expect(field(page)).to_have_value("Half a thought")
    ticket = Ticket.objects.get()
    assert ticket.member == talk.member
    expect(card.get_by_text(ticket.number)).to_have_count(1)
    link = page.locator("[data-news-line]").get_by_role("link")
    expect(link).to_have_attribute("href", re.compile(rf"/{ticket.pk}/"))


def test_the_end_takes_two_steps(desk, talk):
    page = desk(talk)
    connected(page)
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_text("End the chat?")).to_be_visible()
    page.get_by_role("link", name="Keep chatting").click()
    expect(page.get_by_role("button", name="End chat")).to_be_focused()
    page.get_by_role("button", name="End chat").click()
    page.get_by_role("button", name="End chat").click()
    expect(page.locator(".talk:visible > header")).to_contain_text("Ended")
    expect(page.get_by_role("textbox", name="Internal note")).to_be_visible()
    expect(rows(page, "mine")).to_have_count(0, timeout=SOON)
    talk.refresh_from_db()
    assert (talk.status, talk.ending) == ("closed", "support")


def test_the_card_tells_the_account_from_what_was_given(desk, waiting):
    Conversation.objects.filter(pk=waiting.pk).update(name="Somebody Else", given_member_id="77")
    page = desk(waiting)
    card = page.locator(".context")
    account, given = card.locator("section").all()[:2]
    expect(account).to_contain_text(waiting.member.member_id)
    expect(account).to_contain_text("Europe/Ljubljana")
    expect(account).not_to_contain_text("Somebody Else")
    expect(given).to_contain_text("Given before the chat")
    expect(given).to_contain_text("Somebody Else")
    expect(given).to_contain_text("77")


def test_single_keys_work_unless_one_writes_or_wants_none(desk, waiting, agent, gold):
    second = start(gold, "Second")
    page = desk()
    connected(page)
    page.keyboard.press("a")
    expect(heading(page, waiting.member.display_name)).to_be_visible()
    expect(field(page)).to_be_focused()
    page.keyboard.type("janr?")
    expect(field(page)).to_have_value("janr?")
    assert Conversation.objects.of_agent(agent).count() == 1
    field(page).fill("")
    field(page).blur()
    page.keyboard.press("a")
    expect(heading(page, second.member.display_name)).to_be_visible()
    expect(field(page)).to_be_focused()
    field(page).blur()
    page.keyboard.press("k")
    expect(heading(page, waiting.member.display_name)).to_be_focused()
    page.keyboard.press("j")
    expect(heading(page, second.member.display_name)).to_be_focused()
    page.keyboard.press("n")
    expect(page.get_by_role("textbox", name="Internal note")).to_be_focused()
    field(page).blur()
    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Reply to member")).to_be_focused()
    field(page).blur()
    page.keyboard.press("/")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    field(page).blur()
    page.keyboard.press("g")
    page.keyboard.press("q")
    expect(page.locator("[data-queue]")).to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Use keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(dialog).to_be_visible()


def test_who_writes_is_not_led_to_the_chat_that_was_accepted_meanwhile(desk, talk, gold):
    second = start(gold, "Second")
    page = desk(talk)
    connected(page)
    posts = hold(page, "**/next/")
    with page.expect_request("**/next/"):
        page.get_by_role("button", name="Accept next").click()
    field(page).click()
    page.keyboard.type("Half ")
    posts[0].continue_()
    expect(page.locator("[data-next]")).to_have_attribute("aria-busy", "false")
    expect(page.locator("[data-chat]")).to_have_count(2, timeout=SOON)
    say(second, gold, "Still there?")
    row = rows(page, "mine").filter(has_text=gold.display_name)
    expect(row).to_contain_text("Still there?", timeout=SOON)
    page.keyboard.type("a thought")
    expect(heading(page, talk.member.display_name)).to_be_visible()
    expect(field(page)).to_have_value("Half a thought")


def test_the_chat_one_turned_to_last_is_the_one_that_stays(desk, waiting, gold):
    slow = start(gold, "Second")
    page = desk()
    connected(page)
    held = hold(page, f"**/{slow.uuid}/?part=talk")
    with page.expect_request(f"**/{slow.uuid}/?part=talk"):
        rows(page, "waiting").filter(has_text=gold.display_name).get_by_role("link").click()
    rows(page, "waiting").first.get_by_role("link").click()
    expect(heading(page, waiting.member.display_name)).to_be_focused()
    with page.expect_response(f"**/{slow.uuid}/?part=talk") as answer:
        held[0].continue_()
    answer.value.finished()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(heading(page, waiting.member.display_name)).to_be_focused()
    expect(page).to_have_url(re.compile(f"/staff/chat/{waiting.uuid}/$"))


def test_a_pasted_picture_goes_to_the_chat_one_sees(desk, talk, agent, gold):
    other = start(gold, "Another one")
    other.claim(agent)
    page = desk(talk)
    connected(page)
    expect(page.locator("[data-chat]")).to_have_count(2, timeout=SOON)
    paste_picture(page, f"#say-{talk.uuid}")
    expect(page.locator("[data-upload-done]:visible")).to_have_count(1)
    field(page).press("Control+Enter")
    expect(said(page).last.locator("img")).to_have_js_property("complete", True)
    assert Message.objects.get(body="", event="").conversation == talk


def test_what_comes_unseen_rings_once_and_notifies(desk, talk, waiting, gold):
    page = desk(talk)
    page.context.grant_permissions(["notifications"])
    page.add_init_script(
        """window.told = []; window.tones = 0;
        window.Notification = class extends EventTarget {
            static permission = "default";
            static async requestPermission() { this.permission = "granted"; return "granted"; }
            constructor(title) { super(); told.push(title); }
            close() {}
        };
        const begin = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...when) {
            tones += 1;
            return begin.apply(this, when);
        };"""
    )
    page.reload()
    connected(page)
    page.locator("[data-options] > summary").click()
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("Notifications are on.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sound off").click()
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_be_checked()
    before = page.evaluate("tones")
    hide(page)
    say(talk, talk.member, "Ring")
    expect(said(page).last).to_contain_text("Ring", timeout=SOON)
    assert page.evaluate("told") == [f"New message from {talk.member.display_name}"]
    assert page.evaluate("tones") == before + 1
    start(gold, "Somebody new")
    expect(rows(page, "waiting")).to_have_count(1, timeout=SOON)
    assert page.evaluate("told[1]") == f"{gold.display_name} is waiting."
    expect(page).to_have_title(re.compile(r"^\(2\) Chats"))


def test_a_lost_connection_is_said_and_nothing_is_lost(desk, talk, chat_portal):
    page = desk(talk)
    connected(page)
    chat_portal.kill()
    expect(page.locator("[data-connection]")).to_contain_text("Reconnecting…", timeout=SOON)
    write(page, "Written while nobody was there")
    expect(page.locator("[data-log-pending] .said")).to_have_count(1)
    say(talk, talk.member, "Said meanwhile")
    chat_portal.start()
    chat_portal.wait()
    page.locator("[data-connection-try]").evaluate("(button) => button.click()")
    connected(page)
    expect(page.locator("[data-connection]")).to_be_hidden()
    expect(said(page)).to_have_count(3, timeout=SOON)
    assert talk.messages.get(author=talk.agent, event="").body == "Written while nobody was there"


def test_who_is_signed_out_is_told_and_keeps_the_text(desk, talk):
    page = desk(talk)
    connected(page)
    field(page).fill("Half a thought")
    page.context.clear_cookies(name="sessionid")
    page.evaluate("dispatchEvent(new Event('online'))")
    strip = page.locator("[data-connection]")
    expect(strip).to_contain_text("Your session ended", timeout=SOON)
    expect(strip.get_by_role("link", name="Sign in")).to_be_visible()
    expect(field(page)).to_have_value("Half a thought")


def test_with_blocked_sockets_the_console_goes_on(browser, chat_portal, agent, waiting, gold):
    page = arrive(browser, chat_portal, agent, "/", viewport=DESK)
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1006))
    page.goto(f"{chat_portal}/staff/chat/")
    page.get_by_role("button", name="Accept next").click()
    expect(heading(page, waiting.member.display_name)).to_be_visible()
    say(waiting, waiting.member, "Do you hear me?")
    expect(said(page).last).to_contain_text("Do you hear me?", timeout=SOON)
    start(gold, "And me?")
    expect(rows(page, "waiting")).to_have_count(1, timeout=SOON)
    expect(rows(page, "waiting").first).to_contain_text("And me?")
    page.context.close()


def test_a_supervisor_frees_a_colleagues_chat(desk, talk, supervisor):
    page = desk(someone=supervisor)
    connected(page)
    others = page.locator("[data-others] li")
    expect(others).to_contain_text("Ana Novak")
    expect(others).to_contain_text("Active")
    others.get_by_role("link").click()
    expect(page.get_by_text("With Ana Novak")).to_be_visible()
    expect(page.locator("[data-composer]")).to_have_count(0)
    page.get_by_role("button", name="Return to queue").click()
    expect(rows(page, "waiting")).to_have_count(1, timeout=SOON)
    talk.refresh_from_db()
    assert talk.status == "waiting"


def test_on_a_phone_the_panes_are_tabs(desk, talk):
    talk.member.first_name = "Wolfeschlegelsteinhausenbergerdorff"
    talk.member.save()
    say(talk, talk.member, "https://example.com/" + "a" * 300)
    page = desk(talk, viewport=PHONE)
    connected(page)
    tabs = page.get_by_role("navigation", name="Panes")
    expect(said(page).last).to_be_in_viewport()
    expect(page.locator("[data-queue]")).to_be_hidden()
    tabs.get_by_role("link", name="Info").click()
    expect(page.locator(".context")).to_be_visible()
    expect(page.locator(".talk")).to_be_hidden()
    tabs.get_by_role("link", name="Queue").click()
    expect(page.get_by_role("button", name="Accept next")).to_be_visible()
    expect(page.locator(".context")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    rows(page, "mine").get_by_role("link").click()
    expect(field(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_without_scripts_the_console_works_by_forms(desk, waiting, agent):
    page = desk(viewport=PHONE, java_script_enabled=False)
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    page.get_by_role("button", name="Accept next").click()
    expect(heading(page, waiting.member.display_name)).to_be_visible()
    page.get_by_role("link", name="Stop it").click()
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    field(page).fill("Hello by form")
    page.get_by_role("button", name="Send to member").click()
    expect(said(page).last).to_contain_text("Hello by form")
    field(page).fill("A plain note")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.locator("[data-note]")).to_contain_text("A plain note")
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_be_checked()
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_text("End the chat?")).to_be_visible()
    page.get_by_role("button", name="End chat").click()
    expect(page.locator(".talk > header")).to_contain_text("Ended")
    waiting.refresh_from_db()
    assert (waiting.agent, waiting.ending) == (agent, "support")


def test_own_words_go_once_however_the_answer_is_lost(desk, talk):
    page = desk(talk)
    connected(page)
    asked = []

    def lose_the_first_answer(route):
        if route.request.method != "POST":
            return route.continue_()
        asked.append(route.fetch().status)
        return route.abort() if len(asked) == 1 else route.continue_()

    page.route(POSTS, lose_the_first_answer)
    write(page, f"Only once {uuid.uuid4()}")
    expect(said(page)).to_have_count(2, timeout=SOON)
    expect(page.locator("[data-log-pending] .said")).to_have_count(0, timeout=SOON)
    assert asked[0] == 201
    assert talk.messages.filter(author=talk.agent, event="").count() == 1


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [
        *(("en", "light", PHONE), ("en", "dark", DESK)),
        *(("cs", "dark", PHONE), ("sl", "light", DESK)),
    ],
)
def test_every_state_is_fit_to_be_read(desk, waiting, agent, gold, language, theme, size):
    agent.language = language
    agent.save()
    age(Conversation.objects.filter(pk=waiting.pk), "queued_at", 372)
    talk = start(gold, "I have a question")
    talk.claim(agent)
    talk.add_note(agent, "Be kind", uuid.uuid4())
    faults = []
    page = desk(viewport=size, color_scheme=theme)
    page.on("console", lambda line: faults.append(line.text))
    page.on("pageerror", lambda error: faults.append(f"{error}"))

    def look(state):
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], state
        complaints = list(faults)  # axe itself sets styles
        found = Axe().run(page).response["violations"]
        faults[:] = complaints
        faults.extend(f"{state}: {x['id']} {[n['target'] for n in x['nodes']]}" for x in found)

    page.reload()
    expect(rows(page, "waiting")).to_have_count(1)
    look("queue")
    rows(page, "mine").get_by_role("link").click()
    expect(field(page)).to_be_visible()
    look("talk")
    field(page).fill("/")
    expect(page.get_by_role("listbox")).to_be_visible()
    look("canned")
    page.locator("[data-note-mode]:visible").click()
    look("note")
    page.locator("[data-options] > summary").click()
    look("options")
    page.keyboard.press("Escape")
    if size == PHONE:
        page.locator("[data-tab=info]").click()
    page.locator("[data-end-ask]:visible").click()
    page.locator(".transfer:visible summary").click()
    look("card")
    page.locator("[data-heading]").last.evaluate("(heading) => heading.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("keys")
    assert not faults


def test_who_ends_a_chat_unseen_keeps_a_row_until_it_is_dismissed(desk, talk, agent, gold):
    other = start(gold, "Second chat")
    other.claim(agent)
    page = desk(talk)
    connected(page)
    expect(page.locator("[data-chat]")).to_have_count(2, timeout=SOON)
    news = page.locator("[data-news-line]")
    other.close(gold)
    expect(news).to_have_text(f"The chat with {gold.display_name} ended.", timeout=SOON)
    row = rows(page, "mine").filter(has_text=gold.display_name)
    expect(row.locator("[data-news]")).to_have_text("Ended")
    expect(page.locator("[data-count=mine]")).to_have_text(re.compile(r"^\(1 of"))
    row.get_by_role("button", name="Dismiss").click()
    expect(row).to_have_count(0)


def test_what_was_half_written_as_the_member_left_is_kept(desk, talk):
    page = desk(talk)
    connected(page)
    field(page).fill("Half a thought")
    talk.close(talk.member)
    note = page.get_by_role("textbox", name="Internal note")
    expect(note).to_have_value("Half a thought", timeout=SOON)
    expect(page.get_by_text("This was not sent.")).to_be_visible()
    expect(page.locator("[data-news-line]")).to_contain_text("ended")
    page.get_by_role("button", name="Save note").click()
    expect(note).to_have_value("")
    assert Note.objects.get().body == "Half a thought"


def test_who_writes_as_the_member_leaves_goes_on_writing(desk, talk, gold):
    start(gold, "Who would be taken by the key a")
    page = desk(talk)
    connected(page)
    field(page).fill("Half")
    talk.close(talk.member)
    note = page.get_by_role("textbox", name="Internal note")
    expect(note).to_be_focused(timeout=SOON)
    page.keyboard.type(" a thought")
    expect(note).to_have_value("Half a thought")


def test_who_writes_as_the_chat_is_freed_gives_no_commands(desk, talk, supervisor):
    page, asked = desk(talk), []
    connected(page)
    field(page).fill("H")
    talk.release(supervisor)
    expect(heading(page, talk.member.display_name)).to_be_focused(timeout=SOON)
    page.on("request", lambda request: asked.append(request.method))
    page.keyboard.type("alf a thought?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert "POST" not in asked
    assert not Conversation.objects.of_agent(talk.agent).exists()


def test_a_note_one_writes_stays_a_note_as_the_chat_becomes_ones_own(desk, talk, supervisor):
    page = desk(talk, someone=supervisor)
    connected(page)
    page.get_by_role("textbox", name="Internal note").fill("Half")
    talk.transfer(talk.agent, supervisor)
    expect(field(page)).to_be_focused(timeout=SOON)
    page.keyboard.type(" a note")
    expect(page.get_by_role("textbox", name="Internal note")).to_have_value("Half a note")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator("[data-note]:visible")).to_contain_text("Half a note")
    assert Note.objects.get().body == "Half a note"


def test_a_note_begun_in_a_chat_of_a_colleague_becomes_no_reply(desk, talk, supervisor):
    page = desk(talk, someone=supervisor)
    connected(page)
    note = page.get_by_role("textbox", name="Internal note")
    note.fill("Between us")
    talk.release(talk.agent)
    page.get_by_role("button", name="Take this chat").click()
    expect(page.get_by_role("button", name="Save note")).to_be_visible()
    expect(note).to_be_focused()
    expect(note).to_have_value("Between us")
    page.keyboard.press("Enter")
    expect(page.locator("[data-note]:visible")).to_contain_text("Between us")
    assert Note.objects.get().body == "Between us"
    assert not talk.messages.filter(body="Between us").exists()


def test_words_typed_while_a_note_is_being_saved_stay(desk, talk):
    talk.close(talk.member)
    page = desk(talk)
    note = page.get_by_role("textbox", name="Internal note")
    held = hold(page, "**/notes/")
    note.fill("First.")
    with page.expect_request("**/notes/"):
        note.press("Control+Enter")
    page.keyboard.type(" Second.")
    held[0].continue_()
    expect(page.locator("[data-note]:visible")).to_have_text(re.compile("First"))
    expect(note).to_have_value(" Second.")
    page.reload()
    expect(note).to_have_value(" Second.")


def test_who_gets_a_chat_of_a_colleague_is_told(desk, talk, supervisor):
    page = desk(someone=supervisor)
    connected(page)
    talk.transfer(talk.agent, supervisor)
    news = page.locator("[data-news-line]")
    expect(news).to_contain_text(talk.member.display_name, timeout=SOON)
    rows(page, "mine").get_by_role("link").click()
    expect(news).to_be_empty()


def test_escape_leaves_the_field_for_the_keys(desk, talk):
    page = desk(talk)
    connected(page)
    field(page).fill("Half")
    field(page).press("Escape")
    expect(heading(page, talk.member.display_name)).to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Leave the reply field")
    expect(dialog.get_by_text("New line")).to_be_visible()
    page.keyboard.press("Escape")
    foot = page.locator(".composer-foot:visible")
    expect(foot.get_by_text("leaves the field")).to_be_visible()
    page.locator("[data-options] > summary").click()
    page.get_by_label("Send with the Enter key").uncheck()
    expect(foot.get_by_text("leaves the field")).to_be_hidden()
    expect(foot.get_by_text("Ctrl")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
def test_the_head_is_one_line_and_leads_out(desk, talk, agent, language):
    agent.language = language
    agent.save()
    page = desk(talk)
    expect(page.locator("[data-connection-state]")).to_have_class(re.compile("is-up"), timeout=SOON)
    assert page.locator(".chat-head").bounding_box()["height"] < 80
    page.set_viewport_size(PHONE)
    page.locator("[data-account] > summary").click()
    expect(page.locator("[data-account] a[href='/preferences/']")).to_be_in_viewport()
    expect(page.locator("[data-account] a[href='/admin/']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
