"""What browser stories share: a real Chromium, people signing in, pictures on the clipboard."""

import base64
import os
import pathlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import PASSWORD, png

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(
    not pathlib.Path(CHROMIUM).exists(), reason="needs Chromium at /usr/bin/chromium"
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
SHOTS = os.environ.get("SHOTS", "")  # a folder for pictures of what is looked at


def sign_in(page, base, someone, path="/"):
    """Sign ``someone`` in by the form and land on ``path``."""
    page.goto(f"{base}/accounts/login/?next={path}")
    page.fill("#id_login", someone.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def show_oneself(page):
    """Type the password once more, where the portal asks for it."""
    page.wait_for_url("**/reauthenticate/**")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "reauthenticate" not in url)


def listen(page, complaints):
    """Keep what the browser complains of; refusals such as 400 are meant."""

    def hear(line):
        if line.type in {"error", "warning"} and "Failed to load resource" not in line.text:
            complaints.append(line.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def look_at(page, name, complaints=()):
    """Fit to be read, no wider than the screen; a picture for those who want to see."""
    page.wait_for_load_state()
    assert not complaints, name
    if SHOTS:
        pathlib.Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    found = Axe().run(page)
    assert not found.response["violations"], f"{name}\n{found.generate_report()}"
    if complaints:
        complaints.clear()  # axe itself sets styles


def paste_picture(page, selector, colour="teal"):
    """Paste a screenshot, as the keys Ctrl+V do, while ``selector`` has the focus."""
    page.wait_for_load_state()
    data = base64.b64encode(png(640, 400, colour)).decode()
    page.focus(selector)
    page.eval_on_selector(
        selector,
        """(target, data) => {
            const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([bytes], "image.png", { type: "image/png" }));
            const event = { clipboardData: clipboard, bubbles: true, cancelable: true };
            target.dispatchEvent(new ClipboardEvent("paste", event));
        }""",
        data,
    )
