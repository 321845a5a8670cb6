"""What the viewer knows of a clip and its tracks, as plain JSON: page, API and conflict answers share it."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import F

from studies.models import Clip, Revision, Track
from studies.permissions import can_edit_track
from studies.rules.track_confidence import detector_confidences
from studies.rules.track_review import needs_me
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
        "no_lesion": track.no_lesion,
    }


def clip_tracks(clip: Clip, *, viewer: User) -> list[dict[str, Any]]:
    """Every track of a clip that the viewer may see, each at its newest revision, in two queries."""
    tracks = tracks_for(clip, viewer=viewer)
    for track in tracks:
        track.clip = clip
    newest = Revision.objects.filter(track__in=tracks, number=F("track__head"))
    heads = {revision.track_id: revision for revision in newest}
    return [track_state(track, viewer=viewer, head=heads.get(track.pk)) for track in tracks]


def frame_confidences(clip: Clip, states: list[dict[str, Any]]) -> list[float | None] | None:
    """How sure the newest detector was of the model's track on each frame; None where it has not run."""
    newest = clip.detections.first()
    model = next((state for state in states if state["source"] == Track.Source.MODEL), None)
    if newest is None or model is None:
        return None
    return detector_confidences(model["keyframes"], clip.n_frames, newest.frames)


def first_need(clip: Clip, states: list[dict[str, Any]], confidences: list[float | None] | None) -> int:
    """The frame (0-based) to open a clip at: where the reader's open track, else the model's, needs a person.

    The first frame where nothing does, and where the reader has signed.
    """
    own = [s for s in states if s["mine"] and not s["deleted"]]
    model = [s for s in states if s["source"] == Track.Source.MODEL]
    track = next(iter(own or model), None)
    if track is None or track["status"] == Track.Status.SIGNED:
        return 0
    needs = needs_me(track["keyframes"], clip.n_frames, confidences)
    counted = (need.frame for need in needs if str(need.frame) not in track["excluded"])
    return next(counted, 0)
