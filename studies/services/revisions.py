"""Appending a revision to a track: the one way in which a track changes."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from studies import dispatch
from studies.models import Revision, Track
from studies.rules.tracks import TrackError, as_keyframes
from studies.services.audit import audit_record

MAX_ACTIVE_SECONDS = 3600.0
"""Longest time on task that one revision may claim; the viewer's clock stops after a minute without input."""


def track_locked(track: Track) -> Track:
    """Read the track again under a row lock, with what permissions and rules ask of its clip."""
    tracks = Track.objects.select_related(
        "clip__exam__patient__study", "clip__exam__patient__site", "clip__lesion"
    )
    return tracks.select_for_update(of=("self",)).get(pk=track.pk)


def head_revision(track: Track) -> Revision | None:
    """The newest revision of a track; None for a track that has none yet."""
    return track.revisions.order_by("-number").first()


@transaction.atomic
def revision_append(
    *,
    actor: User | None,
    track: Track,
    keyframes: Iterable[Any],
    excluded_frames: dict[str, str],
    command: str,
    no_lesion: str = "",
    reason: str = "",
    active_seconds: float = 0.0,
    idempotency_key: str | None = None,
) -> Revision:
    """Write the next state of a track that the caller has locked; audit it and ask for recomputation.

    Args:
        no_lesion: why the reader states that no lesion is seen in any frame; "" where nothing is stated.
    """
    checked = as_keyframes(keyframes, track.clip.n_frames)
    revision = Revision(
        track=track,
        number=track.head + 1,
        keyframes=[keyframe.as_dict() for keyframe in checked],
        excluded_frames=excluded_frames,
        no_lesion=no_lesion,
        author=actor,
        command=command,
        reason=reason,
        active_seconds=_active(active_seconds),
        idempotency_key=idempotency_key or None,
    )
    revision.full_clean(exclude=["track", "author", "keyframes"])  # a clip without a lesion has none
    revision.save(force_insert=True)
    before, track.head = track.head, revision.number
    stated, track.no_lesion = track.no_lesion, no_lesion
    track.excluded_frames = excluded_frames
    track.save(
        update_fields=[
            "head", "excluded_frames", "no_lesion", "status", "signed_at", "is_deleted", "updated_at",
        ]
    )  # fmt: skip
    changes: dict[str, Any] = {"revision": [before, revision.number]}
    if stated != no_lesion:
        changes["no_lesion"] = [stated, no_lesion]
    audit_record(
        actor=actor,
        action=f"track.{command.replace(' ', '_')}"[:60],
        target=track,
        study=track.clip.study,
        changes=changes,
        reason=reason,
    )
    dispatch.enqueue(dispatch.TRACK_CHANGED, clip_id=str(track.clip_id))
    return revision


def _active(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        message = f"active_seconds must be a number of seconds, at least 0; got {seconds!r}."
        raise TrackError(message, field="active_seconds")
    return min(float(seconds), MAX_ACTIVE_SECONDS)
