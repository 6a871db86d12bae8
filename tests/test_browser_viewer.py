"""Pictures of a thread in a real browser: looked at closely, blacked out, removed."""

import gzip
import io
import re

import pictures
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, needs_chromium, sign_in
from conftest import answer, submit
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from tickets.models import Screenshot

pytestmark = [
    pytest.mark.usefixtures("silver_reads_english"),
    pytest.mark.browser,
    needs_chromium,
    pytest.mark.django_db(transaction=True),
]
SIZES = [(1600, 1200), (300, 900), (1200, 200)]


def uploads(author, sizes=SIZES):
    """Pictures named 1.png, 2.png …, one for each of ``sizes``."""
    files = [
        SimpleUploadedFile(f"{number}.png", pictures.picture(size=size), "image/png")
        for number, size in enumerate(sizes, 1)
    ]
    return [Screenshot.objects.upload(author, file, timezone.now()) for file in files]


@pytest.fixture
def issue(silver):
    """An issue with three pictures, two in its description and one in a reply, just sent."""
    first, second, third = uploads(silver)
    second.name = f"{'dlouhý-název-' * 7}.png"
    second.save()
    ticket = submit(silver, screenshots=[first, second], at=timezone.now())
    answer(ticket, silver, screenshots=[third], at=timezone.now())
    return ticket


def desk_page(ticket):
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def shown(page):
    """The size at which the viewer shows its picture."""
    picture = page.locator("dialog.viewer img")
    picture.evaluate("picture => picture.decode()")
    box = picture.bounding_box()
    return round(box["width"]), round(box["height"])


def fits(page):
    picture = page.locator("dialog.viewer img").bounding_box()
    stage = page.locator("[data-viewer-stage]").bounding_box()
    return (
        picture["x"] >= stage["x"] - 1
        and picture["y"] >= stage["y"] - 1
        and picture["x"] + picture["width"] <= stage["x"] + stage["width"] + 1
        and picture["y"] + picture["height"] <= stage["y"] + stage["height"] + 1
    )


