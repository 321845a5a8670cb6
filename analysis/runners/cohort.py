"""Rows -> LearningCohort: index clips, their current features, clinical values, outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.models import FeatureSet
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.types import LearningCohort
from analysis.runners.boxes import head_of
from analysis.runners.digests import description_digest, parameters_of
from analysis.selectors import index_clip
from analysis.services.features import dynamic_of
from analysis.services.links import linked_patients
from studies.models import ClinicalRecord, Clip, Patient, Study
from studies.rules.eligibility import BY_CODE
from studies.selectors import track_of_record
from studies.services.course_dates import order_broken
from studies.services.labels_of_record import label_of_record, outcome_of
from studies.services.recruitment import excluded_from

STAGE_ORDINALS = {
    "I": 1, "IA": 1, "IB": 1, "II": 2, "IIA": 2, "IIB": 2, "III": 3, "IIIA": 3, "IIIB": 3, "IIIC": 3, "IV": 4,
}  # fmt: skip

NO_LESION = "no lesion seen in the cine"
OUT_OF_ORDER = "dates out of order"
"""How the reason begins for whom ultrasound, surgery and label do not follow each other (HONESTY G10)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One patient as learning sees it."""

    patient: Patient
    features: FeatureSet
    outcome: bool


def current_features(clip: Clip) -> FeatureSet | None:
    """The feature set of the track of record as it is now; None where it is stale or missing."""
    track = track_of_record(clip)
    if track is None or not track.head:
        return None
    wanted = description_digest(clip, head_of(track), parameters_of(clip.study))
    return FeatureSet.objects.filter(digest=wanted).first()


def states_no_lesion(clip: Clip) -> bool:
    """Whether the track of record says that no lesion is seen in the clip."""
    track = track_of_record(clip)
    return track is not None and bool(track.no_lesion)


def cases_of(study: Study, side: str, *, rule: str = "") -> tuple[list[Case], dict[str, str]]:
    """Patients of one side that can be used, and code -> reason for those that cannot.

    rule: of the label, the study's own unless another is named.
    """
    cases: list[Case] = []
    left_out: dict[str, str] = {}
    ineligible = excluded_from(study)
    patients = study.patients.filter(membership__side=side).select_related(
        "clinical", "index_clip__exam", "screening"
    )
    for patient in patients.prefetch_related("specimens__labels").order_by("code"):
        if patient.pk in ineligible:
            left_out[patient.code] = not_eligible(ineligible[patient.pk])
            continue
        label = label_of_record(patient)
        outcome = outcome_of(label, rule or study.label_rule)
        clip = index_clip(patient)
        features = current_features(clip) if clip else None
        if outcome is None:
            left_out[patient.code] = "no final HER2 label"
        elif clip is None:
            left_out[patient.code] = "no cine"
        elif broken := order_broken(patient, clip, label):
            left_out[patient.code] = f"{OUT_OF_ORDER}: " + " ".join(notice.sentence for notice in broken)
        elif states_no_lesion(clip):
            left_out[patient.code] = NO_LESION
        elif features is None:
            left_out[patient.code] = "features missing or stale"
        elif not features.compliant:
            left_out[patient.code] = "cine not compliant: " + " ".join(features.reasons)
        else:
            cases.append(Case(patient, features, outcome))
    return cases, left_out


def not_eligible(reasons: Sequence[str]) -> str:
    """Why the screening keeps a patient out; no reasons: not decided yet."""
    names = ", ".join(str(BY_CODE[code].name) for code in reasons)
    return f"not eligible: {names}" if names else "eligibility not decided yet"


def learning_cohort(study: Study, cases: list[Case]) -> LearningCohort:
    """Assemble the arrays; patients are named by their row number, not by their code."""
    if not cases:
        raise InvalidInputError(
            "No patient can be used yet: each needs a cine with features, a final HER2 label, a side of the "
            "split, and inclusion where the study screens. The cohort page shows what is missing."
        )
    links = linked_patients(study)
    return LearningCohort(
        patients=tuple(str(case.patient.pk) for case in cases),
        labels=np.array([int(case.outcome) for case in cases], dtype=np.int64),
        dynamic=np.vstack([dynamic_of(case.features) for case in cases]),
        clinical=np.vstack([clinical_vector(case.patient) for case in cases]),
        groups=tuple(links[case.patient.pk] for case in cases),
    )


def clinical_vector(patient: Patient) -> NDArray[np.float64]:
    """(6,) age, size in cm, menopause, cT, cN, cTNM as ordinals; NaN where missing."""
    record: ClinicalRecord | None = getattr(patient, "clinical", None)
    if record is None:
        return np.full(6, np.nan)
    values = [
        record.age_years,
        record.size_cm,
        record.menopause,
        record.c_t,
        record.c_n,
        STAGE_ORDINALS.get(record.c_tnm),
    ]
    return np.array([np.nan if value is None else float(value) for value in values])
