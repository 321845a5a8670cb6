"""Training or test: assigned once, sealed with a hash, looked at in counted looks."""

import hashlib
import json
from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from studies.errors import RuleViolationError
from studies.models import Look, Membership, Patient, Study
from studies.services.audit import audit_record

NEW_PATIENT_RULE = "joined after the seal: training"
TEMPORAL_RULE = "joined after the seal: temporal test"
NEWCOMERS = {
    Study.NewcomerRule.TRAINING: (Membership.Side.TRAINING, NEW_PATIENT_RULE),
    Study.NewcomerRule.TEMPORAL: (Membership.Side.TEMPORAL, TEMPORAL_RULE),
}
"""The study's rule for new patients to their side and the words kept with it; by the other rule they wait."""
LOOK_ACTIONS = {Membership.Side.TEST: "look.take", Membership.Side.TEMPORAL: "look.temporal"}
NO_REASON = {
    Membership.Side.TEST: "Say why the test side is looked at; the reason is kept with the look.",
    Membership.Side.TEMPORAL: "Say why the temporal test is looked at; the reason is kept with the look.",
}


@transaction.atomic
def membership_assign(*, actor: User | None, study: Study, sides: Mapping[UUID, str], rule: str) -> int:
    """Put patients on their side of the split. A patient who is on a side never moves.

    After the seal new patients go where the rule says that the seal fixed; before it nobody is on the
    temporal test.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if set(sides.values()) - _open_sides(study):
        raise RuleViolationError(
            "The split is sealed: new patients only go where the study's stored rule says."
            if study.is_sealed
            else "The split is not sealed yet: nobody can be on the temporal test."
        )
    taken = set(Membership.objects.filter(patient__in=sides).values_list("patient_id", flat=True))
    if taken:
        raise RuleViolationError(f"{len(taken)} patients are on a side already; a patient never moves.")
    patients = Patient.objects.filter(study=study, pk__in=sides)
    if len(patients) != len(sides):
        raise RuleViolationError("Some patients do not belong to this study; nothing was assigned.")
    Membership.objects.bulk_create(
        [Membership(patient=patient, side=sides[patient.pk], rule=rule) for patient in patients]
    )
    named = list(sides.values())
    counts = {side: [0, named.count(side)] for side in Membership.Side.values if side in named}
    audit_record(
        actor=actor, action="membership.assign", target=study, study=study, changes=counts, reason=rule
    )
    return len(sides)


def _open_sides(study: Study) -> set[str]:
    """The sides that somebody can be put on now."""
    if not study.is_sealed:
        return {Membership.Side.TRAINING, Membership.Side.TEST}
    side, _rule = NEWCOMERS.get(Study.NewcomerRule(study.newcomer_rule), (None, ""))
    return {side} if side else set()


def labels_are_open(side: str | None, *, opened: bool) -> bool:
    """Whether labels of a side may be counted and printed: of the test side once somebody took a look
    (`opened`), of the temporal test never: it grows, and its next look must find it unspoilt. What its own
    looks found is stored with them."""
    return side not in Membership.HELD_OUT or (opened and side == Membership.Side.TEST)


@transaction.atomic
def study_freeze_base(*, actor: User | None, study: Study, base: Mapping[str, object]) -> Study:
    """Freeze the units of time and length and the common band; refuses once the split is sealed."""
    if study.is_sealed:
        raise RuleViolationError("The split is sealed: its units no longer change.")
    before, study.feature_base = study.feature_base, dict(base)
    study.full_clean()
    study.save(update_fields=["feature_base", "updated_at"])
    audit_record(
        actor=actor,
        action="study.freeze_base",
        target=study,
        study=study,
        changes={"feature_base": [before, study.feature_base]},
    )
    return study


@transaction.atomic
def newcomer_rule_set(*, actor: User, study: Study, rule: str) -> Study:
    """Say what happens to labelled patients who come after the seal; the seal fixes it."""
    locked = Study.objects.select_for_update().get(pk=study.pk)
    if locked.is_sealed:
        raise RuleViolationError("The split is sealed: the rule for new patients no longer changes.")
    before, locked.newcomer_rule = locked.newcomer_rule, rule
    locked.full_clean()
    locked.save(update_fields=["newcomer_rule", "updated_at"])
    audit_record(
        actor=actor,
        action="study.newcomer_rule",
        target=locked,
        study=locked,
        changes={"newcomer_rule": [before, rule]},
    )
    return locked


@transaction.atomic
def study_seal(*, actor: User, study: Study) -> Study:
    """Freeze the split: store the hash of who is on which side. From now on looks are counted."""
    locked = Study.objects.select_for_update().get(pk=study.pk)
    if locked.is_sealed:
        raise RuleViolationError("This study is sealed already.")
    members = Membership.objects.filter(patient__study=locked)
    sides = set(members.values_list("side", flat=True))
    if sides != {Membership.Side.TRAINING, Membership.Side.TEST}:
        raise RuleViolationError("There is no split yet: draw it first, then seal.")
    locked.sealed_at, locked.seal_hash = timezone.now(), seal_digest(locked)
    locked.save(update_fields=["sealed_at", "seal_hash", "updated_at"])
    audit_record(
        actor=actor,
        action="study.seal",
        target=locked,
        study=locked,
        changes={"seal_hash": ["", locked.seal_hash]},
    )
    return locked


def seal_digest(study: Study) -> str:
    """SHA-256 (hex) of the test side, the training side at the time of the seal, and the seed."""
    members = Membership.objects.filter(patient__study=study)
    if study.sealed_at:
        members = members.filter(created_at__lte=study.sealed_at)
    rows = sorted((str(pk), side) for pk, side in members.values_list("patient_id", "side"))
    text = json.dumps({"study": str(study.pk), "seed": study.split_seed, "rows": rows}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def look_take(*, actor: User, study: Study, reason: str, side: str = Membership.Side.TEST) -> Look:
    """Count and log one look at a held-out side; refuses when the membership no longer fits the seal.

    The test side and the temporal test have a counter each; a look at one opens nothing of the other.
    """
    if side not in Membership.HELD_OUT:
        raise ValueError(f"side: expected one that is held out, got {side}")
    if not reason.strip():
        raise RuleViolationError(NO_REASON[side])
    locked = Study.objects.select_for_update().get(pk=study.pk)
    if not locked.is_sealed:
        raise RuleViolationError("Seal the split before looking at the test side.")
    if seal_digest(locked) != locked.seal_hash:
        raise RuleViolationError("The split differs from what was sealed; the audit trail shows since when.")
    last = locked.all_looks.filter(side=side).order_by("-number").first()
    look = Look(
        study=locked,
        side=side,
        number=(last.number if last else 0) + 1,
        actor=actor,
        reason=reason.strip()[:500],
        seal_hash=locked.seal_hash,
    )
    look.full_clean()
    look.save(force_insert=True)
    audit_record(
        actor=actor,
        action=LOOK_ACTIONS[side],
        target=look,
        study=locked,
        changes={"number": [look.number - 1, look.number]},
        reason=look.reason,
    )
    return look
