"""Answering a ticket in a real browser: two agents, canned replies, questions, the draft."""

import datetime as dt
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import answer, submit
from playwright.sync_api import expect

from tickets.desk import pulse
from tickets.models import AnswerDraft, CannedReply, TicketPresence

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/ticket/"
SOON = 10_000


@pytest.fixture
def quick(settings):
    """A pulse every second, so that stories are short."""
    settings.DESK_PULSE = 1


@pytest.fixture
def desk(browser, portal, quick):
    """Opens a ticket's page for somebody, each in a browser of their own."""
    contexts = []

    def open_page(someone, ticket, query="", **options):
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda line: line.type == "error" and page.problems.append(line.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        sign_in(page, portal, someone, f"{LIST}{ticket.pk}/change/{query}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def presence(page):
    return page.locator("[role=status][data-presence]")


def body(page):
    return page.locator("#id_body")


def saved(page):
    """All that was typed is kept: the line alone may speak of the letters before the last."""
    expect(page.locator("[data-draft-saved]")).to_be_visible(timeout=SOON)
    kept(page, body(page).input_value())


def kept(page, text):
    for _look in range(40):
        if AnswerDraft.objects.filter(body=text).exists():
            return
        page.wait_for_timeout(250)
    assert AnswerDraft.objects.get().body == text


def age(seconds):
    """Let time pass for every lease that nobody renews."""
    for row in TicketPresence.objects.all():
        TicketPresence.objects.filter(pk=row.pk).update(
            seen_at=row.seen_at - dt.timedelta(seconds=seconds)
        )


# --- Two agents on one ticket --------------------------------------------------------------------


def test_two_agents_see_each_other_and_nothing_is_lost(desk, ticket, agent, supervisor):
    ana, eva = desk(agent, ticket), desk(supervisor, ticket)
    expect(presence(ana)).to_have_text("Viewing this ticket now: Eva Novak", timeout=SOON)
    expect(presence(eva)).to_have_text("Viewing this ticket now: Ana Novak", timeout=SOON)
    body(eva).press_sequentially("Že rešujem.", delay=20)
    expect(presence(ana)).to_have_text("Writing now: Eva Novak", timeout=SOON)

    # Ana writes all the while; nothing takes her cursor or her words.
    body(ana).press_sequentially("Kateri brskalnik", delay=20)
    eva.get_by_role("button", name="Send reply to member").click()
    expect(eva.locator(".messagelist")).to_contain_text("The reply is sent to the member.")
    expect(ana.locator("[data-news]")).to_be_visible(timeout=SOON)
    expect(body(ana)).to_be_focused()
    ana.keyboard.type(" uporabljate?")

    # She sends without a look: the new reply stands above her text, which waits.
    ana.keyboard.press("Control+Enter")
    alert = ana.locator("[role=alert]", has_text="There is something new")
    expect(alert).to_be_visible()
    expect(ana.locator("#reply .thread")).to_contain_text("Že rešujem.")
    expect(body(ana)).to_have_value("Kateri brskalnik uporabljate?")
    ana.get_by_role("button", name="Send reply to member").click()
    expect(ana.locator(".messagelist")).to_contain_text("The reply is sent to the member.")
    assert [reply.body for reply in ticket.replies.order_by("pk")] == [
        "Že rešujem.",
        "Kateri brskalnik uporabljate?",
    ]
    assert not AnswerDraft.objects.exists()
    assert not [line for line in ana.problems + eva.problems if "409" not in line]


def test_a_closed_tab_is_no_presence(desk, ticket, agent, supervisor):
    ana, eva = desk(agent, ticket), desk(supervisor, ticket)
    expect(presence(ana)).to_contain_text("Eva Novak", timeout=SOON)
    eva.close()
    expect(presence(ana)).to_be_empty(timeout=SOON)


def test_a_browser_that_dies_without_a_word_is_gone_when_its_lease_ends(
    desk, ticket, agent, supervisor
):
    ana, eva = desk(agent, ticket), desk(supervisor, ticket)
    expect(presence(ana)).to_contain_text("Eva Novak", timeout=SOON)
    eva.context.set_offline(True)
    eva.close()
    ana.wait_for_timeout(1_500)
    expect(presence(ana)).to_contain_text("Eva Novak")
    age(60)
    expect(presence(ana)).to_be_empty(timeout=SOON)


def test_a_hidden_tab_does_not_look(desk, ticket, agent, supervisor):
    ana, eva = desk(agent, ticket), desk(supervisor, ticket)
    expect(presence(ana)).to_contain_text("Eva Novak", timeout=SOON)
    eva.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    eva.wait_for_timeout(1_500)
    age(60)
    expect(presence(ana)).to_be_empty(timeout=SOON)


def test_what_is_new_is_shown_with_the_text_kept(desk, ticket, agent, supervisor):
    ana = desk(agent, ticket)
    body(ana).fill("Na pol")
    answer(ticket, supervisor, "Že rešujem.", verb="note")
    ana.locator("[data-news-link]").click(timeout=SOON)
    expect(ana.locator(".thread")).to_contain_text("Že rešujem.")
    expect(body(ana)).to_have_value("Na pol")


# --- The draft -----------------------------------------------------------------------------------


def test_the_draft_survives_a_closed_tab(desk, ticket, agent):
    page = desk(agent, ticket)
    page.locator(".modes label", has_text="Internal note").click()
    body(page).press_sequentially("Med nami")
    saved(page)
    body(page).press_sequentially(", še nekaj")
    page.close(run_before_unload=True)
    again = page.context.new_page()
    kept(again, "Med nami, še nekaj")
    again.goto(page.url)
    expect(body(again)).to_have_value("Med nami, še nekaj")
    expect(again.locator("[name=mode][value=note]")).to_be_checked()
    expect(again.locator("[data-kept]")).to_contain_text("Draft restored from")
    again.get_by_role("button", name="Discard draft").click()
    expect(body(again)).to_have_value("")
    again.reload()
    expect(body(again)).to_have_value("")


@pytest.mark.parametrize("seconds", [0, 2], ids=["quick", "slow"])
def test_a_reload_keeps_what_was_typed_a_moment_ago(desk, ticket, agent, monkeypatch, seconds):
    def slowly(*about, _keep=pulse._keep):
        time.sleep(seconds)  # the next page is there before the draft
        return _keep(*about)

    page = desk(agent, ticket)
    monkeypatch.setattr(pulse, "_keep", slowly)
    body(page).press_sequentially("Še\nsveže")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    page.keyboard.type("Kje?")
    page.reload()
    expect(body(page)).to_have_value("Še\nsveže", timeout=SOON)
    expect(page.get_by_label("Question 1")).to_have_value("Kje?")
    body(page).press_sequentially(", pa še to")
    saved(page)
    assert page.locator("[data-elsewhere]").is_hidden()


def test_who_stops_the_sending_writes_on(desk, ticket, agent):
    page = desk(agent, ticket)
    page.route("**/change/", lambda route: route.abort("aborted"))
    body(page).press_sequentially("Prvo")
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(16_000)
    page.unroute("**/change/")
    body(page).press_sequentially(" in drugo")
    kept(page, "Prvo in drugo")


def test_the_enter_key_on_a_tab_throws_no_draft_away(desk, ticket, agent):
    page = desk(agent, ticket)
    body(page).press_sequentially("Na pol")
    saved(page)
    page.reload()
    expect(page.get_by_role("button", name="Discard draft")).to_be_visible()
    page.locator("[name=mode][value=reply]").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Choose what to do")
    expect(body(page)).to_have_value("Na pol")
    ticket.refresh_from_db()
    assert (ticket.assignee, AnswerDraft.objects.get().body) == (None, "Na pol")


@pytest.mark.parametrize("seconds", [0, 3], ids=["quick", "slow"])
def test_two_tabs_of_one_agent_lose_nothing(desk, ticket, agent, monkeypatch, seconds):
    def slowly(*about, _newest=pulse._newest):
        time.sleep(seconds)  # a pulse is nearly always under way
        return _newest(*about)

    monkeypatch.setattr(pulse, "_newest", slowly)
    first = desk(agent, ticket)
    second = first.context.new_page()
    second.goto(first.url)
    body(first).press_sequentially("Prvi")
    saved(first)
    body(second).press_sequentially("Drugi")
    notice = second.locator("[data-elsewhere]")
    expect(notice).to_be_visible(timeout=SOON)
    assert AnswerDraft.objects.get().body == "Prvi"
    notice.get_by_role("button", name="Keep this text instead").click()
    saved(second)
    expect(notice).to_be_hidden()
    expect(first.locator("[data-elsewhere]")).to_be_visible(timeout=SOON)
    expect(body(first)).to_have_value("Prvi")


def test_a_tab_in_which_nobody_types_empties_nothing(desk, ticket, agent):
    first = desk(agent, ticket)
    second = first.context.new_page()
    second.goto(first.url)
    body(first).press_sequentially("Prvi")
    saved(first)
    second.close(run_before_unload=True)
    first.wait_for_timeout(500)
    assert AnswerDraft.objects.get().body == "Prvi"


# --- By keyboard alone ---------------------------------------------------------------------------


@pytest.fixture
def czech(gold):
    return submit(gold, title="Objednávku nelze zpracovat", description="Kliknu na Zaplatit.")


def test_a_canned_reply_in_czech_and_two_questions_by_keyboard(desk, czech, agent):
    page = desk(agent, czech)
    expect(page.locator("[data-canned-open]")).to_be_visible()
    page.keyboard.press("c")
    options = page.locator("[data-canned]").get_by_role("option")
    expect(options).to_have_count(CannedReply.objects.filter(for_tickets=True).count())
    page.keyboard.type("rece")
    expect(options).to_have_count(1)
    expect(options.locator("[lang=cs]")).to_contain_text("děkujeme za nahlášení")
    expect(options.locator("[lang=en]")).to_contain_text("Thank you for your report")
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value(czech_text("received"))
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    page.keyboard.type("Jaký prohlížeč?")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    expect(page.get_by_label("Question 2")).to_be_focused()
    page.keyboard.type("Kdy?")
    expect(page.get_by_role("button", name="Send reply to member")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messagelist")).to_contain_text("The question is sent")
    question = czech.replies.get()
    assert [row.text for row in question.questions.all()] == ["Jaký prohlížeč?", "Kdy?"]
    assert question.body.startswith("Dobrý den,")
    assert not page.problems


def czech_text(shortcut):
    return CannedReply.objects.get(shortcut=shortcut).text_cs


def test_the_list_of_canned_replies_closes_without_a_trace(desk, czech, agent):
    page = desk(agent, czech)
    body(page).fill("Beseda")
    page.get_by_role("button", name="Canned reply").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(body(page)).to_have_value("Beseda ")
    expect(body(page)).to_be_focused()


def test_in_a_note_a_slash_is_a_slash(desk, czech, agent):
    page = desk(agent, czech)
    page.keyboard.press("i")
    page.keyboard.type("/")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.type("var/log")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".is-note")).to_contain_text("/var/log")
    assert czech.replies.get().kind == "note"


def test_question_boxes_come_and_go(desk, czech, agent):
    page = desk(agent, czech)
    boxes = page.locator("[name=questions]")
    add = page.get_by_role("button", name="Add a question")
    expect(boxes).to_have_count(0)
    for n in range(5):
        add.click()
        page.keyboard.type(f"Otázka {n}?")
    expect(add).to_be_hidden()
    page.get_by_role("button", name="Remove question 2").click()
    expect(boxes).to_have_count(4)
    expect(page.get_by_label("Question 2")).to_be_focused()
    expect(page.get_by_label("Question 2")).to_have_value("Otázka 2?")
    expect(add).to_be_visible()


def test_each_tab_keeps_a_text_of_its_own(desk, czech, agent):
    page = desk(agent, czech)
    page.keyboard.press("i")
    page.keyboard.type("Med nami")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(body(page)).to_have_value("")
    kept(page, "Med nami")
    assert (AnswerDraft.objects.get().mode, AnswerDraft.objects.get().body) == ("note", "Med nami")
    page.keyboard.type("Da.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messagelist")).to_contain_text("The reply is sent")
    assert [reply.body for reply in czech.replies.all()] == ["Da."]
    expect(body(page)).to_have_value("Med nami")
    expect(page.get_by_role("button", name="Save internal note")).to_be_visible()
    expect(page.get_by_role("button", name="Canned reply")).to_be_hidden()


