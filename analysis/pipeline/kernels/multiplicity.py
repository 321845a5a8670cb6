"""Several comparisons at once."""

import numpy as np
from numpy.typing import ArrayLike

from analysis.pipeline.kernels.statistics_checks import require_probabilities


def holm(p_values: ArrayLike) -> tuple[float, ...]:
    """Return Holm's step-down adjusted p-values, in the order given (Holm, Scand J Stat 1979).

    Raises:
        InvalidInputError: a p outside [0, 1], missing, or none at all.
    """
    p = require_probabilities(p_values, name="p_values")
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return tuple(float(v) for v in adjusted)
