"""What stories of the dashboard share: a busy month, and a reader of the page's drawings."""

import datetime as dt
import uuid
from html.parser import HTMLParser

from conftest import answer, submit
from django.utils import timezone

from chat.models import Conversation
from tickets.models import Topic

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def busy_month(agent, other, members, now=None):
    """Tickets and chats of thirty days in every state; ``other`` is a second agent."""
    now = now or timezone.now()
    topics = list(Topic.objects.all()[:3])
    for n in range(40):
        member = members[n % len(members)]
        opened = now - min(n % 30, 28) * DAY - (n % 7 + 1) * HOUR  # never the 31st day
        language = ("sl", "cs", "en", "sl", "other")[n % 5]
        ticket = submit(member, at=opened, language=language, title=f"Naročilo {n}")
        if n % 3:
            ticket.set_topic(agent, topics[n % 2], at=opened)
        handler = other if n % 4 == 0 else agent
        if n % 5 != 2:
            ticket.assign(handler, handler, at=opened)
            verb = "ask" if n % 6 == 0 else "reply"
            answer(ticket, handler, verb=verb, at=opened + (n % 4 + 0.2) * HOUR / 4)
        if n % 5 == 1:
            ticket.close(handler, at=opened + 0.9 * HOUR)
        if n in (11, 31):
            kept = {"submission_id": uuid.uuid4(), "at": opened + 0.95 * HOUR}
            ticket.reopen(member, "Še vedno", **kept)
    for n in range(60):
        begun = (now - (n % 30) * DAY).replace(hour=(5 + n * n % 17), minute=10)
        chat(members[n % len(members)], begun, (agent, other, None)[n % 3], wait=30.4 + 11 * n)


def chat(member, begun, agent, wait=60, **fields):
    """An ended chat that waited ``wait`` seconds for ``agent``, or for nobody."""
    met = begun + dt.timedelta(seconds=wait)
    row = {
        **{"member": member, "rank": member.rank, "language": member.language},
        **{"name": "N", "email": member.email, "submission_id": uuid.uuid4()},
        **{"created_at": begun, "queued_at": begun, "member_at": begun, "agent": agent},
        **{"status": "closed", "ending": "member", "closed_at": met + DAY if agent else met},
        **({"first_claimed_at": met, "claimed_at": met} if agent else {}),
    }
    return Conversation.objects.create(**{**row, **fields})


class Plots(HTMLParser):
    """Reads figures: their marks, the steps of their scales, and their tables' raw numbers."""

    def __init__(self, page):
        super().__init__()
        self.figures, self._row = {}, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "figure":
            empty = {key: [] for key in ("rect", "circle", "curves", "steps", "rows", "frames")}
            self.figures[given["id"]] = self._now = empty
        elif not self.figures:
            return
        elif tag in ("rect", "circle") and "data-value" in given:
            self._now[tag].append(given)
        elif tag == "rect" and given["class"] == "frame":
            self._now["frames"].append(given)
        elif tag == "path" and "data-series" in given:
            self._now["curves"].append(given)
        elif tag == "path" and "data-step" in given:
            y = float(given["d"].split("H")[0].split(" ")[1])
            self._now["steps"].append((float(given["data-step"]), y))
        elif tag == "tr":
            self._row = []
        elif tag in ("th", "td") and "data-value" in given:
            if not self._row:
                self._now["rows"].append(self._row)
            self._row.append(given["data-value"])
