"""Addresses under /incidents/: what is known to be wrong, and "me too"."""

from django.urls import path

from .views import incidents

app_name = "incidents"
urlpatterns = [
    path("", incidents.incident_list, name="incident_list"),
    path("<int:pk>/affects-me/", incidents.incident_affects, name="incident_affects"),
]
