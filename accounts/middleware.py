"""The gate with its two locks, and the reader's language and time zone."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from .answers import refuse, wants_json
from .audit import record_denial
from .gate import is_rank_required
from .models import Rank

# Where staff without a second factor may still go when one is required.
_SETUP_ROUTES = {
    *("mfa_activate_totp", "account_logout", "account_reauthenticate"),
    *("set_language", "brand_stylesheet"),
}
_STAFF_PATHS = ("/admin/", "/staff/")


class PreferencesMiddleware(MiddlewareMixin):
    """Show pages in the signed-in person's language and time zone, and remember the language."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.user.is_authenticated:
            timezone.deactivate()
            return
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = request.user.language
        timezone.activate(request.user.zone)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        person = getattr(request, "_cached_user", None)
        if person is None or not person.is_authenticated:
            return response
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != person.language:
            remember_language(response, person.language)
        return response


class GateMiddleware(LoginRequiredMiddleware):
    """Let in who may enter (DESIGN §3).

    First lock: every view asks for a session unless it is marked otherwise. Second lock: every
    view of tickets and chat asks for ``has_portal_access``. Staff pages also ask for staff.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable, view_args: tuple, view_kwargs: dict
    ) -> HttpResponse | None:
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is not None or not request.user.is_authenticated:
            return refused
        if request.user.is_staff and self._lacks_second_factor(request):
            return self._ask_second_factor(request)
        if request.path.startswith(_STAFF_PATHS) and not request.user.is_staff:
            record_denial(request)
            raise PermissionDenied
        if is_rank_required(view_func) and not request.user.has_portal_access:
            return self._refuse_rank(request)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Note what staff were refused inside; the refusal itself is answered elsewhere."""
        is_staff_page = request.path.startswith(_STAFF_PATHS) and request.user.is_authenticated
        if is_staff_page and isinstance(error, PermissionDenied):
            record_denial(request)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:
        if request.method == "POST" or wants_json(request):
            message = _("Your session ended. Sign in again to continue")
            return refuse(request, 401, "signed_out", "401.html", message=message)
        return super().handle_no_permission(request, view_func)

    def _lacks_second_factor(self, request: HttpRequest) -> bool:
        return (
            settings.MFA_REQUIRED_FOR_STAFF
            and request.resolver_match.url_name not in _SETUP_ROUTES
            and not is_mfa_enabled(request.user)
        )

    def _ask_second_factor(self, request: HttpRequest) -> HttpResponse:
        if wants_json(request):
            message = _("Set up the second factor first.")
            return refuse(request, 403, "second_factor", "403.html", message=message)
        return redirect("mfa_activate_totp")

    def _refuse_rank(self, request: HttpRequest) -> HttpResponse:
        minimum = Rank.minimum().label
        message = _("This is available from rank %(rank)s.") % {"rank": minimum}
        context = {"min_rank_name": minimum, "rank_name": request.user.get_rank_display()}
        template = "not_eligible.html"
        return refuse(request, 403, "rank", template, message=message, context=context)


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep ``language`` in this browser for the pages before sign-in."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