# --- The viewer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["member", "desk"])
def test_the_viewer_is_worked_by_keyboard(where, page, portal, silver, agent, issue):
    agent.language = "en"
    agent.save()
    page.set_viewport_size(DESK)
    if where == "member":
        sign_in(page, portal, silver, issue.get_absolute_url())
    else:
        sign_in(page, portal, agent, desk_page(issue))
    viewer, position = page.locator("dialog.viewer"), page.locator("[data-viewer-position]")
    thumbnail = page.locator(".shot").first
    thumbnail.focus()
    page.keyboard.press("Enter")
    expect(viewer).to_be_visible()
    expect(position).to_have_text("1 of 3")
    expect(page.locator("#viewer-name")).to_have_text("1.png")
    assert fits(page)
    page.keyboard.press("ArrowRight")
    expect(position).to_have_text("2 of 3")
    picture = page.locator("dialog.viewer img")
    expect(picture).to_have_attribute("alt", re.compile("^Attachment: dlouhý"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(position).to_have_text("3 of 3")
    page.keyboard.press("ArrowRight")
    expect(position).to_have_text("1 of 3")
    page.keyboard.press("1")
    assert shown(page) == (1600, 1200)
    page.keyboard.press("+")
    assert shown(page) == (2000, 1500)
    page.keyboard.press("-")
    assert shown(page) == (1600, 1200)
    stage = page.locator("[data-viewer-stage]")
    before = stage.evaluate("stage => stage.scrollLeft")
    page.keyboard.press("ArrowRight")
    assert stage.evaluate("stage => stage.scrollLeft") > before
    expect(position).to_have_text("1 of 3")
    page.keyboard.press("0")
    assert fits(page)
    original = page.locator("[data-viewer-original]").get_attribute("href")
    assert page.request.get(original).headers["content-type"] == "image/png"
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(thumbnail).to_be_focused()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_viewer_fits_the_window_and_its_buttons_work(viewport, browser, portal, silver, issue):
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    sign_in(page, portal, silver, issue.get_absolute_url())
    page.locator(".shot").nth(1).click()
    assert fits(page)
    for target in page.locator("dialog.viewer :is(button, a):visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]
    page.get_by_role("button", name="Next picture").click()
    expect(page.locator("[data-viewer-position]")).to_have_text("3 of 3")
    page.get_by_role("button", name="100 %").click()
    assert shown(page) == (1200, 200)
    expect(page.get_by_role("button", name="100 %")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Larger").click()
    assert shown(page) == (1500, 250)
    page.get_by_role("button", name="Fit").click()
    assert fits(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog.viewer")).to_be_hidden()
    context.close()


def test_a_single_picture_has_no_neighbours(page, portal, silver):
    ticket = submit(silver, screenshots=uploads(silver, SIZES[:1]), at=timezone.now())
    sign_in(page, portal, silver, ticket.get_absolute_url())
    page.locator(".shot").click()
    expect(page.locator("[data-viewer-position]")).to_have_text("1 of 1")
    expect(page.locator("[data-viewer-act=next]")).to_be_hidden()


def test_without_script_the_thumbnail_leads_to_the_picture(browser, portal, silver, issue):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, silver, issue.get_absolute_url())
    expect(page.locator("dialog.viewer")).to_be_hidden()
    page.locator(".shot").first.click()
    page.wait_for_url("**/screenshots/*/")
    context.close()


def test_the_issue_page_stays_light(page, portal, silver, issue):
    loaded = {}
    sign_in(page, portal, silver)
    page.on("response", lambda answer: loaded.__setitem__(answer.url, answer))
    page.goto(f"{portal}{issue.get_absolute_url()}")
    page.wait_for_load_state("networkidle")
    sizes = {"css": 0, "js": 0}
    for url, response in loaded.items():
        kind = url.split("?")[0].rpartition(".")[2]
        if kind in sizes:
            sizes[kind] += len(gzip.compress(response.body(), 6))
        if "viewer.js" in url:
            assert len(gzip.compress(response.body(), 6)) < 2_000
    assert 0 < sizes["css"] <= 30_000
    assert 0 < sizes["js"] <= 25_000


# --- Blacking out --------------------------------------------------------------------------------


def drag(page, start, end):
    """Draw with the mouse from one share of the picture to another."""
    box = page.locator("[data-redact-stage]").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def swipe(page, start, end):
    """Draw with a finger: the browser's own touch input, not a made-up event."""
    box = page.locator("[data-redact-stage]").bounding_box()
    places = [
        {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        for x, y in (start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end)
    ]
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for place in places[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def stored(field):
    with field.open("rb") as file:
        return Image.open(io.BytesIO(file.read())).convert("RGB")


def is_black(field, left, top, right, bottom):
    """Whether this share of the stored picture is nothing but black."""
    image = stored(field)
    wide, high = image.size
    edges = (left * wide, top * high, right * wide, bottom * high)
    return image.crop(tuple(map(round, edges))).getbbox() is None


def rects(page):
    return page.locator("[data-redact-stage] rect")


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_a_drawn_box_is_black_in_the_stored_files(device, browser, portal, silver, issue):
    is_phone = device == "phone"
    context = browser.new_context(viewport=PHONE if is_phone else DESK, has_touch=is_phone)
    page = context.new_page()
    shot = issue.screenshots.first()
    old, store = {shot.picture.name, shot.thumb.name}, shot.picture.storage
    sign_in(page, portal, silver, issue.get_absolute_url())
    page.get_by_role("link", name="Black out or remove 1.png").click()
    page.wait_for_load_state()
    page.locator("[data-redact-stage]").scroll_into_view_if_needed()
    (swipe if is_phone else drag)(page, (0.1, 0.1), (0.5, 0.4))
    expect(rects(page)).to_have_count(1)
    page.locator("summary", has_text="Black out for ever").click()
    page.get_by_role("button", name="Yes, black out").click()
    expect(page.locator(".messages")).to_contain_text("The picture is blacked out.")
    shot.refresh_from_db()
    for field in (shot.picture, shot.thumb):
        assert is_black(field, 0.12, 0.12, 0.48, 0.38)
        assert pictures.corners(stored(field)) == ["red", "green", "blue", "yellow"]
        assert not is_black(field, 0.52, 0.12, 0.9, 0.38)
    assert not {name for name in old if store.exists(name)}
    context.close()


def test_rectangles_are_taken_back_typed_and_removed(page, portal, silver, issue):
    page.set_viewport_size(DESK)
    shot = issue.screenshots.first()
    sign_in(page, portal, silver, f"{shot.get_absolute_url()}redact/")
    undo = page.get_by_role("button", name="Take back the last rectangle")
    expect(undo).to_be_hidden()
    drag(page, (0.1, 0.1), (0.3, 0.3))
    drag(page, (0.9, 0.9), (0.6, 0.5))  # from the lower right
    drag(page, (0.5, 0.5), (0.5, 0.5))  # a click marks nothing
    expect(rects(page)).to_have_count(2)
    undo.click()
    expect(rects(page)).to_have_count(1)
    page.locator("summary", has_text="Rectangles as numbers").click()
    page.locator("[data-redact-more]").click()
    page.keyboard.type("50")
    for value in ("0", "50", "100"):
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    expect(rects(page)).to_have_count(2)
    page.locator("[data-redact-drop]").first.click()
    expect(rects(page)).to_have_count(1)
    sure = page.get_by_role("button", name="Yes, black out")
    expect(sure).to_be_hidden()
    page.locator("summary", has_text="Black out for ever").press("Enter")
    sure.press("Enter")
    expect(page.locator(".messages")).to_contain_text("The picture is blacked out.")
    shot.refresh_from_db()
    assert is_black(shot.picture, 0.5, 0, 1, 1)
    assert pictures.corners(stored(shot.picture))[0] == "red"


def test_numbers_do_without_script(browser, portal, supervisor, issue):
    supervisor.language = "en"
    supervisor.save()
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, portal, supervisor, desk_page(issue))
    page.get_by_role("link", name="Black out or remove dlouhý").click()
    for name, value in zip("xywh", ("0", "0", "100", "20"), strict=True):
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Add a rectangle").click()
    for name, value in zip("xywh", ("0", "80", "100", "20"), strict=True):
        page.locator(f"[name={name}]").nth(1).fill(value)
    page.locator("summary", has_text="Black out for ever").click()
    page.get_by_role("button", name="Yes, black out").click()
    page.wait_for_url(f"**{desk_page(issue)}")
    shot = issue.screenshots.all()[1]
    assert is_black(shot.picture, 0, 0, 1, 0.2)
    assert is_black(shot.picture, 0, 0.8, 1, 1)
    assert not is_black(shot.picture, 0, 0.3, 1, 0.7)
    context.close()


def test_removing_asks_again(page, portal, silver, issue):
    sign_in(page, portal, silver, issue.get_absolute_url())
    page.get_by_role("link", name="Black out or remove dlouhý").click()
    sure = page.get_by_role("button", name="Yes, remove the picture")
    expect(sure).to_be_hidden()
    page.locator("summary", has_text="Remove the whole picture").click()
    sure.click()
    expect(page.locator(".shot-gone")).to_have_text("Picture removed")
    page.wait_for_load_state()
    page.locator(".shot").first.click()
    expect(page.locator("[data-viewer-position]")).to_have_text("1 of 2")


def visits(page, portal, ticket):
    """Every state of the pages with pictures, one after the other."""
    desk, last = f"{portal}{desk_page(ticket)}", ticket.screenshots.last()
    page.goto(desk)
    yield
    page.locator(".shot").first.click()
    page.keyboard.press("+")
    yield
    page.goto(f"{portal}{last.get_absolute_url()}redact/")
    drag(page, (0.1, 0.1), (0.5, 0.4))
    page.locator("summary", has_text="Rectangles as numbers").click()
    page.locator("summary", has_text="Remove the whole picture").click()
    yield


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_with_pictures_are_fit_for_everybody(
    theme, viewport, browser, portal, supervisor, issue
):
    supervisor.language = "en"
    supervisor.save()
    issue.screenshots.first().remove(supervisor, at=timezone.now())
    context = browser.new_context(viewport=viewport, color_scheme=theme)
    page, complaints = context.new_page(), []
    sign_in(page, portal, supervisor)
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for _state in visits(page, portal, issue):
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert not complaints  # before axe, which sets styles itself
    for _state in visits(page, portal, issue):
        assert not Axe().run(page).response["violations"]
    context.close()
