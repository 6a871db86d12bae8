"""What fault stories share: a city of processes that die, and people whose browsers do not.

Two processes of the portal stand on the story's database and on a Redis of their own. An
``Outbox`` sends as the page's outbox does: one message at a time, with the same ``client_id``
until it is answered. A ``Listener`` is a cursor: it takes what comes after what it holds.
"""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg.sql
import redis
from chatting import start
from conftest import person
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.utils.crypto import get_random_string
from live import Server, free_port, session_of
from nursery import Nursery

from accounts import seed as accounts_seed
from accounts.models import Rank
from chat.models import Conversation, Message

BASE = pathlib.Path(__file__).parent.parent
NAME = "faults"  # by which PostgreSQL knows the connections of the city
GOING_AWAY = {1000, 1001, 1006, 1012}  # codes after which a page just connects again
DEADLINE = 10  # seconds in which a request must be answered, and in which all must agree again


class OwnRedis:
    """A Redis of the story's own: to be killed, frozen and emptied."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: answers(self.port))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def empty(self):
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def cut(self):
        """Close every connection to it."""
        with redis.Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="normal")
            client.client_kill_filter(_type="pubsub")

    @contextlib.contextmanager
    def frozen(self):
        """It takes connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


class Offspring(Server):
    """A server born in ``nursery``; ``failpoint`` is where it kills itself, if anywhere."""

    def __init__(self, folder, nursery):
        super().__init__(folder)
        self.nursery, self.failpoint = nursery, ""

    def start(self):
        self.process = self.nursery.bear(self.port, self.log, self.failpoint)


class City:
    """Processes of one portal, behind one address for browsers, on one Redis.

    ``failpoints`` says of each process that is started where it kills itself (tests/failpoints.py).
    """

    def __init__(self, folder, dice, failpoints=(), count=2):
        self.dice, self.failpoints, self.deaths = dice, iter(failpoints), Counter()
        self.redis = OwnRedis(folder)
        example = Server(
            folder,
            DJANGO_SETTINGS_MODULE="faults_settings",
            REDIS_URL=self.redis.url,
            LIVE_LIMITS="100000/minute",
            EMAIL_URL=f"filemail:///{folder}/mail",
            PGAPPNAME=NAME,
        )
        self.url = example.url  # as if a balancer stood before them all
        self.nursery = Nursery(BASE, example.environment)
        self.servers = [Offspring(folder, self.nursery) for _n in range(count)]

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.callback(self.redis.kill)
            undo.callback(self.nursery.close)
            self.redis.start()
            for server in self.servers:
                self._start(server)
                undo.callback(server.stop)
            for server in self.servers:
                server.wait()
            self.undo = undo.pop_all()
        return self

    def __exit__(self, *_error):
        self.undo.close()

    @property
    def log(self):
        return "".join(server.log.read_text() for server in self.servers)

    def any(self):
        """One of the processes, as a balancer that knows nothing would choose."""
        return self.dice.choice(self.servers)

    def ready(self):
        return [s for s in self.servers if s.process.poll() is None and answers(s.port)]

    def kill_one(self):
        """``kill -9`` of one that serves, if any does; it is started again at once."""
        ready = self.ready()
        for server in self.dice.sample(ready, min(1, len(ready))):
            server.kill()
            self.deaths["kill -9"] += 1
            self._start(server)

    def stop_all(self, how=signal.SIGKILL):
        """End every process, and start it again."""
        for server in self.servers:
            if server.process.poll() is None:
                server.kill(how)
        for server in self.servers:
            self._start(server)
        for server in self.servers:
            server.wait()

    def mend(self):
        """Start again what died at its failpoint; nothing else may have ended."""
        for server in self.servers:
            if server.process.poll() is None:
                continue
            assert server.process.returncode == -signal.SIGKILL, server.log.read_text()
            self.deaths[server.failpoint.partition(":")[0]] += 1
            self._start(server)

    def _start(self, server):
        server.failpoint = next(self.failpoints, "")
        server.start()


def chance(request):
    """Dice that fall the same way again: a failure names its seed for ``FAULTS_SEED``."""
    seed = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))
    request.node.add_report_section("setup", "chance", f"FAULTS_SEED={seed}")
    return random.Random(seed)


# --- People ---------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self):
        return json.loads(self.text)


