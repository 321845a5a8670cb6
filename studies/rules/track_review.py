"""Looking at a track: where a reader is needed, whether it may be signed, how two readers agree.

`needs_me` has a twin in `static/js/viewer/track_review.js`; the other functions run on the server only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from typing import Any

from studies.rules.no_lesion import sentence_of
from studies.rules.sentences import Sentence, gettext_noop
from studies.rules.tracks import Box, FrameBox, Keyframe, as_keyframes, boxes

WEIGHTS = {"gap": 3, "disagreement": 3, "jump": 2, "area_change": 2, "low_confidence": 1}
"""How much each reason counts in the score of a frame (our convention)."""


@dataclass(frozen=True)
class ReviewLimits:
    """When a frame needs a person (VIEWER B10; the area limit is given there, the others are our convention).

    low_confidence: a detector's confidence below this, in [0, 1].
    jump_px: the box centre moves further than this from one frame to the next.
    area_change: the box area changes by more than this fraction from one frame to the next.
    disagreement_iou: overlap with another track below this.
    """

    low_confidence: float = 0.5
    jump_px: float = 20.0
    area_change: float = 0.30
    disagreement_iou: float = 0.5


@dataclass(frozen=True)
class Need:
    """A frame that needs a person: its score (sum of WEIGHTS) and the reasons, in the order of WEIGHTS."""

    frame: int
    score: int
    reasons: tuple[str, ...]


def area(box: Box) -> float:
    """Area of a box in square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]; 0 where neither has an area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inter = width * height if width > 0 and height > 0 else 0.0
    union = (area(a) + area(b)) - inter
    return inter / union if union > 0 else 0.0


def needs_me(
    keyframes: Iterable[Any],
    n_frames: int,
    confidences: Sequence[float | None] | None = None,
    other: Iterable[Any] | None = None,
    limits: ReviewLimits | None = None,
) -> tuple[Need, ...]:
    """The frames that need a person, in order.

    Frames that a person has settled are left out: keyframes of a person, and frames between two of them. A
    gap needs a person at its first frame, unless a person said that the lesion is out of view there.

    Args:
        keyframes: the track.
        n_frames: frames of the clip.
        confidences: the detector's, one a frame, None or NaN where there is none; without it, the
            keyframes' own.
        other: another track of the same lesion, for the reason "disagreement".
        limits: when a frame needs a person.

    Raises:
        TrackError: as `tracks.boxes`.
    """
    limits = limits or ReviewLimits()
    track = as_keyframes(keyframes, n_frames)
    found = boxes(track, n_frames)
    others = None if other is None else boxes(other, n_frames)
    gaps = {first for first, _, explained in gaps_of(track, n_frames) if not explained}
    needs: list[Need] = []
    for frame in range(n_frames):
        reasons = {"gap"} if frame in gaps else set()
        if found[frame] is not None and not _settled(track, frame):
            reasons |= _motion_reasons(found, frame, limits)
            reasons |= _confidence_reason(found[frame], frame, confidences, limits)
            reasons |= _disagreement(found[frame], None if others is None else others[frame], others, limits)
        if reasons:
            ordered = tuple(reason for reason in WEIGHTS if reason in reasons)
            needs.append(Need(frame, sum(WEIGHTS[reason] for reason in ordered), ordered))
    return tuple(needs)


def next_need(needs: Sequence[Need], after_frame: int) -> Need | None:
    """The next frame after *after_frame* that needs a person; past the last the first again; None: none."""
    later = (need for need in needs if need.frame > after_frame)
    return next(later, needs[0] if needs else None)


def _settled(track: Sequence[Keyframe], frame: int) -> bool:
    """True where only a person's keyframes make the box of *frame*."""
    before = [keyframe for keyframe in track if keyframe.frame <= frame]
    after = [keyframe for keyframe in track if keyframe.frame > frame]
    if not before or before[-1].source != "human":
        return False
    return before[-1].frame == frame or not after or after[0].source == "human"


def _motion_reasons(found: Sequence[FrameBox | None], frame: int, limits: ReviewLimits) -> set[str]:
    here, previous = found[frame], found[frame - 1] if frame else None
    if here is None or previous is None:
        return set()
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = previous.box, here.box
    dx = (bx1 + bx2) / 2 - (ax1 + ax2) / 2
    dy = (by1 + by2) / 2 - (ay1 + ay2) / 2
    reasons = {"jump"} if sqrt(dx * dx + dy * dy) > limits.jump_px else set()
    before, now = area(previous.box), area(here.box)
    if abs(now - before) > limits.area_change * before:
        reasons.add("area_change")
    return reasons


