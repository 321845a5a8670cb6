"""Three-way HER2, positive, low or zero: two ordered questions through the machinery of the two-way model.

"Low or positive, rather than zero?" and "positive, rather than low or zero?" (Frank & Hall, ECML 2001): the
same classifiers, selection, tuning and fusion as the model of record, out of fold on training patients. The
two recalibrated answers give three probabilities; the calls come from the two cut-offs. Fitted on all
training patients, with cut-offs and recalibration frozen out of fold, both meet the test patients in a look.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import (
    FrozenFusion,
    checked,
    fit_folds,
    frozen_fusion,
    held_out_masks,
    out_of_fold,
)
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import BootstrapInterval, bootstrap_auc
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.ensemble import LearnParameters, parts_of
from analysis.pipeline.kernels.evaluation import SMALL_SUBGROUP, Evaluation, evaluate
from analysis.pipeline.kernels.proportions import wilson
from analysis.pipeline.kernels.recalibration import Recalibration, out_of_fold_probability, recalibrate
from analysis.pipeline.kernels.task_pool import Cancelled, Progress
from analysis.pipeline.kernels.weighted_kappa import WeightedKappa, weighted_kappa
from analysis.pipeline.metrics import delong_interval
from analysis.pipeline.splits import MINIMUM_PER_CLASS, assign_classes
from analysis.pipeline.types import LearningCohort

Vector = NDArray[np.float64]
Classes = NDArray[np.int64]

ZERO, LOW, POSITIVE = 0, 1, 2
CLASS_NAMES = ("zero", "low", "positive")
QUESTIONS = (("low or positive", LOW), ("positive", POSITIVE))
"""Each question and the lowest class that answers it with yes."""
LEAST_TO_JUDGE = 2
"""Patients of each class that a side needs, so that every area has an interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its counts and Wilson's interval."""

    numerator: int
    denominator: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassReport:
    """One class against the other two, by its probability. small: fewer than 20 patients.

    recalled: of its patients, called so; precise: of those called so, its patients, None where nobody was.
    """

    name: str
    n: int
    small: bool
    auc: float
    auc_low: float
    auc_high: float
    bootstrap: BootstrapInterval
    recalled: Share
    precise: Share | None


@dataclass(frozen=True, slots=True)
class PairReport:
    """How well the expected class tells two of the three classes apart (DeLong)."""

    lower: str
    upper: str
    n: int
    auc: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ThreeWayReport:
    """Three-way HER2 on one side of the split.

    questions: both two-way questions, judged like every model; confusion: (3, 3) patients by class, then
    call; accuracy with majority, the share of the commonest class; kappa: linearly weighted; probabilities:
    (n, 3); patients, classes, calls: (n,), in the order of codes.
    """

    model: str
    n: int
    patients: tuple[str, ...]
    classes: Classes
    calls: Classes
    probabilities: Vector
    questions: tuple[Evaluation, ...]
    per_class: tuple[ClassReport, ...]
    pairs: tuple[PairReport, ...]
    confusion: Classes
    accuracy: Share
    majority: float
    kappa: WeightedKappa


@dataclass(frozen=True, slots=True)
class FrozenQuestion:
    """One question fitted on all training patients; cut-off and recalibration were chosen out of fold."""

    fusion: FrozenFusion
    cutoff: float
    recalibration: Recalibration


@dataclass(frozen=True, slots=True)
class LearnedThreeWay:
    """Both questions ready for a look, and their report out of fold."""

    model: str
    questions: tuple[FrozenQuestion, ...]
    report: ThreeWayReport
    settings: LearnParameters


@dataclass(frozen=True, slots=True)
class _Answer:
    """One question of one side: (n,) scores, cut-off, (n,) recalibrated probabilities."""

    score: Vector
    cutoff: float
    rate: Vector


