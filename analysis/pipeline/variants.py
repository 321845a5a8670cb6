"""How much a result hangs on what was decided beforehand: boxes, masks, labels, the region that is measured.

Two ways, both out of fold on training patients, with the folds of the model of record:

- applied: each fold's models, fitted as they are, score their held-out patients as described otherwise. This
  is what a frozen model meets when boxes move.
- learned: the same classifiers are fitted again on patients described (or labelled) otherwise.

Every variant is judged on the patients that have it, beside the record's scores of the same patients. A
learned one can be frozen, fitted on all training patients, and then meet the test patients in a counted look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import (
    FoldFit,
    FrozenFusion,
    checked,
    fit_folds,
    frozen_fusion,
    held_out_masks,
    out_of_fold,
    outer_folds,
)
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.fusion import fold_combiner
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.ensemble import LearnParameters, base_scores, parts_of
from analysis.pipeline.kernels.evaluation import Comparison, Evaluation, compare, evaluate
from analysis.pipeline.kernels.multiplicity import holm
from analysis.pipeline.kernels.task_pool import Cancelled, Progress
from analysis.pipeline.sensitivity import intraclass
from analysis.pipeline.splits import MINIMUM_PER_CLASS, subset
from analysis.pipeline.types import LearningCohort

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

APPLIED, LEARNED = "applied", "learned"
RECORD = "record"
# A variant is judged where this many patients of a class have it; below, the reason is given instead.
LEAST_TO_JUDGE = 2


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One variant beside the record, on the patients that have it.

    how: applied or learned; left_out: patients without it; reference, evaluation: the record's scores and the
    variant's, the cut-off of an applied variant being the record's; comparison: variant minus record, with
    p_holm over all variants of the table; agreement: ICC(A,1) of the two scores; flipped: patients whose call
    changes; reason: why there is no figure, empty where there is.
    """

    name: str
    how: str
    n: int
    events: int
    left_out: int
    reference: Evaluation | None
    evaluation: Evaluation | None
    comparison: Comparison | None
    agreement: float | None
    flipped: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class RecordScores:
    """The chosen model fitted again fold by fold: what variants are compared with.

    cohort: in the order of its codes; oof: of the chosen model and its parts; cutoff: frozen at training;
    final: the fit on everybody, where it was asked for.
    """

    cohort: LearningCohort
    model: str
    cutoff: float
    folds: NDArray[np.int64]
    fits: Sequence[FoldFit]
    oof: Mapping[str, Vector]
    settings: LearnParameters
    final: FoldFit | None = None

    @property
    def frozen(self) -> FrozenFusion:
        """The model fitted on everybody.

        Raises:
            InvalidInputError: it was not asked for.
        """
        if self.final is None:
            raise InvalidInputError("final: expected the fit on everybody; ask record_scores for it.")
        return frozen_fusion(self.model, self.cohort.labels, self.oof, self.final, self.settings)


@dataclass(frozen=True, slots=True)
class FrozenVariant:
    """A learned variant ready for a look: nothing in it has seen a test patient.

    fusion, reference: the variant and the record, fitted on the same training patients; their cut-offs were
    chosen out of fold.
    """

    name: str
    fusion: FrozenFusion
    reference: FrozenFusion
    cutoff: float
    reference_cutoff: float
    settings: LearnParameters


