"""Labelled stills for the detector: the manifest, the grouped splits, and the images kept in memory.

A folder holds ``manifest.csv`` (columns file, source, pathology, width, height, boxes_xyxy_px,
near_duplicate_group), ``images/`` with 8-bit grey files and, optionally, ``masks/`` with one mask of the
lesions per image.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError, LeakageError

MANIFEST = "manifest.csv"
COLUMNS = ("file", "boxes_xyxy_px", "near_duplicate_group")
HELDOUT_FOLDS = 5  # a grouped fifth is never trained on
VALIDATION_FOLDS = 9  # of what remains, a grouped ninth stops the training early
OUTSIDE_TOLERANCE_PX = 1.0  # annotation tools place an edge up to one pixel outside the image


@dataclass(frozen=True, slots=True)
class LabelledStill:
    """One image with its lesions.

    file: path; boxes: (N, 4) float64, half-open [x1, y1, x2, y2) pixels of the stored image; group: images of
    one group stay on one side of every split; source, pathology: words of the manifest, "" when absent; mask:
    path of the lesion mask or None.
    """

    file: Path
    boxes: NDArray[np.float64]
    group: str
    source: str
    pathology: str
    width: int
    height: int
    mask: Path | None = None


def _parse_boxes(text: str, width: int, height: int, where: str) -> NDArray[np.float64]:
    """Boxes of one manifest cell. Raises InvalidInputError for malformed, empty or outside boxes."""
    try:
        boxes = np.array(json.loads(text or "[]"), np.float64).reshape(-1, 4)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(
            f"{where}: expected boxes as [[x1, y1, x2, y2], …], got {text!r}; correct the manifest."
        ) from error
    if not np.isfinite(boxes).all() or (boxes[:, 2:] <= boxes[:, :2]).any():
        raise InvalidInputError(f"{where}: expected x1 < x2 and y1 < y2, got {text}; correct the manifest.")
    limits = np.array([width, height] * 2, np.float64)
    if (boxes < -OUTSIDE_TOLERANCE_PX).any() or (boxes > limits + OUTSIDE_TOLERANCE_PX).any():
        raise InvalidInputError(
            f"{where}: a box lies outside the image of {width}x{height} px, got {text}; correct the manifest."
        )
    return np.clip(boxes, 0.0, limits)


def _parse_row(row: dict[str, str], folder: Path, line: int) -> LabelledStill:
    where = f"{MANIFEST} line {line} ({row['file']})"
    file = folder / "images" / row["file"]
    if not file.is_file():
        raise InvalidInputError(
            f"{where}: expected the image {file.name} in {file.parent}, found none; complete the folder."
        )
    try:
        width, height = int(row["width"]), int(row["height"])
    except (KeyError, ValueError, TypeError):
        width, height = read_grey(file).shape[::-1]
    boxes = _parse_boxes(row["boxes_xyxy_px"], width, height, where)
    mask = folder / "masks" / row["file"]
    return LabelledStill(
        file=file,
        boxes=boxes,
        group=row["near_duplicate_group"] or row["file"],
        source=row.get("source") or "",
        pathology=row.get("pathology") or "",
        width=width,
        height=height,
        mask=mask if mask.is_file() else None,
    )


def read_manifest(folder: Path | str) -> list[LabelledStill]:
    """Read ``folder/manifest.csv``, in its order.

    Raises InvalidInputError when the folder, the manifest, a column or an image is missing, when a box is
    malformed or lies outside its image, and when there is no image at all.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise InvalidInputError(
            f"Expected {MANIFEST} in {folder}, found none; name a folder with a manifest."
        )
    with (folder / MANIFEST).open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(
                f"{folder / MANIFEST}: expected the columns {COLUMNS}, {missing} are missing; add them."
            )
        stills = [_parse_row(row, folder, line) for line, row in enumerate(reader, start=2)]
    if not stills:
        raise InvalidInputError(
            f"{folder / MANIFEST}: expected at least one image, got an empty data set; add images."
        )
    return stills


def fold_of(group: str, folds: int, salt: str = "") -> int:
    """The fold 0..folds-1 of a group, by SHA-256: the same on every machine, in every order."""
    return int(hashlib.sha256((salt + group).encode()).hexdigest()[:8], 16) % folds


def is_heldout(group: str) -> bool:
    """Whether a group belongs to the fifth that no training may see."""
    return fold_of(group, HELDOUT_FOLDS) == 0


def heldout(stills: Iterable[LabelledStill]) -> list[LabelledStill]:
    """The grouped held-out fifth, for judging only."""
    return [still for still in stills if is_heldout(still.group)]


