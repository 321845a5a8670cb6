"""Supplements that describe the training patients otherwise: other boxes, other masks, other regions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.tracking import non_compliance
from analysis.pipeline.types import LearningCohort
from analysis.pipeline.variants import (
    LEARNED,
    VariantReport,
    applied_report,
    learned_report,
    together,
    unjudged,
    with_holm,
)
from analysis.runners.bench import Bench, StudyBench
from analysis.runners.boxes import head_of
from analysis.runners.cohort import Case
from analysis.runners.described_otherwise import Otherwise
from analysis.runners.facts import boxes_record
from studies.models import Revision, Track

Found = dict[str, Any]
Matrix = NDArray[np.float64]

JITTERS = (0.05, 0.10)
DRAWS = 3
RINGS_MM = (1.0, 3.0, 5.0)
MASK_KINDS = ("ellipse", "segment")
NO_PEOPLE = (
    "No training patient was learned with boxes that a person signed, so there is nothing to compare the "
    "model's boxes with. Let readers sign tracks, then train again."
)


def box_source(bench: StudyBench) -> Found:
    """The model's boxes where a person's are of record, and the whole learned from the model's boxes."""
    people = np.array([case.features.box_source != Track.Source.MODEL for case in bench.cases])
    if not people.any():
        raise InvalidInputError(NO_PEOPLE)
    record = bench.record()
    features, reasons = bench.describe(Otherwise("boxes", bench.base), model_revisions(bench.cases))
    some = np.where(people[:, np.newaxis], features, np.nan)
    rows = [
        applied_report(record, "model's boxes instead of a person's", some),
        learn_again(bench, "model's boxes for everybody", features),
    ]
    return {"rows": with_holm(rows), "left_out": reasons, "n_people": int(people.sum())}


def box_jitter(bench: Bench) -> Found:
    """Every edge of every box moved by up to 5 or 10 % of the side, anew in every frame, three times each."""
    record, rows, left_out = bench.record(), [], Counter[str]()
    for share in JITTERS:
        for turn in range(DRAWS):
            name = f"±{share:.0%}".replace("%", " %")
            otherwise = Otherwise(f"jitter {share:.2f} {turn}", bench.base, share, turn, bench.settings.seed)
            features, reasons = bench.describe(otherwise)
            rows.append(applied_report(record, f"{name}, draw {turn + 1}", features))
            left_out.update(reasons)
    return {"rows": with_holm(rows), "left_out": dict(left_out)}


def masks(bench: Bench) -> Found:
    """An ellipse inside the box, and the segmented lesion: applied to the record, and learned again."""
    record, rows, left_out = bench.record(), [], Counter[str]()
    for kind in MASK_KINDS:
        parameters = replace(bench.base, mask_kind=kind)
        features, reasons = bench.describe(Otherwise(kind, parameters))
        rows.append(applied_report(record, kind, features))
        rows.append(learn_again(bench, kind, features))
        left_out.update(reasons)
    return {"rows": with_holm(rows), "left_out": dict(left_out)}


def rings(bench: Bench) -> Found:
    """Rings of 1, 3 and 5 mm around the lesion: alone, and beside the columns of the lesion."""
    rows, left_out = [], {}
    for otherwise in ring_ways(bench):
        features, left_out[otherwise.variant] = bench.describe(otherwise)
        for way in ring_columns(bench.record().cohort, otherwise.variant, features):
            rows.append(learn_again(bench, way.name, way.features, feature_names=way.names))
    return {"rows": with_holm(rows), "left_out": left_out}


@dataclass(frozen=True, slots=True)
class RingColumns:
    """What is learned from of one ring: (n, p) features; names: of its columns, None for the lesion's own."""

    name: str
    features: Matrix
    names: tuple[str, ...] | None


def ring_ways(bench: Bench) -> list[Otherwise]:
    """How clips are described on each ring."""
    return [
        Otherwise(f"ring {width:.0f} mm", replace(bench.base, region="ring", ring_mm=width))
        for width in RINGS_MM
    ]


def ring_columns(lesion: LearningCohort, ring: str, features: Matrix) -> tuple[RingColumns, RingColumns]:
    """A ring alone, and its columns beside those of the lesion."""
    both, names = together(lesion, ring, features)
    return RingColumns(f"{ring} alone", features, None), RingColumns(f"lesion and {ring}", both, names)


def outside_features(bench: Bench) -> tuple[Matrix, dict[str, int]]:
    """(n, 2184) features of everything outside the box, and why some patients have none."""
    parameters = replace(bench.base, region="outside")
    return bench.describe(Otherwise("outside", parameters))


def learn_again(
    bench: Bench, name: str, features: Matrix, *, feature_names: tuple[str, ...] | None = None
) -> VariantReport:
    """Learn from other features; what cannot be learned from gets its reason instead of figures."""
    record = bench.record()
    bench.ticker.begin(f"learning again: {name}", total=bench.settings.outer_folds)
    try:
        return learned_report(
            record,
            name,
            features,
            feature_names=feature_names,
            progress=bench.told,
            cancelled=bench.ticker.cancelled,
        )
    except InvalidInputError as error:
        here = np.isfinite(features).all(axis=1)
        events = int(record.cohort.labels[here].sum())
        return unjudged(record, name, LEARNED, int(here.sum()), events, str(error))


def model_revisions(cases: Sequence[Case]) -> list[Revision | None]:
    """The newest boxes of the model's track; None where there are none or the cine is not compliant."""
    return [_model_revision(case) for case in cases]


def _model_revision(case: Case) -> Revision | None:
    clip, number = case.features.clip, case.features.revision.track.number
    track = clip.tracks.filter(source=Track.Source.MODEL, is_deleted=False, number=number, head__gt=0).first()
    record = boxes_record(clip)
    if track is None or (record and non_compliance(record)):
        return None
    return head_of(track)
