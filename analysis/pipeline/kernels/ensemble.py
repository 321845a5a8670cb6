"""A fitted ensemble: 4 + 4 classifiers, 16 fusions, frozen cut-offs and the one model that was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError, LeakageError
from analysis.pipeline.kernels.combiner import METHODS, Combiner, fused_name, pairs
from analysis.pipeline.kernels.fitted import (
    BRANCHES,
    CLINICAL,
    KINDS,
    VIDEO,
    ClassifierParameters,
    FittedBase,
)
from analysis.pipeline.kernels.patient_guard import ONE_PATIENT_TWO_CODES, PatientGuard
from analysis.pipeline.kernels.recalibration import Recalibration
from analysis.pipeline.kernels.statistics_checks import require_count
from analysis.pipeline.types import CLINICAL_VARIABLES, LearningCohort

Vector = NDArray[np.float64]

FUSED = "fused"
# Selected columns (z-values) that differ by less than this are one clip described twice.
SAME_CASE = 1e-3
MODELS = (
    *(f"{branch}:{kind}" for branch in BRANCHES for kind in KINDS),
    *(f"{FUSED}:{fused_name(*pair)}" for pair in pairs(KINDS)),
)
"""The 4 + 4 + 16 models, in the order of Tables 2, 3 and 4."""
FUSED_MODELS = MODELS[2 * len(KINDS) :]


@dataclass(frozen=True, slots=True)
class LearnParameters:
    """How a cohort is learned; the defaults are the quick ones, `full()` those of the results page.

    fusion: mean, logit_mean, stack or weighted; replicates: of every bootstrap; jobs: folds fitted at a time.
    """

    classifiers: ClassifierParameters = field(
        default_factory=lambda: ClassifierParameters(
            rf_leaves=(3, 10),
            rf_trees=100,
            rf_tuning_trees=20,
            xgb_depths=(2,),
            xgb_trees=(100, 200),
            lasso_folds=3,
        )
    )
    outer_folds: int = 5
    inner_folds: int = 3
    fusion: str = "mean"
    replicates: int = 2000
    seed: int = 0
    jobs: int = 1

    def __post_init__(self) -> None:
        """Refuse parameters that no fit could use."""
        if self.fusion not in METHODS:
            raise InvalidInputError(f"fusion: expected one of {', '.join(METHODS)}, got {self.fusion!r}.")
        for name, smallest in (("outer_folds", 2), ("inner_folds", 2), ("replicates", 0), ("jobs", 1)):
            require_count(getattr(self, name), name=name, minimum=smallest)

    @classmethod
    def full(cls, *, jobs: int = 1, seed: int = 0, device: str = "cpu") -> "LearnParameters":
        """Return the parameters of SCIENCE 4.2: outer 5 × inner 5 folds, the whole grids."""
        return cls(ClassifierParameters(device=device), inner_folds=5, jobs=jobs, seed=seed)


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What training left behind: patients in order of their codes, and what each model said of them.

    folds: (n,) outer fold; oof, apparent: model name to (n,) scores, out of fold and by resubstitution;
    cases: (n, k) standardised columns of the chosen model, in which the nearest training cases are looked up.
    """

    patients: tuple[str, ...]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    oof: Mapping[str, Vector]
    apparent: Mapping[str, Vector]
    cases: Vector


@dataclass(frozen=True, slots=True)
class LearnedEnsemble:
    """The eight fitted classifiers, sixteen fusions, frozen cut-offs, and the one model that was chosen.

    bases: "video:SVM" … to classifier; combiners: "fused:SVM+LR" … to fusion; cutoffs: model name to
    cut-off on its score; chosen: the fused model with the largest out-of-fold AUC; guard: hashes of the
    training patients.
    """

    parameters: LearnParameters
    feature_names: tuple[str, ...]
    bases: Mapping[str, FittedBase]
    combiners: Mapping[str, Combiner]
    cutoffs: Mapping[str, float]
    chosen: str
    recalibration: Recalibration
    training: TrainingRecord
    guard: PatientGuard
    versions: Mapping[str, str]


