"""Size, T, N and stage beside each other, with the paper's own counts as a check."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from studies.rules.staging import (
    StagingInputError,
    anatomic_stage,
    n_category,
    stage_category,
    staging_warnings,
    t_category,
)

TABLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "tcga_brca_her2.csv"

NAMES = ("tumor_pathologic_pt", "nodes_pathologic_pn", "pathologic_tumor_stage")


def codes(**entered):
    return [notice.code for notice in staging_warnings(**entered)]


# CLINICAL C.6, row by row
@pytest.mark.parametrize(
    ("t", "row"),
    [
        ("T0", (None, "IB", "IIA", "IIIA", "IIIC")),
        ("T1", ("IA", "IB", "IIA", "IIIA", "IIIC")),
        ("T2", ("IIA", "IIB", "IIB", "IIIA", "IIIC")),
        ("T3", ("IIB", "IIIA", "IIIA", "IIIA", "IIIC")),
        ("T4", ("IIIB", "IIIB", "IIIB", "IIIB", "IIIC")),
    ],
)
def test_the_table(t, row):
    assert tuple(anatomic_stage(t, n) for n in ("N0", "N1mi", "N1", "N2", "N3")) == row
    assert anatomic_stage(t, "N0", distant_metastasis=True) == "IV"
    assert anatomic_stage(None, "N0") is None


@pytest.mark.parametrize(
    ("t", "n", "stage"),
    [(1, 0, 1), (1, 1, 2), (2, 0, 2), (2, 1, 2), (3, 0, 2), (1, 2, 3), (2, 2, 3), (3, 1, 3), (3, 2, 3)],
)
def test_the_papers_codes_are_consistent(t, n, stage):
    assert codes(ct=t, cn=n, ctnm=stage) == []
    for other in {1, 2, 3} - {stage}:
        assert codes(ct=t, cn=n, ctnm=other) == ["stage_differs"]


def test_a_stage_with_a_letter_is_compared_with_its_letter():
    assert codes(ct="cT2", cn="cN1", ctnm="IIB") == []
    assert codes(ct="cT2", cn="cN1", ctnm="Stage IIA") == ["stage_differs"]
    assert codes(ct="cT2", cn="cN1", ctnm="II") == []


@pytest.mark.parametrize(
    ("size_cm", "t", "warns"),
    [
        (2.2, 1, False), (2.21, 1, True), (1.8, 2, True), (1.81, 2, False), (2.0, 2, False), (5.2, 2, False),
        (5.21, 2, True), (4.8, 3, True), (4.81, 3, False), (0.1, 1, False), (12.0, 3, False), (9.0, 4, False),
        (1.0, 4, False), (None, 1, False), (Decimal("2.20"), 1, False), (Decimal("5.30"), 1, True),
    ],
)  # fmt: skip
def test_size_against_t_with_two_millimetres_of_tolerance(size_cm, t, warns):
    assert codes(size_cm=size_cm, ct=t) == (["size_differs_from_t"] if warns else [])


def test_a_t3_that_touches_the_border_cannot_be_whole():
    assert codes(ct=3, box_touches_border=True) == ["ct3_truncated"]
    assert codes(ct=2, box_touches_border=True) == []


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (1, "T1"),
        ("cT1c", "T1"),
        ("T4d", "T4"),
        ("ypT2", "T2"),
        ("t 3", "T3"),
        ("TX", None),
        (None, None),
        ("", None),
    ],
)
def test_t_as_people_enter_it(value, category):
    assert t_category(value) == category


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (0, "N0"),
        ("N1mi", "N1mi"),
        ("cN1(mi)", "N1mi"),
        ("N2a", "N2"),
        ("N0 (i-)", "N0"),
        ("N0 (i+)", "N0"),
        ("NX", None),
    ],
)
def test_n_as_people_enter_it(value, category):
    assert n_category(value) == category


@pytest.mark.parametrize(
    ("value", "category"), [(2, "II"), ("2b", "IIB"), ("Stage IIIC", "IIIC"), ("IV", "IV"), ("Stage X", None)]
)
def test_stage_as_people_enter_it(value, category):
    assert stage_category(value) == category


@pytest.mark.parametrize(
    ("read", "value"), [(t_category, "T5"), (n_category, "N4"), (stage_category, "V"), (t_category, -1)]
)
def test_what_is_no_category_is_refused_and_becomes_a_warning(read, value):
    with pytest.raises(StagingInputError):
        read(value)
    assert codes(ct="T5", cn="N9", ctnm="V") == ["staging_not_understood"] * 3


@pytest.mark.real_data
def test_the_stages_of_700_real_patients_agree_with_the_table():
    """Pathological stages, many of earlier editions: 10 of the 682 that can be compared differ."""
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is absent; the stages of real patients were not compared.")
    compared, found = 0, Counter()
    with TABLE.open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            t, n, stage = (row[f"ajcc_{name}"] for name in NAMES)
            entered = None if stage.startswith("[") else stage
            metastasis = stage == "Stage IV"
            fits = anatomic_stage(t_category(t), n_category(n), distant_metastasis=metastasis)
            compared += fits is not None and stage_category(entered) is not None
            found.update(codes(ct=t, cn=n, ctnm=entered, distant_metastasis=metastasis))
    assert found == {"stage_differs": 10}
    assert compared == 682
