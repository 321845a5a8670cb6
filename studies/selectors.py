"""Reads of the observed side. Every function takes `viewer`: site access and blinding live here."""

from django.contrib.auth.models import User
from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.shortcuts import get_object_or_404

from studies.models import (
    AuditEvent,
    Clip,
    CriterionRow,
    DataQuery,
    Detection,
    Label,
    Look,
    Membership,
    Patient,
    PixelCheck,
    RoleGrant,
    Screening,
    Site,
    Specimen,
    Study,
    Track,
    Upload,
)
from studies.permissions import (
    IMAGE_ROLES,
    LABEL_ROLES,
    Role,
    can_view_clip,
    can_view_labels,
    can_view_patient,
    is_blinded,
    reach,
)


def studies_for(*, viewer: User) -> QuerySet[Study]:
    """Studies in which the viewer holds any role."""
    if getattr(viewer, "is_superuser", False):
        return Study.objects.all()
    return Study.objects.filter(grants__user_id=viewer.pk).distinct()


def _site_filter(viewer: User, study: Study, prefix: str = "") -> Q:
    """Condition that keeps the sites which the viewer's grants reach."""
    if getattr(viewer, "is_superuser", False):
        return Q()
    grants = RoleGrant.objects.filter(user_id=viewer.pk, study=study)
    site_ids = set(grants.values_list("site_id", flat=True))
    return Q() if None in site_ids else Q(**{f"{prefix}site_id__in": site_ids})


def sites_for(study: Study, *, viewer: User) -> QuerySet[Site]:
    """Sites of a study that the viewer's grants reach."""
    if getattr(viewer, "is_superuser", False):
        return study.sites.all()
    site_ids = set(RoleGrant.objects.filter(user_id=viewer.pk, study=study).values_list("site_id", flat=True))
    return study.sites.all() if None in site_ids else study.sites.filter(pk__in=site_ids)


def patients_for(study: Study, *, viewer: User) -> QuerySet[Patient]:
    """Patients of a study at the viewer's sites, with what the cohort table shows."""
    return (
        study.patients.filter(_site_filter(viewer, study))
        .select_related("site", "clinical", "membership")
        .order_by("code")
    )


def study_get(slug: str, *, viewer: User) -> Study:
    """The study by its slug; 404 when it is not there or not the viewer's."""
    return get_object_or_404(studies_for(viewer=viewer), slug=slug)


def patient_get(patient_id: object, *, viewer: User) -> Patient:
    """The patient; 404 when it is not there or out of the viewer's reach."""
    patients = Patient.objects.select_related("study", "site", "membership", "clinical")
    patient = get_object_or_404(patients, pk=patient_id)
    return _visible(patient, can_view_patient(viewer, patient))


def clip_get(clip_id: object, *, viewer: User) -> Clip:
    """The clip; 404 when it is not there or out of the viewer's reach."""
    clips = Clip.objects.select_related("exam__patient__study", "exam__patient__site", "lesion")
    clip = get_object_or_404(clips, pk=clip_id)
    return _visible(clip, can_view_clip(viewer, clip))


FRAME_FIELDS = (
    "pack",
    "pack_sha256",
    "n_frames",
    "thumbnail",
    "exam__patient__study__readers_per_clip",
    "exam__patient__site__code",
)


def clip_frames_get(clip_id: object, *, viewer: User) -> Clip:
    """As `clip_get`, with the few fields that serving frames needs: it is asked thirty times a second."""
    clips = Clip.objects.select_related("exam__patient__study", "exam__patient__site").only(*FRAME_FIELDS)
    clip = get_object_or_404(clips, pk=clip_id)
    return _visible(clip, can_view_clip(viewer, clip))


def track_get(track_id: object, *, viewer: User) -> Track:
    """The track; 404 when its clip is out of the viewer's reach."""
    tracks = Track.objects.select_related("clip__exam__patient__study", "clip__exam__patient__site", "reader")
    track = get_object_or_404(tracks, pk=track_id)
    return _visible(track, can_view_clip(viewer, track.clip))


def specimen_get(specimen_id: object, *, viewer: User) -> Specimen:
    """The specimen; 404 when labels of its patient are hidden from the viewer."""
    specimens = Specimen.objects.select_related("patient__study", "patient__site")
    specimen = get_object_or_404(specimens, pk=specimen_id)
    return _visible(specimen, can_view_labels(viewer, specimen.patient))


def upload_get(upload_id: object, *, viewer: User) -> Upload:
    """The upload; 404 when it, or the patient it belongs to, is out of the viewer's reach."""
    return get_object_or_404(uploads_in_reach(viewer=viewer), pk=upload_id)


def _visible(row, allowed: bool):
    """Hide that a row exists from those who may not see it."""
    if not allowed:
        return get_object_or_404(type(row).objects.none(), pk=row.pk)
    return row


def newest_detection(clip: Clip) -> Detection | None:
    """The raw boxes of the last run of a detector, with the record of their repair."""
    return clip.detections.order_by("-updated_at").first()


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


