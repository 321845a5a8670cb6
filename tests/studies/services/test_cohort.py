"""Writes of the cohort: what goes in, what is refused, and that no earlier value is ever lost."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.models import AuditEvent, Patient, RoleGrant
from studies.permissions import roles_in
from studies.services.cohort import (
    clinical_save,
    exam_create,
    grant_create,
    grant_revoke,
    index_clip_choose,
    patient_create,
    site_create,
    study_create,
)
from tests.factories import make_clip, make_patient, make_person, make_site, make_study, make_user

pytestmark = pytest.mark.django_db


def test_whoever_opens_a_study_coordinates_it():
    user = make_user()
    study = study_create(actor=user, slug="new", title="New")
    assert roles_in(user, study) == {"coordinator"}
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"study.create", "grant.create"}


@pytest.mark.parametrize("slug", ["", "has space", "Ünï", "a" * 51])
def test_a_short_name_that_no_address_can_carry_is_refused(slug):
    with pytest.raises(ValidationError) as caught:
        study_create(actor=make_user(), slug=slug, title="New")
    assert set(caught.value.message_dict) == {"slug"}
    assert not AuditEvent.objects.exists()


def test_a_patient_comes_with_exam_lesion_and_clinical_record():
    site = make_site(make_study())
    patient = patient_create(actor=None, study=site.study, site=site, code="P-1")
    assert [patient.exams.count(), patient.lesions.count(), patient.clinical.age_years] == [1, 1, None]


def test_codes_are_unique_in_a_study_and_free_in_another():
    site, other = make_site(make_study()), make_site(make_study())
    patient_create(actor=None, study=site.study, site=site, code="P-1")
    patient_create(actor=None, study=other.study, site=other, code="P-1")
    with pytest.raises(ValidationError):
        patient_create(actor=None, study=site.study, site=site, code="P-1")
    assert Patient.objects.count() == 2


def test_a_site_of_another_study_is_refused():
    site, other = make_site(make_study()), make_site(make_study())
    with pytest.raises(RuleViolationError, match="another study"):
        patient_create(actor=None, study=other.study, site=site, code="P-1")
    with pytest.raises(RuleViolationError, match="another study"):
        grant_create(actor=None, user=make_user(), role="clinician", study=other.study, site=site)


def test_a_role_is_granted_once_and_taken_away_with_a_reason():
    study, actor, user = make_study(), make_user(), make_user()
    grant = grant_create(actor=actor, user=user, role="clinician", study=study)
    with pytest.raises(ValidationError):
        grant_create(actor=actor, user=user, role="clinician", study=study)
    with pytest.raises(ValidationError):
        grant_create(actor=actor, user=user, role="king", study=study)
    grant_revoke(actor=actor, grant=grant, reason="left the hospital")
    assert not RoleGrant.objects.exists()
    event = AuditEvent.objects.get(action="grant.revoke")
    assert (event.reason, event.changes["role"]) == ("left the hospital", ["clinician", None])


def test_exams_are_numbered_and_sites_audited():
    site = make_site(make_study())
    patient = make_patient(site)
    assert [exam_create(actor=None, patient=patient, phase="neoadjuvant").number for _ in range(2)] == [2, 3]
    site_create(actor=None, study=site.study, code="new", name="New")
    with pytest.raises(ValidationError):
        site_create(actor=None, study=site.study, code="new", name="Again")


def test_the_index_clip_is_one_of_the_patient():
    site = make_site(make_study())
    patient, other = make_patient(site), make_patient(site)
    clip = make_clip(patient)
    user = make_person(site.study, "coordinator")
    with pytest.raises(RuleViolationError, match="another patient"):
        index_clip_choose(actor=user, patient=other, clip=clip, reason="x")
    index_clip_choose(actor=user, patient=patient, clip=clip, reason="sharper")
    patient.refresh_from_db()
    assert patient.index_clip == clip
    assert AuditEvent.objects.get(action="patient.index_clip").changes == {"index_clip": [None, str(clip.pk)]}


def test_unknown_and_impossible_clinical_values_change_nothing():
    patient = make_patient(make_site(make_study()), age_years=50)
    with pytest.raises(RuleViolationError, match="colour"):
        clinical_save(actor=None, patient=patient, values={"age_years": 60, "colour": "red"})
    with pytest.raises(ValidationError):
        clinical_save(actor=None, patient=patient, values={"age_years": 60, "size_cm": Decimal("99")})
    patient.clinical.refresh_from_db()
    assert patient.clinical.age_years == 50
    assert not AuditEvent.objects.exists()


def test_saving_the_same_values_again_is_no_change():
    patient = make_patient(make_site(make_study()), age_years=50)
    clinical_save(actor=None, patient=patient, values={"age_years": 50})
    assert not AuditEvent.objects.exists()


edits = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "age_years": st.none() | st.integers(18, 110),
            "size_cm": st.none() | st.decimals("0.1", "20", places=2).map(lambda value: value),
            "histology": st.text(st.characters(categories=["L", "N"]), max_size=5),
            "c_tnm": st.sampled_from(["", "IA", "IIIC"]),
        },
    ),
    max_size=6,
)


@settings(max_examples=15, deadline=None)
@given(edits=edits)
def test_no_sequence_of_edits_loses_an_earlier_value(edits):
    patient = make_patient(make_site(make_study()))
    history = [{"age_years": None, "size_cm": None, "histology": "", "c_tnm": ""}]
    for values in edits:
        clinical_save(actor=None, patient=patient, values=values)
        if {**history[-1], **values} != history[-1]:
            history.append({**history[-1], **values})
    events = AuditEvent.objects.filter(action="clinical.save", object_id=str(patient.clinical.pk))
    # walk back from the present: every state that ever was must come out of the trail
    patient.clinical.refresh_from_db()
    state = {name: getattr(patient.clinical, name) for name in history[0]}
    walked = [dict(state)]
    for event in events.order_by("-sequence"):
        for name, (old, new) in event.changes.items():
            assert _as(name, new) == state[name]
            state[name] = _as(name, old)
        walked.append(dict(state))
    assert walked[::-1] == history


def _as(name, value):
    return Decimal(value).quantize(Decimal("0.01")) if name == "size_cm" and value is not None else value
