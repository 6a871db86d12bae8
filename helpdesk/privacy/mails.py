"""Whose mail a row of the outbox is: mails know addresses and ticket numbers, no persons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import getaddresses
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Max, Min, QuerySet
from post_office.models import Email

from accounts.models import User
from chat.models import Conversation
from tickets.models import Ticket

WINDOW = 5_000  # ids looked at in one statement
_NUMBER = re.compile(r"^\[TI-([0-9]{1,18})\]")
_CHAT = re.compile(r"/chat/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")


def addresses_of(member: User) -> set[str]:
    """The addresses of the account, in lower case; those typed into a chat may be anybody's."""
    extra = EmailAddress.objects.filter(user=member).values_list("email", flat=True)
    return {address.lower() for address in [member.email, *extra] if address}


def mails_of(
    member: User, addresses: set[str] | None = None, after: int = 0
) -> Iterator[QuerySet[Email]]:
    """Yield the mails of ``member`` with ids above ``after``, some at a time.

    A mail about a ticket belongs to who filed the ticket, also if the address has changed since.
    Any other belongs to the address, unless it is about a chat of somebody who shares it.
    """
    wanted = addresses_of(member) if addresses is None else addresses
    numbers = set(Ticket.objects.owned_by(member).values_list("pk", flat=True))
    ends = Email.objects.aggregate(first=Min("pk"), last=Max("pk"))
    start = max(after + 1, ends["first"] or 0)
    while ends["last"] and start <= ends["last"]:
        rows = Email.objects.filter(pk__gte=start, pk__lt=start + WINDOW)
        if found := _among(rows, member, wanted, numbers):
            yield Email.objects.filter(pk__in=found)
        start += WINDOW


def _among(
    rows: QuerySet[Email], member: User, addresses: set[str], numbers: set[int]
) -> list[int]:
    found, to_them, about = [], [], {}
    for pk, subject, *recipients in rows.values_list("pk", "subject", "to", "cc", "bcc"):
        number = _NUMBER.match(subject)
        if number and int(number[1]) in numbers:
            found.append(pk)
        elif addresses & _addresses(recipients):
            to_them.append(pk)
            if number:
                about[pk] = int(number[1])
    foreign = Ticket.objects.filter(pk__in=about.values()).exclude(member=member)
    others = set(foreign.values_list("pk", flat=True))
    to_them = [pk for pk in to_them if about.get(pk) not in others]
    return sorted(found + _without_foreign_chats(to_them, member))


def _without_foreign_chats(pks: list[int], member: User) -> list[int]:
    chats = {
        pk: _CHAT.findall(text)
        for pk, text in Email.objects.filter(pk__in=pks).values_list("pk", "message")
    }
    named = {uuid for uuids in chats.values() for uuid in uuids}
    foreign = Conversation.objects.filter(uuid__in=named).exclude(member=member)
    others = {str(uuid) for uuid in foreign.values_list("uuid", flat=True)}
    return [pk for pk, uuids in chats.items() if not others & set(uuids)]


def _addresses(recipients: list[Any]) -> set[str]:
    lists = [part for part in recipients if part]
    texts = [str(text) for part in lists for text in (part if isinstance(part, list) else [part])]
    return {address.lower() for _name, address in getaddresses(texts)}
