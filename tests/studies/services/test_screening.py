"""Screening: rows that are only added to, what they come to, and who may train."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.models import AuditEvent, CriterionRow, Patient, Screening
from studies.rules.eligibility import CODES
from studies.services.eligibility_facts import facts_for, with_facts
from studies.services.recruitment import (
    eligible_patients,
    excluded_from,
    flow_of,
    is_screening,
    patients_in_box,
)
from studies.services.screening import (
    conclusion,
    criteria_record,
    criterion_decide,
    newest_rows,
    screening_bulk,
    screening_save,
    standings_for,
)
from tests.factories import (
    make_clip,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db
GOOD = {
    "ultrasound_on": date(2019, 3, 8), "surgery_on": date(2019, 3, 12), "suspected_lesion": True,
    "surgery_intended": True, "biopsied": False, "acquisition_compliant": True, "multifocal": False,
    "bilateral": False, "tissue": "invasive", "mass": True,
}  # fmt: skip
COMPLETE = {"age_years": 50, "menopause": 1, "size_cm": 2.5, "c_t": 2, "c_n": 0, "c_tnm": "IIA"}


def ready(site=None) -> Patient:
    """A patient with clinical values and a cine."""
    patient = make_patient(site or make_site(make_study()), **COMPLETE)
    make_clip(patient)
    return patient


def save(patient, note="", **values):
    return screening_save(actor=make_user(), patient=patient, values=values, note=note)


def facts(patient):
    return facts_for([with_facts(Patient.objects.filter(pk=patient.pk)).get()])[patient.pk]


def verdicts(patient) -> dict[str, str]:
    return {code: row.verdict for (_pk, code), row in newest_rows([patient]).items()}


def test_a_patient_by_the_protocol_is_included_and_every_row_says_who_when_and_why():
    patient = ready()
    screening = save(patient, note="Operation list of March.", **GOOD)
    assert (screening.decision, screening.reason, screening.reasons) == ("included", "", [])
    rows = CriterionRow.objects.filter(patient=patient)
    assert sorted(row.criterion for row in rows) == sorted(CODES)
    assert all(row.actor and row.created_at and row.note == "Operation list of March." for row in rows)
    timing = rows.get(criterion="inclusion_a")
    assert timing.sentence == "Days from ultrasound to surgery: 4; suspected lesion: yes."
    assert patient.exams.get().performed_on == date(2019, 3, 8)


def test_why_a_patient_is_excluded_is_one_row_with_its_evidence():
    patient = ready()
    values = GOOD | {"biopsied": True, "biopsy_on": date(2019, 3, 1), "multifocal": True}
    screening = save(patient, **values)
    assert (screening.decision, screening.reason) == ("excluded", "exclusion_a")
    assert screening.reasons == ["exclusion_a", "exclusion_d"]
    row = CriterionRow.objects.get(patient=patient, criterion="exclusion_a")
    assert row.sentence == "Biopsy on 2019-03-01, ultrasound on 2019-03-08."


def test_what_did_not_change_is_not_recorded_again():
    patient = ready()
    save(patient, **GOOD)
    before = CriterionRow.objects.count()
    assert save(patient, **GOOD).decision == "included"
    assert CriterionRow.objects.count() == before
    save(patient, mass=False)
    newest = CriterionRow.objects.filter(patient=patient, criterion="exclusion_f").order_by("number")
    assert [(row.number, row.verdict) for row in newest] == [(1, "not met"), (2, "met")]
    assert CriterionRow.objects.count() == before + 1


def test_a_fact_taken_back_leaves_the_criterion_open_again():
    patient = ready()
    save(patient, **GOOD)
    assert save(patient, mass=None).decision == "undecided"
    assert verdicts(patient)["exclusion_f"] == "not recorded"


def test_an_empty_field_is_missing_only_with_a_reason():
    patient = ready()
    record = patient.clinical
    record.c_t = None
    record.save()
    assert (facts(patient).missing_clinical, facts(patient).open_clinical) == (None, ("cT",))
    assert save(patient, **GOOD).decision == "undecided"
    assert {"inclusion_b", "exclusion_b"}.isdisjoint(verdicts(patient))
    record.missing_reasons = {"c_t": "never staged"}
    record.save()
    assert facts(patient).missing_clinical == ("cT",)
    assert save(patient, **GOOD).reasons == ["inclusion_b", "exclusion_b"]


def test_no_video_is_missing_only_when_somebody_says_that_none_will_come():
    patient = make_patient(make_site(make_study()), **COMPLETE)
    assert facts(patient).has_video is None
    assert save(patient, **GOOD).decision == "undecided"
    assert save(patient, video_missing=True).reasons == ["exclusion_b"]
    make_clip(patient)
    assert facts(patient).has_video is True


def test_pathology_and_biopsy_come_from_the_specimens_where_nobody_says_otherwise():
    patient = ready()
    core = make_specimen(patient, "core")
    core.taken_on, core.invasive = date(2019, 3, 1), False
    core.save()
    assert (facts(patient).pathology, facts(patient).biopsied) == ("non_invasive", True)
    assert facts(patient).biopsy == date(2019, 3, 1)
    make_specimen(patient, "excision")
    assert facts(patient).pathology == "invasive"
    save(patient, tissue="benign", biopsied=False)
    assert (facts(patient).pathology, facts(patient).biopsied, facts(patient).biopsy) == (
        "benign", False, None,
    )  # fmt: skip


def test_the_day_of_surgery_is_that_of_the_excision_until_somebody_enters_another():
    patient = ready()
    known = {name: value for name, value in GOOD.items() if name != "surgery_on"}
    assert save(patient, **known).decision == "undecided"
    excision = make_specimen(patient, "excision")
    excision.taken_on = date(2019, 3, 20)
    excision.save()
    assert save(patient).reasons == ["inclusion_a"]
    row = CriterionRow.objects.filter(patient=patient, criterion="inclusion_a").order_by("number").last()
    assert row.sentence == "Days from ultrasound to surgery: 12; suspected lesion: yes."
    assert save(patient, surgery_on=date(2019, 3, 12)).decision == "included"


def test_the_record_moving_on_is_shown_and_nobody_is_moved_by_it():
    patient = ready()
    save(patient, **GOOD)
    patient.clinical.missing_reasons, patient.clinical.c_n = {"c_n": "not staged"}, None
    patient.clinical.save()
    loaded = with_facts(Patient.objects.filter(pk=patient.pk)).get()
    behind = [s.derived.criterion.code for s in standings_for([loaded])[patient.pk] if s.is_behind]
    assert behind == ["inclusion_b", "exclusion_b"]
    assert Screening.objects.get().decision == "included"
    criteria_record(actor=make_user(), patient=patient, note="checked")
    assert Screening.objects.get().decision == "excluded"


def test_a_criterion_is_decided_by_hand_with_evidence_only_and_stays_until_its_facts_change():
    patient = ready()
    same_day = GOOD | {"biopsied": True, "biopsy_on": date(2019, 3, 8)}
    assert save(patient, **same_day).decision == "undecided"
    with pytest.raises(RuleViolationError, match="evidence"):
        criterion_decide(
            actor=make_user(), patient=patient, criterion="exclusion_a", verdict="not met", note="  "
        )
    row = criterion_decide(
        actor=make_user(), patient=patient, criterion="exclusion_a", verdict="not met",
        note="Ultrasound at 9:10, biopsy at 11:00.",
    )  # fmt: skip
    assert (row.basis, row.record_verdict) == ("decided", "not recorded")
    assert Screening.objects.get().decision == "included"
    save(patient, mass=True, multifocal=False)
    assert verdicts(patient)["exclusion_a"] == "not met"
    save(patient, biopsy_on=date(2019, 3, 1))
    assert verdicts(patient)["exclusion_a"] == "met"
    assert CriterionRow.objects.filter(patient=patient, criterion="exclusion_a").count() == 2


@pytest.mark.parametrize(("criterion", "verdict"), [("bad weather", "met"), ("exclusion_a", "perhaps")])
def test_only_criteria_and_verdicts_of_the_protocol(criterion, verdict):
    with pytest.raises(RuleViolationError, match="protocol"):
        criterion_decide(
            actor=make_user(), patient=ready(), criterion=criterion, verdict=verdict, note="because"
        )
    with pytest.raises(RuleViolationError, match="no facts"):
        save(ready(), decision="included")


def test_every_act_is_audited_with_old_and_new():
    patient = ready()
    save(patient, note="list", **GOOD)
    save(patient, note="second look", multifocal=True)
    event = AuditEvent.objects.filter(action="criterion.record").first()
    assert event.changes == {"exclusion_d": ["not met", "met"], "decision": ["included", "excluded"]}
    assert event.reason == "second look"
    facts_event = AuditEvent.objects.filter(action="screening.save").first()
    assert facts_event.changes == {"multifocal": [False, True]}


def test_many_patients_are_screened_together_or_nobody_is():
    site = make_site(make_study())
    patients = [ready(site) for _ in range(3)]
    for patient in patients[:2]:
        save(patient, **{name: value for name, value in GOOD.items() if name != "mass"})
    actor = make_user()
    done, changed = screening_bulk(actor=actor, patients=patients, values={"mass": True}, note="list")
    assert (done, changed) == (3, 2)
    decisions = [row.screening.decision for row in Patient.objects.order_by("code")]
    assert decisions == ["included", "included", "undecided"]
    seal(patients[1])
    with pytest.raises(RuleViolationError, match="sealed split"):
        screening_bulk(
            actor=actor, patients=Patient.objects.order_by("code"), values={"mass": False}, note=""
        )
    assert set(Screening.objects.values_list("mass", flat=True)) == {True}
    assert not CriterionRow.objects.filter(criterion="exclusion_f", verdict="met").exists()


def seal(patient) -> None:
    """Put the patient on the test side of a sealed split."""
    make_membership(patient, "test")
    study = patient.study
    study.sealed_at, study.seal_hash = patient.created_at, "a" * 64
    study.save()
    patient.refresh_from_db()


def test_after_the_seal_a_new_decision_on_a_member_needs_a_reason():
    patient = ready()
    save(patient, **GOOD)
    seal(patient)
    with pytest.raises(RuleViolationError, match="sealed split"):
        save(patient, multifocal=True)
    assert Screening.objects.get().decision == "included"
    assert save(patient, note="MRI found a second focus.", multifocal=True).decision == "excluded"
    assert excluded_from(patient.study) == {patient.pk: ("exclusion_d",)}


def test_a_study_that_never_screened_trains_on_everybody_else_on_the_included():
    site = make_site(make_study())
    patients = [ready(site) for _ in range(3)]
    assert set(eligible_patients(site.study)) == set(patients)
    assert not is_screening(site.study)
    save(patients[0], **GOOD)
    save(patients[1], **GOOD | {"mass": False})
    assert is_screening(site.study)
    assert list(eligible_patients(site.study)) == [patients[0]]


# what a coordinator may do to a patient, in any order
changes = st.one_of(
    st.tuples(
        st.just("facts"),
        st.dictionaries(
            st.sampled_from(["mass", "multifocal", "bilateral", "surgery_intended", "biopsied"]),
            st.none() | st.booleans(),
            min_size=1,
        ),
    ),
    st.tuples(
        st.just("hand"),
        st.tuples(st.sampled_from(CODES), st.sampled_from(["met", "not met", "not recorded"])),
    ),
    st.tuples(st.just("clinical"), st.sampled_from([None, 40, 60])),
)


@settings(max_examples=25, deadline=None)
@given(acts=st.lists(changes, max_size=6))
def test_no_sequence_of_acts_loses_an_earlier_row_and_the_decision_always_follows_from_the_newest(acts):
    patient = ready()
    user = make_user()
    screening_save(actor=user, patient=patient, values=GOOD)
    kept: dict[object, dict] = {}
    for kind, what in acts:
        if kind == "facts":
            screening_save(actor=user, patient=patient, values=what)
        elif kind == "hand":
            criterion_decide(actor=user, patient=patient, criterion=what[0], verdict=what[1], note="seen")
        else:
            patient.clinical.age_years = what
            patient.clinical.save()
            criteria_record(actor=user, patient=patient)
        rows = {row["id"]: row for row in CriterionRow.objects.filter(patient=patient).values()}
        assert kept.items() <= rows.items()
        kept = rows
        screening = Screening.objects.get(patient=patient)
        assert (screening.decision, screening.reasons) == conclusion(newest_rows([patient]), patient)
        assert screening.reason == next(iter(screening.reasons), "")
        told = AuditEvent.objects.filter(object_id=str(screening.pk), action__startswith="criterion.")
        assert told.first().changes["decision"][1] == screening.decision


states = st.lists(
    st.tuples(
        st.sampled_from(["none", "included", "undecided", "exclusion_a", "exclusion_f", "inclusion_c"]),
        st.sampled_from([None, "training", "test"]),
        st.sampled_from([None, "POSITIVE", "NEGATIVE", "INDETERMINATE"]),
    ),
    max_size=10,
)


@settings(max_examples=15, deadline=None)
@given(cohort=states)
def test_the_flow_of_stored_rows_always_sums_and_each_box_leads_to_its_patients(cohort):
    study = make_study()
    site = make_site(study)
    viewer = make_person(study, "coordinator")
    for state, side, call in cohort:
        patient = make_patient(site)
        stand(patient, state)
        if side:
            make_membership(patient, side)
        if call:
            make_label(patient, call)
    boxes = flow_of(study, viewer=viewer)
    by_key = {box.key: box for box in boxes}
    assert by_key["examined"].count == len(cohort)
    assert by_key["included"].count == sum(state == "included" for state, *_ in cohort)
    for parent in {box.parent for box in boxes} - {None}:
        parts = [patient for box in boxes if box.parent == parent for patient in box.patients]
        assert sorted(parts) == sorted(by_key[parent].patients)
    for box in boxes:
        found = patients_in_box(study, box.key, viewer=viewer)
        assert {str(patient.pk) for patient in found} == set(box.patients)


def stand(patient, state: str) -> None:
    if state in ("included", "undecided"):
        Screening.objects.create(patient=patient, decision=state)
    elif state != "none":
        Screening.objects.create(patient=patient, decision="excluded", reason=state, reasons=[state])


def keys(study, viewer) -> set[str]:
    return {box.key for box in flow_of(study, viewer=viewer)}


def test_the_flow_tells_nobody_labels_that_they_may_not_see():
    study = make_study()
    site = make_site(study)
    for side in ("training", "test"):
        patient = make_patient(site)
        stand(patient, "included")
        make_membership(patient, side)
        make_label(patient, "POSITIVE")
    study.sealed_at, study.seal_hash = site.created_at, "a" * 64
    study.save()
    everything = {"training_positive", "test_positive", "unassigned_positive"}
    for role, hidden in (
        ("coordinator", set()),
        ("clinician", set()),
        ("sonographer", everything),
        ("administrator", {"test_positive"}),
    ):
        shown = keys(study, make_person(study, role))
        assert everything - shown == hidden, role
    assert patients_in_box(study, "test_positive", viewer=make_person(study, "administrator")) is None
    study.all_looks.create(number=1, reason="first", seal_hash="a" * 64)
    assert everything <= keys(study, make_person(study, "administrator"))
    assert not everything & keys(study, make_person(study, "sonographer", "coordinator"))


def test_the_flow_ends_at_the_viewers_sites():
    study = make_study()
    near, far = make_site(study), make_site(study)
    for site in (near, near, far):
        stand(make_patient(site), "included")
    boxes = {box.key: box for box in flow_of(study, viewer=make_person(study, "coordinator", site=near))}
    assert (boxes["examined"].count, boxes["included"].count) == (2, 2)
