"""What there is to show: the ensemble of record with its newest evaluation of every side of the split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray

from analysis.models import Evaluation, ModelVersion
from analysis.pipeline.kernels.recalibration import out_of_fold_probability, recalibrate
from analysis.pipeline.splits import assign_folds
from analysis.selectors import active_ensemble, evaluations_for
from studies.models import Study

HEADLINE = (Evaluation.Cohort.TEST, Evaluation.Cohort.OUT_OF_FOLD)
RECALIBRATION_FOLDS = 5

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Stored evaluations by side, the model of record and the frozen cut-offs of all models.

    evaluations may be any objects with the fields of an Evaluation; a study from files has no rows. fusion:
    how the two branches were put together, empty where it is not recorded.
    """

    evaluations: Mapping[str, Evaluation]
    chosen: str
    cutoffs: Mapping[str, float]
    fusion: str = ""

    @property
    def headline(self) -> str | None:
        """The test side where there was a look, else out of fold; None where nothing was judged."""
        return next((cohort for cohort in HEADLINE if cohort in self.evaluations), None)

    def stored(self, cohort: str, model: str) -> dict[str, Any]:
        """Stored figures of one model on one side."""
        return self.evaluations[cohort].results["evaluations"][model]

    def has_scores(self, cohort: str, model: str) -> bool:
        """Whether the scores of a model on a side are stored."""
        return cohort in self.evaluations and model in self.evaluations[cohort].predictions["scores"]

    def models(self, cohort: str) -> list[str]:
        """Names of the models judged on one side, in the order of the tables."""
        return list(self.evaluations[cohort].results["evaluations"])

    def fused(self, cohort: str) -> list[str]:
        """Names of the fused models of one side."""
        return [name for name in self.models(cohort) if name.startswith("fused:")]

    def labels(self, cohort: str) -> NDArray[np.int64]:
        """Outcomes (n,) of one side."""
        return np.array(self.evaluations[cohort].predictions["labels"], dtype=np.int64)

    def scores(self, cohort: str, model: str) -> Vector:
        """Scores (n,) of one model on one side."""
        return np.array(self.evaluations[cohort].predictions["scores"][model], dtype=np.float64)

    def probability(self, cohort: str) -> Vector:
        """Recalibrated probabilities (n,) of the model of record."""
        return np.array(self.evaluations[cohort].predictions["probability"], dtype=np.float64)

    def clinical_probability(self, cohort: str) -> tuple[str, Vector] | None:
        """Name and recalibrated probabilities (n,) of the clinical part of the model of record.

        The sigmoid is fitted on its out-of-fold scores; out of fold itself by the other folds, as is done for
        the model of record. None where those scores are missing.
        """
        name = f"clinical:{self.chosen.rpartition('+')[2]}"
        oof = self.evaluations.get(Evaluation.Cohort.OUT_OF_FOLD)
        if oof is None or name not in oof.predictions["scores"]:
            return None
        y, score = (
            self.labels(Evaluation.Cohort.OUT_OF_FOLD),
            self.scores(Evaluation.Cohort.OUT_OF_FOLD, name),
        )
        if cohort != Evaluation.Cohort.OUT_OF_FOLD:
            return name, recalibrate(score, y).probability(self.scores(cohort, name))
        smallest = int(min(y.sum(), (1 - y).sum()))
        folds = assign_folds(oof.predictions["patients"], y, min(RECALIBRATION_FOLDS, smallest))
        return name, out_of_fold_probability(score, y, folds)


def judged_of(study: Study, *, viewer: User) -> tuple[ModelVersion | None, Judged | None]:
    """The ensemble of record and its evaluations, as far as the viewer may see them."""
    version = active_ensemble(study)
    if version is None:
        return None, None
    rows = evaluations_for(version, viewer=viewer).order_by("created_at")
    return version, Judged(
        {row.cohort: row for row in rows},
        version.summary["chosen"],
        version.summary["cutoffs"],
        version.parameters.get("fusion", ""),
    )
