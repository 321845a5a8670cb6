"""Cut-offs chosen anew in every resample: what the paper's software did, and how much that flatters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import REPLICATES, bootstrap_indices
from analysis.pipeline.kernels.confusion import confusion_at
from analysis.pipeline.kernels.cutoffs import YOUDEN_TIE, frozen_cutoff, midpoint
from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS
from analysis.pipeline.kernels.statistics_checks import require_count, require_labelled_scores

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """Figures of every resample at its own best cut-off, and of that cut-off on patients left out of it.

    Arrays (b,), fractions: auc, sensitivity, specificity, accuracy inside the resample; youden_outside: the
    Youden index of the resample's cut-off on the patients left out of it, NaN where a class has none.
    """

    auc: Floats
    sensitivity: Floats
    specificity: Floats
    accuracy: Floats
    youden_outside: Floats

    @property
    def youden(self) -> Floats:
        """Youden index inside each resample (b,)."""
        return self.sensitivity + self.specificity - 1.0


@dataclass(frozen=True, slots=True)
class YoudenOptimism:
    """The best cut-off of the judged patients themselves, and by how much its Youden index flatters.

    cutoff: score at or above which a patient is called positive; sensitivity, specificity, youden: fractions
    at it, on the patients it was chosen on; corrected: mean index, on patients left out of a resample, of the
    cut-off that was best inside it; optimism: youden − corrected.
    """

    cutoff: float
    sensitivity: float
    specificity: float
    youden: float
    optimism: float
    corrected: float
    replicates: int
    seed: int
    method: str = "out-of-bag Youden index of the in-bag best cut-off"


def youden_optimism(
    y: ArrayLike, score: ArrayLike, *, replicates: int = REPLICATES, seed: int = 0
) -> YoudenOptimism:
    """Return the best cut-off of these very patients with the optimism of having chosen it on them.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score, at_least=MINIMUM_PER_CLASS)
    count = require_count(replicates, name="replicates", minimum=2)
    cutoff = frozen_cutoff(labels, scores)
    counts = confusion_at(labels, scores, cutoff)
    sensitivity, specificity = counts.tp / counts.positives, counts.tn / counts.negatives
    outside = reoptimised(labels, scores, count, seed).youden_outside
    if np.isnan(outside).all():
        raise InvalidInputError("y: expected enough patients for a resample to leave out both classes.")
    corrected = float(np.nanmean(outside))
    youden = sensitivity + specificity - 1.0
    return YoudenOptimism(
        cutoff, sensitivity, specificity, youden, youden - corrected, corrected, count, seed
    )


def reoptimised(labels: NDArray[np.int64], scores: Floats, replicates: int, seed: int) -> Reoptimised:
    """Draw stratified resamples and choose Youden's cut-off inside each; labels and scores (n,), checked.

    Ties of the index go to the higher sensitivity, as in `youden_cutoff`; a resample whose scores are all
    equal calls everybody positive.
    """
    distinct, code = np.unique(scores, return_inverse=True)
    blocks = [_block(labels, distinct, code, rows) for rows in bootstrap_indices(labels, replicates, seed)]
    return Reoptimised(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _block(
    labels: NDArray[np.int64], distinct: Floats, code: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[Floats, ...]:
    """Figures (b,) of one block of resamples (b, n)."""
    positives = _histogram(code[rows], labels[rows] == 1, distinct.size)
    negatives = _histogram(code[rows], labels[rows] == 0, distinct.size)
    n1, n0 = positives.sum(axis=1, keepdims=True), negatives.sum(axis=1, keepdims=True)
    missed, cleared = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
    area = (positives * (cleared - negatives / 2.0)).sum(axis=1) / (n1 * n0)[:, 0]
    cut = _best_cut(positives + negatives, missed / n1, cleared / n0)
    place = np.arange(len(rows)), cut
    has_cut = cut >= 0
    k1 = np.where(has_cut, (n1 - missed)[place], n1[:, 0])
    k0 = np.where(has_cut, cleared[place], 0.0)
    accuracy = (k1 + k0) / rows.shape[1]
    outside = _outside(labels, distinct, code, cut, positives + negatives, rows)
    return area, k1 / n1[:, 0], k0 / n0[:, 0], accuracy, outside


def _histogram(code: NDArray[np.int64], counted: NDArray[np.bool_], g: int) -> Floats:
    """(b, g) how many counted patients of each resample have each distinct score."""
    b = code.shape[0]
    flat = (code + np.arange(b)[:, np.newaxis] * g).ravel()
    counts = np.bincount(flat, weights=counted.ravel().astype(np.float64), minlength=b * g)
    return np.asarray(counts, dtype=np.float64).reshape(b, g)


def _best_cut(present: Floats, missed: Floats, cleared: Floats) -> NDArray[np.int64]:
    """(b,) index i: scores up to the i-th distinct one are called negative; −1 where nothing can be cut.

    A cut lies between two scores that both occur in the resample.
    """
    last = present.shape[1] - 1 - np.argmax(present[:, ::-1] > 0, axis=1)
    usable = (present > 0) & (np.arange(present.shape[1]) < last[:, np.newaxis])
    youden = np.where(usable, cleared - missed, -np.inf)
    top = youden.max(axis=1, keepdims=True)
    first = np.argmax(youden >= top - YOUDEN_TIE, axis=1)
    return np.where(usable.any(axis=1), first, -1)


def _outside(
    labels: NDArray[np.int64],
    distinct: Floats,
    code: NDArray[np.int64],
    cut: NDArray[np.int64],
    present: Floats,
    rows: NDArray[np.int64],
) -> Floats:
    """(b,) Youden index of each cut-off on the patients left out; NaN where a class has none left."""
    above = np.argmax((present > 0) & (np.arange(distinct.size) > cut[:, np.newaxis]), axis=1)
    cutoff = [midpoint(a, b) for a, b in zip(distinct[cut], distinct[above], strict=True)]
    negative = np.arange(len(rows)), np.searchsorted(distinct, cutoff, side="left") - 1
    left_out = np.ones((len(rows), labels.size), dtype=bool)
    left_out[np.arange(len(rows))[:, np.newaxis], rows] = False
    rates = []
    for label in (1, 0):
        counts = _histogram(np.tile(code, (len(rows), 1)), left_out & (labels == label), distinct.size)
        total = counts.sum(axis=1)
        below = np.cumsum(counts, axis=1)[negative]
        rates.append(np.divide(below, total, out=np.full(len(rows), np.nan), where=total > 0))
    missed, cleared = rates
    return np.where(cut >= 0, cleared - missed, np.where(np.isnan(cleared - missed), np.nan, 0.0))
