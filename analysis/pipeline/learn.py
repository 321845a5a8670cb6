"""One cohort, from features and labels to a fitted ensemble and to what it is worth (SCIENCE 4, HONESTY D.3).

`learn` sees training patients only; `judge` opens the test set and is called after the look was logged.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.classifiers import fit_branch
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.fusion import fit_combiner, out_of_fold_fusion
from analysis.pipeline.kernels.cohort_report import CohortReport, report_cohort
from analysis.pipeline.kernels.controls import (
    LEARNING_SHARES,
    SHUFFLES,
    LearningPoint,
    ShuffleControl,
    shuffle_verdict,
)
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.ensemble import (
    FUSED_MODELS,
    MODELS,
    LearnedEnsemble,
    LearnParameters,
    TrainingRecord,
    base_scores,
    chosen_cases,
    parts_of,
    require_no_twin,
    score_all,
)
from analysis.pipeline.kernels.ensemble_files import load_ensemble, save_ensemble
from analysis.pipeline.kernels.fitted import CLINICAL, KINDS, VIDEO, ClassifierParameters, FittedBase
from analysis.pipeline.kernels.model_files import digest
from analysis.pipeline.kernels.patient_prediction import Explanation, PatientPrediction, explain, predict
from analysis.pipeline.kernels.ranks import share_of_rows
from analysis.pipeline.kernels.recalibration import out_of_fold_probability, recalibrate
from analysis.pipeline.kernels.software import installed_versions
from analysis.pipeline.kernels.task_pool import Cancelled, Check, Progress, run_tasks
from analysis.pipeline.metrics import auc, delong_interval
from analysis.pipeline.splits import (
    PatientGuard,
    assign_folds,
    require_no_leak,
    require_sound_cohort,
    subset,
)
from analysis.pipeline.types import LearningCohort

__all__ = [
    "FUSED_MODELS",
    "MODELS",
    "ClassifierParameters",
    "CohortReport",
    "Explanation",
    "LearnParameters",
    "Learned",
    "LearnedEnsemble",
    "LearningPoint",
    "PatientGuard",
    "PatientPrediction",
    "ShuffleControl",
    "digest",
    "explain",
    "judge",
    "learn",
    "learning_curve",
    "load_ensemble",
    "predict",
    "save_ensemble",
    "score_all",
    "shuffle_control",
]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Fewer patients of a class cannot be divided into training, tuning and judging.
MINIMUM_PER_CLASS = 5


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted ensemble with its reports on the training patients.

    oof: out of fold, the honest one; apparent: by resubstitution, comparable with the paper's T rows and with
    nothing else; selected: video feature to the number of outer folds that chose it.
    """

    ensemble: LearnedEnsemble
    oof: CohortReport
    apparent: CohortReport
    selected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Fold:
    """One training set fitted: its eight classifiers, their scores of the patients held out."""

    bases: Mapping[str, FittedBase]
    scores: Mapping[str, Vector]
    n: int


