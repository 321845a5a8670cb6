"""Rows of patients -> facts: who was registered, who was left out and why, what the clinicians noted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.models import Evaluation, ModelVersion
from analysis.reports.document.facts import Clinical, Patients, Side
from analysis.reports.study_claims import later_time, other_centre
from analysis.reports.temporal import temporal_test
from analysis.selectors import features_of_record, index_clip
from analysis.services.split import linked_patients
from studies.models import Label, Lesion, Membership, Patient, Screening, Study
from studies.selectors import track_of_record
from studies.services.course_dates import order_broken
from studies.services.labels_of_record import label_of_record, outcome_of
from studies.services.membership import NEW_PATIENT_RULE
from studies.services.recruitment import eligible_patients

VARIABLES = ("age_years", "size_cm", "menopause", "c_t", "c_n", "c_tnm")
NOT_ELIGIBLE, NO_LABEL, NO_CINE, NO_LESION, NO_FEATURES, NOT_COMPLIANT, DATES, OTHER = (
    "not_eligible", "no_label", "no_cine", "no_lesion", "no_features", "not_compliant", "dates", "other",
)  # fmt: skip
STORED_REASONS = {
    "not eligible": NOT_ELIGIBLE,
    "eligibility not decided": NOT_ELIGIBLE,
    "no final HER2 label": NO_LABEL,
    "no cine": NO_CINE,
    "no lesion seen": NO_LESION,
    "features missing or stale": NO_FEATURES,
    "cine not compliant": NOT_COMPLIANT,
    "dates out of order": DATES,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A patient with the label of record, and the outcome that the study's rule makes of it."""

    patient: Patient
    side: str | None
    label: Label | None
    outcome: bool | None
    eligible: bool


def cases_of_study(study: Study) -> list[Case]:
    """Every patient of the study, with what the gathering functions need, in a fixed number of queries."""
    patients = study.patients.select_related(
        "clinical", "membership", "site", "index_clip__exam", "study", "screening"
    )
    eligible = set(eligible_patients(study).values_list("pk", flat=True))
    found = []
    for patient in patients.prefetch_related("specimens__labels", "exams").order_by("code"):
        label = label_of_record(patient)
        membership = getattr(patient, "membership", None)
        side = membership.side if membership else None
        outcome = outcome_of(label, study.label_rule)
        found.append(Case(patient, side, label, outcome, patient.pk in eligible))
    return found


def gather_patients(
    study: Study,
    cases: list[Case],
    version: ModelVersion | None,
    evaluations: Mapping[str, Evaluation],
    *,
    opened: bool,
) -> Patients:
    """Flow, dates and sides; `opened`: somebody took a look, so classes of the test side may be counted."""
    training, test = (
        [c for c in cases if c.side == side] for side in (Membership.Side.TRAINING, Membership.Side.TEST)
    )
    exams = [exam for case in cases for exam in case.patient.exams.all()]
    dates = sorted(exam.performed_on for exam in exams if exam.performed_on)
    judged = evaluations.get(Evaluation.Cohort.TEST)
    screened = Screening.objects.filter(patient__study=study)
    return Patients(
        registered=len(cases),
        lesions=Lesion.objects.filter(patient__study=study).count(),
        per_site=dict(Counter(case.patient.site.code for case in cases)),
        decisions=_decisions(study, len(cases)),
        excluded_by=dict(Counter(screened.exclude(reason="").values_list("reason", flat=True))),
        outside=dict(Counter(reason_now(case) for case in cases if case.side is None)),
        training=_training_side(training, version),
        test=_test_side(test, judged, opened=opened),
        temporal=temporal_test(study, version),
        late_joiners=Membership.objects.filter(patient__study=study, rule=NEW_PATIENT_RULE).count(),
        linked_across=_linked_across(study, cases),
        exam_dates=(dates[0].isoformat(), dates[-1].isoformat()) if dates else None,
        exams_dated=len(dates),
        exams=len(exams),
        exam_phases=dict(Counter(exam.phase for exam in exams)),
        other_centre=other_centre(study),
        later_time=later_time(study),
    )


def gather_clinical(cases: list[Case]) -> Clinical:
    """How many patients of each side lack each clinical variable."""
    sides = [
        [case.patient for case in cases if case.side == side]
        for side in (Membership.Side.TRAINING, Membership.Side.TEST)
    ]
    missing = {
        name: tuple(sum(_is_empty(patient, name) for patient in side) for side in sides) for name in VARIABLES
    }
    return Clinical(missing=missing, sides=(len(sides[0]), len(sides[1])))


def reason_now(case: Case) -> str:
    """Why a patient cannot be used as the rows are now; "other" where nothing stands against it."""
    if not case.eligible:
        return NOT_ELIGIBLE
    if case.outcome is None:
        return NO_LABEL
    clip = index_clip(case.patient)
    if clip is None:
        return NO_CINE
    if order_broken(case.patient, clip, case.label):
        return DATES
    track = track_of_record(clip)
    if track is not None and track.no_lesion:
        return NO_LESION
    features, is_stale = features_of_record(clip)
    if features is None or is_stale:
        return NO_FEATURES
    return OTHER if features.compliant else NOT_COMPLIANT


def _training_side(cases: list[Case], version: ModelVersion | None) -> Side:
    """As the ensemble of record was trained; as the rows are now where there is none."""
    positive, negative, unlabelled = _classes(cases)
    if version is None:
        left_out = Counter(reason_now(case) for case in cases)
        left_out.pop(OTHER, None)
        return Side(len(cases), positive, negative, unlabelled, dict(left_out), None)
    snapshot = version.training_snapshot
    reasons = Counter(_stored_reason(text) for text in snapshot.get("left_out", {}).values())
    used = len(snapshot.get("patients", {}))
    return Side(len(cases), positive, negative, unlabelled, dict(reasons), used)


def _test_side(cases: list[Case], judged: Evaluation | None, *, opened: bool) -> Side:
    used = None if judged is None else set(judged.predictions["patients"])
    reasons = Counter(reason_now(case) for case in cases if used is None or str(case.patient.pk) not in used)
    if used is None:
        reasons.pop(OTHER, None)
    positive, negative, unlabelled = _classes(cases) if opened else (None, None, None)
    n_used = None if used is None else len(used)
    return Side(len(cases), positive, negative, unlabelled, dict(reasons), n_used)


def _classes(cases: Iterable[Case]) -> tuple[int, int, int]:
    found = Counter(case.outcome for case in cases)
    return found[True], found[False], found[None]


def _decisions(study: Study, registered: int) -> dict[str, int]:
    """Decision of the screening to patients; who was never screened is undecided."""
    found = Counter(Screening.objects.filter(patient__study=study).values_list("decision", flat=True))
    found[Screening.Decision.UNDECIDED] += registered - sum(found.values())
    return {str(decision): n for decision, n in found.items() if n}


def _stored_reason(text: str) -> str:
    return next((code for start, code in STORED_REASONS.items() if text.startswith(start)), OTHER)


def _linked_across(study: Study, cases: list[Case]) -> int:
    """Groups of linked patients (the same file, look-alike cines) with members on both sides."""
    links = linked_patients(study)
    sides: dict[str, set[str]] = {}
    for case in cases:
        if case.side:
            sides.setdefault(links[case.patient.pk], set()).add(case.side)
    return sum(len(found) > 1 for found in sides.values())


def _is_empty(patient: Patient, name: str) -> bool:
    record = getattr(patient, "clinical", None)
    return record is None or getattr(record, name) in (None, "")