def parts_of(model: str) -> tuple[str, str]:
    """Return the names of the video and the clinical classifier behind a fused model."""
    video, clinical = model.removeprefix(f"{FUSED}:").split("+")
    return f"{VIDEO}:{video}", f"{CLINICAL}:{clinical}"


def base_scores(bases: Mapping[str, FittedBase], dynamic: Vector, clinical: Vector) -> dict[str, Vector]:
    """Return the eight classifiers' (n,) probabilities; dynamic: (n, p), clinical: (n, 6)."""
    inputs = {VIDEO: dynamic, CLINICAL: clinical}
    return {name: base.probability(inputs[base.branch]) for name, base in bases.items()}


def score_all(ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector) -> dict[str, Vector]:
    """Return every model's (n,) scores for (n, p) video features and (n, 6) clinical variables.

    Raises:
        InvalidInputError: another number of columns than the ensemble was trained on.
    """
    require_columns(ensemble, dynamic, clinical)
    scores = base_scores(ensemble.bases, dynamic, clinical)
    for model, combiner in ensemble.combiners.items():
        video, other = parts_of(model)
        scores[model] = combiner.combine(scores[video], scores[other])
    return scores


def chosen_cases(
    ensemble_bases: Mapping[str, FittedBase], model: str, dynamic: Vector, clinical: Vector
) -> Vector:
    """Return (n, k) standardised columns of a fused model, each branch scaled to the same weight."""
    video, other = (ensemble_bases[name] for name in parts_of(model))
    blocks = [video.prepared(dynamic), other.prepared(clinical)]
    return np.hstack([block / np.sqrt(block.shape[1]) for block in blocks])


def training_columns(ensemble: LearnedEnsemble, part: str) -> Vector:
    """Return (n, k) standardised columns of the training patients, of one of the chosen model's two parts.

    Raises:
        KeyError: a classifier that is no part of the chosen model.
    """
    start = 0
    for name in parts_of(ensemble.chosen):
        width = ensemble.bases[name].columns.size
        if name == part:
            return ensemble.training.cases[:, start : start + width] * np.sqrt(width)
        start += width
    raise KeyError(part)


def require_no_twin(ensemble: LearnedEnsemble, cohort: LearningCohort) -> None:
    """Refuse patients whose selected columns are those of a training patient, to float noise.

    Raises:
        LeakageError: one patient under two codes.
    """
    here = chosen_cases(ensemble.bases, ensemble.chosen, cohort.dynamic, cohort.clinical)
    there = ensemble.training.cases
    squared = (here**2).sum(axis=1)[:, np.newaxis] + (there**2).sum(axis=1) - 2.0 * here @ there.T
    twins = np.argwhere(squared < SAME_CASE**2)
    if twins.size:
        row, case = (int(i) for i in twins[0])
        raise LeakageError(
            f"{ONE_PATIENT_TWO_CODES}: {cohort.patients[row]} has the features of the training patient "
            f"{ensemble.training.patients[case]}. Merge the codes, then draw the split again."
        )


def require_columns(ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector) -> None:
    """Refuse arrays of another shape than the ensemble was trained on.

    Raises:
        InvalidInputError: other columns, or different numbers of patients.
    """
    expected = (len(ensemble.feature_names), len(CLINICAL_VARIABLES))
    got = (dynamic.shape[-1], clinical.shape[-1])
    if dynamic.ndim != 2 or clinical.ndim != 2 or got != expected or dynamic.shape[0] != clinical.shape[0]:
        raise InvalidInputError(
            f"expected (n, {expected[0]}) video features and (n, {expected[1]}) clinical variables of the "
            f"same patients, got {dynamic.shape} and {clinical.shape}."
        )
