"""A person's own settings."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from .answers import refuse_json, see_other, wants_json
from .forms import PreferencesForm

APPEARANCE_COOKIE = "appearance"


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Language and time zone of the person, appearance of this browser."""
    appearance = request.COOKIES.get(APPEARANCE_COOKIE, "system")
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        instance=request.user,
        initial={"appearance": appearance},
    )
    if request.method == "POST":
        if form.is_valid():
            person = form.write()
            translation.activate(person.language)
            messages.success(request, _("Your preferences are saved."))
            response = see_other("preferences")
            remember_appearance(response, form.cleaned_data["appearance"])
            return response
        request.user.refresh_from_db()  # an invalid choice must not colour the page
        if wants_json(request):
            return refuse_json(400, "invalid", errors=form.errors)
    return render(request, "preferences.html", {"form": form}, status=400 if form.errors else 200)


def remember_appearance(response: HttpResponse, appearance: str) -> None:
    response.set_cookie(
        APPEARANCE_COOKIE,
        appearance,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