def _confidence_reason(
    here: FrameBox | None, frame: int, confidences: Sequence[float | None] | None, limits: ReviewLimits
) -> set[str]:
    if confidences is not None:
        confidence = confidences[frame]
    else:
        confidence = here.carried.confidence if here is not None and here.kind == "keyframe" else None
    low = confidence is not None and not isnan(confidence) and confidence < limits.low_confidence
    return {"low_confidence"} if low else set()


def _disagreement(
    here: FrameBox | None,
    there: FrameBox | None,
    others: Sequence[FrameBox | None] | None,
    limits: ReviewLimits,
) -> set[str]:
    if others is None or here is None:
        return set()
    agree = there is not None and iou(here.box, there.box) >= limits.disagreement_iou
    return set() if agree else {"disagreement"}


def gaps_of(keyframes: Iterable[Any], n_frames: int) -> tuple[tuple[int, int, bool], ...]:
    """Every gap between two boxes of the track: (first frame, last frame, explained).

    A gap is explained where the outside keyframe that opens it is a person's. What lies before the first
    box and after the last is no gap: a sweep may begin and end beside the lesion.
    """
    track = as_keyframes(keyframes, n_frames)
    present = [box is not None for box in boxes(track, n_frames)]
    found: list[tuple[int, int, bool]] = []
    opened = None
    for frame in range(1, n_frames):
        if not present[frame] and present[frame - 1]:
            opened = frame
        elif present[frame] and opened is not None and not present[frame - 1]:
            opener = next(keyframe for keyframe in track if keyframe.frame == opened)
            found.append((opened, frame - 1, opener.source == "human"))
    return tuple(found)


BORDER_PX = 1.0
"""A box this close to the image border is taken to be cut by it (our convention)."""


@dataclass(frozen=True)
class ChecklistItem:
    """A line of the checklist before signing: `frames` (0-based) say where it fails."""

    code: str
    ok: bool
    sentence: Sentence
    frames: tuple[int, ...] = ()


def signing_checklist(
    keyframes: Iterable[Any],
    n_frames: int,
    frame_shape: tuple[int, int],
    excused_frames: Collection[int] = (),
) -> tuple[ChecklistItem, ...]:
    """What must hold before a track is signed (VIEWER B10): no unexplained gap, one keyframe with a box
    confirmed by a person, every box at the image border flagged as truncated.

    Args:
        keyframes: the track.
        n_frames: frames of the clip.
        frame_shape: (height, width) in pixels.
        excused_frames: frames excluded from the clip with a reason; a gap of such frames alone is explained.

    Raises:
        TrackError: as `tracks.boxes`.
    """
    track = as_keyframes(keyframes, n_frames)
    excused = set(excused_frames)
    return (
        _gap_item(track, n_frames, excused),
        _confirmed_item(track),
        _truncation_item(track, n_frames, frame_shape, excused),
    )


def no_lesion_checklist(reason: str, *, is_alone: bool) -> tuple[ChecklistItem, ...]:
    """What must hold before a reader signs that no lesion is seen in any frame.

    Args:
        reason: a code of `no_lesion.REASONS`.
        is_alone: whether the reader has no other track on the clip, which would contradict the statement.
    """
    stated = ChecklistItem("no_lesion", True, sentence_of(reason))
    if is_alone:
        return (stated,)
    template = gettext_noop(
        "Another track of yours is on this clip: delete it, or take back that no lesion is seen."
    )
    return (stated, ChecklistItem("no_lesion_alone", False, Sentence(template)))


def may_be_signed(items: Iterable[ChecklistItem]) -> bool:
    """True where every item of the checklist holds."""
    return all(item.ok for item in items)


def _gap_item(track: Sequence[Keyframe], n_frames: int, excused: set[int]) -> ChecklistItem:
    frames = [
        first
        for first, last, explained in gaps_of(track, n_frames)
        if not explained and not set(range(first, last + 1)) <= excused
    ]
    if not frames:
        return ChecklistItem("no_unexplained_gap", True, Sentence(gettext_noop("No gap is unexplained.")))
    template = gettext_noop(
        "%(count)d gaps are unexplained, the first at frame %(first)d: draw the box, or mark it out of view."
    )
    sentence = Sentence(template, count=len(frames), first=frames[0] + 1)
    return ChecklistItem("no_unexplained_gap", False, sentence, tuple(frames))


