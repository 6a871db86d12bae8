"""A real portal for a story: pages and sockets, in a process of its own, on the test's database."""

import contextlib
import datetime as dt
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.db import connection
from django.test import Client

from tickets.models import ServiceWindow

TESTS = pathlib.Path(__file__).parent
ASYNC_UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE"  # for the browser's thread, not for servers
CLOSING = ["--application-close-timeout", "1"]
PATIENCE = 30  # seconds for a process to answer or to end


class Server:
    """One process of the portal; killed and started again it keeps its port."""

    def __init__(self, folder, **environment):
        self.port = free_port()
        self.log = pathlib.Path(folder) / f"server-{self.port}.log"
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != ASYNC_UNSAFE},
            "DJANGO_SETTINGS_MODULE": "live_settings",
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
            "PORTAL_URL": self.url,
            "SECRET_KEY": settings.SECRET_KEY,
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "LIVE_DATABASE": str(connection.settings_dict["NAME"]),
            **environment,
        }
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __str__(self):
        return self.url

    def start(self):
        daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*daphne, "-p", str(self.port), *CLOSING, "helpdesk.asgi:application"],
                **{"cwd": TESTS.parent, "env": self.environment, "stdout": log, "stderr": log},
            )

    def wait(self):
        """Return once it answers."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"it does not start: {self.log.read_text()[-2000:]}")

    def kill(self, how=signal.SIGKILL):
        """End it as a power cut does, or with another signal; return when it is gone."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.contextmanager
def running(folder, **environment):
    """A server that answers, until the block ends; its log must hold no traceback."""
    server = Server(folder, **environment)
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()
    # Django leaves its own note of a browser that went away in the middle to asyncio.
    log = [line for line in server.log.read_text().splitlines() if "RequestAborted" not in line]
    assert not any("Traceback" in line for line in log), "\n".join(log)[-4000:]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_around_the_clock():
    """Service hours without end, whatever the day on which the story is told."""
    midnight = dt.time(0)
    ServiceWindow.objects.all().delete()
    for weekday in range(7):
        ServiceWindow.objects.create(
            weekday=weekday, start=midnight, end=midnight, kind=ServiceWindow.Kind.ENGLISH_ONLY
        )


def session_of(someone):
    """The value of a session cookie with which ``someone`` is signed in."""
    client = Client()
    client.force_login(someone)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def arrive(browser, server, someone, path="/", **context):
    """A page of a browser of their own in which ``someone`` is signed in and looks at ``path``."""
    visit = browser.new_context(**{"locale": someone.language, **context})
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(someone)}
    visit.add_cookies([{**cookie, "url": str(server)}])
    page = visit.new_page()
    page.goto(f"{server}{path}")
    return page
