"""Every sentence that the viewer's script says, in the language of the page.

Holes are written {name}: the script fills them.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def exclusion_labels(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Reason codes of an excluded frame with their words."""
    labels = {
        "blurred": _("blurred"),
        "frozen": _("frozen or repeated"),
        "overlay": _("covered by a measurement or text"),
        "probe_moved": _("probe lifted or moved away"),
        "shadow": _("hidden by a shadow"),
        "other": _("other"),
    }
    return [(code, labels[code]) for code in codes]


def viewer_text() -> dict[str, str]:
    """Key to sentence."""
    return {**_state_text(), **_status_text()}


def _state_text() -> dict[str, str]:
    return {
        "saved": _("Saved {time}"),
        "nothing": _("Nothing to save"),
        "saving": _("Saving…"),
        "unsaved": _("{count} unsaved"),
        "offline": _("{count} unsaved: the server does not answer, trying again"),
        "conflict": _("Conflict: this track was changed elsewhere"),
        "locked": _("Signed: read only"),
        "refused": _("Not saved: {reason}"),
        "loggedOut": _("{count} unsaved: log in again in another tab, nothing is lost"),
    }


def _status_text() -> dict[str, str]:
    return {
        "frame": _("frame {number} / {count}"),
        "frameFailed": _("Frame {number} could not be loaded; it is tried again when you return to it."),
        "track": _("Track {number}"),
        "noBox": _("no box"),
        "keyframe": _("keyframe"),
        "interpolated": _("interpolated"),
        "held": _("held"),
        "outside": _("out of view"),
        "occluded": _("occluded"),
        "truncated": _("truncated"),
        "uncertain": _("uncertain"),
        "model": _("model"),
        "human": _("person"),
    }