def _confirmed_item(track: Sequence[Keyframe]) -> ChecklistItem:
    count = sum(keyframe.source == "human" and not keyframe.outside for keyframe in track)
    if count:
        sentence = Sentence(gettext_noop("%(count)d keyframes are confirmed by a person."), count=count)
        return ChecklistItem("human_keyframe", True, sentence)
    sentence = Sentence(
        gettext_noop(
            "No keyframe is confirmed by a person: accept or correct a box, or state that no lesion is seen."
        )
    )
    return ChecklistItem("human_keyframe", False, sentence)


def _truncation_item(
    track: Sequence[Keyframe], n_frames: int, frame_shape: tuple[int, int], excused: set[int]
) -> ChecklistItem:
    unflagged = tuple(
        frame
        for frame, found in enumerate(boxes(track, n_frames))
        if found is not None
        and frame not in excused
        and not found.carried.truncated
        and touches_border(found.box, frame_shape)
    )
    if not unflagged:
        sentence = Sentence(gettext_noop("Every box at the image border is flagged as truncated."))
        return ChecklistItem("truncation_flagged", True, sentence)
    template = gettext_noop(
        "On %(count)d frames the box touches the image border without the flag, first at %(first)d."
    )
    sentence = Sentence(template, count=len(unflagged), first=unflagged[0] + 1)
    return ChecklistItem("truncation_flagged", False, sentence, unflagged)


def touches_border(box: Box, frame_shape: tuple[int, int]) -> bool:
    """True where a side of *box* lies within 1 px of the border of a (height, width) image."""
    height, width = frame_shape
    x1, y1, x2, y2 = box
    return min(x1, y1, width - x2, height - y2) <= BORDER_PX


@dataclass(frozen=True)
class Agreement:
    """How two tracks of one lesion agree.

    mean_iou: over the frames where both have a box, in [0, 1]; None where there is no such frame.
    both, only_a, only_b: numbers of frames. fraction_both: both / (both + only_a + only_b), 1 where
    neither has any box.
    keyframes_only_a, keyframes_only_b: frames that are a keyframe of one track only.
    keyframes_shared: (frame, largest difference of a coordinate in px, or None where one is outside and
    the other not) of the frames that are keyframes of both.
    """

    mean_iou: float | None
    both: int
    only_a: int
    only_b: int
    fraction_both: float
    keyframes_only_a: tuple[int, ...]
    keyframes_only_b: tuple[int, ...]
    keyframes_shared: tuple[tuple[int, float | None], ...]


def agreement(a: Iterable[Any], b: Iterable[Any], n_frames: int) -> Agreement:
    """Compare two readers' tracks of one lesion.

    Raises:
        TrackError: as `tracks.boxes`.
    """
    first, second = as_keyframes(a, n_frames), as_keyframes(b, n_frames)
    pairs = list(zip(boxes(first, n_frames), boxes(second, n_frames), strict=True))
    overlaps = [iou(p.box, q.box) for p, q in pairs if p is not None and q is not None]
    only_a = sum(p is not None and q is None for p, q in pairs)
    only_b = sum(p is None and q is not None for p, q in pairs)
    either = len(overlaps) + only_a + only_b
    mine, theirs = {k.frame: k for k in first}, {k.frame: k for k in second}
    return Agreement(
        mean_iou=sum(overlaps) / len(overlaps) if overlaps else None,
        both=len(overlaps),
        only_a=only_a,
        only_b=only_b,
        fraction_both=len(overlaps) / either if either else 1.0,
        keyframes_only_a=tuple(sorted(set(mine) - set(theirs))),
        keyframes_only_b=tuple(sorted(set(theirs) - set(mine))),
        keyframes_shared=tuple(
            (frame, _difference(mine[frame], theirs[frame])) for frame in sorted(set(mine) & set(theirs))
        ),
    )


def _difference(a: Keyframe, b: Keyframe) -> float | None:
    if a.outside != b.outside:
        return None
    return max(abs(p - q) for p, q in zip(a.box, b.box, strict=True))