def test_the_keys_lead_through_the_view(desk, czech, agent, silver):
    other = submit(silver, at=czech.created_at + dt.timedelta(minutes=5))
    page = desk(agent, czech, "?view=unassigned")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("]")
    page.wait_for_url(f"**/{other.pk}/change/?view=unassigned")
    page.keyboard.press("[")
    page.wait_for_url(f"**/{czech.pk}/change/?view=unassigned")
    page.keyboard.press("a")
    expect(page.locator(".messagelist")).to_contain_text("The ticket is yours.")
    page.wait_for_load_state()
    page.keyboard.press("n")
    page.wait_for_url(f"**/{other.pk}/change/**")
    page.keyboard.press("u")
    page.wait_for_url(lambda url: LIST in url and "change" not in url)


def test_after_sending_the_message_stands_at_the_reply_and_leads_on(desk, czech, agent, silver):
    other = submit(silver, at=czech.created_at + dt.timedelta(minutes=5))
    for n in range(8):
        answer(czech, agent, f"Dolgo.\n\n{n}\n\nKonec.", verb="note")
    page = desk(agent, czech, "?view=unassigned")
    page.keyboard.press("r")
    page.keyboard.type("Kdaj?")
    page.get_by_role("button", name="Send and wait for feedback").click()
    said = page.locator(".messagelist")
    expect(said).to_be_focused()
    expect(said).to_be_in_viewport()
    page.keyboard.press("]")
    page.wait_for_url(f"**/{other.pk}/change/?view=unassigned")
    assert not page.problems


