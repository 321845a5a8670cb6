"""IHC: score against staining, and the categories below positive (CLINICAL C.3 and C.5)."""

import pytest

from studies.rules.her2 import (
    classify,
)
from tests.studies.rules.her2_cases import codes, dual, single

# CLINICAL C.1: (percent, intensity, completeness) -> the scores that fit; ten and eleven per cent
STAINING = [
    (11, "intense", "complete", {"3+"}),
    (10, "intense", "complete", {"2+"}),
    (10.01, "intense", "complete", {"3+"}),
    (11, "weak", "complete", {"2+"}),
    (11, "moderate", "complete", {"2+"}),
    (10, "moderate", "complete", set()),
    (11, "moderate", "incomplete", {"2+"}),
    (40, "intense", "incomplete", {"2+"}),
    (11, "faint", "incomplete", {"1+"}),
    (10, "faint", "incomplete", {"0"}),
    (0, "none", "none", {"0"}),
    (0, None, None, {"0"}),
    (0, "faint", None, set()),
    (11, None, None, {"1+", "2+", "3+"}),
    (10, None, None, {"0", "2+"}),
    (None, "intense", "complete", {"2+", "3+"}),
    (None, "faint", "incomplete", {"0", "1+"}),
    (None, None, None, {"0", "1+", "2+", "3+"}),
]


@pytest.mark.parametrize(("percent", "intensity", "completeness", "fitting"), STAINING)
@pytest.mark.parametrize("score", ["0", "1+", "2+", "3+"])
def test_a_score_that_the_staining_contradicts_is_a_query_and_stays(
    percent, intensity, completeness, fitting, score
):
    recorded = {"ihc_percent": percent, "ihc_intensity": intensity, "ihc_completeness": completeness}
    result = classify(ihc_score=score, **recorded)
    expected = set() if score in fitting else {"ihc_score_contradicts_staining"}
    if not fitting:
        expected = {"staining_fits_no_score"}
    assert codes(result) - {"zero_staining_contradicts"} == expected
    assert result.call == classify(ihc_score=score).call


def test_a_score_that_was_not_entered_is_derived_and_questioned():
    result = classify(ihc_percent=11, ihc_intensity="INTENSE", ihc_completeness="complete")
    assert (result.call, codes(result)) == ("POSITIVE", {"ihc_score_derived"})
    open_result = classify(ihc_percent=11, ihc_intensity="intense")
    assert (open_result.call, codes(open_result)) == ("INDETERMINATE", set())


@pytest.mark.parametrize(
    ("recorded", "category"),
    [
        ({"faint_incomplete_percent": 0}, "NULL"),
        ({"faint_incomplete_percent": 5}, "ULTRALOW"),
        ({"faint_incomplete_percent": 10}, "ULTRALOW"),
        ({"faint_incomplete_percent": 0.1}, "ULTRALOW"),
        ({"faint_incomplete_percent": 11}, "NULL_OR_ULTRALOW_UNKNOWN"),
        ({}, "NULL_OR_ULTRALOW_UNKNOWN"),
        ({"ihc_percent": 0}, "NULL"),
        ({"ihc_intensity": "none"}, "NULL"),
        ({"ihc_percent": 5, "ihc_intensity": "faint", "ihc_completeness": "incomplete"}, "ULTRALOW"),
        ({"ihc_percent": 5, "faint_incomplete_percent": 0}, "NULL_OR_ULTRALOW_UNKNOWN"),
    ],
)
def test_the_category_of_score_zero(recorded, category):
    result = classify(ihc_score="0", **recorded)
    assert (result.call, result.category) == ("NEGATIVE", category)


def test_eleven_per_cent_of_faint_staining_is_no_zero_and_ten_is_no_one_plus():
    assert codes(classify(ihc_score="0", faint_incomplete_percent=11)) == {"ihc_score_contradicts_staining"}
    assert codes(classify(ihc_score="1+", faint_incomplete_percent=10)) == {"ihc_score_contradicts_staining"}
    assert not classify(ihc_score="0", faint_incomplete_percent=10).queries
    assert not classify(ihc_score="1+", faint_incomplete_percent=11).queries


@pytest.mark.parametrize(
    ("result", "category"),
    [
        (classify(ihc_score="1+"), "LOW"),
        (classify(ihc_score="2+", ish=dual(5)), "LOW"),
        (classify(ihc_score="2+", ish=dual(4), recount=dual(4)), "LOW"),
        (classify(ihc_score="2+", ish=single(3.0)), "LOW"),
        (classify(ihc_score="1+", ish=dual(2)), "LOW"),
        (classify(ihc_score="2+"), None),
        (classify(ihc_score="3+"), None),
        (classify(ihc_score="1+", ish=dual(1)), None),
        (classify(ish=dual(5)), None),
    ],
)
def test_only_a_negative_result_with_a_score_has_a_category(result, category):
    assert result.category == category
