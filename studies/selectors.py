"""Reads of the observed side. Every function takes `viewer`: site access and blinding live here."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.shortcuts import get_object_or_404

from studies.models import Clip, Patient, RoleGrant, Site, Specimen, Study, Track, Upload
from studies.permissions import (
    can_view_clip,
    can_view_labels,
    can_view_patient,
    can_view_study,
    is_blinded,
)


def studies_for(*, viewer: AbstractBaseUser) -> QuerySet[Study]:
    """Studies in which the viewer holds any role."""
    if getattr(viewer, "is_superuser", False):
        return Study.objects.all()
    return Study.objects.filter(grants__user_id=viewer.pk).distinct()


def _site_filter(viewer: AbstractBaseUser, study: Study, prefix: str = "") -> Q:
    """Condition that keeps the sites which the viewer's grants reach."""
    if getattr(viewer, "is_superuser", False):
        return Q()
    grants = RoleGrant.objects.filter(user_id=viewer.pk, study=study)
    site_ids = set(grants.values_list("site_id", flat=True))
    return Q() if None in site_ids else Q(**{f"{prefix}site_id__in": site_ids})


def sites_for(study: Study, *, viewer: AbstractBaseUser) -> QuerySet[Site]:
    """Sites of a study that the viewer's grants reach."""
    if getattr(viewer, "is_superuser", False):
        return study.sites.all()
    site_ids = set(RoleGrant.objects.filter(user_id=viewer.pk, study=study).values_list("site_id", flat=True))
    return study.sites.all() if None in site_ids else study.sites.filter(pk__in=site_ids)


def patients_for(study: Study, *, viewer: AbstractBaseUser) -> QuerySet[Patient]:
    """Patients of a study at the viewer's sites, with what the cohort table shows."""
    return (
        study.patients.filter(_site_filter(viewer, study))
        .select_related("site", "clinical", "membership")
        .order_by("code")
    )


def study_get(slug: str, *, viewer: AbstractBaseUser) -> Study:
    """The study by its slug; 404 when it is not there or not the viewer's."""
    return get_object_or_404(studies_for(viewer=viewer), slug=slug)


def patient_get(patient_id: object, *, viewer: AbstractBaseUser) -> Patient:
    """The patient; 404 when it is not there or out of the viewer's reach."""
    patients = Patient.objects.select_related("study", "site", "membership", "clinical")
    patient = get_object_or_404(patients, pk=patient_id)
    return _visible(patient, can_view_patient(viewer, patient))


def clip_get(clip_id: object, *, viewer: AbstractBaseUser) -> Clip:
    """The clip; 404 when it is not there or out of the viewer's reach."""
    clips = Clip.objects.select_related("exam__patient__study", "exam__patient__site", "lesion")
    clip = get_object_or_404(clips, pk=clip_id)
    return _visible(clip, can_view_clip(viewer, clip))


def track_get(track_id: object, *, viewer: AbstractBaseUser) -> Track:
    """The track; 404 when its clip is out of the viewer's reach."""
    tracks = Track.objects.select_related("clip__exam__patient__study", "clip__exam__patient__site", "reader")
    track = get_object_or_404(tracks, pk=track_id)
    return _visible(track, can_view_clip(viewer, track.clip))


def specimen_get(specimen_id: object, *, viewer: AbstractBaseUser) -> Specimen:
    """The specimen; 404 when labels of its patient are hidden from the viewer."""
    specimens = Specimen.objects.select_related("patient__study", "patient__site")
    specimen = get_object_or_404(specimens, pk=specimen_id)
    return _visible(specimen, can_view_labels(viewer, specimen.patient))


def upload_get(upload_id: object, *, viewer: AbstractBaseUser) -> Upload:
    """The upload; 404 unless the viewer is in its study."""
    upload = get_object_or_404(Upload.objects.select_related("study", "patient"), pk=upload_id)
    return _visible(upload, can_view_study(viewer, upload.study))


def _visible(row, allowed: bool):
    """Hide that a row exists from those who may not see it."""
    if not allowed:
        return get_object_or_404(type(row).objects.none(), pk=row.pk)
    return row


def track_of_record(clip: Clip) -> Track | None:
    """The track that counts: adjudicated, else the first reader's signed one, else the model's."""
    tracks = [t for t in clip.tracks.all() if not t.is_deleted]
    adjudicated = [
        t for t in tracks if t.source == Track.Source.ADJUDICATED and t.status == Track.Status.SIGNED
    ]
    signed = sorted(
        (t for t in tracks if t.source == Track.Source.READER and t.status == Track.Status.SIGNED),
        key=lambda t: (t.number, t.signed_at),
    )
    model = [t for t in tracks if t.source == Track.Source.MODEL]
    for candidates in (adjudicated, signed, model):
        if candidates:
            return candidates[0]
    return None


