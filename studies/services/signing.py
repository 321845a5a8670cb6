"""Signing readings: lock with a signature, sign a consensus twice, amend, take over, recount blind."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from studies.errors import LockedError, NotPermittedError, RuleViolationError
from studies.models import Label, Signature
from studies.services.audit import audit_record
from studies.services.pathology import ENTERED_FIELDS, label_derive
from studies.services.readings import reading_state

FINAL_CALLS = frozenset({"POSITIVE", "NEGATIVE", "INDETERMINATE"})
SIGNED_FIELDS = (*ENTERED_FIELDS, "basis", "reason", "call", "category", "paper_label", "engine_version")
"""What a signature stands for."""
MEANINGS = {
    "": Signature.Meaning.READING,
    Label.Basis.THIRD: Signature.Meaning.ADJUDICATION,
    Label.Basis.CONSENSUS: Signature.Meaning.CONSENSUS,
}
RECOUNT_FIELDS = ("cells", "her2_copies", "cep17_copies", "ratio")
MIN_RECOUNT_CELLS = 20


@transaction.atomic
def label_lock(*, actor: User | None, label: Label) -> Label:
    """Sign a reading; the caller has asked for the password again. A consensus takes both readers.

    Raises:
        LockedError: locked already, or signed by this user already.
        NotPermittedError: another pathologist's reading.
        RuleViolationError: the call is not final, or a comment or a reason is missing.
    """
    locked = Label.objects.select_for_update().get(pk=label.pk)
    _require_signable(locked)
    _require_signer(locked, actor)
    waits = locked.basis == Label.Basis.CONSENSUS and locked.status == Label.Status.DRAFT
    before = locked.status
    locked.status = Label.Status.COSIGN if waits else Label.Status.LOCKED
    locked.locked_at = None if waits else timezone.now()
    locked.full_clean()
    locked.save(update_fields=["status", "locked_at", "updated_at"])
    signature = _sign(actor, locked)
    audit_record(
        actor=actor,
        action="label.cosign" if waits else "label.lock",
        target=locked,
        study=locked.specimen.patient.study,
        changes={
            "status": [before, locked.status],
            "call": [None, locked.call],
            "signature": [None, signature.content_digest if signature else None],
        },
        reason=locked.reason,
    )
    return locked


def _require_signable(label: Label) -> None:
    if label.status == Label.Status.LOCKED:
        raise LockedError("This reading is locked already.")
    if label.call not in FINAL_CALLS:
        raise RuleViolationError(f"Not final yet: {label.required_action or label.call}")
    if label.discordance and not label.comment.strip():
        raise RuleViolationError("IHC and ISH disagree here: write a comment that explains it, then lock.")
    if label.comment_required and not label.comment.strip():
        raise RuleViolationError("This result is reported with a comment: write it, then lock.")
    if label.role == Label.Role.ADJUDICATED and not label.reason.strip():
        raise RuleViolationError("Say why this reading counts: an adjudication is signed with its reason.")


def _require_signer(label: Label, actor: User | None) -> None:
    """A reading is signed by its reader; a consensus by one reader, then by the other."""
    if label.status == Label.Status.COSIGN:
        signed = set(label.signatures.values_list("signer_id", "content_digest"))
        if actor is None or actor.pk not in reading_state(label.specimen).reader_ids:
            raise NotPermittedError("Only the two readers sign their consensus.")
        if (actor.pk, content_digest(label)) in signed:
            raise LockedError("You have signed this consensus; it waits for the other reader.")
    elif actor is not None and label.reader_id is not None and label.reader_id != actor.pk:
        raise NotPermittedError("A reading is signed by the pathologist who made it.")


def _sign(actor: User | None, label: Label) -> Signature | None:
    """Keep the signature; None where a program, not a person, locks."""
    if actor is None:
        return None
    signature = Signature(
        label=label,
        signer=actor,
        meaning=MEANINGS[label.basis],
        content_digest=content_digest(label),
        call=label.call,
    )
    signature.full_clean()
    signature.save(force_insert=True)
    return signature


def content_digest(label: Label) -> str:
    """SHA-256 (hex) of what a signature stands for: what was entered and what followed from it."""
    content = {name: getattr(label, name) for name in SIGNED_FIELDS} | {"specimen": str(label.specimen_id)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def label_amend(*, actor: User, label: Label, reason: str) -> Label:
    """Open a locked reading again; what it said before stays in the audit trail.

    Raises:
        NotPermittedError: another pathologist's reading.
        RuleViolationError: no reason, or a draft.
    """
    if not reason.strip():
        raise RuleViolationError("Say why the signed reading is amended; the reason is kept.")
    locked = Label.objects.select_for_update().get(pk=label.pk)
    if locked.status == Label.Status.DRAFT:
        raise RuleViolationError("Only a signed reading is amended; this one is a draft that can be changed.")
    _require_amender(locked, actor)
    readings = reading_state(locked.specimen)
    before = model_to_dict(locked, (*ENTERED_FIELDS, "call", "category", "paper_label"))
    changes = {name: [value, value] for name, value in before.items()}
    changes["status"] = [locked.status, Label.Status.DRAFT]
    if len(readings.pair) > 1 and readings.is_complete and locked.role != Label.Role.ADJUDICATED:
        changes["other_reading_seen"] = [False, True]
    locked.status, locked.locked_at = Label.Status.DRAFT, None
    locked.save(update_fields=["status", "locked_at", "updated_at"])
    audit_record(
        actor=actor,
        action="label.amend",
        target=locked,
        study=locked.specimen.patient.study,
        changes=changes,
        reason=reason,
    )
    return locked


def _require_amender(label: Label, actor: User) -> None:
    """The reader; of a consensus either reader."""
    own = label.reader_id in (None, actor.pk)
    shared = label.basis == Label.Basis.CONSENSUS and actor.pk in reading_state(label.specimen).reader_ids
    if not own and not shared:
        raise NotPermittedError("A reading is amended by the pathologist who signed it; take it over first.")


@transaction.atomic
def label_take_over(*, actor: User, label: Label, reason: str) -> Label:
    """Continue another pathologist's reading, signed or not: it becomes the actor's draft.

    Raises:
        RuleViolationError: no reason, the actor's own reading, or a reader of the same specimen, whose two
            readings would then not be independent.
    """
    if not reason.strip():
        raise RuleViolationError("Say why you take the reading over; the reason is kept.")
    taken = Label.objects.select_for_update().get(pk=label.pk)
    readings = reading_state(taken.specimen)
    if taken.reader_id == actor.pk:
        raise RuleViolationError("This reading is yours already.")
    if actor.pk in readings.reader_ids:
        raise RuleViolationError("You read this specimen yourself: both readings must stay independent.")
    changes = {
        "reader": [taken.reader.get_username() if taken.reader else None, actor.get_username()],
        "status": [taken.status, Label.Status.DRAFT],
    }
    taken.reader, taken.status, taken.locked_at = actor, Label.Status.DRAFT, None
    taken.full_clean()
    taken.save(update_fields=["reader", "status", "locked_at", "updated_at"])
    audit_record(
        actor=actor,
        action="label.take_over",
        target=taken,
        study=taken.specimen.patient.study,
        changes=changes,
        reason=reason,
    )
    return taken


@transaction.atomic
def label_recount(*, actor: User, label: Label, values: Mapping[str, Any]) -> Label:
    """Store the count of a second observer, who has not seen the first.

    Args:
        values: any of RECOUNT_FIELDS; the probe is that of the first count.

    Raises:
        NotPermittedError: the reader's own reading.
        LockedError: the reading is signed.
        RuleViolationError: no ISH to count again, or fewer than 20 cells.
    """
    counted = Label.objects.select_for_update().get(pk=label.pk)
    if counted.status != Label.Status.DRAFT:
        raise LockedError("This reading is signed; a recount belongs to a draft.")
    if counted.reader_id == actor.pk:
        raise NotPermittedError("The recount needs a second observer; this reading is your own.")
    if not counted.probe:
        raise RuleViolationError("No ISH was entered, so there is nothing to count again.")
    if not values.get("cells") or values["cells"] < MIN_RECOUNT_CELLS:
        raise RuleViolationError("Count at least 20 cells: the guideline asks for them.")
    before = counted.recount
    counted.recount = {
        "probe": counted.probe,
        **{name: values.get(name) for name in RECOUNT_FIELDS},
        "observer": actor.get_username(),
        "at": timezone.now().isoformat(timespec="seconds"),
    }
    label_derive(counted)
    counted.full_clean()
    counted.save()
    audit_record(
        actor=actor,
        action="label.recount",
        target=counted,
        study=counted.specimen.patient.study,
        changes={"recount": [before, counted.recount]},
    )
    return counted
