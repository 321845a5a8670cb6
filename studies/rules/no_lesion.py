"""A reader's statement that a clip shows no lesion in any frame: stored as a code, never as a missing box.

The statement belongs to a track that has no box. A box drawn later takes it back (`standing_statement`).
Twin: `static/js/viewer/no_lesion.js`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studies.rules.sentences import Sentence, gettext_noop
from studies.rules.tracks import TrackError, as_keyframes

SENTENCES = {
    "not_in_view": gettext_noop("No lesion is seen in any frame: the sweep does not pass over it."),
    "gone": gettext_noop("No lesion is seen in any frame: it is gone after treatment or removal."),
    "not_told_apart": gettext_noop(
        "No lesion is seen in any frame: it cannot be told from the tissue around it."
    ),
    "poor_picture": gettext_noop("No lesion is seen in any frame: the pictures are too poor to tell."),
    "other": gettext_noop("No lesion is seen in any frame: other reason."),
}
REASONS = tuple(SENTENCES)
"""Codes of the reasons, in the order in which they are offered (our convention)."""
LESION_FREE = frozenset({"not_in_view", "gone"})
"""Reasons that say what the frames show: tissue without a lesion. The others only say what was not seen."""


def reason_code(value: Any, field: str = "no_lesion") -> str:
    """*value* as the code of a reason; "" for no statement.

    Raises:
        TrackError: not a code of REASONS.
    """
    if value not in ("", *REASONS):
        raise TrackError(f"{field} must be empty or one of {', '.join(REASONS)}; got {value!r}.", field=field)
    return str(value)


def sentence_of(reason: str) -> Sentence:
    """The statement in words."""
    return Sentence(SENTENCES[reason])


def has_box(keyframes: Iterable[Any]) -> bool:
    """Whether a track has a box on any frame."""
    return any(not keyframe.outside for keyframe in as_keyframes(keyframes))


def standing_statement(keyframes: Iterable[Any], before: str, wanted: Any = None) -> str:
    """The statement after a change of the track: the code of its reason, or "".

    Args:
        keyframes: of the track after the change.
        before: what was stated before.
        wanted: what the change itself states ("" takes it back); None: nothing.

    Raises:
        TrackError: the change states that there is no lesion and leaves a box; not a code of REASONS.
    """
    stated = reason_code(before if wanted is None else wanted)
    if not stated or not has_box(keyframes):
        return stated
    if wanted is None:
        return ""
    raise TrackError(
        "The track still has a box, so it cannot state that no lesion is seen; remove its boxes in the same "
        "patch.",
        field="no_lesion",
    )
