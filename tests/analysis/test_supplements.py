"""Further analyses as jobs: other labels, controls; rows in, documents out."""

import json

import pytest

from analysis.models import Evaluation, Job, Supplement
from analysis.pipeline.kernels.subgroups import GROUPS
from analysis.runners.judge import judge_ensemble
from analysis.runners.supplements import ANALYSES, supplement_ensemble
from analysis.selectors import active_ensemble, supplements_for
from analysis.services.supplements import supplements_start
from studies.errors import RuleViolationError
from studies.models import ClinicalRecord, Label, Patient
from tests.analysis.learning_study import done
from tests.factories import make_person

Kind = Supplement.Kind
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]


def supplemented(study, *kinds) -> dict[str, dict]:
    """Do these analyses in this process; return kind to what was stored out of fold."""
    version = active_ensemble(study)
    Job.objects.filter(study=study, kind=Job.Kind.SUPPLEMENT).delete()
    job = done(study, Job.Kind.SUPPLEMENT, supplement_ensemble, version=str(version.pk), kinds=list(kinds))
    assert job.status == Job.Status.SUCCEEDED, job.message
    rows = supplements_for(version, viewer=make_person(study, "clinician"))
    found = {kind: rows[kind, Evaluation.Cohort.OUT_OF_FOLD].results for kind in kinds}
    json.dumps(found, allow_nan=False)
    return found


def test_every_kind_has_an_analysis():
    assert set(ANALYSES) == set(Kind.values)


def test_training_queues_the_shuffled_labels(trained):
    job = Job.objects.get(study=trained, kind=Job.Kind.SUPPLEMENT)
    assert job.status == Job.Status.QUEUED
    assert job.parameters["kinds"] == [Kind.SHUFFLE]


def test_controls_are_stored(trained):
    found = supplemented(trained, Kind.SHUFFLE, Kind.LEARNING_CURVE)
    control = found[Kind.SHUFFLE]["control"]
    assert control["passed"]
    assert len(control["aucs"]) == 3
    assert found[Kind.SHUFFLE]["mean"] == pytest.approx(sum(control["aucs"]) / 3)
    points = found[Kind.LEARNING_CURVE]["points"]
    assert [point["share"] for point in points] == [0.4, 0.6, 0.8, 1.0]
    version = active_ensemble(trained)
    oof = version.evaluations.get(cohort="oof").results["evaluations"][version.summary["chosen"]]
    assert points[-1]["auc"] == pytest.approx(oof["auc"])


def test_the_cheap_ones_can_be_made_again(trained):
    patient = trained.patients.filter(membership__side="training").first()
    ClinicalRecord.objects.filter(patient=patient).update(c_t=None)
    found = supplemented(trained, Kind.SUBGROUPS, Kind.CONFOUNDERS, Kind.EXPLANATION)
    families = {family["group"]: family["levels"] for family in found[Kind.SUBGROUPS]["families"]}
    assert list(families) == list(GROUPS)
    assert families["cT"][-1]["name"] == "not recorded"
    assert families["cT"][-1]["n"] == 1
    assert len(found[Kind.EXPLANATION]["models"]) == 8


def test_label_rules_are_compared_and_learned_again(trained):
    """Three positives lose their label under the paper's rule, one negative turns positive."""
    training = trained.patients.filter(membership__side="training")
    labels = Label.objects.filter(specimen__patient__in=training)
    positive = labels.filter(call="POSITIVE").values_list("pk", flat=True)[:3]
    negative = labels.filter(call="NEGATIVE").values_list("pk", flat=True)[:1]
    Label.objects.filter(pk__in=list(positive)).update(paper_label="UNDEFINED")
    Label.objects.filter(pk__in=list(negative)).update(paper_label="POSITIVE")
    found = supplemented(trained, Kind.LABEL_RULES)[Kind.LABEL_RULES]
    n, events = found["n"], found["events"]
    table = {(row["asco_cap"], row["paper"]): row["n"] for row in found["crosstab"]}
    assert table["POSITIVE", "UNDEFINED"] == 3
    assert table["NEGATIVE", "POSITIVE"] == 1
    assert sum(table.values()) == n
    same = {row["name"]: row for row in found["same_scores"]}
    assert (same["asco_cap"]["n"], same["asco_cap"]["events"]) == (n, events)
    assert (same["paper"]["n"], same["paper"]["events"]) == (n - 3, events - 2)
    learned = {row["name"]: row for row in found["learned"]}
    assert learned["paper"]["n"] == n - 3
    assert learned["paper"]["evaluation"]["events"] == events - 2
    version = active_ensemble(trained)
    oof = version.evaluations.get(cohort="oof").results["evaluations"][version.summary["chosen"]]
    assert learned["asco_cap"]["evaluation"]["auc"] == pytest.approx(oof["auc"])


