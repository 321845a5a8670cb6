"""The criteria of the paper: each one met, not met and not recorded, and what they come to."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.eligibility import CRITERIA, Decision, Facts, Kind, decide, eligibility_rows, reasons
from studies.rules.verdicts import Verdict

GOOD = Facts(
    ultrasound=date(2019, 3, 8),
    surgery=date(2019, 3, 15),
    biopsied=False,
    suspected_lesion=True,
    surgery_intended=True,
    missing_clinical=(),
    has_video=True,
    acquisition=Verdict.MET,
    acquisition_compliant=True,
    multifocal=False,
    bilateral=False,
    pathology="invasive",
    mass=True,
)


def verdicts(facts):
    return {row.criterion.code: row.verdict for row in eligibility_rows(facts)}


def test_the_table_is_the_papers():
    letters = [(criterion.kind, criterion.letter) for criterion in CRITERIA]
    assert letters == [(Kind.INCLUSION, x) for x in "abc"] + [(Kind.EXCLUSION, x) for x in "abcdef"]


def test_a_patient_by_the_protocol_is_included():
    rows = eligibility_rows(GOOD)
    assert decide(rows) is Decision.INCLUDED
    assert reasons(rows) == ()
    assert rows[0].evidence == "Days from ultrasound to surgery: 7; suspected lesion: yes."


def test_nothing_recorded_decides_nothing():
    rows = eligibility_rows(Facts())
    assert {row.verdict for row in rows} == {Verdict.NOT_RECORDED}
    assert decide(rows) is Decision.UNDECIDED
    assert decide(()) is Decision.UNDECIDED


# facts that bear on more than one criterion
ALSO = {
    "missing_clinical": ("inclusion_b", "exclusion_b"),
    "has_video": ("inclusion_b", "exclusion_b"),
}
MET, NOT, OPEN = Verdict.MET, Verdict.NOT_MET, Verdict.NOT_RECORDED


@pytest.mark.parametrize(
    ("changes", "code", "verdict"),
    [
        ({"ultrasound": date(2019, 3, 7)}, "inclusion_a", NOT),
        ({"ultrasound": date(2019, 3, 15)}, "inclusion_a", MET),
        ({"ultrasound": date(2019, 3, 16)}, "inclusion_a", NOT),
        ({"surgery": None}, "inclusion_a", OPEN),
        ({"suspected_lesion": None}, "inclusion_a", OPEN),
        ({"suspected_lesion": False, "surgery": None}, "inclusion_a", NOT),
        ({"missing_clinical": ("age",)}, "inclusion_b", NOT),
        ({"missing_clinical": None}, "inclusion_b", OPEN),
        ({"surgery_intended": False}, "inclusion_c", NOT),
        ({"surgery_intended": None}, "inclusion_c", OPEN),
        ({"biopsied": True, "biopsy": date(2019, 3, 7)}, "exclusion_a", MET),
        ({"biopsied": True, "biopsy": date(2019, 3, 9)}, "exclusion_a", NOT),
        ({"biopsied": True, "biopsy": date(2019, 3, 8)}, "exclusion_a", OPEN),
        ({"biopsied": True}, "exclusion_a", OPEN),
        ({"biopsied": None}, "exclusion_a", OPEN),
        ({"missing_clinical": ("cT",)}, "exclusion_b", MET),
        ({"has_video": False, "missing_clinical": None}, "exclusion_b", MET),
        ({"has_video": None}, "exclusion_b", OPEN),
        ({"acquisition_compliant": False}, "exclusion_c", MET),
        ({"acquisition_compliant": None}, "exclusion_c", OPEN),
        ({"acquisition": NOT}, "exclusion_c", NOT),
        ({"multifocal": True, "bilateral": None}, "exclusion_d", MET),
        ({"bilateral": True}, "exclusion_d", MET),
        ({"bilateral": None}, "exclusion_d", OPEN),
        ({"pathology": "benign"}, "exclusion_e", MET),
        ({"pathology": "non_invasive"}, "exclusion_e", MET),
        ({"pathology": None}, "exclusion_e", OPEN),
        ({"mass": False}, "exclusion_f", MET),
        ({"mass": None}, "exclusion_f", OPEN),
    ],
)
def test_every_criterion(changes, code, verdict):
    facts = replace(GOOD, **changes)
    assert verdicts(facts)[code] is verdict
    good, now = verdicts(GOOD), verdicts(facts)
    touched = {other for other in now if now[other] is not good[other]}
    assert touched <= {code, *ALSO.get(next(iter(changes)), ())}


def test_several_reasons_are_all_kept_in_order():
    rows = eligibility_rows(
        replace(GOOD, mass=False, multifocal=True, missing_clinical=("age",), pathology=None)
    )
    assert decide(rows) is Decision.EXCLUDED
    assert reasons(rows) == ("inclusion_b", "exclusion_b", "exclusion_d", "exclusion_f")


facts = st.builds(
    Facts,
    ultrasound=st.none() | st.dates(date(2019, 1, 1), date(2019, 1, 20)),
    surgery=st.none() | st.dates(date(2019, 1, 1), date(2019, 1, 20)),
    biopsy=st.none() | st.dates(date(2019, 1, 1), date(2019, 1, 20)),
    missing_clinical=st.none() | st.just(()) | st.just(("age",)),
    pathology=st.none() | st.sampled_from(["invasive", "non_invasive", "benign"]),
    **{
        name: st.none() | st.booleans()
        for name in (
            "biopsied", "suspected_lesion", "surgery_intended", "has_video", "acquisition_compliant",
            "multifocal", "bilateral", "mass",
        )
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(facts)
def test_more_facts_never_undo_an_exclusion_and_inclusion_needs_all(recorded):
    rows = eligibility_rows(recorded)
    assert len(rows) == len(CRITERIA)
    decision = decide(rows)
    assert (decision is Decision.EXCLUDED) == bool(reasons(rows))
    if decision is Decision.INCLUDED:
        assert all(row.verdict is not OPEN and not row.excludes for row in rows)
    assert all(str(row.evidence) for row in rows)
