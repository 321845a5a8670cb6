"""What a list gives is what the predicates allow, row by row, whatever grants a person holds."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.models import Job
from analysis.selectors import feature_sets_in_reach, jobs_in_reach, predictions_in_reach
from studies import permissions, selectors
from studies.models import Clip, Label, Patient, RoleGrant, Site, Study, Track, Upload
from studies.services.annotation import track_open_for_reader
from tests.factories import (
    make_feature_set,
    make_job,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_rows,
    make_site,
    make_study,
    make_upload,
    make_user,
)

grants = st.lists(
    st.tuples(st.sampled_from(RoleGrant.Role.values), st.integers(0, 1), st.sampled_from([None, 0, 1])),
    max_size=4,
    unique=True,
)

SHARED = HealthCheck.function_scoped_fixture  # the studies are only read


@pytest.fixture
def studies(db) -> list[Study]:
    """Two studies with two sites each; the first is sealed, and has been read by one of its two readers."""
    made = []
    for number in range(2):
        study = make_study(readers_per_clip=2)
        for site in (make_site(study), make_site(study)):
            rows = make_rows(site, study.model_versions.count() + 1)
            reader = make_person(study, "sonographer", site=site)
            track = track_open_for_reader(actor=reader, clip=rows.clip)
            make_feature_set(track)
            if number:
                Track.objects.filter(pk=track.pk).update(status="signed", signed_at=timezone.now())
            tested = make_patient(site)
            make_membership(tested, "test")
            make_label(tested, "NEGATIVE")
        make_upload(study, None)
        for status in ("queued", "failed"):
            make_job(study, "learn", status=status)
        made.append(study)
    Study.objects.filter(pk=made[0].pk).update(sealed_at=timezone.now(), seal_hash="f" * 64)
    return made


def person_with(studies: list[Study], held: list[tuple[str, int, int | None]], **values):
    user = make_user(**values)
    for role, number, place in held:
        study = studies[number]
        site = None if place is None else study.sites.order_by("code")[place]
        RoleGrant.objects.create(user=user, role=role, study=study, site=site)
    return user


def ids(rows) -> set:
    return {row.pk for row in rows}


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[SHARED])
@given(held=grants, is_superuser=st.sampled_from([False, False, False, True]))
def test_lists_and_predicates_agree(studies, held, is_superuser):
    user = person_with(studies, held, is_superuser=is_superuser)
    patients = Patient.objects.select_related("study", "site", "membership")
    assert ids(selectors.patients_in_reach(viewer=user)) == ids(
        p for p in patients if permissions.can_view_patient(user, p)
    )
    assert ids(selectors.labelled_patients_in_reach(viewer=user)) == ids(
        p for p in patients if permissions.can_view_labels(user, p)
    )
    assert ids(selectors.labels_in_reach(viewer=user)) == ids(
        label for label in Label.objects.all() if permissions.can_view_labels(user, label.specimen.patient)
    )
    assert ids(predictions_in_reach(viewer=user)) == {
        prediction.pk
        for p in patients
        if permissions.can_view_predictions(user, p.study, p.site)
        for prediction in p.predictions.all()
    }
    clips = [clip for clip in Clip.objects.all() if permissions.can_view_clip(user, clip)]
    assert ids(selectors.clips_in_reach(viewer=user)) == ids(clips)
    tracks = ids(track for clip in clips for track in selectors.tracks_for(clip, viewer=user))
    assert ids(selectors.tracks_in_reach(viewer=user)) == tracks
    for clip in clips:
        shown = selectors.track_shown(clip, viewer=user)
        assert shown is None or shown.pk in tracks
    assert {row.revision.track_id for row in feature_sets_in_reach(viewer=user)} == {
        pk for pk in tracks if Track.objects.get(pk=pk).revisions.filter(feature_sets__isnull=False).exists()
    }
    events = selectors.audit_in_reach(viewer=user).values_list("study_id", flat=True)
    assert set(events) == {study.pk for study in studies if permissions.can_administer(user, study)}


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=[SHARED])
@given(held=grants)
def test_jobs_and_uploads_keep_to_the_sites(studies, held):
    user = person_with(studies, held)
    sites = {site.pk for site in Site.objects.all() if permissions.roles_in(user, site.study, site)}
    for job in jobs_in_reach(viewer=user):
        assert job.clip is None or job.clip.patient.site_id in sites
        assert job.kind in (Job.Kind.DETECT, Job.Kind.DESCRIBE) or permissions.can_view_results(
            user, job.study
        )
    for upload in selectors.uploads_in_reach(viewer=user):
        assert upload.patient is None or upload.patient.site_id in sites
    reachable = Upload.objects.filter(patient__site__in=sites).count()
    assert selectors.uploads_in_reach(viewer=user).filter(patient__isnull=False).count() <= reachable


@pytest.mark.django_db
def test_a_closed_account_reaches_nothing(studies):
    held = [(role, 0, None) for role in RoleGrant.Role.values]
    user = person_with(studies, held, is_superuser=True, is_active=False)
    for select in (selectors.patients_in_reach, selectors.clips_in_reach, selectors.labels_in_reach):
        assert not select(viewer=user).exists()
    assert not permissions.holds_anywhere(user, RoleGrant.Role.values)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "predicate",
    [
        permissions.can_seal, permissions.can_take_look, permissions.can_train, permissions.can_administer,
    ],
)  # fmt: skip
def test_what_changes_the_whole_study_needs_a_grant_of_the_whole_study(studies, predicate):
    roles = ("coordinator", "administrator")
    assert predicate(person_with(studies, [(role, 0, None) for role in roles]), studies[0])
    assert not predicate(person_with(studies, [(role, 0, 0) for role in roles]), studies[0])
    assert not predicate(person_with(studies, [(role, 1, None) for role in roles]), studies[0])


def test_the_second_reader_is_shown_the_models_boxes_until_both_have_signed(studies):
    read = studies[1].patients.filter(exams__clips__isnull=False).first()
    clip = Clip.objects.get(exam__patient=read)
    second = make_person(studies[1], "sonographer")
    record = selectors.track_of_record(clip)
    assert record.source == "reader"
    assert selectors.track_shown(clip, viewer=second).source == "model"
    assert selectors.track_shown(clip, viewer=make_person(studies[1], "clinician")) == record
    track_open_for_reader(actor=second, clip=clip)
    Track.objects.filter(clip=clip, reader=second).update(status="signed", signed_at=timezone.now())
    assert selectors.track_shown(clip, viewer=second) == record
