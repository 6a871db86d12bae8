"""All mails about tickets: one function each, written in the recipient's language.

Each becomes a row of the outbox inside the transaction that it reports. Subjects carry the number
and no text of anybody; bodies quote at most ``EXCERPT`` characters (UX D27). Only how a known
incident ended, which is said to everybody, is quoted as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext
from post_office.models import STATUS, Email

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User

    from .models import Notice, Reply, Ticket

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


def incident_ended(
    member: User, notice: Notice, tickets: Sequence[Ticket], closed: Collection[Ticket]
) -> None:
    """Say once how the incident of ``tickets`` ended; ``closed`` are those it has just closed."""
    numbers = ", ".join(ticket.number for ticket in tickets)
    with translation.override(member.language):
        lead = npgettext(
            "mail",
            "The known incident that your ticket %(numbers)s is about has ended: %(title)s",
            "The known incident that your tickets %(numbers)s are about has ended: %(title)s",
            len(tickets),
        )
        title = notice.incident.title_in(member.language)
        subject = _("The known incident has ended")
        _post(
            member,
            f"[{tickets[0].number}] {subject}",
            lead=lead % {"numbers": numbers, "title": title},
            quote=notice.text_in(member.language),
            quote_language=member.language,
            actions=[_what_next(ticket, ticket in closed) for ticket in tickets],
        )


def _what_next(ticket: Ticket, is_closed_now: bool) -> tuple[str, str]:
    """What has become of ``ticket``, and where it is."""
    if is_closed_now:
        said = pgettext("mail, new paragraph", "We have closed your ticket %s.")
        action = pgettext("mail", "If the issue continues, you can reopen it here:")
    elif ticket.is_closed:
        said = pgettext("mail", "Your ticket %s was closed before.")
        action = pgettext("mail", "You find it here:")
    else:
        said = pgettext("mail", "Your ticket %s stays open.")
        action = pgettext("mail", "Follow its status here:")
    return f"{said % ticket.number} {action}", _address(ticket)


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
        return _post(
            ticket.member,
            f"[{ticket.number}] {subject()}",
            hold_until,
            lead=lead(ticket.number),
            quote=Truncator(quote).chars(EXCERPT),
            quote_language=ticket.text_language,
            actions=[(action(), _address(ticket))],
        )


def _post(member: User, subject: str, hold_until: datetime | None = None, **words: Any) -> int:
    """Queue a mail in the active language; return its id.

    ``words`` are lead, quote, quote_language, and actions: sentences, each with an address.
    """
    context = {
        "language": member.language,
        "greeting": pgettext("mail", "Hello,"),
        "closing": pgettext("mail", "Kind regards"),
        "team": pgettext("mail", "the technical support team"),
        "why": _("You receive this email because you submitted a ticket."),
        **words,
    }
    mail = EmailMultiAlternatives(subject, _plain(context), to=[member.email])
    mail.attach_alternative(render_to_string("tickets/email/message.html", context), "text/html")
    mail.scheduled_time = hold_until
    mail.send()
    return mail.outbox_id


def _address(ticket: Ticket) -> str:
    return settings.PORTAL_URL + ticket.get_absolute_url()


def _plain(context: dict[str, Any]) -> str:
    parts = [
        context["greeting"],
        context["lead"],
        context["quote"],
        *(f"{action}\n{url}" for action, url in context["actions"]),
        f"{context['closing']}\n{context['team']}",
        f"--\n{context['why']}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
