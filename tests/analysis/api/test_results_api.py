"""Features, models and predictions over the API."""

import pytest

from analysis.models import Job
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from studies.models import AuditEvent
from studies.services.annotation import track_open_for_reader
from tests.factories import (
    logged_in,
    make_clip,
    make_evaluation,
    make_feature_set,
    make_job,
    make_model_track,
    make_patient,
    make_person,
    make_prediction,
    make_site,
    make_study,
    make_version,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site(make_study())


@pytest.fixture
def features(site):
    return make_feature_set(make_model_track(make_clip(make_patient(site))))


def get(user, address, **query):
    return logged_in(user).get(f"/api/v1/{address}", query)


def post(user, address, body=None):
    return logged_in(user).post(f"/api/v1/{address}", body or {}, content_type="application/json")


def test_a_feature_set_shows_its_2184_values_by_name(site, features):
    user = make_person(site.study, "clinician")
    row = get(user, f"feature-sets/{features.pk}/").json()
    assert row["dynamic"] == {name: float(place) for place, name in enumerate(DYNAMIC_FEATURES)}
    assert "dynamic" not in get(user, "feature-sets/").json()["results"][0]
    static = get(user, f"feature-sets/{features.pk}/static/").json()
    assert static["frames"] == [0, 2, 3]
    assert static["values"][STATIC_FEATURES[1]] == [1.0, 92.0, 183.0]


def test_a_curve_is_asked_for_by_feature(site, features):
    user, address = make_person(site.study, "clinician"), f"clips/{features.clip_id}/curves/"
    curve = get(user, address, feature=STATIC_FEATURES[1]).json()
    assert (curve["frames"], curve["values"], curve["stale"]) == ([0, 2, 3], [1.0, 92.0, 183.0], False)
    assert curve["feature_set"] == str(features.pk)
    assert get(user, address, feature="nonsense").status_code == 400
    assert get(user, address).status_code == 400


def test_features_of_another_readers_track_stay_hidden_until_both_have_signed():
    site = make_site(make_study(readers_per_clip=2))
    clip = make_clip(make_patient(site))
    model = make_feature_set(make_model_track(clip))
    first, second = (make_person(site.study, "sonographer") for _ in range(2))
    hidden = make_feature_set(track_open_for_reader(actor=first, clip=clip))
    ids = {row["id"] for row in get(second, "feature-sets/").json()["results"]}
    assert ids == {str(model.pk)}
    assert get(second, f"feature-sets/{hidden.pk}/").status_code == 404
    curve = get(
        second, f"clips/{clip.pk}/curves/", feature=STATIC_FEATURES[0], track=hidden.revision.track_id
    )
    assert curve.json()["frames"] == []
    assert len(get(first, "feature-sets/").json()["results"]) == 2


def test_an_evaluation_shows_scores_of_the_patients_at_the_viewers_sites_only(site):
    mine, theirs = make_patient(site), make_patient(make_site(site.study))
    evaluation = make_evaluation(make_version(site.study), [theirs, mine])
    local = make_person(site.study, "clinician", site=site)
    row = get(local, f"evaluations/{evaluation.pk}/").json()
    assert row["predictions"] == {
        "patients": [str(mine.pk)], "labels": [1], "scores": {"SVM": [0.11]}, "probability": [0.11]
    }  # fmt: skip
    everybody = get(make_person(site.study, "clinician"), f"evaluations/{evaluation.pk}/").json()
    assert everybody["predictions"]["patients"] == [str(theirs.pk), str(mine.pk)]


def test_a_prediction_names_only_neighbours_that_the_viewer_may_see(site, features):
    near, far = make_patient(site), make_patient(make_site(site.study))
    prediction = make_prediction(features, make_version(site.study), (near, far))
    row = get(make_person(site.study, "clinician", site=site), f"predictions/{prediction.pk}/").json()
    assert [item["patient"] for item in row["neighbours"]] == [str(near.pk)]
    assert (row["probability"], row["low"], row["high"]) == (0.7, 0.5, 0.9)


def test_a_model_never_shows_what_it_was_fitted_on(site):
    version = make_version(site.study, training_snapshot={"patients": {"x": ["digest", True]}})
    text = get(make_person(site.study, "administrator"), f"model-versions/{version.pk}/").content.decode()
    assert "training_snapshot" not in text
    assert "digest" in text


def test_a_version_is_promoted_with_a_reason(site):
    version = make_version(site.study)
    user = make_person(site.study, "administrator")
    assert post(user, f"model-versions/{version.pk}/promote/").status_code == 400
    done = post(user, f"model-versions/{version.pk}/promote/", {"reason": "the best so far"})
    assert (done.status_code, done.json()["is_active"]) == (200, True)
    again = post(user, f"model-versions/{version.pk}/promote/", {"reason": "again"})
    assert again.status_code == 400
    assert AuditEvent.objects.get(action="model.promote").reason == "the best so far"


def test_jobs_are_cancelled_and_retried_by_administrators_and_whoever_started_them(site):
    owner, other = make_person(site.study, "coordinator"), make_person(site.study, "coordinator")
    job = make_job(site.study, "judge", started_by=owner, parameters={"reason": "x"})
    assert post(other, f"jobs/{job.pk}/cancel/").status_code == 403
    assert post(owner, f"jobs/{job.pk}/cancel/").json()["status"] == "cancelled"
    administrator = make_person(site.study, "administrator")
    retried = post(administrator, f"jobs/{job.pk}/retry/").json()
    assert retried["id"] != str(job.pk)
    assert (retried["status"], retried["parameters"]) == ("queued", {"reason": "x"})
    assert post(administrator, f"jobs/{retried['id']}/retry/").status_code == 400


def test_jobs_of_learning_are_hidden_from_the_blinded_and_clip_jobs_from_other_sites(site):
    make_job(site.study, "learn")
    clip_job = make_job(site.study, "detect", clip=make_clip(make_patient(site)))
    blinded = make_person(site.study, "sonographer", "administrator")
    assert [row["id"] for row in get(blinded, "jobs/").json()["results"]] == [str(clip_job.pk)]
    neighbour = make_person(site.study, "coordinator", site=make_site(site.study))
    assert [row["kind"] for row in get(neighbour, "jobs/").json()["results"]] == ["learn"]
    assert Job.objects.count() == 2
