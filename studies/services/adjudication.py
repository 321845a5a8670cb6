"""Two readings of one clip: how they agree, and the third person's decision between them."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from studies.errors import NotPermittedError, RuleViolationError
from studies.models import Clip, Revision, Track
from studies.permissions import can_correct_boxes
from studies.rules.track_review import Agreement, agreement
from studies.services.revisions import head_revision, revision_append


@dataclass(frozen=True)
class PairAgreement:
    """Two readers' tracks of one lesion and how they agree."""

    first: Track
    second: Track
    agreement: Agreement
    is_adjudicated: bool = False

    @property
    def only_one(self) -> int:
        """Frames on which only one of the two has a box."""
        return self.agreement.only_a + self.agreement.only_b

    @property
    def no_lesion(self) -> str:
        """Who states that the clip shows no lesion: "both", "first", "second", or "" for nobody."""
        stated = (bool(self.first.no_lesion), bool(self.second.no_lesion))
        return {(True, True): "both", (True, False): "first", (False, True): "second"}.get(stated, "")

    @property
    def who_saw_none(self) -> str:
        """The reader who alone states that the clip shows no lesion; "" otherwise."""
        tracks = {"first": self.first, "second": self.second}
        track = tracks.get(self.no_lesion)
        return track.reader.get_username() if track is not None and track.reader else ""

    @property
    def overlap(self) -> float:
        """Mean overlap in [0, 1] for sorting; 1 where both saw no lesion, 0 where only one saw it."""
        return 1.0 if self.no_lesion == "both" else self.agreement.mean_iou or 0.0

    @property
    def tracks(self) -> tuple[Track, Track]:
        """Both."""
        return (self.first, self.second)

    @property
    def largest_px(self) -> float | None:
        """Largest difference of a coordinate at a keyframe that both have, in pixels."""
        return max((px for _frame, px in self.agreement.keyframes_shared if px is not None), default=None)


def signed_pairs(clip: Clip) -> list[tuple[Track, Track]]:
    """Signed tracks of two readers, paired by number; empty until both readers have signed all of theirs."""
    by_reader: dict[int | None, dict[int, Track]] = {}
    for track in sorted(clip.tracks.all(), key=lambda track: track.created_at):
        if track.source != Track.Source.READER or track.is_deleted:
            continue
        if track.status != Track.Status.SIGNED:
            return []
        by_reader.setdefault(track.reader_id, {})[track.number] = track
    if len(by_reader) != 2:
        return []
    first, second = by_reader.values()
    return [(first[number], second[number]) for number in sorted(first.keys() & second.keys())]


def clip_agreement(clip: Clip) -> list[PairAgreement]:
    """How the two readers of a clip agree, one entry a pair of tracks."""
    pairs = signed_pairs(clip)
    return _compared([(clip, first, second) for first, second in pairs])


def study_agreement(clips: QuerySet[Clip]) -> list[PairAgreement]:
    """Every pair of signed readings of these clips, the worst overlap first, in a fixed number of queries."""
    pairs = [
        (clip, first, second)
        for clip in clips.prefetch_related("tracks__reader")
        for first, second in signed_pairs(clip)
    ]
    return sorted(_compared(pairs), key=lambda pair: pair.overlap)


def _compared(pairs: list[tuple[Clip, Track, Track]]) -> list[PairAgreement]:
    tracks = [track for _clip, first, second in pairs for track in (first, second)]
    newest = Revision.objects.filter(track__in=tracks, number=F("track__head"))
    keyframes = {revision.track_id: revision.keyframes for revision in newest}
    found = []
    for clip, first, second in pairs:
        first.clip = second.clip = clip
        compared = agreement(keyframes.get(first.pk, []), keyframes.get(second.pk, []), clip.n_frames)
        found.append(PairAgreement(first, second, compared, _is_adjudicated(clip)))
    return found


def _is_adjudicated(clip: Clip) -> bool:
    return any(
        track.source == Track.Source.ADJUDICATED and track.status == Track.Status.SIGNED
        for track in clip.tracks.all()
    )


def may_adjudicate(clip: Clip, *, viewer: User) -> bool:
    """A sonographer of the site who is neither reader, once both have signed, where nobody else does it."""
    pairs = signed_pairs(clip)
    readers = {track.reader_id for pair in pairs for track in pair}
    others = clip.tracks.filter(source=Track.Source.ADJUDICATED, is_deleted=False).exclude(
        reader_id=viewer.pk
    )
    return (
        bool(pairs) and viewer.pk not in readers and can_correct_boxes(viewer, clip) and not others.exists()
    )


@transaction.atomic
def adjudication_open(*, actor: User, clip: Clip, start_from: Track, track_id: UUID | None = None) -> Track:
    """The adjudicator's track: a copy of the reading that is nearer the truth, to correct and sign.

    Raises:
        NotPermittedError: not a sonographer of the site, or one of the two readers.
        RuleViolationError: both readers have not signed, somebody else adjudicates, or another clip's track.
    """
    Clip.objects.select_for_update().get(pk=clip.pk)
    if not can_correct_boxes(actor, clip):
        raise NotPermittedError(_("Only sonographers of this site adjudicate; ask for that role."))
    pairs = signed_pairs(clip)
    if not pairs:
        raise RuleViolationError(_("Both readers must have signed before a third person decides."))
    readers = {track.reader_id for pair in pairs for track in pair}
    if actor.pk in readers:
        raise NotPermittedError(_("A reader of this clip cannot adjudicate it; a third person must."))
    if start_from.clip_id != clip.pk or start_from.reader_id not in readers:
        raise RuleViolationError(_("Start from one of the two signed readings of this clip."))
    existing = clip.tracks.filter(source=Track.Source.ADJUDICATED, is_deleted=False).first()
    if existing is not None:
        if existing.reader_id != actor.pk:
            raise RuleViolationError(_("Somebody else adjudicates this clip already."))
        return existing
    return _adjudicated(actor, clip, start_from, track_id)


def _adjudicated(actor: User, clip: Clip, start_from: Track, track_id: UUID | None) -> Track:
    track = Track(
        clip=clip,
        number=start_from.number,
        source=Track.Source.ADJUDICATED,
        reader=actor,
        lesion=start_from.lesion,
    )
    if track_id is not None:
        track.pk = track_id
    track.full_clean(exclude=["clip", "lesion", "reader"])
    track.save(force_insert=True)
    head = head_revision(start_from)
    revision_append(
        actor=actor,
        track=track,
        keyframes=head.keyframes if head else [],
        excluded_frames=head.excluded_frames if head else {},
        no_lesion=head.no_lesion if head else "",
        command="adjudicate",
    )
    return track
