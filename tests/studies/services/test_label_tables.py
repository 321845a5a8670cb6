"""Tables of the labels: the paper's cases as the engine reads them, who is where, what stays sealed."""

import pytest

from studies.models import Label, Study
from studies.rules.her2 import Ish, amplified, classify, paper_label
from studies.rules.her2_labels import PAPER_CASES, paper_case
from studies.services.label_tables import label_tables_of
from studies.services.pathology import label_save
from studies.services.signing import label_lock
from studies.views.label_tables import table_lines
from tests.factories import (
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
)

FOUND = {
    "T1": {"ihc_score": "3+"},
    "T2": {"ihc_score": "3+", "ish": (2.0, 2.0)},
    "T3": {"ihc_score": "2+"},
    "T4": {"ihc_score": "2+", "ish": (8.0, 2.0)},
    "T5": {"ihc_score": "2+", "ish": (3.0, 1.2), "again": True},
    "T6": {"ihc_score": "2+", "ish": (7.0, 4.0), "again": True},
    "T7": {"ihc_score": "2+", "ish": (5.0, 4.0), "again": True},
    "T8": {"ihc_score": "1+", "ish": (8.0, 2.0)},
    "T9": {"ihc_score": "1+"},
    "T10": {"ihc_score": "0", "faint_incomplete_percent": 5.0},
}
"""(HER2, CEP17) copies a cell; again: a recount that stays in the group."""


COUNT = ("probe", "cells", "her2_copies", "cep17_copies")


def values_of(found: dict) -> dict:
    """The fields of a reading."""
    values = {name: value for name, value in found.items() if name not in ("ish", "again")}
    if "ish" in found:
        her2, cep17 = found["ish"]
        count = {"probe": "dual", "cells": 20, "her2_copies": her2, "cep17_copies": cep17}
        values |= count
        if found.get("again"):
            values["recount"] = count
    return values


@pytest.mark.parametrize("code", FOUND)
def test_each_case_is_recognised_and_the_table_prints_what_the_engine_says(code):
    case = next(case for case in PAPER_CASES if case.code == code)
    values = values_of(FOUND[code])
    counted = {name: values[name] for name in COUNT if name in values}
    ish = Ish(**counted) if counted else None
    result = classify(
        ihc_score=values["ihc_score"],
        ish=ish,
        recount=ish if "recount" in values else None,
        faint_incomplete_percent=values.get("faint_incomplete_percent"),
    )
    assert str(result.call) == case.guideline
    assert str(paper_label(ihc_score=values["ihc_score"], amplified=amplified(ish))) == case.paper
    assert code == paper_case(
        ihc_score=values["ihc_score"],
        has_ish=ish is not None,
        ish_group=result.ish_group,
        call=str(result.call),
        category=str(result.category or ""),
    )


def test_the_other_findings_are_no_case():
    assert paper_case(ihc_score="3+", has_ish=True, ish_group=1, call="POSITIVE", category="") is None
    assert paper_case(ihc_score="2+", has_ish=True, ish_group=5, call="NEGATIVE", category="LOW") is None
    assert paper_case(ihc_score="2+", has_ish=True, ish_group=2, call="NEEDS_RECOUNT", category="") is None
    assert paper_case(ihc_score="0", has_ish=False, ish_group=None, call="NEGATIVE", category="NULL") is None


@pytest.fixture
def study(db) -> Study:
    """One patient a case; T3 stays a draft, as it must."""
    study = make_study()
    site, reader = make_site(study), make_person(study, "pathologist", name="reader")
    for code, found in FOUND.items():
        specimen = make_specimen(make_patient(site, code), "excision")
        values = values_of(found) | {"comment": "Reported with a comment."}
        label = label_save(actor=reader, specimen=specimen, values=values)
        if code != "T3":
            label_lock(actor=reader, label=label)
    return study


def test_every_case_counts_its_specimens_and_the_cross_tab_its_patients(study):
    tables = label_tables_of(study, viewer=make_person(study, "coordinator"))
    assert {row.case.code: len(row.specimens) for row in tables.cases} == dict.fromkeys(FOUND, 1)
    assert (tables.n_patients, tables.n_of_record, tables.n_other) == (10, 9, 0)
    assert dict(tables.rules.counts) == {
        ("UNDEFINED", "POSITIVE"): 2, ("POSITIVE", "POSITIVE"): 1, ("POSITIVE", "NEGATIVE"): 1,
        ("NEGATIVE", "POSITIVE"): 2, ("NEGATIVE", "NEGATIVE"): 3,
    }  # fmt: skip
    assert dict(tables.categories) == {"LOW": 3, "ULTRALOW": 1}


def test_core_and_excision_are_compared_where_both_have_one_reading_of_record(study):
    site = study.sites.get()
    for number, (core, excision) in enumerate([("POSITIVE", "POSITIVE"), ("POSITIVE", "NEGATIVE")] * 2):
        patient = make_patient(site, f"C{number}")
        for kind, call in (("core", core), ("excision", excision)):
            make_label(patient, call, kind=kind)
    unsure = make_patient(site, "C9")
    make_label(unsure, "INDETERMINATE", kind="core")
    make_label(unsure, "POSITIVE", kind="excision")
    tables = label_tables_of(study, viewer=make_person(study, "clinician"))
    assert tables.kinds.table.total == 5
    assert (tables.kinds.kappa.n, tables.kinds.left_out) == (4, 1)
    assert tables.kinds.kappa.value == pytest.approx(0.0)
    assert {patient.code for patient in tables.kinds.differing} == {"C1", "C3", "C9"}
    assert tables.kinds_ihc.kappa.weights == "quadratic"
    lines = table_lines(tables)
    assert ["core by excision, call", "POSITIVE", "NEGATIVE", 2, "", "", 5, ""] in lines
    assert len({len(line) for line in lines}) == 1


def test_two_readers_are_compared_once_both_have_locked(study):
    study.readers_per_specimen = 2
    study.save()
    second = make_person(study, "pathologist", name="second")
    specimen = study.patients.get(code="T1").specimens.get()
    label = label_save(actor=second, specimen=specimen, values={"ihc_score": "1+"}, role=Label.Role.SECOND)
    viewer = make_person(study, "coordinator")
    assert label_tables_of(study, viewer=viewer).readers.table.total == 0
    label_lock(actor=second, label=label)
    tables = label_tables_of(study, viewer=viewer)
    assert dict(tables.readers.table.counts) == {("POSITIVE", "NEGATIVE"): 1}
    assert tables.n_of_record == 0


def test_a_trainer_reads_nothing_of_a_sealed_test_side(study):
    for code, side in (("T1", "test"), ("T9", "training")):
        make_membership(study.patients.get(code=code), side)
    study.sealed_at, study.seal_hash = study.created_at, "a" * 64
    study.save()
    tables = label_tables_of(study, viewer=make_person(study, "administrator"))
    assert (tables.n_hidden, tables.n_patients) == (1, 9)
    assert {row.case.code for row in tables.cases if row.specimens} == set(FOUND) - {"T1"}
    study.all_looks.create(number=1, reason="first", seal_hash="a" * 64)
    assert label_tables_of(study, viewer=make_person(study, "administrator")).n_hidden == 0
