"""The console for everybody: no violation of WCAG by axe, in three languages and two themes."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium
from chatting import age, start
from live import arrive
from playwright.sync_api import expect

from chat.models import Conversation

pytestmark = [pytest.mark.browser, needs_chromium]
SOON = 15_000


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]]


@pytest.fixture
def busy(chat_portal, agent, silver, gold):
    """A chat with a note, and somebody who waits too long."""
    chat = start(silver, "The order page loops.", language="sl")
    chat.claim(agent)
    chat.add_note(agent, "Like last week", uuid.uuid4())
    age(Conversation.objects.filter(pk=start(gold).pk), "queued_at", 400)
    return chat


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "cs", "sl"])
def test_nobody_is_kept_out(browser, chat_portal, busy, agent, language, theme):
    agent.language = language
    agent.save()
    context = {"viewport": DESK, "color_scheme": theme}
    page = arrive(browser, chat_portal, agent, f"/staff/chat/{busy.uuid}/", **context)
    expect(page.locator("[data-connection-state].is-up")).to_be_visible(timeout=SOON)
    field = page.locator("[data-composer] textarea")
    field.press_sequentially("/")
    expect(page.get_by_role("listbox")).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Escape")
    page.locator("[data-end-ask]").click()
    page.locator("[data-note-mode]").click()
    field.blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Escape")
    page.set_viewport_size(PHONE)
    for tab in ("queue", "talk", "info"):
        page.locator(f"[data-tab={tab}]").click()
        assert not violations(page), tab
    page.context.close()
