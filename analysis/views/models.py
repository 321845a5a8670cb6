"""Models: what is of record, what is new since; train, judge through a counted look, promote."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Evaluation, Job, ModelVersion
from analysis.reports.analysis_list import analyses_of
from analysis.reports.model_tables import model_name
from analysis.selectors import active_ensemble, model_versions_for
from analysis.services.jobs import job_enqueue
from analysis.services.registry import version_promote
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Study
from studies.permissions import can_take_look, can_train, can_view_models
from studies.selectors import study_get

EFFORTS = ("quick", "full")


@login_required
@require_safe
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """Every fitted version with its out-of-fold figures; actions for administrators."""
    study = study_get(slug, viewer=request.user)
    allowed = can_view_models(request.user, study)
    require(request, allowed, action="read models", target=study, study=study)
    fitted = model_versions_for(study, viewer=request.user)
    versions = list(fitted.filter(kind=ModelVersion.Kind.ENSEMBLE))
    for version in versions:
        version.words = model_name(version.name)
        version.oof = _figures(version, Evaluation.Cohort.OUT_OF_FOLD)
        version.test = _figures(version, Evaluation.Cohort.TEST)
    running = Job.objects.filter(
        study=study,
        kind__in=[Job.Kind.LEARN, Job.Kind.JUDGE, Job.Kind.SUPPLEMENT],
        status__in=["queued", "running"],
    )
    active = next((v for v in versions if v.is_active), None)
    context = {
        "study": study,
        "versions": versions,
        "active": active,
        "analyses": analyses_of(active, viewer=request.user) if active else [],
        "running": running.first(),
        "may_train": can_train(request.user, study),
        "may_look": can_take_look(request.user, study),
    }
    return render(request, "analysis/models.html", context)


@login_required
@require_POST
def train(request: HttpRequest, slug: str) -> HttpResponse:
    """Start training an ensemble."""
    study = _study(request, slug, "train", can_train)
    effort = request.POST.get("effort", "quick")
    parameters = {"effort": effort if effort in EFFORTS else "quick"}
    job = job_enqueue(actor=request.user, kind=Job.Kind.LEARN, study=study, parameters=parameters)
    return redirect("job", job.pk)


@login_required
@require_POST
def judge(request: HttpRequest, slug: str) -> HttpResponse:
    """Start judging on the test side; the look is counted when the job opens it."""
    study = _study(request, slug, "judge", can_take_look)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why the test side is looked at; the reason is kept with the look."))
        return redirect("models", slug)
    if active_ensemble(study) is None:
        messages.error(request, _("There is no trained ensemble yet; train one first."))
        return redirect("models", slug)
    job = job_enqueue(actor=request.user, kind=Job.Kind.JUDGE, study=study, parameters={"reason": reason})
    return redirect("job", job.pk)


@login_required
@require_POST
def promote(request: HttpRequest, slug: str, version_id: object) -> HttpResponse:
    """Make a version the one of record, or roll back to it."""
    study = _study(request, slug, "promote", can_train)
    version = get_object_or_404(model_versions_for(study, viewer=request.user), pk=version_id)
    try:
        version_promote(actor=request.user, version=version, reason=request.POST.get("reason", ""))
        messages.success(request, _("This version is now the one of record."))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("detectors" if version.kind == ModelVersion.Kind.DETECTOR else "models", slug)


def _study(request: HttpRequest, slug: str, act: str, predicate) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, predicate(request.user, study), action=act, target=study, study=study)
    return study


def _figures(version, cohort: str) -> dict[str, object] | None:
    """AUC of the chosen model on one side, from the prefetched evaluations."""
    rows = sorted((e for e in version.evaluations.all() if e.cohort == cohort), key=lambda e: e.created_at)
    if not rows:
        return None
    return rows[-1].results["evaluations"].get(version.summary.get("chosen", ""))
