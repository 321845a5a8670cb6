"""Addresses of the pages of what was observed."""

from django.urls import path

from studies.views import frames, viewer, worklist

urlpatterns = [
    path("studies/<slug:slug>/reading/", worklist.worklist, name="worklist"),
    path("clips/<uuid:clip_id>/", viewer.viewer, name="clip"),
    path("clips/<uuid:clip_id>/frames/<int:index>/", frames.frame, name="clip-frame"),
    path("clips/<uuid:clip_id>/thumbnail/", frames.thumbnail, name="clip-thumbnail"),
]
