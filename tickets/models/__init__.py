"""Everything a ticket is made of; one file per thing."""

from .answer_draft import AnswerDraft
from .canned import CannedReply
from .daily_figures import DailyFigures
from .draft import Draft
from .event import TicketEvent
from .hours import Holiday, ServiceWindow
from .imported import ImportedTicket
from .incident import AffectedTicket, Incident
from .languages import TicketLanguage
from .lifecycle import StaleReply, TransitionError
from .notice import Notice
from .presence import TicketPresence
from .question import Question
from .readmark import ReadMark
from .reply import Reply
from .screenshot import Screenshot
from .ticket import Ticket
from .topic import Topic

__all__ = [
    "AffectedTicket",
    "AnswerDraft",
    "CannedReply",
    "DailyFigures",
    "Draft",
    "Holiday",
    "ImportedTicket",
    "Incident",
    "Notice",
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
