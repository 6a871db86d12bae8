"""The admin site: the agents' desk in the portal's frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from accounts.answers import see_other
from helpdesk.dashboard.page import board, figure_csv
from helpdesk.people.desk import person_let_in, person_shut_out
from helpdesk.privacy.desk import member_erase, member_export

OWN_APPS = {"accounts", "tickets", "chat"}


class PortalAdminSite(admin.AdminSite):
    """Django's admin, entered through the portal's own sign-in with its limits."""

    site_title = _("Help portal")
    site_header = _("Help portal")
    index_title = _("Desk")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the portal's own models and no others: the packages' pages are no part of a desk."""
        models = (
            model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        )
        own = [model for model in models if model._meta.app_label in OWN_APPS]
        super().register(own, admin_class, **options)

    def get_urls(self) -> list:
        """What needs the tables of all apps: a member's data as a whole, and the figures."""
        person = "accounts/user/<path:object_id>"
        export, erase = self.admin_view(member_export), self.admin_view(member_erase)
        shut_out, let_in = self.admin_view(person_shut_out), self.admin_view(person_let_in)
        own = [
            path(f"{person}/export/", export, name="accounts_user_export"),
            path(f"{person}/erase/", erase, name="accounts_user_erase"),
            path(f"{person}/shut-out/", shut_out, name="accounts_user_shut_out"),
            path(f"{person}/let-in/", let_in, name="accounts_user_let_in"),
        ]
        own.append(path("figures/<slug:key>.csv", self.admin_view(figure_csv), name="figure_csv"))
        return own + super().get_urls()

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().index(request, {**(extra_context or {}), **board(request)})

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return see_other("account_change_password")

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Lead on: Django's own form counts no tries and asks for no second factor."""
        return see_other("admin:index")
