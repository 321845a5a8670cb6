"""Writes of pathology: specimens, readings, and what the rule engine derives from them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from studies.errors import LockedError, RuleViolationError
from studies.models import DataQuery, Label, Lesion, Patient, Specimen
from studies.rules.her2 import Ish, amplified, classify, paper_label
from studies.rules.her2_types import Her2Result
from studies.services.audit import audit_record, changed_fields
from studies.services.queries import Subject, queries_settle, queries_sync

ENTERED_FIELDS = (
    "controls_ok", "ihc_score", "ihc_percent", "ihc_intensity",
    "ihc_completeness", "faint_incomplete_percent", "probe", "cells",
    "her2_copies", "cep17_copies", "ratio", "recount", "comment",
)  # fmt: skip
ISH_FIELDS = ("probe", "cells", "her2_copies", "cep17_copies", "ratio")
TRAINABLE_CALLS = frozenset({"POSITIVE", "NEGATIVE"})


@transaction.atomic
def specimen_create(
    *,
    actor: User | None,
    patient: Patient,
    kind: str,
    taken_on: Any = None,
    invasive: bool = True,
    fixation_hours: float | None = None,
    lesion: Lesion | None = None,
) -> Specimen:
    """Register a piece of tissue."""
    last = patient.specimens.order_by("-number").first()
    specimen = Specimen(
        patient=patient,
        lesion=lesion or patient.lesions.order_by("number").first(),
        kind=kind,
        number=(last.number if last else 0) + 1,
        taken_on=taken_on,
        invasive=invasive,
        fixation_hours=fixation_hours,
    )
    specimen.full_clean()
    specimen.save(force_insert=True)
    audit_record(actor=actor, action="specimen.create", target=specimen, study=patient.study)
    return specimen


def ish_from(values: dict[str, Any]) -> Ish | None:
    """Return the hybridisation in a form's values, or None when none was done."""
    if not values.get("probe"):
        return None
    return Ish(**{name: values.get(name) for name in ISH_FIELDS})


def classify_values(values: dict[str, Any], *, invasive: bool) -> Her2Result:
    """Run the rule engine on a form's values; raises Her2InputError that names the field."""
    recount = values.get("recount")
    return classify(
        ihc_score=values.get("ihc_score") or None,
        ish=ish_from(values),
        recount=ish_from(recount) if recount else None,
        invasive=invasive,
        controls_ok=values.get("controls_ok", True),
        ihc_percent=values.get("ihc_percent"),
        ihc_intensity=values.get("ihc_intensity") or None,
        ihc_completeness=values.get("ihc_completeness") or None,
        faint_incomplete_percent=values.get("faint_incomplete_percent"),
    )


@transaction.atomic
def label_save(
    *,
    actor: User | None,
    specimen: Specimen,
    values: dict[str, Any],
    role: str = Label.Role.FIRST,
    reason: str = "",
) -> Label:
    """Store a reading and what the engine derives from it. A locked reading is amended, not overwritten."""
    unknown = sorted(set(values) - set(ENTERED_FIELDS))
    if unknown:
        raise RuleViolationError(f"These are no fields of a reading: {', '.join(unknown)}.")
    label = Label.objects.select_for_update().filter(specimen=specimen, role=role).first()
    label = label or Label(specimen=specimen, role=role, reader=actor)
    if label.status == Label.Status.LOCKED:
        raise LockedError("This reading is locked; amend it with a reason to change it.")
    before = model_to_dict(label, ENTERED_FIELDS)
    for name in ENTERED_FIELDS:
        if name in values:
            setattr(label, name, values[name])
    label_derive(label)
    label.reader = actor or label.reader
    label.full_clean()
    label.save()
    after = model_to_dict(label, ENTERED_FIELDS)
    changes = changed_fields(before, after)
    audit_record(
        actor=actor,
        action="label.save",
        target=label,
        study=specimen.patient.study,
        changes=changes,
        reason=reason,
    )
    _ask_about(actor, label, after, changes)
    return label


def _ask_about(actor: User | None, label: Label, values: dict[str, Any], changed: Iterable[str]) -> None:
    """Bring the open questions about a reading in line with what the engine asks now."""
    patient, part = label.specimen.patient, DataQuery.Subject.PATHOLOGY
    queries_settle(actor=actor, patient=patient, part=part, fields=changed, label=label)
    notices = classify_values(values, invasive=label.specimen.invasive).queries
    queries_sync(actor=actor, subject=Subject(patient, part, values, label=label), notices=notices)


def label_derive(label: Label) -> Her2Result:
    """Fill what the engine concludes, and return it; entered values are never touched."""
    values = {name: getattr(label, name) for name in ENTERED_FIELDS}
    result = classify_values(values, invasive=label.specimen.invasive)
    label.call = str(result.call)
    label.category = str(result.category or "")
    label.ish_group = result.ish_group
    label.path = [str(step) for step in result.path]
    label.required_action = str(result.required_action or "")
    label.comment_required = result.comment_required
    label.discordance = result.discordance
    label.queries = [str(query) for query in result.queries]
    label.engine_version = result.engine_version
    label.inputs_hash = result.inputs_hash
    ish = ish_from(values)
    label.paper_label = (
        str(paper_label(ihc_score=label.ihc_score, amplified=amplified(ish) if ish else None))
        if label.ihc_score
        else Label.PaperLabel.UNDEFINED
    )
    return result


@transaction.atomic
def label_lock(*, actor: User | None, label: Label) -> Label:
    """Sign a reading. Only a final call can be signed, with the comment that the engine asks for."""
    locked = Label.objects.select_for_update().get(pk=label.pk)
    if locked.status == Label.Status.LOCKED:
        raise LockedError("This reading is locked already.")
    if locked.call not in TRAINABLE_CALLS | {"INDETERMINATE"}:
        raise RuleViolationError(f"Not final yet: {locked.required_action or locked.call}")
    if locked.discordance and not locked.comment.strip():
        raise RuleViolationError("IHC and ISH disagree here: write a comment that explains it, then lock.")
    if locked.comment_required and not locked.comment.strip():
        raise RuleViolationError("This result is reported with a comment: write it, then lock.")
    locked.status, locked.locked_at = Label.Status.LOCKED, timezone.now()
    locked.full_clean()
    locked.save(update_fields=["status", "locked_at", "updated_at"])
    audit_record(actor=actor, action="label.lock", target=locked, study=locked.specimen.patient.study)
    return locked


@transaction.atomic
def label_amend(*, actor: User, label: Label, reason: str) -> Label:
    """Open a locked reading again; what it said before stays in the audit trail."""
    if not reason.strip():
        raise RuleViolationError("Say why the signed reading is amended; the reason is kept.")
    locked = Label.objects.select_for_update().get(pk=label.pk)
    if locked.status != Label.Status.LOCKED:
        raise RuleViolationError("Only a signed reading is amended; this one is a draft that can be changed.")
    before = model_to_dict(locked, (*ENTERED_FIELDS, "call", "category", "paper_label"))
    locked.status, locked.locked_at = Label.Status.DRAFT, None
    locked.save(update_fields=["status", "locked_at", "updated_at"])
    audit_record(
        actor=actor,
        action="label.amend",
        target=locked,
        study=locked.specimen.patient.study,
        changes={name: [value, value] for name, value in before.items()},
        reason=reason,
    )
    return locked
