"""Every page as pictures: `python -m pytest tests/screens.py --screens DIR`.

Three languages, light and dark, 360 and 1280 px. Made to be looked at; it is not part of the suite.
"""

import datetime as dt
import pathlib

import pytest
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import answer, png_file, submit
from django.utils import timezone

from tickets.models import Screenshot

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LANGUAGES = ("en", "cs", "sl")


@pytest.fixture
def folder(request):
    path = pathlib.Path(request.config.getoption("--screens") or ".data/screens")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def lived_in(silver, gold, agent):
    """A member with issues in every state, and what an agent sees of them."""
    now = timezone.now()
    shot = Screenshot.objects.upload(silver, png_file(width=640, height=400), now)
    asked = submit(silver, at=now - dt.timedelta(days=3), screenshots=[shot])
    question = "V katerem brskalniku se to zgodi?\nAli se naslov konča s »?ref=«?"
    answer(asked, agent, question, verb="ask", at=now - dt.timedelta(days=2))
    answer(asked, agent, "Isto kot v TI-1.", verb="note", at=now - dt.timedelta(days=2))
    for days, title in ((1, "Povezava za včlanitev odpre prazno stran"), (5, "Help")):
        submit(silver, title=title, at=now - dt.timedelta(days=days))
    for days in range(10, 17):
        closed = submit(
            silver, title="Košarica prikazuje napačno valuto", at=now - dt.timedelta(days)
        )
        closed.close(agent, at=now - dt.timedelta(days=days - 1))
    submit(gold, title="Objednávku nelze zpracovat", at=now - dt.timedelta(hours=3))
    return asked, closed


def pages(asked, closed):
    return {
        "silver": {
            "home": "/",
            "issues": "/technical-issues/",
            "issues-search": "/technical-issues/?q=kosarica",
            "issues-closed": "/technical-issues/?section=closed",
            "issue-new": "/technical-issues/new/",
            "issue-received": f"/technical-issues/{asked.pk}/received/",
            "issue": asked.get_absolute_url(),
            "issue-closed": closed.get_absolute_url(),
            "guide": "/guide/",
            "preferences": "/preferences/",
            "password": "/accounts/password/change/",
            "sessions": "/accounts/sessions/",
            "second-factor": "/accounts/2fa/",
            "sign-out": "/accounts/logout/",
            "error-404": "/technical-issues/999999/",
            "error-403": "/admin/",
        },
        "other_silver": {"issues-empty": "/technical-issues/"},
        "premier": {"not-eligible": "/technical-issues/", "home-below": "/"},
        "agent": {
            "desk-index": "/admin/",
            "desk-list": "/admin/tickets/ticket/",
            "desk-ticket": f"/admin/tickets/ticket/{asked.pk}/change/",
        },
        "supervisor": {
            "desk-window": "/admin/tickets/servicewindow/add/",
            "desk-people": "/admin/accounts/user/",
            "desk-person": f"/admin/accounts/user/{asked.member_id}/change/",
        },
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_every_page_is_drawn(browser, portal, request, folder, lived_in, language, theme, size):
    drawn = 0
    for persona, addresses in pages(*lived_in).items():
        someone = request.getfixturevalue(persona)
        someone.language = language
        someone.save(update_fields=["language"])
        context = browser.new_context(viewport=size, color_scheme=theme, locale=language)
        page = context.new_page()

        def shoot(name, page=page):
            path = folder / f"{name}-{size['width']}-{theme}-{language}.png"
            page.screenshot(path=path, full_page=True)

        if persona == "silver":
            for name, path in {"sign-in": "login", "reset": "password/reset"}.items():
                page.goto(f"{portal}/accounts/{path}/")
                shoot(name)
        sign_in(page, portal, someone)
        for name, path in addresses.items():
            page.goto(portal + path)
            shoot(name)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], f"{name} scrolls sideways: {width}"
            drawn += 1
        if persona == "silver":
            page.goto(f"{portal}/technical-issues/new/")
            page.fill("[name=title]", "")
            page.evaluate("document.querySelector('main form[method=post]').submit()")
            page.wait_for_load_state()
            shoot("issue-new-errors")
        context.close()
    assert drawn == sum(len(addresses) for addresses in pages(*lived_in).values())
