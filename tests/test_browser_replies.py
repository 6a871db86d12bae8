"""Supervisors at their settings in a real browser: previews, logs, and nothing a policy forbids."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import NOW, submit
from django.utils import timezone
from test_browser_pages import complaints

from tickets.models import CannedReply, Topic

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LIST = "/admin/tickets/cannedreply/"


@pytest.fixture
def outdated(seeded):
    """A reply whose English text has changed since it was translated, and one without Czech."""
    CannedReply.objects.create(shortcut="cart", text_en="Please empty the cart.", for_chat=False)
    row = CannedReply.objects.get(shortcut="hello")
    row.text_en = "Hello {name}, this is {agent}. I have your ticket here: {ticket_link}"
    row.revise(at=NOW, still_right=["cs"])
    return row


@pytest.fixture
def ticket(silver):
    return submit(silver, at=timezone.now())


def test_a_preview_stands_in_the_editor_and_nothing_is_lost(
    page, portal, supervisor, outdated, ticket
):
    path = f"{LIST}{outdated.pk}/change/"
    sign_in(page, portal, supervisor, path)
    page.fill("[name=text_en]", "Dear {name}, unsaved words")
    page.fill("[name=number]", ticket.number)
    page.press("[name=number]", "Enter")
    shown = page.locator("[data-canned-preview-place]")
    shown.get_by_text("Dear Sonja Novak, unsaved words").wait_for()
    assert page.input_value("[name=text_en]") == "Dear {name}, unsaved words"
    page.fill("[name=text_cs]", "Ahoj {jmeno}")
    page.get_by_role("button", name="Show preview").click()
    shown.get_by_text("Čeština: Unknown placeholder: {jmeno}").wait_for()
    assert page.url == portal + path
    outdated.refresh_from_db()
    assert outdated.text_en.startswith("Hello")


def test_without_scripts_the_preview_opens_beside_the_editor(
    browser, portal, supervisor, outdated, ticket
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, supervisor, f"{LIST}{outdated.pk}/change/")
    page.fill("[name=text_en]", "Dear {name}, unsaved words")
    page.fill("[name=number]", str(ticket.pk))
    with context.expect_page() as opened:
        page.get_by_role("button", name="Show preview").click()
    assert "Dear Sonja Novak, unsaved words" in opened.value.locator("#content").inner_text()
    assert page.input_value("[name=text_en]") == "Dear {name}, unsaved words"
    context.close()


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
@pytest.mark.parametrize(("theme", "size"), [("light", PHONE), ("dark", DESK)])
def test_the_pages_of_supervisors_are_fit_to_be_read(
    browser, portal, supervisor, outdated, ticket, language, theme, size
):
    supervisor.language = language
    supervisor.save()
    topic = Topic.objects.first()
    ticket.set_topic(supervisor, topic, at=NOW)
    context = browser.new_context(viewport=size, color_scheme=theme)
    page, faults = context.new_page(), []
    sign_in(page, portal, supervisor)
    paths = {
        "replies": LIST,
        "reply": f"{LIST}{outdated.pk}/change/",
        "topics": "/admin/tickets/topic/",
        "topic": f"/admin/tickets/topic/{topic.pk}/change/",
        "topic-delete": f"/admin/tickets/topic/{topic.pk}/delete/",
        "topic-history": f"/admin/tickets/topic/{topic.pk}/history/",
        "events": "/admin/tickets/ticketevent/",
        "event": f"/admin/tickets/ticketevent/{ticket.last_event}/change/",
        "log": "/admin/accounts/auditentry/",
        "log-range": "/admin/accounts/auditentry/?since=2026-07-15&until=2026-07-01",
    }
    for name, path in paths.items():
        with complaints(page) as found:  # not later: axe itself sets styles
            page.goto(portal + path)
        faults += [f"{name}: {complaint}" for complaint in found]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            faults.append(f"{name}: scrolls sideways, {width} px")
        violations = Axe().run(page).response["violations"]
        faults += [f"{name}: {v['id']} {[n['target'] for n in v['nodes']]}" for v in violations]
    context.close()
    assert not faults, "\n".join(sorted(set(faults)))
