"""What is cheap enough to be stored with every training and every look: explanation, subgroups, confounders.

All of it is drawn from scores that are known already; nothing is fitted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import Evaluation, Job, ModelVersion, Supplement
from analysis.pipeline.kernels.cohort_report import CohortReport, jsonable
from analysis.pipeline.kernels.subgroups import PatientFacts, confounders, subgroup_families
from analysis.pipeline.learn import Learned, LearnedEnsemble, explain_all
from analysis.pipeline.types import LearningCohort
from analysis.runners.cohort import Case
from analysis.runners.facts import facts_of
from analysis.services.supplements import supplement_store
from studies.models import Look

Kind = Supplement.Kind
Labels = NDArray[np.int64]
Scores = NDArray[np.float64]


def basics_of_training(
    learned: Learned, cohort: LearningCohort, facts: Mapping[str, PatientFacts]
) -> dict[str, Any]:
    """Kind to results, of a fitted ensemble on its training patients; facts: patient to what is known."""
    return {
        Kind.EXPLANATION: explanation_of(learned.ensemble, cohort, learned.selected),
        **basics_of_report(learned.oof, learned.ensemble.chosen, facts),
    }


def basics_of_report(report: CohortReport, chosen: str, facts: Mapping[str, PatientFacts]) -> dict[str, Any]:
    """Kind to results, of the chosen model's scores on one side of the split."""
    known = [facts[patient] for patient in report.patients]
    cutoff = report.evaluations[chosen].cutoff
    return {
        Kind.SUBGROUPS: subgroups_of(
            report.labels, report.scores[chosen], chosen, cutoff, known, report.cohort
        ),
        Kind.CONFOUNDERS: confounders_of(report.labels, known),
    }


def subgroups_of(
    labels: Labels, scores: Scores, model: str, cutoff: float, facts: Sequence[PatientFacts], cohort: str
) -> dict[str, Any]:
    """The model inside every subgroup at its frozen cut-off."""
    families = subgroup_families(model, labels, scores, cutoff, facts, cohort=cohort)
    return {**_size(labels), "model": model, "cutoff": cutoff, "families": jsonable(families)}


def confounders_of(labels: Labels, facts: Sequence[PatientFacts]) -> dict[str, Any]:
    """How well the recording alone tells the classes apart."""
    return {**_size(labels), "rows": jsonable(confounders(labels, facts))}


def explanation_of(
    ensemble: LearnedEnsemble, cohort: LearningCohort, selected: Mapping[str, int]
) -> dict[str, Any]:
    """What all eight classifiers go by, on the training patients in the order of the ensemble."""
    rows = np.array([cohort.patients.index(patient) for patient in ensemble.training.patients])
    found = explain_all(ensemble, cohort.dynamic[rows], cohort.clinical[rows], selected)
    return {**_size(ensemble.training.labels), "chosen": ensemble.chosen, "models": jsonable(found)}


def _size(labels: Labels) -> dict[str, Any]:
    return {"n": int(labels.size), "events": int(labels.sum())}


def supplements_keep(
    version: ModelVersion, found: Mapping[str, Any], *, cohort: str, job: Job, look: Look | None = None
) -> None:
    """Store what was found, a row a kind."""
    for kind, results in found.items():
        supplement_store(version=version, kind=kind, cohort=cohort, results=results, job=job, look=look)


def facts_by_patient(cases: Iterable[Case]) -> dict[str, PatientFacts]:
    """Patient to facts, under the name that the learning cohort gives them."""
    return {str(case.patient.pk): facts_of(case) for case in cases}


def judged_supplements(
    version: ModelVersion, report: CohortReport, cases: Iterable[Case], *, look: Look, job: Job
) -> None:
    """Subgroups and confounders of the test side, under the look that was just taken."""
    found = basics_of_report(report, version.summary["chosen"], facts_by_patient(cases))
    supplements_keep(version, found, cohort=Evaluation.Cohort.TEST, job=job, look=look)
