"""The paper's Figures 1 to 4 for the study at hand: what is drawn, of whom, and for whom."""

import base64
import io

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from analysis.reports.boxes_drawing import FONT_PX, INDENT_PX, SCALE, Box
from analysis.reports.document.gather_patients import Case
from analysis.reports.document.svg import text_width
from analysis.reports.frame_figure import example_number
from analysis.reports.study_drawings import status_of
from analysis.services.features import static_of
from studies.models import Label, Look, Track
from tests.analysis.judged_study import csv_rows, judged_study
from tests.factories import (
    logged_in,
    make_clip,
    make_feature_set,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
)

pytestmark = pytest.mark.django_db


def figure(study, person, name, **query):
    return logged_in(person).get(reverse("figure", args=[study.slug, name]), query)


def page(study, person) -> str:
    address = reverse("results-part", args=[study.slug, "pictures"])
    answer = logged_in(person).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


BOX = (10.0, 8.0, 40.0, 30.0)


def with_cine(site, side="training"):
    """A patient whose frames 0, 2 and 3 were measured inside BOX."""
    patient = make_patient(site)
    make_membership(patient, side)
    features = make_feature_set(make_model_track(make_clip(patient, with_pack=True)))
    static = static_of(features)
    packed = io.BytesIO()
    np.savez(packed, frame_indices=static.frame_indices, values=static.values, boxes=np.tile(BOX, (3, 1)))
    features.static_file.save("static.npz", ContentFile(packed.getvalue()))
    return patient


def pixels(drawn, number) -> np.ndarray:
    source = drawn["layout"]["images"][number]["source"]
    data = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)))


# --- Figure 1 ---------------------------------------------------------------------------------------


def test_a_frame_stands_beside_what_is_measured_of_it():
    study = make_study()
    patient, person = with_cine(make_site(study)), make_person(study, "clinician")
    drawn = figure(study, person, "frame").json()
    original, masked = pixels(drawn, 0), pixels(drawn, 1)
    assert original.shape == masked.shape == (48, 64)
    inside = np.zeros((48, 64), bool)
    inside[8:30, 10:40] = True
    np.testing.assert_array_equal(masked[inside], original[inside])
    assert (masked[~inside] == 0).all()
    assert (original[~inside] > 0).any()
    row = csv_rows(logged_in(person).get(reverse("figure-csv", args=[study.slug, "frame"])))[0]
    assert (row["patient"], row["frame"], row["frames"]) == (patient.code, "3", "6")
    assert int(row["pixels measured"]) == inside.sum() == 22 * 30
    assert float(row["mean grey"]) == pytest.approx(original[inside].mean(), abs=1e-3)


def test_nobody_sees_a_frame_of_another_site():
    study = make_study()
    mine, theirs = make_site(study), make_site(study)
    with_cine(theirs)
    person = make_person(study, "clinician", site=mine)
    assert figure(study, person, "frame").status_code == 404
    assert "No training patient of your sites has a measured cine yet" in page(study, person)
    own = with_cine(mine)
    row = csv_rows(logged_in(person).get(reverse("figure-csv", args=[study.slug, "frame"]), {"example": 7}))[
        0
    ]
    assert row["patient"] == own.code


def test_the_test_side_gives_no_example():
    study = make_study()
    with_cine(make_site(study), side="test")
    assert figure(study, make_person(study, "clinician"), "frame").status_code == 404


def test_a_patient_without_features_gives_no_figure():
    study = make_study()
    make_membership(make_patient(make_site(study)))
    assert figure(study, make_person(study, "clinician"), "frame").status_code == 404


@pytest.mark.parametrize(("asked", "number"), [("2", 2), ("", 0), ("x", 0), ("-1", 0), ("9" * 9, 0)])
def test_an_example_is_asked_for_by_number(asked, number):
    assert example_number({"example": asked}) == number


# --- Figures 2 and 3 --------------------------------------------------------------------------------


def boxes(study, person, name) -> dict[str, list[str]]:
    """First line of every box to its other lines."""
    rows = csv_rows(logged_in(person).get(reverse("figure-csv", args=[study.slug, name])))
    found: dict[str, list[str]] = {}
    for row in rows:
        lines = found.setdefault(row["box" if "box" in row else "step"], [])
        if row["line"] not in found:
            lines.append(row["line"])
    return found


