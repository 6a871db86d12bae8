"""The chat as a member sees it: a real browser, real sockets, the agent acting beside it."""

import gzip
import re
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, paste_picture
from chatting import age, say, start
from conftest import png
from live import arrive
from playwright.sync_api import expect

from chat.models import Conversation, Message, Presence
from tickets.models import Draft

pytestmark = [pytest.mark.browser, needs_chromium]
POSTS = "**/messages/"
SOCKETS = "**/ws/chat/**"
SOON = 15_000  # a poke that got lost is made good by the watch within seconds


@pytest.fixture
def member(other_silver):
    """A Silver member who reads English."""
    return other_silver


@pytest.fixture
def waiting(chat_portal, member, agent):
    """A member in the queue of an agent who takes chats, and stays as long as the story takes."""
    Presence.renew(agent)
    Presence.objects.update(accepting=True)
    age(Presence.objects, "seen_at", -3600)
    return start(member)


@pytest.fixture
def talk(waiting, agent):
    """A conversation with that agent."""
    waiting.claim(agent)
    return waiting


@pytest.fixture
def tab(browser, chat_portal):
    """Opens a conversation as its member, in a browser of their own or in one they have."""
    visits = []

    def open_tab(conversation, beside=None, **context):
        path = conversation.get_absolute_url()
        if beside is not None:
            page = beside.context.new_page()
            page.goto(f"{chat_portal}{path}")
            return page
        context = {"viewport": DESK, **context}
        page = arrive(browser, chat_portal, conversation.member, path, **context)
        visits.append(page.context)
        return page

    yield open_tab
    for visit in visits:
        visit.close()


def field(page):
    return page.get_by_role("textbox", name="Write a message")


def write(page, text):
    field(page).fill(text)
    field(page).press("Enter")


def said(page):
    return page.locator("[data-log-list] .said")


def on_its_way(page):
    return page.locator("[data-log-pending] .said")


def connected(page):
    expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=SOON)


def stays(page):
    """Leave a mark that a reload would wipe away; the returned function looks for it."""
    page.evaluate("window.isTheSamePage = true")
    return lambda: page.evaluate("window.isTheSamePage === true")


def hide(page, hidden=True):
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def bodies(conversation, author):
    rows = conversation.messages.filter(author=author).order_by("seq")
    return list(rows.values_list("body", flat=True))


def test_both_sides_talk(tab, talk, agent):
    page = tab(talk)
    connected(page)
    write(page, "Hello, is <b>anybody</b> there?")
    expect(said(page).last).to_contain_text("Hello, is <b>anybody</b> there?")
    expect(said(page).last).to_contain_text("Sent")
    expect(field(page)).to_be_focused()
    say(talk, agent, "Yes, I am here.")
    expect(said(page).last).to_contain_text("Yes, I am here.", timeout=SOON)
    assert bodies(talk, talk.member)[1:] == ["Hello, is <b>anybody</b> there?"]


def test_the_member_waits_talks_and_ends_on_one_page(tab, waiting, agent, gold):
    gold.language = "en"
    gold.save()
    first, later = waiting, start(gold, "I come second")
    page = tab(later)
    is_same = stays(page)
    expect(page).to_have_title(re.compile(r"^\(2\)"))
    expect(page.get_by_text("1 person ahead of you")).to_be_visible()
    spoken = page.locator("[data-announce]")
    expect(spoken).to_contain_text("Your place in the queue: 2", timeout=SOON)
    first.close(first.member)
    expect(page.get_by_text("You are next")).to_be_visible(timeout=SOON)
    # Seen at once, spoken at most twice a minute.
    expect(spoken).to_contain_text("Your place in the queue: 2")
    later.claim(agent)
    expect(page.get_by_role("heading", name="Ana Novak")).to_be_visible(timeout=SOON)
    expect(spoken).to_have_text("You are now chatting with Ana Novak")
    later.close(agent)
    expect(page.get_by_role("heading", name="Chat ended")).to_be_visible(timeout=SOON)
    assert is_same()
    page.reload()
    expect(page.get_by_role("heading", name="Chat ended")).to_be_visible()


