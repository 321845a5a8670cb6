"""Every model against every other on the same patients: what the paper's Figure 6 shows, by valid tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS, delong_covariance
from analysis.pipeline.kernels.evaluation import discordant_calls
from analysis.pipeline.kernels.multiplicity import holm
from analysis.pipeline.kernels.proportions import mcnemar_exact, youden_exact
from analysis.pipeline.kernels.statistics_checks import require_labels, require_scores, require_two_classes

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AllPairs:
    """Differences and p-values of all pairs of m models; (m, m), row minus column, NaN on the diagonal.

    auc_difference; auc: paired DeLong; accuracy: exact McNemar at the frozen cut-offs; youden: exact paired
    permutation at the frozen cut-offs; auc_holm: DeLong's p adjusted over all pairs.
    """

    models: tuple[str, ...]
    auc_difference: Matrix
    auc: Matrix
    auc_holm: Matrix
    accuracy: Matrix
    youden: Matrix


def compare_all(y: ArrayLike, scores: Mapping[str, ArrayLike], cutoffs: Mapping[str, float]) -> AllPairs:
    """Compare all pairs of models by paired DeLong, McNemar's exact test and a paired permutation test.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing scores, or lengths that differ.
    """
    labels = require_labels(y)
    n1, n0 = require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    models = tuple(scores)
    stacked = np.vstack([require_scores(scores[m], labels.size, name=m) for m in models])
    difference, p = _delong(labels, stacked)
    accuracy, youden = _empty(len(models)), _empty(len(models))
    for a, b in combinations(range(len(models)), 2):
        split = discordant_calls(labels, stacked[a], cutoffs[models[a]], stacked[b], cutoffs[models[b]])
        accuracy[a, b] = accuracy[b, a] = mcnemar_exact(*split["ACC"])
        youden[a, b] = youden[b, a] = youden_exact(*split["SEN"], n1, *split["SPC"], n0)
    return AllPairs(models, difference, p, _holm(p), accuracy, youden)


def _delong(labels: NDArray[np.int64], stacked: Matrix) -> tuple[Matrix, Matrix]:
    """Differences of areas and the p of each, from one covariance matrix."""
    areas, covariance = delong_covariance(labels, stacked)
    difference = areas[:, np.newaxis] - areas
    own = np.diag(covariance)
    variance = np.maximum(0.0, own[:, np.newaxis] + own - 2.0 * covariance)
    deviation = np.sqrt(variance)
    known = deviation > np.finfo(np.float64).eps
    z = np.divide(difference, deviation, out=np.zeros_like(difference), where=known)
    p = np.where(known, 2.0 * norm.sf(np.abs(z)), np.where(difference == 0.0, 1.0, 0.0))
    for matrix in (difference, p):
        np.fill_diagonal(matrix, np.nan)
    return difference, p


def _holm(p: Matrix) -> Matrix:
    above = np.triu_indices(len(p), 1)
    found = _empty(len(p))
    if above[0].size:
        found[above] = holm(p[above])
        found.T[above] = found[above]
    return found


def _empty(m: int) -> Matrix:
    return np.full((m, m), np.nan)
