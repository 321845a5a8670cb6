"""API addresses of what was observed."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

router = SimpleRouter()
urlpatterns = [path("", include("studies.api.tracks_urls")), *router.urls]