def test_details_added_in_the_queue_are_not_lost_when_somebody_comes(tab, waiting, agent):
    page = tab(waiting)
    page.get_by_text("Add details").click()
    write(page, "It happens on my phone, too.")
    expect(said(page)).to_have_count(2)
    field(page).fill("And since yes")
    waiting.claim(agent)
    expect(page.get_by_role("heading", name="Ana Novak")).to_be_visible(timeout=SOON)
    expect(field(page)).to_be_focused()
    page.keyboard.type("terday.")
    expect(field(page)).to_have_value("And since yesterday.")
    expect(said(page).nth(1)).to_contain_text("It happens on my phone, too.")


def test_a_picture_on_its_way_stays_whoever_comes_or_goes(tab, waiting, agent):
    page, held = tab(waiting), []
    page.get_by_text("Add details").click()
    page.route("**/screenshots/", lambda route: held.append(route))
    with page.expect_request("**/screenshots/"):
        paste_picture(page, "#id_body")
    Presence.objects.update(accepting=False)
    start(agent, "Another one").close(agent)
    expect(page.get_by_text("No agent is available right now.")).to_be_visible(timeout=SOON)
    expect(field(page)).to_be_focused()
    page.keyboard.type("Look")
    waiting.claim(agent)
    expect(page.get_by_role("heading", name="Ana Novak")).to_be_visible(timeout=SOON)
    held[0].continue_()
    expect(page.locator("[data-upload-done]:visible")).to_have_count(1)
    expect(field(page)).to_be_focused()
    page.keyboard.type(" here")
    page.keyboard.press("Enter")
    expect(said(page).last).to_contain_text("Look here")
    expect(said(page).last.locator("img")).to_have_js_property("complete", True)


def test_a_page_that_does_not_come_holds_nothing_up(tab, waiting, agent):
    page = tab(waiting)
    is_same = stays(page)
    address = f"**{waiting.get_absolute_url()}"
    page.route(address, lambda route: route.abort())
    waiting.claim(agent)
    say(waiting, agent, "Hello")
    expect(said(page).last).to_contain_text("Hello", timeout=SOON)
    page.unroute(address)
    expect(page.get_by_role("heading", name="Ana Novak")).to_be_visible(timeout=SOON)
    expect(said(page)).to_have_count(2)
    assert is_same()


def test_what_was_not_sent_survives_a_reload_and_keeps_its_order(tab, talk):
    page = tab(talk)
    connected(page)
    page.route(POSTS, lambda route: route.abort() if route.request.method == "POST" else None)
    for text in ("One", "Two", "Three"):
        write(page, text)
    expect(on_its_way(page)).to_have_count(3)
    expect(on_its_way(page).first).to_contain_text("Sending…")
    page.reload()
    expect(on_its_way(page)).to_have_text([re.compile("One"), re.compile("Two"), re.compile("Thr")])
    page.unroute(POSTS)
    expect(said(page)).to_have_count(4, timeout=SOON)
    expect(on_its_way(page)).to_have_count(0)
    assert bodies(talk, talk.member)[1:] == ["One", "Two", "Three"]


def test_a_lost_answer_doubles_nothing(tab, talk):
    """The server has it, the browser does not know: it asks again under the same name."""
    page = tab(talk)
    connected(page)
    asked = []

    def lose_the_first_answer(route):
        if route.request.method != "POST":
            return route.continue_()
        asked.append(route.fetch().status)
        return route.abort() if len(asked) == 1 else route.continue_()

    page.route(POSTS, lose_the_first_answer)
    page.route_web_socket(SOCKETS, lambda socket: None)
    write(page, "Only once")
    expect(said(page)).to_have_count(2, timeout=SOON)
    assert asked[0] == 201
    assert bodies(talk, talk.member)[1:] == ["Only once"]


