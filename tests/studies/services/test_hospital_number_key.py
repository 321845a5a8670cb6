"""Changing the key of the hospital numbers: all of them or none, on record, and nothing shown."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from studies.errors import RuleViolationError
from studies.models import AuditEvent, HospitalLink
from studies.services.audit import audit_verify
from studies.services.hospital_number_key import hospital_numbers_reseal
from studies.services.hospital_numbers import (
    hospital_number_find,
    hospital_number_reveal,
    hospital_number_set,
)
from studies.services.imports import import_create
from tests.factories import make_patient, make_person, make_site, make_study

pytestmark = pytest.mark.django_db
OLD, NEW = "o" * 40, "n" * 40
NUMBERS = ("MRN-7734521", "mrn-1", "住院号 42")


@pytest.fixture
def patients(settings):
    """Three patients of two studies, with numbers that were sealed with the old key."""
    settings.HOSPITAL_NUMBER_KEY = OLD
    sites = make_site(make_study("one")), make_site(make_study("two"))
    made = [make_patient(sites[place % 2], f"P{place}") for place in range(3)]
    for patient, number in zip(made, NUMBERS, strict=True):
        hospital_number_set(actor=None, patient=patient, number=number)
    return made


def links():
    return sorted(HospitalLink.objects.values_list("patient__code", "fingerprint", "sealed"))


def test_every_number_opens_and_is_found_with_the_new_key(patients, settings, tmp_path):
    before, told, key = links(), io.StringIO(), tmp_path / "key"
    key.write_text(NEW + "\n")
    call_command("reseal_hospital_numbers", new_key=key, stdout=told)
    assert told.getvalue().startswith("3 hospital numbers are sealed with the new key.")
    assert not any(number in told.getvalue() for number in (*NUMBERS, OLD, NEW))
    assert all(a[1] != b[1] and a[2] != b[2] for a, b in zip(before, links(), strict=True))
    settings.HOSPITAL_NUMBER_KEY = NEW
    for patient, number in zip(patients, NUMBERS, strict=True):
        keeper = make_person(patient.study, "coordinator", name=f"keeper-{patient.code}")
        assert hospital_number_reveal(actor=keeper, patient=patient, reason="checked") == number
        assert list(hospital_number_find(viewer=keeper, study=patient.study, number=number)) == [patient]


def test_the_trail_keeps_how_many_and_nothing_else(patients):
    assert hospital_numbers_reseal(old=OLD, new=NEW) == 3
    events = AuditEvent.objects.filter(action="hospital_number.reseal").order_by("study__slug")
    assert [(e.study.slug, e.changes) for e in events] == [
        ("one", {"resealed": [None, 2]}), ("two", {"resealed": [None, 1]}),
    ]  # fmt: skip
    text = json.dumps(list(AuditEvent.objects.values_list("changes", "reason")), ensure_ascii=False)
    assert not any(secret in text for secret in (*NUMBERS, OLD, NEW))
    assert audit_verify().broken is None


def test_one_number_that_does_not_open_leaves_all_as_they_were(patients):
    last = HospitalLink.objects.order_by("pk").last()
    HospitalLink.objects.filter(pk=last.pk).update(sealed=links()[0][2][:-8] + "AAAAAAA=")
    before, events = links(), AuditEvent.objects.count()
    with pytest.raises(RuleViolationError, match=f"{last.patient.code} does not open with the old key"):
        hospital_numbers_reseal(old=OLD, new=NEW)
    assert links() == before
    assert AuditEvent.objects.count() == events


def test_a_hash_of_another_number_is_not_covered_up(patients):
    HospitalLink.objects.filter(patient=patients[1]).update(fingerprint="0" * 64)
    before = links()
    with pytest.raises(RuleViolationError, match="The hash of the hospital number of two: P1"):
        hospital_numbers_reseal(old=OLD, new=NEW)
    assert links() == before


def test_a_table_that_waits_is_imported_or_thrown_away_first(patients):
    import_create(actor=None, study=patients[0].study, content=b"patient,age\nP9,50\n")
    with pytest.raises(RuleViolationError, match="1 tables wait to be imported"):
        hospital_numbers_reseal(old=OLD, new=NEW)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [(OLD, "short", "has 5 characters"), (OLD, OLD, "is the old one"), ("x" * 40, NEW, "does not open")],
)
def test_keys_that_cannot_be_right_change_nothing(patients, tmp_path, old, new, said):
    before, files = links(), (tmp_path / "old", tmp_path / "new")
    for file, key in zip(files, (old, new), strict=True):
        file.write_text(key)
    with pytest.raises(CommandError, match=said):
        call_command("reseal_hospital_numbers", old_key=files[0], new_key=files[1])
    assert links() == before


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("reseal_hospital_numbers", new_key=tmp_path / "none")
