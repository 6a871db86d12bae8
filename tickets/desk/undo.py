"""Taking back what was just done to several tickets at once."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import throttle
from accounts.answers import see_other

from ..models import TicketEvent, TransitionError
from ..worklist import Worklist
from .outcome import Outcome, list_address

SALT = "tickets.undo"
MAX_AGE = 600  # seconds
KEY = "tickets_undo"


def offer_undo(request: HttpRequest, events: list[TicketEvent]) -> None:
    """Let the next page offer to take ``events`` back."""
    if events:
        said = [request.user.pk, [event.pk for event in events]]
        request.session[KEY] = signing.dumps(said, salt=SALT)


def offered_undo(request: HttpRequest) -> str:
    """The token to be shown once, if there is one."""
    return request.session.pop(KEY, "") if KEY in request.session else ""


@require_POST
def tickets_undo(request: HttpRequest) -> HttpResponse:
    """Take back what the token names, in each ticket where nothing has happened since."""
    if not request.user.has_perm("tickets.change_ticket"):
        raise PermissionDenied
    now, address = timezone.now(), throttle.client_address(request)
    back = see_other(list_address(Worklist(request.GET, request.user, now).place))
    try:
        agent, numbers = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        agent, numbers = None, []
    if agent != request.user.pk:
        messages.warning(request, _("This can no longer be undone."))
        return back
    outcome = Outcome()
    for event in TicketEvent.objects.filter(pk__in=numbers).select_related("ticket"):
        try:
            event.ticket.undo(request.user, event, at=now, address=address)
        except TransitionError as impossible:
            outcome.skip(event.ticket.number, impossible.message)
        else:
            outcome.done += 1
    said = ngettext("%(n)s ticket is as it was.", "%(n)s tickets are as they were.", outcome.done)
    outcome.tell(request, said)
    return back
