"""Addresses under /staff/chat/ (DESIGN §4)."""

from django.urls import URLPattern

app_name = "console"
urlpatterns: list[URLPattern] = []
