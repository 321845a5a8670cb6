"""Features of clips described otherwise, for supplements: what is stored already is not computed again."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.models import FeatureSet, FeatureVariant
from analysis.pipeline.describe import PIPELINE_VERSION, describe_clip, digest
from analysis.pipeline.errors import UnusableClipError
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.sensitivity import jittered
from analysis.pipeline.types import DescribeParameters
from analysis.runners.boxes import dense_boxes, excluded_by_people, without_excluded
from analysis.runners.describe import REJECTED_BY_READER, frames_of, times_of
from analysis.runners.digests import clip_digest
from analysis.services.features import dynamic_of
from analysis.services.supplements import variant_dynamic, variant_store
from studies.imaging.pack_reader import PackReader
from studies.models import Clip, Revision
from studies.services.video import pack_local_path

Boxes = NDArray[np.float64]
Row = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One way to describe a clip: a short name, the parameters, and what is done to the boxes first.

    jitter: share of the box's side by which every edge moves at most; turn: which draw of it.
    """

    variant: str
    parameters: DescribeParameters
    jitter: float = 0.0
    turn: int = 0
    seed: int = 0

    def moved(self, name: str, boxes: Boxes) -> Boxes:
        """The (T, 4) boxes to describe of a clip; moved ones are the same whenever they are drawn."""
        if not self.jitter:
            return boxes
        drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
        return jittered(boxes, self.jitter, np.random.default_rng((self.seed, self.turn, drawn)))


def matrix_of(
    tracks: Iterable[Revision | None],
    otherwise: Otherwise,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> tuple[NDArray[np.float64], list[str]]:
    """(n, 2184) features of one revision a patient, NaN rows where there are none, and why (n,) not."""
    rows, reasons = [], []
    revisions = list(tracks)
    for done, revision in enumerate(revisions, start=1):
        row, reason = (None, "no such boxes") if revision is None else _row(revision, otherwise, cancelled)
        rows.append(np.full(len(DYNAMIC_FEATURES), np.nan) if row is None else row)
        reasons.append(reason)
        progress(done, len(revisions))
    return np.vstack(rows), reasons


def _row(revision: Revision, otherwise: Otherwise, cancelled: Callable[[], bool]) -> tuple[Row | None, str]:
    clip = revision.track.clip
    excluded = excluded_by_people(revision)
    boxes = otherwise.moved(str(clip.pk), dense_boxes(revision, clip.n_frames))
    wanted = digest(otherwise.parameters, without_excluded(boxes, excluded), clip_digest(clip))
    if known := FeatureSet.objects.filter(digest=wanted).first():
        return dynamic_of(known), ""
    stored = FeatureVariant.objects.filter(digest=wanted).first()
    if stored is None:
        stored = _described(clip, revision, boxes, excluded, otherwise, wanted, cancelled)
    return variant_dynamic(stored), stored.reason


def _described(
    clip: Clip,
    revision: Revision,
    boxes: Boxes,
    excluded: set[int],
    otherwise: Otherwise,
    wanted: str,
    cancelled: Callable[[], bool],
) -> FeatureVariant:
    """Describe the clip and store what came of it, or why nothing did."""
    dynamic, n_used, reason = None, 0, ""
    try:
        with PackReader(pack_local_path(clip)) as pack:
            found = describe_clip(
                frames_of(pack, skip=excluded),
                boxes,
                fps=clip.fps,
                spacing_mm=clip.spacing_mm,
                parameters=otherwise.parameters,
                times_s=times_of(clip),
                left_out=dict.fromkeys(sorted(excluded), REJECTED_BY_READER),
                cancelled=cancelled,
            )
        dynamic, n_used = found.dynamic, found.n_used
    except UnusableClipError as error:
        reason = str(error)
    return variant_store(
        clip=clip,
        revision=revision,
        variant=otherwise.variant,
        digest=wanted,
        pipeline_version=PIPELINE_VERSION,
        parameters=asdict(otherwise.parameters),
        n_used=n_used,
        dynamic=dynamic,
        reason=reason,
    )
