"""The cine viewer: one page with what its script needs as JSON, and nothing of labels or predictions."""

from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from studies.api.track_state import clip_tracks, first_need, frame_confidences
from studies.models import Clip, Track
from studies.permissions import can_correct_boxes, is_blinded
from studies.reading_list import reading_progress
from studies.selectors import clip_get, may_open_track
from studies.services.adjudication import clip_agreement, may_adjudicate
from studies.services.annotation import EXCLUSION_REASONS
from studies.services.audit import audit_record
from studies.services.presence import clip_offered
from studies.views.viewer_text import exclusion_labels, no_lesion_labels, viewer_text

ENTRANCES = {"first_frame.js", "main.js", "leftovers.js"}
INDEX_PLACEHOLDER = 999999999
ID_PLACEHOLDER = UUID(int=0)


@login_required
@require_safe
@ensure_csrf_cookie
def viewer(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """The page of one clip: correct boxes and sign, or only look, as the viewer's roles allow."""
    clip = clip_get(clip_id, viewer=request.user)
    audit_record(
        actor=request.user, action="patient.view", target=clip.patient, study=clip.study, reason="clip"
    )
    data = viewer_data(clip, viewer=request.user)
    context = {
        "study": clip.study,
        "patient": clip.patient,
        "clip": clip,
        "can_correct": data["user"]["canCorrect"],
        "may_adjudicate": (may_decide := may_adjudicate(clip, viewer=request.user)),
        "adjudicates": any(t["mine"] and t["source"] == Track.Source.ADJUDICATED for t in data["tracks"]),
        "agreements": clip_agreement(clip) if may_decide or not is_blinded(request.user, clip.study) else [],
        "lanes": _lanes(data),
        "viewer_data": data,
        "viewer_text": viewer_text(),
        "modules": module_addresses(),
        "first_frame": data["urls"]["frame"].replace("{index}", str(data["startFrame"])),
        **(_worklist(clip, viewer=request.user) if data["user"]["canCorrect"] else {}),
    }
    return render(request, "studies/viewer.html", context)


def _lanes(data: dict[str, Any]) -> int:
    """How many tracks the strip will show first; the script offers a reader without a track one."""
    tracks = data["tracks"]
    offered = data["mayOpen"] and data["user"]["canCorrect"] and not any(track["mine"] for track in tracks)
    return sum(not track["deleted"] for track in tracks) + offered


def _worklist(clip: Clip, *, viewer: User) -> dict[str, Any]:
    """Where the reader is in the list, and which clip comes next."""
    progress = reading_progress(clip.study, viewer=viewer)
    return {"next_clip": clip_offered(clip.study, viewer=viewer, after=clip), "progress": progress}


@cache
def module_addresses() -> list[str]:
    """Every part of the script, named in the page so that the browser asks for all of them at once.

    They are hashed names only where the storage rewrites imports too; else imports lead to the plain names.
    """
    names = sorted(path.name for path in (settings.BASE_DIR / "static" / "js" / "viewer").glob("*.js"))
    paths = [f"js/viewer/{name}" for name in names if name not in ENTRANCES]
    is_rewritten = getattr(staticfiles_storage, "support_js_module_import_aggregation", False)
    return [static(path) if is_rewritten else f"{settings.STATIC_URL}{path}" for path in paths]


def viewer_data(clip: Clip, *, viewer: User) -> dict[str, Any]:
    """Facts, addresses and tracks of a clip for the script."""
    can_correct = can_correct_boxes(viewer, clip)
    tracks = clip_tracks(clip, viewer=viewer)
    confidences = frame_confidences(clip, tracks)
    return {
        "clip": _facts(clip),
        "user": {
            "id": viewer.pk,
            "name": viewer.get_username(),
            "canCorrect": can_correct,
        },
        "tracks": tracks,
        "confidences": confidences,
        "startFrame": first_need(clip, tracks, confidences) if can_correct else 0,
        "mayOpen": may_open_track(clip, viewer=viewer),
        "reasons": exclusion_labels(EXCLUSION_REASONS),
        "noLesionReasons": no_lesion_labels(),
        "urls": _addresses(clip, viewer=viewer),
    }


def _facts(clip: Clip) -> dict[str, Any]:
    return {
        "id": str(clip.pk),
        "nFrames": clip.n_frames,
        "headerNFrames": clip.header_n_frames,
        "width": clip.width_px,
        "height": clip.height_px,
        "fps": clip.fps,
        "frameTimesMs": clip.frame_times_ms,
        "timingSource": clip.timing_source,
        "spacingMm": clip.spacing_mm,
        "kind": clip.kind,
    }


def _addresses(clip: Clip, *, viewer: User) -> dict[str, str]:
    """Addresses with `{index}` or `{track}` where the script fills in."""
    frame = reverse("clip-frame", args=[clip.pk, INDEX_PLACEHOLDER])
    track = reverse("api-track", args=[ID_PLACEHOLDER])
    # Frames stay in the browser's cache: at a shared computer the next person must not find them there.
    own = salted_hmac("studies.views.frames", str(viewer.pk)).hexdigest()[:16]
    return {
        "frame": frame.replace(str(INDEX_PLACEHOLDER), "{index}") + f"?v={clip.pack_sha256[:12]}&u={own}",
        "track": track.replace(str(ID_PLACEHOLDER), "{track}"),
        "tracks": reverse("api-clip-tracks", args=[clip.pk]),
        "detections": reverse("api-clip-detections", args=[clip.pk]),
        "presence": reverse("api-clip-presence", args=[clip.pk]),
        "worklist": reverse("worklist", args=[clip.study.slug]),
    }
