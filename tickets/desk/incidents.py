"""A known incident at the desk: where it stands, and the four acts of a supervisor."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts import throttle
from accounts.answers import see_other

from ..incidents import left
from ..models import AffectedTicket, Incident, Notice, Ticket, TicketLanguage, TransitionError
from ..models.incident import AlreadyDone, MissingTranslation
from ..models.notice import is_written
from .incident_forms import AnswerForm, EndForm, LinkForm, TypedNumber

SHOWN = 50  # affected tickets; the work list shows all
NOTICES = 20  # the newest
_CODES = [code for code, _name in settings.LANGUAGES]


class State(NamedTuple):
    """Where an incident stands, as a badge."""

    name: str
    label: str
    kind: str
    icon: str


_DRAFT = State("draft", pgettext_lazy("incident", "Draft"), "muted", "pencil")
_CURRENT = State("current", pgettext_lazy("incident", "Current"), "over", "warn")
_ENDED = State("ended", pgettext_lazy("incident", "Ended"), "closed", "check")

_ACTS = {
    "publish": pgettext_lazy("incident", "Publish"),
    "link": gettext_lazy("Link tickets"),
    "answer": pgettext_lazy("incident", "Answer all"),
    "end": gettext_lazy("End the incident"),
}


class Words(NamedTuple):
    """What members of one language read."""

    code: str
    name: str
    title: str
    text: str
    ending: str

    @property
    def is_complete(self) -> bool:
        return is_written(self.title) and is_written(self.text)


class Progress(NamedTuple):
    """How far a notice has come, in sentences."""

    notice: Notice
    sentences: list[str]
    texts: list[tuple[str, str, str]]  # language, its name, what is said


def state_of(incident: Incident) -> State:
    if incident.ended_at:
        return _ENDED
    return _CURRENT if incident.published_at else _DRAFT


def name_of(incident: Incident) -> str:
    """The title in the reader's language; a draft may have one in another language only."""
    return incident.title or next((words.title for words in words_of(incident) if words.title), "–")


def words_of(incident: Incident) -> list[Words]:
    """What is written in each language; nothing stands for what is missing."""
    kinds = ("title", "text", "ending")
    return [
        Words(code, name, *(getattr(incident, f"{kind}_{code}") for kind in kinds))
        for code, name in settings.LANGUAGES
    ]


def lacking(incident: Incident) -> list[str]:
    """Names of the languages in which title or text is missing."""
    return [words.name for words in words_of(incident) if not words.is_complete]


def overview(incident: Incident) -> dict[str, Any]:
    """The context of the incident's page beside its form."""
    affected = incident.affected.select_related("ticket__member").order_by("-pk")
    notices = incident.notices.select_related("by", "incident").order_by("-pk")[:NOTICES]
    by_language = _by_language(incident.affected.all())
    return {
        "incident": incident,
        "state": state_of(incident),
        "words": words_of(incident),
        "affected": affected[:SHOWN],
        "affected_count": sum(by_language.values()),
        "by_language": _named(by_language),
        "notices": [Progress(notice, _progress(notice), _texts(notice)) for notice in notices],
    }


def incident_publish(
    request: HttpRequest, incident: Incident, frame: dict[str, Any]
) -> HttpResponse:
    """Show what everybody is going to read; the second time let them read it."""
    if request.method != "POST" and incident.published_at:
        return _late(request, incident)
    context = {**frame, "words": words_of(incident)}
    if request.method != "POST":
        return _page(request, "publish", incident, context)
    try:
        incident.publish(request.user, timezone.now())
    except MissingTranslation as missing:
        return _page(request, "publish", incident, context, status=409, missing=missing.languages)
    except AlreadyDone:
        return _late(request, incident)
    done = pgettext("incident", "Published")
    LogEntry.objects.log_actions(request.user.pk, [incident], CHANGE, done)
    messages.success(request, _("The incident is published: every member reads it now."))
    return _back(incident)


