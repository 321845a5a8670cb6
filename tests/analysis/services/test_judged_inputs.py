"""HONESTY G7: what is edited on the test side after a look is found from stored digests, by name."""

import pytest

from analysis.models import Evaluation
from analysis.reports.judged_edits import edits_of, export_banner, invalid_words
from analysis.runners.judge import judge_ensemble
from analysis.selectors import active_ensemble
from analysis.services.judged_inputs import BOXES, CLINICAL, LABEL, inputs_now
from studies.models import ClinicalRecord, Label
from studies.services.annotation import model_track_store
from tests.analysis.learning_study import done
from tests.factories import make_person, make_specimen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]
Cohort = Evaluation.Cohort


@pytest.fixture(scope="module")
def judged(trained):
    """The trained study after one look."""
    look(trained)
    return trained


def look(study) -> None:
    """Take a look through the job that counts it."""
    actor = make_person(study, "coordinator")
    job = done(study, "judge", judge_ensemble, actor=actor, reason="a look")
    assert job.status == "succeeded", job.message


def first_of(study, side: str = "test"):
    return study.patients.filter(membership__side=side).order_by("code").first()


def found(study) -> list[tuple[str, str, int, int | None]]:
    return [(edit.code, edit.part, edit.after, edit.before) for edit in edits_of(study).edits]


def move_boxes(patient) -> None:
    clip = patient.exams.get().clips.get()
    model_track_store(clip=clip, boxes=[(11, 10, 40, 40)] * clip.n_frames, confidences=None)


def test_a_look_stores_digests_of_every_test_patient(judged):
    row = active_ensemble(judged).evaluations.get(cohort=Cohort.TEST)
    members = judged.patients.filter(membership__side="test")
    assert set(row.inputs) == {str(pk) for pk in members.values_list("pk", flat=True)}
    assert all(len(digest) == 64 for parts in row.inputs.values() for digest in parts.values())
    assert row.inputs == inputs_now(judged)
    assert edits_of(judged).is_valid
    assert "INVALID" not in export_banner(judged)


@pytest.mark.parametrize("part", [BOXES, LABEL, CLINICAL])
def test_an_edit_of_a_test_patient_is_named(judged, part):
    patient = first_of(judged)
    if part == BOXES:
        move_boxes(patient)
    elif part == LABEL:
        Label.objects.filter(specimen__patient=patient).update(inputs_hash="a" * 64)
    else:  # past every service and time stamp: digests see it all the same
        ClinicalRecord.objects.filter(patient=patient).update(age_years=99)
    assert found(judged) == [(patient.code, part, 1, None)]
    assert not edits_of(judged).is_valid
    assert patient.code in export_banner(judged)


def test_what_comes_after_the_look_is_an_edit_too(judged):
    patient = first_of(judged)
    make_specimen(patient, "excision").labels.create(
        role="first"
    )  # an open excision hides the core's reading
    assert found(judged) == [(patient.code, LABEL, 1, None)]


def test_training_patients_may_be_edited(judged):
    patient = first_of(judged, "training")
    move_boxes(patient)
    ClinicalRecord.objects.filter(patient=patient).update(age_years=99)
    assert found(judged) == []


def test_signing_the_boxes_as_they_are_is_no_edit(judged):
    patient = first_of(judged)
    clip = patient.exams.get().clips.get()
    model_track_store(clip=clip, boxes=[(10, 10, 40, 40)] * clip.n_frames, confidences=None)
    assert found(judged) == []


def test_a_second_look_does_not_wash_an_edit_away(judged):
    patient = first_of(judged)
    ClinicalRecord.objects.filter(patient=patient).update(age_years=98)
    look(judged)
    assert found(judged) == [(patient.code, CLINICAL, 1, 2)]
    ClinicalRecord.objects.filter(patient=patient).update(age_years=97)
    assert found(judged) == [(patient.code, CLINICAL, 1, 2), (patient.code, CLINICAL, 2, None)]


def test_an_evaluation_without_digests_says_so_and_guesses_nothing(judged):
    Evaluation.objects.filter(cohort=Cohort.TEST).update(inputs={})
    ClinicalRecord.objects.filter(patient=first_of(judged)).update(age_years=99)
    assert edits_of(judged).edits == ()
    assert not edits_of(judged).known


def test_many_edits_are_counted_and_the_first_named(judged):
    ClinicalRecord.objects.filter(patient__study=judged).update(age_years=99)
    edits = edits_of(judged).edits
    assert len(edits) == judged.patients.filter(membership__side="test").count()
    words = invalid_words(edits, most=2)
    assert f"and {len(edits) - 2} more" in words
    assert edits[0].code in words
    assert edits[5].code not in words
    assert invalid_words(()) == ""