def test_a_page_hears_that_its_ticket_was_merged(desk, czech, agent, gold):
    target = submit(gold, title="Znovu")
    page = desk(agent, czech)
    czech.merge_into(agent, target, at=czech.created_at)
    page.locator("[data-merged-link]").click(timeout=SOON)
    page.wait_for_url(f"**/{target.pk}/change/")


def test_the_keys_can_be_switched_off(desk, czech, agent):
    page = desk(agent, czech)
    page.keyboard.press("?")
    page.get_by_label("Use keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    expect(page.locator("[name=mode][value=reply]")).to_be_checked()


# --- Without script, and for everybody -----------------------------------------------------------


def test_without_script_everything_can_be_done(desk, czech, agent):
    page = desk(agent, czech, java_script_enabled=False)
    page.locator("#id_canned").select_option("received")
    page.get_by_role("button", name="Insert").click()
    expect(body(page)).to_have_value(czech_text("received"))
    page.locator("summary", has_text="Ask questions one by one").click()
    page.get_by_label("Question 1").fill("Kdy?")
    page.get_by_role("button", name="Send and wait for feedback").click()
    expect(page.locator(".messagelist")).to_contain_text("The question is sent")
    assert [row.text for row in czech.replies.get().questions.all()] == ["Kdy?"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_answer_is_fit_to_be_read(desk, czech, agent, supervisor, size, theme, tmp_path):
    TicketPresence.objects.renew(czech, supervisor, writing=True)
    page = desk(agent, czech, viewport=size, color_scheme=theme)
    page.locator("[data-question-add]").click()
    page.keyboard.type("Jaký prohlížeč používáte?")
    saved(page)
    page.locator("[data-canned-open]").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    page.evaluate("document.querySelector('#reply').scrollIntoView()")
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    violations = Axe().run(page).response["violations"]
    assert not [(item["id"], [node["html"] for node in item["nodes"]]) for item in violations]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
