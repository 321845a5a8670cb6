"""The audit page: every way to search, old and new values, the chain's state, the file."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studies.models import AuditEvent
from studies.services.audit import audit_record, audit_verify
from studies.services.audit_search import AuditSearch, audit_events, patients_of
from studies.services.cohort import clinical_save, grant_create, grant_revoke
from studies.services.pathology import label_save
from studies.services.signing import label_lock
from studies.templatetags.stored_changes import changes_of
from tests.factories import logged_in, make_patient, make_person, make_site, make_specimen, make_study
from tests.studies.services.test_audit import change, unguarded  # noqa: F401 - a fixture
from tests.studies.test_pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail():
    """A patient's values change twice, a label is entered, and the system does something."""
    study = make_study("trail")
    site = make_site(study, "A")
    patient, other = make_patient(site, "P017"), make_patient(site, "P018")
    coordinator = make_person(study, "coordinator", name="coordinator")
    pathologist = make_person(study, "pathologist", name="pathologist")
    administrator = make_person(study, "administrator", name="administrator")
    clinical_save(actor=coordinator, patient=patient, values={"age_years": 50})
    clinical_save(actor=coordinator, patient=patient, values={"age_years": 51}, reason="Typing error.")
    clinical_save(actor=coordinator, patient=other, values={"age_years": 60})
    label_save(actor=pathologist, specimen=make_specimen(patient), values={"ihc_score": "3+"})
    audit_record(actor=None, action="track.detect", target=study, study=study)
    return study, patient, administrator


def found(trail, **search) -> list[AuditEvent]:
    study, _patient, administrator = trail
    return list(audit_events(study, AuditSearch(**search), viewer=administrator))


def test_it_is_searched_by_who_what_whom_when_and_words(trail):
    today = timezone.now().date()
    assert len(found(trail)) == 5
    assert {event.actor.username for event in found(trail, actor="coord")} == {"coordinator"}
    assert [event.action for event in found(trail, actor="-")] == ["track.detect"]
    assert len(found(trail, action="clinical.save")) == 3
    assert [event.action for event in found(trail, patient="p017")] == [
        "label.save", "clinical.save", "clinical.save",
    ]  # fmt: skip
    assert found(trail, patient="P01") == []
    assert [event.reason for event in found(trail, text="typing")] == ["Typing error."]
    assert [event.action for event in found(trail, text="3+")] == ["label.save"]
    assert len(found(trail, object="label")) == 1
    assert len(found(trail, since=today, until=today)) == 5
    assert found(trail, since=today + timedelta(days=1)) == []
    assert found(trail, until=today - timedelta(days=1)) == []
    assert [e.action for e in found(trail, patient="P017", actor="path")] == ["label.save"]


def test_each_event_leads_to_its_patient_in_few_queries(trail, django_assert_max_num_queries):
    _study, patient, _administrator = trail
    events = found(trail)
    with django_assert_max_num_queries(12):
        patients = patients_of(events)
    assert patients[str(patient.clinical.pk)] == patient
    assert patients[str(patient.specimens.get().labels.get().pk)] == patient


def test_the_page_shows_old_new_reason_and_finds_the_patient(trail):
    _study, patient, administrator = trail
    client = logged_in(administrator)
    answer = client.get(reverse("audit", args=["trail"]), {"patient": "P017", "action": "clinical.save"})
    text = text_of(answer)
    assert "2 events" in text
    assert "age (years) 50 → 51" in text
    assert "Typing error." in text
    assert reverse("patient", args=[patient.pk]) in answer.content.decode()
    nothing = client.get(
        reverse("audit", args=["trail"]), {"text": "nobody wrote this", "since": "not a day"}
    )
    assert "No event passes this search" in text_of(nothing)


