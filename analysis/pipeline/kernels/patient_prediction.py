"""What the chosen model says of one patient, why, and which training cases were like it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.contributions import contributions
from analysis.pipeline.kernels.ensemble import (
    LearnedEnsemble,
    chosen_cases,
    parts_of,
    score_all,
    training_columns,
)
from analysis.pipeline.kernels.fitted import VIDEO
from analysis.pipeline.kernels.recalibration import venn_abers
from analysis.pipeline.kernels.what_if import Change, changes
from analysis.pipeline.types import CLINICAL_VARIABLES

Vector = NDArray[np.float64]

NEIGHBOURS = 5
TOP_CONTRIBUTIONS = 15
POSITIVE, NEGATIVE = "POSITIVE", "NEGATIVE"
INTERVAL_METHOD = (
    "95 % interval of the event rate among patients with this score (recalibration on out-of-fold scores); "
    "it leaves out the uncertainty of the classifiers"
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term of a prediction: its value, and its share of its classifier's log-odds.

    value: standardised; raw: in its own unit, None where it is missing and was imputed; percentile: share of
    training patients with a smaller value, 0 to 1, ties counted half.
    """

    branch: str
    name: str
    value: float
    raw: float | None
    percentile: float
    log_odds: float
    method: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training patient with similar selected features: distance is a root mean square of z-values."""

    patient: str
    label: int
    distance: float
    score: float


@dataclass(frozen=True, slots=True)
class PatientPrediction:
    """What the chosen model says of one patient.

    probability: recalibrated, with `interval` (what it is: `interval_method`) and the wider Venn–Abers range;
    score, cutoff: the fused score and the frozen cut-off that make the call; parts: every model's score;
    changes: what single changes would do to the score.
    """

    model: str
    probability: float
    interval: tuple[float, float]
    interval_method: str
    venn_abers: tuple[float, float]
    score: float
    cutoff: float
    call: str
    parts: Mapping[str, float]
    contributions: tuple[Contribution, ...]
    neighbours: tuple[Neighbour, ...]
    changes: tuple[Change, ...]


def predict(
    ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector, *, exclude: str = ""
) -> PatientPrediction:
    """Predict one patient from (p,) video features and (6,) clinical variables, missing values as NaN.

    exclude: the patient's own code, left out of the nearest cases (and of the Venn–Abers range) when the
    patient helped to train.

    Raises:
        InvalidInputError: another number of columns than trained on, or no video feature at all.
    """
    video = np.asarray(dynamic, dtype=np.float64)[np.newaxis]
    other = np.asarray(clinical, dtype=np.float64)[np.newaxis]
    if not np.isfinite(video).any():
        raise InvalidInputError(
            "dynamic: expected video features, got only missing values. Describe the clip."
        )
    scores = {name: float(values[0]) for name, values in score_all(ensemble, video, other).items()}
    score, cutoff = scores[ensemble.chosen], ensemble.cutoffs[ensemble.chosen]
    others = np.array([code != exclude for code in ensemble.training.patients])
    held_out = ensemble.training.oof[ensemble.chosen]
    terms = _contributions(ensemble, video, other)
    return PatientPrediction(
        model=ensemble.chosen,
        probability=float(ensemble.recalibration.probability(np.array([score]))[0]),
        interval=ensemble.recalibration.interval(score),
        interval_method=INTERVAL_METHOD,
        venn_abers=venn_abers(score, held_out[others], ensemble.training.labels[others]),
        score=score,
        cutoff=cutoff,
        call=POSITIVE if score >= cutoff else NEGATIVE,
        parts=scores,
        contributions=terms,
        neighbours=_neighbours(ensemble, video, other, others),
        changes=changes(ensemble, video[0], other[0], [t.name for t in terms if t.branch == VIDEO]),
    )


def inputs_of(
    ensemble: LearnedEnsemble, branch: str, dynamic: Vector, clinical: Vector
) -> tuple[tuple[str, ...], Vector]:
    """Return the names and raw values of what a branch looks at."""
    return (ensemble.feature_names, dynamic) if branch == VIDEO else (CLINICAL_VARIABLES, clinical)


def _contributions(ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector) -> tuple[Contribution, ...]:
    """Return the largest terms of both branches of the chosen model, the largest first."""
    found = []
    for name in parts_of(ensemble.chosen):
        base = ensemble.bases[name]
        names, raw = inputs_of(ensemble, base.branch, dynamic, clinical)
        Z, training = base.prepared(raw), training_columns(ensemble, name)
        shares, method = contributions(base, Z, training)
        below = (training < Z).mean(axis=0) + (training == Z).mean(axis=0) / 2.0
        found += [
            Contribution(
                branch=base.branch,
                name=names[int(column)],
                value=float(Z[0, i]),
                raw=_finite(raw[0, int(column)]),
                percentile=float(below[i]),
                log_odds=float(shares[0, i]),
                method=method,
            )
            for i, column in enumerate(base.columns)
        ]
    return tuple(sorted(found, key=lambda term: -abs(term.log_odds))[:TOP_CONTRIBUTIONS])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _neighbours(
    ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector, others: NDArray[np.bool_]
) -> tuple[Neighbour, ...]:
    record = ensemble.training
    here = chosen_cases(ensemble.bases, ensemble.chosen, dynamic, clinical)[0]
    distance = np.sqrt(((record.cases - here) ** 2).sum(axis=1) / 2.0)
    nearest = [int(row) for row in np.argsort(distance, kind="stable") if others[row]][:NEIGHBOURS]
    scores = record.oof[ensemble.chosen]
    return tuple(
        Neighbour(record.patients[row], int(record.labels[row]), float(distance[row]), float(scores[row]))
        for row in nearest
    )
