"""What would change a prediction: one thing at a time, everything else as it is.

Clinical variables are set to their neighbouring values, the video columns that moved the score most to the
median of the training patients. Nothing here is causal: it says what the model would answer, not what would
happen to the patient.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.ensemble import LearnedEnsemble, score_all
from analysis.pipeline.kernels.fitted import CLINICAL, VIDEO
from analysis.pipeline.types import CLINICAL_VARIABLES

Vector = NDArray[np.float64]

# Steps of a continuous variable, and the values that an ordinal one may take.
STEPS = {"age": (-10.0, 10.0), "size_cm": (-1.0, 1.0)}
LEVELS = {"menopause": (0.0, 1.0), "cT": (1.0, 2.0), "cN": (0.0, 1.0), "cTNM": (1.0, 2.0, 3.0)}
SMALLEST = {"age": 18.0, "size_cm": 0.1}
MOST_COLUMNS = 5
MOST_CHANGES = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One thing set to another value: the fused score moves by `moved`; typical: to the training median."""

    branch: str
    name: str
    before: float
    after: float
    typical: bool
    moved: float


def changes(
    ensemble: LearnedEnsemble, dynamic: Vector, clinical: Vector, columns: Sequence[str]
) -> tuple[Change, ...]:
    """Return what single changes would do to the fused score, the largest first.

    dynamic: (p,); clinical: (6,); columns: names of the video columns that moved the score most. Values that
    are missing are not changed.
    """
    asked = [*_clinical(clinical), *_video(ensemble, dynamic, columns)]
    if not asked:
        return ()
    video, other = (np.repeat(row[np.newaxis], len(asked) + 1, axis=0) for row in (dynamic, clinical))
    for row, (branch, column, *_, after) in enumerate(asked, start=1):
        (video if branch == VIDEO else other)[row, column] = after
    scores = score_all(ensemble, video, other)[ensemble.chosen]
    found = [
        Change(branch, name, before, after, branch == VIDEO, float(score - scores[0]))
        for (branch, _, name, before, after), score in zip(asked, scores[1:], strict=True)
    ]
    return tuple(sorted(found, key=lambda change: -abs(change.moved))[:MOST_CHANGES])


def _clinical(clinical: Vector) -> list[tuple[str, int, str, float, float]]:
    asked = []
    for column, name in enumerate(CLINICAL_VARIABLES):
        before = float(clinical[column])
        if not np.isfinite(before):
            continue
        if name in STEPS:
            others = [before + step for step in STEPS[name] if before + step >= SMALLEST[name]]
        else:
            others = [level for level in LEVELS[name] if level != before]
        asked += [(CLINICAL, column, name, before, after) for after in others]
    return asked


def _video(
    ensemble: LearnedEnsemble, dynamic: Vector, columns: Sequence[str]
) -> list[tuple[str, int, str, float, float]]:
    """The columns set to what the imputer would give a patient without them: the training median."""
    places = {name: place for place, name in enumerate(ensemble.feature_names)}
    medians = _training_medians(ensemble)
    asked = []
    for name in columns[:MOST_COLUMNS]:
        column = places[name]
        before = float(dynamic[column])
        if np.isfinite(before) and column in medians:
            asked.append((VIDEO, column, name, before, medians[column]))
    return asked


def _training_medians(ensemble: LearnedEnsemble) -> dict[int, float]:
    """Column to its median over the training patients, as the video branch's imputer learned it."""
    imputer = ensemble.bases[f"{VIDEO}:LR"].prepare.named_steps["impute"]
    return dict(zip(imputer.columns_.tolist(), imputer.medians_.tolist(), strict=True))
