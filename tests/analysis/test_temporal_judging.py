"""The temporal test is judged in looks of its own, at what was frozen before: rows in, rows out, no leak."""

import numpy as np
import pytest

from analysis.models import Evaluation, Job, Supplement
from analysis.pipeline.errors import CancelledError, LeakageError
from analysis.reports.judged_edits import edits_of, export_banner, invalid_words
from analysis.runners import learn as learning
from analysis.runners.cohort import cases_of, learning_cohort
from analysis.runners.judge import judge_ensemble
from analysis.runners.judge_temporal import judge_temporal_test
from analysis.selectors import active_ensemble
from studies.errors import RuleViolationError
from studies.models import AuditEvent, ClinicalRecord, Look, Patient
from studies.permissions import can_view_labels
from studies.services.membership import look_take
from tests.analysis.learning_study import columns, done, features_stored
from tests.factories import make_label, make_membership, make_patient, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]
Cohort = Evaluation.Cohort


def joined(study, n: int, *, first: int = 0) -> list[Patient]:
    """Described and labelled patients on the temporal test, every third one HER2-positive."""
    rng, site, found = np.random.default_rng(50 + first), study.sites.first(), []
    for number in range(first, first + n):
        patient = make_patient(site, f"T{number:03d}", age_years=40 + number, size_cm=2.0, c_t=1, c_n=0)
        make_label(patient, "NEGATIVE" if number % 3 else "POSITIVE", kind="excision")
        features_stored(patient, columns(rng, number % 3 == 0, 1.3))
        make_membership(patient, "temporal")
        found.append(patient)
    return found


def look(study, reason: str = "later patients") -> Job:
    actor = make_person(study, "coordinator")
    return done(study, Job.Kind.JUDGE_TEMPORAL, judge_temporal_test, actor=actor, reason=reason)


def test_a_look_judges_exactly_its_patients_at_the_frozen_cutoffs_and_opens_nothing_else(trained):
    patients, version = joined(trained, 9), active_ensemble(trained)
    before = version.digest, version.snapshot_digest, version.summary
    job = look(trained)
    assert job.status == Job.Status.SUCCEEDED, job.message
    assert job.message == "Look 1 at the temporal test: 9 patients judged, 0 left out."
    row = version.evaluations.get(cohort=Cohort.TEMPORAL)
    assert (row.look.side, row.look.number, row.look.reason) == ("temporal", 1, "later patients")
    assert set(row.predictions["patients"]) == {str(patient.pk) for patient in patients} == set(row.inputs)
    assert (row.n_positive, row.n_negative) == (3, 6)
    stored = row.results["evaluations"]
    assert {name: figures["cutoff"] for name, figures in stored.items()} == version.summary["cutoffs"]
    assert {figures["cohort"] for figures in stored.values()} == {"temporal"}
    version.refresh_from_db()
    assert (version.digest, version.snapshot_digest, version.summary) == before
    assert not version.evaluations.filter(cohort=Cohort.TEST).exists()
    assert not Supplement.objects.filter(cohort=Cohort.TEMPORAL).exists()
    assert AuditEvent.objects.filter(study=trained, action="look.temporal", reason="later patients").exists()


def test_the_two_counters_do_not_know_each_other_and_labels_stay_closed_to_trainers(trained):
    new, trainer = joined(trained, 6)[0], make_person(trained, "administrator")
    assert look(trained).result["look"] == 1
    tested = trained.patients.filter(membership__side="test").first()
    assert not trained.looks.exists()
    for patient in (tested, Patient.objects.get(pk=new.pk)):
        assert not can_view_labels(trainer, patient), patient.code
    actor = make_person(trained, "coordinator")
    judged = done(trained, Job.Kind.JUDGE, judge_ensemble, actor=actor, reason="the test side")
    assert judged.result["look"] == 1
    assert look(trained).result["look"] == 2
    assert can_view_labels(trainer, Patient.objects.get(pk=tested.pk))
    assert not can_view_labels(trainer, Patient.objects.get(pk=new.pk))


def test_too_few_patients_or_no_reason_count_no_look(trained):
    joined(trained, 3)
    job = look(trained)
    assert job.status == Job.Status.FAILED
    assert "3 patients of the temporal test can be judged" in job.message
    joined(trained, 4, first=3)
    job = look(trained, reason=" ")
    assert job.status == Job.Status.FAILED
    assert "Say why the temporal test is looked at" in job.message
    with pytest.raises(ValueError, match="held out"):
        look_take(actor=make_person(trained, "coordinator"), study=trained, reason="x", side="training")
    with pytest.raises(RuleViolationError, match="Say why the test side"):
        look_take(actor=make_person(trained, "coordinator"), study=trained, reason="")
    assert not Look.objects.filter(study=trained).exists()


def test_an_edit_after_a_look_is_named_and_who_joins_later_is_none(trained):
    patients = joined(trained, 6)
    look(trained)
    joined(trained, 3, first=6)
    assert edits_of(trained, Cohort.TEMPORAL).is_valid
    ClinicalRecord.objects.filter(patient=patients[1]).update(c_n=2)
    edits = edits_of(trained, Cohort.TEMPORAL).edits
    assert [(edit.code, edit.part, edit.after) for edit in edits] == [(patients[1].code, "clinical", 1)]
    assert edits_of(trained).is_valid
    assert invalid_words(edits, cohort=Cohort.TEMPORAL) in export_banner(trained)
    look(trained)
    assert [edit.before for edit in edits_of(trained, Cohort.TEMPORAL).edits] == [2]


def test_training_again_reads_nobody_of_the_temporal_test_and_guards_against_them(trained, monkeypatch):
    patients, seen = joined(trained, 6), {}

    def captured(cohort, _parameters, *, guard, **_more):
        seen.update(cohort=cohort, guard=guard)
        raise CancelledError

    monkeypatch.setattr(learning, "learn", captured)
    done(trained, Job.Kind.LEARN, learning.learn_ensemble)
    assert not {str(patient.pk) for patient in patients} & set(seen["cohort"].patients)
    temporal = learning_cohort(trained, cases_of(trained, "temporal")[0])
    with pytest.raises(LeakageError):
        seen["guard"].require_absent(temporal, "the training set")
