"""Rings and three-way HER2 on the test side, in the same counted look as the ensemble (HONESTY G5).

Before the look everything is fitted on training patients and must give the cut-offs that were stored out of
fold; test cines are described, which needs no label. After it nothing is fitted and nothing is chosen.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import Supplement
from analysis.pipeline.crossfit import FrozenFusion
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.pipeline.splits import subset
from analysis.pipeline.three_way import ZERO, LearnedThreeWay, judge_three_way
from analysis.pipeline.types import LearningCohort
from analysis.pipeline.variants import FrozenVariant, freeze_variant, judge_frozen, with_holm
from analysis.runners.bench import Bench
from analysis.runners.described_otherwise import Otherwise
from analysis.runners.other_labels import class_counts, learned_three_way
from analysis.runners.otherwise import ring_columns, ring_ways

Kind = Supplement.Kind
Matrix = NDArray[np.float64]
Document = dict[str, Any]

HELD_OUT_KINDS = (Kind.RINGS, Kind.THREE_WAY)
"""Further analyses that a look judges too, where they were made out of fold before it."""
SAME_CUTOFF = 1e-12
CHANGED = (
    "The training patients are no longer what they were when this was made out of fold, so its cut-off "
    "cannot be called frozen; repeat the analysis on the Models page before the next look."
)
UNCLASSED = "{n} test patients have a label that says neither positive, low nor zero; they are left out."


class LookedAt(ABC):
    """The patients of a look, in a fixed order; labels and classes are read after the look only."""

    @abstractmethod
    def describe(self, otherwise: Otherwise) -> tuple[Matrix, dict[str, int]]:
        """(n, 2184) features of the patients described otherwise, NaN rows where none, and reasons."""

    @abstractmethod
    def cohort(self) -> LearningCohort:
        """Features of record, clinical values and labels."""

    @abstractmethod
    def classes(self) -> NDArray[np.int64]:
        """(n,) 0 zero, 1 low, 2 positive; -1 where the reading does not say."""


@dataclass(frozen=True, slots=True)
class FrozenRing:
    """One ring, alone and beside the lesion, with the test cines described on it."""

    name: str
    variants: Sequence[FrozenVariant]
    features: Matrix
    left_out: Mapping[str, int]


@dataclass
class Frozen:
    """What is ready for a look; reasons: kind to why there is nothing, where there should be."""

    rings: list[FrozenRing] = field(default_factory=list)
    three_way: LearnedThreeWay | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def freeze(bench: Bench, side: LookedAt, stored: Mapping[str, Mapping[str, Any]]) -> Frozen:
    """Fit on training patients what was judged out of fold; stored: kind to its document there."""
    frozen = Frozen()
    for kind, prepare in ((Kind.RINGS, _freeze_rings), (Kind.THREE_WAY, _freeze_three_way)):
        if kind in stored and not stored[kind].get("reason"):
            try:
                prepare(bench, side, stored[kind], frozen)
            except InvalidInputError as error:
                frozen.reasons[kind] = str(error)
    return frozen


def judge_further(frozen: Frozen, side: LookedAt, model: str) -> dict[str, Document]:
    """Kind to the document of the test side. Log the look before calling this."""
    cohort = side.cohort()
    found: dict[str, Document] = {}
    if frozen.rings:
        found[Kind.RINGS] = _judge_rings(frozen.rings, cohort)
    if frozen.three_way is not None:
        found[Kind.THREE_WAY] = _judge_three_way(frozen.three_way, cohort, side.classes())
    for kind, reason in frozen.reasons.items():
        found[kind] = {"reason": reason}
    size = {"n": int(cohort.labels.size), "events": int(cohort.labels.sum()), "model": model}
    return {
        kind: jsonable({**size, "reason": "", "cautions": [], **document}) for kind, document in found.items()
    }


def _freeze_rings(bench: Bench, side: LookedAt, stored: Mapping[str, Any], frozen: Frozen) -> None:
    known = {row["name"]: row for row in stored["rows"] if row["evaluation"]}
    record, made = bench.record(), []
    references: dict[bytes, FrozenFusion] = {}
    for otherwise in ring_ways(bench):
        features, _ = bench.describe(otherwise)
        variants, same = [], np.isfinite(features).all(axis=1).tobytes()
        for way in ring_columns(record.cohort, otherwise.variant, features):
            if way.name not in known:
                continue
            bench.ticker.begin(f"learning again: {way.name}", total=bench.settings.outer_folds + 1)
            fitted = freeze_variant(
                record,
                way.name,
                way.features,
                feature_names=way.names,
                reference=references.get(same),
                progress=bench.told,
                cancelled=bench.ticker.cancelled,
            )
            _require_same(fitted.cutoff, known[way.name]["evaluation"]["cutoff"])
            references[same] = fitted.reference
            variants.append(fitted)
        if variants:
            made.append(FrozenRing(otherwise.variant, variants, *side.describe(otherwise)))
    frozen.rings = made


def _freeze_three_way(bench: Bench, side: LookedAt, stored: Mapping[str, Any], frozen: Frozen) -> None:
    learned = learned_three_way(bench)
    for question, before in zip(learned.questions, stored["report"]["questions"], strict=True):
        _require_same(question.cutoff, before["cutoff"])
    frozen.three_way = learned


def _require_same(cutoff: float, stored: float) -> None:
    if abs(cutoff - stored) > SAME_CUTOFF:
        raise InvalidInputError(CHANGED)


def _judge_rings(rings: Sequence[FrozenRing], cohort: LearningCohort) -> Document:
    rows, left_out = [], {}
    for ring in rings:
        left_out[ring.name] = dict(ring.left_out)
        columns = {way.name: way.features for way in ring_columns(cohort, ring.name, ring.features)}
        rows += [judge_frozen(one, cohort, columns[one.name]) for one in ring.variants]
    return {"rows": with_holm(rows), "left_out": left_out}


def _judge_three_way(
    learned: LearnedThreeWay, cohort: LearningCohort, classes: NDArray[np.int64]
) -> Document:
    known = np.flatnonzero(classes >= ZERO)
    counts = class_counts(classes)
    cautions = [UNCLASSED.format(n=classes.size - known.size)] if known.size < classes.size else []
    try:
        report = judge_three_way(learned, subset(cohort, known), classes[known].tolist())
    except InvalidInputError as error:
        return {"counts": counts, "reason": str(error), "cautions": cautions}
    return {"counts": counts, "report": replace(report, patients=()), "cautions": cautions}
