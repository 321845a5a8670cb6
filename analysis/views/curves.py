"""Feature curves of a clip: a fragment with the cine beside its curve, and the numbers as JSON."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from analysis.models import FeatureSet, Job
from analysis.pipeline.names import STATIC_FEATURES, STATIC_INFO
from analysis.reports.feature_words import static_label
from analysis.reports.track_quality import TrackQuality, track_quality
from analysis.selectors import features_for_track
from analysis.services.features import static_of
from studies.models import Clip, Track
from studies.rules.no_lesion import sentence_of
from studies.rules.tracks import boxes as frame_boxes
from studies.selectors import clip_get, newest_detection, track_shown, tracks_for

GROUPS = (
    ("firstorder_", gettext_noop("first order")),
    ("shape2D_", gettext_noop("shape")),
    ("glcm_", "GLCM"),
    ("lbp_", "LBP"),
)
DEFAULT_FEATURE = "firstorder_Mean"


@login_required
@require_safe
def curves(request: HttpRequest, clip_id: object) -> HttpResponse:
    """With ?feature=NAME the curve as JSON, with ?names every name; without, the fragment that draws it."""
    clip = clip_get(clip_id, viewer=request.user)
    if "names" in request.GET:
        return JsonResponse({"groups": [{"label": label, "features": items} for label, items in _groups()]})
    track = _track(request, clip)
    feature = request.GET.get("feature")
    if feature:
        if feature not in STATIC_FEATURES:
            raise Http404
        return JsonResponse(_curve(clip, track, feature))
    features, is_stale = _features(clip, track)
    context = {
        "clip": clip,
        "study": clip.study,
        "groups": _groups(),
        "chosen": wanted if (wanted := request.GET.get("show")) in STATIC_FEATURES else DEFAULT_FEATURE,
        "features": features,
        "quality": _quality(clip, features),
        "is_stale": is_stale,
        "running": Job.objects.filter(clip=clip, status__in=["queued", "running"]).first(),
        "last_job": Job.objects.filter(clip=clip).first(),
        "player": _player(clip, track),
        "no_lesion": sentence_of(track.no_lesion) if track is not None and track.no_lesion else "",
    }
    return render(request, "analysis/partials/curves.html", context)


def _quality(clip: Clip, features: FeatureSet | None) -> TrackQuality:
    """The record of the newest detection, and the frames that the features leave out."""
    detection = newest_detection(clip)
    qc = detection.qc if detection is not None else None
    return track_quality(qc or None, features.excluded if features is not None else None)


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The 91 static features in words, by family."""
    return [
        (_(label), [(name, static_label(name)) for name in STATIC_FEATURES if name.startswith(prefix)])
        for prefix, label in GROUPS
    ]


def _track(request: HttpRequest, clip: Clip) -> Track | None:
    """The track asked for, where the viewer may see it; else the track of record."""
    wanted = request.GET.get("track")
    if wanted:
        return next((t for t in tracks_for(clip, viewer=request.user) if str(t.pk) == wanted), None)
    return track_shown(clip, viewer=request.user)


def _features(clip: Clip, track: Track | None) -> tuple[FeatureSet | None, bool]:
    return features_for_track(track) if track is not None else (None, False)


def _curve(clip: Clip, track: Track | None, feature: str) -> dict[str, object]:
    row, is_stale = _features(clip, track)
    info = STATIC_INFO[feature]
    answer: dict[str, object] = {
        "feature": feature,
        "label": static_label(feature),
        "unit": info.unit,
        "frames": [],
        "values": [],
        "stale": is_stale,
        "revision": track.head if track else None,
        "window": None,
        "excluded": {},
    }
    if row is not None:
        static = static_of(row)
        column = STATIC_FEATURES.index(feature)
        answer |= {
            "frames": static.frame_indices.tolist(),
            "values": static.values[:, column].tolist(),
            "window": [row.window_start, row.window_stop],
            "excluded": row.excluded,
        }
    return answer


def _player(clip: Clip, track: Track | None) -> dict[str, object]:
    """What the small player needs; the boxes come from the one track model."""
    boxes: list[list[float] | None] = [None] * clip.n_frames
    if track is not None and track.head:
        keyframes = track.revisions.get(number=track.head).keyframes
        for index, found in enumerate(frame_boxes(keyframes, clip.n_frames)):
            boxes[index] = [round(v, 2) for v in found.box] if found else None
    return {
        "n_frames": clip.n_frames,
        "fps": clip.fps,
        "times_ms": clip.frame_times_ms,
        "width": clip.width_px,
        "height": clip.height_px,
        "boxes": boxes,
        "source": track.source if track else None,
    }