def record_scores(
    cohort: LearningCohort,
    model: str,
    cutoff: float,
    settings: LearnParameters,
    *,
    final: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> RecordScores:
    """Fit the two classifiers of a fused model in every fold; the scores are those of training, bit for bit.

    final: fit them on everybody too.

    Raises:
        InvalidInputError, LeakageError, CancelledError: as `learn`.
    """
    ordered = checked(cohort)
    folds = outer_folds(ordered, settings)
    held_out = held_out_masks(folds)
    fits = fit_folds(
        ordered,
        [*held_out, None] if final else held_out,
        settings,
        only=parts_of(model),
        stage="record",
        progress=progress,
        cancelled=cancelled,
    )
    inside = fits[: len(held_out)]
    oof = out_of_fold(ordered.labels, folds, inside, settings, (model,))
    last = fits[-1] if final else None
    return RecordScores(ordered, model, cutoff, folds, inside, oof, settings, last)


def applied_scores(record: RecordScores, dynamic: Matrix) -> dict[str, Vector]:
    """Return the chosen model's and its parts' (n,) scores of patients described otherwise, held out.

    dynamic: (n, p) in the record's order; a row of NaN, a patient who cannot be described so, scores NaN.
    """
    here = np.isfinite(dynamic).all(axis=1)
    (video, clinical), method = parts_of(record.model), record.settings.fusion
    found = {name: np.full(here.size, np.nan) for name in (record.model, video, clinical)}
    first, second = record.oof[video], record.oof[clinical]
    for number, fit in enumerate(record.fits):
        rows = here & (record.folds == number)
        if rows.any():
            scores = base_scores(fit.bases, dynamic[rows], record.cohort.clinical[rows])
            combiner = fold_combiner(method, first, second, record.cohort.labels, record.folds, number)
            scores[record.model] = combiner.combine(scores[video], scores[clinical])
            for name, values in scores.items():
                found[name][rows] = values
    return found


def applied_report(record: RecordScores, name: str, dynamic: Matrix) -> VariantReport:
    """Judge the record's fold models on patients described otherwise, (n, p) in the record's order."""
    return judge_scores(record, name, APPLIED, applied_scores(record, dynamic)[record.model], record.cutoff)


def learned_report(
    record: RecordScores,
    name: str,
    dynamic: Matrix,
    *,
    feature_names: tuple[str, ...] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> VariantReport:
    """Fit the same classifiers again on patients described otherwise and judge them out of fold.

    Where some patients lack the variant the record is fitted again without them, so that both learn from the
    same patients. feature_names: of other columns than the record's.
    """
    here = np.isfinite(dynamic).all(axis=1)
    n, events = int(here.sum()), int(record.cohort.labels[here].sum())
    if min(events, n - events) < max(MINIMUM_PER_CLASS, record.settings.outer_folds):
        return unjudged(record, name, LEARNED, n, events)
    cohorts = _variant_cohorts(record, dynamic, feature_names)
    if n == here.size:
        del cohorts[RECORD]
    found = {
        key: record_scores(
            cohort, record.model, record.cutoff, record.settings, progress=progress, cancelled=cancelled
        )
        for key, cohort in cohorts.items()
    }
    reference = found[RECORD].oof[record.model] if RECORD in found else record.oof[record.model]
    scores, full = np.full(here.size, np.nan), np.full(here.size, np.nan)
    scores[here], full[here] = found[LEARNED].oof[record.model], reference
    own = frozen_cutoff(record.cohort.labels[here], scores[here])
    return judge_scores(record, name, LEARNED, scores, own, reference=full)


def freeze_variant(
    record: RecordScores,
    name: str,
    dynamic: Matrix,
    *,
    feature_names: tuple[str, ...] | None = None,
    reference: FrozenFusion | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> FrozenVariant:
    """Fit what `learned_report` judged on all training patients that have it, and the record beside it.

    The cut-off is the one that `learned_report` found: the folds are the same. reference: the record as it
    was fitted on the same patients before, where it was.

    Raises:
        InvalidInputError: too few patients have the variant.
    """
    here = np.isfinite(dynamic).all(axis=1)
    n, events = int(here.sum()), int(record.cohort.labels[here].sum())
    if min(events, n - events) < max(MINIMUM_PER_CLASS, record.settings.outer_folds):
        raise InvalidInputError(_too_few(events, n - events))
    cohorts = _variant_cohorts(record, dynamic, feature_names)
    if reference is not None:
        del cohorts[RECORD]
    found = {
        key: record_scores(
            cohort,
            record.model,
            record.cutoff,
            record.settings,
            final=True,
            progress=progress,
            cancelled=cancelled,
        )
        for key, cohort in cohorts.items()
    }
    reference = found[RECORD].frozen if reference is None else reference
    cutoff = frozen_cutoff(found[LEARNED].cohort.labels, found[LEARNED].oof[record.model])
    return FrozenVariant(name, found[LEARNED].frozen, reference, cutoff, record.cutoff, record.settings)


def judge_frozen(
    frozen: FrozenVariant, cohort: LearningCohort, dynamic: Matrix, *, side: str = "test"
) -> VariantReport:
    """Judge a frozen variant on patients it never saw, beside the record; log the look before calling this.

    dynamic: (n, p) of the variant in the cohort's order, NaN rows where a patient cannot be described so.
    """
    here = np.isfinite(dynamic).all(axis=1)
    y, clinical = cohort.labels[here], cohort.clinical[here]
    n, events, left_out = int(y.size), int(y.sum()), int(here.size - y.size)
    if min(events, n - events) < LEAST_TO_JUDGE:
        text = _too_few(events, n - events)
        return VariantReport(frozen.name, LEARNED, n, events, left_out, None, None, None, None, None, text)
    return _beside(
        (frozen.name, LEARNED, frozen.fusion.model, side),
        y,
        (frozen.reference.score(cohort.dynamic[here], clinical), frozen.reference_cutoff),
        (frozen.fusion.score(dynamic[here], clinical), frozen.cutoff),
        left_out,
        frozen.settings,
    )


def _variant_cohorts(
    record: RecordScores, dynamic: Matrix, feature_names: tuple[str, ...] | None
) -> dict[str, LearningCohort]:
    """The patients that have a variant, with its columns and with the record's."""
    here = np.isfinite(dynamic).all(axis=1)
    names = feature_names or record.cohort.feature_names
    some = subset(record.cohort, np.flatnonzero(here))
    varied = replace(some, dynamic=dynamic[here], feature_names=names, catalogue=names)
    return {LEARNED: varied, RECORD: some}


def judge_scores(
    record: RecordScores,
    name: str,
    how: str,
    scores: Vector,
    cutoff: float,
    *,
    reference: Vector | None = None,
) -> VariantReport:
    """Judge (n,) scores, NaN where a patient has none, beside the record's of the same patients."""
    here = np.isfinite(scores)
    y = record.cohort.labels[here]
    n, events = int(y.size), int(y.sum())
    if min(events, n - events) < LEAST_TO_JUDGE:
        return unjudged(record, name, how, n, events)
    before = (record.oof[record.model] if reference is None else reference)[here]
    return _beside(
        (name, how, record.model, "oof"),
        y,
        (before, record.cutoff),
        (scores[here], cutoff),
        int(here.size - n),
        record.settings,
    )


def _beside(
    words: tuple[str, str, str, str],
    y: NDArray[np.int64],
    record: tuple[Vector, float],
    variant: tuple[Vector, float],
    left_out: int,
    settings: LearnParameters,
) -> VariantReport:
    """words: variant, how, model, side; record, variant: (n,) scores and cut-off."""
    (name, how, model, side), (before, old), (after, new) = words, record, variant
    replicates, seed = settings.replicates, settings.seed
    agreement, _ = intraclass(np.stack([before, after], axis=1)[:, :, np.newaxis])
    scores, cutoffs = {name: after, RECORD: before}, {name: new, RECORD: old}
    pair = compare(y, scores, cutoffs, [(name, RECORD)], replicates=replicates, seed=seed)[0]
    return VariantReport(
        name=name,
        how=how,
        n=int(y.size),
        events=int(y.sum()),
        left_out=left_out,
        reference=evaluate(model, side, y, before, old, replicates=replicates, seed=seed),
        evaluation=evaluate(model, side, y, after, new, replicates=replicates, seed=seed),
        comparison=pair,
        agreement=float(agreement[0]),
        flipped=int(((before >= old) != (after >= new)).sum()),
        reason="",
    )


def unjudged(
    record: RecordScores, name: str, how: str, n: int, events: int, reason: str = ""
) -> VariantReport:
    """Return a variant without figures, and why."""
    text = reason or _too_few(events, n - events)
    left_out = len(record.cohort.patients) - n
    return VariantReport(name, how, n, events, left_out, None, None, None, None, None, text)


def _too_few(events: int, others: int) -> str:
    return f"{events} positive and {others} negative patients have it: too few to judge"


def with_holm(reports: Sequence[VariantReport]) -> tuple[VariantReport, ...]:
    """Return the reports with Holm's p over all comparisons among them."""
    compared = [report.comparison for report in reports if report.comparison is not None]
    adjusted = iter(holm([one.p for one in compared]) if compared else ())
    return tuple(
        report
        if report.comparison is None
        else replace(report, comparison=replace(report.comparison, p_holm=next(adjusted)))
        for report in reports
    )


def together(lesion: LearningCohort, prefix: str, dynamic: Matrix) -> tuple[Matrix, tuple[str, ...]]:
    """Return the lesion's columns with those of another region beside them, and all their names.

    Raises:
        InvalidInputError: another number of patients or columns than the lesion's.
    """
    if dynamic.shape != lesion.dynamic.shape:
        raise InvalidInputError(
            f"dynamic: expected {lesion.dynamic.shape}, as the lesion's columns, got {dynamic.shape}."
        )
    names = (*lesion.feature_names, *(f"{prefix}:{name}" for name in lesion.feature_names))
    return np.hstack([lesion.dynamic, dynamic]), names