def incident_link(request: HttpRequest, incident: Incident, frame: dict[str, Any]) -> HttpResponse:
    """Say of which tickets it is known that they are about this."""
    if not incident.is_current:
        return _late(request, incident)
    form = LinkForm(_posted(request))
    if request.method != "POST":
        return _page(request, "link", incident, frame, form=form)
    if not form.is_valid():
        return _page(request, "link", incident, frame, status=400, form=form)
    try:
        count, faults = _link(request, incident, form.cleaned_data["numbers"])
    except AlreadyDone:
        return _late(request, incident)
    said = ngettext("%(n)s ticket is linked.", "%(n)s tickets are linked.", count) % {"n": count}
    if not faults:
        messages.success(request, said)
        return _back(incident)
    form.add_error("numbers", faults)
    said = said if count else ""
    return _page(request, "link", incident, frame, status=409, form=form, said=said)


def _link(
    request: HttpRequest, incident: Incident, numbers: list[TypedNumber]
) -> tuple[int, list[str]]:
    """How many tickets are about ``incident`` now, and why the others are not."""
    act = {"at": timezone.now(), "address": throttle.client_address(request)}
    wanted = [number for _typed, number in numbers if number]
    found = Ticket.objects.visible_to(request.user).in_bulk(wanted)
    linked, faults = set(), []
    for typed, number in numbers:
        if number is None:
            faults.append(_("“%(typed)s” is not a ticket number.") % {"typed": typed[:40]})
        elif number not in found:
            unknown = _("There is no such ticket.")
            faults.append(f"TI-{number}: {unknown}")
        else:
            try:
                incident.affect(found[number], request.user, **act)
                linked.add(number)
            except TransitionError as impossible:
                faults.append(f"TI-{number}: {impossible.message}")
    return len(linked), faults


def incident_answer(
    request: HttpRequest, incident: Incident, frame: dict[str, Any]
) -> HttpResponse:
    """Answer all its tickets at once, each in its own language."""
    form = AnswerForm(_posted(request), initial={"submission_id": uuid.uuid4()})
    is_valid = form.is_valid()
    if not is_valid and not incident.is_current:
        return _late(request, incident)
    reached = _by_language(_reached(incident))
    count = sum(reached.values())
    context = {**frame, "form": form, "count": count, "shares": _shares(reached)}
    if not is_valid:
        return _page(request, "answer", incident, context, status=400 if form.is_bound else 200)
    try:
        _answer(request, incident, form)
    except AlreadyDone:
        form.add_error(None, _why_late(incident))
        return _page(request, "answer", incident, context, status=409)
    said = ngettext(
        "The answer goes out to %(n)s ticket.", "The answer goes out to %(n)s tickets.", count
    )
    messages.success(request, said % {"n": count})
    return _back(incident)


def _answer(request: HttpRequest, incident: Incident, form: AnswerForm) -> None:
    """The same form sent twice answers once; with other words it means something new."""
    words = "\0".join(form.texts.values())
    once = uuid.uuid5(form.cleaned_data["submission_id"], words)
    incident.answer(request.user, form.texts, timezone.now(), once)