def training_split(stills: Iterable[LabelledStill]) -> tuple[list[LabelledStill], list[LabelledStill]]:
    """Training and validation images: the held-out fifth removed, then a grouped ninth set aside for early
    stopping, of few groups at least one.

    Raises InvalidInputError when fewer than two groups are left to train and to validate on.
    """
    rest = [still for still in stills if not is_heldout(still.group)]
    groups = sorted({still.group for still in rest})
    if len(groups) < 2:
        raise InvalidInputError(
            f"Expected images of two groups at least, to train and to validate on, got {len(groups)} besides "
            "the held-out fifth; add images of other patients."
        )
    aside = {group for group in groups if fold_of(group, VALIDATION_FOLDS, salt="validation:") == 0}
    if not aside or len(aside) == len(groups):
        aside = {min(groups, key=lambda group: fold_of(group, 2**32, salt="validation:"))}
    training = [still for still in rest if still.group not in aside]
    validation = [still for still in rest if still.group in aside]
    assert_disjoint(training, validation)
    return training, validation


def assert_disjoint(a: Sequence[LabelledStill], b: Sequence[LabelledStill]) -> None:
    """Raise LeakageError when a near-duplicate group lies on both sides of a split."""
    shared = {still.group for still in a} & {still.group for still in b}
    if shared:
        raise LeakageError(
            f"Expected groups on one side of the split only, {sorted(shared)[:5]} lie on both; split by "
            f"group."
        )


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read an image file as grey (H, W) uint8. Raises InvalidInputError when it cannot be decoded."""
    image = (
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        if path.stat().st_size
        else None
    )
    if image is None:
        raise InvalidInputError(f"Expected an image file, {path} cannot be decoded; replace it.")
    return np.asarray(image, np.uint8)


@dataclass(frozen=True, slots=True)
class CachedStill:
    """An image ready for augmentation.

    image: grey (H, W) uint8; boxes: (N, 4) float64 in its pixels; labels: (H, W) uint8, 0 outside lesions,
    i + 1 in the lesion of ``boxes[i]``.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    labels: NDArray[np.uint8]


def label_lesions(
    shape: tuple[int, ...], boxes: NDArray[np.float64], mask: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Which pixel belongs to which box: (H, W) uint8, 0 or the 1-based number of a box.

    mask: (H, W), nonzero inside lesions. A lesion without one, or outside it, is taken as the ellipse
    inscribed in its box. Of lesions that share a pixel the smaller has it.
    """
    labels = np.zeros(shape, np.uint8)
    sides = boxes[:, 2:] - boxes[:, :2]
    for index in np.argsort(-sides.prod(axis=1), kind="stable"):
        x1, y1, x2, y2 = boxes[index]
        rows = slice(max(0, int(y1)), int(np.ceil(y2)))
        columns = slice(max(0, int(x1)), int(np.ceil(x2)))
        inside = mask[rows, columns] > 0 if mask is not None else np.zeros(0, bool)
        if not inside.any():
            y, x = np.mgrid[rows, columns][:, : shape[0] - rows.start, : shape[1] - columns.start] + 0.5
            away = ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2
            inside = away <= 0.25
        labels[rows, columns][inside] = index + 1
    return labels


def cache_still(
    image: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    long_side: int,
    mask: NDArray[np.uint8] | None = None,
) -> CachedStill:
    """Shrink an image (never enlarge) to ``long_side`` pixels, boxes and mask with it."""
    scale = min(1.0, long_side / max(image.shape))
    if scale < 1.0:
        height, width = image.shape
        new_w, new_h = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_AREA), np.uint8)
        boxes = boxes * np.array([new_w / width, new_h / height] * 2)
        if mask is not None:
            mask = np.asarray(cv2.resize(mask, (new_w, new_h), interpolation=cv2.INTER_NEAREST), np.uint8)
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    return CachedStill(image, boxes, label_lesions(image.shape, boxes, mask))


def cache_stills(stills: Iterable[LabelledStill], long_side: int) -> list[CachedStill]:
    """Read every image once, with its mask where there is one, and keep it in memory, shrunk to ``long_side``
    pixels."""
    cached = []
    for still in stills:
        mask = read_grey(still.mask) if still.mask is not None else None
        if mask is not None and mask.shape != (still.height, still.width):
            raise InvalidInputError(
                f"Expected a mask of {still.width}x{still.height} px like its image, {still.mask} is "
                f"{mask.shape[1]}x{mask.shape[0]}; replace or remove it."
            )
        cached.append(cache_still(read_grey(still.file), still.boxes, long_side, mask))
    return cached


def sparse_frames(has_box: Sequence[bool], every: int) -> list[int]:
    """Frames of a signed track to train on: every ``every``-th one, so that neighbours do not dominate.

    has_box: one truth value a frame (a frame without a box is a lesion-free image and is sampled too).
    Returns 0-based indices.
    """
    if every < 1:
        raise InvalidInputError(f"Expected a step of at least one frame, got {every}.")
    return list(range(every // 2 if len(has_box) > every // 2 else 0, len(has_box), every))
