"""One study -> everything that its report is written from."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.models import Evaluation, ModelVersion
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.gather_conduct import gather_conduct, gather_reference
from analysis.reports.document.gather_images import features_in_use, gather_features, gather_images
from analysis.reports.document.gather_model import (
    gather_digests,
    gather_evaluations,
    gather_fitted,
    gather_further,
    gather_software,
    gather_statements,
)
from analysis.reports.document.gather_patients import Case, cases_of_study, gather_clinical, gather_patients
from analysis.selectors import active_ensemble
from studies.models import Study


@dataclass(frozen=True, slots=True)
class Material:
    """The facts, and the rows that tables and figures are drawn from."""

    study: Study
    version: ModelVersion | None
    evaluations: Mapping[str, Evaluation]
    cases: list[Case]
    facts: StudyFacts


def gather(study: Study) -> Material:
    """Read everything once. Nothing of the test side's classes is read into it before a counted look."""
    version = active_ensemble(study)
    evaluations = newest_evaluations(version)
    cases = cases_of_study(study)
    opened = study.looks.exists()
    judged = evaluations.get(Evaluation.Cohort.TEST)
    used = features_in_use(study, version, judged.predictions["patients"] if judged else ())
    fitted = gather_fitted(version)
    images = gather_images(study, used)
    facts = StudyFacts(
        study={
            "slug": study.slug,
            "title": study.title,
            "description": study.description,
            "is_simulated": study.is_simulated,
            "readers_per_clip": study.readers_per_clip,
        },
        patients=gather_patients(study, cases, version, evaluations, opened=opened),
        clinical=gather_clinical(cases),
        reference=gather_reference(study, cases, opened=opened),
        images=images,
        features=gather_features(study, used, images.cines),
        conduct=gather_conduct(study, version),
        fitted=fitted,
        evaluations=gather_evaluations(evaluations, fitted.chosen if fitted else ""),
        further=gather_further(version),
        statements=gather_statements(study),
        software=gather_software(version),
        digests=gather_digests(study, cases, used, version, opened=opened),
    )
    return Material(study, version, evaluations, cases, facts)


def newest_evaluations(version: ModelVersion | None) -> dict[str, Evaluation]:
    """Side to the newest evaluation of the ensemble of record."""
    if version is None:
        return {}
    rows = version.evaluations.select_related("look").order_by("created_at")
    return {row.cohort: row for row in rows}
