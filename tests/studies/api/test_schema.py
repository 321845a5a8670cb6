"""The OpenAPI description and its page."""

import re

import pytest
from django.core.management import call_command
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from tests.factories import logged_in, make_user

PLURALS = (
    "studies", "sites", "patients", "lesions", "exams", "clinical-records", "clips", "tracks", "revisions",
    "specimens", "labels", "memberships", "looks", "uploads", "jobs", "feature-sets", "model-versions",
    "evaluations", "predictions", "audit-events", "screenings", "criterion-rows",
)  # fmt: skip


def test_the_schema_is_valid_and_complete_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


@pytest.fixture(scope="module")
def paths() -> dict:
    """The addresses that the schema describes."""
    return SchemaGenerator().get_schema(request=None, public=True)["paths"]


@pytest.mark.parametrize("plural", PLURALS)
def test_every_kind_of_row_has_a_list_and_an_address_of_its_own(paths, plural):
    assert "get" in paths[f"/api/v1/{plural}/"]
    key = "track_id" if plural == "tracks" else "id"
    assert any(path in paths for path in (f"/api/v1/{plural}/{{{key}}}/", f"/api/v1/{plural}/{{sequence}}/"))


@pytest.mark.django_db
def test_the_page_of_the_schema_obeys_the_content_policy():
    page = logged_in(make_user()).get(reverse("api-docs"))
    text = page.content.decode()
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", text) == []
    assert re.findall(r"(?:src|href)=\"(?!/)", text) == []