def test_a_refused_message_says_why_and_is_tried_again(tab, talk):
    page = tab(talk)
    connected(page)
    refusal = {"error": "invalid", "errors": {"body": ["This is too much."]}}
    page.route(POSTS, lambda route: route.fulfill(status=400, json=refusal))
    write(page, "Refused")
    expect(on_its_way(page)).to_contain_text("Not sent. This is too much.")
    page.unroute(POSTS)
    write(page, "The next one goes through")
    expect(said(page)).to_have_count(2)
    page.get_by_role("button", name="Try again").click()
    expect(said(page)).to_have_count(3)
    assert bodies(talk, talk.member)[1:] == ["The next one goes through", "Refused"]


def test_too_long_a_message_is_not_even_sent(tab, talk, settings):
    page = tab(talk)
    connected(page)
    write(page, "x" * (settings.MESSAGE_MAX_LENGTH + 7))
    expect(page.get_by_text("Characters too many: 7")).to_be_visible()
    expect(field(page)).to_have_value("x" * (settings.MESSAGE_MAX_LENGTH + 7))
    assert talk.messages.filter(author=talk.member).count() == 1


def test_with_blocked_sockets_the_talk_goes_on(tab, talk, agent, browser, chat_portal):
    page = arrive(browser, chat_portal, talk.member, "/", viewport=PHONE)
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1006))
    page.goto(f"{chat_portal}{talk.get_absolute_url()}")
    connected(page)
    say(talk, agent, "Do you hear me?")
    expect(said(page).last).to_contain_text("Do you hear me?", timeout=SOON)
    write(page, "Loud and clear")
    expect(said(page).last).to_contain_text("Loud and clear", timeout=SOON)
    expect(said(page)).to_have_count(3)
    page.context.close()


def test_a_restarted_server_is_found_again(tab, talk, agent, chat_portal):
    page = tab(talk)
    connected(page)
    chat_portal.kill()
    expect(page.locator("[data-connection]")).to_contain_text("Reconnecting…", timeout=SOON)
    write(page, "Written while nobody was there")
    expect(on_its_way(page)).to_have_count(1)
    say(talk, agent, "Said meanwhile")
    chat_portal.start()
    chat_portal.wait()
    page.locator("[data-connection-try]").evaluate("(button) => button.click()")
    connected(page)
    expect(page.locator("[data-connection]")).to_be_hidden()
    expect(said(page)).to_have_count(3, timeout=SOON)
    expect(on_its_way(page)).to_have_count(0)
    assert bodies(talk, talk.member)[1:] == ["Written while nobody was there"]


def test_offline_is_said_and_ends_by_itself(tab, talk):
    page = tab(talk)
    connected(page)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    write(page, "From the tunnel")
    expect(on_its_way(page)).to_have_count(1)
    page.context.set_offline(False)
    expect(said(page).last).to_contain_text("From the tunnel", timeout=SOON)
    expect(page.get_by_text("You are offline.")).to_be_hidden()


def test_who_is_signed_out_keeps_the_text(tab, talk):
    page = tab(talk)
    connected(page)
    field(page).fill("Half a sent")
    page.context.clear_cookies(name="sessionid")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-connection]")).to_contain_text("Your session ended", timeout=SOON)
    expect(page.locator("[data-connection]").get_by_role("link", name="Sign in")).to_be_visible()
    expect(field(page)).to_have_value("Half a sent")


def test_the_end_takes_two_steps(tab, talk):
    page = tab(talk)
    connected(page)
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_text("End the chat?")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Keep chatting").click()
    expect(page.get_by_role("button", name="End chat")).to_be_focused()
    page.get_by_role("button", name="End chat").click()
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_role("heading", name="Chat ended")).to_be_focused()
    talk.refresh_from_db()
    assert (talk.status, talk.ending) == ("closed", "member")


def test_a_double_press_leaves_no_queue(tab, waiting):
    page = tab(waiting, viewport=PHONE)
    page.evaluate(
        """() => {
            document.querySelector("[data-end-ask] [form=end]").click();
            document.querySelector("[data-end-question] [name=confirm]").click();
        }"""
    )
    expect(page.locator("#end-question")).to_be_focused()
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    page.get_by_role("button", name="Leave the queue").click()
    expect(page.get_by_role("heading", name="You left the queue")).to_be_focused()
    page.get_by_role("link", name="Start again with the same question").click()
    expect(page.get_by_label("How can we help?")).to_have_value("My order page loops.")


