"""Three members of three languages meet a known incident, from its announcement to its end."""

import os
import pathlib
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import submit
from django.utils import timezone
from post_office.models import Email
from troubles import ENDINGS, TEXTS, TITLES, announce

from tickets.incidents import deliver
from tickets.models import Ticket

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("INCIDENT_SHOTS", "")
AFFECTS, NOTICE = "a[href$='/affects-me/']", ".incidents .incident"


class Visit:
    """A member in a browser of their own, whose complaints are kept."""

    def __init__(self, browser, portal, member, mark, **screen):
        self.portal, self.member, self.mark, self.complaints = portal, member, mark, []
        self.context = browser.new_context(**screen)
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        sign_in(self.page, portal, member)

    def _hear(self, line):
        if line.type in {"error", "warning"}:
            self.complaints.append(line.text)

    def read(self, path, name=""):
        """Open ``path``; a page with a name is looked at closely."""
        self.page.goto(self.portal + path)
        if name:
            self.look(name)

    def look(self, name):
        """Fit to be read, no wider than the screen; a picture for those who want to see."""
        self.page.wait_for_load_state()
        name = f"{name}-{self.member.language}-{self.mark}"
        assert not self.complaints, name
        if SHOTS:
            pathlib.Path(SHOTS).mkdir(exist_ok=True)
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width, name
        found = Axe().run(self.page)
        assert not found.response["violations"], f"{name}\n{found.generate_report()}"
        self.complaints.clear()  # axe itself sets styles

    @property
    def words(self):
        return self.page.inner_text("main")

    def sees_it(self):
        return TITLES[self.member.language] in self.page.inner_text(NOTICE)


@pytest.fixture
def visits(browser, portal, silver, gold, other_silver, size, theme):
    """Slovenian, Czech and English, each on a screen of the same size."""
    mark = f"{size['width']}-{theme}"
    people = [
        Visit(browser, portal, member, mark, viewport=size, color_scheme=theme)
        for member in (silver, gold, other_silver)
    ]
    yield people
    for visit in people:
        visit.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_an_incident_is_announced_joined_answered_and_over(visits, supervisor, size, theme):
    own = submit(visits[0].member, at=timezone.now())
    incident = announce(supervisor, timezone.now())
    for visit in visits:
        for path in ("/", "/technical-issues/new/", "/chat/"):
            visit.read(path, f"announced{path.replace('/', '-')}")
            assert visit.sees_it()

    first, *others = visits
    first.read("/")
    first.page.click(AFFECTS)
    first.look("affects-choice")
    first.page.check(f"input[name=ticket][value='{own.pk}']")
    assert first.page.is_hidden("#id_language")
    first.page.fill("#id_description", "Kartica je zavrnjena.")
    first.page.click(".affects button")
    first.page.wait_for_url(f"**{own.get_absolute_url()}")
    assert "Kartica je zavrnjena." in first.words
    first.look("linked")

    for visit in others:
        visit.read("/technical-issues/new/")
        visit.page.click(AFFECTS)
        visit.look("affects-short")
        visit.page.click(".affects button")
        visit.page.wait_for_url("**/received/")
        visit.read("/", "told")
        assert re.search(r"TI-\d+", visit.page.inner_text(NOTICE))
        assert not visit.page.query_selector(AFFECTS)
    assert Ticket.objects.filter(affected__incident=incident).count() == 3

    incident.answer(supervisor, TEXTS, timezone.now())
    assert deliver(timezone.now()) == 3
    for visit in visits:
        ticket = Ticket.objects.get(member=visit.member)
        visit.read(ticket.get_absolute_url())
        assert TEXTS[visit.member.language] in visit.words

    Email.objects.all().delete()
    incident.end(supervisor, ENDINGS, timezone.now(), closes=True)
    deliver(timezone.now())
    for visit in visits:
        mail = Email.objects.get(to=visit.member.email)
        assert ENDINGS[visit.member.language] in mail.message
        visit.read("/")
        assert not visit.page.query_selector(NOTICE)
        visit.page.click("footer a[href='/incidents/']")
        visit.page.click(".past-incidents summary")
        assert ENDINGS[visit.member.language] in visit.words
        assert TEXTS[visit.member.language] in visit.words
        visit.look("past")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_what_was_typed_stays_when_it_cannot_be_sent(visits, supervisor, size, theme):
    visit = visits[1]
    incident = announce(supervisor, timezone.now())
    visit.read("/incidents/", "list")
    visit.page.click(AFFECTS)
    visit.page.fill("#id_description", "ž" * 20_001)
    with visit.page.expect_navigation():
        visit.page.click(".affects button")
    visit.complaints.clear()  # of the 400
    assert visit.page.is_visible("[data-focus-summary]")
    assert len(visit.page.input_value("#id_description")) == 20_001
    visit.look("too-long")
    visit.page.fill("#id_description", "Karta se odmítne.")
    incident.end(supervisor, ENDINGS, timezone.now(), closes=False)
    visit.page.click(".affects button")
    visit.page.wait_for_url("**/technical-issues/new/?draft=*")
    assert visit.page.input_value("#id_description") == "Karta se odmítne."
    visit.look("too-late")
