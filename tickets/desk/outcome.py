"""What became of an act on several tickets, and the way back to the list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse


@dataclass
class Outcome:
    """How many tickets changed, and why the others did not: numbers by reason."""

    done: int = 0
    skipped: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def skip(self, number: str, reason: str) -> None:
        self.skipped[reason].append(number)

    def tell(self, request: HttpRequest, said: str = "") -> None:
        """Say ``said`` if anything was done, and each reason with its numbers."""
        if self.done and said:
            messages.success(request, said)
        for reason, numbers in self.skipped.items():
            messages.warning(request, f"{', '.join(numbers)}: {reason}")


def list_address(query: str) -> str:
    """The work list with ``query``."""
    return "?".join(filter(None, [reverse("admin:tickets_ticket_changelist"), query]))


def ticket_address(number: int, query: str) -> str:
    """The ticket page, which carries the list's ``query`` on."""
    address = reverse("admin:tickets_ticket_change", args=[number])
    return "?".join(filter(None, [address, query]))
