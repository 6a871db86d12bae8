"""A member on a phone answers one of two questions; what support notes for itself is nowhere."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import answer, png_file
from django.utils import timezone
from playwright.sync_api import expect
from post_office.models import Email

from tickets.models import Question, Screenshot

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
BROWSER = "Kateri brskalnik uporabljate?"
VERSION = "In katero različico?"
SECRET = "prevara"


@pytest.fixture
def asked(ticket, agent):
    """A ticket with two questions, and a note with a picture that stays at the desk."""
    now = timezone.now()
    shot = Screenshot.objects.upload(agent, png_file("prevara.png"), now)
    answer(ticket, agent, f"{SECRET}?", "note", at=now, screenshots=[shot])
    answer(ticket, agent, "Prosimo:", "ask", at=now, questions=[BROWSER, VERSION])
    answer(ticket, agent, f"{SECRET}!", "note", at=now + dt.timedelta(seconds=1))
    return ticket


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def phone(request, browser):
    context = browser.new_context(viewport=PHONE, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_one_question_is_answered_and_the_other_stays(phone, portal, silver, asked):
    sign_in(phone, portal, silver, "/technical-issues/")
    row = phone.get_by_role("row").filter(has_text=asked.number)
    expect(row).to_contain_text(BROWSER)
    expect(row.locator(".fresh")).to_be_visible()
    row.get_by_role("link").click()

    expect(phone.get_by_role("heading", name="Podpora čaka na vaš odgovor")).to_be_visible()
    boxes = phone.locator(".answer-box textarea")
    expect(boxes).to_have_count(2)
    phone.get_by_role("textbox", name=BROWSER).fill("Firefox")
    phone.get_by_role("button", name="Pošlji odgovor").click()

    expect(phone.locator(".messages")).to_be_visible()
    expect(boxes).to_have_count(1)
    expect(phone.get_by_role("textbox", name=VERSION)).to_have_value("")
    expect(phone.locator(".entry.is-own").last).to_contain_text("Firefox")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert list(Question.objects.values_list("answer", flat=True)) == ["Firefox", ""]

    phone.goto(f"{portal}/technical-issues/")
    expect(phone.locator(".issues .fresh")).to_have_count(0)


def test_the_note_is_nowhere(page, portal, silver, asked):
    sign_in(page, portal, silver, asked.get_absolute_url())
    expect(page.locator(".thread")).to_contain_text(BROWSER)
    for place in (asked.get_absolute_url(), "/technical-issues/", "/"):
        page.goto(portal + place)
        assert SECRET not in page.content().lower()
        assert page.locator(".shot").count() == 0
    page.goto(f"{portal}/technical-issues/?q={SECRET}")
    expect(page.locator(".sections")).to_have_count(0)
    page.goto(portal + asked.get_absolute_url())
    expect(page.locator(".event")).to_have_count(2)  # received, and that the ticket waits
    for mail in Email.objects.all():
        assert SECRET not in f"{mail.subject}{mail.message}{mail.html_message}".lower()
    assert page.goto(portal + Screenshot.objects.get().get_absolute_url()).status == 404


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_the_boxes_are_fit_to_be_read(browser, portal, silver, asked, theme, size):
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    sign_in(page, portal, silver, "/technical-issues/")
    assert not Axe().run(page).response["violations"]
    page.goto(portal + asked.get_absolute_url())
    page.get_by_role("textbox", name=BROWSER).fill("a" * 20_001)
    page.get_by_role("button", name="Pošlji odgovor").click()
    expect(page.locator(".answer-box [aria-invalid]")).to_have_count(1)
    expect(page.get_by_role("textbox", name=BROWSER)).to_have_value("a" * 20_001)
    assert not Axe().run(page).response["violations"]
    context.close()
