"""Addresses under /chat/ (DESIGN §4)."""

from django.urls import URLPattern

app_name = "chat"
urlpatterns: list[URLPattern] = []
