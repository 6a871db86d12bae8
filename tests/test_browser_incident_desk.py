"""A supervisor announces an incident, links, answers and ends it: by keyboard, in every look."""

import pytest
from browsing import DESK, PHONE, listen, look_at, needs_chromium, sign_in
from conftest import submit
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from tickets.models import Incident, Notice

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
WORDS = {
    "title_en": "Payments by card fail",
    "title_cs": "Platby kartou selhávají",
    "title_sl": "Kartična plačila ne delujejo",
    "text_en": "Since the morning cards are refused at the checkout. Other ways to pay work.",
    "text_cs": "Od rána pokladna odmítá karty. Ostatní způsoby platby fungují.",
    "text_sl": "Od jutra blagajna zavrača kartice. Drugi načini plačila delujejo.",
}
ANSWER = {"en": "We are working on it.", "cs": "Pracujeme na tom.", "sl": "Delamo na tem."}
ENDING = {"en": "Cards work again.", "cs": "Karty zase fungují.", "sl": "Kartice spet delujejo."}


def reach(page, selector):
    """Go on by the Tab key until ``selector`` has the focus."""
    for _step in range(80):
        if page.evaluate("chosen => document.activeElement.matches(chosen)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {selector}")


def write(page, selector, text):
    reach(page, selector)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def press(page, selector):
    """Press a button or follow a link by the Enter key."""
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [
        (DESK, "light", "en"),
        (PHONE, "dark", "cs"),
        (PHONE, "light", "sl"),
        (DESK, "dark", "sl"),
    ],
    ids=["1280-light-en", "360-dark-cs", "360-light-sl", "1280-dark-sl"],
)
def test_an_incident_from_its_announcement_to_its_end(
    browser, portal, silver, gold, supervisor, complaints, size, theme, language
):
    mark = f"{size['width']}-{theme}-{language}"
    tickets = [submit(member, at=timezone.now()) for member in (silver, gold)]
    User.objects.filter(pk=supervisor.pk).update(language=language)
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = listen(context.new_page(), complaints)
    sign_in(page, portal, supervisor, "/admin/tickets/incident/")
    look_at(page, f"empty-{mark}", complaints)

    press(page, ".addlink")
    for name, words in WORDS.items():
        if name != "text_sl":
            write(page, f"#id_{name}", words)
    look_at(page, f"add-{mark}", complaints)
    press(page, "[name=_publish]")
    press(page, ".incident-act button[type=submit]")
    page.wait_for_selector("[data-focus-summary]")
    assert "Slovenščina" in page.inner_text("[data-focus-summary]")
    look_at(page, f"publish-refused-{mark}", complaints)
    press(page, "[data-focus-summary] a")
    write(page, "#id_text_sl", WORDS["text_sl"])
    press(page, "[name=_publish]")
    look_at(page, f"publish-{mark}", complaints)
    press(page, ".incident-act button[type=submit]")
    incident = Incident.objects.get()
    assert incident.is_current
    look_at(page, f"published-{mark}", complaints)

    press(page, ".incident-head a[href$='/link/']")
    numbers = f"{tickets[0].number}, {tickets[1].pk}"
    write(page, "#id_numbers", f"{numbers}, 999999")
    press(page, ".incident-act button[type=submit]")
    assert page.input_value("#id_numbers") == f"{numbers}, 999999"
    look_at(page, f"link-{mark}", complaints)
    page.goto(portal + reverse("admin:tickets_incident_change", args=[incident.pk]))
    assert incident.affected.count() == 2

    press(page, ".incident-head a[href$='/answer/']")
    for code, text in ANSWER.items():
        write(page, f"#id_text_{code}", text)
    look_at(page, f"answer-{mark}", complaints)
    press(page, ".incident-act button[type=submit]")
    look_at(page, f"answering-{mark}", complaints)
    call_command("run_jobs")
    assert [ticket.replies.get().body for ticket in tickets] == [ANSWER["sl"], ANSWER["cs"]]

    press(page, ".incident-head a[href$='/end/']")
    for code, text in ENDING.items():
        write(page, f"#id_text_{code}", text)
    reach(page, "#id_closes")
    page.keyboard.press("Space")
    look_at(page, f"end-{mark}", complaints)
    before = Email.objects.count()
    press(page, ".incident-act button[type=submit]")
    call_command("run_jobs")
    assert Email.objects.count() == before + 2
    assert not Notice.objects.filter(done_at=None).exists()
    page.reload()
    look_at(page, f"ended-{mark}", complaints)
    for ticket in tickets:
        ticket.refresh_from_db()
        assert ticket.is_closed

    press(page, ".incident-shares a")
    assert tickets[1].number in page.inner_text(".work-table")
    look_at(page, f"worklist-{mark}", complaints)
    press(page, "a[data-open]")
    page.wait_for_selector(".thread")
    look_at(page, f"ticket-{mark}", complaints)
    page.goto(f"{portal}/admin/tickets/incident/")
    look_at(page, f"list-{mark}", complaints)
    context.close()
