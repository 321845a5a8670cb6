"""Reads of the computed side. Every function that answers a person takes `viewer`."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.shortcuts import get_object_or_404

from analysis.models import (
    Evaluation,
    FeatureSet,
    Job,
    ModelVersion,
    Prediction,
    Report,
    ReportFile,
    Supplement,
)
from studies.models import Clip, Detection, Exam, Membership, Patient, Study, Track
from studies.permissions import RESULT_ROLES, can_view_predictions, can_view_results, reach
from studies.rules.no_lesion import LESION_FREE
from studies.selectors import clips_in_reach, track_of_record, tracks_in_reach

MIN_SIGNED_CINES = 5  # fewer teach a detector nothing
PEOPLE = (Track.Source.READER, Track.Source.ADJUDICATED)
CLIP_JOBS = (Job.Kind.DETECT, Job.Kind.DESCRIBE)


def jobs_in_reach(*, viewer: User) -> QuerySet[Job]:
    """Jobs about clips at the viewer's sites, the viewer's own, and all the others for who sees results."""
    at_site = Q(clip__isnull=True) | reach(viewer, site="clip__exam__patient__site")
    kind = Q(kind__in=CLIP_JOBS) | Q(started_by_id=viewer.pk)
    kind |= reach(viewer, RESULT_ROLES, site="", unblinded=True)
    return Job.objects.filter(reach(viewer, site=""), at_site, kind)


def jobs_for(study: Study, *, viewer: User) -> QuerySet[Job]:
    """Jobs of a study, with what the table of jobs shows."""
    jobs = jobs_in_reach(viewer=viewer).filter(study=study)
    return jobs.select_related("clip__exam__patient", "started_by")


def jobs_not_tried_again(study: Study, *, viewer: User) -> QuerySet[Job]:
    """Failed jobs after which nobody has started the same again: same kind, same clip, else same study."""
    later = Job.objects.filter(
        Q(clip=OuterRef("clip")) | Q(clip__isnull=True) & Q(study=OuterRef("study")),
        kind=OuterRef("kind"),
        created_at__gt=OuterRef("created_at"),
    )
    return jobs_for(study, viewer=viewer).filter(status=Job.Status.FAILED).exclude(Exists(later))


def job_get(job_id: object, *, viewer: User) -> Job:
    """The job; 404 when it is out of the viewer's reach."""
    jobs = jobs_in_reach(viewer=viewer).select_related("study", "clip__exam__patient", "started_by")
    return get_object_or_404(jobs, pk=job_id)


def feature_sets_in_reach(*, viewer: User) -> QuerySet[FeatureSet]:
    """Features of clips that the viewer sees, under tracks that the viewer sees."""
    return FeatureSet.objects.filter(
        clip__in=clips_in_reach(viewer=viewer),
        revision__track__in=tracks_in_reach(viewer=viewer).values("pk"),
    )


def model_versions_in_reach(*, viewer: User) -> QuerySet[ModelVersion]:
    """Fitted models of the studies whose results the viewer may see."""
    return ModelVersion.objects.filter(reach(viewer, RESULT_ROLES, site="", unblinded=True))


def evaluations_in_reach(*, viewer: User) -> QuerySet[Evaluation]:
    """Evaluations of those models."""
    visible = reach(viewer, RESULT_ROLES, study="version__study", site="", unblinded=True)
    return Evaluation.objects.filter(visible)


def predictions_in_reach(*, viewer: User) -> QuerySet[Prediction]:
    """Predictions of the patients at the viewer's sites."""
    visible = reach(viewer, RESULT_ROLES, study="patient__study", site="patient__site", unblinded=True)
    return Prediction.objects.filter(visible)


def active_ensemble(study: Study) -> ModelVersion | None:
    """The ensemble of record of a study."""
    return ModelVersion.objects.filter(study=study, kind=ModelVersion.Kind.ENSEMBLE, is_active=True).first()


def detector_of_record(study: Study) -> ModelVersion | None:
    """The study's own detector when one was promoted; None stands for the one that ships with the program."""
    chosen = ModelVersion.objects.filter(study=study, kind=ModelVersion.Kind.DETECTOR, is_active=True)
    return chosen.exclude(file="").first()


def signed_training_clips(study: Study) -> list[Clip]:
    """Cines of training patients whose track of record was signed by a person, to teach a detector.

    Where no lesion was seen, only those whose reason says that the frames show tissue without one.
    """
    clips = Clip.objects.filter(
        exam__patient__study=study,
        exam__patient__membership__side=Membership.Side.TRAINING,
        tracks__status=Track.Status.SIGNED,
        tracks__source__in=PEOPLE,
    )
    return [clip for clip in clips.distinct().order_by("created_at") if _is_signed(track_of_record(clip))]


def _is_signed(track: Track | None) -> bool:
    signed = track is not None and track.source in PEOPLE and track.status == Track.Status.SIGNED
    return signed and (not track.no_lesion or track.no_lesion in LESION_FREE)


def cines_found_by_others(study: Study, digest: str) -> list[Clip]:
    """Cines whose newest boxes come from another detector than that of the digest, or that have none."""
    cines = Clip.objects.filter(exam__patient__study=study, n_frames__gt=1).exclude(kind=Clip.Kind.STILL)
    newest = Detection.objects.filter(clip=OuterRef("pk")).order_by("-updated_at").values("detector_digest")
    cines = cines.annotate(found_by=Subquery(newest[:1]))
    return list(cines.exclude(found_by=digest, found_by__isnull=False).order_by("created_at"))


