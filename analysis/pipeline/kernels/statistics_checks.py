"""What every statistic expects of its arguments, checked once and refused with a sentence."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError

# NumPy kinds that hold real numbers: bool, integers, floats, and objects (which may still fail to convert).
NUMBER_KINDS = "biufO"


def require_labels(y: ArrayLike, *, name: str = "y") -> NDArray[np.int64]:
    """Return labels as (n,) int64 of 0 and 1.

    Raises:
        InvalidInputError: empty, not one-dimensional, missing, or with values other than 0 and 1.
    """
    values = _one_dimensional_numbers(y, name)
    if not np.isin(values, (0.0, 1.0)).all():
        odd = values[~np.isin(values, (0.0, 1.0))][0]
        raise InvalidInputError(
            f"{name}: expected labels 0 (negative) and 1 (positive), got {odd!r}. "
            "Resolve missing and indeterminate labels before judging."
        )
    return values.astype(np.int64)


def require_scores(score: ArrayLike, n: int | None = None, *, name: str = "score") -> NDArray[np.float64]:
    """Return scores as (n,) finite float64.

    Raises:
        InvalidInputError: empty, not one-dimensional, not finite, or of another length than `n`.
    """
    values = _one_dimensional_numbers(score, name)
    if not np.isfinite(values).all():
        bad = int(np.count_nonzero(~np.isfinite(values)))
        raise InvalidInputError(
            f"{name}: expected finite numbers, got {bad} missing or infinite of {values.size}. "
            "Leave out patients without a prediction, and report how many."
        )
    if n is not None and values.size != n:
        raise InvalidInputError(
            f"{name}: expected {n} values, one a patient, got {values.size}. Pass arrays of one length."
        )
    return values


def require_two_classes(y: NDArray[np.int64], *, at_least: int = 1) -> tuple[int, int]:
    """Return (number of positives, number of negatives).

    Raises:
        InvalidInputError: fewer than `at_least` patients in a class.
    """
    positives = int(y.sum())
    negatives = int(y.size - positives)
    if min(positives, negatives) < at_least:
        raise InvalidInputError(
            f"expected at least {at_least} positive and {at_least} negative patients, "
            f"got {positives} positive and {negatives} negative. The statistic needs both classes."
        )
    return positives, negatives


def require_labelled_scores(
    y: ArrayLike, score: ArrayLike, *, at_least: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Check labels and scores of the same patients, both classes present `at_least` times."""
    labels = require_labels(y)
    scores = require_scores(score, labels.size)
    require_two_classes(labels, at_least=at_least)
    return labels, scores


def require_probabilities(
    p: ArrayLike, n: int | None = None, *, name: str = "probability"
) -> NDArray[np.float64]:
    """Return (n,) float64 in [0, 1].

    Raises:
        InvalidInputError: outside [0, 1], not finite, or of another length than `n`.
    """
    values = require_scores(p, n, name=name)
    if values.min() < 0.0 or values.max() > 1.0:
        raise InvalidInputError(
            f"{name}: expected fractions in [0, 1], got {values.min():g} to {values.max():g}. "
            "Pass probabilities, neither percentages nor log-odds."
        )
    return values


def require_count(value: object, *, name: str, minimum: int = 0) -> int:
    """Return a whole number of at least `minimum`.

    Raises:
        InvalidInputError: not a whole number, or too small.
    """
    whole = isinstance(value, Integral) or (isinstance(value, Real) and float(value).is_integer())
    if not whole or isinstance(value, bool | np.bool_) or int(value) < minimum:  # type: ignore[call-overload]
        raise InvalidInputError(f"{name}: expected a whole number of at least {minimum}, got {value!r}.")
    return int(value)  # type: ignore[call-overload]


def require_proportion(k: object, n: object) -> tuple[int, int]:
    """Return (k, n) with 0 <= k <= n and n >= 1.

    Raises:
        InvalidInputError: otherwise.
    """
    count = require_count(k, name="k")
    total = require_count(n, name="n", minimum=1)
    if count > total:
        raise InvalidInputError(f"k: expected at most n = {total}, got {count}. Are the arguments swapped?")
    return count, total


def require_level(level: float) -> float:
    """Return a confidence level strictly between 0 and 1.

    Raises:
        InvalidInputError: otherwise.
    """
    if not isinstance(level, Real) or not 0.0 < float(level) < 1.0:
        raise InvalidInputError(f"level: expected a fraction between 0 and 1 such as 0.95, got {level!r}.")
    return float(level)


def _one_dimensional_numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
        numbers = array.astype(np.float64) if array.dtype.kind in NUMBER_KINDS else None
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{name}: expected a sequence of numbers, got {type(values).__name__}: {error}."
        ) from error
    if numbers is None or numbers.ndim != 1 or numbers.size == 0:
        raise InvalidInputError(
            f"{name}: expected a non-empty one-dimensional sequence of numbers, got shape {array.shape} "
            f"of {array.dtype}."
        )
    return numbers
