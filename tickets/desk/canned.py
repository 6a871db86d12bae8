"""What stands for the placeholders of canned replies where a ticket is answered."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts.models import User

from ..models import Ticket


def values(ticket: Ticket, agent: User, language: str) -> dict[str, str]:
    """What stands for each of ``models.canned.PLACEHOLDERS`` in a text written in ``language``.

    ``ticket_link`` leads the member to this very ticket; in chats, where there is none yet, to the
    form for a new one.
    """
    with translation.override(language):
        written_in = str(ticket.get_language_display())
    return {
        "name": ticket.member.display_name,
        "agent": agent.display_name,
        "language": written_in,
        "ticket_link": settings.PORTAL_URL + ticket.get_absolute_url(),
        "issues_link": settings.PORTAL_URL + reverse("tickets:ticket_list"),
    }
