"""The pulse of an open ticket page: it says who is there, keeps what is typed, and brings news."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.formats import time_format

from accounts.answers import refuse_json

from ..forms import AnswerDraftForm
from ..models import AnswerDraft, Ticket, TicketPresence
from .composer import colleagues, draft_of, version


def take_pulse(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Renew or end the lease of the agent's page, keep its draft, and answer what is new.

    A post without ``body`` says nothing about the draft.
    """
    agent, present = request.user, TicketPresence.objects
    if request.POST.get("leave"):
        present.leave(ticket, agent)
    else:
        present.renew(ticket, agent, writing=bool(request.POST.get("writing")))
    saved = True
    if "body" in request.POST:
        form = AnswerDraftForm(request.POST)
        if not form.is_valid():
            return refuse_json(400, "invalid", errors=form.errors)
        saved = _keep(request, ticket, form.cleaned_data)
    return _answer(request, ticket, saved)


def _answer(request: HttpRequest, ticket: Ticket, saved: bool) -> JsonResponse:
    draft = draft_of(ticket, request.user)
    others = colleagues(ticket, request.user)
    return JsonResponse(
        {
            "others": [
                {"name": other.name, "writing": other.writing, "text": other.text}
                for other in others
            ],
            "newest": ticket.replies.aggregate(newest=Max("pk"))["newest"] or 0,
            "saved": saved,
            "draft": version(draft),
            "saved_at": time_format(timezone.localtime(draft.saved_at)) if draft else "",
        }
    )


@transaction.atomic
def _keep(request: HttpRequest, ticket: Ticket, typed: dict[str, Any]) -> bool:
    """Keep what was typed; whether it could be.

    Not if another page of the same agent wrote since this one looked: ``draft`` is the version
    that it knows, and a page that leaves it out writes over whatever is there.
    """
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
