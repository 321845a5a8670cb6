"""Lesions, visits and clinical values of a patient: entered and corrected, and no earlier value is lost."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.models import AuditEvent, ClinicalRecord
from studies.services.audit import audit_first_broken
from studies.services.cohort import clinical_save, exam_create
from studies.services.completeness import missing_reason_set
from studies.services.imports import import_apply, import_check, import_create
from studies.services.parts import exam_save, lesion_create, lesion_save
from tests.factories import (
    make_patient,
    make_person,
    make_query,
    make_site,
    make_study,
)
from tests.studies.test_pages import text_of

pytestmark = pytest.mark.django_db


def test_a_second_lesion_and_a_second_visit_are_added_and_corrected(world, coordinator):
    patient = world.patient
    coordinator.post(reverse("lesion-create", args=[patient.pk]), {"laterality": "R", "clock_position": "10"})
    coordinator.post(
        reverse("exam-create", args=[patient.pk]), {"phase": "neoadjuvant", "performed_on": "2020-05-01"}
    )
    lesion, exam = patient.lesions.get(number=2), patient.exams.get(number=2)
    assert (lesion.laterality, lesion.clock_position, str(exam.performed_on)) == ("R", 10, "2020-05-01")
    coordinator.post(
        reverse("exam", args=[exam.pk]),
        {"phase": "before_surgery", "performed_on": "2020-05-02", "reason": "Wrong visit."},
    )
    event = AuditEvent.objects.filter(action="exam.save").latest("sequence")
    assert event.changes == {
        "phase": ["neoadjuvant", "before_surgery"], "performed_on": ["2020-05-01", "2020-05-02"],
    }  # fmt: skip
    assert event.reason == "Wrong visit."
    text = text_of(coordinator.get(reverse("patient", args=[patient.pk])))
    assert "Lesion 2 right, 10 o’clock" in text
    assert "Visit 2 before surgery, 2020-05-02" in text


def test_what_cannot_be_is_refused_and_stays_typed(world, coordinator):
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    page = reverse("exam", args=[world.patient.exams.get().pk])
    answer = coordinator.post(page, {"phase": "baseline", "performed_on": tomorrow})
    assert "lies in the future" in text_of(answer)
    assert tomorrow in answer.content.decode()
    lesion = reverse("lesion", args=[world.patient.lesions.get().pk])
    assert 'value="13"' in coordinator.post(lesion, {"clock_position": "13"}).content.decode()
    with pytest.raises(RuleViolationError, match="future"):
        exam_create(
            actor=None, patient=world.patient, phase="baseline", performed_on=date.fromisoformat(tomorrow)
        )


def test_a_corrected_lesion_settles_what_an_import_asked(world):
    actor = world.people["coordinator"]
    query = make_query(world.patient, "laterality", subject="lesion", source="import")
    lesion_save(actor=actor, lesion=world.patient.lesions.get(), values={"laterality": "L"})
    query.refresh_from_db()
    assert query.status == "closed"


def test_the_form_shows_unit_and_range_and_keeps_why_a_field_is_empty(world, coordinator):
    path = reverse("clinical-edit", args=[world.patient.pk])
    text = text_of(coordinator.get(path))
    assert "18 to 110" in text
    assert "0.1 to 20 cm" in text
    values = {"age_years": "51", "missing_age_years": "unknown", "missing_grade": "not evaluated"}
    coordinator.post(path, values | {"missing_c_t": "made up"})
    record = ClinicalRecord.objects.get(patient=world.patient)
    assert record.missing_reasons == {"grade": "not evaluated"}, "a value needs no reason"
    assert 'value="not evaluated" selected' in coordinator.get(path).content.decode()


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "age_years": st.sampled_from([None, 18, 51, 110, 300]),
        "c_t": st.sampled_from([None, 1, 2, 9]),
        "histology": st.sampled_from(["", "NST", "=1+1", "x" * 101]),
        "kept_warnings": st.sampled_from([{}, {"stage_differs": "so"}]),
    },
)
WAYS = ("form", "table", "reason", "refused")


@settings(max_examples=40, deadline=None)
@given(edits=st.lists(st.tuples(st.sampled_from(WAYS), VALUES), min_size=1, max_size=7))
def test_no_sequence_of_edits_loses_an_earlier_value(edits):
    """By form, by table and in bulk, accepted or refused: the trail replays to what is stored."""
    site = make_site(make_study(), "s1")
    actor, patient = make_person(site.study, "coordinator"), make_patient(site, "P1")
    seen: dict[str, list[object]] = {}
    for way, values in edits:
        _edit(way, values, actor, patient)
        record = ClinicalRecord.objects.get(patient=patient)
        for name in ("age_years", "c_t", "histology", "missing_reasons", "kept_warnings"):
            value = getattr(record, name)
            if (seen.setdefault(name, [_first(name)]))[-1] != value:
                seen[name].append(value)
    replayed: dict[str, list[object]] = {name: [_first(name)] for name in seen}
    events = AuditEvent.objects.filter(object_id=str(record.pk), action="clinical.save").order_by("sequence")
    for event in events:
        for name, (old, new) in event.changes.items():
            if name in replayed:
                assert replayed[name][-1] == old, "each event starts where the one before ended"
                replayed[name].append(new)
    for name, values in seen.items():
        assert [value for value in values if value not in replayed[name]] == []
        assert replayed[name][-1] == values[-1]
    assert audit_first_broken() is None


def _first(name: str) -> object:
    return {"histology": "", "missing_reasons": {}, "kept_warnings": {}}.get(name)


def _edit(way: str, values: dict[str, object], actor, patient) -> None:
    try:
        if way == "form":
            clinical_save(actor=actor, patient=patient, values=values)
        elif way == "reason":
            fresh = type(patient).objects.select_related("clinical").get(pk=patient.pk)
            missing_reason_set(actor=actor, patients=[fresh], field="grade", reason="unknown")
        else:
            age = values.get("age_years") or ""
            content = f"patient,age,histology\nP1,{age},{values.get('histology', '')}\n".encode()
            row = import_create(actor=actor, study=patient.study, content=content)
            if way == "refused":
                row.on_conflict = "ask"
                row.save()
            import_check(row=row)
            import_apply(actor=actor, row=row)
    except (RuleViolationError, ValidationError):
        return  # what is refused changes nothing, and the test looks whether that is so


def test_a_lesion_is_numbered_after_the_last(world):
    first = lesion_create(
        actor=world.people["coordinator"], patient=world.patient, values={"laterality": "L"}
    )
    second = lesion_create(actor=world.people["coordinator"], patient=world.patient, values={})
    assert (first.number, second.number) == (2, 3)
    exam_save(actor=None, exam=world.patient.exams.get(), values={})
    assert not AuditEvent.objects.filter(action="exam.save").exists(), "nothing changed, nothing to tell"
