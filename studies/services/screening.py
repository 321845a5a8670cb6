"""Writes of the screening: facts, rows of the criteria (append-only), and what they come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from studies.errors import RuleViolationError
from studies.models import CriterionRow, Exam, Patient, Screening
from studies.rules.eligibility import (
    CODES,
    CRITERIA,
    EligibilityRow,
    decide,
    eligibility_rows,
    reasons,
)
from studies.rules.sentences import Sentence
from studies.rules.verdicts import Verdict
from studies.services.audit import audit_record, changed_fields
from studies.services.course_dates import surgery_day
from studies.services.eligibility_facts import facts_for, ultrasound_exam, with_facts

FACT_FIELDS = (
    "surgery_on", "suspected_lesion", "surgery_intended", "biopsied", "biopsy_on", "video_missing",
    "acquisition_compliant", "multifocal", "bilateral", "tissue", "mass",
)  # fmt: skip
ULTRASOUND = "ultrasound_on"
"""The date of the visit, which belongs to the Exam and is asked for beside the facts."""
NOTE_LENGTH = 500
SEALED = (
    "{code} is on a side of the sealed split: say in the note why the eligibility changes. The patient "
    "stays on that side and is left out of learning and judging."
)


@dataclass(frozen=True)
class Standing:
    """One criterion of a patient: the row that counts (None: never recorded) and what the record says now."""

    derived: EligibilityRow
    row: CriterionRow | None

    @property
    def verdict(self) -> Verdict:
        """The verdict that counts."""
        return Verdict(self.row.verdict) if self.row else Verdict.NOT_RECORDED

    @property
    def excludes(self) -> bool:
        """Whether the verdict that counts keeps the patient out."""
        return EligibilityRow(self.derived.criterion, self.verdict, self.derived.evidence).excludes

    @property
    def is_behind(self) -> bool:
        """Whether the record says something else than when the row was written."""
        if self.row is None:
            return self.derived.verdict is not Verdict.NOT_RECORDED
        return self.row.record_verdict != self.derived.verdict or self.row.sentence != self.derived.evidence


def standings_for(patients: Iterable[Patient]) -> dict[UUID, list[Standing]]:
    """Patient id to the nine criteria in the order of the protocol; load the patients with `with_facts`."""
    listed = list(patients)
    facts = facts_for(listed)
    newest = newest_rows(listed)
    return {
        patient.pk: [
            Standing(derived, newest.get((patient.pk, derived.criterion.code)))
            for derived in eligibility_rows(facts[patient.pk])
        ]
        for patient in listed
    }


def newest_rows(patients: Iterable[Patient]) -> dict[tuple[UUID, str], CriterionRow]:
    """(patient id, criterion) to the row that counts, with its author."""
    rows = CriterionRow.objects.filter(patient__in=[patient.pk for patient in patients])
    return {(row.patient_id, row.criterion): row for row in rows.select_related("actor").order_by("number")}


@transaction.atomic
def screening_save(
    *, actor: User | None, patient: Patient, values: Mapping[str, Any], note: str = ""
) -> Screening:
    """Store facts of the screening, then record what the record now says of every criterion.

    Args:
        values: any of FACT_FIELDS, and `ultrasound_on` for the date of the visit.
        note: where the facts come from; kept with every row that changes.
    """
    unknown = sorted(set(values) - {*FACT_FIELDS, ULTRASOUND})
    if unknown:
        raise RuleViolationError(f"These are no facts of the screening: {', '.join(unknown)}.")
    screening = _locked(patient)
    before = {name: getattr(screening, name) for name in FACT_FIELDS}
    for name in set(values) & set(FACT_FIELDS):
        setattr(screening, name, values[name])
    screening.full_clean()
    screening.save()
    changes = changed_fields(before, {name: getattr(screening, name) for name in FACT_FIELDS})
    if ULTRASOUND in values:
        changes |= _date_ultrasound(patient, screening, values[ULTRASOUND])
    if changes:
        audit_record(
            actor=actor,
            action="screening.save",
            target=screening,
            study=patient.study,
            changes=changes,
            reason=note,
        )
    criteria_record(actor=actor, patient=patient, note=note)
    screening.refresh_from_db()
    return screening


@transaction.atomic
def criteria_record(*, actor: User | None, patient: Patient, note: str = "") -> list[CriterionRow]:
    """Append a row for every criterion of which the record says something new; return those rows."""
    screening = _locked(patient)
    known = with_facts(Patient.objects.filter(pk=patient.pk)).get()
    behind = [standing for standing in standings_for([known])[known.pk] if standing.is_behind]
    rows = [
        _append(
            actor, patient, standing, CriterionRow.Basis.RECORD, standing.derived.verdict, note[:NOTE_LENGTH]
        )
        for standing in behind
    ]
    _settle(actor, screening, patient, behind, rows, note)
    return rows


@transaction.atomic
def criterion_decide(
    *, actor: User, patient: Patient, criterion: str, verdict: str, note: str
) -> CriterionRow:
    """Decide one criterion by hand, with the evidence that the record does not hold."""
    if criterion not in CODES or verdict not in CriterionRow.Verdict.values:
        raise RuleViolationError("Choose a criterion of the protocol and one of its verdicts.")
    if not note.strip():
        raise RuleViolationError("Write down the evidence: it is kept with the decision.")
    screening = _locked(patient)
    known = with_facts(Patient.objects.filter(pk=patient.pk)).get()
    standing = next(s for s in standings_for([known])[known.pk] if s.derived.criterion.code == criterion)
    row = _append(
        actor,
        patient,
        standing,
        CriterionRow.Basis.DECIDED,
        Verdict(verdict),
        note.strip()[:NOTE_LENGTH],
    )
    _settle(actor, screening, patient, [standing], [row], note)
    return row


def screening_bulk(
    *, actor: User, patients: Iterable[Patient], values: Mapping[str, Any], note: str
) -> tuple[int, int]:
    """The same facts for many patients (or none: only what the record says); all of them or nobody.

    Returns how many patients were screened and how many of them changed their decision.
    """
    done = changed = 0
    with transaction.atomic():
        for patient in patients:
            before = decision_of(patient)
            screening = screening_save(actor=actor, patient=patient, values=values, note=note)
            done, changed = done + 1, changed + (screening.decision != before)
    return done, changed


def exclusions_of(patient: Patient) -> list[CriterionRow]:
    """The rows that keep a patient out, in the order of the protocol."""
    screening = getattr(patient, "screening", None)
    if screening is None or not screening.reasons:
        return []
    newest = newest_rows([patient])
    return [newest[patient.pk, code] for code in screening.reasons]


def decision_of(patient: Patient) -> str:
    """What the screening of a patient comes to so far."""
    screening = getattr(patient, "screening", None)
    return screening.decision if screening else Screening.Decision.UNDECIDED


def _locked(patient: Patient) -> Screening:
    """The patient's screening, made when there is none, held until the end of the transaction."""
    Patient.objects.select_for_update().get(pk=patient.pk)
    screening, _created = Screening.objects.select_for_update().get_or_create(patient=patient)
    return screening


