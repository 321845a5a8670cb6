"""HONESTY G10: ultrasound, surgery and label follow each other, or the patient is named and kept out."""

from datetime import UTC, date, datetime

import pytest

from analysis.runners.cohort import cases_of
from studies.models import Membership, Screening
from studies.services.course_dates import order_broken, surgery_day
from tests.analysis.learning_study import learning_study
from tests.factories import make_clip, make_label, make_patient, make_site, make_study

pytestmark = pytest.mark.django_db
US, SURGERY, SIGNED = date(2024, 3, 1), date(2024, 3, 5), date(2024, 3, 9)


def course(*, us=US, surgery=SURGERY, signed=SIGNED, kind="excision"):
    """A patient with an ultrasound, a specimen taken at surgery, and a signed reading of it."""
    patient = make_patient(make_site(make_study()))
    clip = make_clip(patient)
    clip.exam.performed_on = us
    label = make_label(patient, "POSITIVE", kind=kind)
    label.specimen.taken_on = surgery
    label.specimen.save()
    label.locked_at = datetime(signed.year, signed.month, signed.day, 12, tzinfo=UTC)
    return patient, clip, label


def codes(*found) -> list[str]:
    return [notice.code for notice in order_broken(*found)]


def test_dates_in_order_or_on_one_day_break_nothing():
    assert codes(*course()) == []
    assert codes(*course(us=US, surgery=US, signed=US)) == []


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ({"us": date(2024, 3, 6)}, "ultrasound_after_surgery"),
        ({"signed": date(2024, 3, 4)}, "label_before_surgery"),
        ({"us": date(2024, 3, 10), "surgery": None}, "label_before_ultrasound"),
    ],
)
def test_each_break_is_named(dates, code):
    assert codes(*course(**dates)) == [code]


def test_what_is_not_recorded_breaks_nothing():
    patient, clip, _label = course(us=None, surgery=None)
    assert codes(patient, clip, None) == []


def test_the_reading_of_a_core_may_come_before_the_surgery():
    patient, clip, label = course(surgery=None, kind="core")
    Screening.objects.create(patient=patient, surgery_on=date(2024, 4, 1))
    assert surgery_day(patient) == date(2024, 4, 1)
    assert codes(patient, clip, label) == []


def test_a_planted_break_keeps_the_patient_out_of_learning_by_name():
    study = learning_study(12)
    patient = study.patients.filter(membership__side="training").order_by("code").first()
    before, _ = cases_of(study, Membership.Side.TRAINING)
    assert patient in [case.patient for case in before]
    exam = patient.exams.get()
    exam.performed_on = date(2024, 5, 2)
    exam.save()
    Screening.objects.create(patient=patient, surgery_on=date(2024, 5, 1))
    cases, left_out = cases_of(study, Membership.Side.TRAINING)
    assert patient not in [case.patient for case in cases]
    assert left_out[patient.code] == "dates out of order: The ultrasound lies after the surgery."
    assert len(cases) == len(before) - 1
