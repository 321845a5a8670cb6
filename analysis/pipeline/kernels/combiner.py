"""A fitted late fusion of a video and a clinical classifier (SCIENCE 4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from analysis.pipeline.kernels.calibration import log_odds
from analysis.pipeline.kernels.statistics_checks import require_probabilities

Vector = NDArray[np.float64]

METHODS = ("mean", "logit_mean", "stack", "weighted")


@dataclass(frozen=True, slots=True)
class Combiner:
    """One fitted fusion: on probabilities (mean, weighted) or on log-odds (logit_mean, stack).

    p = intercept + video · p_video + clinical · p_clinical, or the same of log-odds and back through the
    sigmoid.
    """

    method: str
    intercept: float
    video: float
    clinical: float

    def combine(self, p_video: ArrayLike, p_clinical: ArrayLike) -> Vector:
        """Return (n,) fused probabilities of (n,) probabilities.

        Raises:
            InvalidInputError: probabilities outside [0, 1], missing values, or lengths that differ.
        """
        first = require_probabilities(p_video, name="p_video")
        second = require_probabilities(p_clinical, first.size, name="p_clinical")
        if self.method in ("mean", "weighted"):
            return np.clip(self.intercept + self.video * first + self.clinical * second, 0.0, 1.0)
        return np.asarray(
            expit(self.intercept + self.video * log_odds(first) + self.clinical * log_odds(second))
        )


def fused_name(video: str, clinical: str) -> str:
    """Return the paper's name of a pair: the video classifier, a plus, the clinical classifier."""
    return f"{video}+{clinical}"


def pairs(kinds: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return all pairs (video, clinical) in the order of the paper's Table 4."""
    return tuple((video, clinical) for video in kinds for clinical in kinds)
