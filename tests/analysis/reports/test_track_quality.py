"""The quality record of a clip in words, and on its page."""

import numpy as np
import pytest
from django.utils import translation

from analysis.pipeline.exclusion import REASON_TEXT
from analysis.pipeline.tracking import REJECTIONS, repair
from analysis.reports.track_quality import track_quality
from studies.models import Detection
from tests.factories import (
    logged_in,
    make_clip,
    make_feature_set,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
)

SHAPE = (300, 400)


@pytest.fixture(autouse=True)
def in_english():
    """Pages leave their language behind."""
    with translation.override("en"):
        yield


def sweep(n=40, confidence=0.8):
    """A steady lesion with a jump, two uncertain frames and a frame without a box."""
    found = [[(100.0, 80.0, 200.0, 160.0, confidence)] for _ in range(n)]
    found[10] = [(300.0, 200.0, 390.0, 290.0, 0.9)]
    found[20] = found[21] = [(100.0, 80.0, 200.0, 160.0, 0.15)]
    found[30] = []
    return found


def record(found=None):
    found = found or sweep()
    return repair(found, SHAPE, duplicate_frames=np.zeros(len(found), bool)).qc


def test_the_record_is_told_row_by_row():
    rows = dict(track_quality(record(), None).rows)
    assert rows["Frames with a lesion found"] == "39 / 40 (98 %)"
    assert rows["Boxes rejected"] == "3 / 39 (8 %)"
    assert rows["– the detector was too uncertain"] == "2"
    assert rows["– away from the path of its neighbours"] == "1"
    assert rows["Longest stretch"] == "40 frames (1–40)"
    assert rows["Interpolated in it"] == "4 / 40 (10 %)"
    assert rows["Frames that repeat the one before"] == "0 %"


def test_every_reason_of_a_rejection_has_words():
    qc = record() | {"reasons": dict.fromkeys(REJECTIONS, 3)}
    assert sum(name.startswith("– ") for name, _ in track_quality(qc, None).rows) == len(REJECTIONS)


def test_a_clip_without_any_box_has_a_record_and_remarks():
    found = track_quality(repair([[]] * 20, SHAPE).qc, None)
    assert dict(found.rows)["Longest stretch"] == "–"
    assert dict(found.rows)["Boxes rejected"] == "0 / 0"
    assert any("at least 16" in remark for remark in found.remarks)
    assert track_quality(None, None) == track_quality({}, {})


def test_frames_that_do_not_count_are_grouped_by_reason_and_counted_from_one():
    doppler, graphics = REASON_TEXT.values()
    excluded = {"4": doppler, "2": doppler, "3": doppler, "10": doppler, "7": graphics}
    first, second = track_quality(None, excluded).left_out
    assert (first.reason, first.count, first.frames) == (doppler, 4, "3–5, 11")
    assert (second.reason, second.count, second.frames) == (graphics, 1, "8")


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("en", "3 / 39 (8 %)"), ("zh-hans", "检测器的框")])
def test_the_page_shows_the_record_and_why_frames_do_not_count(language, words):
    site = make_site(make_study())
    clip = make_clip(make_patient(site))
    features = make_feature_set(make_model_track(clip))
    features.excluded = {"1": REASON_TEXT["colour_doppler"]}
    features.save()
    Detection.objects.create(clip=clip, detector_name="d", detector_digest="d" * 64, frames=[], qc=record())
    user = make_person(site.study, "clinician")
    browser = logged_in(user)
    browser.cookies["django_language"] = language
    page = browser.get(f"/clips/{clip.pk}/curves/").content.decode()
    assert words in page
    with translation.override(language):
        assert translation.gettext(REASON_TEXT["colour_doppler"]) in page
