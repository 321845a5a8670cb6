"""What the controls of a learned model report: the shuffled labels and the learning curve."""

from dataclasses import dataclass

import numpy as np

# Out-of-fold AUC of shuffled labels: within this of one half at the paper's 115 and 242 patients (SCIENCE
# 4.6), within as many standard errors in smaller cohorts.
SHUFFLE_TOLERANCE = 0.07
SHUFFLE_ERRORS = 2.15
# One shuffle of a sound pipeline fails in about 3 % of cohorts; the mean of three hardly ever does.
SHUFFLES = 3
LEARNING_SHARES = (0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class ShuffleControl:
    """The negative control: mean out-of-fold AUC of all fused models after the labels were shuffled.

    passed: whether the mean over the shuffles lies within `tolerance` of one half.
    """

    aucs: tuple[float, ...]
    tolerance: float
    passed: bool
    seed: int


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """One point of a learning curve: out-of-fold AUC with DeLong's interval after learning from a share.

    n: mean number of patients learned from; share: of each training fold.
    """

    share: float
    n: int
    auc: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OutsideModel:
    """One video classifier learned from the tissue outside the lesion, and the lesion's beside it (DeLong).

    difference: outside minus lesion, on the same patients.
    """

    model: str
    auc: float
    low: float
    high: float
    lesion_auc: float
    difference: float
    interval: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class OutsideControl:
    """The negative control on everything outside the box (HONESTY D.3, G8).

    mean: area of the four classifiers, none of them chosen; passed: whether it lies within `tolerance` of one
    half; left_out: patients whose outside could not be described.
    """

    n: int
    events: int
    left_out: int
    models: tuple[OutsideModel, ...]
    mean: float
    tolerance: float
    passed: bool
    seed: int


def shuffle_verdict(areas: tuple[float, ...], events: int, others: int, seed: int) -> ShuffleControl:
    """Return the verdict on areas of shuffled labels in a cohort of `events` positives and `others`."""
    error = np.sqrt((events + others + 1) / (12.0 * events * others * len(areas)))
    tolerance = float(max(SHUFFLE_TOLERANCE, SHUFFLE_ERRORS * error))
    return ShuffleControl(areas, tolerance, abs(float(np.mean(areas)) - 0.5) <= tolerance, seed)
