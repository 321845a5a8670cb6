"""Sides of the split, the seal, and counted looks."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from studies.errors import RuleViolationError
from studies.models import AuditEvent, Look, Membership, Study
from studies.services.membership import (
    look_take,
    membership_assign,
    seal_digest,
    study_freeze_base,
    study_seal,
)
from tests.factories import make_patient, make_site, make_study, make_user

pytestmark = pytest.mark.django_db
TRAINING, TEST = Membership.Side.TRAINING, Membership.Side.TEST


@pytest.fixture
def site():
    return make_site(make_study())


def assign(study, sides):
    return membership_assign(actor=None, study=study, sides=sides, rule="test")


def split(site):
    """Three patients on the training side, one on the test side."""
    patients = [make_patient(site) for _ in range(4)]
    assign(site.study, {p.pk: TEST if place == 0 else TRAINING for place, p in enumerate(patients)})
    return patients


def sealed(site) -> Study:
    split(site)
    return study_seal(actor=make_user(), study=site.study)


def test_a_patient_never_moves(site):
    patients = split(site)
    for side in (TRAINING, TEST):
        with pytest.raises(RuleViolationError, match="never moves"):
            assign(site.study, {patients[0].pk: side})
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(patient=patients[0], side=TRAINING, rule="by hand")


def test_one_wrong_patient_and_nothing_is_assigned(site):
    mine, theirs = make_patient(site), make_patient(make_site(make_study()))
    with pytest.raises(RuleViolationError, match="do not belong"):
        assign(site.study, {mine.pk: TRAINING, theirs.pk: TRAINING})
    assert not Membership.objects.exists()


def test_sealing_needs_both_sides_and_happens_once(site):
    user = make_user()
    with pytest.raises(RuleViolationError, match="no split yet"):
        study_seal(actor=user, study=site.study)
    assign(site.study, {make_patient(site).pk: TRAINING})
    with pytest.raises(RuleViolationError, match="no split yet"):
        study_seal(actor=user, study=site.study)
    assign(site.study, {make_patient(site).pk: TEST})
    study = study_seal(actor=user, study=site.study)
    assert study.seal_hash == seal_digest(study)
    with pytest.raises(RuleViolationError, match="sealed already"):
        study_seal(actor=user, study=study)


def test_after_the_seal_new_patients_join_the_training_side_only_and_the_hash_holds(site):
    stale = Study.objects.get(pk=site.study.pk)
    study = sealed(site)
    newcomer = make_patient(site)
    for seen in (study, stale):  # a page that was opened before the seal must not get round it
        with pytest.raises(RuleViolationError, match="sealed"):
            assign(seen, {newcomer.pk: TEST})
    assign(study, {newcomer.pk: TRAINING})
    assert seal_digest(Study.objects.get(pk=study.pk)) == study.seal_hash
    assert look_take(actor=make_user(), study=study, reason="first").number == 1


@pytest.mark.parametrize("change", ["seed", "side", "member"])
def test_a_look_is_refused_when_the_split_differs_from_what_was_sealed(site, change):
    study = sealed(site)
    if change == "seed":
        Study.objects.filter(pk=study.pk).update(split_seed=study.split_seed + 1)
    elif change == "side":
        member = Membership.objects.filter(patient__study=study, side=TRAINING).first()
        _rewrite(member, side=TEST)
    else:
        member = Membership(patient=make_patient(site), side=TEST, rule="by hand")
        member.save(force_insert=True)
        _rewrite(member, created_at=timezone.now() - timedelta(days=1))
    with pytest.raises(RuleViolationError, match="differs from what was sealed"):
        look_take(actor=None, study=study, reason="curious")
    assert not Look.objects.exists()


def _rewrite(member, **values):
    """Write past the triggers, as somebody with the database's password could."""
    verb = "DROP TRIGGER studies_membership_no_update"
    with connection.cursor() as cursor:
        cursor.execute(verb + (" ON studies_membership" if connection.vendor == "postgresql" else ""))
    for name, value in values.items():
        setattr(member, name, value)
    member.save(force_update=True)


def test_looks_are_counted_need_a_reason_and_a_seal(site):
    with pytest.raises(RuleViolationError, match="Seal the split"):
        look_take(actor=None, study=site.study, reason="first")
    study = sealed(site)
    with pytest.raises(RuleViolationError, match="Say why"):
        look_take(actor=None, study=study, reason="  ")
    user = make_user()
    assert [look_take(actor=user, study=study, reason=f"look {n}").number for n in (1, 2)] == [1, 2]
    event = AuditEvent.objects.filter(action="look.take").first()
    assert (event.actor, event.reason, event.changes) == (user, "look 2", {"number": [1, 2]})


def test_the_base_is_frozen_until_the_seal(site):
    base = {"time_base": "hz", "spacing_base": "mm", "fmax": 10.0}
    study = study_freeze_base(actor=None, study=site.study, base=base)
    assert study.feature_base == base
    with pytest.raises(RuleViolationError, match="units no longer change"):
        study_freeze_base(actor=None, study=sealed(site), base={})
