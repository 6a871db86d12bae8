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
from ..worklist import WORK, Worklist
from .outcome import Outcome, list_address

SALT = "tickets.undo.2"
MAX_AGE = 600  # seconds
KEY = "tickets_undo"


def offer_undo(
    request: HttpRequest, events: list[TicketEvent], said: str, *, replied: bool = False
) -> None:
    """Let the list say what was done, and offer to take ``events`` back beside it.

    ``replied`` says that members were written to: that cannot be taken back.
    """
    named = [request.user.pk, [event.pk for event in events], replied]
    token = signing.dumps(named, salt=SALT)
    request.session[KEY] = {"said": said, "token": token}


def offered_undo(request: HttpRequest) -> dict[str, str] | None:
    """What was ``said`` and the ``token``, to be shown once."""
    return request.session.pop(KEY) if KEY in request.session else None


@require_POST
def tickets_undo(request: HttpRequest) -> HttpResponse:
    """Take back what the token names, in each ticket where nothing has happened since."""
    if not request.user.has_perms(WORK):
        raise PermissionDenied
    now, address = timezone.now(), throttle.client_address(request)
    back = see_other(list_address(Worklist(request.GET, request.user, now).place))
    try:
        named = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        named = (None, [], False)
    agent, numbers, replied = named
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
    outcome.tell(request, _said(outcome.done, replied=replied))
    return back


def _said(done: int, *, replied: bool) -> str:
    if not replied:
        said = ngettext("%(n)s ticket is as it was.", "%(n)s tickets are as they were.", done)
    else:
        said = ngettext(
            "%(n)s ticket is open again. The reply has been sent and stays.",
            "%(n)s tickets are open again. The replies have been sent and stay.",
            done,
        )
    return said % {"n": done}
