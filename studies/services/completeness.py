"""How complete the clinical record is: per field and site, and per patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CharField, Count, Q, QuerySet
from django.db.models.base import ModelBase

from studies.errors import RuleViolationError
from studies.models import ClinicalRecord, Patient
from studies.services.cohort import clinical_save

NEEDED = ("age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm")
"""The clinical variables of the paper: what a complete record has."""
FIELDS = (
    *NEEDED, "er_status", "er_percent", "pr_status", "pr_percent", "ki67_percent", "histology", "grade",
)  # fmt: skip
REASONS = ("not available", "not evaluated", "not applicable", "not performed", "unknown")
"""Why a value is missing: the words that tables use too."""
MOST_AT_ONCE = 2000


def is_empty(name: str, prefix: str = "") -> Q:
    """The condition that a clinical field holds nothing."""
    model: ModelBase = ClinicalRecord
    condition = Q(**{f"{prefix}{name}__isnull": True})
    if isinstance(model._meta.get_field(name), CharField):
        condition |= Q(**{f"{prefix}{name}": ""})
    return condition


@dataclass(frozen=True, slots=True)
class FieldCount:
    """One field at some patients: with a value, without one for a reason, and simply empty."""

    name: str
    filled: int
    explained: int
    total: int

    @property
    def empty(self) -> int:
        """Neither a value nor a reason."""
        return self.total - self.filled - self.explained

    @property
    def percent(self) -> int:
        """Filled, in whole per cent, rounded down: 100 means every one."""
        return 100 * self.filled // self.total if self.total else 0


def completeness_by_field(patients: QuerySet[Patient]) -> list[FieldCount]:
    """Every field of the record over these patients, in one query."""
    wanted: dict[str, Any] = {"total": Count("pk")}
    for name in FIELDS:
        empty = is_empty(name, "clinical__")
        reason = Q(clinical__missing_reasons__has_key=name)
        wanted[f"{name}__filled"] = Count("pk", filter=~empty & Q(clinical__isnull=False))
        wanted[f"{name}__explained"] = Count("pk", filter=empty & reason)
    found = patients.order_by().aggregate(**wanted)
    return [
        FieldCount(name, found[f"{name}__filled"], found[f"{name}__explained"], found["total"])
        for name in FIELDS
    ]


def filled_fields(record: ClinicalRecord | None) -> int:
    """How many of the needed fields of a patient have a value."""
    return sum(getattr(record, name, None) not in (None, "") for name in NEEDED)


@transaction.atomic
def missing_reason_set(*, actor: User, patients: Iterable[Patient], field: str, reason: str) -> int:
    """Say why a field is empty, at every one of these patients where it is; returns at how many."""
    if field not in FIELDS:
        raise RuleViolationError("This field takes no reason for being empty.")
    if reason not in REASONS:
        raise RuleViolationError("Choose why the value is missing.")
    count = 0
    for patient in patients:
        record = getattr(patient, "clinical", None)
        if record is None or getattr(record, field) in (None, ""):
            reasons = {**(record.missing_reasons if record else {}), field: reason}
            clinical_save(actor=actor, patient=patient, values={"missing_reasons": reasons})
            count += 1
    return count
