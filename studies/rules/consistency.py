"""Warnings about one patient's record that ask "keep, because..." and never block.

Age against the range of the paper, menopause against age, the order of dates, and what makes a patient a
candidate for exclusion (CLINICAL C.6). Size, T, N and stage are compared in `staging`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from studies.rules.sentences import Notice, Sentence, gettext_noop

AGE_RANGE = (26, 83)
"""Years; the range of the paper's 445 patients (section 3.1)."""
LAST_AGE = 120
PREMENOPAUSAL_UNTIL = 58
POSTMENOPAUSAL_FROM = 40
"""Years; outside these, a menopausal status asks for a second look (our convention)."""
MAX_DAYS_BEFORE_SURGERY = 7
"""The paper's inclusion criterion (a): ultrasound within one week before surgery."""

Menopause = Literal["pre", "post"]
MENOPAUSE_CODES: dict[int, Menopause] = {0: "pre", 1: "post"}
"""The paper's code, Table 1."""


@dataclass(frozen=True)
class Dates:
    """The dates of one patient's course; None = not recorded."""

    birth: date | None = None
    biopsy: date | None = None
    ultrasound: date | None = None
    surgery: date | None = None
    label: date | None = None


def age_warnings(age: float | None) -> list[Notice]:
    """Age in years: impossible, or outside the range of the paper."""
    if age is None:
        return []
    low, high = AGE_RANGE
    if not 0 <= age <= LAST_AGE:
        template = gettext_noop("Age %(age)s is not possible.")
        return [Notice("age_impossible", Sentence(template, age=f"{age:g}"), ("age",))]
    if low <= age <= high:
        return []
    template = gettext_noop("Age %(age)s lies outside the %(low)d to %(high)d years of the paper's patients.")
    return [Notice("age_outside_range", Sentence(template, age=f"{age:g}", low=low, high=high), ("age",))]


def menopause_warnings(age: float | None, menopause: Menopause | int | None) -> list[Notice]:
    """Menopausal status ("pre", "post", or the paper's 0, 1) against age in years."""
    if isinstance(menopause, int):
        menopause = MENOPAUSE_CODES.get(menopause)
    if age is None or menopause is None:
        return []
    if menopause == "pre" and age > PREMENOPAUSAL_UNTIL:
        template = gettext_noop("Premenopausal at %(age)s years.")
    elif menopause == "post" and age < POSTMENOPAUSAL_FROM:
        template = gettext_noop("Postmenopausal at %(age)s years.")
    else:
        return []
    return [Notice("menopause_unlikely_at_age", Sentence(template, age=f"{age:g}"), ("menopause", "age"))]


RECEPTOR_POSITIVE_FROM_PERCENT = 1
"""Percent of stained nuclei from which ER and PR count as positive (ASCO/CAP 2020)."""


def receptor_warnings(status: str | None, percent: float | None, name: str) -> list[Notice]:
    """A receptor's status ("positive", "negative", "") against its percentage.

    Args:
        name: "er" or "pr".
    """
    if not status or percent is None:
        return []
    fits = "positive" if percent >= RECEPTOR_POSITIVE_FROM_PERCENT else "negative"
    if status == fits:
        return []
    template = gettext_noop("%(name)s was entered as %(status)s with %(percent)s %% of the nuclei stained.")
    sentence = Sentence(template, name=name.upper(), status=status, percent=f"{percent:g}")
    return [Notice(f"{name}_status_contradicts_percent", sentence, (f"{name}_status", f"{name}_percent"))]


_ORDER: Sequence[tuple[str, str, str, str]] = (
    (
        "ultrasound",
        "surgery",
        "ultrasound_after_surgery",
        gettext_noop("The ultrasound lies after the surgery."),
    ),
    ("surgery", "label", "label_before_surgery", gettext_noop("The label is dated before the surgery.")),
    (
        "ultrasound",
        "label",
        "label_before_ultrasound",
        gettext_noop("The label is dated before the ultrasound."),
    ),
    ("biopsy", "surgery", "biopsy_after_surgery", gettext_noop("The biopsy lies after the surgery.")),
)
"""First must not be after second (HONESTY G10: ultrasound <= surgery <= label)."""


def date_warnings(dates: Dates, today: date | None = None) -> list[Notice]:
    """The order of the dates, a birth after any of them, and dates after *today* where it is given."""
    found = [
        Notice(code, Sentence(template), (first, second))
        for first, second, code, template in _ORDER
        if _after(getattr(dates, first), getattr(dates, second))
    ]
    for name in ("biopsy", "ultrasound", "surgery", "label"):
        value = getattr(dates, name)
        if _after(dates.birth, value):
            sentence = Sentence(gettext_noop("The %(name)s lies before the birth."), name=name)
            found.append(Notice("date_before_birth", sentence, (name, "birth")))
        if today is not None and _after(value, today):
            sentence = Sentence(gettext_noop("The %(name)s lies in the future."), name=name)
            found.append(Notice("date_in_future", sentence, (name,)))
    return found


def _after(first: date | None, second: date | None) -> bool:
    return first is not None and second is not None and first > second


def eligibility_warnings(
    dates: Dates,
    *,
    ct: str | None = None,
    cn: str | None = None,
    distant_metastasis: bool | None = None,
    multifocal: bool | None = None,
    bilateral: bool | None = None,
) -> list[Notice]:
    """What makes the patient a candidate for exclusion (CLINICAL C.6, last check).

    Args:
        ct, cn: normalised, such as "T4" and "N3" (`staging.t_category`, `staging.n_category`).
    """
    days = _days(dates.ultrasound, dates.surgery)
    late = days is not None and days > MAX_DAYS_BEFORE_SURGERY
    biopsied = _after(dates.ultrasound, dates.biopsy)
    far = Sentence(
        gettext_noop(
            "The ultrasound was %(days)d days before surgery; the protocol asks for at most %(most)d."
        ),
        days=days or 0,
        most=MAX_DAYS_BEFORE_SURGERY,
    )
    checks = (
        (late, "ultrasound_too_early", far, ("ultrasound", "surgery")),
        (biopsied, "biopsy_before_ultrasound", _BIOPSY, ("biopsy", "ultrasound")),
        (ct == "T4", "ct4", _CT4, ("cT",)),
        (cn == "N3", "cn3", _CN3, ("cN",)),
        (distant_metastasis is True, "m1", _M1, ("distant_metastasis",)),
        (multifocal is True, "multifocal", _MULTIFOCAL, ("multifocal",)),
        (bilateral is True, "bilateral", _BILATERAL, ("bilateral",)),
    )
    return [Notice(code, sentence, fields) for holds, code, sentence, fields in checks if holds]


_BIOPSY = Sentence(gettext_noop("A core needle biopsy was taken before the ultrasound: exclusion (a)."))
_CT4 = Sentence(gettext_noop("cT4 lies outside the cT1 to cT3 of the paper's patients."))
_CN3 = Sentence(gettext_noop("cN3 lies outside the cN0 to cN2 of the paper's patients."))
_M1 = Sentence(gettext_noop("Distant metastasis lies outside the paper's patients."))
_MULTIFOCAL = Sentence(gettext_noop("The disease is multifocal: exclusion (d)."))
_BILATERAL = Sentence(gettext_noop("The disease is bilateral: exclusion (d)."))


def _days(first: date | None, second: date | None) -> int | None:
    return None if first is None or second is None else (second - first).days
