"""The cohort as files: tidy, typed, described, blinded as the pages are, and safe to open."""

import csv
import io
import json
import re
import zipfile
from datetime import date

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from studies.errors import RuleViolationError
from studies.models import AuditEvent, ClinicalRecord, Label, Track
from studies.services.exports import RESEARCH_USE, SIMULATED, cohort_export
from studies.services.hospital_numbers import hospital_number_set
from studies.services.imports import import_apply, import_check, import_create
from tests.factories import (
    logged_in,
    make_clip,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_query,
    make_site,
    make_study,
    make_world,
)

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
def study():
    study = make_study("files", is_simulated=True)
    patient = make_patient(
        make_site(study, "s1"), "P1", age_years=51, size_cm="2.50", histology=FORMULA,
        missing_reasons={"c_t": "unknown"},
    )  # fmt: skip
    patient.exams.update(performed_on=date(2020, 3, 1))
    make_label(patient, "POSITIVE", kind="excision")
    make_membership(patient)
    make_query(patient, text="@cmd")
    reader = make_person(study, "sonographer", name="sono")
    Track.objects.create(clip=make_clip(patient), source=Track.Source.READER, reader=reader)
    hospital_number_set(actor=None, patient=patient, number="MRN-99")
    make_patient(patient.site, "P2")
    return study


@pytest.fixture
def coordinator(study):
    return make_person(study, "coordinator", name="exporter")


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_csv_is_tidy_and_described_by_the_models(study, coordinator):
    file = cohort_export(actor=coordinator, study=study, file_format="csv")
    files = unzipped(file.content)
    rows = {name: table(content) for name, content in files.items() if name.endswith(".csv")}
    first, second = rows["patients.csv"]
    assert (first["study"], first["simulated"], first["patient_code"]) == ("files", "True", "P1")
    assert (first["age_years"], first["size_cm"], first["side"]) == ("51", "2.50", "training")
    assert (first["her2_call"], second["her2_call"]) == ("POSITIVE", "")
    assert json.loads(first["missing_reasons"]) == {"c_t": "unknown"}
    assert rows["exams.csv"][0]["performed_on"] == "2020-03-01"
    assert rows["readings.csv"][0]["ihc_score"] == "3+"
    described = {(line["table"], line["column"]): line for line in rows["data_dictionary.csv"]}
    for name, lines in rows.items():
        if name != "data_dictionary.csv":
            columns = set(lines[0]) - {"study", "simulated"}
            assert {c for t, c in described if t == name.removesuffix(".csv")} == columns
    size = described["patients", "size_cm"]
    assert (size["unit"], size["minimum"], size["maximum"], size["type"]) == ("cm", "0.1", "20.0", "decimal")
    assert described["patients", "menopause"]["values"] == "0 = premenopausal; 1 = postmenopausal"
    assert described["patients", "age_years"]["source"] == "ClinicalRecord.age_years"
    assert "Transverse diameter" in size["description"]


def test_every_clinical_field_of_the_model_is_exported(study, coordinator):
    file = cohort_export(actor=coordinator, study=study, file_format="csv")
    columns = set(table(unzipped(file.content)["patients.csv"])[0])
    own = {field.name for field in ClinicalRecord._meta.concrete_fields}
    assert own - {"id", "created_at", "updated_at", "patient"} <= columns


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_every_format_says_what_the_data_are_and_holds_no_hospital_number(study, coordinator, kind):
    file = cohort_export(actor=coordinator, study=study, file_format=kind)
    assert "SIMULATED" in file.name
    if kind == "xlsx":
        book = load_workbook(io.BytesIO(file.content))
        text = " ".join(str(cell.value) for sheet in book for row in sheet for cell in row)
        assert book.sheetnames[0] == "About"
    else:
        files = unzipped(file.content)
        text = files["README.txt"].decode() + files["data_dictionary.csv"].decode()
    assert RESEARCH_USE in text
    assert SIMULATED in text
    assert "MRN-99" not in str(file.content) + text


def test_nothing_in_a_spreadsheet_runs(study, coordinator):
    csv_file = cohort_export(actor=coordinator, study=study, file_format="csv")
    files = unzipped(csv_file.content)
    assert table(files["patients.csv"])[0]["histology"] == f"'{FORMULA}"
    assert table(files["queries.csv"])[0]["text"] == "'@cmd"
    excel = cohort_export(actor=coordinator, study=study, file_format="xlsx")
    book = load_workbook(io.BytesIO(excel.content))
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert any(cell.value == f"'{FORMULA}" for cell in cells)


