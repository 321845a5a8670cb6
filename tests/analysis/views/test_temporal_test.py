"""The temporal test where people see it: beside the random test set, sealed until its own look."""

from datetime import date

import pytest
from django.urls import reverse

from analysis.models import Job, ModelVersion
from analysis.pipeline.kernels.ensemble import LearnParameters
from analysis.pipeline.metrics import jsonable
from analysis.reports.document.gather import gather
from analysis.reports.document.render import Front, render
from analysis.reports.temporal import size_words, temporal_test
from studies.models import Exam
from tests.analysis.judged_study import csv_rows, judged_study, temporal_judged
from tests.factories import logged_in, make_label, make_membership, make_patient, make_person

pytestmark = pytest.mark.django_db
FRONT = Front("", "", 1, "d" * 64, "https://her2.example")


def page(made, name: str = "results", *args, **query) -> str:
    address = reverse(name, args=[made.study.slug, *args])
    return logged_in(made.clinician).get(address, query).content.decode()


@pytest.mark.parametrize(
    ("assigned", "judged", "events", "said"),
    [
        (39, None, None, "Too small to tell anything yet: 39 patients"),
        (150, None, None, "Small: 150 patients cannot hold the 100"),
        (200, None, None, ""),
        (60, 60, 12, "Too small to tell: 12 HER2-positive and 48 HER2-negative"),
        (200, 200, 60, "Small: 60 HER2-positive and 140"),
        (300, 300, 120, ""),
    ],
)
def test_the_size_is_said_in_words_and_before_a_look_without_classes(assigned, judged, events, said):
    found = size_words(assigned, judged, events)
    assert found.startswith(said) if said else not found


def test_before_its_look_the_page_counts_patients_and_no_class():
    made = judged_study(temporal=(5, 9), is_simulated=True)
    html = page(made)
    assert "Patients on it</dt><dd>14<" in html
    assert "sealed until a look" in html
    assert "Nobody has looked at the temporal test with this version." in html
    assert 'id="table-temporal"' not in html
    address = reverse("table-csv", args=[made.study.slug, "temporal"])
    assert logged_in(made.clinician).get(address).status_code == 404


def test_after_its_look_it_stands_beside_the_test_set_with_intervals_of_its_own():
    made = judged_study(temporal=(5, 9), is_simulated=True)
    row = temporal_judged(made, 5, 9)
    html = page(made)
    assert "AUC, test<" in html, "the headline stays the random test set"
    assert "Too small to tell: 5 HER2-positive and 9 HER2-negative patients." in html
    answer = logged_in(made.clinician).get(reverse("table-csv", args=[made.study.slug, "temporal"]))
    assert "SIMULATED PATIENTS" in answer.content.decode("utf-8-sig")
    rows = {line["figure"]: line for line in csv_rows(answer)}
    chosen = row.results["evaluations"]["fused:XGBoost+LR"]
    assert [rows["Patients judged"][side] for side in ("test", "temporal")] == ["32", "14"]
    area = rows["AUC (DeLong)"]
    assert float(area["temporal"]) == pytest.approx(chosen["auc"], abs=1e-4)
    assert float(area["temporal low"]) == pytest.approx(chosen["auc_low"], abs=1e-4)
    assert rows["Sensitivity"]["temporal counts"].endswith("/5")
    difference = rows["AUC, temporal test minus test (unpaired DeLong)"]
    expected = float(area["temporal"]) - float(area["test"])
    assert float(difference["temporal"]) == pytest.approx(expected, abs=2e-4)
    assert float(difference["temporal low"]) < expected < float(difference["temporal high"])


def test_every_table_and_figure_of_a_side_can_be_asked_for():
    made = judged_study(temporal=(5, 9))
    temporal_judged(made, 5, 9)
    html = page(made, "results-part", "performance", cohort="temporal")
    assert "Too small to tell" in html
    assert "Too small to tell" not in page(made, "results-part", "performance", cohort="test")
    assert "temporal test" in page(made, "results-part", "tables")
    client = logged_in(made.clinician)
    for name in ("roc", "forest", "scores", "calibration", "decision"):
        address = reverse("figure", args=[made.study.slug, name])
        assert client.get(address, {"cohort": "temporal"}).status_code == 200, name


