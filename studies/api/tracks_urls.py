"""Addresses of the viewer's JSON, below /api/v1/."""

from django.urls import path

from studies.api import tracks

urlpatterns = [
    path("clips/<uuid:clip_id>/tracks/", tracks.ClipTracks.as_view(), name="api-clip-tracks"),
    path("clips/<uuid:clip_id>/detections/", tracks.ClipDetections.as_view(), name="api-clip-detections"),
    path("clips/<uuid:clip_id>/presence/", tracks.ClipPresence.as_view(), name="api-clip-presence"),
    path("tracks/<uuid:track_id>/", tracks.TrackDetail.as_view(), name="api-track"),
    path("tracks/<uuid:track_id>/revisions/", tracks.TrackRevisions.as_view(), name="api-track-revisions"),
    path("tracks/<uuid:track_id>/revert/", tracks.TrackRevert.as_view(), name="api-track-revert"),
    path("tracks/<uuid:track_id>/sign/", tracks.TrackSign.as_view(), name="api-track-sign"),
    path("tracks/<uuid:track_id>/reopen/", tracks.TrackReopen.as_view(), name="api-track-reopen"),
]
