"""Pathology and the audit trail over the API."""

import pytest
from django.utils import timezone

from studies.models import AuditEvent, Label, Study
from studies.services.audit import audit_record
from tests.factories import (
    logged_in,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
)

pytestmark = pytest.mark.django_db
GROUP_2 = {"probe": "dual", "cells": 20, "her2_copies": 3.0, "cep17_copies": 1.2, "ihc_score": "1+"}


@pytest.fixture
def site():
    return make_site(make_study())


def send(user, method, address, body=None):
    return getattr(logged_in(user), method)(f"/api/v1/{address}", body or {}, content_type="application/json")


def test_a_reading_goes_from_draft_to_signature_and_back(site):
    user, patient = make_person(site.study, "pathologist"), make_patient(site)
    specimen = send(user, "post", "specimens/", {"patient": str(patient.pk), "kind": "core"}).json()
    label = send(user, "post", "labels/", {"specimen": specimen["id"], "ihc_score": "2+"}).json()
    assert (label["call"], label["status"], label["reader"]) == ("PENDING_ISH", "draft", user.username)
    refused = send(user, "post", f"labels/{label['id']}/lock/", {"password": user.username})
    assert refused.status_code == 400
    assert "Not final yet" in refused.json()["detail"]
    ish = {"probe": "dual", "cells": 20, "her2_copies": 8.0, "cep17_copies": 2.0}
    changed = send(user, "patch", f"labels/{label['id']}/", ish).json()
    assert (changed["call"], changed["ish_group"], changed["ihc_score"]) == ("POSITIVE", 1, "2+")
    wrong = send(user, "post", f"labels/{label['id']}/lock/", {"password": "guess"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["password"])
    assert Label.objects.get().status == "draft"
    signed = send(user, "post", f"labels/{label['id']}/lock/", {"password": user.username})
    assert signed.json()["status"] == "locked"
    assert send(user, "patch", f"labels/{label['id']}/", {"ihc_score": "0"}).status_code == 423
    assert send(user, "post", f"labels/{label['id']}/amend/").status_code == 400
    amended = send(user, "post", f"labels/{label['id']}/amend/", {"reason": "wrong slide"}).json()
    assert amended["status"] == "draft"


def test_a_result_that_is_reported_with_a_comment_cannot_be_signed_without(site):
    user, specimen = make_person(site.study, "pathologist"), make_specimen(make_patient(site))
    recount = {name: value for name, value in GROUP_2.items() if name != "ihc_score"}
    body = {"specimen": str(specimen.pk), **GROUP_2, "recount": recount | {"observer": "Dr B"}}
    label = send(user, "post", "labels/", body).json()
    assert (label["call"], label["comment_required"]) == ("NEGATIVE", True), label
    signature = {"password": user.username}
    refused = send(user, "post", f"labels/{label['id']}/lock/", signature)
    assert (refused.status_code, "comment" in refused.json()["detail"]) == (400, True)
    send(user, "patch", f"labels/{label['id']}/", {"comment": "Recounted; group 2 stays."})
    assert send(user, "post", f"labels/{label['id']}/lock/", signature).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("ihc_score", "4+"), ("ihc_percent", 101), ("her2_copies", -1), ("probe", "triple"), ("cells", "many")],
)
def test_a_value_that_no_specimen_can_have_names_its_field_and_stores_nothing(site, field, value):
    user, specimen = make_person(site.study, "pathologist"), make_specimen(make_patient(site))
    answer = send(user, "post", "labels/", {"specimen": str(specimen.pk), field: value})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Label.objects.exists()


def test_the_engines_own_refusal_names_its_field_too(site):
    user, specimen = make_person(site.study, "pathologist"), make_specimen(make_patient(site))
    body = {"specimen": str(specimen.pk), "probe": "dual", "her2_copies": 4.0, "cep17_copies": 0}
    answer = send(user, "post", "labels/", body)
    assert (answer.status_code, answer.json()["field"]) == (400, "cep17_copies")


def test_an_administrator_sees_no_label_of_a_sealed_test_side_before_the_first_look(site):
    study, test, training = site.study, make_patient(site), make_patient(site)
    for patient, side in ((test, "test"), (training, "training")):
        make_label(patient, "POSITIVE")
        make_membership(patient, side)
    user = make_person(study, "administrator")
    audit_record(
        actor=None, action="label.save", target=study, study=study, changes={"ihc_score": ["", "3+"]}
    )

    def seen() -> tuple[int, int, int]:
        lists = (
            send(user, "get", name).json()["results"]
            for name in ("labels/", "specimens/", "audit-events/?action=label.save")
        )
        return tuple(len(rows) for rows in lists)

    assert seen() == (2, 2, 1)
    Study.objects.filter(pk=study.pk).update(sealed_at=timezone.now(), seal_hash="f" * 64)
    assert seen() == (1, 1, 0)
    study.all_looks.create(number=1, reason="test", seal_hash="f" * 64)
    assert seen() == (2, 2, 1)


def test_whoever_corrects_boxes_reads_no_label_in_the_audit_trail(site):
    audit_record(actor=None, action="label.save", target=site, study=site.study)
    audit_record(actor=None, action="site.create", target=site, study=site.study)
    blinded = make_person(site.study, "administrator", "sonographer")
    rows = send(blinded, "get", "audit-events/").json()["results"]
    assert [row["action"] for row in rows] == ["site.create"]


def test_the_audit_trail_is_searched_by_action_actor_and_time(site):
    user = make_person(site.study, "administrator")
    audit_record(actor=user, action="site.create", target=site, study=site.study)
    audit_record(actor=None, action="study.seal", target=site.study, study=site.study)
    for query, found in (
        ({"action": "site.create"}, 1),
        ({"actor": user.username}, 1),
        ({"object_id": str(site.study.pk)}, 1),
        ({"since": "2020-01-01T00:00:00Z"}, 2),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
    ):
        assert logged_in(user).get("/api/v1/audit-events/", query).json()["count"] == found, query
    sequence = AuditEvent.objects.order_by("sequence").first().pk
    assert send(user, "get", f"audit-events/{sequence}/").json()["action"] == "site.create"
