"""Sealing every hospital number anew when the key changes: all of them or none."""

from django.contrib.auth.models import User
from django.db import transaction

from studies.errors import RuleViolationError
from studies.models import HospitalLink, Study, TableImport
from studies.rules import hospital_numbers as rules
from studies.rules.sealing import SealError
from studies.services.audit import audit_record

SHORTEST_KEY = 32
"""Characters; a shorter key is refused."""


@transaction.atomic
def hospital_numbers_reseal(*, old: str, new: str, actor: User | None = None) -> int:
    """Open every number with the old key and seal it with the new one; returns how many there are.

    Numbers and keys are neither printed nor written to the audit trail, which keeps how many were sealed anew
    in each study. The application must not run meanwhile: it holds the old key until it is started again.

    Raises:
        RuleViolationError: the keys are equal or the new one is too short; tables wait to be imported, which
            are sealed with the old key too; or a number does not open. Nothing has changed then.
    """
    _check_keys(old, new)
    waiting = TableImport.objects.exclude(status__in=TableImport.FINAL).count()
    if waiting:
        raise RuleViolationError(
            f"{waiting} tables wait to be imported and are sealed with the old key: import them or throw "
            "them away first. Nothing was changed."
        )
    counts: dict[Study, int] = {}
    links = HospitalLink.objects.select_for_update(of=("self",)).select_related("patient__study")
    for link in links.order_by("pk"):
        _reseal(link, old, new)
        counts[link.patient.study] = counts.get(link.patient.study, 0) + 1
    for study, count in counts.items():
        audit_record(
            actor=actor, action="hospital_number.reseal", target=study, study=study,
            changes={"resealed": [None, count]},
        )  # fmt: skip
    return sum(counts.values())


def _check_keys(old: str, new: str) -> None:
    if len(new) < SHORTEST_KEY:
        raise RuleViolationError(
            f"The new key has {len(new)} characters; use at least {SHORTEST_KEY}, such as the output of "
            "`openssl rand -base64 48`. Nothing was changed."
        )
    if old == new:
        raise RuleViolationError("The new key is the old one. Nothing was changed.")


def _reseal(link: HospitalLink, old: str, new: str) -> None:
    """One number; its hash must be the one that the old key gives, or something else was changed."""
    owner, code = str(link.patient.pk), f"{link.patient.study.slug}: {link.patient.code}"
    try:
        number = rules.unseal(link.sealed, secret=old, owner=owner)
    except SealError:
        raise RuleViolationError(
            f"The hospital number of {code} does not open with the old key. Nothing was changed; look for "
            "the key that was in use when it was entered."
        ) from None
    if rules.fingerprint(number, secret=old) != link.fingerprint:
        raise RuleViolationError(
            f"The hash of the hospital number of {code} is not that of its number. Nothing was changed; "
            "enter the number of this patient again, then repeat."
        )
    link.fingerprint = rules.fingerprint(number, secret=new)
    link.sealed = rules.seal(number, secret=new, owner=owner)
    link.save(update_fields=["fingerprint", "sealed", "updated_at"])