def test_three_way_needs_enough_of_each_class(trained):
    found = supplemented(trained, Kind.THREE_WAY)[Kind.THREE_WAY]
    assert "at least 5 patients of each class, got 0 zero, 0 low" in found["reason"]
    assert "neither positive, low nor zero" in found["cautions"][0]
    training = trained.patients.filter(membership__side="training")
    negative = Label.objects.filter(specimen__patient__in=training, call="NEGATIVE")
    for place, label in enumerate(negative.order_by("pk")):
        Label.objects.filter(pk=label.pk).update(category="LOW" if place % 2 else "NULL")
    found = supplemented(trained, Kind.THREE_WAY)[Kind.THREE_WAY]
    assert found["reason"] == ""
    report, counts = found["report"], found["counts"]
    assert counts["low"] + counts["zero"] + counts["positive"] == report["n"]
    assert [one["n"] for one in report["per_class"]] == [counts[n] for n in ("zero", "low", "positive")]
    assert sum(map(sum, report["confusion"])) == report["n"]
    assert report["patients"] == []


def test_three_way_is_judged_in_the_next_look_at_frozen_cutoffs(trained):
    version = active_ensemble(trained)
    for place, label in enumerate(Label.objects.filter(call="NEGATIVE").order_by("pk")):
        Label.objects.filter(pk=label.pk).update(category="LOW" if place % 2 else "NULL")
    coordinator = make_person(trained, "coordinator")

    def on_test():
        judged = done(trained, Job.Kind.JUDGE, judge_ensemble, actor=coordinator, reason="look")
        assert judged.status == Job.Status.SUCCEEDED, judged.message
        rows = supplements_for(version, viewer=coordinator)
        return rows.get((Kind.THREE_WAY, Evaluation.Cohort.TEST))

    assert on_test() is None  # not made out of fold before the look: nothing is frozen, nothing is judged
    before = supplemented(trained, Kind.THREE_WAY)[Kind.THREE_WAY]["report"]
    row = on_test()
    assert row.look.number == 2
    report = row.results["report"]
    assert row.results["reason"] == ""
    assert report["n"] == trained.patients.filter(membership__side="test").count()
    for stored, found in zip(before["questions"], report["questions"], strict=True):
        assert (found["cohort"], found["cutoff"]) == ("test", stored["cutoff"])
    assert report["kappa"]["value"] is not None

    patient = trained.patients.filter(membership__side="training", specimens__labels__call="NEGATIVE").first()
    Label.objects.filter(specimen__patient=patient).update(
        category=""
    )  # the training side is another one now
    row = on_test()
    assert "repeat the analysis on the Models page" in row.results["reason"]
    assert "report" not in row.results


def test_boxes_of_people_are_asked_for_by_name(trained):
    found = supplemented(trained, Kind.BOX_SOURCE, Kind.READERS)
    assert "boxes that a person signed" in found[Kind.BOX_SOURCE]["reason"]
    assert "the best pair has 0 and 0" in found[Kind.READERS]["reason"]
    job = Job.objects.filter(kind=Job.Kind.SUPPLEMENT).latest("created_at")
    assert job.message.startswith("0 of 2 analyses stored; the Models page")


def test_a_patient_who_left_stops_the_analysis(trained):
    gone = trained.patients.filter(membership__side="training").first()
    version = active_ensemble(trained)
    snapshot = version.training_snapshot
    snapshot["patients"][str(gone.pk)][0] = "0" * 64
    type(version).objects.filter(pk=version.pk).update(training_snapshot=snapshot)
    job = done(
        trained, Job.Kind.SUPPLEMENT, supplement_ensemble, version=str(version.pk), kinds=[Kind.SUBGROUPS]
    )
    assert job.status == Job.Status.FAILED
    assert job.message.startswith("1 patients of this ensemble")
    assert Patient.objects.filter(pk=gone.pk).exists()


def test_starting_is_checked(trained):
    administrator, version = make_person(trained, "administrator"), active_ensemble(trained)
    for kinds in ([], ["astrology"], ["subgroups", "astrology"]):
        with pytest.raises(RuleViolationError, match="at least one of the analyses"):
            supplements_start(actor=administrator, version=version, kinds=kinds)
    with pytest.raises(RuleViolationError, match="under way"):
        supplements_start(actor=administrator, version=version, kinds=["subgroups"])
    Job.objects.filter(study=trained, kind=Job.Kind.SUPPLEMENT).delete()
    job = supplements_start(actor=administrator, version=version, kinds=["rings", "subgroups"])
    assert job.parameters == {"version": str(version.pk), "kinds": ["subgroups", "rings"]}
