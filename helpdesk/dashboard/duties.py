"""What somebody should look at beside tickets and chats: each for those who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import ErasureRequest, PeopleImport, User
from chat.models import Conversation
from tickets.models import Incident, Ticket

from .amounts import whole
from .shapes import Tile

STALE = timedelta(days=2)  # from then on people should have been synchronised again


def duties(user: User, at: datetime, *, is_own: bool = False) -> list[Tile]:
    """Return what ``user`` may see to; who looks at an own share sees here what waits for all."""
    facts = _facts(user)
    tiles = {
        "tickets.view_incident": _incidents(facts),
        "accounts.view_erasurerequest": _erasures(facts, at),
        "accounts.view_peopleimport": _synchronisation(facts, at),
    }
    queue = _queue(facts) if is_own else []
    return queue + [tile for right, tile in tiles.items() if user.has_perm(right)]


def _facts(user: User) -> dict[str, Any]:
    """Return counts and the last import by one query: the row of ``user`` is there for sure."""
    requests = ErasureRequest.objects.order_by("requested_at")
    imports = PeopleImport.objects.last_synchronisation()
    return User.objects.filter(pk=user.pk).values(
        unassigned=_count(Ticket.objects.visible_to(user).unfinished().unassigned()),
        waiting=_count(Conversation.objects.waiting()),
        current=_count(Incident.objects.current()),
        requests=_count(requests),
        first_request=Subquery(requests.values("requested_at")[:1]),
        state=Subquery(imports.values("state")[:1]),
        counts=Subquery(imports.values("counts")[:1]),
        when=Subquery(imports.values("ended_at")[:1]),
    )[0]


def _count(rows: QuerySet) -> Subquery:
    """How many ``rows`` there are; not as an aggregate, which would group them."""
    counted = rows.order_by().annotate(count=Func("pk", function="COUNT"))
    return Subquery(counted.values("count"), output_field=IntegerField())


def _queue(facts: dict[str, Any]) -> list[Tile]:
    """Tickets that nobody has, and members who wait for a chat."""
    unassigned = f"{reverse('admin:tickets_ticket_changelist')}?view=unassigned"
    return [
        Tile(pgettext("tickets", "Unassigned"), whole(facts["unassigned"]), "", unassigned),
        Tile(_("Chats waiting"), whole(facts["waiting"]), "", reverse("console:console")),
    ]


def _incidents(facts: dict[str, Any]) -> Tile:
    current, url = facts["current"], reverse("admin:tickets_incident_changelist")
    return Tile(_("Known incidents"), whole(current), "", url, grave=current > 0)


def _erasures(facts: dict[str, Any], at: datetime) -> Tile:
    """Say how many ask for it, and until when the first of them wants an answer."""
    label, url = _("Requests for erasure"), reverse("admin:accounts_erasurerequest_changelist")
    if not facts["requests"]:
        return Tile(label, whole(0), "", url)
    due = ErasureRequest(requested_at=facts["first_request"]).due_at
    note = _("Due by: %(date)s") % {"date": date_format(localtime(due), "SHORT_DATE_FORMAT")}
    return Tile(label, whole(facts["requests"]), note, url, grave=due < at)


def _synchronisation(facts: dict[str, Any], at: datetime) -> Tile:
    """Tell of the last file of people that came to an end, taken over or refused."""
    label, url = _("People synchronised"), reverse("admin:accounts_user_import")
    if facts["state"] is None:
        return Tile(label, pgettext("synchronised", "never"), "", url, grave=True)
    state, when = PeopleImport.State(facts["state"]), facts["when"]
    is_refused = state == PeopleImport.State.REFUSED
    note = str(state.label) if is_refused else _counted(facts["counts"])
    value = date_format(localtime(when), "SHORT_DATETIME_FORMAT")
    return Tile(label, value, note, url, grave=is_refused or at - when > STALE)


def _counted(counts: dict[str, int]) -> str:
    return _(
        "New: %(created)s, changed: %(updated)s, deactivated: %(gone)s, refused: %(refused)s"
    ) % {
        "created": whole(counts.get("created", 0)),
        "updated": whole(counts.get("updated", 0)),
        "gone": whole(counts.get("deactivated", 0)),
        "refused": whole(counts.get("refused", 0)),
    }
