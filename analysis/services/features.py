"""Storing the features of a clip under one track, once per digest."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from numpy.typing import NDArray

from analysis.models import FeatureSet
from studies.models import Clip, Revision

DYNAMIC_DTYPE = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class StoredStatic:
    """Static features as stored: frame_indices (n,), values (n, 91), boxes (n, 4) they were computed in."""

    frame_indices: NDArray[np.int64]
    values: NDArray[np.float64]
    boxes: NDArray[np.float64]


def feature_set_store(
    *,
    clip: Clip,
    revision: Revision,
    box_source: str,
    digest: str,
    pipeline_version: str,
    parameters: Mapping[str, Any],
    static: StoredStatic,
    dynamic: NDArray[np.float64],
    window: tuple[int, int],
    time_base: str,
    fps: float,
    qc: Mapping[str, Any],
    reasons: Sequence[str],
    excluded: Mapping[int, str],
) -> FeatureSet:
    """Store one feature set; a set with the same digest is returned as it is."""
    if known := FeatureSet.objects.filter(digest=digest).first():
        return known
    if not (np.isfinite(static.values).all() and np.isfinite(dynamic).all()):
        raise ValueError("A feature table never holds NaN: invalid frames are left out, with their reason.")
    row = FeatureSet(
        clip=clip,
        revision=revision,
        box_source=box_source,
        digest=digest,
        pipeline_version=pipeline_version,
        parameters=dict(parameters),
        n_frames=clip.n_frames,
        n_used=len(static.frame_indices),
        window_start=window[0],
        window_stop=window[1],
        time_base=time_base,
        fps=fps,
        qc=dict(qc),
        compliant=not reasons,
        reasons=list(reasons),
        excluded={str(frame): reason for frame, reason in excluded.items()},
        dynamic=np.ascontiguousarray(dynamic, dtype=DYNAMIC_DTYPE).tobytes(),
    )
    row.static_file.save("static.npz", ContentFile(_packed(static)), save=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        row.static_file.delete(save=False)
        return FeatureSet.objects.get(digest=digest)
    return row


def static_of(row: FeatureSet) -> StoredStatic:
    """Read the static features back; no pickle is ever opened."""
    with row.static_file.open("rb") as file, np.load(io.BytesIO(file.read()), allow_pickle=False) as data:
        return StoredStatic(data["frame_indices"], data["values"], data["boxes"])


def dynamic_of(row: FeatureSet) -> NDArray[np.float64]:
    """Return the (2184,) dynamic features."""
    return np.frombuffer(bytes(row.dynamic), dtype=DYNAMIC_DTYPE)


def _packed(static: StoredStatic) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, frame_indices=static.frame_indices, values=static.values, boxes=static.boxes)
    return buffer.getvalue()
