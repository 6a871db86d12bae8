"""What every answer carries (SECURITY A10, A11), and what an https address adds (DESIGN §8)."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from conftest import signed_in
from packaging.version import Version

from helpdesk import brand, checks, views

HOUSE = Path(__file__).resolve().parent.parent
LIST = "/technical-issues/"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "font-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FLOORS = {
    "Django": "5.2.19",
    "django-allauth": "65.21.1",
    "Pillow": "13.0.0",
    "channels": "4.3.2",
    "channels-redis": "4.3.0",
    "daphne": "4.2.3",
    "uvicorn": "0.54",
}


def directives(policy):
    return {tuple(part.split()) for part in policy.split(";") if part.strip()}


def carries_everything(response):
    found = {name: response.headers.get(name) for name in ALWAYS}
    policy = directives(response.headers.get("Content-Security-Policy", ""))
    return found == ALWAYS and policy == directives(CSP)


# --- Every answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/accounts/login/", 200),
        ("get", "/", 302),
        ("post", "/technical-issues/new/", 401),
        ("get", "/nowhere/", 404),
        ("get", "/language/", 405),
        ("get", "/healthz", 200),
        ("get", "/readyz", 200),
        ("get", f"/brand/{brand.digest()}.css", 200),
        ("get", "/static/css/base.css", 200),
        ("get", "/static/icons.svg", 200),
    ],
)
def test_every_answer_to_nobody_is_closed(method, path, status, client, db):
    response = getattr(client, method)(path)
    assert response.status_code == status
    assert carries_everything(response)


@pytest.mark.parametrize(
    ("persona", "path", "status"),
    [
        ("silver", "/", 200),
        ("silver", "/guide/", 200),
        ("silver", "/preferences/", 200),
        ("silver", LIST, 200),
        ("silver", f"{LIST}new/", 200),
        ("silver", f"{LIST}%d/", 200),
        ("silver", f"{LIST}%d/received/", 200),
        ("silver", f"{LIST}%d/replies/", 405),
        ("silver", "/accounts/password/change/", 200),
        ("silver", "/accounts/sessions/", 200),
        ("silver", "/admin/", 403),
        ("gold", f"{LIST}%d/", 404),
        ("premier", LIST, 403),
        ("agent", "/admin/", 200),
        ("agent", "/admin/tickets/ticket/", 200),
        ("agent", "/admin/tickets/ticket/%d/change/", 200),
        ("agent", "/admin/tickets/holiday/", 403),
    ],
)
def test_every_page_of_a_person_is_closed_and_private(persona, path, status, ticket, request):
    client = signed_in(request.getfixturevalue(persona))
    response = client.get(path % ticket.pk if "%d" in path else path)
    assert response.status_code == status
    assert carries_everything(response)
    assert {"private", "no-store"} <= set(re.split(", *", response.headers["Cache-Control"]))


def test_refusals_for_scripts_are_closed_and_private(silver):
    response = signed_in(silver).get("/nowhere/", headers={"accept": "application/json"})
    assert carries_everything(response)
    assert response.headers["Cache-Control"] == "private, no-store"


def test_an_expired_page_is_closed_and_private(silver):
    response = signed_in(silver, enforce_csrf_checks=True).post(f"{LIST}new/", {"title": "t"})
    assert response.status_code == 403
    assert carries_everything(response)
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_foreign_host_gets_a_closed_page(client, db):
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert carries_everything(response)


def test_our_own_faults_are_closed_too(silver, monkeypatch):
    monkeypatch.setattr(views, "render", lambda *args: 1 / 0)
    client = signed_in(silver, raise_request_exception=False)
    response = client.get("/guide/")
    assert response.status_code == 500
    assert carries_everything(response)


def test_devices_are_asked_for_nothing(client, db):
    policy = client.get("/accounts/login/").headers["Permissions-Policy"]
    refused = set(re.findall(r"([\w-]+)=\(\)", policy))
    assert {"camera", "microphone", "geolocation", "payment", "usb", "display-capture"} <= refused


@pytest.mark.parametrize("size", ["", "?size=thumb"])
def test_a_picture_is_nothing_but_a_picture(size, silver, upload):
    response = signed_in(silver).get(f"{LIST}screenshots/{upload.uuid}/{size}")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["Content-Type"] in {"image/png", "image/jpeg"}
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    assert response.headers["Cache-Control"] == "private, no-store"


def test_the_session_is_out_of_reach_of_scripts(silver, client):
    client.post("/accounts/login/", {"login": "sonja", "password": "leaf-and-stem-42"})
    session, token = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "Lax", "/")
    assert token["samesite"] == "Lax"


# --- With an https address -----------------------------------------------------------------------

HOST = "help.example.com"
PROBE = """
import json, sys
from django.conf import settings

settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
import django

