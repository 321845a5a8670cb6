"""Tables into the cohort: verdicts before anything is written, all or nothing, the same twice is once."""

import csv
import io
from collections import Counter
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.models import (
    AuditEvent,
    ClinicalRecord,
    DataQuery,
    HospitalLink,
    Label,
    Patient,
    QueryNote,
    SourceRow,
    Specimen,
    TableImport,
)
from studies.rules.tables import TableError
from studies.services.audit import audit_first_broken
from studies.services.cohort import clinical_save
from studies.services.hospital_numbers import hospital_number_reveal
from studies.services.imports import (
    KEPT_FOR,
    import_apply,
    import_check,
    import_create,
    import_discard,
    import_run,
    import_start,
    imports_purge,
)
from studies.services.pathology import label_save
from studies.services.signing import label_lock
from tests.factories import make_patient, make_person, make_site, make_study
from tests.studies.rules.test_her2_text import AGREEMENT, QUERIES

pytestmark = pytest.mark.django_db
TOUCHED = (Patient, ClinicalRecord, Specimen, Label, DataQuery, QueryNote, SourceRow, HospitalLink)


@pytest.fixture
def site():
    return make_site(make_study("tables"), "s1")


@pytest.fixture
def coordinator(site):
    return make_person(site.study, "coordinator", name="importer")


