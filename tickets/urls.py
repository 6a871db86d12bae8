"""Addresses under /technical-issues/ (DESIGN §4)."""

from django.urls import path

from . import views

app_name = "tickets"
urlpatterns = [
    path("", views.ticket_list, name="ticket_list"),
    path("new/", views.ticket_new, name="ticket_new"),
    path("draft/", views.draft_save, name="draft_save"),
    path("draft/discard/", views.draft_discard, name="draft_discard"),
    path("screenshots/", views.screenshot_upload, name="screenshot_upload"),
    path("screenshots/<uuid:uuid>/", views.screenshot_detail, name="screenshot_detail"),
    path("screenshots/<uuid:uuid>/delete/", views.screenshot_delete, name="screenshot_delete"),
    path("<int:number>/", views.ticket_detail, name="ticket_detail"),
    path("<int:number>/received/", views.ticket_received, name="ticket_received"),
    path("<int:number>/replies/", views.reply_create, name="reply_create"),
    path("<int:number>/close/", views.ticket_close, name="ticket_close"),
    path("<int:number>/reopen/", views.ticket_reopen, name="ticket_reopen"),
]