def _date_ultrasound(patient: Patient, screening: Screening, on: date | None) -> dict[str, list[Any]]:
    """Write the date of the visit that inclusion (a) is about; without a date it stays as it is."""
    known = with_facts(Patient.objects.filter(pk=patient.pk)).get()
    exam = ultrasound_exam(known, surgery_day(known)) or Exam(patient=patient, number=1)
    if on is None or exam.performed_on == on:
        return {}
    before, exam.performed_on = exam.performed_on, on
    exam.full_clean()
    exam.save()
    return {ULTRASOUND: [before, on]}


def _append(
    actor: User | None, patient: Patient, standing: Standing, basis: str, verdict: Verdict, note: str
) -> CriterionRow:
    row = CriterionRow(
        patient=patient,
        criterion=standing.derived.criterion.code,
        number=(standing.row.number if standing.row else 0) + 1,
        verdict=str(verdict),
        basis=basis,
        evidence=standing.derived.evidence.as_dict(),
        record_verdict=str(standing.derived.verdict),
        note=note,
        actor=actor,
    )
    row.full_clean()
    row.save(force_insert=True)
    return row


def _settle(
    actor: User | None,
    screening: Screening,
    patient: Patient,
    standings: list[Standing],
    rows: list[CriterionRow],
    note: str,
) -> None:
    """Derive the decision anew from the newest rows, and write the act down."""
    if not rows:
        return
    before = screening.decision
    screening.decision, screening.reasons = conclusion(newest_rows([patient]), patient)
    screening.reason = next(iter(screening.reasons), "")
    if screening.decision != before and not note.strip() and _is_sealed_member(patient):
        raise RuleViolationError(SEALED.format(code=patient.code))
    screening.full_clean()
    screening.save()
    changes = {
        standing.derived.criterion.code: [standing.row.verdict if standing.row else None, row.verdict]
        for standing, row in zip(standings, rows, strict=True)
    }
    changes["decision"] = [before, screening.decision]
    audit_record(
        actor=actor,
        action=f"criterion.{'decide' if rows[0].basis == CriterionRow.Basis.DECIDED else 'record'}",
        target=screening,
        study=patient.study,
        changes=changes,
        reason=note,
    )


def conclusion(newest: Mapping[tuple[UUID, str], CriterionRow], patient: Patient) -> tuple[str, list[str]]:
    """The decision and every reason, from the newest rows alone."""
    rows = []
    for criterion in CRITERIA:
        row = newest.get((patient.pk, criterion.code))
        verdict = Verdict(row.verdict) if row else Verdict.NOT_RECORDED
        rows.append(EligibilityRow(criterion, verdict, Sentence("")))
    return str(decide(rows)), list(reasons(rows))


def _is_sealed_member(patient: Patient) -> bool:
    return patient.study.is_sealed and getattr(patient, "membership", None) is not None