def test_later_joining_is_not_later_examination():
    made = judged_study(temporal=(5, 9))
    for side, day in (("training", date(2024, 5, 1)), ("temporal", date(2025, 2, 1))):
        for patient in made.patients[side]:
            Exam.objects.create(patient=patient, number=9, performed_on=day)
    found = temporal_test(made.study, made.version)
    assert found.when == "Examined 2025-02-01 to 2025-02-01; the last training patient on 2024-05-01."
    Exam.objects.filter(patient=made.patients["temporal"][0]).update(performed_on=date(2024, 5, 1))
    found = temporal_test(made.study, made.version)
    assert found.overlapping == 1
    assert "1 of them was examined no later than that: joined later, not examined later." in found.when


def test_who_joins_after_a_look_waits_for_the_next_and_no_class_of_theirs_is_told():
    made = judged_study(temporal=(5, 9))
    temporal_judged(made, 5, 9)
    late = make_patient(made.study.sites.first())
    make_label(late, "POSITIVE")
    make_membership(late, "temporal")
    found = temporal_test(made.study, made.version)
    assert (found.assigned, found.judged, found.later) == (15, 14, 1)
    address = reverse("table-csv", args=[made.study.slug, "calls"])
    rows = csv_rows(logged_in(made.clinician).get(address, {"cohort": "temporal"}))
    assert sum(int(row["not judged"]) for row in rows) == 0
    trainer = make_person(made.study, "administrator")
    precision = logged_in(trainer).get(reverse("table-csv", args=[made.study.slug, "precision"]))
    assert "temporal test" not in precision.content.decode()
    coordinator = make_person(made.study, "coordinator")
    precision = logged_in(coordinator).get(reverse("table-csv", args=[made.study.slug, "precision"]))
    assert "temporal test,1,1," in precision.content.decode()


def test_the_models_page_takes_a_look_for_a_reason_and_shows_it_beside_the_other_counter():
    made = judged_study(temporal=(5, 9))
    client = logged_in(make_person(made.study, "coordinator"))
    address, act = (reverse(name, args=[made.study.slug]) for name in ("models", "model-judge-temporal"))
    assert act in client.get(address).content.decode()
    client.post(act, {"reason": " "})
    assert "Say why the temporal test is looked at" in client.get(address).content.decode()
    client.post(act, {"reason": "a year later"})
    job = Job.objects.get(study=made.study, kind=Job.Kind.JUDGE_TEMPORAL)
    assert job.parameters == {"reason": "a year later"}
    again = client.post(act, {"reason": "twice"})
    assert again.url == reverse("job", args=[job.pk])
    temporal_judged(made, 5, 9)
    html = client.get(address).content.decode()
    assert "AUC on the temporal test" in html
    assert "later patients" in html
    assert act not in page(made, "models"), "clinicians take no look"


def test_a_study_without_one_says_nothing_of_it():
    made = judged_study()
    assert "emporal" not in page(made)
    assert "emporal" not in page(made, "models")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_report_tells_both_and_merges_nothing(language):
    made = judged_study(temporal=(5, 9), is_simulated=True)
    ModelVersion.objects.filter(pk=made.version.pk).update(parameters=jsonable(LearnParameters()))
    sealed = render(gather(made.study), FRONT, language)
    temporal_judged(made, 5, 9)
    material = gather(made.study)
    html = render(material, FRONT, language)
    assert material.facts.patients.test.assigned == 32
    assert material.facts.patients.temporal.events == 5
    assert "later patients" in html
    if language == "en":
        assert "Temporal test: 14 patients who came after the seal. Nobody has looked at it" in sealed
        assert "Temporal test (5 HER2-positive, 9 negative): AUC" in html
        assert "Temporal test: Too small to tell" in html
        assert "form a temporal test of their own (14 so far)" in html
        assert "join the training side" not in html
    else:
        assert "Temporal test" not in html
