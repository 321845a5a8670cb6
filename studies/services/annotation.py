"""Writes of the boxes: raw detections, the model's track, and the tracks of readers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from studies.errors import ConflictError, LockedError, NotPermittedError, RuleViolationError
from studies.models import Clip, Detection, Revision, Track
from studies.permissions import can_correct_boxes, can_edit_track
from studies.rules.no_lesion import standing_statement
from studies.rules.track_fit import fit_track
from studies.rules.track_patch import PATCH_KEYS, apply_patch
from studies.rules.track_review import (
    ChecklistItem,
    may_be_signed,
    no_lesion_checklist,
    signing_checklist,
)
from studies.rules.tracks import TrackError, frame_number
from studies.services.audit import audit_record
from studies.services.revisions import head_revision, revision_append, track_locked

EXCLUSION_REASONS = ("blurred", "frozen", "overlay", "probe_moved", "shadow", "other")
"""Short list of reasons why a frame does not count (VIEWER B1)."""


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
        Detection.objects.filter(pk=detection.pk).update(updated_at=timezone.now(), **repair)
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
    track, _is_new = Track.objects.get_or_create(
        clip=clip, number=1, source=Track.Source.MODEL, defaults={"lesion": clip.lesion}
    )
    track = track_locked(track)
    head = head_revision(track)
    if head is None or head.keyframes != [keyframe.as_dict() for keyframe in keyframes]:
        revision_append(actor=None, track=track, keyframes=keyframes, excluded_frames={}, command="detect")
    return track


def track_open_for_reader(*, actor: User, clip: Clip, track_id: UUID | None = None) -> Track:
    """The reader's own first track of a clip; made on first use as a copy of the model's track.

    Args:
        track_id: the identity to give a new track, so that a repeated request makes no second one.

    Raises:
        NotPermittedError: not a sonographer of the site. RuleViolationError: the clip has its readers.
    """
    if not can_correct_boxes(actor, clip):
        raise NotPermittedError(_("Only sonographers of this site correct boxes; ask for that role."))
    with transaction.atomic():
        Clip.objects.select_for_update().get(pk=clip.pk)
        own = clip.tracks.filter(source=Track.Source.READER, reader_id=actor.pk).order_by("number").first()
        if own is not None:
            return own
        _readers_left(clip)
        model = clip.tracks.filter(source=Track.Source.MODEL, number=1, is_deleted=False).first()
        head = None if model is None else head_revision(model)
        return _track_new(actor, clip, 1, track_id, [] if head is None else head.keyframes, "open")


def track_create(*, actor: User, clip: Clip, keyframes: Iterable[Any], track_id: UUID | None = None) -> Track:
    """A further track of the same reader (drawn, pasted or split off); also the first where there is none.

    Raises:
        NotPermittedError, RuleViolationError: as `track_open_for_reader`. LockedError: the reader has signed.
        TrackError: keyframes that break a rule.
    """
    if not can_correct_boxes(actor, clip):
        raise NotPermittedError(_("Only sonographers of this site correct boxes; ask for that role."))
    drawn = apply_patch([], {"create": list(keyframes)}, clip.n_frames, (clip.height_px, clip.width_px))
    with transaction.atomic():
        Clip.objects.select_for_update().get(pk=clip.pk)
        existing = None if track_id is None else Track.objects.filter(pk=track_id).first()
        if existing is not None:
            if existing.reader_id != actor.pk or existing.clip_id != clip.pk:
                raise NotPermittedError("This track belongs to another reader or clip.")
            return existing
        mine = clip.tracks.filter(source=Track.Source.READER, reader_id=actor.pk)
        if mine.filter(status=Track.Status.SIGNED).exists():
            raise LockedError(_("This reading is signed; re-open it with a reason before adding a track."))
        if not mine.exists():
            _readers_left(clip)
        number = 1 + (mine.aggregate(last=Max("number"))["last"] or 0)
        return _track_new(actor, clip, number, track_id, drawn, "draw")


def _readers_left(clip: Clip) -> None:
    """Refuse one reader more than the study asks for."""
    readers = set(clip.tracks.filter(source=Track.Source.READER).values_list("reader_id", flat=True))
    allowed = clip.study.readers_per_clip
    if len(readers) >= allowed:
        text = _("This clip has all its readers (%(count)d) already; take another one from the worklist.")
        raise RuleViolationError(text % {"count": allowed})


def _track_new(
    actor: User,
    clip: Clip,
    number: int,
    track_id: UUID | None,
    keyframes: Iterable[Any],
    command: str,
    source: str = Track.Source.READER,
) -> Track:
    lesion = clip.lesion if number == 1 else None
    track = Track(clip=clip, number=number, source=source, reader=actor, lesion=lesion)
    if track_id is not None:
        track.pk = track_id
    track.full_clean(exclude=["clip", "lesion", "reader"])
    track.save(force_insert=True)
    revision_append(actor=actor, track=track, keyframes=keyframes, excluded_frames={}, command=command)
    return track


def track_patch(
    *,
    actor: User,
    track: Track,
    base_revision: int,
    patch: Any,
    idempotency_key: str,
    active_seconds: float = 0.0,
    command: str = "edit",
) -> Revision:
    """Apply the patch of one or more commands to the revision that the reader saw.

    Args:
        base_revision: number of the revision that the patch was made from (`If-Match`).
        patch: create, update, delete of keyframes (`studies.rules.track_patch`), and beside them
            `exclude` {frame: reason}, `include` [frame…], `deleted`, and `no_lesion` (why no lesion is
            seen in any frame; "" takes the statement back, and so does a box).
        idempotency_key: a key sent before answers with the revision it made then.

    Raises:
        NotPermittedError, LockedError (signed), ConflictError (another revision came first),
        TrackError (its `field` names the part of the patch that is wrong).
    """
    with transaction.atomic():
        track = _editable(actor, track)
        applied = track.revisions.filter(idempotency_key=idempotency_key).first() if idempotency_key else None
        if applied is not None:
            return applied
        head = _writable_head(track, base_revision)
        keyframes, excluded, deleted, no_lesion = _patched(track, head, patch)
        track.is_deleted = deleted
        return revision_append(
            actor=actor,
            track=track,
            keyframes=keyframes,
            excluded_frames=excluded,
            no_lesion=no_lesion,
            command=command,
            active_seconds=active_seconds,
            idempotency_key=idempotency_key,
        )


def _editable(actor: User, track: Track) -> Track:
    """The locked track, when it is the actor's own."""
    locked = track_locked(track)
    if not can_edit_track(actor, locked):
        raise NotPermittedError(_("Only the reader whose track it is may change it."))
    return locked


