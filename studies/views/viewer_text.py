"""Every sentence that the viewer's script says, in the language of the page.

Holes are written {name}: the script fills them.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from studies.rules.no_lesion import REASONS, SENTENCES
from studies.views.viewer_keys import key_text


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


def no_lesion_labels() -> list[tuple[str, str]]:
    """Reason codes of the statement that a clip shows no lesion, with their words."""
    labels = {
        "not_in_view": _("the sweep does not pass over it"),
        "gone": _("it is gone after treatment or removal"),
        "not_told_apart": _("it cannot be told from the tissue around it"),
        "poor_picture": _("the pictures are too poor to tell"),
        "other": _("other"),
    }
    return [(code, labels[code]) for code in REASONS]


def viewer_text() -> dict[str, str]:
    """Key to sentence."""
    parts = (_state_text(), _status_text(), _message_text(), _act_text(), _panel_text(), key_text())
    return {key: sentence for part in parts for key, sentence in part.items()}


def _state_text() -> dict[str, str]:
    return {
        "saved": _("Saved {time}"),
        "nothing": _("Nothing to save"),
        "saving": _("Saving…"),
        "unsaved": _("{count} unsaved"),
        "offline": _("{count} unsaved: the server does not answer, trying again"),
        "conflict": _("Conflict: this track was changed elsewhere"),
        "signedElsewhere": _("Signed: read only"),
        "refused": _("Not saved: {reason}"),
        "loggedOut": _("{count} unsaved: log in again in another tab, nothing is lost"),
    }


def _status_text() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "buffering": _("Loading frames…"),
        "modelTrack": _("Model"),
        "frameFailed": _("Frame {number} could not be loaded; it is tried again when you return to it."),
        "track": _("Track {number}"),
        "noBox": _("no box"),
        "noLesionSeen": _("no lesion seen in this clip"),
        "keyframe": _("keyframe"),
        "interpolated": _("interpolated"),
        "held": _("held"),
        "outside": _("out of view"),
        "occluded": _("occluded"),
        "truncated": _("truncated"),
        "uncertain": _("uncertain"),
        "locked": _("locked"),
        "pinned": _("pinned"),
        "excluded": _("this frame does not count"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "model": _("model"),
        "human": _("person"),
    }


def _message_text() -> dict[str, str]:
    return {
        "tooSmall": _("A box must measure at least 3 × 3 pixels inside the image. Draw a larger one."),
        "onlyKeyframe": _("The only keyframe cannot be removed; delete the whole track instead."),
        "beforeTrack": _("The track begins after this frame: draw a box first, or delete the whole track."),
        "needsBothSides": _("Interpolation needs a keyframe with a box on both sides of the frame."),
        "otherFrame": _("Choose another frame than this one."),
        "readOnlyTrack": _("This track is read-only."),
        "noTrack": _("Choose a track of your own first: click its box, or press Tab in the picture."),
        "trackLocked": _("This track is locked on this page. Press L to unlock it."),
        "noBoxHere": _("There is no box on this frame."),
        "noKeyframe": _("There is no further keyframe this way."),
        "noChapter": _("There is no further stretch this way."),
        "noMatch": _("No further frame passes the filter."),
        "noDetections": _("The detector has not run on this clip yet."),
        "noNeed": _("No frame needs you: nothing uncertain is left."),
        "need_gap": _("a gap begins here"),
        "need_jump": _("the box jumps here"),
        "need_area_change": _("the box changes its size here"),
        "need_low_confidence": _("the detector was unsure here"),
        "need_disagreement": _("the two readings differ here"),
        "calliperHow": _("Calliper: drag a line, or press an arrow key to place one. Esc puts it away."),
        "calliperMm": _("{length}. End {end} at {x}, {y}: arrow keys move it, Enter takes the other end."),
        "calliperPx": _(
            "{length}: pixels, since this clip is not calibrated. End {end} at {x}, {y}: arrow keys move it, "
            "Enter takes the other end."
        ),
        "copied": _("Copied. Ctrl+V puts the box on another frame."),
        "nothingCopied": _("Copy a box first (Ctrl+C)."),
        "mergeSecond": _("Merge: click the tracks that belong together; Esc cancels. Chosen: {names}"),
        "mergeNow": _("Merge {names}: press M again, or click a further track; Esc cancels."),
        "mergeNeedsTwo": _("Merging needs two tracks of your own."),
        "undoStale": _("This step can no longer be undone: the track was changed elsewhere."),
        "nothingToSign": _(
            "There is nothing to sign yet: accept or correct a box, or state that none is seen (Shift+G)."
        ),
        "noLesionTakenBack": _(
            "Taken back. The clip has no box now: draw one, or undo to get the boxes back."
        ),
        **{f"noLesion_{code}": _(sentence) for code, sentence in SENTENCES.items()},
        "saveFirst": _("Not everything is saved yet. Wait for “Saved”, then sign."),
        "goThere": _("Go to frame {number}"),
        "undoOf": _("Undo: {name}, frame {number}"),
        "redoOf": _("Redo: {name}, frame {number}"),
    }


def _act_text() -> dict[str, str]:
    """Names of commands as people read them."""
    return {
        "act_move": _("move or resize"),
        "act_draw": _("draw"),
        "act_redraw": _("draw again"),
        "act_nudge": _("nudge"),
        "act_type": _("type numbers"),
        "act_paste": _("paste"),
        "act_keyframe": _("keyframe"),
        "act_outside": _("out of view"),
        "act_occluded": _("occluded"),
        "act_truncated": _("cut by the border"),
        "act_uncertain": _("uncertain"),
        "act_interpolate": _("interpolation"),
        "act_accept": _("accept track"),
        "act_accept frame": _("accept frame"),
        "act_reject frame": _("reject frame"),
        "act_propagate": _("copy to frames"),
        "act_delete from here": _("delete from here"),
        "act_delete track": _("delete track"),
        "act_exclude frame": _("exclude frame"),
        "act_open": _("opened"),
        "act_detect": _("detector"),
        "act_sign": _("signed"),
        "act_reopen": _("re-opened"),
        "act_adjudicate": _("adjudication begun"),
        "act_resolve conflict": _("conflict settled"),
        "act_no lesion": _("no lesion in this clip"),
        "act_take back no lesion": _("no lesion: taken back"),
        "act_merge": _("merge"),
        "act_split": _("split"),
    }


def _panel_text() -> dict[str, str]:
    """History, conflicts, curves, keys."""
    return {
        "noStorage": _(
            "This browser lets the page store nothing: wait for “Saved” before you close or reload it."
        ),
        "notStarted": _(
            "The viewer could not start. Load the page again; tell your administrator if it stays so."
        ),
        "noHistory": _("This track has no history yet: it begins with your first change."),
        "notReached": _("The server does not answer; try again."),
        "look": _("Look"),
        "restore": _("Restore"),
        "revision": _("revision {number}"),
        "seconds": _("{count} s"),
        "noKeyframeHere": _("no keyframe"),
        "conflictCount": _(
            "Keyframes that both sides changed: {count}. All other changes go together ({merged} keyframes). "
            "Boxes are x1, y1, x2, y2 in pixels."
        ),
        "conflictStatement": _("One side states that this clip shows no lesion: choose one side as a whole."),
        "wholeClip": _("all frames"),
        "keyframesOf": _("{count} keyframes"),
        "curve_live": _("live"),
        "curve_fresh": _("up to date"),
        "curve_stale": _("stale: the boxes changed, computing again"),
        "curve_missing": _("not computed yet"),
        "curve_unreachable": _("the server does not answer, trying again"),
        "curve_undrawn": _("the curve cannot be drawn yet, trying again"),
        "progress": _("{signed} of {total} signed, {left} left"),
        "editedByOther": _("{who} has had this clip open since {time}; here it is read-only."),
        "presentToo": _("Also open with {names}."),
        "editedElsewhere": _("You have this clip open in another window since {time}; here it is read-only."),
        "keyConflict": _("{combo} is used twice: {actions}."),
        "pressKey": _("Press the new key… (Esc: leave it)"),
        "changeKey": _("Change the key for: {name}"),
        "or": _("or"),
        "key_nudge": _("box by 1 px"),
        "key_nudgeFar": _("box by 10 px"),
        "key_calliper": _("end by 1 px"),
        "key_calliperFar": _("end by 10 px"),
    }
