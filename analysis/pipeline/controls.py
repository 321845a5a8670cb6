"""What a learned model has to pass before its figures mean anything: shuffled labels, and the learning curve.

HONESTY D.3 (G9) and D.6; every control runs the whole pipeline again, out of fold, on training patients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import checked, fit_fold, fit_folds, held_out_masks, out_of_fold, outer_folds
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.controls import (
    LEARNING_SHARES,
    SHUFFLES,
    LearningPoint,
    OutsideControl,
    OutsideModel,
    ShuffleControl,
    shuffle_verdict,
)
from analysis.pipeline.kernels.ensemble import FUSED_MODELS, LearnParameters, parts_of
from analysis.pipeline.kernels.fitted import KINDS, VIDEO
from analysis.pipeline.kernels.task_pool import Cancelled, Progress, run_tasks
from analysis.pipeline.metrics import auc, delong_interval, delong_paired
from analysis.pipeline.splits import subset
from analysis.pipeline.types import LearningCohort

__all__ = [
    "LearningPoint",
    "OutsideControl",
    "ShuffleControl",
    "learning_curve",
    "outside_control",
    "shuffle_control",
]

VIDEO_MODELS = tuple(f"{VIDEO}:{kind}" for kind in KINDS)


def shuffle_control(
    cohort: LearningCohort,
    parameters: LearnParameters | None = None,
    *,
    repeats: int = SHUFFLES,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ShuffleControl:
    """Learn from shuffled labels, the whole pipeline again: the out-of-fold AUC must fall to one half.

    The area is the mean over all sixteen fused models and `repeats` shuffles, none of them chosen.

    Raises:
        InvalidInputError, CancelledError: as `learn`.
    """
    settings = parameters or LearnParameters()
    ordered = checked(cohort)
    rng = np.random.default_rng(settings.seed)
    areas = []
    for turn in range(repeats):
        shuffled = replace(ordered, labels=rng.permutation(ordered.labels))
        folds = outer_folds(shuffled, settings)
        told = _part_of(progress, turn, repeats)
        fits = fit_folds(shuffled, held_out_masks(folds), settings, progress=told, cancelled=cancelled)
        oof = out_of_fold(shuffled.labels, folds, fits, settings)
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
    ordered = checked(cohort)
    folds = outer_folds(ordered, settings)
    tasks = [
        partial(fit_fold, ordered, held_out, settings, share=share, only=parts_of(model))
        for share in shares
        for held_out in held_out_masks(folds)
    ]
    fits = run_tasks(tasks, settings.jobs, stage="curve", progress=progress, cancelled=cancelled)
    points = []
    for i, share in enumerate(shares):
        some = fits[i * settings.outer_folds : (i + 1) * settings.outer_folds]
        scores = out_of_fold(ordered.labels, folds, some, settings, (model,))[model]
        n = round(float(np.mean([fit.n for fit in some])))
        points.append(LearningPoint(share, n, *delong_interval(ordered.labels, scores)))
    return tuple(points)


def outside_control(
    cohort: LearningCohort,
    outside: NDArray[np.float64],
    lesion: Mapping[str, NDArray[np.float64]],
    parameters: LearnParameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> OutsideControl:
    """Learn the video branch from the tissue outside the lesion: it should not tell the classes apart.

    outside: (n, p) in the cohort's order, a row of NaN where a clip has none; lesion: video model to the (n,)
    out-of-fold scores of the record, in the same order. What predicts here is no property of the lesion:
    burned-in marks, the machine, or tissue that truly differs, such as the shadow behind the lesion.

    Raises:
        InvalidInputError, CancelledError: as `learn`.
    """
    settings = parameters or LearnParameters()
    here = np.flatnonzero(np.isfinite(outside).all(axis=1))
    some = checked(replace(subset(cohort, here), dynamic=outside[here]))
    order = np.array([cohort.patients.index(code) for code in some.patients])
    folds = outer_folds(some, settings)
    fits = fit_folds(
        some, held_out_masks(folds), settings, only=VIDEO_MODELS, progress=progress, cancelled=cancelled
    )
    found = out_of_fold(some.labels, folds, fits, settings, ())
    models = []
    for model in VIDEO_MODELS:
        inside = lesion[model][order]
        test = delong_paired(some.labels, found[model], inside)
        area = delong_interval(some.labels, found[model])
        models.append(
            OutsideModel(model, *area, auc(some.labels, inside), test.difference, test.interval, test.p)
        )
    mean, events = float(np.mean([one.auc for one in models])), int(some.labels.sum())
    verdict = shuffle_verdict((mean,), events, some.labels.size - events, settings.seed)
    left_out = len(cohort.patients) - here.size
    sizes = int(some.labels.size), events, left_out
    return OutsideControl(*sizes, tuple(models), mean, verdict.tolerance, verdict.passed, settings.seed)


def _part_of(progress: Progress | None, turn: int, turns: int) -> Progress | None:
    """Return a progress that counts one of several equal turns."""
    if progress is None:
        return None

    def told(done: int, total: int, stage: str) -> None:
        progress(turn * total + done, turns * total, stage)

    return told
