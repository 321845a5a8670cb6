"""The clinical table of a synthetic cohort and the HER2 status drawn with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_margins import Margins, margins_for, stage_group
from analysis.pipeline.kernels.scene import check_effect

Values = NDArray[np.float64]
Numbers = NDArray[np.intp]

AGE_RANGE = (26.0, 83.0)
SIZE_RANGE_CM: dict[int, tuple[float, float]] = {1: (0.6, 2.0), 2: (2.1, 5.0), 3: (5.1, 7.0)}
"""US size inside the cT interval: up to 2, 2 to 5, over 5 cm, in steps of 1 mm."""
SIZE_STEP_CM = 0.1
POWERS = np.geomspace(0.25, 4.0, 41)
FULL_CLINICAL_EFFECT = 0.35
"""The clinical association has its full strength from this effect on, and none at effect 0."""
MOMENT_TOLERANCE = 0.001
STEPS_PER_VALUE = 20


@dataclass(frozen=True, slots=True)
class SyntheticPatient:
    """One simulated woman: age in years, US size in cm, menopause 0/1, clinical stages, HER2 status.

    planned_set is the set of Table 1 ("training" or "test") that her row was drawn for.
    """

    code: str
    planned_set: str
    age: int
    size_cm: float
    menopause: int
    cT: int
    cN: int
    cTNM: int
    her2_positive: bool


def fit_moments(
    rng: np.random.Generator, values: Values, mean: float, sd: float, low: Values, high: Values, step: float
) -> Values:
    """Move values on a grid of `step` until mean and sample SD are the wanted ones within 0.001.

    values, low, high: (n,) float64. Best effort where the limits or a small n forbid it.
    """
    grid = np.rint(np.clip(values, low, high) / step)
    floor, ceiling = np.rint(low / step), np.rint(high / step)
    if len(grid) < 2:
        return grid * step
    for _ in range(STEPS_PER_VALUE * len(grid)):
        error = mean - grid.mean() * step
        if abs(error) * len(grid) < 0.51 * step or abs(error) < MOMENT_TOLERANCE:
            break
        room = np.flatnonzero(grid < ceiling) if error > 0 else np.flatnonzero(grid > floor)
        if not len(room):
            break
        grid[rng.choice(room)] += np.sign(error)
    for _ in range(STEPS_PER_VALUE * len(grid)):
        spread = grid.std(ddof=1) * step
        if abs(spread - sd) < MOMENT_TOLERANCE or not _stretch(rng, grid, floor, ceiling, spread < sd):
            break
    return grid * step


def _stretch(rng: np.random.Generator, grid: Values, floor: Values, ceiling: Values, widen: bool) -> bool:
    """Move one value up and one down by a step so that the SD grows or shrinks; False if none can."""
    above, below = grid > grid.mean() + 1, grid < grid.mean() - 1
    can_rise, can_fall = grid < ceiling, grid > floor
    up = np.flatnonzero((above if widen else below) & can_rise)
    down = np.flatnonzero((below if widen else above) & can_fall)
    if not len(up) or not len(down):
        return False
    grid[rng.choice(up)] += 1
    grid[rng.choice(down)] -= 1
    return True


def draw_ages(rng: np.random.Generator, margins: Margins) -> Values:
    """Whole years, (n,): normal, clipped to 26..83, brought to the printed mean and SD."""
    mean, sd = margins.age
    values = np.clip(mean + sd * rng.standard_normal(margins.n), *AGE_RANGE)
    if margins.n > 1:
        values = mean + sd * (values - values.mean()) / max(values.std(ddof=1), 1e-9)
    low, high = (np.full(margins.n, limit) for limit in AGE_RANGE)
    return fit_moments(rng, values, mean, sd, low, high, 1.0)


def draw_sizes(rng: np.random.Generator, margins: Margins, stages: Numbers) -> Values:
    """US size in cm to 1 mm, (n,), inside the interval of each cT, power-transformed to mean and SD."""
    low, high = (np.array([SIZE_RANGE_CM[int(t)][side] for t in stages], dtype=np.float64) for side in (0, 1))
    share = rng.random(len(stages))
    mean, sd = margins.size_cm
    best, fit = share, np.inf
    for power in POWERS:
        small = np.where(stages == 1, share**power, share)
        for other in POWERS:
            value = low + (high - low) * np.where(stages == 2, share**other, small)
            error = abs(value.mean() - mean) + abs(value.std() - sd)
            best, fit = (value, error) if error < fit else (best, fit)
    fitted = fit_moments(rng, best, mean, sd, low, high, SIZE_STEP_CM)
    return np.round(fitted, 1)


def clinical_strength(effect: float) -> float:
    """Strength in [0, 1] of the association between the clinical table and HER2 at a planted effect."""
    return min(1.0, check_effect(effect) / FULL_CLINICAL_EFFECT)


def top_k(scores: Values, k: int) -> NDArray[np.bool_]:
    """Mark the k largest scores."""
    marked = np.zeros(len(scores), dtype=bool)
    marked[np.argsort(-scores, kind="stable")[:k]] = True
    return marked


def clinical_logit(
    age: Values, size_cm: Values, menopause: NDArray[np.bool_], t: Numbers, n: Numbers
) -> Values:
    """Planted clinical association with HER2: a choice of ours, not biology."""
    score = 0.55 * (n > 0) + 0.45 * (t > 1) - 0.03 * (age - 52) - 0.25 * menopause + 0.12 * (size_cm - 2.4)
    result: Values = 1.25 * score
    return result


def draw_set(rng: np.random.Generator, margins: Margins, clinical_strength: float) -> list[SyntheticPatient]:
    """Draw one set of patients, without codes, with exactly these margins."""
    if not margins.n:
        return []
    cells = np.array([cell for cell, count in margins.cells.items() for _ in range(count)]).reshape(-1, 2)
    t, n = cells[:, 0], cells[:, 1]
    age = draw_ages(rng, margins)
    size = draw_sizes(rng, margins, t)
    menopause = top_k(age + rng.normal(0, 4, margins.n), margins.menopausal)
    logit = clinical_strength * clinical_logit(age, size, menopause, t, n)
    positive = top_k(logit + rng.gumbel(size=margins.n), margins.positive)
    return [
        SyntheticPatient(
            code="",
            planned_set=margins.name,
            age=int(age[i]),
            size_cm=float(size[i]),
            menopause=int(menopause[i]),
            cT=int(t[i]),
            cN=int(n[i]),
            cTNM=stage_group(int(t[i]), int(n[i])),
            her2_positive=bool(positive[i]),
        )
        for i in range(margins.n)
    ]


def draw_table(n: int, seed: int, effect: float) -> tuple[SyntheticPatient, ...]:
    """Draw n patients in random order; see `analysis.pipeline.synthesis.draw_cohort`."""
    if n < 1:
        raise InvalidInputError(f"expected at least one patient, got {n}")
    strength = clinical_strength(effect)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    drawn = [patient for margins in margins_for(n) for patient in draw_set(rng, margins, strength)]
    order = rng.permutation(n)
    width = max(4, len(str(n)))
    return tuple(_named(drawn[i], f"SIM{place + 1:0{width}d}") for place, i in enumerate(order))


def _named(patient: SyntheticPatient, code: str) -> SyntheticPatient:
    values = {field: getattr(patient, field) for field in patient.__dataclass_fields__}
    return SyntheticPatient(**{**values, "code": code})
