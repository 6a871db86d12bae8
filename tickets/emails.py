"""All mails about tickets: one function each, written in the recipient's language.

Each becomes a row of the outbox inside the transaction that it reports. Subjects carry the number
and no text of anybody; bodies quote at most ``EXCERPT`` characters (UX D27).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from post_office.models import STATUS, Email

if TYPE_CHECKING:
    from datetime import datetime

    from .models import Reply, Ticket

EXCERPT = 200


def ticket_received(ticket: Ticket) -> None:
    _send(
        ticket,
        lambda: _("We have received your issue"),
        lambda number: pgettext("mail", "We have received your ticket %s.") % number,
        lambda: pgettext("mail", "Follow its status here:"),
    )


def agent_replied(ticket: Ticket, reply: Reply) -> None:
    _send(
        ticket,
        lambda: _("New reply from support"),
        lambda number: pgettext("mail", "Support has replied to your ticket %s:") % number,
        lambda: pgettext("mail", "Read and answer here:"),
        quote=reply.full_text,
    )


def feedback_asked(ticket: Ticket, reply: Reply) -> None:
    _send(
        ticket,
        lambda: _("We need more information"),
        lambda number: (
            pgettext("mail", "To continue with ticket %s we need more information:") % number
        ),
        lambda: pgettext("mail", "Please reply here:"),
        quote=reply.full_text,
    )


def ticket_closed(ticket: Ticket, hold_until: datetime | None = None) -> int | None:
    """Return the id of the mail that ``take_back`` takes, if there is one."""
    return _send(
        ticket,
        lambda: _("Your issue is closed"),
        lambda number: pgettext("mail", "We have closed your ticket %s.") % number,
        lambda: pgettext("mail", "If the issue continues, you can reopen it here:"),
        hold_until=hold_until,
    )


def tickets_merged(ticket: Ticket, duplicate: Ticket) -> None:
    _send(
        ticket,
        lambda: _("We have put your two tickets together"),
        lambda number: (
            pgettext(
                "mail", "Your tickets %(duplicate)s and %(number)s are now one. Nothing was lost."
            )
            % {"duplicate": duplicate.number, "number": number}
        ),
        lambda: pgettext("mail", "Follow its status here:"),
    )


def take_back(mail: int | None, at: datetime) -> bool:
    """Delete a mail that is not due yet; return whether nobody was told anything."""
    if mail is None:
        return True
    waiting = Email.objects.filter(pk=mail, status=STATUS.queued, scheduled_time__gt=at)
    return bool(waiting.delete()[0])


def ticket_reopened(ticket: Ticket) -> None:
    _send(
        ticket,
        lambda: _("Your issue is open again"),
        lambda number: pgettext("mail", "Your ticket %s is open again.") % number,
        lambda: pgettext("mail", "Follow its status here:"),
    )


def _send(
    ticket: Ticket,
    subject: Callable[[], str],
    lead: Callable[[str], str],
    action: Callable[[], str],
    quote: str = "",
    hold_until: datetime | None = None,
) -> int | None:
    """Queue one mail to the ticket's member; somebody without an address gets none."""
    if not ticket.member.email:
        return None
    with translation.override(ticket.member.language):
        context = {
            "language": ticket.member.language,
            "greeting": pgettext("mail", "Hello,"),
            "lead": lead(ticket.number),
            "quote": Truncator(quote).chars(EXCERPT),
            "quote_language": ticket.text_language,
            "action": action(),
            "url": settings.PORTAL_URL + ticket.get_absolute_url(),
            "closing": pgettext("mail", "Kind regards"),
            "team": pgettext("mail", "the technical support team"),
            "why": _("You receive this email because you submitted a ticket."),
        }
        mail = EmailMultiAlternatives(
            f"[{ticket.number}] {subject()}", _plain(context), to=[ticket.member.email]
        )
        mail.attach_alternative(
            render_to_string("tickets/email/message.html", context), "text/html"
        )
    mail.scheduled_time = hold_until
    mail.send()
    return mail.outbox_id


def _plain(context: dict[str, str]) -> str:
    parts = [
        context["greeting"],
        context["lead"],
        context["quote"],
        f"{context['action']}\n{context['url']}",
        f"{context['closing']}\n{context['team']}",
        f"--\n{context['why']}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