def _writable_head(track: Track, base_revision: int) -> Revision:
    """The newest revision, when the track is open and this is the revision that the actor saw."""
    if track.status == Track.Status.SIGNED:
        raise LockedError(_("This reading is signed; re-open it with a reason before changing it."))
    if track.head != base_revision:
        text = _(
            "The track is at revision %(head)d, and this change was made from revision %(base)d; "
            "compare both and choose."
        )
        raise ConflictError(text % {"head": track.head, "base": base_revision})
    head = head_revision(track)
    if head is None:
        raise ConflictError(_("The track has no revision to change; load the clip again."))
    return head


def _patched(track: Track, head: Revision, patch: Any) -> tuple[list[Any], dict[str, str], bool, str]:
    """Keyframes, excluded frames, deletion and the statement of no lesion after a patch."""
    if not isinstance(patch, Mapping):
        raise TrackError(f"patch must be an object, got {type(patch).__name__}.", field="patch")
    clip = track.clip
    own = {name: patch[name] for name in ("exclude", "include", "deleted", "no_lesion") if name in patch}
    boxes = {name: value for name, value in patch.items() if name not in own}
    keyframes: list[Any] = list(head.keyframes)
    if any(boxes.values()) or not set(boxes) <= set(PATCH_KEYS):
        keyframes = list(apply_patch(keyframes, boxes, clip.n_frames, (clip.height_px, clip.width_px)))
    deleted = own.get("deleted", track.is_deleted)
    if not isinstance(deleted, bool):
        raise TrackError(f"deleted must be true or false, got {deleted!r}.", field="deleted")
    if "no_lesion" in own and not isinstance(own["no_lesion"], str):
        raise TrackError(f"no_lesion must be a text, got {own['no_lesion']!r}.", field="no_lesion")
    stated = standing_statement(keyframes, head.no_lesion, own.get("no_lesion"))
    return keyframes, _excluded(head.excluded_frames, own, clip.n_frames), deleted, stated


def _excluded(excluded: dict[str, str], patch: Mapping[str, Any], n_frames: int) -> dict[str, str]:
    """Frames that do not count, after the parts of a patch that concern them."""
    result = {int(frame): reason for frame, reason in excluded.items()}
    include, exclude = patch.get("include", []), patch.get("exclude", {})
    for name, value, kind in (("include", include, list), ("exclude", exclude, dict)):
        if not isinstance(value, kind):
            raise TrackError(f"{name} must be a JSON {kind.__name__}, got {value!r}.", field=name)
    for index, frame in enumerate(include):
        result.pop(frame_number(frame, f"include[{index}]", n_frames), None)
    for key, reason in exclude.items():
        field = f"exclude[{key}]"
        if not str(key).isdecimal():
            raise TrackError(f"{field} must be a frame index, 0-based.", field=field)
        if reason not in EXCLUSION_REASONS:
            allowed = ", ".join(EXCLUSION_REASONS)
            raise TrackError(f"{field} must be one of {allowed}; got {reason!r}.", field=field)
        result[frame_number(int(key), field, n_frames)] = reason
    return {str(frame): result[frame] for frame in sorted(result)}


