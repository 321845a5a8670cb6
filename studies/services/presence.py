"""One place at a time: which browser window of a reader edits a clip."""

from typing import TypedDict

from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from studies.models import Clip
from studies.services.audit import audit_record

ALIVE_SECONDS = 60
"""A window that has not called for so long is taken to be closed; it calls every twenty seconds."""


class Holder(TypedDict):
    """The window that edits, and since when (ISO)."""

    tab: str
    since: str


def presence_claim(*, actor: User, clip: Clip, tab: str, take_over: bool = False) -> Holder:
    """Claim the clip for a window of the actor's, or keep it; the answer names who holds it now.

    Taking over from another window is written to the audit trail.
    """
    key = _key(actor, clip)
    holder: Holder | None = cache.get(key)
    if holder is not None and holder["tab"] != tab:
        if not take_over:
            return holder
        audit_record(actor=actor, action="clip.take_over", target=clip, study=clip.study)
        holder = None
    mine = holder or Holder(tab=tab, since=timezone.now().isoformat(timespec="seconds"))
    cache.set(key, mine, ALIVE_SECONDS)
    return mine


def presence_release(*, actor: User, clip: Clip, tab: str) -> None:
    """The window closes; another may edit at once."""
    key = _key(actor, clip)
    holder: Holder | None = cache.get(key)
    if holder is not None and holder["tab"] == tab:
        cache.delete(key)


def _key(actor: User, clip: Clip) -> str:
    return f"reading:{clip.pk}:{actor.pk}"
