"""An agent is shut out in the middle of a chat; and the pages of it, in a real browser."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from chatting import age, start
from conftest import submit
from django.urls import reverse
from live import arrive
from playwright.sync_api import expect

from accounts.models import User
from chat.models import Conversation, Presence

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHUT_OUT_SHOTS", "")
SOON = 15_000  # a poke that got lost is made good by the watch within seconds


def test_the_member_waits_again_and_the_agent_is_signed_out(
    browser, chat_portal, agent, supervisor, other_silver, gold
):
    chat = start(other_silver, "My order page loops.")
    age(Conversation.objects.filter(pk=chat.pk), "queued_at", 300)
    Presence.choose(agent, accepting=True)
    chat.claim(agent)
    gold.language = "en"
    gold.save()
    start(gold, "I come second.")
    desk = arrive(browser, chat_portal, agent, f"/staff/chat/{chat.uuid}/", viewport=DESK)
    expect(desk.locator("[data-connection-words]")).to_have_text("Connected", timeout=SOON)
    member = arrive(browser, chat_portal, other_silver, chat.get_absolute_url(), viewport=PHONE)
    expect(member.get_by_text("Connected", exact=True)).to_be_visible(timeout=SOON)
    second = arrive(browser, chat_portal, gold, "/chat/", viewport=PHONE)
    expect(second.get_by_text("You are next").first).to_be_visible(timeout=SOON)

    boss = arrive(
        browser, chat_portal, supervisor, reverse("admin:accounts_user_change", args=[agent.pk])
    )
    boss.get_by_role("link", name="Shut out").click()
    expect(boss.get_by_text("1 chat goes back into the queue")).to_be_visible()
    boss.get_by_role("button", name="Shut out").click()
    expect(boss.get_by_text("Ana Novak is shut out.")).to_be_visible()

    notice = member.get_by_text("You are back in the queue, in your old place.")
    expect(notice.first).to_be_visible(timeout=SOON)
    expect(member.get_by_role("heading", name="You are in the queue")).to_be_visible(timeout=SOON)
    expect(member.get_by_text("You are next").first).to_be_visible(timeout=SOON)
    expect(second.get_by_text("Your place in the queue: 2").first).to_be_visible(timeout=SOON)
    strip = desk.locator("[data-connection]").first
    expect(strip).to_contain_text("Your session ended. Sign in again to continue", timeout=SOON)
    desk.reload()
    expect(desk).to_have_url(re.compile("/accounts/login/"))
    for page in (desk, member, second, boss):
        page.context.close()


def look_at(page, name):
    """Fit to be read, no wider than the screen; a picture for those who want to see."""
    page.wait_for_load_state()
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    found = Axe().run(page)
    assert not found.response["violations"], f"{name}\n{found.generate_report()}"


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [
        ("en", "dark", PHONE),
        ("cs", "light", PHONE),
        ("sl", "dark", PHONE),
        ("en", "light", DESK),
        ("cs", "dark", DESK),
        ("sl", "light", DESK),
    ],
    ids=lambda part: str(part["width"]) if isinstance(part, dict) else part,
)
def test_the_pages_are_fit_to_be_read(
    browser, portal, agent, supervisor, silver, size, theme, language
):
    mark = f"{size['width']}-{theme}-{language}"
    submit(silver).assign(agent, agent, at=agent.date_joined)
    User.objects.update(language=language)
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, portal, supervisor, reverse("admin:accounts_user_change", args=[agent.pk]))
    for someone in (agent, silver):
        for name in ("shut_out", "let_in"):
            page.goto(portal + reverse(f"admin:accounts_user_{name}", args=[someone.pk]))
            look_at(page, f"{name}-{someone.pk}-{mark}")
            if name == "shut_out":
                page.click(".privacy form button")
                page.wait_for_url("**/change/")
                look_at(page, f"change-{mark}")
                page.goto(portal + reverse("admin:accounts_user_shut_out", args=[someone.pk]))
                look_at(page, f"is-out-{mark}")
    page.goto(f"{portal}/preferences/")
    look_at(page, f"preferences-{mark}")
    assert not complaints
    context.close()


def test_it_is_done_by_keyboard_and_without_scripts(browser, portal, agent, supervisor):
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, supervisor, reverse("admin:accounts_user_shut_out", args=[agent.pk]))
    page.get_by_role("button", name="Shut out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    assert not User.objects.get(pk=agent.pk).is_active
    page.get_by_role("link", name="Let in again").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Let in again").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    assert User.objects.get(pk=agent.pk).is_active
    context.close()
