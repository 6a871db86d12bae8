"""The cast of every story: members of four ranks, an agent without rank, a supervisor."""

from __future__ import annotations

import datetime as dt
import io
import os
import time
import uuid

import live
import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import translation
from PIL import Image
from playwright.sync_api import expect

from accounts import seed as accounts_seed
from accounts import throttle
from accounts.models import Rank, User
from chat import queue
from chat import seed as chat_seed
from tickets import seed as tickets_seed
from tickets.models import Screenshot, Ticket

# Playwright keeps a loop running in the thread in which the stories ask the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

NOW = dt.datetime(2026, 7, 15, 13, 5, tzinfo=dt.UTC)
PASSWORD = "leaf-and-stem-42"
expect.set_options(timeout=15_000)  # a poke that got lost is made good by the watch within seconds


@pytest.fixture(autouse=True)
def house(settings, tmp_path):
    """Cheap hashes, files of the test alone, no counts left over from another story."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.EMAIL_BACKEND = "helpdesk.outbox.OutboxBackend"  # not the test runner's mailbox
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
    translation.deactivate()  # a request leaves its reader's language behind
    cache.clear()
    throttle.forget_all()
    queue.forget()


@pytest.fixture(autouse=True)
def last_requests(request):
    """Wait for what a closing page still sends: the tables are emptied next, and would deadlock."""
    if not request.node.get_closest_marker("browser") or connection.vendor != "postgresql":
        yield
        return
    request.getfixturevalue("transactional_db")  # so that this ends before
    yield
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
    )
    quiet = 0
    for _look in range(50):
        time.sleep(0.1)
        with connection.cursor() as cursor:
            cursor.execute(others)
            quiet = 0 if cursor.fetchone()[0] else quiet + 1
        if quiet == 3:
            return


@pytest.fixture
def complaints():
    """Of the browser: see ``browsing.listen``."""
    return []


@pytest.fixture
def seeded(db):
    """The seeded rows, also after a transactional test has truncated them."""
    accounts_seed.seed(apps)
    tickets_seed.seed(apps)
    chat_seed.seed(apps)


def person(username: str, rank: Rank, **fields) -> User:
    defaults = {
        "email": f"{username}@example.com",
        "first_name": username.capitalize(),
        "last_name": "Novak",
        "member_id": f"{abs(hash(username)) % 10**7:07d}",
        "time_zone": "Europe/Ljubljana",
    }
    return User.objects.create_user(
        username=username, password=PASSWORD, rank=rank, **{**defaults, **fields}
    )


@pytest.fixture
def premier(seeded):
    return person("petra", Rank.PREMIER, language="cs", member_id="1000001")


@pytest.fixture
def silver(seeded):
    return person("sonja", Rank.SILVER, language="sl", member_id="1000002")


@pytest.fixture
def silver_reads_english(silver):
    """So that stories can quote what the page says: `usefixtures` in a file's ``pytestmark``."""
    silver.language = "en"
    silver.save(update_fields=["language"])


@pytest.fixture
def other_silver(seeded):
    return person("simon", Rank.SILVER, language="en", member_id="1000003")


@pytest.fixture
def gold(seeded):
    return person("gita", Rank.GOLD, language="cs", member_id="1000004")


@pytest.fixture
def agent(seeded):
    return _staff("ana", accounts_seed.AGENTS)


@pytest.fixture
def supervisor(seeded):
    return _staff("eva", accounts_seed.SUPERVISORS)


def _staff(username: str, group: str) -> User:
    someone = person(
        username, Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None, works_in=["en", "sl"]
    )
    someone.groups.add(Group.objects.get(name=group))
    return someone


def signed_in(someone: User, **extra) -> Client:
    client = Client(**extra)
    client.force_login(someone)
    return client


@pytest.fixture
def ticket(silver):
    return submit(silver)


def submit(member: User, **fields) -> Ticket:
    """File a ticket as ``member``, on 15 July 2026 unless told otherwise."""
    defaults = {
        "language": member.language,
        "title": "Naročila ni mogoče obdelati",
        "description": "Kliknem Plačaj in nič se ne zgodi.",
        "submission_id": uuid.uuid4(),
        "at": NOW,
    }
    return Ticket.objects.submit(member, **{**defaults, **fields})


def answer(ticket: Ticket, author: User, body: str = "Odgovor", verb: str = "reply", **fields):
    """Apply reply, ask or note."""
    defaults = {"submission_id": uuid.uuid4(), "at": NOW + dt.timedelta(hours=1)}
    return getattr(ticket, verb)(author, body, **{**defaults, **fields})


def png(width: int = 40, height: int = 30, colour: str = "rebeccapurple") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def png_file(name: str = "slika.png", **size) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, png(**size), content_type="image/png")


@pytest.fixture
def upload(silver):
    """A picture that the Silver member has uploaded and not sent yet."""
    return Screenshot.objects.upload(silver, png_file(), NOW)


# --- Skips are honest: in CI only those listed with their reason in tests/skips.txt pass ----------


def _allowed_skips() -> list[str]:
    """Reasons of skips.txt; those marked "embedded:" only where no real servers are given."""
    path = os.path.join(os.path.dirname(__file__), "skips.txt")
    with open(path, encoding="utf-8") as lines:
        reasons = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if os.environ.get("DATABASE_URL"):
        reasons = [reason for reason in reasons if not reason.startswith("embedded:")]
    return [reason.removeprefix("embedded:").strip() for reason in reasons]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("CI") != "true":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(allowed in reason for allowed in _allowed_skips()):
        report.outcome = "failed"
        report.longrepr = f"In CI this skip is a failure: {reason}"


def pytest_addoption(parser):
    parser.addoption("--screens", help="folder for the pictures of tests/screens.py")


def pytest_collection_modifyitems(items):
    """Browser stories last: Playwright keeps a loop running in the thread of the tests."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return {**browser_type_launch_args, "executable_path": path, "args": flags}


@pytest.fixture
def portal(live_server, seeded, settings, monkeypatch):
    """The address of a running portal."""
    settings.PORTAL_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def chat_portal(transactional_db, seeded, tmp_path):
    """A portal with sockets in a process of its own, open around the clock (tests/live.py)."""
    live.open_around_the_clock()
    with live.running(tmp_path) as server:
        yield server
