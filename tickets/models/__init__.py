"""Everything a ticket is made of; one file per thing."""

from .answer_draft import AnswerDraft
from .canned import CannedReply
from .draft import Draft
from .event import TicketEvent
from .hours import Holiday, ServiceWindow
from .imported import ImportedTicket
from .languages import TicketLanguage
from .lifecycle import StaleReply, TransitionError
from .presence import TicketPresence
from .question import Question
from .readmark import ReadMark
from .reply import Reply
from .screenshot import Screenshot
from .ticket import Ticket
from .topic import Topic

__all__ = [
    "AnswerDraft",
    "CannedReply",
    "Draft",
    "Holiday",
    "ImportedTicket",
    "Question",
    "ReadMark",
    "Reply",
    "Screenshot",
    "ServiceWindow",
    "StaleReply",
    "Ticket",
    "TicketEvent",
    "TicketLanguage",
    "TicketPresence",
    "Topic",
    "TransitionError",
]
