"""What waits among the computed things: a part of the home page, asked for once that page is there."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import Exists, Max, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.models import ModelVersion
from analysis.reports.since_training import learnable, since_training
from analysis.selectors import active_ensemble, jobs_not_tried_again, predictions_in_reach
from studies.guards import require
from studies.models import AuditEvent, Study
from studies.permissions import Role, can_seal, can_train, can_view_results, has_role
from studies.selectors import study_get

SHOWN_FIRST = 5


@dataclass(frozen=True, slots=True)
class ComputedTask:
    """As a task of the observed side: how much, since when, where to start, and the oldest by name."""

    label: str
    count: int
    url: str
    act: str
    oldest: datetime | None = None
    first: tuple[tuple[str, str], ...] = ()


@login_required
@require_safe
def computed_tasks(request: HttpRequest, slug: str) -> HttpResponse:
    """The waiting work of clinicians, coordinators and administrators, as one list."""
    study = study_get(slug, viewer=request.user)
    require(request, can_view_results(request.user, study), action="read tasks", target=study, study=study)
    found = tasks_of(study, viewer=request.user)
    context = {
        "study": study,
        "todo": [task for task in found if task.count],
        "has_any": bool(found),
        "is_main": "main" in request.GET,
    }
    return render(request, "analysis/partials/computed_tasks.html", context)


def tasks_of(study: Study, *, viewer: User) -> list[ComputedTask]:
    """Every kind of work that the viewer's roles do here, with and without anything waiting."""
    found: list[ComputedTask] = []
    if has_role(viewer, study, {Role.CLINICIAN}):
        found.append(_unread_predictions(study, viewer))
    if can_seal(viewer, study) and not study.is_sealed:
        found.append(
            ComputedTask(
                _("Labelled patients on no side of the split"), learnable(study),
                reverse("split", args=[study.slug]), _("Draw and seal the split"),
            )
        )  # fmt: skip
    if can_train(viewer, study):
        found += [_failed_jobs(study, viewer), _candidates(study), _to_learn_from(study)]
    return found


def _unread_predictions(study: Study, viewer: User) -> ComputedTask:
    """Patients whose prediction by the ensemble of record is newer than the viewer's last look at them."""
    opened = AuditEvent.objects.filter(actor_id=viewer.pk, action="patient.view", study=study)
    seen = dict(opened.order_by().values_list("object_id").annotate(at=Max("at")))
    rows = predictions_in_reach(viewer=viewer).filter(patient__study=study, version__is_active=True)
    newest = {
        pk: (code, at)
        for pk, code, at in rows.order_by("created_at").values_list("patient", "patient__code", "created_at")
    }
    unread = [
        (at, code, pk) for pk, (code, at) in newest.items() if str(pk) not in seen or seen[str(pk)] < at
    ]
    unread.sort(key=lambda row: row[:2])
    first = tuple((code, reverse("patient", args=[pk])) for _at, code, pk in unread[:SHOWN_FIRST])
    return ComputedTask(
        _("Predictions that you have not opened"),
        len(unread),
        first[0][1] if first else reverse("cohort", args=[study.slug]),
        _("Open the next one"),
        unread[0][0] if unread else None,
        first,
    )


def _failed_jobs(study: Study, viewer: User) -> ComputedTask:
    """Failed jobs of which nobody has tried the same again."""
    failed = jobs_not_tried_again(study, viewer=viewer)
    oldest = list(failed.order_by("created_at")[:SHOWN_FIRST])
    return ComputedTask(
        _("Failed jobs"),
        failed.count(),
        reverse("jobs", args=[study.slug]) + "#failed",
        _("See why"),
        oldest[0].created_at if oldest else None,
        tuple((job.get_kind_display(), reverse("job", args=[job.pk])) for job in oldest),
    )


def _candidates(study: Study) -> ComputedTask:
    """Fitted versions, newer than the one of record, that nobody has decided on."""
    versions = ModelVersion.objects.filter(study=study)
    active = versions.filter(kind=OuterRef("kind"), is_active=True, created_at__gt=OuterRef("created_at"))
    waiting = versions.filter(is_active=False, promotions=None).exclude(Exists(active))
    oldest = waiting.order_by("created_at").first()
    is_detector = oldest is not None and oldest.kind == ModelVersion.Kind.DETECTOR
    return ComputedTask(
        _("Trained versions to decide on"),
        waiting.count(),
        reverse("detectors" if is_detector else "models", args=[study.slug]),
        _("Compare and decide"),
        oldest.created_at if oldest else None,
    )


def _to_learn_from(study: Study) -> ComputedTask:
    """Patients whom the ensemble of record has not learned from as they are now."""
    version = active_ensemble(study)
    changed = 0
    if version is not None:
        since = since_training(study, version)
        changed = len(since.new) + len(since.relabelled) + len(since.described)
    return ComputedTask(
        _("Patients new or changed since the last training"),
        changed,
        reverse("models", args=[study.slug]),
        _("Look at what is new"),
    )
