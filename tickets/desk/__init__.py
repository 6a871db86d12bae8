"""The agents' ticket page in Django admin: read the thread, answer through the verbs."""

from .page import ticket_page

__all__ = ["ticket_page"]
