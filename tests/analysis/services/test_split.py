"""Drawing the split from rows: stratified, linked patients together, units frozen, once."""

import pytest

from analysis.models import Job
from analysis.services.links import linked_patients
from analysis.services.split import common_base, newcomers_join, study_split
from studies.errors import RuleViolationError
from studies.models import AuditEvent, Membership, Patient
from studies.permissions import can_view_labels
from studies.selectors import audit_in_reach, labelled_patients_in_reach
from studies.services.hospital_numbers import hospital_number_set
from studies.services.membership import (
    NEW_PATIENT_RULE,
    TEMPORAL_RULE,
    look_take,
    membership_assign,
    newcomer_rule_set,
    seal_digest,
    study_seal,
)
from tests.factories import make_clip, make_label, make_patient, make_person, make_site, make_study, make_user

pytestmark = pytest.mark.django_db


def cohort(n_positive: int, n_negative: int, **study):
    """A site whose patients have a signed label."""
    site = make_site(make_study(**study))
    for number in range(n_positive + n_negative):
        make_label(make_patient(site, f"P{number:03d}"), "POSITIVE" if number < n_positive else "NEGATIVE")
    return site


def split(site) -> int:
    return study_split(actor=make_user(), study=site.study)


def counted(study) -> dict[tuple[str, str], int]:
    """(call, side) -> patients."""
    found: dict[tuple[str, str], int] = {}
    for member in Membership.objects.filter(patient__study=study):
        call = member.patient.specimens.get().labels.get().call
        found[call, member.side] = found.get((call, member.side), 0) + 1
    return found


def test_a_fifth_of_each_class_rounded_down_is_tested():
    site = cohort(14, 31)
    assert split(site) == 45
    assert counted(site.study) == {
        ("POSITIVE", "test"): 2, ("POSITIVE", "training"): 12,
        ("NEGATIVE", "test"): 6, ("NEGATIVE", "training"): 25,
    }  # fmt: skip
    assert set(Membership.objects.values_list("rule", flat=True)) == {
        "stratified 4:1 by outcome, seed 2023, linked patients together"
    }


def test_patients_without_a_final_label_have_no_side():
    site = cohort(5, 5)
    left = make_patient(site)
    split(site)
    assert not Membership.objects.filter(patient=left).exists()


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_entry():
    first, second, other = cohort(10, 10), cohort(0, 0), cohort(10, 10, split_seed=7)
    for number in reversed(range(20)):
        make_label(make_patient(second, f"P{number:03d}"), "POSITIVE" if number < 10 else "NEGATIVE")
    sides = []
    for site in (first, second, other):
        split(site)
        sides.append(dict(site.study.patients.values_list("code", "membership__side")))
    assert sides[0] == sides[1] != sides[2]


def test_patients_who_share_a_file_or_look_alike_clips_are_on_one_side():
    site = cohort(10, 10)
    patients = list(Patient.objects.order_by("code"))
    for patient in patients:
        make_clip(patient)
    groups = [patients[0:3], patients[10:13], patients[4:6]]
    for patient in groups[0]:
        make_clip(patient, source_sha256="a" * 64)
    for patient in groups[1]:
        make_clip(patient, perceptual_hash="beef")
    make_clip(groups[2][0], source_sha256="b" * 64)
    make_clip(groups[2][0], perceptual_hash="cafe")
    make_clip(groups[2][1], perceptual_hash="cafe")
    links = linked_patients(site.study)
    assert len(set(links.values())) == 20 - 2 - 2 - 1
    split(site)
    for group in groups:
        assert len({patient.membership.side for patient in group}) == 1
        assert len({links[patient.pk] for patient in group}) == 1


def test_a_chain_of_links_is_one_group():
    site = cohort(2, 2)
    a, b, c, d = Patient.objects.order_by("code")
    make_clip(a, source_sha256="a" * 64)
    make_clip(b, source_sha256="a" * 64, perceptual_hash="f0")
    make_clip(c, perceptual_hash="f0")
    make_clip(d, perceptual_hash="")
    links = linked_patients(site.study)
    assert links[a.pk] == links[b.pk] == links[c.pk] != links[d.pk]


def test_the_units_are_frozen_from_training_clips_only():
    site = cohort(5, 5)
    for patient in Patient.objects.all():
        make_clip(patient, fps=20.0, spacing_row_mm=0.1, spacing_column_mm=0.1)
    split(site)
    site.study.refresh_from_db()
    assert site.study.feature_base == {"time_base": "hz", "spacing_base": "mm", "fmax": 10.0}
    assert AuditEvent.objects.filter(action="study.freeze_base").count() == 1
    assert Job.objects.filter(kind="describe", status="queued").count() == 10


