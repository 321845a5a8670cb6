"""One place at a time: which browser window of a reader edits a clip, and which reader a clip is with.

A soft lock in the cache: it says who works where, and never stands in the way of what is saved. A clip that
still needs readers is held by those who opened it first; one more opens it read-only until taking over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from studies.models import Clip, RoleGrant, Study, Track
from studies.permissions import can_correct_boxes
from studies.reading_list import clips_to_read_next
from studies.services.audit import audit_record

CANDIDATES = 20
"""Clips that are looked through for the next one that nobody else has open."""
ALIVE_SECONDS = 60
"""A window that has not called for so long is taken to be closed; it calls every twenty seconds."""


class Holder(TypedDict):
    """The window that edits, and since when (ISO)."""

    tab: str
    since: str


@dataclass(frozen=True)
class Present:
    """A person who has a clip open to correct it, and since when (ISO)."""

    user_id: int
    name: str
    since: str


@dataclass(frozen=True)
class Claim:
    """The answer to a claim.

    mine: whether this window may edit. since: of the window that may. who: the other reader who holds the
    clip, None where another window of the same reader does. others: everybody else who has the clip open.
    """

    mine: bool
    since: str
    who: str | None = None
    others: tuple[Present, ...] = field(default=())


def presence_claim(*, actor: User, clip: Clip, tab: str, take_over: bool = False) -> Claim:
    """Claim the clip for a window of the actor's, or keep it; the answer names who holds it now.

    Taking over, from another window or from another reader, is written to the audit trail.
    """
    holder: Holder | None = cache.get(_key(actor.pk, clip))
    others = presence_of(clip, besides=actor)
    rival = _rival(actor, clip, holder, others)
    is_elsewhere = holder is not None and holder["tab"] != tab
    if not take_over and is_elsewhere:
        return Claim(False, holder["since"], None, others)
    if not take_over and rival is not None:
        return Claim(False, rival.since, rival.name, others)
    if is_elsewhere or rival is not None:
        changes = {} if rival is None else {"from": [rival.name, actor.get_username()]}
        audit_record(actor=actor, action="clip.take_over", target=clip, study=clip.study, changes=changes)
        holder = None
    if rival is not None:
        cache.delete(_key(rival.user_id, clip))
    mine = holder or Holder(tab=tab, since=timezone.now().isoformat(timespec="milliseconds"))
    cache.set(_key(actor.pk, clip), mine, ALIVE_SECONDS)
    return Claim(True, mine["since"], None, others)


def presence_release(*, actor: User, clip: Clip, tab: str) -> None:
    """The window closes; another may edit at once."""
    key = _key(actor.pk, clip)
    holder: Holder | None = cache.get(key)
    if holder is not None and holder["tab"] == tab:
        cache.delete(key)


def presence_of(clip: Clip, *, besides: User) -> tuple[Present, ...]:
    """Who else has the clip open to correct it, the longest first."""
    return presences(clip.study, [clip], besides=besides).get(clip.pk, ())


def presences(study: Study, clips: Sequence[Clip], *, besides: User) -> dict[object, tuple[Present, ...]]:
    """The same of many clips of one study, by primary key, in one query and one look into the cache."""
    if not clips:
        return {}
    names = _sonographers(study, besides)
    places = {_key(user_id, clip): (clip.pk, user_id) for clip in clips for user_id in names}
    found: dict[object, tuple[Present, ...]] = {}
    for key, holder in cache.get_many(places).items():
        clip_id, user_id = places[key]
        present = Present(user_id, names[user_id], holder["since"])
        found[clip_id] = tuple(sorted((*found.get(clip_id, ()), present), key=lambda p: p.since))
    return found


def clip_offered(study: Study, *, viewer: User, after: Clip | None = None) -> Clip | None:
    """The clip to read next: the first that no other reader has open, so that two do not begin the same one.

    Where every candidate is open with somebody, the first of all.
    """
    candidates = list(clips_to_read_next(study, viewer=viewer, after=after)[:CANDIDATES])
    held = presences(study, candidates, besides=viewer)
    return next((clip for clip in candidates if clip.pk not in held), next(iter(candidates), None))


def _sonographers(study: Study, besides: User) -> dict[int, str]:
    grants = RoleGrant.objects.filter(study=study, role=RoleGrant.Role.SONOGRAPHER)
    return dict(grants.exclude(user=besides).values_list("user_id", "user__username"))


def _rival(actor: User, clip: Clip, holder: Holder | None, others: tuple[Present, ...]) -> Present | None:
    """The reader to whom the clip is promised: there before the actor, on the last place that is left.

    Nobody, where the actor has a track of the clip already or no place is left to hold.
    """
    if not can_correct_boxes(actor, clip):
        return None
    tracks = clip.tracks.filter(~Q(source=Track.Source.MODEL))
    readers = set(tracks.values_list("reader_id", flat=True))
    places = clip.study.readers_per_clip - len(readers)
    if actor.pk in readers or places <= 0:
        return None
    begun = [present for present in others if present.user_id not in readers]
    earlier = [present for present in begun if holder is None or present.since < holder["since"]]
    return earlier[places - 1] if len(earlier) >= places else None


def _key(user_id: int, clip: Clip) -> str:
    return f"reading:{clip.pk}:{user_id}"
