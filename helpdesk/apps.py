"""The portal's own app, and an admin whose registrations land on the portal's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers the system checks


class PortalAdminConfig(AdminConfig):
    default_site = "helpdesk.admin.PortalAdminSite"