def test_who_starts_is_led_to_the_place(chat_portal, browser, member):
    page = arrive(browser, chat_portal, member, "/chat/", viewport=PHONE)
    page.get_by_label("How can we help?").fill("The page loops.")
    page.get_by_role("button", name="Start chat").last.click()
    expect(page.get_by_role("heading", name="You are in the queue")).to_be_focused()
    page.context.close()


def test_who_comes_back_into_the_queue_reads_why(tab, talk, agent):
    say(talk, agent, "One moment")
    page = tab(talk)
    connected(page)
    talk.release(agent)
    notice = page.locator("main > .notice").first
    expect(notice).to_have_text("You are back in the queue, in your old place.", timeout=SOON)
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    expect(page.get_by_role("heading", name="Your question")).to_have_count(0)


def test_nobody_at_the_desk_is_said_once(tab, waiting, agent):
    page = tab(waiting)
    Presence.objects.update(accepting=False)
    start(agent, "Another one").close(agent)
    expect(page.get_by_text("No agent is available right now.")).to_be_visible(timeout=SOON)
    page.wait_for_timeout(1_500)
    assert page.locator("main").inner_text().count("No agent is available right now.") == 1
    expect(page.get_by_text("An agent will be with you shortly")).to_have_count(0)


def test_details_are_typed_at_once(tab, waiting):
    page = tab(waiting)
    page.get_by_text("Add details").click()
    expect(field(page)).to_be_focused()


def test_on_a_phone_the_options_stay_on_the_page(tab, talk):
    page = tab(talk, viewport={"width": 360, "height": 640})
    connected(page)
    page.locator("[data-options] > summary").click()
    box = page.locator(".options").bounding_box()
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 360
    assert page.get_by_role("heading", name="Ana Novak").bounding_box()["height"] < 40


def test_words_that_came_too_late_go_into_a_ticket(tab, talk, agent):
    page = tab(talk)
    connected(page)
    field(page).fill("One more thing: it is urgent.")
    talk.close(agent)
    expect(page.get_by_text("Your text is kept.")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Send as a ticket instead").click()
    page.wait_for_url("**/technical-issues/new/**")
    expect(page.locator("#id_description")).to_have_value(re.compile("One more thing: it is urg"))


def test_two_tabs_agree_and_one_of_them_sounds(tab, talk, agent):
    first = tab(talk)
    first.context.add_init_script(
        """window.tones = 0;
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...when) {
            window.tones += 1;
            return start.apply(this, when);
        };"""
    )
    first.reload()
    second = tab(talk, beside=first)
    connected(second)
    first.get_by_role("button", name="Sound off").click()
    expect(second.get_by_role("button", name="Sound on")).to_have_attribute("aria-pressed", "true")
    write(second, "From the second tab")
    expect(said(first).last).to_contain_text("From the second tab", timeout=SOON)
    before = first.evaluate("tones") + second.evaluate("tones")
    say(talk, agent, "Ring")
    for page in (first, second):
        expect(said(page).last).to_contain_text("Ring", timeout=SOON)
    assert first.evaluate("tones") + second.evaluate("tones") == before + 1
    assert said(first).all_text_contents() == said(second).all_text_contents()


def test_a_tab_that_knows_less_takes_nothing_from_the_other(tab, talk):
    first = tab(talk)
    first.context.add_init_script(
        """addEventListener("storage", (event) => {
            if (window.isDeaf) event.stopImmediatePropagation();
        });"""
    )
    second = tab(talk, beside=first)
    connected(second)
    first.context.route(POSTS, lambda route: route.fulfill(status=400, json={"errors": {}}))
    write(first, "Refused")
    expect(on_its_way(second)).to_contain_text("Not sent.")
    second.evaluate("window.isDeaf = true")
    first.context.unroute(POSTS)
    first.context.route(POSTS, lambda route: route.abort())
    write(first, "Waits for the net")
    expect(on_its_way(first)).to_have_count(2)
    second.locator("[data-forget]").click()
    expect(on_its_way(first)).to_have_count(1)
    expect(on_its_way(first)).to_have_text(re.compile("Waits for the net"))
    first.context.unroute(POSTS)
    first.evaluate("dispatchEvent(new Event('online'))")
    expect(said(second).last).to_contain_text("Waits for the net", timeout=SOON)
    assert bodies(talk, talk.member)[1:] == ["Waits for the net"]


def test_two_tabs_do_not_hand_a_message_to_and_fro(tab, talk):
    """One tab is signed out and cannot send; the other has sent what both of them hold."""
    first = tab(talk)
    second = tab(talk, beside=first)
    connected(second)
    first.context.route(POSTS, lambda route: route.abort())
    write(first, "Sent by the other")
    expect(on_its_way(second)).to_have_count(1)
    outbox = "Object.keys(localStorage).find((key) => key.startsWith('chat-outbox:'))"
    for _ in range(2):
        second.evaluate(f"localStorage.removeItem({outbox} ?? '')")
        first.wait_for_timeout(1_000)
    assert second.evaluate(outbox) is None


def test_a_hidden_tab_counts_and_divides_what_is_new(tab, talk, agent):
    page = tab(talk)
    connected(page)
    title = page.title()
    hide(page)
    for text in ("First", "Second"):
        say(talk, agent, text)
    expect(page).to_have_title(f"(2) {title}", timeout=SOON)
    expect(page.locator("[data-divider-new] + .said")).to_contain_text("First")
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("^data:image/png"))
    hide(page, hidden=False)
    expect(page).to_have_title(title)
    expect(icon).to_have_attribute("href", re.compile("favicon"))