def incident_end(request: HttpRequest, incident: Incident, frame: dict[str, Any]) -> HttpResponse:
    """Say to everybody how it ended."""
    form = EndForm(_posted(request))
    is_valid = form.is_valid()
    if not is_valid and not incident.is_current:
        return _late(request, incident)
    members = incident.affected.order_by().values("ticket__member").distinct()
    context = {
        **frame,
        "form": form,
        "member_count": members.exclude(ticket__member__email="").count(),
        "ticket_count": _reached(incident).count(),
    }
    if not is_valid:
        return _page(request, "end", incident, context, status=400 if form.is_bound else 200)
    try:
        incident.end(request.user, form.texts, timezone.now(), closes=form.cleaned_data["closes"])
    except AlreadyDone:
        ending = incident.notices.filter(kind=Notice.Kind.END).first()
        if ending and _says(ending, form.texts):  # sent twice
            return _late(request, incident)
        form.add_error(None, _why_late(incident))
        return _page(request, "end", incident, context, status=409)
    messages.success(request, _("The incident has ended. The members are told by email."))
    return _back(incident)


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _page(
    request: HttpRequest,
    name: str,
    incident: Incident,
    frame: dict[str, Any],
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    who = {"incident": incident, "name": name_of(incident), "act": _ACTS[name]}
    shown = {**frame, **who, **context}
    template = f"admin/tickets/incident/{name}.html"
    return TemplateResponse(request, template, shown, status=status)


def _back(incident: Incident) -> HttpResponse:
    return see_other("admin:tickets_incident_change", incident.pk)


def _late(request: HttpRequest, incident: Incident) -> HttpResponse:
    messages.warning(request, _why_late(incident))
    return _back(incident)


def _why_late(incident: Incident) -> str:
    """Why an act is no longer possible, or not yet."""
    if not incident.published_at:
        return _("Publish the incident first.")
    if not incident.ended_at:
        return _("The incident was published before.")
    ending = incident.notices.filter(kind=Notice.Kind.END).select_related("by").get()
    return _("The incident was ended before by %(name)s.") % {"name": ending.by.display_name}


def _says(notice: Notice, texts: Mapping[str, str]) -> bool:
    return all(getattr(notice, f"text_{code}") == texts[code] for code in _CODES)


def _reached(incident: Incident) -> QuerySet[AffectedTicket]:
    """Whom an answer or an end still finds at work."""
    return incident.affected.filter(ticket__in=Ticket.objects.unfinished())


def _by_language(affected: QuerySet[AffectedTicket]) -> dict[str, int]:
    """How many tickets there are, by language."""
    rows = affected.order_by().values_list("ticket__language").annotate(Count("pk"))
    return dict(rows)


def _named(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counts with the names of the languages, in the order of the portal."""
    return [(label, counts[code]) for code, label in TicketLanguage.choices if code in counts]


def _shares(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """For each language of tickets: its name, the name of the text that they get, how many."""
    names = dict(settings.LANGUAGES)
    return [
        (label, names.get(code, names["en"]), counts.get(code, 0))
        for code, label in TicketLanguage.choices
    ]


def _texts(notice: Notice) -> list[tuple[str, str, str]]:
    return [(code, name, getattr(notice, f"text_{code}")) for code, name in settings.LANGUAGES]


def _progress(notice: Notice) -> list[str]:
    tell = _told if notice.kind == Notice.Kind.END else _answered
    dealt = notice.sent + notice.skipped
    return tell(notice, dealt if notice.done_at else dealt + left(notice).count())


def _answered(notice: Notice, total: int) -> list[str]:
    if not total:
        return [_("No ticket was linked.")]
    done = ngettext(
        "%(sent)s of %(total)s ticket is answered.",
        "%(sent)s of %(total)s tickets are answered.",
        total,
    )
    skipped = ngettext(
        "%(n)s ticket was skipped: closed, or the author's own.",
        "%(n)s tickets were skipped: closed, or the author's own.",
        notice.skipped,
    )
    sentences = [done % {"sent": notice.sent, "total": total}]
    return sentences + ([skipped % {"n": notice.skipped}] if notice.skipped else [])


def _told(notice: Notice, total: int) -> list[str]:
    if not total:
        return [_("No member was affected.")]
    done = ngettext(
        "%(sent)s of %(total)s member is told by email.",
        "%(sent)s of %(total)s members are told by email.",
        total,
    )
    skipped = ngettext(
        "%(n)s member has no email address.",
        "%(n)s members have no email address.",
        notice.skipped,
    )
    sentences = [done % {"sent": notice.sent, "total": total}]
    return sentences + ([skipped % {"n": notice.skipped}] if notice.skipped else [])
