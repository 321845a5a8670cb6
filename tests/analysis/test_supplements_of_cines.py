"""Further analyses that describe cines otherwise: boxes, masks, readers, rings, the outside."""

import json

import pytest

from analysis.models import Evaluation, FeatureSet, FeatureVariant, Job, Supplement
from analysis.runners import otherwise
from analysis.runners.judge import judge_ensemble
from analysis.runners.learn import learn_ensemble
from analysis.runners.supplements import supplement_ensemble
from analysis.selectors import active_ensemble, features_of_record, supplements_for
from analysis.services.jobs import job_cancel
from studies.models import Clip, RoleGrant
from studies.services.annotation import track_open_for_reader, track_sign
from studies.services.revisions import head_revision, revision_append
from tests.analysis.learning_study import cine_study, describe_all, done, kept, quick
from tests.factories import make_person, make_user

Kind = Supplement.Kind
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]


@pytest.fixture(scope="module")
def trained(django_db_setup, django_db_blocker, files):
    """A study whose training cines were read by two readers, the second of whom drew larger boxes."""
    with pytest.MonkeyPatch.context() as patch, kept(django_db_blocker, files):
        quick(patch)
        study = cine_study()
        first, second = (sonographer(study) for _ in range(2))
        clips = Clip.objects.filter(exam__patient__study=study).order_by("created_at")
        for place, clip in enumerate(clips):
            read(clip, first, 0)
            if place < 18:
                read(clip, second, 4)
        describe_all(study)
        job = done(study, Job.Kind.LEARN, learn_ensemble)
        assert job.status == Job.Status.SUCCEEDED, job.message
        yield study


@pytest.fixture(autouse=True)
def _fewer(monkeypatch):
    """One ring, one mask and one draw each: what is repeated for the others is the same code."""
    assert otherwise.RINGS_MM == (1.0, 3.0, 5.0)
    assert otherwise.MASK_KINDS == ("ellipse", "segment")
    assert (otherwise.JITTERS, otherwise.DRAWS) == ((0.05, 0.10), 3)
    monkeypatch.setattr(otherwise, "RINGS_MM", (3.0,))
    monkeypatch.setattr(otherwise, "MASK_KINDS", ("segment",))
    monkeypatch.setattr(otherwise, "DRAWS", 1)


def sonographer(study):
    """A reader of the study."""
    reader = make_user()
    RoleGrant.objects.create(user=reader, study=study, role=RoleGrant.Role.SONOGRAPHER)
    return reader


def read(clip, reader, larger):
    """Open a track from the model's, widen its boxes, sign it."""
    track = track_open_for_reader(actor=reader, clip=clip)
    head = head_revision(track)
    wider = [{**frame, "x2": frame["x2"] + 1 + larger, "source": "human"} for frame in head.keyframes]
    revision_append(actor=reader, track=track, keyframes=wider, excluded_frames={}, command="resize")
    track.refresh_from_db()
    track_sign(actor=reader, track=track, base_revision=track.head)


def supplemented(study, *kinds):
    """Do these analyses in this process; return kind to what was stored, and the job."""
    version = active_ensemble(study)
    job = done(study, Job.Kind.SUPPLEMENT, supplement_ensemble, version=str(version.pk), kinds=list(kinds))
    assert job.status == Job.Status.SUCCEEDED, job.message
    rows = supplements_for(version, viewer=make_person(study, "clinician"))
    found = {kind: rows[kind, Evaluation.Cohort.OUT_OF_FOLD].results for kind in kinds}
    json.dumps(found, allow_nan=False)
    return found, job


def test_boxes_of_the_model_instead_of_readers(trained):
    found, _ = supplemented(trained, Kind.BOX_SOURCE)
    stored = found[Kind.BOX_SOURCE]
    assert stored["n_people"] == stored["n"] == 24
    applied, learned = stored["rows"]
    assert (applied["how"], learned["how"]) == ("applied", "learned")
    assert applied["n"] == learned["n"] == 24
    # The model's boxes were described before readers came: nothing had to be computed again.
    assert not FeatureVariant.objects.filter(variant="boxes").exists()


def test_moved_boxes_are_stored_and_not_computed_twice(trained):
    found, _ = supplemented(trained, Kind.BOX_JITTER)
    rows = found[Kind.BOX_JITTER]["rows"]
    assert [row["name"] for row in rows] == ["±5 %, draw 1", "±10 %, draw 1"]
    assert all(0 < row["agreement"] < 1 for row in rows)
    assert min(row["reference"]["auc"] for row in rows) == max(row["reference"]["auc"] for row in rows)
    assert rows[0]["agreement"] > rows[1]["agreement"]
    variants = FeatureVariant.objects.filter(variant__startswith="jitter")
    assert variants.count() == 2 * 24
    before = {row.pk: row.created_at for row in variants}
    again, _ = supplemented(trained, Kind.BOX_JITTER)
    assert again[Kind.BOX_JITTER]["rows"] == rows
    assert {row.pk: row.created_at for row in variants.all()} == before


