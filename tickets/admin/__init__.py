"""The agents' desk in Django admin; one file per thing."""

from .events import TicketEventAdmin
from .hours import HolidayAdmin, ServiceWindowAdmin
from .incidents import IncidentAdmin
from .replies import CannedReplyAdmin
from .tickets import TicketAdmin
from .topics import TopicAdmin

__all__ = [
    "CannedReplyAdmin",
    "HolidayAdmin",
    "IncidentAdmin",
    "ServiceWindowAdmin",
    "TicketAdmin",
    "TicketEventAdmin",
    "TopicAdmin",
]
