"""How many patients a study needs, shown before training starts (HONESTY D.5)."""

from dataclasses import dataclass
from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import require_count, require_level

# A search over patient numbers stops here: no study of this kind is larger.
LARGEST_STUDY = 1_000_000
FIRST_SEARCH = 1_000
# Riley et al., BMJ 2020;368:m441: shrinkage 0.9, optimism in R² and error of the overall risk of 0.05.
SHRINKAGE = 0.9
OPTIMISM = 0.05
RISK_MARGIN = 0.05
# van Smeden et al., Stat Methods Med 2019: mean absolute prediction error from events, n and parameters.
MAPE_TARGET = 0.05
MAPE_INTERCEPT, MAPE_PREVALENCE, MAPE_PARAMETERS, MAPE_SIZE = -0.508, 0.259, 0.504, 0.544
MAPE_MOST_PARAMETERS = 30


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Patients needed, and events among them, with the name of the formula."""

    n: int
    events: int
    formula: str


@dataclass(frozen=True, slots=True)
class DevelopmentSize:
    """Riley's criteria for developing a model with a binary outcome: patients each needs, and their maximum.

    mean_error is None beyond 30 parameters, where its formula was never examined.
    """

    shrinkage: int
    optimism: int
    overall_risk: int
    mean_error: int | None
    n: int
    events: int
    r2_cox_snell: float
    r2_maximum: float


def size_for_auc(area: float, prevalence: float, half_width: float, level: float = 0.95) -> SampleSize:
    """Return the patients needed for an AUC interval of ± half_width, by Hanley and McNeil's variance (1982).

    Raises:
        InvalidInputError: an area, prevalence or half-width outside (0, 1), or a width no real study reaches.
    """
    a, phi = _inside("area", area), _inside("prevalence", prevalence)
    target = _inside("half_width", half_width) / _quantile(level)
    most = FIRST_SEARCH
    while most <= LARGEST_STUDY:
        n = np.arange(4, most)
        enough = np.flatnonzero(_hanley_mcneil_variance(a, n, np.round(n * phi)) <= target**2)
        if enough.size:
            found = int(n[enough[0]])
            return SampleSize(found, round(found * phi), "Hanley–McNeil")
        most *= 10
    raise InvalidInputError("half_width: expected a width that a real study can reach; ask for a wider one.")


def auc_half_width(area: float, events: int, others: int, level: float = 0.95) -> float:
    """Return the half-width of an AUC interval that so many patients will give, by Hanley and McNeil (1982).

    Raises:
        InvalidInputError: an area outside (0, 1), or fewer than two patients of a class.
    """
    a = _inside("area", area)
    positives = require_count(events, name="events", minimum=2)
    n = np.array([positives + require_count(others, name="others", minimum=2)])
    return _quantile(level) * float(np.sqrt(_hanley_mcneil_variance(a, n, np.array([float(positives)]))[0]))


def proportion_half_width(proportion: float, patients: int, level: float = 0.95) -> float:
    """Return half the width of Wilson's interval for a sensitivity or specificity over so many patients.

    Raises:
        InvalidInputError: a proportion outside (0, 1) or no patient.
    """
    p, n = _inside("proportion", proportion), require_count(patients, name="patients", minimum=1)
    z = _quantile(level)
    return z * float(np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))) / (1.0 + z * z / n)


def observed_expected_error(events: int, patients: int) -> float:
    """Return the standard error of ln(observed : expected) that so many events among patients will give.

    Raises:
        InvalidInputError: no event, or more events than patients.
    """
    count = require_count(events, name="events", minimum=1)
    n = require_count(patients, name="patients", minimum=count)
    return float(np.sqrt((1.0 - count / n) / count))


def size_for_proportion(
    proportion: float, share: float, half_width: float, level: float = 0.95
) -> SampleSize:
    """Return the patients needed for a sensitivity or specificity of ± half_width.

    share: fraction of patients in the class the proportion is taken over; events counts that class.

    Raises:
        InvalidInputError: an argument outside (0, 1).
    """
    p, phi = _inside("proportion", proportion), _inside("share", share)
    of_class = ceil(p * (1.0 - p) * (_quantile(level) / _inside("half_width", half_width)) ** 2)
    return SampleSize(ceil(of_class / phi), of_class, "Wald half-width")


def size_for_observed_expected(prevalence: float, standard_error: float = 0.1) -> SampleSize:
    """Return the patients needed for a given standard error of ln(observed : expected).

    Raises:
        InvalidInputError: a prevalence outside (0, 1) or a standard error that is not positive.
    """
    phi = _inside("prevalence", prevalence)
    n = ceil((1.0 - phi) / (phi * _inside("standard_error", standard_error) ** 2))
    return SampleSize(n, round(n * phi), "SE of ln(O:E) = √((1 − prevalence)/events)")


def size_for_development(
    parameters: int, prevalence: float, r2_share: float = 0.15, *, shrinkage: float = SHRINKAGE
) -> DevelopmentSize:
    """Return Riley's minimum for developing a logistic model with `parameters` candidate terms.

    r2_share: anticipated Cox–Snell R² as a share of its maximum at this prevalence.

    Raises:
        InvalidInputError: no parameter, or a fraction outside (0, 1).
    """
    count = require_count(parameters, name="parameters", minimum=1)
    phi, share = _inside("prevalence", prevalence), _inside("r2_share", r2_share)
    maximum = 1.0 - exp(2.0 * (phi * log(phi) + (1.0 - phi) * log(1.0 - phi)))
    r2 = share * maximum
    needs = {
        "shrinkage": _for_shrinkage(count, r2, _inside("shrinkage", shrinkage)),
        "optimism": _for_shrinkage(count, r2, r2 / (r2 + OPTIMISM * maximum)),
        "overall_risk": ceil((_quantile(0.95) / RISK_MARGIN) ** 2 * phi * (1.0 - phi)),
    }
    error = _for_mean_error(count, phi) if count <= MAPE_MOST_PARAMETERS else None
    n = max([*needs.values(), error or 0])
    return DevelopmentSize(
        **needs, mean_error=error, n=n, events=ceil(n * phi), r2_cox_snell=r2, r2_maximum=maximum
    )


def events_per_candidate(events: int, candidates: int) -> float:
    """Return events over candidate features, the plainest warning there is.

    Raises:
        InvalidInputError: a negative number of events or no candidate.
    """
    return require_count(events, name="events") / require_count(candidates, name="candidates", minimum=1)


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int:
    if r2 >= shrinkage:
        raise InvalidInputError(
            f"r2_share: expected an R² below the shrinkage {shrinkage:.2f}, got {r2:.2f}."
        )
    return ceil(parameters / ((shrinkage - 1.0) * log(1.0 - r2 / shrinkage)))


def _for_mean_error(parameters: int, prevalence: float) -> int:
    exponent = MAPE_INTERCEPT + MAPE_PREVALENCE * log(prevalence) + MAPE_PARAMETERS * log(parameters)
    return ceil(exp((exponent - log(MAPE_TARGET)) / MAPE_SIZE))


def _hanley_mcneil_variance(
    area: float, n: NDArray[np.int64], events: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the variance of an AUC at each n; infinite where a class has fewer than two patients."""
    others = n - events
    usable = (events >= 2) & (others >= 2)
    positives, negatives = np.where(usable, events, 2.0), np.where(usable, others, 2.0)
    above = area / (2.0 - area) - area**2
    below = 2.0 * area**2 / (1.0 + area) - area**2
    variance = area * (1.0 - area) + (positives - 1.0) * above + (negatives - 1.0) * below
    return np.where(usable, variance / (positives * negatives), np.inf)


def _inside(name: str, value: float) -> float:
    if not 0.0 < value < 1.0:
        raise InvalidInputError(f"{name}: expected a fraction strictly between 0 and 1, got {value!r}.")
    return float(value)


def _quantile(level: float) -> float:
    return float(norm.isf((1.0 - require_level(level)) / 2.0))
