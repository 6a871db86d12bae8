"""Bears processes of the portal quickly: all is imported once, every process is a fork.

Who is killed thirty times cannot spend a second and a half on imports each time. As a script it
reads one order a line and answers each with a line; ``Nursery`` gives the orders.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

# What daphne imports, except the reactor: a loop must not be shared with one's children.
PRELOADED = (
    *("OpenSSL.SSL", "autobahn.websocket.protocol", "twisted.internet.tcp"),
    *("twisted.protocols.tls", "twisted.web.http", "django.core.management"),
)


class Nursery:
    """The process that bears the others."""

    def __init__(self, folder, environment):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(
            [sys.executable, __file__], cwd=folder, env=environment, **pipes
        )
        self.lock = threading.Lock()

    def bear(self, port, log, failpoint):
        """Start a process that serves at ``port`` and kills itself at ``failpoint``, if any."""
        return Child(self, self._order(port=port, log=str(log), failpoint=failpoint))

    def code(self, pid):
        """The exit code of a child, negative for a signal; ``None`` while it lives."""
        return self._order(look=pid)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _order(self, **order):
        with self.lock:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())


class Child:
    """A process born in the nursery, with the face of ``Popen``."""

    def __init__(self, nursery, pid):
        self.nursery, self.pid, self.returncode = nursery, pid, None

    def poll(self):
        if self.returncode is None:
            self.returncode = self.nursery.code(self.pid)
        return self.returncode

    def wait(self, seconds):
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("a child of the nursery", seconds)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, how):
        if self.poll() is None:
            os.kill(self.pid, how)

    def terminate(self):
        self.send_signal(signal.SIGTERM)


def main():
    import_everything()
    ended = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "look" in order:
            answer = look(order["look"], ended)
        else:
            answer = os.fork()
            if answer == 0:
                serve(order)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def import_everything():
    import django

    django.setup()
    for module in ("helpdesk.asgi", "helpdesk.urls", *PRELOADED):
        importlib.import_module(module)
    assert "twisted.internet.reactor" not in sys.modules


def look(pid, ended):
    if pid not in ended:
        found, status = os.waitpid(pid, os.WNOHANG)
        if not found:
            return None
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended[pid]


def serve(order):
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["FAILPOINT"] = order["failpoint"]
    from daphne.cli import CommandLineInterface

    address = ["-b", "127.0.0.1", "-p", str(order["port"])]
    CommandLineInterface().run(
        [*address, "--application-close-timeout", "1", "helpdesk.asgi:application"]
    )
    os._exit(0)


if __name__ == "__main__":
    main()
