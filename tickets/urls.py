"""Addresses under /technical-issues/ (DESIGN §4)."""

from django.urls import path

from .views import filing, lists, screenshots, threads

app_name = "tickets"
urlpatterns = [
    path("", lists.ticket_list, name="ticket_list"),
    path("new/", filing.ticket_new, name="ticket_new"),
    path("draft/", filing.draft_save, name="draft_save"),
    path("draft/discard/", filing.draft_discard, name="draft_discard"),
    path("screenshots/", screenshots.screenshot_upload, name="screenshot_upload"),
    path("screenshots/<uuid:uuid>/", screenshots.screenshot_detail, name="screenshot_detail"),
    path(
        "screenshots/<uuid:uuid>/delete/", screenshots.screenshot_delete, name="screenshot_delete"
    ),
    path(
        "screenshots/<uuid:uuid>/redact/", screenshots.screenshot_redact, name="screenshot_redact"
    ),
    path("<int:number>/", threads.ticket_detail, name="ticket_detail"),
    path("<int:number>/received/", threads.ticket_received, name="ticket_received"),
    path("<int:number>/replies/", threads.reply_create, name="reply_create"),
    path("<int:number>/close/", threads.ticket_close, name="ticket_close"),
    path("<int:number>/reopen/", threads.ticket_reopen, name="ticket_reopen"),
]