def test_newcomers_follow_the_rule_that_the_seal_fixed():
    for rule, sides in (
        ("training", [("training", NEW_PATIENT_RULE)]),
        ("temporal", [("temporal", TEMPORAL_RULE)]),
        ("wait", []),
    ):
        site = cohort(5, 5)
        study = newcomer_rule_set(actor=make_user(), study=site.study, rule=rule)
        study_split(actor=make_user(), study=study)
        study = study_seal(actor=make_user(), study=study)
        with pytest.raises(RuleViolationError, match="no longer changes"):
            newcomer_rule_set(actor=make_user(), study=study, rule="training")
        late = make_patient(site, "LATE")
        make_label(late, "POSITIVE")
        assert newcomers_join(actor=None, study=study) == len(sides)
        members = Membership.objects.filter(patient=late)
        assert list(members.values_list("side", "rule")) == sides
        assert newcomers_join(actor=None, study=study) == 0, "nobody joins twice"
        assert seal_digest(study) == study.seal_hash


def test_a_newcomer_who_is_a_test_patient_under_another_code_gets_no_side():
    site = cohort(5, 5)
    study_split(actor=make_user(), study=site.study)
    study = study_seal(actor=make_user(), study=site.study)
    tested = Patient.objects.filter(membership__side="test").first()
    hospital_number_set(actor=None, patient=tested, number="A-100234")
    again, new = make_patient(site, "AGAIN"), make_patient(site, "NEW")
    hospital_number_set(actor=None, patient=again, number="a-100 234")
    for patient in (again, new):
        make_label(patient, "NEGATIVE")
    assert newcomers_join(actor=None, study=study) == 1
    assert not hasattr(Patient.objects.get(pk=again.pk), "membership")


def test_the_temporal_test_takes_nobody_who_is_linked_to_training_and_tells_trainers_nothing():
    site = cohort(5, 5)
    study = newcomer_rule_set(actor=make_user(), study=site.study, rule="temporal")
    study_split(actor=make_user(), study=study)
    study = study_seal(actor=make_user(), study=study)
    trained = Patient.objects.filter(membership__side="training").first()
    hospital_number_set(actor=None, patient=trained, number="A-100234")
    again, new = make_patient(site, "AGAIN"), make_patient(site, "NEW")
    hospital_number_set(actor=None, patient=again, number="a-100 234")
    for patient in (again, new):
        make_label(patient, "NEGATIVE")
    assert newcomers_join(actor=None, study=study) == 1
    assert not hasattr(Patient.objects.get(pk=again.pk), "membership")
    trainer = make_person(study, "administrator")
    look_take(actor=make_person(study, "coordinator"), study=study, reason="judging")
    new = Patient.objects.select_related("study", "site", "membership").get(pk=new.pk)
    assert not can_view_labels(trainer, new), "a look at the test side does not open the temporal test"
    seen = labelled_patients_in_reach(viewer=trainer)
    assert not seen.filter(pk=new.pk).exists()
    assert seen.filter(membership__side="test").exists()
    assert not audit_in_reach(viewer=trainer).filter(action__startswith="label.").exists()


@pytest.mark.parametrize("rule", ["training", "temporal", "wait"])
def test_by_no_rule_does_anybody_join_the_sealed_test_side(rule):
    site = cohort(5, 5)
    study = newcomer_rule_set(actor=make_user(), study=site.study, rule=rule)
    late = make_patient(site, "LATE")
    with pytest.raises(RuleViolationError, match="nobody can be on the temporal test"):
        membership_assign(actor=None, study=study, sides={late.pk: "temporal"}, rule="by hand")
    study_split(actor=make_user(), study=study)
    study = study_seal(actor=make_user(), study=study)
    for side in {"training", "test", "temporal"} - {rule}:
        with pytest.raises(RuleViolationError, match="only go where the study's stored rule says"):
            membership_assign(actor=None, study=study, sides={late.pk: side}, rule="by hand")


@pytest.mark.parametrize(
    ("clips", "base"),
    [
        ([{"fps": 20.0}, {"fps": 30.0}], {"time_base": "hz", "spacing_base": "px", "fmax": 10.0}),
        ([{"fps": 20.0}, {"fps": None}], {"time_base": "cycles", "spacing_base": "px", "fmax": None}),
        ([], {"time_base": "cycles", "spacing_base": "px", "fmax": None}),
    ],
)
def test_one_clip_without_timing_puts_all_on_cycles(clips, base):
    patient = make_patient(make_site(make_study()))
    assert common_base([*(make_clip(patient, **values) for values in clips), None]) == base


def test_a_split_is_drawn_once_and_needs_labels():
    few = cohort(1, 5)
    with pytest.raises(RuleViolationError, match="6 patients with a final HER2 label"):
        split(few)
    assert not Membership.objects.exists()
    site = cohort(5, 5)
    split(site)
    with pytest.raises(RuleViolationError, match="drawn already"):
        split(site)


def test_a_split_that_fails_at_the_end_leaves_no_trace(monkeypatch):
    site = cohort(5, 5)
    make_clip(Patient.objects.first())

    def crash(**values):
        raise OSError("the disk is full")

    monkeypatch.setattr("analysis.services.split.job_enqueue", crash)
    with pytest.raises(OSError, match="disk is full"):
        split(site)
    site.study.refresh_from_db()
    assert (site.study.feature_base, Membership.objects.count()) == ({}, 0)