def test_reading_above_is_not_torn_away(tab, talk, agent):
    for number in range(30):
        say(talk, agent, f"Line {number}\nand more of it")
    page = tab(talk, viewport=PHONE)
    connected(page)
    log = page.get_by_role("log")
    log.evaluate("(log) => { log.scrollTop = 40; }")
    jump = page.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    say(talk, agent, "The newest")
    expect(said(page).last).to_contain_text("The newest", timeout=SOON)
    assert log.evaluate("(log) => log.scrollTop") == 40
    jump.click()
    expect(said(page).last).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_seen_is_told_and_shown(tab, talk, agent):
    page = tab(talk)
    connected(page)
    write(page, "Do you see this?")
    expect(said(page)).to_have_count(2)
    expect(said(page).last).to_contain_text("Sent")
    talk.refresh_from_db()
    Conversation.objects.mark_seen("agent_seen", {talk.pk: talk.last_seq})
    say(talk, agent, "I do.")
    expect(page.locator(".said.is-own").last).to_contain_text("Seen", timeout=SOON)
    for _ in range(60):
        talk.refresh_from_db()
        if talk.member_seen == talk.last_seq:
            break
        page.wait_for_timeout(250)
    assert talk.member_seen == talk.last_seq


def test_typing_is_shown_and_goes_away(tab, talk, agent, browser, chat_portal):
    page = tab(talk)
    connected(page)
    desk = arrive(browser, chat_portal, agent, "/", bypass_csp=True)
    desk.evaluate(
        """(path) => new Promise((opened) => {
            window.socket = new WebSocket(location.origin.replace("http", "ws") + path);
            window.heard = [];
            socket.onmessage = ({ data }) => { heard.push(JSON.parse(data)); opened(); };
        })""",
        f"/ws/chat/{talk.uuid}/?after=0",
    )
    desk.evaluate("""socket.send('{"type":"typing","on":true}')""")
    expect(page.get_by_text("Ana Novak is typing…")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Ana Novak is typing…")).to_be_hidden(timeout=SOON)
    field(page).press_sequentially("Hm")
    typing = "heard.some(({ type, author, on }) => type === 'typing' && author === 'member' && on)"
    desk.wait_for_function(typing)
    desk.context.close()


def test_enter_sends_but_not_within_a_word_nor_with_shift(tab, talk):
    page = tab(talk)
    connected(page)
    field(page).fill("Dobrý")
    field(page).dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    field(page).press("Shift+Enter")
    page.keyboard.type("den")
    expect(field(page)).to_have_value("Dobrý\nden")
    page.get_by_text("Options").click()
    page.get_by_label("Send with the Enter key").uncheck()
    field(page).press("Enter")
    expect(field(page)).to_have_value("Dobrý\nden\n")
    field(page).press("Control+Enter")
    expect(said(page)).to_have_count(2)
    assert bodies(talk, talk.member)[-1] == "Dobrý\nden\n"


def test_a_pasted_picture_is_sent_with_the_message(tab, talk):
    page = tab(talk)
    connected(page)
    paste_picture(page, "#id_body")
    expect(page.locator("[data-upload-done]:visible")).to_have_count(1)
    field(page).press("Enter")
    expect(said(page).last.locator("img")).to_have_js_property("complete", True)
    expect(said(page).last.get_by_role("link")).to_have_count(1)
    assert Message.objects.get(body="", event="").screenshots.count() == 1
    expect(page.locator("[data-upload-list] > li")).to_have_count(0)


def test_pictures_keep_their_order_and_are_not_enlarged(tab, talk):
    page = tab(talk)
    connected(page)
    wrong = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}
    tall = {"name": "tall.png", "mimeType": "image/png", "buffer": png(90, 1200)}
    small = {"name": "small.png", "mimeType": "image/png", "buffer": png(40, 30)}
    page.set_input_files("input[type=file]", [tall, small, wrong])
    problem = page.locator("[data-upload-problem]")
    expect(problem).to_contain_text("notes.txt")
    expect(page.locator("[data-upload-done]:visible")).to_have_count(2)
    write(page, "Look")
    expect(problem).to_be_hidden()
    names = said(page).last.locator("[data-picture-name]")
    expect(names).to_have_text(["tall.png", "small.png"])
    first, second = (image.bounding_box() for image in said(page).last.locator("img").all())
    assert first["height"] <= 320
    assert (second["width"], second["height"]) <= (42, 32)


