"""The portal's own app, and an admin whose registrations land on the portal's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        from .checks import check_settings

        register(check_settings, Tags.compatibility)


class PortalAdminConfig(AdminConfig):
    default_site = "helpdesk.admin.PortalAdminSite"
