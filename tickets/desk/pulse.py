"""The pulse of an open ticket page: it says who is there, keeps what is typed, and brings news."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from accounts.answers import refuse_json

from ..forms import AnswerDraftForm
from ..models import AnswerDraft, Reply, Ticket, TicketPresence
from .composer import colleagues, draft_of, version


def take_pulse(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Renew or end the lease of the agent's page, keep its draft, and answer what is new.

    A post without ``body`` says nothing about the draft.
    """
    agent, present = request.user, TicketPresence.objects
    if request.POST.get("leave") or ticket.merged_into_id:
        present.leave(ticket, agent)
    else:
        present.renew(ticket, agent, writing=bool(request.POST.get("writing")))
    if ticket.merged_into_id:
        return _lead_on(ticket)
    saved = True
    if "body" in request.POST:
        form = AnswerDraftForm(request.POST)
        if not form.is_valid():
            return refuse_json(400, "invalid", errors=form.errors)
        saved = _keep(request, ticket, form.cleaned_data)
    return _answer(request, ticket, saved)


def _lead_on(ticket: Ticket) -> JsonResponse:
    """Where the thread goes on, for a page of a ticket that became a duplicate meanwhile."""
    address = reverse("admin:tickets_ticket_change", args=[ticket.merged_into_id])
    text = _("This ticket was merged into %s.") % f"TI-{ticket.merged_into_id}"
    return JsonResponse({"merged": address, "text": text, "saved": False})


def _answer(request: HttpRequest, ticket: Ticket, saved: bool) -> JsonResponse:
    draft = draft_of(ticket, request.user)
    others = colleagues(ticket, request.user)
    return JsonResponse(
        {
            "others": [
                {"name": other.name, "writing": other.writing, "text": other.text}
                for other in others
            ],
            "newest": _newest(ticket),
            "saved": saved,
            "draft": version(draft),
            "saved_at": time_format(timezone.localtime(draft.saved_at)) if draft else "",
        }
    )


def _newest(ticket: Ticket) -> int:
    """The id of the newest reply in the thread, those of duplicates with it."""
    told = Reply.objects.filter(Q(ticket=ticket) | Q(ticket__merged_into=ticket))
    return told.aggregate(newest=Max("pk"))["newest"] or 0


@transaction.atomic
def _keep(request: HttpRequest, ticket: Ticket, typed: dict[str, Any]) -> bool:
    """Keep what was typed; whether it could be.

    Not if another page of the same agent wrote since this one looked: ``draft`` is the version
    that it knows, and a page that leaves it out writes over whatever is there.
    """
    # Whoever sends holds this row until the draft is gone.
    rows = Ticket.objects.select_for_update(of=("self",)).only("merged_into")
    if rows.get(pk=ticket.pk).merged_into_id:
        return False
    person = {"ticket": ticket, "author": request.user}
    draft = AnswerDraft.objects.select_for_update().filter(**person).first()
    if draft and all(getattr(draft, name) == text for name, text in typed.items()):
        return True
    known = request.POST.get("draft", version(draft))
    if draft and known != version(draft):
        return False
    if not (typed["body"] or typed["questions"]):
        AnswerDraft.objects.filter(**person).delete()
    elif not _is_sent(request, ticket, typed):
        changes = {**typed, "saved_at": timezone.now()}
        AnswerDraft.objects.update_or_create(**person, defaults=changes)
    return True


def _is_sent(request: HttpRequest, ticket: Ticket, typed: dict[str, Any]) -> bool:
    """Whether this is what the agent sent last: a late pulse must not bring it back."""
    last = ticket.replies.filter(author=request.user).order_by("-pk").first()
    if last is None:
        return False
    is_same_form = str(last.submission_id) == request.POST.get("submission_id")
    return is_same_form or last.says(typed["body"], typed["questions"], {})
