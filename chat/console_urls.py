"""Addresses under /staff/chat/ (DESIGN §4)."""

from django.urls import path

from .views import console

app_name = "console"
urlpatterns = [
    path("", console.console_show, name="console"),
    path("next/", console.console_next, name="console_next"),
    path("presence/", console.console_presence, name="console_presence"),
    path("<uuid:uuid>/", console.console_conversation, name="console_conversation"),
    path("<uuid:uuid>/claim/", console.console_claim, name="console_claim"),
    path("<uuid:uuid>/release/", console.console_release, name="console_release"),
    path("<uuid:uuid>/transfer/", console.console_transfer, name="console_transfer"),
    path("<uuid:uuid>/notes/", console.console_notes, name="console_notes"),
    path("<uuid:uuid>/end/", console.console_end, name="console_end"),
    path("<uuid:uuid>/ticket/", console.console_ticket, name="console_ticket"),
    path("<uuid:uuid>/language/", console.console_language, name="console_language"),
]
