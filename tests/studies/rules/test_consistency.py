"""Warnings on age, menopause, dates and exclusion candidates."""

from datetime import date

import pytest

from studies.rules.consistency import (
    Dates,
    age_warnings,
    date_warnings,
    eligibility_warnings,
    menopause_warnings,
)


def codes(notices):
    return [notice.code for notice in notices]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (None, []),
        (26, []),
        (83, []),
        (25, ["age_outside_range"]),
        (84, ["age_outside_range"]),
        (-1, ["age_impossible"]),
        (121, ["age_impossible"]),
        (float("nan"), ["age_impossible"]),
    ],
)
def test_age(age, expected):
    assert codes(age_warnings(age)) == expected


@pytest.mark.parametrize(
    ("age", "menopause", "warns"),
    [
        (58, "pre", False), (59, "pre", True), (59, 0, True), (40, "post", False), (39, "post", True),
        (39, 1, True), (45, 0, False), (None, "pre", False), (70, None, False),
    ],
)  # fmt: skip
def test_menopause_against_age(age, menopause, warns):
    assert codes(menopause_warnings(age, menopause)) == (["menopause_unlikely_at_age"] if warns else [])


def test_dates_in_order_raise_nothing():
    day = date(2019, 3, 1)
    assert date_warnings(Dates(ultrasound=day, surgery=day, label=day, biopsy=day), today=day) == []
    assert date_warnings(Dates()) == []


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (Dates(ultrasound=date(2019, 3, 2), surgery=date(2019, 3, 1)), ["ultrasound_after_surgery"]),
        (Dates(surgery=date(2019, 3, 2), label=date(2019, 3, 1)), ["label_before_surgery"]),
        (Dates(ultrasound=date(2019, 3, 2), label=date(2019, 3, 1)), ["label_before_ultrasound"]),
        (Dates(biopsy=date(2019, 3, 2), surgery=date(2019, 3, 1)), ["biopsy_after_surgery"]),
        (Dates(birth=date(2019, 3, 2), surgery=date(2019, 3, 1)), ["date_before_birth"]),
        (Dates(label=date(2030, 1, 1)), ["date_in_future"]),
    ],
)
def test_dates_out_of_order_are_named(dates, expected):
    assert codes(date_warnings(dates, today=date(2020, 1, 1))) == expected


def test_seven_days_are_in_time_and_eight_are_not():
    surgery = date(2019, 3, 15)
    assert codes(eligibility_warnings(Dates(ultrasound=date(2019, 3, 8), surgery=surgery))) == []
    found = eligibility_warnings(Dates(ultrasound=date(2019, 3, 7), surgery=surgery))
    assert codes(found) == ["ultrasound_too_early"]
    assert "8 days" in found[0].sentence


def test_every_exclusion_candidate():
    found = eligibility_warnings(
        Dates(biopsy=date(2019, 3, 1), ultrasound=date(2019, 3, 2)),
        ct="T4",
        cn="N3",
        distant_metastasis=True,
        multifocal=True,
        bilateral=True,
    )
    assert codes(found) == ["biopsy_before_ultrasound", "ct4", "cn3", "m1", "multifocal", "bilateral"]
    assert eligibility_warnings(Dates(), ct="T3", cn="N2", multifocal=False) == []
