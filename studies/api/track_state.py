"""What the viewer knows of a clip and its tracks, as plain JSON: page, API and conflict answers share it."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import F

from studies.models import Clip, Revision, Track
from studies.permissions import can_edit_track
from studies.selectors import tracks_for
from studies.services.revisions import head_revision


def track_state(track: Track, *, viewer: User, head: Revision | None = None) -> dict[str, Any]:
    """One track at its newest revision."""
    head = head or head_revision(track)
    return {
        "id": str(track.pk),
        "clip": str(track.clip_id),
        "number": track.number,
        "source": track.source,
        "status": track.status,
        "reader": track.reader.get_username() if track.reader else None,
        "mine": track.reader_id == viewer.pk,
        "editable": can_edit_track(viewer, track) and track.status == Track.Status.OPEN,
        "deleted": track.is_deleted,
        "signed_at": track.signed_at.isoformat() if track.signed_at else None,
        "revision": track.head,
        "keyframes": head.keyframes if head else [],
        "excluded": track.excluded_frames,
    }


def clip_tracks(clip: Clip, *, viewer: User) -> list[dict[str, Any]]:
    """Every track of a clip that the viewer may see, each at its newest revision, in two queries."""
    tracks = tracks_for(clip, viewer=viewer)
    for track in tracks:
        track.clip = clip
    newest = Revision.objects.filter(track__in=tracks, number=F("track__head"))
    heads = {revision.track_id: revision for revision in newest}
    return [track_state(track, viewer=viewer, head=heads.get(track.pk)) for track in tracks]
