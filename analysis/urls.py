"""Addresses of the pages of what was computed."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
