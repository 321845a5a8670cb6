"""Tracks as dense boxes: the one track implementation, in the pipeline's form."""

import numpy as np
from numpy.typing import NDArray

from studies.models import Clip, Revision, Track
from studies.rules.tracks import boxes as frame_boxes

LIVE_TRACKS = 3


def dense_boxes(revision: Revision, n_frames: int) -> NDArray[np.float64]:
    """(T, 4) float64 half-open pixels, NaN where the track has no box."""
    dense = np.full((n_frames, 4), np.nan)
    for frame, found in enumerate(frame_boxes(revision.keyframes, n_frames)):
        if found is not None:
            dense[frame] = found.box
    return dense


def excluded_by_people(revision: Revision) -> set[int]:
    """Frames that a reader rejected; they do not count, but they do not end the track either."""
    return {int(frame) for frame in revision.excluded_frames}


def without_excluded(boxes: NDArray[np.float64], excluded: set[int]) -> NDArray[np.float64]:
    """The boxes with rejected frames emptied: what the digest of a description covers."""
    counted = boxes.copy()
    counted[sorted(excluded)] = np.nan
    return counted


def head_of(track: Track) -> Revision:
    """The newest revision of a track."""
    return track.revisions.get(number=track.head)


def live_tracks(clip: Clip, record: Track | None) -> list[Track]:
    """The track of record, and the newest tracks of readers, whose curves follow their edits.

    Tracks that state that no lesion is seen have nothing to describe.
    """
    wanted = [record] if record is not None and not record.no_lesion else []
    read = clip.tracks.filter(source=Track.Source.READER, is_deleted=False, head__gt=0, no_lesion="")
    edited = [track for track in read.order_by("-updated_at")[:LIVE_TRACKS] if track not in wanted]
    return wanted + edited