def model_versions_for(study: Study, *, viewer: User) -> QuerySet[ModelVersion]:
    """Detectors and ensembles of a study, newest first."""
    if not can_view_results(viewer, study):
        return ModelVersion.objects.none()
    return ModelVersion.objects.filter(study=study).prefetch_related("evaluations", "promotions")


def evaluations_for(version: ModelVersion, *, viewer: User) -> QuerySet[Evaluation]:
    """Evaluations of a version; one of the test side exists only through a logged look."""
    if version.study is None or not can_view_results(viewer, version.study):
        return Evaluation.objects.none()
    return version.evaluations.select_related("look")


def supplements_for(version: ModelVersion, *, viewer: User) -> dict[tuple[str, str], Supplement]:
    """The newest supplement of each (kind, side) of a version; the test side's exist only through a look."""
    if version.study is None or not can_view_results(viewer, version.study):
        return {}
    rows = version.supplements.select_related("look").order_by("created_at")
    return {(row.kind, row.cohort): row for row in rows}


def reports_for(study: Study, *, viewer: User) -> QuerySet[Report]:
    """Printed reports of a study with their files, newest first."""
    if not can_view_results(viewer, study):
        return Report.objects.none()
    return study.reports.select_related("version", "actor").prefetch_related("files")


def report_file_get(file_id: object, *, viewer: User) -> ReportFile:
    """A printed file; 404 when the results of its study are out of the viewer's reach."""
    visible = reach(viewer, RESULT_ROLES, study="report__study", site="", unblinded=True)
    return get_object_or_404(ReportFile.objects.select_related("report__study").filter(visible), pk=file_id)


def prediction_of_record(patient: Patient, *, viewer: User) -> Prediction | None:
    """The newest prediction of the study's ensemble of record for a patient."""
    if not can_view_predictions(viewer, patient.study, patient.site):
        return None
    return (
        Prediction.objects.filter(patient=patient, version__is_active=True)
        .select_related("version", "feature_set__clip", "feature_set__revision")
        .first()
    )


def index_clip(patient: Patient) -> Clip | None:
    """The coordinator's choice, else the earliest compliant cine of a baseline exam, else the earliest."""
    if patient.index_clip is not None:
        return patient.index_clip
    clips = Clip.objects.filter(exam__patient=patient, exam__phase=Exam.Phase.BASELINE, n_frames__gt=1)
    cines = list(clips.exclude(kind=Clip.Kind.STILL).order_by("exam__number", "created_at"))
    if len(cines) < 2:
        return cines[0] if cines else None
    found = ((clip, features_of_record(clip)[0]) for clip in cines)
    compliant = (clip for clip, features in found if features is not None and features.compliant)
    return next(compliant, cines[0])


def index_clips(patients: QuerySet[Patient]) -> dict[UUID, Clip]:
    """Patient id to index clip with its tracks loaded; only who has several cines costs further queries."""
    cines = Clip.objects.filter(exam__patient__in=patients, exam__phase=Exam.Phase.BASELINE, n_frames__gt=1)
    several: dict[UUID, list[UUID]] = {}
    for pk, patient in cines.exclude(kind=Clip.Kind.STILL).values_list("pk", "exam__patient"):
        several.setdefault(patient, []).append(pk)
    chosen: dict[UUID, UUID] = {}
    for patient in patients:
        found = several.get(patient.pk, [])
        if patient.index_clip_id or len(found) == 1:
            chosen[patient.pk] = patient.index_clip_id or found[0]
        elif found and (clip := index_clip(patient)):
            chosen[patient.pk] = clip.pk
    clips = (
        Clip.objects.select_related("exam")
        .prefetch_related("tracks")
        .defer("frame_times_ms")
        .in_bulk(list(chosen.values()))
    )
    return {patient: clips[pk] for patient, pk in chosen.items()}


def described_patients(study: Study) -> QuerySet[Patient]:
    """Patients of a study with a feature set of any cine, by code."""
    features = FeatureSet.objects.filter(clip__exam__patient=OuterRef("pk"))
    return study.patients.filter(Exists(features)).order_by("code")


def newest_feature_sets(clips: Iterable[Clip]) -> dict[object, FeatureSet]:
    """Return clip id to its newest feature set."""
    newest: dict[object, FeatureSet] = {}
    rows = FeatureSet.objects.filter(clip__in=list(clips)).order_by("created_at")
    for row in rows.defer("dynamic"):
        newest[row.clip_id] = row
    return newest


def features_for_track(track: Track) -> tuple[FeatureSet | None, bool]:
    """The newest feature set under a track, and whether the track or the study's base moved on since.

    None where the reader states that no lesion is seen: what was described before is none of its findings.
    """
    if track.no_lesion:
        return None, False
    rows = FeatureSet.objects.filter(revision__track=track).select_related("revision", "clip__exam__patient")
    row = rows.order_by("-revision__number", "-created_at").first()
    if row is None:
        return None, bool(track.head)
    return row, row.revision.number != track.head or not on_base(row, row.clip.study)


def features_of_record(clip: Clip) -> tuple[FeatureSet | None, bool]:
    """The feature set of the track of record, and whether it is stale."""
    track = track_of_record(clip)
    return features_for_track(track) if track is not None else (None, False)


def on_base(features: FeatureSet, study: Study) -> bool:
    """Whether features were computed on the units and the band that the study froze."""
    return all(features.parameters.get(name) == value for name, value in study.feature_base.items())


def prediction_is_stale(prediction: Prediction) -> bool:
    """Whether boxes, base or clinical values changed since the prediction was made."""
    current, is_stale = features_of_record(prediction.feature_set.clip)
    if is_stale or current is None or current.pk != prediction.feature_set_id:
        return True
    clinical = getattr(prediction.patient, "clinical", None)
    return clinical is not None and clinical.updated_at > prediction.created_at
