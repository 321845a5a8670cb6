"""The page of one prediction: words, curves, what would change it, similar cases, and who may see what."""

import pytest

from analysis.models import Prediction
from studies.models import Patient
from tests.factories import logged_in, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]


def page(patient: Patient, person, address: str = "explanation"):
    """The page as this person sees it."""
    return logged_in(person).get(f"/patients/{patient.pk}/{address}/")


def test_the_page_says_why_and_what_would_change_it(trained):
    patient = trained.patients.filter(membership__side="test").first()
    row = Prediction.objects.get(patient=patient)
    answer = page(patient, make_person(trained, "clinician"))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert f"{row.probability:.2f}" in text
    assert "of this lesion" in text
    assert "of training patients" in text
    assert "show=" in text
    assert 'id="driving-curves"' in text
    assert answer.context["changes"]
    for change in answer.context["changes"]:
        assert change.score == pytest.approx(row.parts["score"] + change.moved)
        assert change.flips == ((row.parts["score"] >= row.cutoff) != (change.score >= row.cutoff))
    assert len(answer.context["cases"]) == 5
    sides = {case.patient.membership.side for case in answer.context["cases"]}
    assert sides == {"training"}
    assert all(case.clip is not None for case in answer.context["cases"])
    assert answer.context["methods"]


def test_a_training_patient_is_predicted_while_held_out(trained):
    patient = trained.patients.filter(membership__side="training").first()
    answer = page(patient, make_person(trained, "clinician"))
    assert "held out" in answer.content.decode()
    assert patient.pk not in {case.patient.pk for case in answer.context["cases"]}


def test_the_page_is_not_for_the_blinded(trained):
    patient = trained.patients.first()
    for roles in (("sonographer",), ("pathologist",), ("sonographer", "clinician")):
        assert page(patient, make_person(trained, *roles)).status_code == 403


def test_administrators_see_no_label_of_a_sealed_side(trained):
    """Nearest cases are training patients, whose labels a trainer may see."""
    patient = trained.patients.filter(membership__side="test").first()
    answer = page(patient, make_person(trained, "administrator"))
    assert {case.patient.membership.side for case in answer.context["cases"]} == {"training"}


def test_changed_values_make_it_stale(trained):
    patient = trained.patients.filter(membership__side="test").first()
    clinician = make_person(trained, "clinician")
    assert not page(patient, clinician).context["is_stale"]
    patient.clinical.age_years += 1
    patient.clinical.save()
    assert page(patient, clinician).context["is_stale"]
    assert "stale" in page(patient, clinician, "prediction").content.decode()


def test_a_patient_without_a_prediction_gets_a_sentence(trained):
    patient = trained.patients.first()
    Prediction.objects.filter(patient=patient).delete()
    answer = page(patient, make_person(trained, "clinician"))
    assert "No prediction for this patient yet" in answer.content.decode()


def test_a_prediction_from_before_the_changes_still_opens(trained):
    row = Prediction.objects.first()
    row.parts = {name: value for name, value in row.parts.items() if name != "changes"}
    row.contributions = [{"name": "age", "log_odds": 0.2, "value": 1.0, "method": "x", "branch": "clinical"}]
    row.save()
    answer = page(row.patient, make_person(trained, "clinician"))
    assert "made before such changes were stored" in answer.content.decode()