def table(*rows: dict[str, object]) -> bytes:
    """A CSV with the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def checked(coordinator, site, content: bytes, **choices) -> TableImport:
    """An import that was checked with these choices."""
    row = import_create(actor=coordinator, study=site.study, content=content)
    for name, value in choices.items():
        setattr(row, name, value)
    row.save()
    import_check(row=row)
    return row


def remarks(row: TableImport) -> list[tuple[int, str, str, str]]:
    """(row, kind, column, code) of every remark."""
    return [(n, r["kind"], r["column"], r["code"]) for n, _code, _v, found in row.verdicts for r in found]


def counts() -> list[int]:
    return [model.objects.count() for model in TOUCHED]


FULL = {
    "patient": "P1", "age": 51, "menopause": "post", "size_mm": "21", "cT": "T2", "cN": "N0", "cTNM": "IIA",
    "er_status": "Positive", "er_percent": "80%", "ki67": 30, "histology": "NST", "grade": "G2",
    "side": "左", "clock": "3点", "exam_date": "2020/3/1", "mrn": "MRN-1", "specimen": "excision",
    "surgery_date": "2020-03-05", "ihc_score": "2+", "probe": "dual", "her2_copies": "4.6",
    "cep17_copies": "2.0", "ratio": "2.3", "cells": 40,
}  # fmt: skip


def test_every_kind_of_value_arrives_where_it_belongs(site, coordinator):
    row = checked(coordinator, site, table(FULL | {"ward": "3B", "姓名": "王某"}))
    assert row.mapping["姓名"] == "drop"
    result = import_apply(actor=coordinator, row=row)
    patient = Patient.objects.get(code="P1")
    record, lesion, exam = patient.clinical, patient.lesions.get(), patient.exams.get()
    assert (record.age_years, record.menopause, record.size_cm) == (51, 1, Decimal("2.10"))
    assert (record.c_t, record.c_n, record.c_tnm, record.er_status) == (2, 0, "IIA", "positive")
    assert (record.er_percent, record.ki67_percent, record.grade) == (80, 30, 2)
    assert (lesion.laterality, lesion.clock_position, str(exam.performed_on)) == ("L", 3, "2020-03-01")
    specimen = patient.specimens.get()
    label = specimen.labels.get()
    assert (specimen.kind, str(specimen.taken_on)) == ("excision", "2020-03-05")
    assert (label.ihc_score, label.probe, label.cells, label.call) == ("2+", "dual", 40, "POSITIVE")
    assert (label.status, label.reader) == ("draft", None), "a pathologist signs it"
    assert hospital_number_reveal(actor=coordinator, patient=patient, reason="check") == "MRN-1"
    source = SourceRow.objects.get()
    assert source.texts["ward"] == "3B"
    assert not {"mrn", "姓名"} & set(source.texts)
    assert result.plan.counts == {"new": 1, "change": 0, "same": 0, "error": 0}
    assert audit_first_broken() is None


def test_a_check_writes_no_patient_and_an_import_leaves_no_file(site, coordinator):
    before = counts()
    row = checked(coordinator, site, table(FULL))
    assert counts() == before
    sealed = row.spool.open("rb").read()
    assert b"P1" not in sealed
    assert b"MRN-1" not in sealed
    name = row.spool.name
    import_apply(actor=coordinator, row=row)
    assert not default_storage.exists(name)
    assert "MRN-1" not in str(TableImport.objects.values().get())


def test_the_same_table_twice_is_the_same_as_once(site, coordinator):
    content = table(FULL, {"patient": "P2", "age": 40, "ihc_score": "1+", "her2_copies": ">6.0"})
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    before, events = counts(), AuditEvent.objects.count()
    row = checked(coordinator, site, content)
    result = import_apply(actor=coordinator, row=row)
    assert result.plan.counts == {"new": 0, "change": 0, "same": 2, "error": 0}
    assert (counts(), result.raised) == (before, 0)
    new = AuditEvent.objects.order_by("sequence")[events:]
    assert [event.action for event in new] == ["import.create", "import.apply"]


@pytest.mark.parametrize("mode", ["all", "good"])
def test_all_or_nothing_or_good_rows_only(site, coordinator, mode):
    content = table({"patient": "P1", "age": 51}, {"patient": "P2", "age": 300}, {"patient": "P3", "age": 60})
    row = checked(coordinator, site, content, mode=mode)
    assert [verdict for _n, _c, verdict, _r in row.verdicts] == ["new", "error", "new"]
    assert remarks(row) == [(3, "error", "age", "out_of_range")]
    if mode == "all":
        before = counts()
        with pytest.raises(RuleViolationError, match="1 rows are refused"):
            import_apply(actor=coordinator, row=row)
        assert counts() == before
    else:
        import_apply(actor=coordinator, row=row)
        assert set(Patient.objects.values_list("code", flat=True)) == {"P1", "P3"}


@pytest.mark.parametrize(
    ("rows", "column", "code"),
    [
        ([{"patient": "P1", "exam_date": "2020-02-30"}], "exam_date", "date_impossible"),
        ([{"patient": "P1", "exam_date": "2999-01-01"}], "exam_date", "date_impossible"),
        ([{"patient": "P1", "exam_date": "1/2/2020"}], "exam_date", "date_unclear"),
        ([{"patient": "P1", "histology": "=HYPERLINK(\"http://x\")"}], "histology", "formula"),
        ([{"patient": "P1", "histology": "@SUM(A1)"}], "histology", "formula"),
        ([{"patient": "P1", "histology": "+cmd|' /C calc'!A0"}], "histology", "formula"),
        ([{"patient": "=1+1"}], "patient", "formula"),
        ([{"patient": "Jane Doe"}], "patient", "code_invalid"),
        ([{"patient": "", "age": 50}], "patient", "code_missing"),
        ([{"patient": "P1", "site": "nowhere"}], "site", "site_unknown"),
        ([{"patient": "P1", "age": 51}, {"patient": "P1", "age": 51}], "patient", "code_twice"),
        ([{"patient": "P1", "size_cm": "200"}], "size_cm", "out_of_range"),
        ([{"patient": "P1", "histology": "x" * 101}], "histology", "text_too_long"),
        (
            [
                {"patient": "P1", "age": 51, "specimen": "core", "ihc_score": "0"},
                {"patient": "P1", "age": 52, "specimen": "excision", "ihc_score": "0"},
            ],
            "age",
            "rows_disagree",
        ),
    ],
)  # fmt: skip
def test_bad_rows_are_refused_with_row_and_column_and_nothing_is_written(
    site, coordinator, rows, column, code
):
    before = counts()
    row = checked(coordinator, site, table(*rows))
    assert remarks(row)[-1] == (len(rows) + 1, "error", column, code)
    with pytest.raises(RuleViolationError):
        import_apply(actor=coordinator, row=row)
    assert counts() == before


def test_a_code_of_another_site_is_refused_without_saying_whose(site, coordinator):
    far = make_site(site.study, "s2")
    make_patient(far, "FAR1")
    near = make_person(site.study, "coordinator", site=site)
    row = checked(near, site, table({"patient": "FAR1", "age": 50}), default_site="s1")
    assert remarks(row) == [(2, "error", "patient", "code_elsewhere")]
    assert "s2" not in str(row.verdicts)
    moved = checked(coordinator, site, table({"patient": "FAR1", "site": "s1"}))
    assert remarks(moved) == [(2, "error", "site", "site_differs")]


def test_what_is_not_understood_goes_in_as_a_question(site, coordinator):
    content = table({
        "patient": "P1", "age": "about 50", "menopause": "Peri (6-12 months)", "er_percent": "<1%",
        "side": "Left|Right", "her2_copies": ">6.0", "ratio": "not amplified",
    })  # fmt: skip
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    asked = DataQuery.objects.filter(source="import").order_by("field")
    found = {(query.subject, query.field, query.code) for query in asked}
    assert found == {
        ("clinical", "age_years", "text_not_understood"),
        ("clinical", "menopause", "no_such_choice"),
        ("clinical", "er_percent", "bound_not_a_value"),
        ("lesion", "laterality", "side_unclear"),
        ("pathology", "her2_copies", "bound_not_a_value"),
        ("pathology", "ratio", "words_not_a_number"),
    }
    assert all(query.notes.get().text == query.text for query in asked)
    assert SourceRow.objects.get().texts["ratio"] == "not amplified"


def test_entering_the_value_settles_what_the_import_asked(site, coordinator):
    content = table(
        {"patient": "P1", "menopause": "Peri", "her2_copies": ">6.0", "ratio": "2.4", "ihc_score": "2"}
    )
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    patient = Patient.objects.get()
    clinical_save(actor=coordinator, patient=patient, values={"menopause": 0})
    assert DataQuery.objects.get(field="menopause").status == "closed"
    specimen = patient.specimens.get()
    label_save(actor=None, specimen=specimen, values={"her2_copies": 6.5, "cells": 20})
    assert (
        not DataQuery.objects.exclude(status="closed").filter(field="her2_copies", source="import").exists()
    )


def test_words_for_no_value_become_reasons(site, coordinator):
    content = table({"patient": "P1", "age": "[Not Available]", "grade": "未知", "cT": "TX"})
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    assert ClinicalRecord.objects.get().missing_reasons == {
        "age_years": "not available", "grade": "unknown", "c_t": "unknown",
    }  # fmt: skip
    import_apply(actor=coordinator, row=checked(coordinator, site, table({"patient": "P1", "grade": "G3"})))
    assert "grade" not in ClinicalRecord.objects.get().missing_reasons


def test_a_blank_never_overwrites_and_a_difference_is_shown_and_audited(site, coordinator):
    patient = make_patient(site, "P1", age_years=50, histology="NST")
    row = checked(coordinator, site, table({"patient": "P1", "age": 51, "histology": ""}))
    assert row.verdicts[0][2] == "change"
    assert remarks(row) == [(2, "change", "age", "replaced")]
    import_apply(actor=coordinator, row=row)
    patient.clinical.refresh_from_db()
    assert (patient.clinical.age_years, patient.clinical.histology) == (51, "NST")
    event = AuditEvent.objects.get(action="clinical.save")
    assert event.changes == {"age_years": [50, 51]}
    assert str(row.pk) in event.reason


def test_stored_values_can_stay_and_be_asked_about(site, coordinator):
    patient = make_patient(site, "P1", age_years=50)
    row = checked(coordinator, site, table({"patient": "P1", "age": 51}), on_conflict="ask")
    import_apply(actor=coordinator, row=row)
    patient.clinical.refresh_from_db()
    assert patient.clinical.age_years == 50
    assert DataQuery.objects.get().text == "“50” is stored, the table says “51”."


def test_a_signed_reading_is_never_changed(site, coordinator):
    import_apply(
        actor=coordinator, row=checked(coordinator, site, table({"patient": "P1", "ihc_score": "3+"}))
    )
    label = Label.objects.get()
    label_lock(actor=make_person(site.study, "pathologist"), label=label)
    import_apply(
        actor=coordinator, row=checked(coordinator, site, table({"patient": "P1", "ihc_score": "0"}))
    )
    assert Label.objects.get().ihc_score == "3+"
    assert DataQuery.objects.get(code="signed_differs").label == label


def test_rules_close_and_raise_queries_on_patients_that_were_there(site, coordinator):
    patient = make_patient(site, "P1")
    clinical_save(actor=None, patient=patient, values={"c_t": 2, "c_n": 0, "c_tnm": "IIIC"})
    content = table({"patient": "P1", "cTNM": "IIA", "age": 30, "menopause": "post"})
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    status = dict(DataQuery.objects.values_list("code", "status"))
    assert status == {"stage_differs": "closed", "menopause_unlikely_at_age": "open"}


def test_several_specimens_and_visits_of_one_patient(site, coordinator):
    content = table(
        {
            "patient": "P1",
            "specimen": "core",
            "ihc_score": "2+",
            "phase": "baseline",
            "exam_date": "2020-01-01",
        },
        {
            "patient": "P1",
            "specimen": "excision",
            "ihc_score": "3+",
            "phase": "术前",
            "exam_date": "2020-05-01",
        },
        {"patient": "P1", "specimen": "excision", "specimen_number": "2", "ihc_score": "3+", "phase": "术前"},
    )
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    patient = Patient.objects.get()
    assert [(s.number, s.kind) for s in patient.specimens.all()] == [
        (1, "core"), (2, "excision"), (3, "excision"),
    ]  # fmt: skip
    assert [(e.number, e.phase) for e in patient.exams.all()] == [(1, "baseline"), (2, "before_surgery")]
    again = import_apply(actor=coordinator, row=checked(coordinator, site, content))
    assert again.plan.counts["same"] == 3


def test_one_hospital_number_at_two_codes_is_asked_about(site, coordinator):
    content = table({"patient": "P1", "mrn": "77"}, {"patient": "P2", "mrn": " 77 "})
    import_apply(actor=coordinator, row=checked(coordinator, site, content))
    assert HospitalLink.objects.values("fingerprint").distinct().count() == 1
    query = DataQuery.objects.get()
    assert (query.code, query.patient.code) == ("number_twice", "P2")
    assert "77" not in query.text


def test_a_coordinator_who_is_blinded_brings_no_pathology_in(site):
    blinded = make_person(site.study, "coordinator", "sonographer")
    row = import_create(actor=blinded, study=site.study, content=table({"patient": "P1", "ihc_score": "3+"}))
    with pytest.raises(TableError, match="does not see pathology"):
        import_check(row=row)


def test_the_study_changed_since_the_check_so_the_new_verdicts_come_first(site, coordinator):
    row = checked(coordinator, site, table({"patient": "P1", "age": 51}))
    make_patient(site, "P1", age_years=50)
    import_run(import_id=str(import_start(actor=coordinator, row=row, apply=True).pk))
    row.refresh_from_db()
    assert row.status == "checked", "the first run stores the new verdicts and writes nothing"
    assert "changed since the check" in row.problem["template"]
    assert row.verdicts[0][2] == "change"
    import_run(import_id=str(import_start(actor=coordinator, row=row, apply=True).pk))
    assert ClinicalRecord.objects.get().age_years == 51


def test_an_import_is_worked_on_once(site, coordinator):
    row = import_create(actor=coordinator, study=site.study, content=table({"patient": "P1"}))
    import_start(actor=coordinator, row=row)
    with pytest.raises(RuleViolationError, match="being worked on"):
        import_start(actor=coordinator, row=row)
    import_run(import_id=str(row.pk))
    import_run(import_id=str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.counts["new"]) == ("checked", 1)
    import_start(actor=coordinator, row=row, apply=True)
    import_run(import_id=str(row.pk))
    import_run(import_id=str(row.pk))
    assert Patient.objects.count() == 1
    with pytest.raises(RuleViolationError, match="imported or discarded"):
        import_discard(actor=coordinator, row=row)


def test_a_table_that_nobody_imports_is_thrown_away(site, coordinator):
    row = checked(coordinator, site, table({"patient": "P1"}))
    fresh = checked(coordinator, site, table({"patient": "P2"}))
    TableImport.objects.filter(pk=row.pk).update(updated_at=row.updated_at - KEPT_FOR * 2)
    name = row.spool.name
    imports_purge()
    row.refresh_from_db()
    fresh.refresh_from_db()
    assert (row.status, row.verdicts, fresh.status) == ("discarded", [], "checked")
    assert not default_storage.exists(name)


CELLS = st.sampled_from(
    ["", "51", "300", "[Not Available]", ">6.0", "=1+1", "2020-02-30", "positive", "2+", "左"]
)
COLUMNS = ("patient", "age", "menopause", "size_cm", "ihc_score", "her2_copies", "exam_date")


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)), min_size=1, max_size=5))
def test_whatever_the_table_holds_good_rows_go_in_once_and_the_rest_says_why(rows):
    site = make_site(make_study(), "s1")
    coordinator = make_person(site.study, "coordinator")
    numbered = [row | {"patient": f"P{place}" if row["patient"] else ""} for place, row in enumerate(rows)]
    if not any(any(row.values()) for row in numbered):
        return
    content = table(*numbered)
    row = checked(coordinator, site, content, mode="good")
    refused = {number for number, _code, verdict, _found in row.verdicts if verdict == "error"}
    assert {number for number, kind, _column, _code in remarks(row) if kind == "error"} == refused
    import_apply(actor=coordinator, row=row)
    assert site.study.patients.count() == len(row.verdicts) - len(refused)
    again = import_apply(actor=coordinator, row=checked(coordinator, site, content, mode="good"))
    assert again.plan.counts["new"] == again.plan.counts["change"] == 0
    assert again.raised == 0


@pytest.mark.real_data
def test_all_700_rows_of_tcga_go_in_and_say_how_far_they_agree(shared_data, site, coordinator):
    content = (shared_data / "tcga_brca_her2.csv").read_bytes()
    row = checked(coordinator, site, content)
    assert row.counts == {"new": 700, "change": 0, "same": 0, "error": 0}
    result = import_apply(actor=coordinator, row=row)
    assert {(entered, call): n for entered, call, n in row.report["agreement"]} == AGREEMENT
    with_texts = list(csv.DictReader(io.StringIO(content.decode())))
    stored = {source.patient.code: source.texts for source in SourceRow.objects.select_related("patient")}
    assert stored == {texts["bcr_patient_barcode"]: texts for texts in with_texts}, "nothing is dropped"
    asked = Counter(DataQuery.objects.filter(subject="pathology").values_list("code", flat=True))
    lost = {code: n for code, n in QUERIES.items() if asked[code] < n}
    assert lost == {}
    assert result.raised == DataQuery.objects.count() == QueryNote.objects.count()
    assert Label.objects.exclude(call="INDETERMINATE").count() == sum(
        n for (_entered, call), n in AGREEMENT.items() if call != "INDETERMINATE"
    )
    assert Patient.objects.get(code="TCGA-3C-AALK").clinical.missing_reasons["menopause"] == "unknown"
    assert audit_first_broken() is None
    again = import_apply(actor=coordinator, row=checked(coordinator, site, content))
    assert (again.plan.counts["same"], again.raised) == (700, 0)
