"""Addresses of the portal (DESIGN §4)."""

from django.contrib import admin
from django.urls import include, path, re_path

from . import views
from .privacy import views as privacy

handler400 = "helpdesk.views.bad_request"
handler403 = "helpdesk.views.permission_denied"
handler404 = "helpdesk.views.page_not_found"
handler429 = "helpdesk.views.too_many_requests"  # allauth asks for it
handler500 = "helpdesk.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("guide/", views.guide, name="guide"),
    path("preferences/data/", privacy.personal_data, name="personal_data"),
    path(
        "preferences/data/download/",
        privacy.personal_data_download,
        name="personal_data_download",
    ),
    path("preferences/data/erasure/", privacy.erasure_request, name="erasure_request"),
    path("preferences/", include("accounts.urls")),
    path("language/", views.language_set, name="set_language"),
    path("brand/<slug:digest>.css", views.brand_stylesheet, name="brand_stylesheet"),
    path("technical-issues/", include("tickets.urls")),
    path("incidents/", include("tickets.incident_urls")),
    path("chat/", include("chat.urls")),
    path("staff/chat/", include("chat.console_urls")),
    # allauth offers these; accounts come from the member record, so here they lead nowhere.
    re_path(
        r"^accounts/(?:|signup|email|confirm-email|3rdparty|social|login/code)(?:/.*)?$",
        views.nowhere,
    ),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("healthz/", views.healthz),
    path("readyz", views.readyz, name="readyz"),
    path("readyz/", views.readyz),
]
