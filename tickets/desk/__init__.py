"""The agents' desk in Django admin: the work list and the ticket page, each through the verbs."""

from .bulk import tickets_act
from .filing import ticket_file
from .history import ticket_history
from .listing import ticket_next, work_list
from .page import ticket_page
from .pulse import take_pulse
from .undo import tickets_undo

__all__ = [
    "take_pulse",
    "ticket_file",
    "ticket_history",
    "ticket_next",
    "ticket_page",
    "tickets_act",
    "tickets_undo",
    "work_list",
]
