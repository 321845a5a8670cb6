"""Three-way HER2, positive, low or zero: two ordered questions through the machinery of the two-way model.

"Low or positive, rather than zero?" and "positive, rather than low or zero?" (Frank & Hall, ECML 2001): the
same classifiers, selection, tuning and fusion as the model of record, out of fold on training patients. The
two recalibrated answers give three probabilities; the calls come from the two cut-offs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import checked, fit_folds, held_out_masks, out_of_fold
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import BootstrapInterval, bootstrap_auc
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.ensemble import LearnParameters, parts_of
from analysis.pipeline.kernels.evaluation import SMALL_SUBGROUP, Evaluation, evaluate
from analysis.pipeline.kernels.proportions import wilson
from analysis.pipeline.kernels.recalibration import out_of_fold_probability
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
    """Three-way HER2, out of fold.

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
    settings = parameters or LearnParameters()
    ordered, known = _ordered(cohort, classes, settings)
    folds = assign_classes(
        ordered.patients, known, settings.outer_folds, groups=ordered.groups, seed=settings.seed
    )
    answers = []
    for turn, (_, lowest) in enumerate(QUESTIONS):
        asked = replace(ordered, labels=(known >= lowest).astype(np.int64))
        told = _second_half(progress, turn)
        fits = fit_folds(
            asked, held_out_masks(folds), settings, only=parts_of(model), progress=told, cancelled=cancelled
        )
        answers.append(out_of_fold(asked.labels, folds, fits, settings, (model,))[model])
    return _report(model, ordered.patients, known, folds, answers, settings)


def _ordered(
    cohort: LearningCohort, classes: Sequence[int], settings: LearnParameters
) -> tuple[LearningCohort, Classes]:
    """Return the checked cohort in order of codes, and its classes."""
    known = np.asarray(classes)
    if known.shape != (len(cohort.patients),) or not np.isin(known, (ZERO, LOW, POSITIVE)).all():
        raise InvalidInputError(
            f"classes: expected 0, 1 or 2 for each of {len(cohort.patients)} patients, got {known.shape}."
        )
    counts = [int((known == level).sum()) for level in (ZERO, LOW, POSITIVE)]
    least = max(MINIMUM_PER_CLASS, settings.outer_folds)
    if min(counts) < least:
        found = ", ".join(f"{n} {name}" for n, name in zip(counts, CLASS_NAMES, strict=True))
        raise InvalidInputError(
            f"classes: expected at least {least} patients of each class, got {found}. A class this small "
            "cannot be learned and judged; label more patients, or keep to the two-way question."
        )
    by_code = dict(zip(cohort.patients, known.tolist(), strict=True))
    ordered = checked(replace(cohort, labels=(known == POSITIVE).astype(np.int64)))
    return ordered, np.array([by_code[code] for code in ordered.patients], dtype=np.int64)


def _report(
    model: str,
    patients: tuple[str, ...],
    known: Classes,
    folds: NDArray[np.int64],
    answers: Sequence[Vector],
    settings: LearnParameters,
) -> ThreeWayReport:
    sizes = {"replicates": settings.replicates, "seed": settings.seed}
    questions, cutoffs, rates = [], [], []
    for (name, lowest), score in zip(QUESTIONS, answers, strict=True):
        y = (known >= lowest).astype(np.int64)
        cutoffs.append(frozen_cutoff(y, score))
        rates.append(out_of_fold_probability(score, y, folds))
        questions.append(evaluate(name, "oof", y, score, cutoffs[-1], probability=rates[-1], **sizes))
    probabilities = class_probabilities(*rates)
    calls = np.where(answers[1] >= cutoffs[1], POSITIVE, np.where(answers[0] >= cutoffs[0], LOW, ZERO))
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


def _class(level: int, known: Classes, probabilities: Vector, confusion: Classes, sizes: dict) -> ClassReport:
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
