"""The clinical table of synthetic cohorts against the paper's Table 1, and their pathology."""

from collections import Counter

import numpy as np
import pytest

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_margins import largest_remainder, margins_for, stage_group
from analysis.pipeline.kernels.cohort_table import SIZE_RANGE_CM, SyntheticPatient
from analysis.pipeline.synthesis import SyntheticCohort, draw_cohort, patient_pathology, patient_scene
from studies.rules import her2

# Table 1 and section 3.1 of the paper, as printed: total, training, test.
TABLE_1 = {
    "n": (445, 357, 88),
    "age": ("51.87 10.62", "52.20 10.67", "50.52 10.38"),
    "size_cm": ("2.36 1.11", "2.37 1.15", "2.33 0.98"),
    "menopause": ((186, 259), (147, 210), (39, 49)),
    "cN": ((342, 98, 5), (277, 76, 4), (65, 22, 1)),
    "cT": ((215, 223, 7), (173, 178, 6), (42, 45, 1)),
    "cTNM": ((186, 251, 8), (149, 201, 7), (37, 50, 1)),
    "her2_positive": ((302, 143), (242, 115), (60, 28)),
}
LEVELS = {"menopause": (0, 1), "cN": (0, 1, 2), "cT": (1, 2, 3), "cTNM": (1, 2, 3), "her2_positive": (0, 1)}


def counts(patients: list[SyntheticPatient], name: str) -> tuple[int, ...]:
    """Patients at each level of one variable."""
    tally = Counter(int(getattr(patient, name)) for patient in patients)
    return tuple(tally[level] for level in LEVELS[name])


def moments(patients: list[SyntheticPatient], name: str) -> str:
    """Mean and sample SD to two decimals, as the table prints them."""
    values = [getattr(patient, name) for patient in patients]
    return f"{np.mean(values):.2f} {np.std(values, ddof=1):.2f}"


@pytest.mark.parametrize("seed", range(8))
def test_table_1_is_met_exactly_at_445(seed: int) -> None:
    everyone = list(draw_cohort(445, seed, 0.35).patients)
    groups = (
        everyone,
        [patient for patient in everyone if patient.planned_set == "training"],
        [patient for patient in everyone if patient.planned_set == "test"],
    )
    for column, group in enumerate(groups):
        assert len(group) == TABLE_1["n"][column]
        for name in LEVELS:
            assert counts(group, name) == TABLE_1[name][column], name
        for name in ("age", "size_cm"):
            assert moments(group, name) == TABLE_1[name][column], name


@pytest.mark.parametrize("n", [60, 100, 200, 300])
def test_other_numbers_are_proportional_by_largest_remainder(n: int) -> None:
    patients = list(draw_cohort(n, 1, 0.35).patients)
    assert len(patients) == n
    for name in LEVELS:
        assert list(counts(patients, name)) == largest_remainder(TABLE_1[name][0], n), name
    assert np.mean([patient.age for patient in patients]) == pytest.approx(51.87, abs=0.1)
    assert np.mean([patient.size_cm for patient in patients]) == pytest.approx(2.36, abs=0.03)
    assert np.std([patient.size_cm for patient in patients]) == pytest.approx(1.11, abs=0.06)


def test_margins_add_up_for_every_size() -> None:
    for n in range(1, 460):
        training, test = margins_for(n)
        assert training.n + test.n == n
        for margins in (training, test):
            assert min(margins.cells.values()) >= 0
            assert 0 <= margins.menopausal <= margins.n
            assert 0 <= margins.positive <= margins.n


def test_largest_remainder_by_hand() -> None:
    assert largest_remainder([143, 302], 60) == [19, 41]
    assert largest_remainder([1, 1, 1], 5) == [2, 2, 1]
    assert largest_remainder([3, 0], 7) == [7, 0]