def test_the_page_says_stored_codes_in_words_of_its_language(trail):
    study, patient, administrator = trail
    pathologist = study.grants.get(role="pathologist").user
    label = patient.specimens.get().labels.get()
    label_lock(actor=pathologist, label=label)
    clinical_save(actor=pathologist, patient=patient, values={"menopause": 1, "age_years": 51})
    page, client = reverse("audit", args=["trail"]), logged_in(administrator)
    text = text_of(client.get(page, {"patient": "P017"}))
    assert "status draft → locked" in text
    assert "HER2 reading" in text
    assert f"signature – → {label.signatures.get().content_digest[:8]}…" in text
    client.cookies["django_language"] = "zh-hans"
    text = text_of(client.get(page, {"patient": "P017"}))
    assert "状态 草稿 → 已锁定" in text
    assert "绝经状态 – → 绝经后" in text
    assert '<option value="label">HER2 判读</option>' in client.get(page).content.decode()


def test_a_kind_of_object_names_its_own_fields():
    changes = {"kind": [None, "shuffle"], "cohort": [None, "oof"]}
    event = AuditEvent(object_type="supplement", changes=changes)
    said = [(change.label, change.new) for change in changes_of(event)]
    assert said == [
        ("kind of analysis", "shuffled labels"),
        ("patients it is about", "training, out of fold"),
    ]


def test_roles_name_their_people(trail):
    study, _patient, administrator = trail
    user = study.grants.get(role="pathologist").user
    grant = grant_create(actor=administrator, user=user, role="clinician", study=study)
    grant_revoke(actor=administrator, grant=grant, reason="Left.")
    text = text_of(logged_in(administrator).get(reverse("audit", args=["trail"]), {"action": "grant"}))
    assert "role clinician → –" in text
    assert "user pathologist → –" in text
    assert "site – → all sites" in text


def test_the_file_holds_a_line_a_changed_field_and_its_export_is_an_event(trail):
    _study, _patient, administrator = trail
    answer = logged_in(administrator).get(reverse("audit-csv", args=["trail"]), {"patient": "P017"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig").partition("\n")[2])))
    ages = [(row["old"], row["new"], row["reason"]) for row in rows if row["field"] == "age_years"]
    assert ages == [("50", "51", "Typing error."), ("", "50", "")]
    exported = AuditEvent.objects.get(action="export.audit")
    assert exported.changes == {"events": [None, 3]}
    assert exported.reason == "patient=P017"


def test_events_of_no_study_are_for_who_keeps_the_installation(trail, settings):
    _study, _patient, administrator = trail
    settings.AXES_FAILURE_LIMIT = 2
    for _attempt in range(4):
        Client().post(reverse("login"), {"username": "pathologist", "password": "guessed"})
    audit_record(actor=administrator, action="password.change", target=administrator)
    page, file = reverse("audit", args=["trail"]), reverse("audit-csv", args=["trail"])
    client = logged_in(administrator)
    assert "the whole installation" not in text_of(client.get(page)).partition("Events of")[2]
    assert "Events of no study" not in text_of(client.get(page))
    assert client.get(page, {"of": "installation"}).status_code == 403
    assert client.get(file, {"of": "installation"}).status_code == 403
    keeper = User.objects.create_superuser("keeper")
    client = logged_in(keeper)
    assert "changed the password" not in text_of(client.get(page)).partition("Reason")[2]
    text = text_of(client.get(page, {"of": "installation"}))
    assert "2 events" in text
    assert "username – → pathologist" in text
    assert "was locked out" in text.partition("Reason")[2]
    assert "changed the password" in text.partition("Reason")[2]
    assert "0 events" in text_of(client.get(page, {"of": "installation", "patient": "P017"}))
    rows = client.get(file, {"of": "installation"}).content.decode("utf-8-sig")
    assert "password.change" in rows
    assert "clinical.save" not in rows


@pytest.mark.usefixtures("unguarded")
def test_the_chain_is_walked_and_a_change_behind_its_back_is_found(trail):
    _study, _patient, administrator = trail
    client = logged_in(administrator)
    whole = audit_verify()
    assert (whole.events, whole.broken) == (AuditEvent.objects.count(), None)
    assert "the chain is whole" in text_of(client.get(reverse("audit-chain", args=["trail"])))
    event = AuditEvent.objects.order_by("sequence")[2]
    change(event, reason="something else")
    assert audit_verify().broken == event
    assert f"Event {event.sequence}" in text_of(client.get(reverse("audit-chain", args=["trail"])))
