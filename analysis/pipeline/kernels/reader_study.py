"""Several readers, several models: Obuchowski and Rockette's analysis of areas under the ROC curve.

Sources: Obuchowski & Rockette, Commun Stat Simul Comput 1995 (the model); Hillis, Stat Med 2007 (degrees
of freedom and the interval of one mean). Covariances are DeLong's. HONESTY D.6 item 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, f, t

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS, delong_covariance
from analysis.pipeline.kernels.statistics_checks import (
    require_labels,
    require_level,
    require_scores,
    require_two_classes,
)

Areas = NDArray[np.float64]

LEAST_READERS = 2
MANY_DEGREES = 1e8


@dataclass(frozen=True, slots=True)
class ReaderCovariance:
    """Mean variance and covariances of areas (Obuchowski and Rockette's four components).

    variance: of one area; same_reader: one reader, two models (Cov1); same_model: two readers, one model
    (Cov2); neither: two readers, two models (Cov3).
    """

    variance: float
    same_reader: float
    same_model: float
    neither: float


@dataclass(frozen=True, slots=True)
class MeanArea:
    """One model's area averaged over readers, with the interval for readers and patients like these."""

    model: str
    auc: float
    low: float
    high: float
    degrees_of_freedom: float


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """The analysis of models × readers on the same patients.

    areas: (models, readers); f, p_random with its degrees of freedom: models equal for readers and
    patients like these; p_fixed: models equal for these very readers; difference, interval: first minus
    second model, random readers, None unless there are two models.
    """

    models: tuple[str, ...]
    readers: tuple[str, ...]
    areas: Areas
    covariance: ReaderCovariance
    means: tuple[MeanArea, ...]
    f: float | None
    degrees_of_freedom: float | None
    p_random: float | None
    p_fixed: float | None
    difference: float | None
    interval: tuple[float, float] | None


def reader_study(
    y: ArrayLike, scores: Mapping[str, Mapping[str, ArrayLike]], level: float = 0.95
) -> ReaderStudy:
    """Analyse scores[model][reader], (n,) each, of the same patients in the same order.

    One model is enough: then only the mean area over readers is given.

    Raises:
        InvalidInputError: fewer than two readers, readers that differ between models, fewer than two
            patients of a class, missing scores, or lengths that differ.
    """
    labels = require_labels(y)
    require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    models = tuple(scores)
    readers = tuple(scores[models[0]]) if models else ()
    if len(readers) < LEAST_READERS or any(set(scores[model]) != set(readers) for model in models):
        raise InvalidInputError(
            f"scores: expected the same readers, at least {LEAST_READERS}, for every model, got "
            f"{ {model: sorted(scores[model]) for model in models} }."
        )
    stacked = np.vstack(
        [
            require_scores(scores[model][reader], labels.size, name=f"{model}, {reader}")
            for model in models
            for reader in readers
        ]
    )
    areas, covariance = delong_covariance(labels, stacked)
    shape = (len(models), len(readers))
    return analyse_areas(models, readers, areas.reshape(shape), components(covariance, *shape), level)


def components(covariance: Areas, n_models: int, n_readers: int) -> ReaderCovariance:
    """Average the covariance matrix of model-major areas into Obuchowski and Rockette's four components."""
    model = np.repeat(np.arange(n_models), n_readers)
    reader = np.tile(np.arange(n_readers), n_models)
    same_model = model[:, np.newaxis] == model
    same_reader = reader[:, np.newaxis] == reader

    def mean(where: NDArray[np.bool_]) -> float:
        return float(covariance[where].mean()) if where.any() else 0.0

    return ReaderCovariance(
        variance=mean(same_model & same_reader),
        same_reader=mean(~same_model & same_reader),
        same_model=mean(same_model & ~same_reader),
        neither=mean(~same_model & ~same_reader),
    )


def analyse_areas(
    models: tuple[str, ...],
    readers: tuple[str, ...],
    areas: Areas,
    covariance: ReaderCovariance,
    level: float = 0.95,
) -> ReaderStudy:
    """Analyse a table of areas (models, readers) whose covariance components are known.

    Raises:
        InvalidInputError: a level outside (0, 1).
    """
    tail = (1.0 - require_level(level)) / 2.0
    n_models, n_readers = areas.shape
    means = tuple(_mean_area(m, row, covariance, tail) for m, row in zip(models, areas, strict=True))
    if n_models == 1:
        return ReaderStudy(models, readers, areas, covariance, means, *[None] * 6)
    by_model, by_reader = areas.mean(axis=1), areas.mean(axis=0)
    between = n_readers * float(((by_model - areas.mean()) ** 2).sum()) / (n_models - 1)
    rest = areas - by_model[:, np.newaxis] - by_reader + areas.mean()
    interaction = float((rest**2).sum()) / ((n_models - 1) * (n_readers - 1))
    extra = n_readers * max(covariance.same_model - covariance.neither, 0.0)
    error = interaction + extra
    statistic = between / error if error else 0.0
    freedom = _freedom(error, interaction, (n_models - 1) * (n_readers - 1))
    difference, interval = None, None
    if n_models == 2:
        difference = float(by_model[0] - by_model[1])
        half = float(t.isf(tail, freedom)) * float(np.sqrt(2.0 * error / n_readers))
        interval = (difference - half, difference + half)
    return ReaderStudy(
        models,
        readers,
        areas,
        covariance,
        means,
        f=statistic,
        degrees_of_freedom=freedom,
        p_random=_p_of_f(statistic, n_models - 1, freedom),
        p_fixed=_p_fixed(between, covariance, n_models, n_readers),
        difference=difference,
        interval=interval,
    )


def _p_of_f(statistic: float, upper: int, lower: float) -> float:
    """Return the tail of F, whose limit for many lower degrees of freedom is χ² over the upper ones."""
    if lower > MANY_DEGREES:
        return float(chi2.sf(upper * statistic, upper))
    return float(f.sf(statistic, upper, lower))


def _p_fixed(between: float, covariance: ReaderCovariance, n_models: int, n_readers: int) -> float:
    """Return the p of equal models for these very readers, patients random."""
    spread = covariance.variance - covariance.same_reader
    spread += (n_readers - 1) * (covariance.same_model - covariance.neither)
    if spread <= 0.0:
        return 1.0 if between == 0.0 else 0.0
    return float(chi2.sf((n_models - 1) * between / spread, n_models - 1))


def _mean_area(model: str, areas: Areas, covariance: ReaderCovariance, tail: float) -> MeanArea:
    between = float(areas.var(ddof=1))
    error = between + areas.size * max(covariance.same_model, 0.0)
    freedom = _freedom(error, between, areas.size - 1)
    half = float(t.isf(tail, freedom)) * float(np.sqrt(error / areas.size))
    mean = float(areas.mean())
    return MeanArea(model, mean, max(0.0, mean - half), min(1.0, mean + half), freedom)


def _freedom(error: float, between: float, base: int) -> float:
    """Return Hillis' degrees of freedom; infinite where readers do not differ at all."""
    return float(error**2 / (between**2 / base)) if between > 0.0 else float("inf")
