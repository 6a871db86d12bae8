"""A supervisor imports people in a real browser: by mouse, by keys alone, and without scripts."""

import pytest
from browsing import DESK, PHONE, listen, look_at, needs_chromium, show_oneself, sign_in
from conftest import Rank, person
from django.utils import timezone
from test_people_import import BAD, EMIL, MAJA, csv, xlsx

from accounts import members
from accounts.models import PeopleImport, User

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
PAGE = "/admin/accounts/user/import/"


def choose(page, content, name):
    page.set_input_files("#id_file", {"name": name, "mimeType": "text/csv", "buffer": content})


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_a_file_from_the_list_of_people_to_its_end(
    browser, portal, supervisor, complaints, size, theme, language, monkeypatch
):
    monkeypatch.setattr("accounts.imports.PULSE", 60)  # so that it stands still to be looked at
    person("maja", Rank.GOLD, member_id="4807151", last_name="Zupan")
    User.objects.update(language=language)
    mark = f"{size['width']}-{theme}-{language}"
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = listen(context.new_page(), complaints)
    sign_in(page, portal, supervisor, "/admin/accounts/user/")
    look_at(page, f"people-{mark}", complaints)
    page.click(f"a[href='{PAGE}']")
    page.click("summary")
    look_at(page, f"form-{mark}", complaints)
    page.click("form.stack button[type=submit]")
    page.wait_for_selector("[data-focus-summary]")
    look_at(page, f"form-wrong-{mark}", complaints)
    choose(page, csv(MAJA, EMIL, BAD), "July.csv")
    page.check("#id_skip_bad")
    page.click("form.stack button[type=submit]")
    show_oneself(page)
    page.wait_for_selector("[value=discard]")
    look_at(page, f"waiting-{mark}", complaints)
    members.work(timezone.now())
    page.click(".notice a")
    page.wait_for_selector("[value=confirm]")
    look_at(page, f"checked-{mark}", complaints)
    page.click("[value=confirm]")
    page.wait_for_selector("[value=discard]", state="detached")
    members.work(timezone.now())
    page.click(".notice a")
    page.wait_for_selector(".people-counts")
    look_at(page, f"done-{mark}", complaints)
    page.goto(portal + PAGE)
    look_at(page, f"past-{mark}", complaints)
    context.close()
    assert User.objects.get(username="maja").rank == Rank.SILVER
    assert PeopleImport.objects.get().state == "done"


def test_it_works_without_scripts_and_by_keys(browser, portal, supervisor):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, supervisor, PAGE)
    choose(page, xlsx(MAJA), "people.xlsx")
    page.focus("#id_file")
    for _field in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    show_oneself(page)
    page.wait_for_url(f"**{PAGE}*/")
    members.work(timezone.now())
    page.wait_for_selector("[value=confirm]")  # the page looks again by itself
    page.focus("[value=confirm]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[value=confirm]", state="detached")
    members.work(timezone.now())
    page.wait_for_selector(".people-counts")
    context.close()
    assert User.objects.filter(username="maja").exists()
