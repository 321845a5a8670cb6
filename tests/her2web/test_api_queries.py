"""Lists of the API: the number of queries does not grow with the rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token

from studies.services.annotation import track_open_for_reader
from tests.factories import logged_in, make_person, make_rows, make_site, make_study

pytestmark = pytest.mark.django_db
LISTS = (
    "studies", "sites", "patients", "lesions", "exams", "clinical-records", "memberships", "looks", "uploads",
    "clips", "tracks", "revisions", "specimens", "labels", "audit-events", "jobs", "feature-sets",
    "model-versions", "evaluations", "predictions",
)  # fmt: skip


def asked(client, plural) -> tuple[int, int]:
    """(rows, queries) of one list."""
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(f"/api/v1/{plural}/", {"page_size": 500})
    return answer.json()["count"], len(seen)


def grow(study, number: int) -> None:
    """One more of everything."""
    site = make_site(study)
    rows = make_rows(site, number)
    track_open_for_reader(actor=make_person(study, "sonographer", site=site), clip=rows.clip)
    study.all_looks.create(
        number=number, reason="test", seal_hash="0" * 64, actor=make_person(study, "clinician")
    )


def test_the_number_of_queries_does_not_grow_with_the_rows():
    study = make_study()
    client = logged_in(make_person(study, "administrator", "coordinator"))
    grow(study, 1)
    before = {plural: asked(client, plural) for plural in LISTS}
    for number in (2, 3):
        grow(study, number)
    after = {plural: asked(client, plural) for plural in LISTS}
    for plural in LISTS:
        assert after[plural][0] > before[plural][0] or plural == "studies", plural
        assert after[plural][1] == before[plural][1] <= 6, plural


def test_a_request_with_a_token_takes_four_queries_at_most(django_assert_max_num_queries):
    token = Token.objects.create(user=make_person(make_study(), "clinician"))
    with django_assert_max_num_queries(4):
        logged_in(None).get("/api/v1/patients/", headers={"Authorization": f"Token {token.key}"})
