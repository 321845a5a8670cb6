"""Fit on all folds but one, score the one left out: what learning, its controls and its variants share.

SCIENCE 4.2 to 4.4. Every fit sees the training patients of its fold only; both branches use the same folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.classifiers import fit_branch
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.fusion import Combiner, fit_combiner, out_of_fold_fusion
from analysis.pipeline.kernels.ensemble import FUSED_MODELS, LearnParameters, base_scores, parts_of
from analysis.pipeline.kernels.fitted import CLINICAL, KINDS, VIDEO, FittedBase
from analysis.pipeline.kernels.ranks import share_of_rows
from analysis.pipeline.kernels.task_pool import Cancelled, Check, Progress, run_tasks
from analysis.pipeline.splits import (
    MINIMUM_PER_CLASS,
    PatientGuard,
    assign_folds,
    require_no_leak,
    require_sound_cohort,
    subset,
)
from analysis.pipeline.types import LearningCohort

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Folds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FoldFit:
    """One training set fitted: its eight classifiers (or some of them), and their scores of those held out.

    scores: base model to (m,) scores of the m patients held out, of everybody where nobody was; n: patients
    fitted on.
    """

    bases: Mapping[str, FittedBase]
    scores: Mapping[str, Vector]
    n: int


@dataclass(frozen=True, slots=True)
class FrozenFusion:
    """One fused model fitted on all training patients: the only thing that may meet patients it never saw."""

    model: str
    bases: Mapping[str, FittedBase]
    combiner: Combiner

    def score(self, dynamic: Vector, clinical: Vector) -> Vector:
        """Return (n,) scores of (n, p) video features and (n, 6) clinical variables."""
        scores = base_scores(self.bases, dynamic, clinical)
        return self.combiner.combine(*(scores[part] for part in parts_of(self.model)))


def frozen_fusion(
    model: str,
    labels: NDArray[np.int64],
    oof: Mapping[str, Vector],
    final: FoldFit,
    settings: LearnParameters,
) -> FrozenFusion:
    """Return a fused model whose fusion was fitted on out-of-fold scores; final: the fit on everybody."""
    video, clinical = parts_of(model)
    combiner = fit_combiner(settings.fusion, oof[video], oof[clinical], labels)
    return FrozenFusion(model, {part: final.bases[part] for part in (video, clinical)}, combiner)


def checked(cohort: LearningCohort, guard: PatientGuard | None = None) -> LearningCohort:
    """Return the cohort in order of patient codes, after every check that can be made before a fit.

    Raises:
        InvalidInputError: arrays that do not fit together, or too few patients of a class.
        LeakageError: see `splits.require_no_leak` and `PatientGuard.require_absent`.
    """
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


def outer_folds(cohort: LearningCohort, settings: LearnParameters) -> Folds:
    """Return (n,) outer fold numbers of a checked cohort."""
    return assign_folds(
        cohort.patients, cohort.labels, settings.outer_folds, groups=cohort.groups, seed=settings.seed
    )


def held_out_masks(folds: Folds) -> list[Mask | None]:
    """Return a mask of the patients held out, fold after fold."""
    return [folds == number for number in range(int(folds.max()) + 1)]


def fit_folds(
    cohort: LearningCohort,
    masks: Sequence[Mask | None],
    settings: LearnParameters,
    *,
    only: tuple[str, ...] = (),
    stage: str = "fold",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[FoldFit]:
    """Fit every fold; a mask of None trains on everybody and scores everybody. only: names of base models."""
    tasks = [partial(fit_fold, cohort, mask, settings, only=only) for mask in masks]
    return run_tasks(tasks, settings.jobs, stage=stage, progress=progress, cancelled=cancelled)


def fit_fold(
    cohort: LearningCohort,
    held_out: Mask | None,
    settings: LearnParameters,
    check: Check,
    *,
    share: float = 1.0,
    only: tuple[str, ...] = (),
) -> FoldFit:
    """Fit on everybody outside a fold, or a share of them, and score the fold; `only` names base models."""
    train = np.ones(len(cohort.patients), dtype=bool) if held_out is None else ~held_out
    scored = train if held_out is None else held_out
    inside = subset(cohort, share_of_rows(cohort.labels, np.flatnonzero(train), share, settings.seed))
    inner = _inner_folds(inside, settings)
    bases: dict[str, FittedBase] = {}
    for branch, features in ((VIDEO, inside.dynamic), (CLINICAL, inside.clinical)):
        kinds = tuple(kind for kind in KINDS if not only or f"{branch}:{kind}" in only)
        if not kinds:
            continue
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
    return FoldFit(bases, scores, inside.labels.size)


def out_of_fold(
    labels: NDArray[np.int64],
    folds: Folds,
    fits: Sequence[FoldFit],
    settings: LearnParameters,
    fused: Sequence[str] = FUSED_MODELS,
) -> dict[str, Vector]:
    """Return every model's (n,) out-of-fold scores; `fused` names the fusions wanted."""
    found = {model: np.empty(folds.size) for model in fits[0].scores}
    for number in range(int(folds.max()) + 1):
        for model, scores in fits[number].scores.items():
            found[model][folds == number] = scores
    for model in fused:
        video, clinical = parts_of(model)
        found[model] = out_of_fold_fusion(settings.fusion, found[video], found[clinical], labels, folds)
    return found


def _inner_folds(inside: LearningCohort, settings: LearnParameters) -> Folds:
    smallest = int(min(inside.labels.sum(), (1 - inside.labels).sum()))
    folds = min(settings.inner_folds, smallest)
    return assign_folds(inside.patients, inside.labels, folds, groups=inside.groups, seed=settings.seed)