def learn(
    cohort: LearningCohort,
    parameters: LearnParameters | None = None,
    *,
    guard: PatientGuard | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Learned:
    """Fit the 4 + 4 classifiers and 16 fusions on training patients and judge them out of fold.

    guard: knows the test patients; progress: called with (done, total, stage); cancelled: asked between fits.
    The result depends on the seed and the patients, not on the order of the rows.

    Raises:
        InvalidInputError: too few patients of a class, nothing but missing or constant values, odd shapes.
        LeakageError: a test patient, one patient under two codes, columns chosen beforehand, or the label
            among the predictors; the message starts with the leak's name.
        CancelledError: `cancelled` said so.
    """
    settings = parameters or LearnParameters()
    ordered = _checked(cohort, guard)
    folds = _folds(ordered, settings)
    fits = _fit_folds(ordered, [*_splits(folds), None], settings, progress, cancelled)
    return _assemble(ordered, folds, fits, settings)


def judge(
    ensemble: LearnedEnsemble,
    cohort: LearningCohort,
    *,
    replicates: int | None = None,
    seed: int | None = None,
) -> CohortReport:
    """Judge all models on test patients at the frozen cut-offs. Log the look before calling this.

    Raises:
        InvalidInputError: other columns than those trained on, fewer than two patients of a class, odd
            shapes.
        LeakageError: a patient of the training set among them, under the same code or another.
    """
    require_sound_cohort(cohort)
    if tuple(cohort.feature_names) != ensemble.feature_names:
        raise InvalidInputError(
            f"feature_names: expected the {len(ensemble.feature_names)} columns trained on, in their order."
        )
    ensemble.guard.require_absent(cohort, "the test set")
    require_no_twin(ensemble, cohort)
    return _report(
        "test",
        cohort.patients,
        cohort.labels,
        score_all(ensemble, cohort.dynamic, cohort.clinical),
        ensemble,
        ensemble.parameters.replicates if replicates is None else replicates,
        ensemble.parameters.seed if seed is None else seed,
    )


def shuffle_control(
    cohort: LearningCohort,
    parameters: LearnParameters | None = None,
    *,
    repeats: int = SHUFFLES,
    cancelled: Cancelled | None = None,
) -> ShuffleControl:
    """Learn from shuffled labels, the whole pipeline again: the out-of-fold AUC must fall to one half.

    The area is the mean over all sixteen fused models and `repeats` shuffles, none of them chosen.

    Raises:
        InvalidInputError, CancelledError: as `learn`.
    """
    settings = parameters or LearnParameters()
    ordered = _checked(cohort, None)
    rng = np.random.default_rng(settings.seed)
    areas = []
    for _ in range(repeats):
        shuffled = replace(ordered, labels=rng.permutation(ordered.labels))
        folds = _folds(shuffled, settings)
        fits = _fit_folds(shuffled, _splits(folds), settings, cancelled=cancelled)
        oof = _out_of_fold(shuffled, folds, fits, settings)
        areas.append(float(np.mean([auc(shuffled.labels, oof[model]) for model in FUSED_MODELS])))
    events = int(ordered.labels.sum())
    return shuffle_verdict(tuple(areas), events, ordered.labels.size - events, settings.seed)


def learning_curve(
    cohort: LearningCohort,
    model: str,
    parameters: LearnParameters | None = None,
    *,
    shares: Sequence[float] = LEARNING_SHARES,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[LearningPoint, ...]:
    """Return the out-of-fold AUC of one fused model when only a share of each training fold is learned from.

    Raises:
        InvalidInputError: a share outside (0, 1], a model that is not fused, or too few patients.
        CancelledError: `cancelled` said so.
    """
    settings = parameters or LearnParameters()
    if model not in FUSED_MODELS or not all(0.0 < share <= 1.0 for share in shares):
        raise InvalidInputError(f"expected a fused model and shares in (0, 1], got {model!r} and {shares}.")
    ordered = _checked(cohort, None)
    folds = _folds(ordered, settings)
    tasks = [
        partial(_fit_fold, ordered, held_out, settings, share=share, only=parts_of(model))
        for share in shares
        for held_out in _splits(folds)
    ]
    fits = run_tasks(tasks, settings.jobs, stage="curve", progress=progress, cancelled=cancelled)
    points = []
    for i, share in enumerate(shares):
        some = fits[i * settings.outer_folds : (i + 1) * settings.outer_folds]
        scores = _out_of_fold(ordered, folds, some, settings, (model,))[model]
        n = round(float(np.mean([fit.n for fit in some])))
        points.append(LearningPoint(share, n, *delong_interval(ordered.labels, scores)))
    return tuple(points)


def _checked(cohort: LearningCohort, guard: PatientGuard | None) -> LearningCohort:
    """Return the cohort in order of patient codes, after every check that can be made before a fit."""
    require_sound_cohort(cohort)
    events, others = int((cohort.labels == 1).sum()), int((cohort.labels == 0).sum())
    if min(events, others) < MINIMUM_PER_CLASS:
        raise InvalidInputError(
            f"labels: expected at least {MINIMUM_PER_CLASS} patients of each class to learn from, got "
            f"{events} positive and {others} negative. Label more patients first."
        )
    require_no_leak(cohort)
    if guard is not None:
        guard.require_absent(cohort, "training")
    order = np.array(sorted(range(len(cohort.patients)), key=lambda row: cohort.patients[row]))
    return subset(cohort, order)


def _folds(cohort: LearningCohort, settings: LearnParameters) -> NDArray[np.int64]:
    return assign_folds(
        cohort.patients, cohort.labels, settings.outer_folds, groups=cohort.groups, seed=settings.seed
    )


def _splits(folds: NDArray[np.int64]) -> list[Mask | None]:
    """Return a mask of the patients held out, fold after fold."""
    return [folds == number for number in range(int(folds.max()) + 1)]


def _fit_folds(
    cohort: LearningCohort,
    splits: Sequence[Mask | None],
    settings: LearnParameters,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[_Fold]:
    """Fit every split; a split of None trains on everybody and scores everybody."""
    tasks = [partial(_fit_fold, cohort, held_out, settings) for held_out in splits]
    return run_tasks(tasks, settings.jobs, stage="fold", progress=progress, cancelled=cancelled)


def _fit_fold(
    cohort: LearningCohort,
    held_out: Mask | None,
    settings: LearnParameters,
    check: Check,
    *,
    share: float = 1.0,
    only: tuple[str, ...] = (),
) -> _Fold:
    """Fit on everybody outside a fold, or a share of them, and score the fold; `only` names base models."""
    train = np.ones(len(cohort.patients), dtype=bool) if held_out is None else ~held_out
    scored = train if held_out is None else held_out
    inside = subset(cohort, share_of_rows(cohort.labels, np.flatnonzero(train), share, settings.seed))
    inner = _inner_folds(inside, settings)
    bases: dict[str, FittedBase] = {}
    for branch, features in ((VIDEO, inside.dynamic), (CLINICAL, inside.clinical)):
        kinds = tuple(kind for kind in KINDS if not only or f"{branch}:{kind}" in only)
        fitted = fit_branch(
            branch,
            features,
            inside.labels,
            inner,
            settings.classifiers,
            kinds=kinds,
            seed=settings.seed,
            check=check,
        )
        bases |= {f"{branch}:{kind}": base for kind, base in fitted.items()}
    scores = base_scores(bases, cohort.dynamic[scored], cohort.clinical[scored])
    return _Fold(bases, scores, inside.labels.size)


def _inner_folds(inside: LearningCohort, settings: LearnParameters) -> NDArray[np.int64]:
    smallest = int(min(inside.labels.sum(), (1 - inside.labels).sum()))
    folds = min(settings.inner_folds, smallest)
    return assign_folds(inside.patients, inside.labels, folds, groups=inside.groups, seed=settings.seed)


def _out_of_fold(
    cohort: LearningCohort,
    folds: NDArray[np.int64],
    fits: Sequence[_Fold],
    settings: LearnParameters,
    fused: Sequence[str] = FUSED_MODELS,
) -> dict[str, Vector]:
    oof = {model: np.empty(folds.size) for model in fits[0].scores}
    for number in range(int(folds.max()) + 1):
        for model, scores in fits[number].scores.items():
            oof[model][folds == number] = scores
    for model in fused:
        video, clinical = parts_of(model)
        oof[model] = out_of_fold_fusion(settings.fusion, oof[video], oof[clinical], cohort.labels, folds)
    return oof


def _assemble(
    cohort: LearningCohort, folds: NDArray[np.int64], fits: list[_Fold], settings: LearnParameters
) -> Learned:
    """Freeze fusions, cut-offs and the choice on out-of-fold scores; the last fit is the one that is kept."""
    y, oof, final = cohort.labels, _out_of_fold(cohort, folds, fits, settings), fits[-1]
    parts = {model: parts_of(model) for model in FUSED_MODELS}
    combiners = {
        model: fit_combiner(settings.fusion, oof[video], oof[clinical], y)
        for model, (video, clinical) in parts.items()
    }
    areas = {model: auc(y, oof[model]) for model in FUSED_MODELS}
    chosen = max(FUSED_MODELS, key=lambda model: areas[model])
    apparent = dict(final.scores)
    for model, combiner in combiners.items():
        apparent[model] = combiner.combine(*(apparent[part] for part in parts[model]))
    ensemble = LearnedEnsemble(
        parameters=settings,
        feature_names=tuple(cohort.feature_names),
        bases=final.bases,
        combiners=combiners,
        cutoffs={model: frozen_cutoff(y, scores) for model, scores in oof.items()},
        chosen=chosen,
        recalibration=recalibrate(oof[chosen], y),
        training=TrainingRecord(
            patients=cohort.patients,
            labels=y,
            folds=folds,
            oof=oof,
            apparent=apparent,
            cases=chosen_cases(final.bases, chosen, cohort.dynamic, cohort.clinical),
        ),
        guard=PatientGuard.of(cohort),
        versions=installed_versions(),
    )
    sizes = settings.replicates, settings.seed
    honest = out_of_fold_probability(oof[chosen], y, folds)
    return Learned(
        ensemble,
        oof=_report("oof", cohort.patients, y, oof, ensemble, *sizes, probability=honest),
        apparent=_report("apparent", cohort.patients, y, apparent, ensemble, *sizes),
        selected=_selected(cohort, fits[:-1]),
    )


def _report(
    name: str,
    patients: tuple[str, ...],
    labels: NDArray[np.int64],
    scores: Mapping[str, Vector],
    ensemble: LearnedEnsemble,
    replicates: int,
    seed: int,
    probability: Vector | None = None,
) -> CohortReport:
    if probability is None:
        probability = ensemble.recalibration.probability(scores[ensemble.chosen])
    return report_cohort(
        name,
        patients,
        labels,
        scores,
        ensemble.cutoffs,
        chosen=ensemble.chosen,
        candidates=FUSED_MODELS,
        references=parts_of(ensemble.chosen),
        probability=probability,
        replicates=replicates,
        seed=seed,
    )


def _selected(cohort: LearningCohort, fits: list[_Fold]) -> dict[str, int]:
    """Count the outer folds that chose each video feature, the most frequent first."""
    counts = Counter(int(column) for fit in fits for column in fit.bases[f"{VIDEO}:RF"].columns)
    return {cohort.feature_names[column]: count for column, count in counts.most_common()}
