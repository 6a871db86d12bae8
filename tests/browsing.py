"""What browser stories share: a real Chromium, people signing in, pictures on the clipboard."""

import base64
import os
import pathlib

import pytest
from conftest import PASSWORD, png

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(
    not pathlib.Path(CHROMIUM).exists(), reason="needs Chromium at /usr/bin/chromium"
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


def sign_in(page, base, someone, path="/"):
    """Sign ``someone`` in by the form and land on ``path``."""
    page.goto(f"{base}/accounts/login/?next={path}")
    page.fill("#id_login", someone.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def paste_picture(page, selector, colour="teal"):
    """Paste a screenshot, as the keys Ctrl+V do, while ``selector`` has the focus."""
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
