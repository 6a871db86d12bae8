"""A console in a tab that nobody looks at: browsers slow its timers, not its messages."""

import pytest
from browsing import DESK, needs_chromium
from chatting import say, start
from live import arrive
from playwright.sync_api import expect

from chat.models import Conversation

pytestmark = [pytest.mark.browser, needs_chromium]
SLOWED = """for (const name of ["setTimeout", "setInterval"]) {
    const real = window[name].bind(window);
    const slow = (delay) => Math.max(Number(delay) || 0, 60_000);
    window[name] = (act, delay, ...rest) => real(act, slow(delay), ...rest);
}
Object.defineProperty(document, "hidden", { value: true });
Object.defineProperty(document, "visibilityState", { value: "hidden" });"""


def test_slowed_timers_cost_no_chat(browser, chat_portal, agent, silver, settings):
    talk = start(silver)
    talk.claim(agent)
    page = arrive(browser, chat_portal, agent, "/", viewport=DESK)
    page.context.add_init_script(SLOWED)
    page.goto(f"{chat_portal}/staff/chat/{talk.uuid}/")
    page.wait_for_timeout((settings.CHAT_AGENT_LEASE + 15) * 1000)
    assert Conversation.objects.sweep() == 0
    talk.refresh_from_db()
    assert (talk.status, talk.agent) == ("active", agent)
    say(talk, silver, "Are you there?")
    expect(page.locator("[data-log]:visible")).to_contain_text("Are you there?", timeout=15_000)
    page.context.close()