class Browser:
    """Cookies, and requests over real connections to ``server``, or to whichever process."""

    def __init__(self, city, someone=None, server=None):
        self.city, self.someone, self.server = city, someone, server
        self.cookies = {settings.CSRF_COOKIE_NAME: get_random_string(32)}
        if someone is not None:
            self.cookies[settings.SESSION_COOKIE_NAME] = session_of(someone)

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path, accept="application/json"):
        return self._ask("GET", path, {"Accept": accept})

    def post(self, path, fields, accept="application/json"):
        """Post a form; raises ``OSError`` or ``HTTPException`` where a page's fetch would fail."""
        headers = {
            "Accept": accept,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-CSRFToken": self.cookies[settings.CSRF_COOKIE_NAME],
            "Origin": self.city.url,
        }
        return self._ask("POST", path, headers, urlencode(fields, doseq=True))

    def _ask(self, method, path, headers, body=None):
        port = (self.server or self.city.any()).port
        way = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        with contextlib.closing(way):
            way.request(method, path, body, {**headers, "Cookie": self.cookie})
            answer = way.getresponse()
            text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, answer.headers, text)


class Outbox(threading.Thread):
    """Sends ``bodies`` one after the other, each until it is answered (DESIGN §5).

    ``taken`` are the acknowledged (client_id, seq, body); ``statuses`` counts all answers.
    """

    RETRIED = {429, 503}

    def __init__(self, browser, conversation, bodies, pause=0.0):
        super().__init__(daemon=True)
        self.browser, self.bodies, self.pause = browser, bodies, pause
        self.conversation = conversation
        self.taken, self.statuses, self.slowest = [], Counter(), 0.0
        self.refused, self.stopped = None, False

    def run(self):
        for body in self.bodies:
            client_id = str(uuid.uuid4())
            while not self._sent(client_id, body):
                if self.refused or self.stopped:
                    return
                time.sleep(random.uniform(0.05, 0.3))
            time.sleep(self.pause)

    def _sent(self, client_id, body):
        began = time.monotonic()
        try:
            answer = say(self.browser, self.conversation, body, client_id)
        except (OSError, http.client.HTTPException) as error:
            self.statuses["cut" if not isinstance(error, TimeoutError) else "silence"] += 1
            return False
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[answer.status] += 1
        if answer.status in {200, 201}:
            self.taken.append((answer.json["client_id"], answer.json["seq"], body))
            return True
        if answer.status not in self.RETRIED:
            self.refused = answer
        return False


class Closed(Exception):
    """The socket was closed with ``code``, or refused with a status."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Socket:
    """A websocket client: RFC 6455 as far as frames of JSON need it."""

    def __init__(self, browser, path):
        self.way = socket.create_connection(("127.0.0.1", browser.city.any().port), DEADLINE)
        self.file = self.way.makefile("rb")
        self._shake_hands(browser, path)
        self.way.settimeout(None)

    def close(self):
        with contextlib.suppress(OSError):
            self.way.shutdown(socket.SHUT_RDWR)
        self.way.close()

    def send(self, frame):
        self._write(0x1, json.dumps(frame).encode())

    def receive(self):
        """Return the next frame; raises ``Closed``, or ``OSError`` when the line is cut."""
        while True:
            opcode, data = self._read()
            if opcode == 0x1:
                return json.loads(data)
            if opcode == 0x8:
                raise Closed(struct.unpack("!H", data[:2])[0] if data else 1005)
            if opcode == 0x9:
                self._write(0xA, data)

    def _shake_hands(self, browser, path):
        headers = {
            "Host": "127.0.0.1",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Origin": browser.city.url,
            "Cookie": browser.cookie,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.way.sendall("\r\n".join([*lines, "", ""]).encode())
        status = int((self.file.readline() or b"HTTP/1.1 0").split()[1])
        while self.file.readline().strip():
            pass
        if status != 101:
            self.close()
            raise Closed(status) if status else ConnectionResetError

    def _read(self):
        head = self._exactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8))
        return head[0] & 0x0F, self._exactly(size)

    def _exactly(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise ConnectionResetError
        return data

    def _write(self, opcode, data):
        size = bytes([0x80 | len(data)])  # clients send pongs: always less than 126 bytes
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
        self.way.sendall(bytes([0x80 | opcode]) + size + mask + masked)


class Listener(threading.Thread):
    """Holds a conversation as a browser does: connects again with ``?after=`` what it holds.

    ``held`` are the message frames in the order of their coming, ``gaps`` what came too early,
    ``codes`` counts why sockets ended.
    """

    def __init__(self, browser, conversation):
        super().__init__(daemon=True)
        self.browser, self.path = browser, f"/ws/chat/{conversation.uuid}/"
        self.held, self.gaps, self.codes = [], [], Counter()
        self.socket, self.stopped = None, False

    @property
    def last(self):
        return len(self.held)

    def run(self):
        while not self.stopped:
            try:
                self._follow()
            except Closed as error:
                self.codes[error.code] += 1
            except (OSError, ValueError):  # ValueError: closed by stop() while reading
                self.codes["cut"] += 1
            time.sleep(random.uniform(0.05, 0.5))

    def stop(self):
        self.stopped = True
        if self.socket is not None:
            self.socket.close()
        self.join(DEADLINE)

    def _follow(self):
        self.socket = Socket(self.browser, f"{self.path}?after={self.last}")
        try:
            while not self.stopped:
                frame = self.socket.receive()
                if frame["type"] == "ping":
                    self.socket.send({"type": "pong", "n": frame["n"]})
                elif frame["type"] == "message":
                    self._take(frame)
        finally:
            self.socket.close()

    def _take(self, frame):
        if frame["seq"] == self.last + 1:
            self.held.append(frame)
        elif frame["seq"] > self.last:
            self.gaps.append((self.last, frame["seq"]))


def wait_until(true, seconds=DEADLINE):
    """Return whether ``true()`` became true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def chats(count):
    """That many active conversations, each of a member and an agent of their own."""
    for n in range(count):
        member = person(f"member{n}", Rank.SILVER, language="en", member_id=f"2{n:06d}")
        agent = person(f"agent{n}", Rank.MANAGER, is_staff=True, member_id=None, language="en")
        agent.groups.add(Group.objects.get(name=accounts_seed.AGENTS))
        conversation = start(member)
        conversation.claim(agent)
        yield conversation


