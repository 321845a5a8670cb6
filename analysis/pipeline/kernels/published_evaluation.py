"""A model's row as the paper would print it, from scores: optimistic on purpose, each with its caveat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.kernels.confusion import Confusion, confusion_at
from analysis.pipeline.kernels.cutoffs import youden_cutoff
from analysis.pipeline.kernels.delong import auc, delong_interval
from analysis.pipeline.kernels.published_intervals import PUBLISHED_METRICS, as_published_interval
from analysis.pipeline.kernels.resampled_cutoffs import reoptimised
from analysis.pipeline.kernels.statistics_checks import require_labelled_scores

OPTIMISED_CAVEAT = (
    "The cut-off was chosen on the patients it is judged on, which flatters SEN, SPC, ACC and YI; the "
    "interval of ACC lacks its square root (many times too narrow) and that of YI adds limits (too wide)."
)
RESAMPLED_CAVEAT = (
    "The cut-off was chosen anew in every resample, on the patients it is judged on: the estimates are "
    "optimistic, and the intervals describe a procedure that nobody can use on a new patient."
)
PUBLISHED_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class PublishedEvaluation:
    """A row in the paper's manner: metric to (value, low, high) in fractions, and what is wrong with it."""

    figures: dict[str, tuple[float, float, float]]
    counts: Confusion
    cutoff: float
    caveat: str


def evaluate_as_published(y: ArrayLike, score: ArrayLike) -> PublishedEvaluation:
    """Return a row as Table 4 prints its test rows: the best cut-off of these very patients, its formulas.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, a constant score.
    """
    cutoff = youden_cutoff(y, score)
    counts = confusion_at(y, score, cutoff)
    values = _values(counts)
    figures = {"AUC": delong_interval(y, score)}
    for metric in PUBLISHED_METRICS:
        bounds = as_published_interval(metric, counts.tp, counts.positives, counts.tn, counts.negatives)
        figures[metric] = (values[metric], *bounds)
    # The printed Youden index is the sum of the rounded parts.
    figures["YI"] = (round(round(values["SEN"], 3) + round(values["SPC"], 3) - 1.0, 3), *figures["YI"][1:])
    return PublishedEvaluation(figures, counts, cutoff, OPTIMISED_CAVEAT)


def evaluate_by_resampling(
    y: ArrayLike, score: ArrayLike, *, replicates: int = PUBLISHED_RESAMPLES, seed: int = 0
) -> PublishedEvaluation:
    """Return a row as Tables 2 and 3 seem made: percentiles, the cut-off chosen anew in every resample.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, a constant score.
    """
    labels, scores = require_labelled_scores(y, score, at_least=2)
    cutoff = youden_cutoff(labels, scores)
    counts = confusion_at(labels, scores, cutoff)
    values = {"AUC": auc(labels, scores), **_values(counts)}
    found = reoptimised(labels, scores, replicates, seed)
    drawn = {
        "AUC": found.auc,
        "SEN": found.sensitivity,
        "SPC": found.specificity,
        "ACC": found.accuracy,
        "YI": found.youden,
    }
    figures = {metric: (values[metric], *_percentiles(sample)) for metric, sample in drawn.items()}
    return PublishedEvaluation(figures, counts, cutoff, RESAMPLED_CAVEAT)


def _values(counts: Confusion) -> dict[str, float]:
    sensitivity, specificity = counts.tp / counts.positives, counts.tn / counts.negatives
    return {
        "SEN": sensitivity,
        "SPC": specificity,
        "ACC": (counts.tp + counts.tn) / counts.n,
        "YI": sensitivity + specificity - 1.0,
    }


def _percentiles(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
