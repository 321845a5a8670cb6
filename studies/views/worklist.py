"""The worklist of sonographers: which clips need a reader, oldest first."""

from collections import Counter
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studies.guards import require
from studies.models import Clip, Study
from studies.permissions import Role, has_role
from studies.reading_list import (
    READING_STATES,
    Progress,
    by_reading_state,
    clips_to_read,
)
from studies.selectors import sites_for, study_get
from studies.services.presence import clip_offered, presences

PAGE_SIZE = 50
SORTS = {
    "todo": ("rank", "created_at"),
    "oldest": ("created_at",),
    "newest": ("-created_at",),
    "patient": ("exam__patient__code", "created_at"),
    "frames": ("-n_frames",),
}


@login_required
@require_safe
def worklist(request: HttpRequest, slug: str) -> HttpResponse:
    """Clips of the reader's sites with filter, sort and counts."""
    study = study_get(slug, viewer=request.user)
    allowed = has_role(request.user, study, {Role.SONOGRAPHER})
    require(request, allowed, action="read worklist", target=study, study=study)
    clips = clips_to_read(study, viewer=request.user)
    counts = Counter(clips.order_by().values_list("state", flat=True))
    context = {
        "study": study,
        "page": _page(request, study, clips),
        "sites": sites_for(study, viewer=request.user),
        "states": [(state, state_label(state), counts[state]) for state in READING_STATES],
        "sorts": sort_labels(),
        "chosen": {name: request.GET.get(name, "") for name in ("state", "site", "q", "sort")},
        "next_clip": clip_offered(study, viewer=request.user),
        "progress": Progress(counts["signed"], counts.total() - counts["taken"]),
        "n_all": counts.total(),
        "clip_address": reverse("clip", args=[UUID(int=0)]).replace(str(UUID(int=0)), "{clip}"),
    }
    return render(request, "studies/worklist.html", context)


def state_label(state: str) -> str:
    """The state of a clip for its reader, in words."""
    return {
        "open": _("begun by you"),
        "waiting": _("needs a reader"),
        "adjudicate": _("two readings to adjudicate"),
        "signed": _("signed by you"),
        "taken": _("read by others"),
    }[state]


def sort_labels() -> list[tuple[str, str]]:
    """Orders of the list."""
    return [
        ("todo", _("what waits first")),
        ("oldest", _("oldest first")),
        ("newest", _("newest first")),
        ("patient", _("patient")),
        ("frames", _("longest first")),
    ]


def _page(request: HttpRequest, study: Study, clips: QuerySet[Clip]) -> Page:
    """The clips that pass the filters, one page of them, each with its state in words."""
    chosen = request.GET
    if chosen.get("state") in READING_STATES:
        clips = clips.filter(state=chosen["state"])
    if chosen.get("site"):
        clips = clips.filter(exam__patient__site__code=chosen["site"])
    if text := chosen.get("q", "").strip():
        clips = clips.filter(exam__patient__code__icontains=text)
    order = SORTS.get(chosen.get("sort", ""), SORTS["todo"])
    page = Paginator(by_reading_state(clips).order_by(*order), PAGE_SIZE).get_page(chosen.get("page"))
    held = presences(study, list(page), besides=request.user)
    for clip in page:
        clip.state_label = state_label(clip.state)
        clip.open_with = ", ".join(present.name for present in held.get(clip.pk, ()))
    return page
