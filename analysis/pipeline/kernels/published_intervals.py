"""The paper's own interval arithmetic, errors included (SCIENCE 5.4). Never use it to judge a model."""

from math import sqrt

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import require_proportion

# The paper's software multiplies by the rounded quantile and rounds fractions to three places (one decimal
# of a percentage).
PUBLISHED_Z = 1.96
PUBLISHED_PLACES = 3
PUBLISHED_METRICS = ("SEN", "SPC", "ACC", "YI")


def as_published_interval(metric: str, k1: int, n1: int, k0: int, n0: int) -> tuple[float, float]:
    """Return (low, high) as the paper's Table 4 prints them, in fractions rounded to three places.

    metric: SEN, SPC, ACC or YI; k1 of n1 positives and k0 of n0 negatives were called rightly.
    SEN and SPC: Wald. ACC: Wald without its square root, about thirty times too narrow. YI: the rounded
    bounds of SEN and SPC added, less one, which is too wide. Bounds are not clipped, since the original
    does not clip.

    Raises:
        InvalidInputError: another metric, or counts outside 0 <= k <= n, n >= 1.
    """
    true_positives, positives = require_proportion(k1, n1)
    true_negatives, negatives = require_proportion(k0, n0)
    name = metric.upper() if isinstance(metric, str) else metric
    if name == "SEN":
        return _wald_as_printed(true_positives, positives)
    if name == "SPC":
        return _wald_as_printed(true_negatives, negatives)
    if name == "ACC":
        return _accuracy_as_printed(true_positives + true_negatives, positives + negatives)
    if name == "YI":
        sensitivity = _wald_as_printed(true_positives, positives)
        specificity = _wald_as_printed(true_negatives, negatives)
        low, high = (_printed(a + b - 1.0) for a, b in zip(sensitivity, specificity, strict=True))
        return low, high
    raise InvalidInputError(f"metric: expected one of {', '.join(PUBLISHED_METRICS)}, got {metric!r}.")


def _wald_as_printed(k: int, n: int) -> tuple[float, float]:
    p = k / n
    half = PUBLISHED_Z * sqrt(p * (1.0 - p) / n)
    return _printed(p - half), _printed(p + half)


def _accuracy_as_printed(k: int, n: int) -> tuple[float, float]:
    p = k / n
    half = PUBLISHED_Z * (p * (1.0 - p) / n)
    return _printed(p - half), _printed(p + half)


def _printed(fraction: float) -> float:
    return round(fraction, PUBLISHED_PLACES) + 0.0