def tracks_for(clip: Clip, *, viewer: AbstractBaseUser) -> list[Track]:
    """Tracks of a clip that the viewer may see: a reader sees another reader's only after all are signed."""
    tracks = list(clip.tracks.select_related("reader").order_by("source", "number", "created_at"))
    if not is_blinded(viewer, clip.study) or reading_is_complete(clip, tracks):
        return tracks
    return [t for t in tracks if t.source == Track.Source.MODEL or t.reader_id == viewer.pk]


def reading_is_complete(clip: Clip, tracks: list[Track]) -> bool:
    """Whether as many readers as the study asks for have signed every track of theirs."""
    signed: dict[int | None, bool] = {}
    for track in tracks:
        if track.source == Track.Source.READER and not track.is_deleted:
            is_signed = track.status == Track.Status.SIGNED
            signed[track.reader_id] = signed.get(track.reader_id, True) and is_signed
    return sum(signed.values()) >= clip.study.readers_per_clip


def clips_for(study: Study, *, viewer: AbstractBaseUser) -> QuerySet[Clip]:
    """Clips of a study at the viewer's sites."""
    return Clip.objects.filter(
        _site_filter(viewer, study, "exam__patient__"), exam__patient__study=study
    ).select_related("exam__patient__site", "lesion")


def may_open_track(clip: Clip, *, viewer: AbstractBaseUser) -> bool:
    """Whether the viewer is one of the clip's readers, or the study asks for one more."""
    readers = set(clip.tracks.filter(source=Track.Source.READER).values_list("reader_id", flat=True))
    return viewer.pk in readers or len(readers) < clip.study.readers_per_clip


READING_STATES = ("open", "waiting", "adjudicate", "signed", "taken")
"""Of a clip for one reader, in the order of the worklist."""


def clips_to_read(study: Study, *, viewer: AbstractBaseUser) -> QuerySet[Clip]:
    """Clips with `state` (one of READING_STATES) for this reader, and what the worklist shows of each.

    open: begun by the viewer; waiting: needs a reader; signed: by the viewer; adjudicate: both readers
    have signed and the viewer is neither; taken: others read it, nothing to do.
    """
    tracks = Track.objects.filter(clip=OuterRef("pk"), is_deleted=False)
    read, adjudicated = (
        tracks.filter(source=source) for source in (Track.Source.READER, Track.Source.ADJUDICATED)
    )
    mine = tracks.filter(reader_id=viewer.pk).exclude(source=Track.Source.MODEL)
    others_read = Count(
        "tracks__reader",
        distinct=True,
        filter=Q(tracks__source=Track.Source.READER, tracks__is_deleted=False)
        & ~Q(tracks__reader_id=viewer.pk),
    )
    needed = study.readers_per_clip
    state = Case(
        When(Exists(mine.filter(status=Track.Status.OPEN)), then=Value("open")),
        When(Exists(mine), then=Value("signed")),
        When(n_others__lt=needed, then=Value("waiting")),
        When(
            Q(n_others__gt=1) & ~Exists(read.filter(status=Track.Status.OPEN)) & ~Exists(adjudicated),
            then=Value("adjudicate"),
        ),
        default=Value("taken"),
    )
    return (
        clips_for(study, viewer=viewer)
        .annotate(n_others=others_read)
        .annotate(
            state=state,
            has_model_track=Exists(tracks.filter(source=Track.Source.MODEL)),
            last_edit=Max("tracks__updated_at", filter=Q(tracks__reader_id=viewer.pk)),
        )
    )


def clip_to_read_next(study: Study, *, viewer: AbstractBaseUser, after: Clip | None = None) -> Clip | None:
    """The clip to open next: one begun, else the oldest that waits; not the one just read."""
    clips = clips_to_read(study, viewer=viewer).filter(state__in=("open", "waiting", "adjudicate"))
    if after is not None:
        clips = clips.exclude(pk=after.pk)
    return by_reading_state(clips).order_by("rank", "created_at").first()


def by_reading_state(clips: QuerySet[Clip]) -> QuerySet[Clip]:
    """The clips of `clips_to_read` with `rank`, the place of their state in READING_STATES."""
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(READING_STATES)]
    return clips.annotate(rank=Case(*ranks, output_field=IntegerField()))
