"""All mails about chats: one function each, written in the recipient's language."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .transcript import text

if TYPE_CHECKING:
    from .models import Conversation


def transcript(conversation: Conversation) -> None:
    """Mail the whole conversation to its member's account; the words in it stay English."""
    with translation.override(conversation.member.language):
        day = date_format(conversation.created_at.astimezone(UTC), "SHORT_DATE_FORMAT")
        context = {
            "language": conversation.member.language,
            "subject": _("Your chat transcript, %(date)s") % {"date": day},
            "greeting": pgettext("mail", "Hello,"),
            "lead": pgettext("mail", "Here is the transcript of your chat with support."),
            "transcript": text(conversation, limit=sys.maxsize),
            "action": pgettext("mail", "You find the chat here:"),
            "url": settings.PORTAL_URL + conversation.get_absolute_url(),
            "closing": pgettext("mail", "Kind regards"),
            "team": pgettext("mail", "the technical support team"),
            "why": _("You receive this email because you asked for the transcript."),
        }
        mail = EmailMultiAlternatives(
            context["subject"], _plain(context), to=[conversation.member.email]
        )
        page = render_to_string("chat/email/transcript.html", context)
        mail.attach_alternative(page, "text/html")
    mail.send()


def _plain(context: dict[str, str]) -> str:
    parts = [
        context["greeting"],
        context["lead"],
        context["transcript"],
        f"{context['action']}\n{context['url']}",
        f"{context['closing']}\n{context['team']}",
        f"--\n{context['why']}",
    ]
    return "\n\n".join(parts) + "\n"