def test_the_way_to_a_ticket_in_ones_language(tab, talk, agent):
    Conversation.objects.filter(pk=talk.pk).update(language="sl")
    talk.refresh_from_db()
    page = tab(talk)
    connected(page)
    talk.ask_for_ticket(agent, "The chat is in English only.", uuid.uuid4())
    button = page.locator(".said-system").get_by_role("button", name="Submit a ticket")
    expect(button).to_be_visible(timeout=SOON)
    field(page).fill("Ne govorim angleško.")
    button.click()
    page.wait_for_url("**/technical-issues/new/**")
    draft = Draft.objects.get()
    assert (draft.language, draft.from_chat) == ("sl", talk.uuid)
    assert "Ne govorim angleško." in draft.description


def test_without_scripts_one_starts_reads_writes_and_ends(chat_portal, browser, member, agent):
    plain = {"viewport": PHONE, "java_script_enabled": False}
    page = arrive(browser, chat_portal, member, "/chat/", **plain)
    page.fill("#id_question", "The page loops.")
    page.get_by_role("button", name="Start chat").last.click()
    expect(page.get_by_role("heading", name="You are in the queue")).to_be_visible()
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    conversation = Conversation.objects.get()
    conversation.claim(agent)
    page.get_by_role("link", name="Stop it").click()
    for text in ("Which page?", *(f"I go on\nwith {n}" for n in range(12)), "And which browser?"):
        say(conversation, agent, text)
    for _ in range(2):
        page.get_by_role("link", name="Look for news").click()
        expect(said(page).last).to_contain_text("And which browser?")
        expect(said(page).last).to_be_in_viewport()
        # A page that reloads by itself would wipe away what is half written.
        assert page.locator("meta[http-equiv=refresh]").count() == 0
    field(page).fill("The one with the orders")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(said(page).last).to_contain_text("The one with the orders")
    expect(said(page).last).to_be_in_viewport()
    expect(field(page)).to_be_in_viewport()
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_text("End the chat?")).to_be_visible()
    page.get_by_role("button", name="End chat").click()
    expect(page.get_by_role("heading", name="Chat ended")).to_be_visible()
    page.context.close()
    conversation.refresh_from_db()
    assert conversation.ending == "member"


