"""Searching the audit trail: by who, what, which patient or object, when, and by words in it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from studies.models import (
    AuditEvent,
    ClinicalRecord,
    Clip,
    DataQuery,
    Exam,
    Label,
    Lesion,
    Patient,
    Screening,
    Specimen,
    Study,
    Track,
    Upload,
)
from studies.selectors import audit_in_reach, patients_for

PATIENT_LOOKUPS: dict[type, str] = {
    ClinicalRecord: "patient", Screening: "patient", Lesion: "patient", Exam: "patient", Specimen: "patient",
    DataQuery: "patient", Upload: "patient", Clip: "exam__patient", Label: "specimen__patient",
    Track: "clip__exam__patient",
}  # fmt: skip
"""Rows that belong to one patient, and how to get there."""


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What is searched for; an empty field does not narrow."""

    actor: str = ""
    action: str = ""
    patient: str = ""
    object: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything is searched for."""
        return not any(getattr(self, field.name) for field in fields(self))


def audit_events(study: Study | None, search: AuditSearch, *, viewer: User) -> QuerySet[AuditEvent]:
    """The events of a study that pass, newest first, without what would unblind the viewer.

    Without a study: those of the installation, which belong to none.
    """
    events = audit_in_reach(viewer=viewer).filter(study=study)
    if search.actor:
        events = events.filter(_by(search.actor))
    if search.action:
        events = events.filter(action__startswith=search.action)
    if search.object:
        events = events.filter(Q(object_id__startswith=search.object) | Q(object_type=search.object.lower()))
    if search.patient:
        events = events.filter(object_id__in=_ids_of(study, search.patient, viewer))
    if search.text:
        words = Q(reason__icontains=search.text) | Q(as_text__icontains=search.text)
        events = events.annotate(as_text=Cast("changes", TextField())).filter(words)
    if search.since:
        events = events.filter(at__date__gte=search.since)
    if search.until:
        events = events.filter(at__date__lte=search.until)
    return events


def _by(actor: str) -> Q:
    """A user name, or the system by its dash."""
    return Q(actor__isnull=True) if actor == "-" else Q(actor__username__icontains=actor)


def _ids_of(study: Study | None, code: str, viewer: User) -> set[str]:
    """Ids of the patients with this code, and of everything that belongs to them."""
    if study is None:
        return set()
    patients = list(patients_for(study, viewer=viewer).filter(code__iexact=code).values_list("pk", flat=True))
    found = {str(pk) for pk in patients}
    for model, lookup in PATIENT_LOOKUPS.items():
        rows = model._default_manager.filter(**{f"{lookup}__in": patients})
        found.update(map(str, rows.values_list("pk", flat=True)))
    return found


def patients_of(events: Iterable[AuditEvent]) -> dict[str, Patient]:
    """Object id to the patient that it belongs to, for the events of a page; one query a kind of object."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for event in events:
        if (pk := _uuid(event.object_id)) is not None:
            wanted[event.object_type].add(pk)
    found: dict[str, UUID] = {str(pk): pk for pk in wanted["patient"]}
    for model, lookup in PATIENT_LOOKUPS.items():
        ids = wanted.get(model._meta.model_name or "")
        if ids:
            rows = model._default_manager.filter(pk__in=ids).values_list("pk", lookup)
            found |= {str(pk): patient for pk, patient in rows if patient is not None}
    patients = Patient.objects.in_bulk(set(found.values()))
    return {key: patients[pk] for key, pk in found.items() if pk in patients}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