def test_the_pipeline_carries_the_counts_of_the_study():
    made = judged_study()
    with_cine(made.patients["training"][0].site)
    found = boxes(made.study, made.clinician, "pipeline")
    assert found["Cines"] == ["1 cines", "6 frames"]
    assert found["16 late fusions"] == ["chosen out of fold:", "XGBoost + LR", "cut-off 0.450, frozen"]
    assert found["Clinical variables"] == ["6 variables", "65 patients"]
    empty = make_study()
    assert boxes(empty, make_person(empty, "clinician"), "pipeline")["16 late fusions"] == []


def test_a_signed_reading_counts_even_where_the_boxes_of_the_model_stood():
    """The features keep their source then, since no box moved; who read the cine is known from the track."""
    study = make_study()
    patient, person = with_cine(make_site(study)), make_person(study, "clinician")
    with_cine(patient.site)
    assert "0 cines read by people" in boxes(study, person, "pipeline")["Boxes repaired"]
    clip = patient.exams.get().clips.get()
    reader = make_person(study, "sonographer")
    track = Track.objects.create(clip=clip, source=Track.Source.READER, reader=reader)
    assert "0 cines read by people" in boxes(study, person, "pipeline")["Boxes repaired"]
    Track.objects.filter(pk=track.pk).update(status=Track.Status.SIGNED, signed_at=timezone.now())
    assert "1 cines read by people" in boxes(study, person, "pipeline")["Boxes repaired"]


def test_the_flow_counts_everybody_and_keeps_a_sealed_side_closed():
    made = judged_study(looked=False, sealed_at="2026-01-01T00:00Z", seal_hash="f" * 64)
    found = boxes(made.study, made.clinician, "flow")
    assert found["Registered: 64"]
    assert found["Test side: 32"] == ["HER2 classes: sealed until a look"]
    assert "Nobody has looked yet" in found
    looked = judged_study()
    found = boxes(looked.study, looked.clinician, "flow")
    assert "Judged: 32" in found
    assert "HER2-positive" in found["Test side: 32"][0]


def test_a_drawing_needs_no_markup_with_inline_style():
    made = judged_study()
    for name in ("flow", "pipeline"):
        layout = figure(made.study, made.clinician, name).json()["layout"]
        assert layout["shapes"]
        assert not any("<b>" in note["text"] for note in layout["annotations"])


@pytest.mark.parametrize(
    "line", ["1,234,567 cines read by people", "由人员阅片的动态影像：1,234,567 个", "XGBoost" * 8]
)
def test_a_box_is_as_high_as_its_text_broken_to_its_width(line):
    box = Box(0, 0, 176, ["Cines", line])
    assert len(box.text) > 1
    assert all(text_width(part, FONT_PX) <= 176 * SCALE - 2 * INDENT_PX for part in box.text)
    assert "".join(box.text).replace(" ", "") == line.replace(" ", "")
    assert box.height > Box(0, 0, 176, ["Cines", "short"]).height


# --- Figure 4 ---------------------------------------------------------------------------------------


def test_a_sealed_test_side_is_not_drawn_for_who_trains():
    study = make_study(sealed_at="2026-01-01T00:00Z", seal_hash="f" * 64)
    site = make_site(study)
    for side in ("training", "test"):
        patient = make_patient(site)
        make_membership(patient, side)
        make_label(patient, "POSITIVE")
    people = {role: make_person(study, role) for role in ("administrator", "coordinator")}

    def shown(role):
        return figure(study, people[role], "her2-status").json()["data"][0]["x"]

    assert shown("administrator") == ["training side"]
    assert shown("coordinator") == ["training side", "test side"]
    Look.objects.create(study=study, number=1, reason="r", seal_hash="f" * 64)
    assert shown("administrator") == ["training side", "test side"]


def test_without_a_label_there_is_no_figure_4():
    study = make_study()
    assert figure(study, make_person(study, "coordinator"), "her2-status").status_code == 404


@pytest.mark.parametrize(
    ("ihc", "outcome", "status"),
    [
        ("0", False, "0"), ("1+", False, "1+"), ("3+", True, "3+"), ("2+", True, "2+ISH+"),
        ("2+", False, "2+ISH-"), ("1+", True, "ISH+"), ("3+", False, "ISH-"), ("", True, "ISH+"),
        ("3+", None, "open"),
    ],
)  # fmt: skip
def test_the_status_says_what_decided(ihc, outcome, status):
    assert status_of(Case(None, "training", Label(ihc_score=ihc), outcome, True)) == status