def track_exclude_frame(
    *,
    actor: User,
    track: Track,
    base_revision: int,
    frame: int,
    reason: str | None,
    idempotency_key: str = "",
) -> Revision:
    """Mark a frame as not counting, with a reason from the short list; None lets it count again.

    Raises:
        As `track_patch`.
    """
    patch = {"include": [frame]} if reason is None else {"exclude": {str(frame): reason}}
    return track_patch(
        actor=actor,
        track=track,
        base_revision=base_revision,
        patch=patch,
        idempotency_key=idempotency_key,
        command="include frame" if reason is None else "exclude frame",
    )


@transaction.atomic
def track_revert(*, actor: User, track: Track, base_revision: int, to_number: int) -> Revision:
    """Restore an earlier revision as a new one; nothing of the history is lost.

    Raises:
        NotPermittedError, LockedError, ConflictError. TrackError: there is no such revision.
    """
    track = _editable(actor, track)
    _writable_head(track, base_revision)
    earlier = track.revisions.filter(number=to_number).first()
    if earlier is None:
        raise TrackError(f"The track has no revision {to_number}.", field="to_number")
    track.is_deleted = False
    return revision_append(
        actor=actor,
        track=track,
        keyframes=earlier.keyframes,
        excluded_frames=earlier.excluded_frames,
        no_lesion=earlier.no_lesion,
        command=f"restore revision {to_number}",
    )


def track_checklist(track: Track) -> tuple[ChecklistItem, ...]:
    """What must hold before the track is signed."""
    clip, head = track.clip, head_revision(track)
    keyframes = [] if head is None else head.keyframes
    if track.no_lesion:
        own = clip.tracks.filter(source=track.source, reader_id=track.reader_id, is_deleted=False)
        return no_lesion_checklist(track.no_lesion, is_alone=not own.exclude(pk=track.pk).exists())
    excused = {int(frame) for frame in track.excluded_frames}
    return signing_checklist(keyframes, clip.n_frames, (clip.height_px, clip.width_px), excused)


@transaction.atomic
def track_sign(*, actor: User, track: Track, base_revision: int, active_seconds: float = 0.0) -> Revision:
    """Close a track that passes its checklist; from here on it is read-only until it is re-opened.

    Raises:
        NotPermittedError, LockedError (signed already), ConflictError.
        RuleViolationError: the checklist does not hold; the message names what is missing.
    """
    track = _editable(actor, track)
    head = _writable_head(track, base_revision)
    checklist = track_checklist(track)
    if track.is_deleted or not may_be_signed(checklist):
        missing = [_(i.sentence.template) % i.sentence.values for i in checklist if not i.ok]
        missing = missing or [_("The track is deleted.")]
        raise RuleViolationError("\n".join([_("The reading cannot be signed yet."), *missing]))
    track.status, track.signed_at = Track.Status.SIGNED, timezone.now()
    return revision_append(
        actor=actor,
        track=track,
        keyframes=head.keyframes,
        excluded_frames=head.excluded_frames,
        no_lesion=head.no_lesion,
        command="sign",
        active_seconds=active_seconds,
    )


@transaction.atomic
def track_reopen(*, actor: User, track: Track, reason: str, active_seconds: float = 0.0) -> Revision:
    """Open a signed track again; the reason is kept.

    Raises:
        NotPermittedError. RuleViolationError: the track is not signed, or there is no reason.
    """
    track = _editable(actor, track)
    if track.status != Track.Status.SIGNED:
        raise RuleViolationError(_("Only a signed reading can be re-opened; this one is open."))
    if not reason.strip():
        raise RuleViolationError(_("Say why the reading is re-opened."))
    track.status, track.signed_at = Track.Status.OPEN, None
    head = head_revision(track)
    return revision_append(
        actor=actor,
        track=track,
        keyframes=[] if head is None else head.keyframes,
        excluded_frames={} if head is None else head.excluded_frames,
        no_lesion="" if head is None else head.no_lesion,
        command="reopen",
        reason=reason.strip(),
        active_seconds=active_seconds,
    )
