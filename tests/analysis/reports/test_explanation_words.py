"""A term of a prediction in words: which texture, which rhythm, high or low, and where among others."""

import pytest
from django.utils import translation

from analysis.pipeline.kernels.rhythm import ASPECTS
from analysis.reports.explanation_words import (
    ASPECT_NAMES,
    SAYINGS,
    aspect_name,
    column_label,
    terms_in_words,
    value_text,
    values_apart,
)


def term(name, share, percentile=0.5, raw=1.0):
    """A stored contribution."""
    return {"name": name, "log_odds": share, "percentile": percentile, "raw": raw, "value": 0.0}


def test_every_aspect_has_its_sayings_and_name():
    assert set(SAYINGS) == set(ASPECT_NAMES) == set(ASPECTS)
    assert aspect_name("pace") == "how fast it changes"
    assert aspect_name("") == ""


@pytest.mark.parametrize(
    ("percentile", "said"), [(0.9, "a fast rhythm"), (0.1, "a slow rhythm"), (0.5, "the usual rhythm")]
)
def test_a_rhythm_is_fast_slow_or_usual_among_training_patients(percentile, said):
    (words,) = terms_in_words([term("glcm_Contrast__f_fc", 0.4, percentile, 2.1234)])
    assert words.sentence == f"“Contrast” of this lesion changes at {said}"
    assert words.figure == f"2.123 Hz; larger than in {round(100 * percentile)} % of training patients"
    assert words.up


def test_bars_are_drawn_against_the_largest_share():
    terms = [term("glcm_Contrast__f_fc", -0.8), term("age", 0.2, raw=61.0), term("cTNM", 0.0, raw=2.0)]
    words = terms_in_words(terms)
    assert [one.width for one in words] == [100, 25, 1]
    assert [one.up for one in words] == [False, True, False]
    assert words[1].label == "age (years)"
    assert words[1].sentence == ""
    assert words[2].figure.startswith("II;")


def test_terms_stored_before_percentiles_were_still_show():
    (words,) = terms_in_words([{"name": "glcm_Contrast__f_fc", "log_odds": 0.1, "value": 1.0}])
    assert (words.sentence, words.figure) == ("", "")
    assert (words.label, words.detail) == ("Contrast", "centre-of-gravity frequency")


def test_values_are_written_as_people_write_them():
    assert value_text("menopause", 1.0) == "postmenopausal"
    assert value_text("cN", 0.0) == "0"
    assert value_text("age", None) == "missing, the training median was taken"
    assert value_text("glcm_Contrast__t_var", 0.25) == "0.25 (level²)²"
    assert value_text("glcm_Contrast__t_mean", 0.25) == "0.25 level²"
    assert value_text("glcm_Id__t_var", 0.25) == "0.25"
    assert value_text("glcm_Id__f_msf", 2.5) == "2.5 Hz²"
    assert value_text("firstorder_Mean__t_kurt", 3.0) == "3"
    assert column_label("glcm_Contrast__f_fc") == "Contrast: its centre-of-gravity frequency"
    with translation.override("zh-hans"):
        assert value_text("menopause", 1.0) == "绝经后"
        (words,) = terms_in_words([term("glcm_Contrast__f_fc", 0.4, 0.9)])
        assert "较快的节律" in words.sentence


def test_two_values_get_as_many_digits_as_tell_them_apart():
    name = "firstorder_Mean__t_wf"
    assert values_apart(name, 1.00112, 1.00134) == ("1.0011", "1.0013")
    assert values_apart(name, 1.0, 1.0) == ("1", "1")
    assert values_apart(name, 12.5, 15.83) == ("12.5", "15.83")
