"""Writes of pathology: specimens, readings, and what the rule engine derives from them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.forms.models import model_to_dict

from studies.errors import LockedError, NotPermittedError, RuleViolationError
from studies.models import DataQuery, Label, Lesion, Patient, Specimen
from studies.rules.her2 import Ish, amplified, classify, paper_label
from studies.rules.her2_types import Her2Result
from studies.services.audit import audit_record, changed_fields
from studies.services.queries import Subject, queries_settle, queries_sync
from studies.services.readings import is_free, reading_state

ENTERED_FIELDS = (
    "controls_ok", "ihc_score", "ihc_percent", "ihc_intensity",
    "ihc_completeness", "faint_incomplete_percent", "probe", "cells",
    "her2_copies", "cep17_copies", "ratio", "recount", "comment",
)  # fmt: skip
STORED_FIELDS = (*ENTERED_FIELDS, "reader", "basis", "reason")
"""What is compared for the audit trail when a reading is saved."""
ISH_FIELDS = ("probe", "cells", "her2_copies", "cep17_copies", "ratio")


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
    Specimen.objects.select_for_update().get(pk=specimen.pk)
    label = Label.objects.select_for_update().filter(specimen=specimen, role=role).first()
    label = label or Label(specimen=specimen, role=role, reader=actor)
    _require_own_draft(label, actor)
    _require_independence(specimen, role, actor)
    if role == Label.Role.ADJUDICATED:
        prepare_adjudication(label, actor, reason)
    before = model_to_dict(label, STORED_FIELDS)
    for name in ENTERED_FIELDS:
        if name in values:
            setattr(label, name, values[name])
    label_derive(label)
    label.reader = actor or label.reader
    label.full_clean()
    label.save()
    after = model_to_dict(label, STORED_FIELDS)
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


def _require_own_draft(label: Label, actor: User | None) -> None:
    """A draft belongs to the pathologist who began it; one that came out of a file belongs to nobody."""
    if label.status == Label.Status.LOCKED:
        raise LockedError("This reading is locked; amend it with a reason to change it.")
    if label.status == Label.Status.COSIGN:
        raise LockedError("This consensus waits for the second signature; take it back to change it.")
    if (
        label.reader is None
        or actor is None
        or label.reader_id == actor.pk
        or is_free(label, label.specimen.patient.study)
    ):
        return
    raise NotPermittedError(
        f"{label.reader.get_username()} began this reading; take it over with a reason, or leave it."
    )


def _require_independence(specimen: Specimen, role: str, actor: User | None) -> None:
    """Two readings are by two people, and there are two only where the study asks for them."""
    readings = reading_state(specimen)
    if role == Label.Role.SECOND and readings.needed < 2 and readings.second is None:
        raise RuleViolationError("This study asks for one pathologist per specimen: no second reading.")
    other = {Label.Role.FIRST: readings.second, Label.Role.SECOND: readings.first}.get(Label.Role(role))
    if other is not None and actor is not None and other.reader_id == actor.pk:
        raise RuleViolationError("You read this specimen yourself: both readings must stay independent.")


def prepare_adjudication(label: Label, actor: User | None, reason: str) -> None:
    """Check that there is something to decide and that this user may; note on what ground the user stands.

    Raises:
        RuleViolationError: the readings are not complete, or do not differ at all.
    """
    readings = reading_state(label.specimen)
    if not readings.differences:
        raise RuleViolationError("There is nothing to adjudicate: two locked readings must differ first.")
    is_reader = actor is not None and actor.pk in readings.reader_ids
    label.basis = Label.Basis.CONSENSUS if is_reader else Label.Basis.THIRD
    label.reason = reason.strip()[:500] or label.reason


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
