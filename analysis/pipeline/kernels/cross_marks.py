"""Measurement crosses on a grey picture: four thin bright arms that meet, upright or diagonal.

Scatter and fibres give bright ridges, but not four of equal length from one point, each brighter along its
whole length than what lies beside it. Drawn marks do.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Grey = NDArray[np.uint8]
Index = NDArray[np.intp]

# Length of an arm and distance of its flanks in pixels: marks of 9 to 25 px with strokes of 1 to 5 px.
SCALES = ((4, 2), (6, 3), (9, 4), (12, 5))
# Row and column step of each of the four arms, then the step across it.
UPRIGHT = np.array([[-1, 0, 0, 1], [1, 0, 0, 1], [0, -1, 1, 0], [0, 1, 1, 0]])
DIAGONAL = np.array([[-1, -1, 0, 1], [1, 1, 0, 1], [-1, 1, 0, 1], [1, -1, 0, 1]])
DIAGONAL_FLANK = 1.4  # a horizontal step across a diagonal stroke is √2 as long
WIDEST = 1 + 2 * max(flank for _, flank in SCALES)
MARGIN = max(length + round(DIAGONAL_FLANK * flank) for length, flank in SCALES)


def cross_contrast(image: Grey, least: float = 0.0) -> float:
    """How clearly the clearest cross stands out, grey levels; `least` when nothing exceeds it.

    image: (H, W) uint8. The contrast of a cross is that of its weakest arm: the darkest pixel of the arm less
    the mean of the pixels along its brighter side.
    """
    padded = np.pad(image, MARGIN, mode="edge")
    width, (shortest, _) = padded.shape[1], SCALES[0]
    # Strokes survive the removal of wide structures, so a cross of any size has two lines of outstanding
    # pixels through its centre. Little else does: the dear part below is for few places, usually for none.
    square = np.ones((WIDEST, WIDEST), np.uint8)
    thin = cv2.morphologyEx(padded, cv2.MORPH_TOPHAT, square).ravel() > least
    upright = _centres_of_lines(thin, 1, shortest) & _centres_of_lines(thin, width, shortest)
    diagonal = _centres_of_lines(thin, width + 1, shortest) & _centres_of_lines(thin, width - 1, shortest)
    best = float(least)
    for possible, arms, stretch in ((upright, UPRIGHT, 1.0), (diagonal, DIAGONAL, DIAGONAL_FLANK)):
        places = _places(possible, padded.shape)
        for length, flank in SCALES:
            best = _clearest(padded, *places, arms, length, flank, round(stretch * flank), best)
    return best


def _centres_of_lines(flat: Bool, step: int, length: int) -> Bool:
    """Where all 2 · length + 1 pixels of the line through a pixel are set.

    flat: a picture row by row; step: index distance of neighbours on the line. Lines that leave the picture
    wrap around, which the padding absorbs.
    """
    line, have = flat, 1
    while have < 2 * length + 1:
        shift = min(have, 2 * length + 1 - have)
        line = line[: len(line) - shift * step] & line[shift * step :]
        have += shift
    centred = np.zeros_like(flat)
    centred[length * step : length * step + len(line)] = line
    return centred


def _places(possible: Bool, shape: tuple[int, ...]) -> tuple[Index, Index]:
    """Rows and columns of the set pixels of a flat picture, those in the padding left out."""
    if not possible.any():  # the usual case, told much faster than by listing nothing
        return np.empty(0, np.intp), np.empty(0, np.intp)
    height, width = shape
    rows, columns = np.divmod(np.flatnonzero(possible), width)
    inside = (rows >= MARGIN) & (rows < height - MARGIN) & (columns >= MARGIN) & (columns < width - MARGIN)
    return rows[inside], columns[inside]


def _clearest(
    padded: Grey,
    rows: Index,
    columns: Index,
    arms: NDArray[np.int64],
    length: int,
    flank: int,
    across: int,
    least: float,
) -> float:
    """The highest contrast of a cross at one of the places, or `least`."""
    if not rows.size:
        return least
    weakest = np.full(rows.size, 255.0)
    for arm in arms:
        weakest = np.minimum(weakest, _arm_contrasts(padded, rows, columns, arm, length, flank, across))
        left = weakest > least
        if not left.any():
            return least
        rows, columns, weakest = rows[left], columns[left], weakest[left]
    return float(weakest.max())


def _arm_contrasts(
    image: Grey, rows: Index, columns: Index, arm: NDArray[np.int64], length: int, flank: int, across: int
) -> NDArray[np.float64]:
    """(n,) darkest pixel of the arm from each point less the mean of its brighter flank."""
    along = np.arange(1, length + 1)
    r, c = rows[:, None] + along * arm[0], columns[:, None] + along * arm[1]
    beside = slice(flank - 1, None)  # nearer to the centre the flanks would lie on the other arms
    means = [
        image[r[:, beside] + side * across * arm[2], c[:, beside] + side * across * arm[3]].mean(axis=1)
        for side in (-1, 1)
    ]
    return image[r, c].min(axis=1) - np.maximum(*means)