def test_parquet_keeps_types_units_and_the_banner(study, coordinator):
    file = cohort_export(actor=coordinator, study=study, file_format="parquet")
    found = pq.read_table(io.BytesIO(unzipped(file.content)["patients.parquet"]))
    assert found.column("age_years").to_pylist() == [51, None]
    assert found.column("size_cm").to_pylist() == [2.5, None]
    assert found.schema.field("size_cm").metadata[b"unit"] == b"cm"
    assert found.schema.metadata[b"simulated"] == SIMULATED.encode()
    assert found.column("histology").to_pylist() == [FORMULA, None], "no spreadsheet, no guard"


def test_a_blinded_viewer_gets_no_pathology_and_a_site_only_its_own(study):
    world = make_world()
    make_query(world.patient, "her2_copies", subject="pathology")
    files = unzipped(
        cohort_export(actor=world.people["blinded"], study=world.alpha, file_format="csv").content
    )
    assert "readings.csv" not in files
    patients = table(files["patients.csv"])
    assert not [column for column in patients[0] if column.startswith("her2")]
    assert not [row for row in table(files["queries.csv"]) if row["subject"] == "pathology"]
    neighbour = cohort_export(actor=world.people["neighbour"], study=world.alpha, file_format="csv")
    assert {row["site"] for row in table(unzipped(neighbour.content)["patients.csv"])} == {"a2"}


def test_each_export_is_on_record(study, coordinator):
    cohort_export(actor=coordinator, study=study, file_format="csv", reason="for the statistician")
    event = AuditEvent.objects.get(action="export.cohort")
    assert (event.actor, event.reason) == (coordinator, "for the statistician")
    assert event.changes["patients"] == [None, 2]
    with pytest.raises(RuleViolationError, match="no format exe"):
        cohort_export(actor=coordinator, study=study, file_format="exe")
    assert AuditEvent.objects.filter(action="export.cohort").count() == 1


def test_what_was_exported_can_be_imported_into_an_empty_study(study, coordinator):
    ClinicalRecord.objects.filter(patient__code="P1").update(histology="-NST", c_n=1, grade=2)
    file = cohort_export(actor=coordinator, study=study, file_format="csv")
    content = unzipped(file.content)["patients.csv"]
    other = make_study("copy")
    make_site(other, "s1")
    reader = make_person(other, "coordinator")
    row = import_create(actor=reader, study=other, content=content)
    row.mapping = {**row.mapping, "patient_code": "patient.code", "side": "keep"}
    import_check(row=row)
    import_apply(actor=reader, row=row)
    fields = ("age_years", "size_cm", "histology", "c_n", "grade")
    copied = ClinicalRecord.objects.filter(patient__study=other).order_by("patient__code").values(*fields)
    original = ClinicalRecord.objects.filter(patient__study=study).order_by("patient__code").values(*fields)
    assert list(copied) == list(original)


def test_the_number_of_queries_does_not_grow_with_the_cohort(study, coordinator):
    cohort_export(actor=coordinator, study=study, file_format="csv")  # the grants are read once a user
    counts = []
    for wanted in (4, 40):
        while study.patients.count() < wanted:
            make_label(make_patient(study.sites.get()), "NEGATIVE")
        with CaptureQueriesContext(connection) as queries:
            cohort_export(actor=coordinator, study=study, file_format="csv")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Label.objects.count() > 30


def test_the_page_shows_the_dictionary_and_sends_the_file(study, coordinator):
    client, path = logged_in(coordinator), reverse("export", args=["files"])
    assert "ClinicalRecord.age_years" in client.get(path).content.decode()
    client.cookies["django_language"] = "zh-hans"
    shown = client.get(path).content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    meanings = re.findall(
        r"<tr><td>\w+</td><td><code>\w+</code></td><td>(.*?)</td><td class=.nowrap.>(.*?)</td>", shown
    )
    assert len(meanings) > 50
    assert [pair for pair in meanings if re.search("[a-z]{3}", " ".join(pair))] == []
    del client.cookies["django_language"]
    answer = client.post(path, {"format": "xlsx"})
    assert answer["Content-Disposition"].endswith('SIMULATED.xlsx"')
    assert answer["Cache-Control"] == "no-store"
    assert "no format" in client.post(path, {"format": "exe"}).content.decode()
