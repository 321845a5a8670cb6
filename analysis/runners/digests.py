"""Digests of descriptions: what they depend on, so that a selector can say what is stale."""

from analysis.pipeline.describe import digest
from analysis.pipeline.types import DescribeParameters
from analysis.runners.boxes import dense_boxes, excluded_by_people, without_excluded
from studies.models import Clip, Revision, Study


def clip_digest(clip: Clip) -> str:
    """What of a clip a description depends on: its stored frames, their timing and spacing."""
    return f"{clip.pk}:{clip.pack_sha256}:{clip.fps}:{clip.frame_times_ms is not None}:{clip.spacing_mm}"


def description_digest(clip: Clip, revision: Revision, parameters: DescribeParameters) -> str:
    """Digest of (clip, boxes, code version, parameters); a selector calls a missing one stale."""
    boxes = dense_boxes(revision, clip.n_frames)
    counted = without_excluded(boxes, excluded_by_people(revision))
    return digest(parameters, counted, clip_digest(clip))


def parameters_of(study: Study) -> DescribeParameters:
    """How clips of a study are described: the defaults, on the base that the split froze."""
    return DescribeParameters(**study.feature_base)