def tracks_for(clip: Clip, *, viewer: User) -> list[Track]:
    """Tracks of a clip that the viewer may see: a reader sees another reader's only after all are signed."""
    tracks = list(clip.tracks.select_related("reader").order_by("source", "number", "created_at"))
    if not is_blinded(viewer, clip.study) or reading_is_complete(clip, tracks):
        return tracks
    return [t for t in tracks if t.source == Track.Source.MODEL or t.reader_id == viewer.pk]


def track_shown(clip: Clip, *, viewer: User) -> Track | None:
    """The track of record, or the model's while the viewer may not see the one of record yet."""
    seen = {track.pk for track in tracks_for(clip, viewer=viewer)}
    record = track_of_record(clip)
    if record is None or record.pk in seen:
        return record
    return clip.tracks.filter(source=Track.Source.MODEL, is_deleted=False, pk__in=seen).first()


def reading_is_complete(clip: Clip, tracks: list[Track]) -> bool:
    """Whether as many readers as the study asks for have signed every track of theirs."""
    signed: dict[int | None, bool] = {}
    for track in tracks:
        if track.source == Track.Source.READER and not track.is_deleted:
            is_signed = track.status == Track.Status.SIGNED
            signed[track.reader_id] = signed.get(track.reader_id, True) and is_signed
    return sum(signed.values()) >= clip.study.readers_per_clip


def clips_for(study: Study, *, viewer: User) -> QuerySet[Clip]:
    """Clips of a study at the viewer's sites."""
    return Clip.objects.filter(
        _site_filter(viewer, study, "exam__patient__"), exam__patient__study=study
    ).select_related("exam__patient__site", "lesion")


def may_open_track(clip: Clip, *, viewer: User) -> bool:
    """Whether the viewer is one of the clip's readers, or the study asks for one more."""
    readers = set(clip.tracks.filter(source=Track.Source.READER).values_list("reader_id", flat=True))
    return viewer.pk in readers or len(readers) < clip.study.readers_per_clip


# Over all studies at once, for the API: what the predicates say of one row, said of a table.


def sites_in_reach(*, viewer: User) -> QuerySet[Site]:
    """Sites of every study that the viewer's grants reach."""
    return Site.objects.filter(reach(viewer, site="pk"))


def patients_in_reach(*, viewer: User) -> QuerySet[Patient]:
    """Patients of every study at the viewer's sites."""
    return Patient.objects.filter(reach(viewer))


def clips_in_reach(*, viewer: User) -> QuerySet[Clip]:
    """Clips at the viewer's sites; none for pathologists."""
    patient = "exam__patient__"
    return Clip.objects.filter(reach(viewer, IMAGE_ROLES, study=f"{patient}study", site=f"{patient}site"))


def tracks_in_reach(*, viewer: User) -> QuerySet[Track]:
    """Tracks of those clips; of another reader only where the reading is complete (see `tracks_for`)."""
    tracks = Track.objects.filter(clip__in=clips_in_reach(viewer=viewer))
    study = "clip__exam__patient__study"
    seen = reach(viewer, study=study, site="", unblinded=True)
    others = Track.objects.filter(clip=OuterRef("clip"), source=Track.Source.READER, is_deleted=False)
    unsigned = others.filter(status=Track.Status.OPEN, reader=OuterRef("reader"), clip=OuterRef("clip"))
    signed = (
        others.exclude(Exists(unsigned))
        .order_by()
        .values("clip")
        .annotate(n=Count("reader", distinct=True))
        .values("n")
    )
    return tracks.annotate(n_signed=Subquery(signed)).filter(
        seen
        | Q(source=Track.Source.MODEL)
        | Q(reader_id=viewer.pk)
        | Q(n_signed__gte=F(f"{study}__readers_per_clip"))
    )


def uploads_in_reach(*, viewer: User) -> QuerySet[Upload]:
    """Files of patients within the viewer's reach, and files without a patient of the viewer's studies."""
    uploads = Upload.objects.select_related("study", "patient__site")
    with_patient = reach(viewer, IMAGE_ROLES, study="patient__study", site="patient__site")
    waiting = reach(viewer, {Role.COORDINATOR, Role.SONOGRAPHER, Role.ADMINISTRATOR}, site="")
    return uploads.filter(with_patient & Q(patient__isnull=False) | waiting & Q(patient__isnull=True))


def labelled_patients_in_reach(*, viewer: User) -> QuerySet[Patient]:
    """Patients whose labels the viewer may see (see `can_view_labels`)."""
    return Patient.objects.filter(_labels_seen(viewer))


def _labels_seen(viewer: User, patient: str = "") -> Q:
    """The condition of the same on rows that lead to a patient through the lookup *patient*.

    A condition and not a subquery: over 10,000 patients the subquery would list them all for each page.
    """
    below = {"study": f"{patient}study", "site": f"{patient}site"}
    test = {f"{patient}membership__side": Membership.Side.TEST, f"{patient}study__sealed_at__isnull": False}
    looks = Look.objects.filter(study=OuterRef(f"{patient}study"), side=Membership.Side.TEST)
    unopened = Q(**test) & ~Exists(looks)
    unopened |= Q(**{f"{patient}membership__side": Membership.Side.TEMPORAL})
    trainer = reach(viewer, {Role.ADMINISTRATOR}, unblinded=True, **below)
    return reach(viewer, LABEL_ROLES, unblinded=True, **below) | trainer & ~unopened


