"""How much a result hangs on what was decided beforehand: boxes, masks, labels, the region that is measured.

Two ways, both out of fold on training patients, with the folds of the model of record:

- applied: each fold's models, fitted as they are, score their held-out patients as described otherwise. This
is what
  a frozen model meets when boxes move.
- learned: the same classifiers are fitted again on patients described (or labelled) otherwise.

Every variant is judged on the patients that have it, beside the record's scores of the same patients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import (
    MINIMUM_PER_CLASS,
    FoldFit,
    checked,
    fit_folds,
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
from analysis.pipeline.splits import subset
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

    cohort: in the order of its codes; oof: of the chosen model and its parts; cutoff: frozen at training.
    """

    cohort: LearningCohort
    model: str
    cutoff: float
    folds: NDArray[np.int64]
    fits: Sequence[FoldFit]
    oof: Mapping[str, Vector]
    settings: LearnParameters


def record_scores(
    cohort: LearningCohort,
    model: str,
    cutoff: float,
    settings: LearnParameters,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> RecordScores:
    """Fit the two classifiers of a fused model in every fold; the scores are those of training, bit for bit.

    Raises:
        InvalidInputError, LeakageError, CancelledError: as `learn`.
    """
    ordered = checked(cohort)
    folds = outer_folds(ordered, settings)
    fits = fit_folds(
        ordered,
        held_out_masks(folds),
        settings,
        only=parts_of(model),
        stage="record",
        progress=progress,
        cancelled=cancelled,
    )
    oof = out_of_fold(ordered.labels, folds, fits, settings, (model,))
    return RecordScores(ordered, model, cutoff, folds, fits, oof, settings)


def applied_scores(record: RecordScores, dynamic: Matrix) -> dict[str, Vector]:
    """Return the chosen model's and its parts' (n,) scores of patients described otherwise, held out.

    dynamic: (n, p) in the record's order; a row of NaN, a patient who cannot be described so, scores NaN.
    """
    here = np.isfinite(dynamic).all(axis=1)
    parts, method = parts_of(record.model), record.settings.fusion
    found = {name: np.full(here.size, np.nan) for name in (record.model, *parts)}
    held_out = [record.oof[part] for part in parts]
    for number, fit in enumerate(record.fits):
        rows = here & (record.folds == number)
        if rows.any():
            scores = base_scores(fit.bases, dynamic[rows], record.cohort.clinical[rows])
            combiner = fold_combiner(method, *held_out, record.cohort.labels, record.folds, number)
            scores[record.model] = combiner.combine(*(scores[part] for part in parts))
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
    rows = np.flatnonzero(here)
    n, events = int(here.sum()), int(record.cohort.labels[here].sum())
    if min(events, n - events) < max(MINIMUM_PER_CLASS, record.settings.outer_folds):
        return unjudged(record, name, LEARNED, n, events)
    names = feature_names or record.cohort.feature_names
    some = subset(record.cohort, rows)
    cohorts = {name: replace(some, dynamic=dynamic[here], feature_names=names, catalogue=names)}
    if n < here.size:
        cohorts[RECORD] = some
    found = {
        key: record_scores(
            cohort, record.model, record.cutoff, record.settings, progress=progress, cancelled=cancelled
        )
        for key, cohort in cohorts.items()
    }
    reference = found[RECORD].oof[record.model] if RECORD in found else record.oof[record.model]
    scores, full = np.full(here.size, np.nan), np.full(here.size, np.nan)
    scores[here], full[here] = found[name].oof[record.model], reference
    own = frozen_cutoff(some.labels, scores[here])
    return judge_scores(record, name, LEARNED, scores, own, reference=full)


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
    after, sizes = scores[here], {"replicates": record.settings.replicates, "seed": record.settings.seed}
    cutoffs = {name: cutoff, RECORD: record.cutoff}
    agreement, _ = intraclass(np.stack([before, after], axis=1)[:, :, np.newaxis])
    return VariantReport(
        name=name,
        how=how,
        n=n,
        events=events,
        left_out=int(here.size - n),
        reference=evaluate(record.model, "oof", y, before, record.cutoff, **sizes),
        evaluation=evaluate(record.model, "oof", y, after, cutoff, **sizes),
        comparison=compare(y, {name: after, RECORD: before}, cutoffs, [(name, RECORD)], **sizes)[0],
        agreement=float(agreement[0]),
        flipped=int(((before >= record.cutoff) != (after >= cutoff)).sum()),
        reason="",
    )


def unjudged(
    record: RecordScores, name: str, how: str, n: int, events: int, reason: str = ""
) -> VariantReport:
    """Return a variant without figures, and why."""
    text = reason or f"{events} positive and {n - events} negative patients have it: too few to judge"
    left_out = len(record.cohort.patients) - n
    return VariantReport(name, how, n, events, left_out, None, None, None, None, None, text)


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
