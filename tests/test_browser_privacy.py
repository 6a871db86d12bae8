"""A member asks to be forgotten, and a supervisor does it; both in a real browser."""

import io
import zipfile

import pytest
from allauth.mfa.models import Authenticator
from browsing import DESK, PHONE, listen, look_at, needs_chromium, show_oneself, sign_in
from conftest import NOW
from django.urls import reverse
from whole_life import lived

from accounts.models import ErasureRequest, User
from helpdesk.privacy.archive import write_archive

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_a_wish_and_its_fulfilment(
    browser, portal, agent, supervisor, complaints, size, theme, language
):
    member, mark = lived(agent), f"{size['width']}-{theme}-{language}"
    ErasureRequest.objects.all().delete()
    Authenticator.objects.all().delete()  # a password is enough here
    User.objects.update(language=language)
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = listen(context.new_page(), complaints)
    sign_in(page, portal, member, "/preferences/")
    page.click("a[href='/preferences/data/']")
    show_oneself(page)
    look_at(page, f"data-{mark}", complaints)
    with page.expect_download() as coming:
        page.click("section[aria-labelledby=download] button")
    with zipfile.ZipFile(coming.value.path()) as found:
        assert "index.html" in found.namelist()
    page.click("button[value=ask]")
    page.wait_for_selector("button[value=withdraw]")
    look_at(page, f"data-asked-{mark}", complaints)
    context.close()
    assert ErasureRequest.objects.get().person == member

    context = browser.new_context(viewport=size, color_scheme=theme)
    page = listen(context.new_page(), complaints)
    sign_in(page, portal, supervisor, reverse("admin:accounts_erasurerequest_changelist"))
    look_at(page, f"requests-{mark}", complaints)
    page.goto(portal + reverse("admin:accounts_user_change", args=[member.pk]))
    look_at(page, f"person-{mark}", complaints)
    page.click(".privacy-asked a")
    show_oneself(page)
    look_at(page, f"erase-{mark}", complaints)
    page.fill("#id_username", "napačno")
    page.click(".privacy .danger-solid")
    page.wait_for_selector("[data-focus-summary]")
    look_at(page, f"erase-wrong-{mark}", complaints)
    page.goto(portal + reverse("admin:accounts_user_export", args=[member.pk]))
    look_at(page, f"export-{mark}", complaints)
    page.goto(portal + reverse("admin:accounts_user_erase", args=[member.pk]))
    page.fill("#id_username", "zdenka")
    page.click(".privacy .danger-solid")
    page.wait_for_url(f"**{reverse('admin:accounts_user_changelist')}")
    page.goto(portal + reverse("admin:accounts_user_erase", args=[member.pk]))
    look_at(page, f"erased-{mark}", complaints)
    context.close()
    assert User.objects.get(pk=member.pk).username == f"erased-{member.pk}"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
def test_the_archive_is_read_without_a_net(browser, portal, agent, tmp_path, size, theme):
    member = lived(agent)
    target = io.BytesIO()
    write_archive(member, target, NOW, lambda line: None)
    zipfile.ZipFile(target).extractall(tmp_path)
    context = browser.new_context(viewport=size, color_scheme=theme, offline=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{tmp_path}/index.html")
    look_at(page, f"archive-{size['width']}-{theme}")
    assert asked
    assert all(url.startswith("file://") for url in asked)
    widths = page.eval_on_selector_all("img", "all => all.map((one) => one.naturalWidth)")
    assert len(widths) == 3
    page.eval_on_selector_all("img", "all => all.forEach((one) => { one.loading = 'eager'; })")
    page.wait_for_function("[...document.images].every((one) => one.naturalWidth > 0)")
    context.close()