def test_masks_are_applied_and_learned(trained):
    found, _ = supplemented(trained, Kind.MASKS)
    rows = found[Kind.MASKS]["rows"]
    assert [(row["name"], row["how"]) for row in rows] == [("segment", "applied"), ("segment", "learned")]
    assert {row["evaluation"]["n"] for row in rows} == {24}
    assert FeatureVariant.objects.filter(variant="segment").first().parameters["mask_kind"] == "segment"


def test_two_readers_are_analysed_where_both_signed(trained):
    found, _ = supplemented(trained, Kind.READERS)
    stored = found[Kind.READERS]
    assert (stored["n"], stored["n_readers"], stored["left_out"]) == (18, 2, 6)
    assert stored["study"]["readers"] == ["reader 1", "reader 2"]
    assert stored["study"]["models"][1].startswith("video:")
    assert 0 < stored["agreement"] < 1
    first, second = stored["rows"]
    # The first reader's boxes are those of record.
    assert first["comparison"]["difference"] == 0.0
    assert first["agreement"] == 1.0
    assert second["agreement"] < 1.0
    assert stored["study"]["areas"][0] == [first["evaluation"]["auc"], second["evaluation"]["auc"]]


def test_rings_and_the_outside(trained):
    found, job = supplemented(trained, Kind.RINGS, Kind.OUTSIDE)
    assert job.message == "2 of 2 analyses stored."
    rows = found[Kind.RINGS]["rows"]
    assert [row["name"] for row in rows] == ["ring 3 mm alone", "lesion and ring 3 mm"]
    assert all(row["left_out"] == 0 and row["evaluation"] for row in rows)
    assert rows[0]["comparison"]["p_holm"] >= rows[0]["comparison"]["p"]
    control = found[Kind.OUTSIDE]["control"]
    assert [one["model"] for one in control["models"]] == [
        "video:SVM", "video:RF", "video:LR", "video:XGBoost",
    ]  # fmt: skip
    # Brightness was planted inside the boxes only.
    regression = control["models"][2]
    assert regression["auc"] < 0.75 < 0.9 < regression["lesion_auc"]


def test_rings_are_judged_in_the_next_look_at_frozen_cutoffs(trained):
    found, _ = supplemented(trained, Kind.RINGS)
    before = {row["name"]: row for row in found[Kind.RINGS]["rows"]}
    coordinator = make_person(trained, "coordinator")
    job = done(trained, Job.Kind.JUDGE, judge_ensemble, actor=coordinator, reason="look")
    assert job.status == Job.Status.SUCCEEDED, job.message
    version = active_ensemble(trained)
    row = supplements_for(version, viewer=coordinator)[Kind.RINGS, Evaluation.Cohort.TEST]
    assert (row.look.number, row.results["n"]) == (1, 6)
    record = version.evaluations.get(cohort=Evaluation.Cohort.TEST).results["evaluations"]
    for one in row.results["rows"]:
        assert one["evaluation"]["cohort"] == "test"
        assert one["evaluation"]["cutoff"] == before[one["name"]]["evaluation"]["cutoff"]
        assert one["reference"]["auc"] == record[version.summary["chosen"]]["auc"]
        assert one["comparison"]["p_holm"] >= one["comparison"]["p"]
    # Test cines were described before the look was counted.
    described = FeatureVariant.objects.filter(clip__exam__patient__membership__side="test")
    assert described.count() == 6
    assert max(one.created_at for one in described) < row.look.created_at


def test_clips_without_spacing_are_left_out_of_rings(trained):
    clips = Clip.objects.filter(exam__patient__study=trained)
    version = active_ensemble(trained)
    FeatureVariant.objects.all().delete()
    clips.update(spacing_row_mm=None, spacing_column_mm=None)
    found, _ = supplemented(trained, Kind.RINGS)
    for row in found[Kind.RINGS]["rows"]:
        assert row["evaluation"] is None
        assert "too few to judge" in row["reason"]
    (reason, n), *others = found[Kind.RINGS]["left_out"]["ring 3 mm"].items()
    assert n == version.summary["n_training"]
    assert not others
    assert "pixel spacing" in reason


def test_variants_are_never_the_features_of_record(trained):
    supplemented(trained, Kind.MASKS)
    clip = Clip.objects.filter(exam__patient__study=trained, feature_variants__isnull=False).first()
    features, is_stale = features_of_record(clip)
    assert not is_stale
    assert features.parameters["mask_kind"] == "rect"
    assert not FeatureSet.objects.filter(parameters__mask_kind="segment").exists()


def test_a_cancelled_analysis_keeps_what_was_done(trained):
    version = active_ensemble(trained)
    FeatureVariant.objects.all().delete()

    def stopped(job, ticker):
        begin = ticker.begin

        def stop_at_rings(stage, total=0):
            if "ring" in stage:
                job_cancel(actor=make_user(), job=job)
            begin(stage, total)

        ticker.begin = stop_at_rings
        return supplement_ensemble(job, ticker)

    kinds = [Kind.SUBGROUPS, Kind.RINGS]
    before = Supplement.objects.count()
    job = done(trained, Job.Kind.SUPPLEMENT, stopped, version=str(version.pk), kinds=kinds)
    assert job.status == Job.Status.CANCELLED
    assert Supplement.objects.count() == before + 1
    assert Supplement.objects.first().kind == Kind.SUBGROUPS
