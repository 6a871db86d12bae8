"""allauth's hooks: no sign-up, mails in the person's language with links from PORTAL_URL."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from .audit import record
from .models import AuditEntry, User
from .throttle import TooMany, client_address

LOCKED_FOR = 300  # seconds: allauth lets five tries of a name pass in that time


class PortalAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "::"  # one bucket for the nameless

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before any password is hashed; raises ``TooMany``."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            raise TooMany(LOCKED_FOR) from None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note whose account was tried, if there is one; never what was typed."""
        typed = Lower(Value(str(credentials.get("username") or "")))
        tried = User.objects.alias(lowered=Lower("username")).filter(lowered=typed).first()
        record(request, AuditEntry.Action.SIGN_IN_FAILED, actor=tried)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        record(request, AuditEntry.Action.SIGN_IN_FAILED, actor=user)
        return super().respond_user_inactive(request, user)

    def post_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse:
        """Note who is in: every step, the second factor among them, has been passed."""
        record(request, AuditEntry.Action.SIGN_IN, actor=user)
        return super().post_login(request, user, **how)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count for a name: allauth's own key would begin anew for every Host and port."""
        return str(credentials.get("username") or credentials.get("email") or "").lower()

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse(
            "account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}
        ).replace("UID-KEY", key)
        return settings.PORTAL_URL + path

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        person = context.get("user")
        language = person.language if person else translation.get_language()
        with translation.override(language):
            super().send_mail(template_prefix, email, context)

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Say what happened, except the obvious: that one has signed in or out."""
        template = kwargs.get("message_template") or (args[0] if args else "")
        if template not in {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}:
            super().add_message(request, level, *args, **kwargs)
