"""Rows -> what subgroups are made of: site, machine, boxes, length and rate of the recording."""

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.models import FeatureSet
from analysis.pipeline.kernels.subgroups import PatientFacts
from analysis.runners.cohort import Case
from analysis.runners.study_files import scanner_of
from studies.models import Clip


def facts_of(case: Case) -> PatientFacts:
    """The facts of one patient; what is not recorded stays empty, nothing is assumed."""
    features, clinical = case.features, getattr(case.patient, "clinical", None)
    clip = features.clip
    record = boxes_record(clip)
    return PatientFacts(
        site=case.patient.site.code,
        scanner=scanner_of(clip.acquisition),
        box_source=features.box_source,
        age_years=clinical and clinical.age_years,
        size_cm=float(clinical.size_cm) if clinical and clinical.size_cm is not None else None,
        c_t=clinical and clinical.c_t,
        interpolated=record.get("interp_rate"),
        n_frames=clip.n_frames,
        n_used=features.n_used,
        fps=clip.fps,
        coverage=coverage(features, record),
    )


def boxes_record(clip: Clip) -> Mapping[str, Any]:
    """The record of rejection and interpolation of the newest detection, empty where there is none."""
    detection = clip.detections.first()
    return detection.qc if detection is not None else {}


def coverage(features: FeatureSet, record: Mapping[str, Any]) -> float | None:
    """Share of the clip's frames with a box: of the track described, else of the detector."""
    with_box = features.qc.get("with_box")
    return with_box / features.n_frames if with_box is not None else record.get("coverage")


def all_facts(cases: Iterable[Case]) -> list[PatientFacts]:
    """The facts of patients, in their order."""
    return [facts_of(case) for case in cases]
