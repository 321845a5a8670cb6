"""How clips stand to the acquisition protocol, for many clips in a fixed number of queries."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import F, prefetch_related_objects

from studies.models import Clip, Revision
from studies.rules.acquisition import AcquisitionRow, acquisition_rows, lesion_centre
from studies.rules.tracks import boxes as frame_boxes
from studies.selectors import track_of_record


def acquisition_of(clips: Iterable[Clip]) -> dict[UUID, tuple[AcquisitionRow, ...]]:
    """Clip id to its rows; the box of the track of record is the evidence of the lesion's place."""
    listed = list(clips)
    prefetch_related_objects(listed, "tracks")
    tracks = {clip.pk: track_of_record(clip) for clip in listed}
    newest = Revision.objects.filter(
        track__in=[track.pk for track in tracks.values() if track], number=F("track__head")
    )
    keyframes = {revision.track_id: revision.keyframes for revision in newest}
    found = {}
    for clip in listed:
        track = tracks[clip.pk]
        centre = _centre(clip, keyframes.get(track.pk)) if track else None
        found[clip.pk] = acquisition_rows(
            {
                **clip.acquisition,
                "n_frames": clip.n_frames,
                "lesion_centre": centre,
                "no_lesion": bool(track and track.no_lesion),
            }
        )
    return found


def _centre(clip: Clip, keyframes: list[dict[str, Any]] | None) -> tuple[float, float] | None:
    if keyframes is None:
        return None
    found = frame_boxes(keyframes, clip.n_frames)
    return lesion_centre([box.box if box else None for box in found], (clip.height_px, clip.width_px))
