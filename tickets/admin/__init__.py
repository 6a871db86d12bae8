"""The agents' desk in Django admin; one file per thing."""

from .hours import HolidayAdmin, ServiceWindowAdmin
from .replies import CannedReplyAdmin
from .tickets import TicketAdmin

__all__ = ["CannedReplyAdmin", "HolidayAdmin", "ServiceWindowAdmin", "TicketAdmin"]
