"""The list of clips that a sonographer reads: the state of each, which comes next, how far it is done."""

from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Case, Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Value, When

from studies.models import Clip, Study, Track
from studies.selectors import clips_for

READING_STATES = ("open", "waiting", "adjudicate", "signed", "taken")
"""Of a clip for one reader, in the order of the worklist."""


def clips_to_read(study: Study, *, viewer: User) -> QuerySet[Clip]:
    """Clips with `state` (one of READING_STATES) for this reader, and what the worklist shows of each.

    open: begun by the viewer; waiting: needs a reader; signed: by the viewer; adjudicate: both readers
    have signed and the viewer is neither; taken: others read it, nothing to do. Stills are only looked at.
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
        .filter(n_frames__gt=1)
        .exclude(kind=Clip.Kind.STILL)
        .annotate(n_others=others_read)
        .annotate(
            state=state,
            has_model_track=Exists(tracks.filter(source=Track.Source.MODEL)),
            sees_no_lesion=Exists(mine.exclude(no_lesion="")),
            last_edit=Max("tracks__updated_at", filter=Q(tracks__reader_id=viewer.pk)),
        )
    )


def clips_to_read_next(study: Study, *, viewer: User, after: Clip | None = None) -> QuerySet[Clip]:
    """The clips to open next: those begun, then the oldest that wait.

    After a clip, those stored later come first and the earlier ones again at the end, so that a clip that was
    passed over does not come back at once.
    """
    clips = clips_to_read(study, viewer=viewer).filter(state__in=("open", "waiting", "adjudicate"))
    if after is None:
        return by_reading_state(clips).order_by("rank", "created_at")
    is_earlier = Case(When(created_at__gt=after.created_at, then=Value(0)), default=Value(1))
    return clips.exclude(pk=after.pk).annotate(is_earlier=is_earlier).order_by("is_earlier", "created_at")


@dataclass(frozen=True)
class Progress:
    """How far a reader is with the list: clips signed, of all that are theirs to read."""

    signed: int
    total: int

    @property
    def left(self) -> int:
        """Clips that still wait."""
        return self.total - self.signed


def reading_progress(study: Study, *, viewer: User) -> Progress:
    """Of the clips that the viewer reads or may read; those that others read do not count."""
    counts = Counter(clips_to_read(study, viewer=viewer).order_by().values_list("state", flat=True))
    return Progress(counts["signed"], counts.total() - counts["taken"])


def by_reading_state(clips: QuerySet[Clip]) -> QuerySet[Clip]:
    """The clips of `clips_to_read` with `rank`, the place of their state in READING_STATES."""
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(READING_STATES)]
    return clips.annotate(rank=Case(*ranks, output_field=IntegerField()))
