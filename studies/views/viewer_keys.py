"""Names of the viewer's keyboard actions, for the help page and the settings."""

from django.utils.translation import gettext as _


def key_text() -> dict[str, str]:
    """`key_<action>` and `group_<group>` to words; the actions are those of static/js/viewer/keys.js."""
    return {
        **_group_text(),
        **_frame_text(),
        **_picture_text(),
        **_calliper_text(),
        **_box_text(),
        **_track_text(),
        **_review_text(),
    }


def _group_text() -> dict[str, str]:
    return {
        "group_frames": _("Frames"),
        "group_picture": _("Picture"),
        "group_calliper": _("Calliper"),
        "group_boxes": _("Boxes"),
        "group_track": _("Track"),
        "group_review": _("Review"),
        "group_saving": _("Saving and help"),
    }


def _frame_text() -> dict[str, str]:
    return {
        "key_previousFrame": _("frame before"),
        "key_nextFrame": _("next frame"),
        "key_stepBack": _("a step of frames back (F2: how many)"),
        "key_stepForward": _("a step of frames on"),
        "key_previousMatch": _("previous frame that passes the filter"),
        "key_nextMatch": _("next frame that passes the filter"),
        "key_play": _("play or pause"),
        "key_goTo": _("go to a frame by number"),
        "key_trackFirst": _("first frame of the track"),
        "key_trackLast": _("last frame of the track"),
        "key_previousChapter": _("where the previous stretch or gap begins"),
        "key_nextChapter": _("where the next stretch or gap begins"),
        "key_excludeFrame": _("exclude this frame, or let it count again"),
        "key_nextNeed": _("next frame that needs me"),
    }


def _picture_text() -> dict[str, str]:
    return {
        "key_zoomIn": _("larger"),
        "key_zoomOut": _("smaller"),
        "key_fit": _("the whole picture"),
        "key_brighter": _("brighter"),
        "key_darker": _("darker"),
        "key_moreContrast": _("more contrast"),
        "key_lessContrast": _("less contrast"),
        "key_resetWindow": _("brightness and contrast as recorded"),
    }


def _calliper_text() -> dict[str, str]:
    return {
        "key_measure": _("take the calliper, or put it away"),
        "key_calliperOther": _("move the other end"),
        "key_calliperLeft": _("end 1 px to the left"),
        "key_calliperRight": _("end 1 px to the right"),
        "key_calliperUp": _("end 1 px up"),
        "key_calliperDown": _("end 1 px down"),
        "key_calliperLeftFar": _("end 10 px to the left"),
        "key_calliperRightFar": _("end 10 px to the right"),
        "key_calliperUpFar": _("end 10 px up"),
        "key_calliperDownFar": _("end 10 px down"),
    }


def _box_text() -> dict[str, str]:
    return {
        "key_nextObject": _("next box in the picture"),
        "key_previousObject": _("previous box in the picture"),
        "key_cancel": _("leave the tool, then the selection"),
        "key_draw": _("draw a box"),
        "key_redraw": _("draw the chosen box again"),
        "key_copy": _("copy the box"),
        "key_paste": _("paste it on this frame"),
        "key_propagate": _("copy the box to further frames"),
        "key_delete": _("delete"),
        "key_forceDelete": _("delete the track without asking, also a locked one"),
        "key_nudgeLeft": _("box 1 px to the left"),
        "key_nudgeRight": _("box 1 px to the right"),
        "key_nudgeUp": _("box 1 px up"),
        "key_nudgeDown": _("box 1 px down"),
        "key_nudgeLeftFar": _("box 10 px to the left"),
        "key_nudgeRightFar": _("box 10 px to the right"),
        "key_nudgeUpFar": _("box 10 px up"),
        "key_nudgeDownFar": _("box 10 px down"),
    }


def _track_text() -> dict[str, str]:
    return {
        "key_keyframe": _("make this frame a keyframe, or not"),
        "key_outside": _("out of view from here, or in view again"),
        "key_occluded": _("occluded"),
        "key_truncated": _("cut by the image border"),
        "key_uncertain": _("uncertain"),
        "key_lock": _("lock the track"),
        "key_lockAll": _("lock all tracks"),
        "key_hide": _("hide the track"),
        "key_hideAll": _("hide all tracks"),
        "key_pin": _("pin the box: no dragging"),
        "key_interpolateGap": _("fill or empty this gap"),
        "key_interpolateTrack": _("fill or empty all gaps"),
        "key_previousKeyframe": _("previous keyframe"),
        "key_nextKeyframe": _("next keyframe"),
        "key_merge": _("merge tracks: press, click them, press again"),
        "key_split": _("split the track here"),
    }


def _review_text() -> dict[str, str]:
    return {
        "key_acceptTrack": _("accept the whole track"),
        "key_acceptFrame": _("accept this frame"),
        "key_rejectFrame": _("reject this frame"),
        "key_noLesion": _("state that this clip shows no lesion, or take it back"),
        "key_sign": _("check and sign; when signed, the next clip"),
        "key_layerDetections": _("layer: raw detections"),
        "key_layerModel": _("layer: model"),
        "key_layerMine": _("layer: mine"),
        "key_layerOthers": _("layer: other readers"),
        "key_undo": _("undo"),
        "key_redo": _("redo"),
        "key_flush": _("save now"),
        "key_help": _("this page of keys"),
        "key_settings": _("settings"),
    }