def specimens_in_reach(*, viewer: User) -> QuerySet[Specimen]:
    """Specimens of the patients whose labels the viewer may see."""
    return Specimen.objects.filter(patient__in=labelled_patients_in_reach(viewer=viewer))


def labels_in_reach(*, viewer: User) -> QuerySet[Label]:
    """Readings of those specimens; a pathologist sees another's only when both are locked."""
    labels = Label.objects.filter(specimen__patient__in=labelled_patients_in_reach(viewer=viewer))
    beside = Label.objects.filter(specimen=OuterRef("specimen"))
    locked = beside.filter(status=Label.Status.LOCKED)
    independent = beside.filter(role__in=(Label.Role.FIRST, Label.Role.SECOND))
    complete = (
        Exists(locked.filter(role=Label.Role.FIRST))
        & Exists(locked.filter(role=Label.Role.SECOND))
        & ~Exists(independent.exclude(status=Label.Status.LOCKED))
    )
    patient = "specimen__patient__"
    reads = reach(viewer, {Role.PATHOLOGIST}, study=f"{patient}study", site=f"{patient}site")
    one_reader = Q(specimen__patient__study__readers_per_specimen=1)
    return labels.filter(~reads | Q(reader_id=viewer.pk) | one_reader | complete)


def queries_in_reach(*, viewer: User) -> QuerySet[DataQuery]:
    """Data queries on patients within reach: on pathology only for who may see its labels.

    A pathologist sees those of other readers' readings in no list: a second reading stays blind to the first.
    """
    below = {"study": "patient__study", "site": "patient__site"}
    seen = ~Q(subject=DataQuery.Subject.PATHOLOGY) | _labels_seen(viewer, "patient__")
    not_only_reader = reach(viewer, set(Role.values) - {Role.PATHOLOGIST}, **below)
    others = Q(label__reader__isnull=False) & ~Q(label__reader_id=viewer.pk)
    return DataQuery.objects.filter(reach(viewer, **below) & seen).exclude(others & ~not_only_reader)


def screenings_in_reach(*, viewer: User) -> QuerySet[Screening]:
    """Screenings of patients within reach, where the viewer may see them (see `can_view_screening`)."""
    return Screening.objects.filter(_screening_seen(viewer))


def criteria_in_reach(*, viewer: User) -> QuerySet[CriterionRow]:
    """Rows of the criteria of the same patients."""
    return CriterionRow.objects.filter(_screening_seen(viewer))


def _screening_seen(viewer: User) -> Q:
    below = {"study": "patient__study", "site": "patient__site"}
    manages = reach(viewer, {Role.COORDINATOR}, study="patient__study", site="")
    return reach(viewer, **below) & (manages | reach(viewer, unblinded=True, **below))


def query_get(query_id: object, *, viewer: User) -> DataQuery:
    """The data query; 404 when it is not there or hidden from the viewer."""
    queries = queries_in_reach(viewer=viewer).select_related(
        "patient__study", "patient__site", "label", "raised_by"
    )
    return get_object_or_404(queries, pk=query_id)


def audit_in_reach(*, viewer: User) -> QuerySet[AuditEvent]:
    """The audit trail of the studies that the viewer administers, without what would unblind the viewer.

    Pathology is left out for administrators who may not see every label of the study: the blinded, and all
    while a sealed test side has not been looked at or there is a temporal test.
    """
    events = AuditEvent.objects.filter(reach(viewer, {Role.ADMINISTRATOR}, site=None)).select_related("actor")
    of_labels = Q(action__startswith="label.") | Q(action__startswith="specimen.")
    seen = reach(viewer, LABEL_ROLES, site=None, unblinded=True)
    looks = Look.objects.filter(study=OuterRef("study"), side=Membership.Side.TEST)
    opened = Q(study__sealed_at__isnull=True) | Exists(looks)
    temporal = Membership.objects.filter(patient__study=OuterRef("study"), side=Membership.Side.TEMPORAL)
    opened &= ~Exists(temporal)
    trainer = reach(viewer, {Role.ADMINISTRATOR}, site=None, unblinded=True)
    return events.filter(~of_labels | seen | trainer & opened)


def clips_unchecked(study: Study, *, viewer: User) -> QuerySet[Clip]:
    """Clips whose present pictures nobody found free of identifying text, oldest first."""
    found_clean = PixelCheck.objects.filter(
        clip=OuterRef("pk"), outcome=PixelCheck.Outcome.CLEAN, pack_sha256=OuterRef("pack_sha256")
    )
    patients = patients_for(study, viewer=viewer)
    clips = Clip.objects.filter(~Exists(found_clean), exam__patient__in=patients)
    return clips.select_related("exam__patient__site").order_by("created_at", "pk")
