"""People, and what is kept about them beside their work; one file per thing."""

from .audit_entry import AuditEntry
from .erasure_request import ErasureRequest
from .people_import import PeopleImport
from .user import PortalUserManager, Rank, User, default_time_zone, validate_time_zone

__all__ = [
    "AuditEntry",
    "ErasureRequest",
    "PeopleImport",
    "PortalUserManager",
    "Rank",
    "User",
    "default_time_zone",
    "validate_time_zone",
]