def say(browser, conversation, body, client_id, **fields):
    """Post once, as the page does."""
    path = f"/chat/{conversation.uuid}/messages/"
    return browser.post(path, {"body": body, "client_id": client_id, **fields})


def shown(browser, conversation):
    """The messages as a page that is loaded now gets them, by polling."""
    frames = []
    while True:
        path = f"/chat/{conversation.uuid}/messages/?after={len(frames)}"
        more = [f for f in browser.get(path).json["frames"] if f["type"] == "message"]
        if not more:
            return frames
        frames += more


@contextlib.contextmanager
def listening(city, conversations):
    """Everybody's open page: a listener of each member and agent, by conversation and person."""
    listeners = {
        (chat, someone): Listener(Browser(city, someone), chat)
        for chat in conversations
        for someone in (chat.member, chat.agent)
    }
    for listener in listeners.values():
        listener.start()
    try:
        yield listeners
    finally:
        for listener in listeners.values():
            listener.stop()


def cut_connections():
    """End every connection of the city to PostgreSQL, as an administrator may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()",
            [NAME],
        )
        return cursor.fetchone()[0]


@contextlib.contextmanager
def database_away():
    """Nobody can connect to the story's database, and who was connected is not any more."""
    known = connection.settings_dict
    way = psycopg.connect(
        dbname="postgres",
        host=known["HOST"],
        port=known["PORT"] or None,
        user=known["USER"],
        password=known["PASSWORD"],
        autocommit=True,
    )
    rule = "ALTER DATABASE {} ALLOW_CONNECTIONS {}"
    name = psycopg.sql.Identifier(known["NAME"])
    with contextlib.closing(way):
        way.execute(psycopg.sql.SQL(rule).format(name, psycopg.sql.SQL("false")))
        try:
            cut_connections()
            yield
        finally:
            way.execute(psycopg.sql.SQL(rule).format(name, psycopg.sql.SQL("true")))


def assert_nothing_crashed(city):
    """No page failed, no socket's task and no round of the watch; a 503 is no crash."""
    crashes = {"server_error", "Exception inside application", "watch_failed"}
    assert not {crash for crash in crashes if crash in city.log}


def assert_nothing_lost(outboxes, conversations):
    """0 lost, 0 doubled, 0 out of order: what was acknowledged is what is stored (I1-I3)."""
    taken = [entry for outbox in outboxes for entry in outbox.taken]
    assert sum(len(outbox.bodies) for outbox in outboxes) == len(taken)
    said = Message.objects.filter(client_id__in=[client_id for client_id, *_rest in taken])
    stored = sorted((str(m.client_id), m.seq, m.body) for m in said)
    assert stored == sorted(taken)
    for outbox in outboxes:
        places = [seq for _client_id, seq, _body in outbox.taken]
        assert places == sorted(places)
    for chat in conversations:
        chat.refresh_from_db()
        places = list(chat.messages.values_list("seq", flat=True))
        assert places == list(range(1, chat.last_seq + 1))
    texts = Message.objects.filter(conversation__in=conversations, event="").count()
    assert texts == len(taken) + len(conversations)  # and their questions


def assert_all_agree(listeners):
    """Ten seconds after the last fault everybody holds 1..last_seq, whole and in order (I4)."""

    def behind():
        last = dict(Conversation.objects.values_list("pk", "last_seq"))
        return {
            (someone.username, listener.last, last[chat.pk], str(listener.codes))
            for (chat, someone), listener in listeners.items()
            if listener.last != last[chat.pk]
        }

    assert wait_until(lambda: not behind()), behind()
    for listener in listeners.values():
        assert not listener.gaps
        thrown_out = {code for code in listener.codes if code not in {"cut", *GOING_AWAY}}
        assert not thrown_out
