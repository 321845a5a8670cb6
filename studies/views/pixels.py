"""De-identification of pixels: which clips wait for a person's look, and the look itself."""

import numpy as np
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from studies import permissions
from studies.errors import RuleViolationError
from studies.guards import require
from studies.imaging.deidentify import merge_boxes, text_left_inside
from studies.imaging.pack_reader import PackReader
from studies.imaging.types import Box
from studies.models import Clip, PixelCheck
from studies.selectors import clip_get, clips_unchecked, study_get
from studies.services.pixels import pixels_sign, pixels_wipe
from studies.services.video import pack_local_path

PAGE_SIZE = 50
FRAMES_SHOWN = 6


@login_required
@require_safe
def pixels(request: HttpRequest, slug: str) -> HttpResponse:
    """Clips whose pictures nobody has looked at yet, oldest first."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_upload(request.user, study)
    require(request, allowed, action="check pixels", target=study, study=study)
    waiting = clips_unchecked(study, viewer=request.user)
    n_waiting = waiting.count()
    if text := request.GET.get("q", "").strip():
        waiting = waiting.filter(exam__patient__code__icontains=text)
    context = {
        "study": study,
        "page": Paginator(waiting, PAGE_SIZE).get_page(request.GET.get("page")),
        "n_waiting": n_waiting,
        "q": request.GET.get("q", ""),
    }
    return render(request, "studies/pixels.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def clip_pixels(request: HttpRequest, clip_id: object) -> HttpResponse:
    """Look at frames of one clip; sign that they are clean, or have regions wiped."""
    clip = clip_get(clip_id, viewer=request.user)
    allowed = permissions.can_upload(request.user, clip.study, clip.patient.site)
    require(request, allowed, action="check pixels", target=clip, study=clip.study)
    if request.htmx:
        return _progress(clip)
    typed, error = [], ""
    if request.method == "POST":
        typed = request.POST.getlist("region")
        try:
            return _decided(request, clip, [_box(text) for text in typed])
        except (RuleViolationError, ValueError) as refused:
            error = str(refused)
    return render(request, "studies/clip_pixels.html", _context(clip, typed, error))


def _progress(clip: Clip) -> HttpResponse:
    """What the page asks for while regions are wiped: nothing yet, or to load itself again."""
    if clip.pixel_checks.filter(status=PixelCheck.Status.WAITING).exists():
        return HttpResponse(status=204)
    return HttpResponseClientRefresh()


def _decided(request: HttpRequest, clip: Clip, regions: list[Box]) -> HttpResponse:
    """Store what the person decided; on to the next clip, or back to this one while it is wiped."""
    seen = request.POST.get("seen", "")
    if "wipe" in request.POST:
        pixels_wipe(actor=request.user, clip=clip, seen_sha256=seen, regions=regions)
        messages.success(request, _("The regions are being wiped. Look at the pictures again afterwards."))
        return redirect("clip-pixels", clip.pk)
    if regions:
        raise RuleViolationError("Regions are marked. Wipe them first, or remove the marks.")
    pixels_sign(actor=request.user, clip=clip, seen_sha256=seen)
    messages.success(request, _("Signed: nothing identifying is visible."))
    following = clips_unchecked(clip.study, viewer=request.user).first()
    return redirect("clip-pixels", following.pk) if following else redirect("pixels", clip.study.slug)


def _box(text: str) -> Box:
    """A region as the form sends it: four whole numbers with commas between."""
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().lstrip("-").isdigit() for part in parts):
        raise RuleViolationError("A region needs four whole numbers: left, top, right, bottom.")
    x1, y1, x2, y2 = (int(part) for part in parts)
    return x1, y1, x2, y2


def _context(clip: Clip, typed: list[str], error: str) -> dict[str, object]:
    shown = np.unique(np.linspace(0, clip.n_frames - 1, FRAMES_SHOWN).round().astype(int)).tolist()
    checks = list(clip.pixel_checks.select_related("checker"))
    latest = checks[0] if checks else None
    clean = [c for c in checks if c.outcome == PixelCheck.Outcome.CLEAN and c.pack_sha256 == clip.pack_sha256]
    return {
        "study": clip.study,
        "patient": clip.patient,
        "clip": clip,
        "frames": shown,
        "suspects": _suspects(clip, shown),
        "checks": checks,
        "is_wiping": latest is not None and latest.status == PixelCheck.Status.WAITING,
        "failed": latest.message if latest and latest.status == PixelCheck.Status.FAILED else "",
        "clean": clean[0] if clean else None,
        "typed": typed,
        "error": error,
    }


def _suspects(clip: Clip, frames: list[int]) -> tuple[Box, ...]:
    """What looks like text in the frames shown and was not wiped."""
    found: list[Box] = []
    blank = [(b[0], b[1], b[2], b[3]) for b in clip.blanked_regions]
    with PackReader(pack_local_path(clip)) as pack:
        for index in frames:
            found += text_left_inside(pack.info, pack.rgb(index), blank)
    return merge_boxes(found)
