"""The figures of the week by mail: one to each supervisor who asked for it, on Mondays.

The mail is a row of the outbox, written with the note that it was: however many nodes look,
and however often, there is one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from tickets.reports import Scope

from .dashboard.figures import Board, gather

FROM = time(6, 0, tzinfo=UTC)  # on Mondays; in GMT, as service hours are
WEEK = timedelta(days=7)


def send_due(at: datetime) -> int:
    """Write the mails about the last full week that are due by ``at``; return how many."""
    monday = _monday(at)
    if at < datetime.combine(monday, FROM):
        return 0
    first, boards, count = monday - WEEK, {}, 0
    for pk, language in _waiting(first).values_list("pk", "language"):
        with translation.override(language):
            if language not in boards:
                scope = Scope(first=first, last=monday - timedelta(days=1))
                boards[language] = gather(scope, at, team=True)
            count += _send(pk, boards[language], at)
    return count


def _monday(at: datetime) -> date:
    """The Monday, by GMT, of the week of ``at``."""
    today = at.astimezone(UTC).date()
    return today - timedelta(days=today.weekday())


def _waiting(first: date) -> QuerySet[User]:
    """Who wants the figures of the week that begins on ``first``, may see them, has none yet."""
    able = User.objects.with_perm("tickets.view_dailyfigures").filter(is_staff=True)
    without = Q(figures_sent_on=None) | Q(figures_sent_on__lt=first)
    return able.filter(without, wants_figures=True).exclude(email="").order_by("pk")


@transaction.atomic
def _send(pk: int, board: Board, at: datetime) -> bool:
    """Queue the mail, unless another node did or the person wants none any more."""
    first = board.scope.first
    rows = _waiting(first).select_for_update(of=("self",), no_key=True)
    person = rows.filter(pk=pk).first()
    if person is None:
        return False
    _mail(person, board, at).send()
    person.figures_sent_on = first
    person.save(update_fields=["figures_sent_on"])
    return True


def _mail(person: User, board: Board, at: datetime) -> EmailMultiAlternatives:
    """The mail in the active language."""
    week = _stretch(board.scope.first, board.scope.last)
    now = date_format(at.astimezone(UTC), "SHORT_DATETIME_FORMAT")
    context = {
        "language": translation.get_language(),
        "subject": _("Figures of the week: %(week)s") % {"week": week},
        "greeting": pgettext("mail", "Hello,"),
        "lead": pgettext("mail", "Here are the figures of the week %(week)s.") % {"week": week},
        "figures": board.figures,
        "tiles": [tile for tile in board.tiles if not tile.of_week],
        "now": pgettext("mail", "As of %(time)s GMT") % {"time": now},
        "action": pgettext("mail", "You find charts and tables of the last seven days here:"),
        "url": f"{settings.PORTAL_URL}{reverse('admin:index')}?days={WEEK.days}",
        "why": _("You receive this email because you chose it in your preferences."),
        "stop": pgettext("mail", "To stop it, change your choice here:"),
        "preferences": settings.PORTAL_URL + reverse("preferences"),
    }
    mail = EmailMultiAlternatives(context["subject"], _plain(context), to=[person.email])
    mail.attach_alternative(render_to_string("figures/email/message.html", context), "text/html")
    return mail


def _plain(context: dict[str, Any]) -> str:
    tiles = [f"- {tile.label}: {tile.value}" for tile in context["tiles"]]
    notes = [f" ({tile.note})" if tile.note else "" for tile in context["tiles"]]
    parts = [
        context["greeting"],
        context["lead"],
        *(f"{figure.title}\n{figure.sentence}" for figure in context["figures"]),
        "\n".join([context["now"], *map("".join, zip(tiles, notes, strict=True))]),
        f"{context['action']}\n{context['url']}",
        f"--\n{context['why']} {context['stop']}\n{context['preferences']}",
    ]
    return "\n\n".join(parts) + "\n"


def _stretch(first: date, last: date) -> str:
    """Both days in the words of the reader, such as *6 – 12 Jul 2026*."""
    if first.year != last.year:
        start = date_format(first, "SHORT_DATE_FORMAT")
    elif first.month != last.month:
        start = date_format(first, "MONTH_DAY_FORMAT")
    else:
        start = date_format(first, pgettext("date format", "j"))
    return f"{start}\N{NO-BREAK SPACE}– {date_format(last, 'SHORT_DATE_FORMAT')}"
