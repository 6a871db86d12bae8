"""Death at the worst moments of a post. Lives among the tests: the portal itself has no such door.

``FAILPOINT=after_commit:12`` makes the process that reads it kill itself, as ``kill -9`` does, at
the twelfth new chat message it stores, at one of these points.
"""

import itertools
import os
import signal

from django.db import connection, transaction

POINTS = ("before_commit", "after_commit", "before_answer")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class FailpointMiddleware:
    """Innermost: between it and the view lies nothing but the view."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.inserts = itertools.count(1)

    def __call__(self, request):
        point, _colon, number = os.environ.get("FAILPOINT", "").partition(":")
        dying = []

        def watch(execute, sql, *rest):
            result = execute(sql, *rest)
            if sql.startswith('INSERT INTO "chat_message"') and next(self.inserts) == int(number):
                dying.append(point)
                if point == "before_commit":
                    die()
                if point == "after_commit":
                    transaction.on_commit(die)  # before the sockets are told
            return result

        if not point:
            return self.get_response(request)
        with connection.execute_wrapper(watch):
            response = self.get_response(request)
        if dying:
            die()
        return response