def test_long_words_do_not_widen_a_phone(tab, talk, agent):
    agent.first_name = "Wolfeschlegelsteinhausenbergerdorff" * 2
    agent.save()
    say(talk, agent, "https://example.com/" + "a" * 300)
    say(talk, agent, "\n".join(f"line {number}" for number in range(20)))
    page = tab(talk, viewport={"width": 320, "height": 640})
    connected(page)
    write(page, "ž" * 400)
    expect(said(page)).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_role("log").evaluate("(log) => log.scrollWidth <= log.clientWidth")


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [
        *(("en", "light", PHONE), ("en", "dark", DESK)),
        *(("cs", "dark", PHONE), ("sl", "light", DESK)),
    ],
)
def test_every_state_is_fit_to_be_read(tab, waiting, agent, language, theme, size):
    waiting.member.language = language
    waiting.member.save()
    faults = []

    def look(state):
        page = tab(waiting, viewport=size, color_scheme=theme)
        page.on("console", lambda line: faults.append(f"{state}: {line.text}"))
        page.on("pageerror", lambda error: faults.append(f"{state}: {error}"))
        page.reload()
        page.wait_for_load_state("networkidle")
        for control in ("[data-options] > summary", "[data-add] > summary", "[data-end-ask]"):
            if page.locator(control).count() and state == "open":
                page.locator(control).click()
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], state
        found = Axe().run(page).response["violations"]
        faults.extend(f"{state}: {x['id']} {[n['target'] for n in x['nodes']]}" for x in found)
        page.context.close()

    look("waiting")
    waiting.claim(agent)
    say(waiting, agent, "Hello")
    waiting.ask_for_ticket(agent, "Please submit a ticket.", uuid.uuid4())
    look("talk")
    look("open")
    waiting.close(agent)
    look("ended")
    assert not faults


def test_the_page_is_light_and_asks_no_other_host(tab, talk, chat_portal):
    page = tab(talk)
    loaded = {}
    page.on("response", lambda answer: loaded.__setitem__(answer.url, answer))
    page.reload()
    connected(page)
    assert all(url.startswith((chat_portal.url, "data:", "blob:")) for url in loaded)
    sizes = {"css": 0, "js": 0}
    for url, answer in loaded.items():
        kind = url.split("?")[0].rpartition(".")[2]
        if kind in sizes:
            sizes[kind] += len(gzip.compress(answer.body(), 6))
    assert 0 < sizes["css"] <= 30_000
    assert 0 < sizes["js"] <= 25_000


def test_another_language_keeps_the_talk_and_the_typed_text(tab, talk):
    page = tab(talk)
    connected(page)
    field(page).fill("Half a sentence")
    page.get_by_text("Options").click()
    page.get_by_role("button", name="Slovenščina").click()
    expect(page.locator("html")).to_have_attribute("lang", "sl")
    expect(page.locator("#id_body")).to_have_value("Half a sentence")
    expect(said(page)).to_have_count(1)


def test_a_notification_tells_who_wrote_but_not_what(tab, talk, agent):
    page = tab(talk)
    page.context.add_init_script(
        """window.notices = [];
        window.Notification = class extends EventTarget {
            static permission = "granted";
            constructor(text) { super(); notices.push(text); }
        };"""
    )
    page.reload()
    connected(page)
    say(talk, agent, "Seen as it comes")
    expect(said(page).last).to_contain_text("Seen as it comes", timeout=SOON)
    hide(page)
    say(talk, agent, "My secret")
    expect(said(page).last).to_contain_text("My secret", timeout=SOON)
    assert page.evaluate("notices") == ["New message from Ana Novak"]
