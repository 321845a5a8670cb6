"""Detectors: the one of record, candidates trained on signed boxes, and which cines they looked at."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Job, ModelVersion
from analysis.reports.detector_card import candidate_figures, shipped_card
from analysis.reports.version_history import record_changes, version_rows
from analysis.selectors import (
    MIN_SIGNED_CINES,
    cines_found_by_others,
    detector_of_record,
    signed_training_clips,
)
from analysis.services.jobs import job_enqueue
from analysis.services.registry import detector_go_back
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Study
from studies.permissions import can_train, can_view_models
from studies.selectors import study_get


@login_required
@require_safe
def detectors(request: HttpRequest, slug: str) -> HttpResponse:
    """Every detector of the study beside the shipped one; actions for administrators."""
    study = study_get(slug, viewer=request.user)
    allowed = can_view_models(request.user, study)
    require(request, allowed, action="read models", target=study, study=study)
    rows = version_rows(study, ModelVersion.Kind.DETECTOR, viewer=request.user)
    cards = [(row, candidate_figures(row.version)) for row in rows]
    signed = len(signed_training_clips(study))
    active = Job.objects.filter(study=study, status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    context = {
        "study": study,
        "cards": cards,
        "of_record": next((row.version for row in rows if row.version.is_active), None),
        "record_changes": record_changes(study, ModelVersion.Kind.DETECTOR, viewer=request.user),
        "shipped": shipped_card(),
        "signed": signed,
        "needed": MIN_SIGNED_CINES,
        "may_learn": signed >= MIN_SIGNED_CINES,
        "others": len(cines_found_by_others(study, _digest(study))),
        "running": active.filter(kind=Job.Kind.TRAIN_DETECTOR).first(),
        "looking": active.filter(kind=Job.Kind.DETECT).count(),
        "may_train": can_train(request.user, study),
    }
    return render(request, "analysis/detectors.html", context)


@login_required
@require_POST
def train(request: HttpRequest, slug: str) -> HttpResponse:
    """Start training a detector on the signed tracks of training patients."""
    study = _administered(request, slug, "train detector")
    job = job_enqueue(actor=request.user, kind=Job.Kind.TRAIN_DETECTOR, study=study)
    return redirect("job", job.pk)


@login_required
@require_POST
def go_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the shipped detector the one of record again."""
    study = _administered(request, slug, "promote")
    try:
        detector_go_back(actor=request.user, study=study, reason=request.POST.get("reason", ""))
        messages.success(request, _("The shipped detector is the one of record again."))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("detectors", slug)


@login_required
@require_POST
def apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the detector of record look at every cine whose boxes come from another one."""
    study = _administered(request, slug, "detect again")
    cines = cines_found_by_others(study, _digest(study))
    for clip in cines:
        job_enqueue(actor=request.user, kind=Job.Kind.DETECT, study=study, clip=clip)
    words = ngettext("%(n)s cine is looked at again.", "%(n)s cines are looked at again.", len(cines))
    messages.success(request, words % {"n": len(cines)})
    return redirect("jobs" if cines else "detectors", slug)


def _digest(study: Study) -> str:
    version = detector_of_record(study)
    return shipped_card().digest if version is None else version.digest


def _administered(request: HttpRequest, slug: str, act: str) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, can_train(request.user, study), action=act, target=study, study=study)
    return study
