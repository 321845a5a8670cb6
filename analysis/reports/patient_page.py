"""The page of one prediction: what drove it, what would change it, and which training cases were like it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from analysis.models import FeatureSet, Prediction
from analysis.pipeline.kernels.rhythm import divided
from analysis.reports.explanation_words import column_label, values_apart
from analysis.reports.feature_words import static_label
from studies.models import Clip, Patient
from studies.permissions import can_view_labels

GAUGE_WIDTH = 1000
MOST_CURVES = 5


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """One thing set to another value. score: what the fused score would be; flips: the call would change."""

    label: str
    before: str
    after: str
    typical: bool
    moved: float
    score: float
    flips: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A training patient with similar features, and the cine that was learned from."""

    patient: Patient
    clip: Clip | None
    label: int
    distance: float
    score: float


def gauge(row: Prediction) -> dict[str, int]:
    """Probability and interval on a line of GAUGE_WIDTH units."""
    low, high, middle = (round(GAUGE_WIDTH * value) for value in (row.low, row.high, row.probability))
    return {"low": low, "width": max(1, high - low), "middle": middle}


def changes_in_words(row: Prediction) -> list[ChangeWords]:
    """What single changes would do to the score, as stored; empty for a prediction made before they were."""
    score = float(row.parts.get("score", 0.0))
    return [_change(row, change, score) for change in row.parts.get("changes", [])]


def _change(row: Prediction, change: dict[str, Any], score: float) -> ChangeWords:
    name, after = str(change["name"]), score + float(change["moved"])
    was, would_be = values_apart(name, change["before"], change["after"])
    return ChangeWords(
        label=column_label(name),
        before=was,
        after=would_be,
        typical=bool(change["typical"]),
        moved=float(change["moved"]),
        score=after,
        flips=(score >= row.cutoff) != (after >= row.cutoff),
    )


def textures(terms: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Name and words of the textures whose curves drove a prediction, the most important first."""
    names = [divided(str(term["name"])) for term in terms]
    found = dict.fromkeys(texture for texture, rhythm, _aspect in names if rhythm)
    return [(name, static_label(name)) for name in list(found)[:MOST_CURVES]]


def nearest_cases(row: Prediction, *, viewer: User) -> list[Case]:
    """Nearest training cases whose labels the viewer may see."""
    ids = [item["patient"] for item in row.neighbours]
    rows = Patient.objects.filter(pk__in=ids).select_related("study", "site", "membership")
    patients = {str(patient.pk): patient for patient in rows}
    clips = _clips(row, ids)
    return [
        Case(
            patients[item["patient"]],
            clips.get(item["patient"]),
            int(item["label"]),
            float(item.get("distance", 0.0)),
            float(item.get("score", 0.0)),
        )
        for item in row.neighbours
        if item["patient"] in patients and can_view_labels(viewer, patients[item["patient"]])
    ]


def _clips(row: Prediction, ids: Iterable[str]) -> dict[str, Clip]:
    """Patient to the clip that the version learned from."""
    snapshot = row.version.training_snapshot.get("patients", {})
    digests = {snapshot[pk][0]: pk for pk in ids if pk in snapshot}
    sets = FeatureSet.objects.filter(digest__in=digests).select_related("clip").defer("dynamic")
    return {digests[features.digest]: features.clip for features in sets}
