"""What is cheap enough to be stored with every training and every look: explanation, subgroups, confounders.

All of it is drawn from scores that are known already; nothing is fitted again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from analysis.models import Evaluation, Job, ModelVersion, Supplement
from analysis.pipeline.kernels.cohort_report import CohortReport, jsonable
from analysis.pipeline.kernels.subgroups import PatientFacts, confounders, subgroup_families
from analysis.pipeline.learn import Learned, explain_all
from analysis.pipeline.types import LearningCohort
from analysis.runners.cohort import Case
from analysis.runners.facts import facts_of
from analysis.services.supplements import supplement_store
from studies.models import Look

Kind = Supplement.Kind


def basics_of_training(
    learned: Learned, cohort: LearningCohort, facts: Mapping[str, PatientFacts]
) -> dict[str, Any]:
    """Kind to results, of a fitted ensemble on its training patients; facts: patient to what is known."""
    return {
        Kind.EXPLANATION: explanation_of(learned, cohort),
        **basics_of_report(learned.oof, learned.ensemble.chosen, facts),
    }


def basics_of_report(report: CohortReport, chosen: str, facts: Mapping[str, PatientFacts]) -> dict[str, Any]:
    """Kind to results, of the chosen model's scores on one side of the split."""
    known = [facts[patient] for patient in report.patients]
    cutoff = report.evaluations[chosen].cutoff
    families = subgroup_families(
        chosen, report.labels, report.scores[chosen], cutoff, known, cohort=report.cohort
    )
    size = {"n": int(report.labels.size), "events": int(report.labels.sum())}
    return {
        Kind.SUBGROUPS: {**size, "model": chosen, "cutoff": cutoff, "families": jsonable(families)},
        Kind.CONFOUNDERS: {**size, "rows": jsonable(confounders(report.labels, known))},
    }


def explanation_of(learned: Learned, cohort: LearningCohort) -> dict[str, Any]:
    """What all eight classifiers go by, on the training patients in the order of the ensemble."""
    ensemble = learned.ensemble
    rows = np.array([cohort.patients.index(patient) for patient in ensemble.training.patients])
    found = explain_all(ensemble, cohort.dynamic[rows], cohort.clinical[rows], learned.selected)
    return {
        "n": int(rows.size),
        "events": int(ensemble.training.labels.sum()),
        "chosen": ensemble.chosen,
        "models": jsonable(found),
    }


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