@pytest.mark.parametrize(
    ("t", "n", "group"),
    [(1, 0, 1), (1, 1, 2), (2, 0, 2), (2, 1, 2), (3, 0, 2), (2, 2, 3), (3, 1, 3), (1, 2, 3)],
)
def test_stage_groups_follow_the_anatomic_rule(t: int, n: int, group: int) -> None:
    assert stage_group(t, n) == group


@pytest.mark.parametrize("n", [1, 2, 5, 60])
def test_values_stay_in_their_ranges(n: int) -> None:
    patients = draw_cohort(n, 4, 1.0).patients
    assert len({patient.code for patient in patients}) == n
    for patient in patients:
        low, high = SIZE_RANGE_CM[patient.cT]
        assert low <= patient.size_cm <= high
        assert round(patient.size_cm, 1) == patient.size_cm
        assert 26 <= patient.age <= 83
        assert patient.cTNM == stage_group(patient.cT, patient.cN)


def test_menopause_follows_age() -> None:
    patients = draw_cohort(445, 0, 0.35).patients
    ages = {status: [p.age for p in patients if p.menopause == status] for status in (0, 1)}
    assert np.mean(ages[1]) > np.mean(ages[0]) + 10


def _auc(cohort: SyntheticCohort, name: str) -> float:
    positive, negative = (
        np.array([getattr(p, name) for p in cohort.patients if p.her2_positive == status], dtype=float)
        for status in (True, False)
    )
    pairs = positive[:, None] - negative[None, :]
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def test_her2_depends_on_the_clinic_as_planted_and_not_at_effect_zero() -> None:
    planted = np.mean([_auc(draw_cohort(445, seed, 0.35), "size_cm") for seed in range(6)])
    null = np.mean([_auc(draw_cohort(445, seed, 0.0), "size_cm") for seed in range(6)])
    assert planted > 0.55
    assert null == pytest.approx(0.5, abs=0.035)  # SE of one 445-patient AUC is 0.029, of six 0.012


def test_same_seed_same_cohort_and_patients_do_not_depend_on_each_other() -> None:
    assert draw_cohort(30, 9, 0.35) == draw_cohort(30, 9, 0.35)
    assert draw_cohort(30, 9, 0.35) != draw_cohort(30, 10, 0.35)
    cohort = draw_cohort(5, 9, 0.35)
    last_first = [patient_scene(cohort, index)[0] for index in (4, 0)]
    assert [patient_scene(cohort, index)[0] for index in (0, 4)] == last_first[::-1]


@pytest.mark.parametrize(("n", "seed", "effect"), [(0, 1, 0.35), (-3, 1, 0.35), (5, -1, 0.35), (5, 1, -1.0)])
def test_senseless_cohorts_are_refused(n: int, seed: int, effect: float) -> None:
    with pytest.raises(InvalidInputError, match="expected"):
        draw_cohort(n, seed, effect)


def test_pathology_leads_to_the_drawn_status_under_asco_cap() -> None:
    cohort = draw_cohort(445, 2, 0.35)
    scores: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    specimens: Counter[str] = Counter()
    for index, patient in enumerate(cohort.patients):
        rows = patient_pathology(cohort, index)
        assert rows[-1].specimen == "excision"
        for row in rows:
            assert row.patient == patient.code
            ish = None
            if row.probe:
                copies, cep17, ratio = float(row.her2_copies), float(row.cep17_copies), float(row.ratio)
                ish = her2.Ish(row.probe, int(row.cells), copies, cep17, ratio)
            result = her2.classify(ihc_score=row.ihc_score, ish=ish)
            assert result.call == ("POSITIVE" if patient.her2_positive else "NEGATIVE"), row
            assert not result.queries
            specimens[row.specimen] += 1
        scores[patient.her2_positive][rows[-1].ihc_score] += 1
    assert specimens["excision"] == 445
    assert 120 < specimens["core"] < 240
    assert scores[True]["3+"] > scores[True]["2+"] > 0
    assert set(scores[False]) == {"0", "1+", "2+"}
