"""Addresses of the pages of what was observed."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