django.setup()
from django.core.management import call_command
from django.test import Client

from accounts.models import Rank, User

call_command("migrate", verbosity=0)
told = {}


def tell(name, client, response):
    cookies = {key: dict(morsel) for key, morsel in response.cookies.items()}
    told[name] = {"status": response.status_code, "headers": dict(response.headers)}
    told[name]["cookies"] = cookies


def visit(name, client, path, **extra):
    tell(name, client, client.get(path, headers={"host": HOST}, **extra))


HOST = settings.ALLOWED_HOSTS[0]
for username, staff in (("ana", True), ("sonja", False)):
    User.objects.create_user(username, password="p", rank=Rank.SILVER, is_staff=staff)
    client = Client(headers={"host": HOST})
    post = {"login": username, "password": "p"}
    answer = client.post("/accounts/login/", post, secure=True)
    tell(f"{username} signs in", client, answer)
    visit(f"{username} at home", client, "/", secure=True)
visit("plain", Client(), "/technical-issues/?q=x")
visit("plain, said to be safe", Client(), "/accounts/login/", HTTP_X_FORWARDED_PROTO="https")
visit("plain health", Client(), "/healthz")
visit("door", Client(), "/accounts/login/", secure=True)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def hardened(tmp_path_factory):
    """The environment of a portal with an https address; its Redis is away, its database fresh."""
    folder = tmp_path_factory.mktemp("hardened")
    ours = {"TRUSTED_PROXIES", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "PORTAL_URL": f"https://{HOST}",
        "SECRET_KEY": "only-for-this-test-" + "k7Zq!x9" * 10,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "MEDIA_ROOT": str(folder / "media"),
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
    }


def run(arguments, env):
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=env, cwd=HOUSE, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def told(hardened):
    done = run(["-c", PROBE], hardened)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_deployment_check_is_clean(hardened):
    done = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], hardened)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"REDIS_URL": ""}, "helpdesk.E003"),
        ({"SECRET_KEY_IS_SET": False, "REDIS_URL": "redis://x"}, "helpdesk.E004"),
        ({"SESSION_ENGINE": "django.contrib.sessions.backends.cache"}, "helpdesk.E005"),
    ],
)
def test_what_serves_one_process_only_is_refused(change, error, settings):
    settings.HARDENED, settings.SECRET_KEY_IS_SET = True, True
    for name, value in change.items():
        setattr(settings, name, value)
    assert error in {message.id for message in checks.check_settings(None)}


def test_plain_requests_are_led_to_tls(told):
    assert told["plain"]["status"] == 301
    assert told["plain"]["headers"]["Location"] == f"https://{HOST}{LIST}?q=x"
    assert told["plain health"]["status"] == 200


def test_only_our_own_proxies_say_that_a_request_was_safe(told):
    assert told["plain, said to be safe"]["status"] == 301


def test_browsers_are_told_to_stay_on_tls(told):
    policy = told["door"]["headers"]["Strict-Transport-Security"]
    assert int(re.search(r"max-age=(\d+)", policy)[1]) >= 365 * 24 * 3600
    assert "includeSubDomains" in policy


def test_without_an_https_address_nothing_is_promised(client, db):
    assert "Strict-Transport-Security" not in client.get("/accounts/login/", secure=True).headers


def test_cookies_are_bound_to_the_host_and_to_tls(told):
    cookies = {**told["door"]["cookies"], **told["sonja signs in"]["cookies"]}
    for name in ("__Host-sessionid", "__Host-csrftoken"):
        assert (cookies[name]["secure"], cookies[name]["path"]) == (True, "/")
        assert (cookies[name]["domain"], cookies[name]["samesite"]) == ("", "Lax")
    assert cookies["__Host-sessionid"]["httponly"]
    others = {**cookies, **told["sonja at home"]["cookies"]}
    assert all(cookie["secure"] for cookie in others.values())


def test_an_https_address_asks_staff_for_a_second_factor(told):
    assert told["ana at home"]["headers"]["Location"] == "/accounts/2fa/totp/activate/"
    assert told["sonja at home"]["status"] == 200


def test_nothing_installed_is_older_than_its_floor():
    old = {}
    for name, floor in FLOORS.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # the production extra
        if Version(installed) < Version(floor):
            old[name] = installed
    assert not old


def test_no_lock_pins_less_than_a_floor():
    pins = {}
    for lock in (HOUSE / "requirements").glob("*.txt"):
        for name, pinned in re.findall(r"^([\w.-]+)(?:\[.*\])?==([\w.]+)", lock.read_text(), re.M):
            pins.setdefault(name.lower(), set()).add(Version(pinned))
    assert dict.fromkeys(FLOORS, True) == {
        name: min(pins[name.lower()]) >= Version(floor) for name, floor in FLOORS.items()
    }
