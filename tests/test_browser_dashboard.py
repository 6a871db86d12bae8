"""The dashboard in a real browser: on a phone, by keyboard, in both themes, without script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import person
from dashboarding import busy_month
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from accounts import seed
from accounts.models import Rank

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
PAGE = "/admin/"


@pytest.fixture
def busy(agent, silver, gold):
    other = person("olga", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    other.groups.add(Group.objects.get(name=seed.AGENTS))
    busy_month(agent, other, [silver, gold])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
@pytest.mark.parametrize("whose", ["supervisor", "agent"])
def test_the_dashboard_is_fit_to_be_read(browser, portal, request, busy, whose, size, theme):
    someone, complaints = request.getfixturevalue(whose), []
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, portal, someone, PAGE)
    expect(page.locator("figure.plot svg").first).to_be_visible()
    page.locator("figure details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert not complaints
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    context.close()


@pytest.fixture
def plain(browser, portal, supervisor, busy):
    """The supervisor's page without script."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, supervisor, PAGE)
    yield page
    context.close()


def test_filters_work_by_keyboard_and_without_script(plain):
    language = plain.get_by_label("Language", exact=True)
    for _press in range(20):
        plain.keyboard.press("Tab")
        if language.evaluate("one => one === document.activeElement"):
            break
    expect(language).to_be_focused()
    plain.keyboard.type("Slov")
    plain.keyboard.press("Tab")
    expect(plain.get_by_label("Rank", exact=True)).to_be_focused()
    plain.keyboard.type("Silv")
    plain.keyboard.press("Tab")
    plain.keyboard.press("Enter")
    plain.wait_for_url("**language=sl&rank=silver")
    expect(plain.get_by_text("Slovenščina, Silver")).to_be_visible()
    plain.get_by_role("link", name="Last 7 days").click()
    plain.wait_for_url("**days=7&language=sl&rank=silver")
    expect(plain.get_by_role("link", name="Last 7 days")).to_have_attribute("aria-current", "true")


def test_a_table_opens_without_script_and_leads_to_a_share(plain, agent):
    load = plain.locator("#load")
    load.locator("summary").focus()
    plain.keyboard.press("Enter")
    expect(load.locator("table")).to_be_visible()
    load.get_by_role("link", name=agent.display_name).click()
    expect(plain.get_by_text("The figures of one agent")).to_be_visible()
    plain.get_by_role("link", name="Back to the whole team").click()
    expect(plain.get_by_text("The figures of one agent")).to_have_count(0)


def test_a_phone_shows_a_drawing_up_to_its_newest_day(plain):
    region = plain.get_by_role("region", name="Chart: Opened and closed per day")
    region.focus()
    expect(region).to_be_focused()
    newest = region.locator("[data-key]").last
    assert newest.bounding_box()["x"] < plain.viewport_size["width"]


def test_a_file_comes_down(plain):
    with plain.expect_download() as coming:
        plain.locator("#age a", has_text="CSV").click()
    assert coming.value.suggested_filename.startswith("age-")
