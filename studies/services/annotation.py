"""Writes of the boxes: raw detections, the model's track, and the tracks of readers."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from studies.errors import RuleViolationError
from studies.models import Clip, Detection, Track
from studies.rules.track_fit import fit_track
from studies.services.audit import audit_record
from studies.services.revisions import head_revision, revision_append, track_locked


@transaction.atomic
def detection_store(
    *,
    clip: Clip,
    detector_name: str,
    detector_digest: str,
    input_size_px: int,
    frames: Sequence[Sequence[Sequence[float]]],
    qc: dict[str, Any],
    status_by_frame: Sequence[str],
) -> Detection:
    """Keep the raw boxes of one detector on one clip.

    The boxes of a detector on a clip are written once; a second run of the same detector keeps them and
    renews only the record of the repair.

    Args:
        frames: per frame a list of (x1, y1, x2, y2, confidence) in stored-frame pixels.
        qc: record of rejection and interpolation (SCIENCE 3.2), plain JSON values.
        status_by_frame: ok, interp, missing, low_conf, …; one a frame.

    Raises:
        RuleViolationError: a list that does not have one entry a frame.
    """
    for name, values in (("frames", frames), ("status_by_frame", status_by_frame)):
        if len(values) != clip.n_frames:
            raise RuleViolationError(
                f"{name} must have one entry for each of the {clip.n_frames} frames, got {len(values)}."
            )
    plain = [[[float(value) for value in box] for box in boxes] for boxes in frames]
    repair = {"qc": qc, "status_by_frame": [str(status) for status in status_by_frame]}
    detection, created = Detection.objects.get_or_create(
        clip=clip,
        detector_digest=detector_digest,
        input_size_px=input_size_px,
        defaults={"detector_name": detector_name, "frames": plain, **repair},
    )
    if not created:
        Detection.objects.filter(pk=detection.pk).update(**repair)
        detection.refresh_from_db()
    action = "detection.store" if created else "detection.renew"
    audit_record(actor=None, action=action, target=detection, study=clip.study)
    return detection


@transaction.atomic
def model_track_store(
    *, clip: Clip, boxes: Sequence[Any], confidences: Sequence[float | None] | None
) -> Track:
    """Fit the model's track to the repaired boxes and append it as a revision when it differs from the last.

    Args:
        boxes: (T, 4) pixels; NaN or None where a frame has none.
        confidences: one a frame in [0, 1], NaN or None where a frame has none; None for none at all.

    Raises:
        RuleViolationError: not one box a frame. TrackError: boxes that are no numbers.
    """
    if len(boxes) != clip.n_frames:
        raise RuleViolationError(
            f"boxes must have one entry for each of the {clip.n_frames} frames, got {len(boxes)}."
        )
    plain = None if confidences is None else [None if c is None else float(c) for c in confidences]
    keyframes = fit_track(boxes, plain)
    track, _created = Track.objects.get_or_create(
        clip=clip, number=1, source=Track.Source.MODEL, defaults={"lesion": clip.lesion}
    )
    track = track_locked(track)
    head = head_revision(track)
    if head is None or head.keyframes != [keyframe.as_dict() for keyframe in keyframes]:
        revision_append(actor=None, track=track, keyframes=keyframes, excluded_frames={}, command="detect")
    return track
