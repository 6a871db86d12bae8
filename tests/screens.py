"""Every page as pictures: `python -m pytest tests/screens.py --screens DIR`.

Three languages, light and dark, 360 and 1280 px. Made to be looked at; it is not part of the suite.
"""

import pathlib

import pytest
from browsing import DESK, PHONE, needs_chromium, sign_in
from tour import live_in, pages

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
LANGUAGES = ("en", "cs", "sl")


@pytest.fixture
def folder(request):
    path = pathlib.Path(request.config.getoption("--screens") or ".data/screens")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def lived_in(silver, other_silver, gold, agent):
    return live_in(silver, other_silver, gold, agent)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_every_page_is_drawn(
    browser, chat_portal, request, folder, lived_in, language, theme, size
):
    drawn, portal = 0, str(chat_portal)
    for persona, addresses in pages(lived_in).items():
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
    assert drawn == sum(len(addresses) for addresses in pages(lived_in).values())
