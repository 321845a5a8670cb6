"""Where burned-in text must be blanked before a cine is kept: the policy.

1. The header says where the picture is (2-D ultrasound regions inside the image): each margin around it that
   shows text is blanked whole, and all of them when the header announces burned-in annotation.
2. It does not say, or its regions lie outside the image: every block of text with a line of five letters or
   more is blanked (a name, a date, a number; not "28Hz"), unless the header denies burned-in annotation. When
   it announces some and none is found, the top tenth is blanked.
3. Text inside the picture is left alone and reported, as only a person can tell a name from a mark.

Everything here is a proposal: a person sees the frame before and may change every box.
"""

from __future__ import annotations

from collections.abc import Sequence

from studies.imaging.grey import to_grey
from studies.imaging.text_regions import find_text
from studies.imaging.types import Box, CineInfo, Frame

_TOP_PART = 10
"""Where machines print names: the top tenth of the screen."""
_TELLING_LETTERS = 5
_PART_IN_MARGIN = 0.25
"""Part of a line of text that must lie in a margin to have it blanked; the rest is the frame's own scale."""
_MERGE_GAP_PX = 10
"""Lines of text closer than this become one block; about half a line of a 1024 × 768 screen."""


def picture_box(info: CineInfo) -> Box | None:
    """Smallest box around the 2-D ultrasound regions, None when the header gives none that can be trusted."""
    regions = [r for r in info.regions if r.is_2d_image and _area(r.box) > 0]
    if not regions or any(r.outside for r in regions):
        return None
    return _around([r.box for r in regions])


def _around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of ``boxes``."""
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _area(box: Box) -> int:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _overlap(a: Box, b: Box) -> int:
    return _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def _lies_in(line: Box, margin: Box) -> bool:
    return _overlap(line, margin) > _PART_IN_MARGIN * _area(line)


def margins(picture: Box, height: int, width: int) -> tuple[Box, ...]:
    """The top, left, right and bottom margin around ``picture``; empty ones are left out."""
    x1, y1, x2, y2 = picture
    found = ((0, 0, width, y1), (0, y1, x1, y2), (x2, y1, width, y2), (0, y2, width, height))
    return tuple(m for m in found if _area(m) > 0)


def merge_boxes(boxes: Sequence[Box], gap: int = _MERGE_GAP_PX) -> tuple[Box, ...]:
    """Boxes that overlap or lie within ``gap`` pixels of each other as one, until none do."""
    merged = list(boxes)
    index = 0
    while index < len(merged):
        a = merged[index]
        grown = (a[0] - gap, a[1] - gap, a[2] + gap, a[3] + gap)
        near = [b for b in merged[index + 1 :] if _overlap(grown, b)]
        if not near:
            index += 1
            continue
        rest = [b for b in merged if b is not a and b not in near]
        joined = _around([a, *near])
        merged, index = [joined, *rest], 0
    return tuple(sorted(merged, key=lambda b: (b[1], b[0])))


def suggest_blank_regions(info: CineInfo, first_frame: Frame) -> tuple[Box, ...]:
    """Boxes ``(x1, y1, x2, y2)`` to be blanked by the policy above; empty when nothing needs to be.

    ``first_frame`` is ``(H, W)`` or ``(H, W, 3)`` uint8 of the cine that ``info`` describes.
    """
    picture = picture_box(info)
    announced = info.burned_in_annotation == "YES"
    text = find_text(to_grey(first_frame))
    if picture is not None:
        around = margins(picture, info.height, info.width)
        return tuple(m for m in around if announced or any(_lies_in(line, m) for line in text))
    if info.burned_in_annotation == "NO":
        return ()
    if announced and not text:
        return ((0, 0, info.width, max(info.height // _TOP_PART, 1)),)
    telling = find_text(to_grey(first_frame), _TELLING_LETTERS)
    return tuple(b for b in merge_boxes(text) if any(_overlap(b, line) for line in telling))


def text_left_inside(info: CineInfo, first_frame: Frame, blank: Sequence[Box]) -> tuple[Box, ...]:
    """Lines of text that stay visible when ``blank`` is wiped, for a person to look at."""
    lines = find_text(to_grey(first_frame))
    return tuple(line for line in lines if sum(_overlap(line, b) for b in blank) < _area(line))
