"""Everything a ticket is made of; one file per thing."""

from .canned import CannedReply
from .draft import Draft
from .event import TicketEvent
from .hours import Holiday, ServiceWindow
from .reply import Reply
from .screenshot import Screenshot
from .ticket import StaleReply, Ticket, TicketLanguage, TransitionError

__all__ = [
    "CannedReply",
    "Draft",
    "Holiday",
    "Reply",
    "Screenshot",
    "ServiceWindow",
    "StaleReply",
    "Ticket",
    "TicketEvent",
    "TicketLanguage",
    "TransitionError",
]
