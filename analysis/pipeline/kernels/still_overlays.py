"""What a scanner writes over an image: callipers, words, frames and scale ticks."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]

WORDS = (
    "RT UOQ",
    "LT UIQ",
    "RT AXILLA",
    "LT 2:00",
    "RT 10:00",
    "LEFT",
    "RIGHT",
    "SAG",
    "TRANS",
    "A",
    "B",
    "1",
    "C",
)
INKS = (255, 235, 210, 180)


def add_overlays(rng: np.random.Generator, image: Pixels, boxes: NDArray[np.float64]) -> Pixels:
    """Draw callipers on some lesions, and sometimes words, a frame and ticks, at random.

    image: (H, W) uint8; boxes: (n, 4) half-open [x1, y1, x2, y2) pixels. Returns a new (H, W) uint8.
    """
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        if rng.random() < 0.22:
            _callipers(rng, draw, box)
    if rng.random() < 0.04:
        _callipers(rng, draw, _anywhere(rng, image.shape))
    if rng.random() < 0.2:
        _word(rng, draw, image.shape)
    if rng.random() < 0.12:
        _ticks(rng, draw, image.shape)
    if rng.random() < 0.05:
        x1, y1, x2, y2 = (float(v) for v in _anywhere(rng, image.shape))
        draw.rectangle((x1, y1, x2, y2), outline=int(rng.integers(70, 160)))
    if rng.random() < 0.25:
        draw.rectangle((0, 0, *(int(v) for v in rng.integers(4, 10, 2))), outline=255, fill=0)
    return np.asarray(picture)


def _anywhere(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A random box inside the image."""
    height, width = shape[:2]
    x = np.sort(rng.uniform(0, width, 2))
    y = np.sort(rng.uniform(0, height, 2))
    return np.array([x[0], y[0], x[1], y[1]])


def _cross(draw: ImageDraw.ImageDraw, x: float, y: float, arm: float, ink: int) -> None:
    draw.line((x - arm, y, x + arm, y), fill=ink)
    draw.line((x, y - arm, x, y + arm), fill=ink)


def _dotted(draw: ImageDraw.ImageDraw, ends: NDArray[np.float64], step: float, ink: int) -> None:
    length = float(np.hypot(*(ends[1] - ends[0])))
    for t in np.arange(0, 1, step / max(length, step)):
        x, y = ends[0] + t * (ends[1] - ends[0])
        draw.point((float(x), float(y)), fill=ink)


def _callipers(rng: np.random.Generator, draw: ImageDraw.ImageDraw, box: NDArray[np.float64]) -> None:
    """One or two dotted measuring lines with crosses at the ends, about as long as the box."""
    x1, y1, x2, y2 = box
    ink, arm = int(rng.choice(INKS)), float(rng.uniform(2.5, 6))
    lines = [np.array([[x1, (y1 + y2) / 2], [x2, (y1 + y2) / 2]])]
    if rng.random() < 0.7:
        lines.append(np.array([[(x1 + x2) / 2, y1], [(x1 + x2) / 2, y2]]))
    dotted = rng.random() < 0.75
    for number, line in enumerate(lines):
        ends = line + rng.normal(0, 0.06, (2, 2)) * [x2 - x1, y2 - y1]
        if dotted:
            _dotted(draw, ends, float(rng.uniform(2, 4)), ink)
        for x, y in ends:
            _cross(draw, float(x), float(y), arm, ink)
        if rng.random() < 0.4:
            draw.text((float(ends[0, 0]) + arm, float(ends[0, 1]) - 2 * arm), str(number + 1), fill=ink)


def _word(rng: np.random.Generator, draw: ImageDraw.ImageDraw, shape: tuple[int, ...]) -> None:
    font = ImageFont.load_default(size=float(rng.uniform(9, 15)))
    place = (float(rng.uniform(0, 0.8) * shape[1]), float(rng.uniform(0.02, 0.95) * shape[0]))
    draw.text(place, str(rng.choice(WORDS)), fill=int(rng.choice(INKS)), font=font)


def _ticks(rng: np.random.Generator, draw: ImageDraw.ImageDraw, shape: tuple[int, ...]) -> None:
    """Depth ticks along one side."""
    height, width = shape[:2]
    x = int(rng.choice([1, width - 4]))
    for y in np.arange(0, height, rng.uniform(10, 60)):
        draw.line((x, float(y), x + 3, float(y)), fill=int(rng.choice(INKS)))
