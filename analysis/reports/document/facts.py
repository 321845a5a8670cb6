"""What a report is written from: plain values gathered from rows, in no language, ready for JSON.

Counts are of patients unless a name says otherwise. None means that it is not known, or that it may not be
known yet: classes and figures of the test side stay None until somebody took a counted look, those of the
temporal test until one of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reports.temporal import TemporalTest
from analysis.services.judged_inputs import Edited

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the split. left_out: reason to patients; used: learned from, or judged on."""

    assigned: int
    positive: int | None
    negative: int | None
    unlabelled: int | None
    left_out: Counts
    used: int | None


@dataclass(frozen=True, slots=True)
class Patients:
    """Who is in the study. outside: reason to patients on no side; linked_across: groups on both sides."""

    registered: int
    lesions: int
    per_site: Counts
    decisions: Counts
    excluded_by: Counts
    outside: Counts
    training: Side
    test: Side
    temporal: TemporalTest | None
    late_joiners: int
    linked_across: int
    exam_dates: tuple[str, str] | None
    exams_dated: int
    exams: int
    exam_phases: Counts
    other_centre: bool
    later_time: bool


@dataclass(frozen=True, slots=True)
class Clinical:
    """missing: variable to (training, test) patients without it; sides: patients (training, test)."""

    missing: Mapping[str, tuple[int, int]]
    sides: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference standard. calls: call of record to patients (training side until a look was taken)."""

    rule: str
    engines: Counts
    specimens: Counts
    readings: Counts
    drafts: int
    readers: int
    calls: Counts
    categories: Counts
    ihc: Counts
    rules_differ: int
    compared: int
    days_from_exam: tuple[float, float, float] | None
    days_known: int
    after_prediction: int


@dataclass(frozen=True, slots=True)
class Images:
    """Cines and boxes. spread: (smallest, median, largest)."""

    cines: int
    stills: int
    frames: int
    frames_spread: tuple[float, float, float] | None
    kinds: Counts
    rate_known: int
    rate_spread: tuple[float, float, float] | None
    spacing_known: int
    devices: Counts
    frequency_known: int
    depth_known: int
    with_defects: int
    blanked: int
    refused_files: int
    detectors: tuple[Mapping[str, Any], ...]
    box_sources: Counts
    signed_cines: int
    readers: int
    double_read: int
    reader_iou: float | None
    adjudicated: int
    interpolated: float | None


@dataclass(frozen=True, slots=True)
class Features:
    """parameter_sets: what the features in use were computed with, and how many have each; bridged: share."""

    sets: int
    versions: Counts
    parameter_sets: tuple[tuple[Mapping[str, Any], int], ...]
    time_bases: Counts
    base: Mapping[str, Any]
    window_spread: tuple[float, float, float] | None
    not_compliant: int
    bridged: float | None


@dataclass(frozen=True, slots=True)
class LookFact:
    """One counted look."""

    number: int
    day: str
    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """Seal, looks, blinding and the trail, each counted from its rows."""

    split_rules: Counts
    split_seed: int
    sealed_on: str
    seal_hash: str
    seal_intact: bool | None
    looks: tuple[LookFact, ...]
    temporal_looks: tuple[LookFact, ...]
    readers_granted: int
    readers_unblinded: int
    pathologists_granted: int
    pathologists_seeing_predictions: int
    trainers_granted: int
    trainers_seeing_labels: int
    denials: int
    denied_people: int
    test_box_edits: int
    test_edits: tuple[Edited, ...]
    test_inputs_known: bool
    temporal_edits: tuple[Edited, ...]
    events: int
    trail_intact: bool


@dataclass(frozen=True, slots=True)
class Fitted:
    """The ensemble of record. parts: the two classifiers behind the chosen fusion, and what tuning chose."""

    name: str
    number: int
    day: str
    digest: str
    chosen: str
    parameters: Mapping[str, Any]
    cutoff: float
    n_training: int
    selected: tuple[str, ...]
    predictions: int
    promotions: int


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 (hex) of what the figures depend on."""

    code: str
    images: str
    features: str
    labels: str
    clinical: str
    membership: str
    training: str
    requirements: str


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """Everything. evaluations: side to its stored results; further: other analyses that are stored."""

    study: Mapping[str, Any]
    patients: Patients
    clinical: Clinical
    reference: Reference
    images: Images
    features: Features
    conduct: Conduct
    fitted: Fitted | None
    evaluations: Mapping[str, Mapping[str, Any]]
    further: Mapping[str, Any]
    statements: Mapping[str, str]
    software: Mapping[str, str]
    digests: Digests

    @property
    def n_looks(self) -> int:
        """Counted looks at the test side."""
        return len(self.conduct.looks)

    @property
    def other_centre_or_time(self) -> bool:
        """Whether the test patients come from other centres or a later time than all training patients."""
        return self.patients.other_centre or self.patients.later_time