def three_way(
    cohort: LearningCohort,
    classes: Sequence[int],
    model: str,
    parameters: LearnParameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ThreeWayReport:
    """Learn both questions with the classifiers of a fused model and judge them out of fold.

    classes: (n,) 0 zero, 1 low, 2 positive, in the cohort's order; the cohort's own labels are not used.

    Raises:
        InvalidInputError: classes other than 0, 1 and 2, or one with too few patients to be divided.
        LeakageError, CancelledError: as `learn`.
    """
    return learn_three_way(cohort, classes, model, parameters, progress=progress, cancelled=cancelled).report


def learn_three_way(
    cohort: LearningCohort,
    classes: Sequence[int],
    model: str,
    parameters: LearnParameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> LearnedThreeWay:
    """Do as `three_way`, and keep both questions fitted on all training patients.

    Raises:
        InvalidInputError, LeakageError, CancelledError: as `three_way`.
    """
    settings = parameters or LearnParameters()
    ordered, known = _ordered(cohort, classes, settings)
    folds = assign_classes(
        ordered.patients, known, settings.outer_folds, groups=ordered.groups, seed=settings.seed
    )
    held_out = held_out_masks(folds)
    answers, questions = [], []
    for turn, (_, lowest) in enumerate(QUESTIONS):
        asked = replace(ordered, labels=(known >= lowest).astype(np.int64))
        told = _second_half(progress, turn)
        fits = fit_folds(
            asked, [*held_out, None], settings, only=parts_of(model), progress=told, cancelled=cancelled
        )
        y, oof = asked.labels, out_of_fold(asked.labels, folds, fits[:-1], settings, (model,))
        score, fusion = oof[model], frozen_fusion(model, asked.labels, oof, fits[-1], settings)
        questions.append(FrozenQuestion(fusion, frozen_cutoff(y, score), recalibrate(score, y)))
        answers.append(_Answer(score, questions[-1].cutoff, out_of_fold_probability(score, y, folds)))
    report = _report(model, "oof", ordered.patients, known, answers, settings)
    return LearnedThreeWay(model, tuple(questions), report, settings)


def judge_three_way(
    learned: LearnedThreeWay, cohort: LearningCohort, classes: Sequence[int], *, side: str = "test"
) -> ThreeWayReport:
    """Judge both frozen questions on patients they never saw; log the look before calling this.

    classes: (n,) 0 zero, 1 low, 2 positive, in the cohort's order.

    Raises:
        InvalidInputError: classes other than 0, 1 and 2, or fewer than two patients of one.
    """
    known = _known(cohort, classes, LEAST_TO_JUDGE)
    answers = []
    for question in learned.questions:
        score = question.fusion.score(cohort.dynamic, cohort.clinical)
        answers.append(_Answer(score, question.cutoff, question.recalibration.probability(score)))
    return _report(learned.model, side, tuple(cohort.patients), known, answers, learned.settings)


def _ordered(
    cohort: LearningCohort, classes: Sequence[int], settings: LearnParameters
) -> tuple[LearningCohort, Classes]:
    """Return the checked cohort in order of codes, and its classes."""
    known = _known(cohort, classes, max(MINIMUM_PER_CLASS, settings.outer_folds))
    by_code = dict(zip(cohort.patients, known.tolist(), strict=True))
    ordered = checked(replace(cohort, labels=(known == POSITIVE).astype(np.int64)))
    return ordered, np.array([by_code[code] for code in ordered.patients], dtype=np.int64)


def _known(cohort: LearningCohort, classes: Sequence[int], least: int) -> Classes:
    """Return the checked (n,) classes, at least so many patients of each."""
    known = np.asarray(classes, dtype=np.int64)
    if known.shape != (len(cohort.patients),) or not np.isin(known, (ZERO, LOW, POSITIVE)).all():
        raise InvalidInputError(
            f"classes: expected 0, 1 or 2 for each of {len(cohort.patients)} patients, got {known.shape}."
        )
    counts = [int((known == level).sum()) for level in (ZERO, LOW, POSITIVE)]
    if min(counts) < least:
        found = ", ".join(f"{n} {name}" for n, name in zip(counts, CLASS_NAMES, strict=True))
        raise InvalidInputError(
            f"classes: expected at least {least} patients of each class, got {found}. A class this small "
            "cannot be learned and judged; label more patients, or keep to the two-way question."
        )
    return known


def _report(
    model: str,
    side: str,
    patients: tuple[str, ...],
    known: Classes,
    answers: Sequence[_Answer],
    settings: LearnParameters,
) -> ThreeWayReport:
    sizes: dict[str, int] = {"replicates": settings.replicates, "seed": settings.seed}
    questions = []
    for (name, lowest), answer in zip(QUESTIONS, answers, strict=True):
        y = (known >= lowest).astype(np.int64)
        questions.append(
            evaluate(
                name,
                side,
                y,
                answer.score,
                answer.cutoff,
                probability=answer.rate,
                replicates=settings.replicates,
                seed=settings.seed,
            )
        )
    probabilities = class_probabilities(*(answer.rate for answer in answers))
    at_least_low, positive = (answer.score >= answer.cutoff for answer in answers)
    calls = np.where(positive, POSITIVE, np.where(at_least_low, LOW, ZERO))
    confusion = np.array([[int(((known == a) & (calls == b)).sum()) for b in range(3)] for a in range(3)])
    counts = confusion.sum(axis=1)
    return ThreeWayReport(
        model=model,
        n=int(known.size),
        patients=patients,
        classes=known,
        calls=calls,
        probabilities=probabilities,
        questions=tuple(questions),
        per_class=tuple(_class(level, known, probabilities, confusion, sizes) for level in range(3)),
        pairs=tuple(
            _pair(a, b, known, probabilities) for a, b in ((ZERO, LOW), (LOW, POSITIVE), (ZERO, POSITIVE))
        ),
        confusion=confusion,
        accuracy=_share(int(np.trace(confusion)), int(known.size)),
        majority=float(counts.max() / known.size),
        kappa=weighted_kappa(known, calls, 3, **sizes),
    )


def class_probabilities(at_least_low: Vector, positive: Vector) -> Vector:
    """Return (n, 3) probabilities of zero, low and positive; where the answers cross, low gets nothing."""
    upper = np.minimum(positive, at_least_low)
    return np.column_stack([1.0 - at_least_low, at_least_low - upper, upper])


def _class(
    level: int, known: Classes, probabilities: Vector, confusion: Classes, sizes: dict[str, int]
) -> ClassReport:
    y, p = (known == level).astype(np.int64), probabilities[:, level]
    area, low, high = delong_interval(y, p)
    hit, called = int(confusion[level, level]), int(confusion[:, level].sum())
    return ClassReport(
        name=CLASS_NAMES[level],
        n=int(y.sum()),
        small=bool(y.sum() < SMALL_SUBGROUP),
        auc=area,
        auc_low=low,
        auc_high=high,
        bootstrap=bootstrap_auc(y, p, **sizes),
        recalled=_share(hit, int(y.sum())),
        precise=_share(hit, called) if called else None,
    )


def _pair(lower: int, upper: int, known: Classes, probabilities: Vector) -> PairReport:
    some = np.isin(known, (lower, upper))
    expected = probabilities @ np.arange(3.0)
    area, low, high = delong_interval((known[some] == upper).astype(np.int64), expected[some])
    return PairReport(CLASS_NAMES[lower], CLASS_NAMES[upper], int(some.sum()), area, low, high)


def _share(numerator: int, denominator: int) -> Share:
    return Share(numerator, denominator, numerator / denominator, *wilson(numerator, denominator))


def _second_half(progress: Progress | None, turn: int) -> Progress | None:
    """Return a progress that counts one of the two questions."""
    if progress is None:
        return None
    return lambda done, total, stage: progress(turn * total + done, len(QUESTIONS) * total, stage)
