"""The outbox: a mail is a row, written in the transaction of what it reports."""

from collections.abc import Sequence
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from post_office.models import PRIORITY, STATUS, Email


class OutboxBackend(BaseEmailBackend):
    """Queue mails for ``run_jobs``.

    post_office's own backend compiles subject and body as templates; member text in a mail must
    never meet the template engine, so the rows are written here. A message that has a
    ``scheduled_time`` waits until then; each is told its ``outbox_id``.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        # bulk_create, because Email.save() refuses an odd address with an exception: a ticket must
        # not be lost over the address of its mail.
        rows = Email.objects.bulk_create([_row(message) for message in email_messages])
        for message, row in zip(email_messages, rows, strict=True):
            message.outbox_id = row.pk
        return len(rows)


def _row(message: EmailMessage) -> Email:
    if "\n" in message.subject or "\r" in message.subject:
        raise BadHeaderError("line break in a subject")
    return Email(
        from_email=message.from_email,
        to=list(message.to),
        subject=message.subject,
        message=message.body,
        html_message=_html_of(message),
        headers=message.extra_headers or None,
        message_id=make_msgid(domain=settings.POST_OFFICE["MESSAGE_ID_FQDN"]),
        scheduled_time=getattr(message, "scheduled_time", None),
        priority=PRIORITY.medium,
        status=STATUS.queued,
    )


def _html_of(message: EmailMessage) -> str:
    alternatives = getattr(message, "alternatives", [])
    return next((body for body, kind in alternatives if kind == "text/html"), "")
