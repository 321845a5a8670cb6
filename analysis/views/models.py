"""Models: what is of record, what is new since, the versions; train, judge by a counted look, promote."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Job, ModelVersion
from analysis.pipeline.kernels.combiner import METHODS
from analysis.reports.analysis_list import analyses_of
from analysis.reports.drift import drift_of, drift_table
from analysis.reports.fusion_words import fusion_choices
from analysis.reports.temporal import temporal_test
from analysis.reports.training_outlook import Change, learned_from, training_outlook
from analysis.reports.version_history import record_changes, version_rows
from analysis.selectors import active_ensemble, model_versions_for
from analysis.services.jobs import job_enqueue
from analysis.services.registry import version_promote
from analysis.views.result_parts import figures_of
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Patient, Study
from studies.permissions import can_take_look, can_train, can_view_models
from studies.selectors import patients_in_reach, study_get

EFFORTS = ("quick", "full")
SHOWN_CODES = 12
SHOWN_JOBS = (Job.Kind.LEARN, Job.Kind.JUDGE, Job.Kind.JUDGE_TEMPORAL, Job.Kind.SUPPLEMENT)
UNDER_WAY = (Job.Status.QUEUED, Job.Status.RUNNING)


@login_required
@require_safe
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """What is new, every ensemble with its figures, what is of record; acts for administrators."""
    study = study_get(slug, viewer=request.user)
    allowed = can_view_models(request.user, study)
    require(request, allowed, action="read models", target=study, study=study)
    rows = version_rows(study, ModelVersion.Kind.ENSEMBLE, viewer=request.user)
    record = next((row for row in rows if row.version.is_active), None)
    under_way = Job.objects.filter(study=study, status__in=UNDER_WAY)
    running = list(under_way.filter(kind__in=SHOWN_JOBS))
    learning = next((job for job in running if job.kind == Job.Kind.LEARN), None)
    outlook = training_outlook(study, rows[0].version if rows else None, learning, viewer=request.user)
    context = {
        "study": study,
        "rows": rows,
        "record": record,
        "active": record.version if record else None,
        "outlook": outlook,
        "fusions": fusion_choices(),
        "fusion": record.version.parameters.get("fusion", "") if record else "",
        "learned_from": learned_from(outlook),
        "changes": _with_patients(study, outlook.changes, request.user),
        "drift": drift_table(drift_of(study, viewer=request.user)) if record else None,
        "drift_figure": figures_of("drift")[0],
        "record_changes": record_changes(study, ModelVersion.Kind.ENSEMBLE, viewer=request.user),
        "analyses": analyses_of(record.version, viewer=request.user) if record else [],
        "looks": list(study.looks.select_related("actor")),
        "running": running[0] if running else None,
        "judging": any(job.kind == Job.Kind.JUDGE for job in running),
        "temporal": temporal_test(study, record.version if record else None),
        "temporal_looks": study.temporal_looks.select_related("actor"),
        "judging_temporal": any(job.kind == Job.Kind.JUDGE_TEMPORAL for job in running),
        "may_train": can_train(request.user, study),
        "may_look": can_take_look(request.user, study),
    }
    return render(request, "analysis/models.html", context)


@login_required
@require_POST
def train(request: HttpRequest, slug: str) -> HttpResponse:
    """Start training an ensemble; a second click leads to the training that the first one started."""
    study = _study(request, slug, "train", can_train)
    under_way = Job.objects.filter(study=study, kind=Job.Kind.LEARN, status__in=UNDER_WAY).first()
    if under_way is not None:
        messages.info(request, _("A training is under way already; this is it. No second one was started."))
        return redirect("job", under_way.pk)
    effort = request.POST.get("effort", "quick")
    fusion = request.POST.get("fusion", METHODS[0])
    parameters = {
        "effort": effort if effort in EFFORTS else "quick",
        "fusion": fusion if fusion in METHODS else METHODS[0],
    }
    job = job_enqueue(actor=request.user, kind=Job.Kind.LEARN, study=study, parameters=parameters)
    return redirect("job", job.pk)


@login_required
@require_POST
def judge(request: HttpRequest, slug: str) -> HttpResponse:
    """Start judging on the test side; the look is counted when the job opens it."""
    study = _study(request, slug, "judge", can_take_look)
    return _judged(request, study, Job.Kind.JUDGE)


@login_required
@require_POST
def judge_temporal(request: HttpRequest, slug: str) -> HttpResponse:
    """Start judging on the temporal test, by the same people; its looks are counted on their own."""
    study = _study(request, slug, "judge temporal", can_take_look)
    return _judged(request, study, Job.Kind.JUDGE_TEMPORAL)


def _judged(request: HttpRequest, study: Study, kind: str) -> HttpResponse:
    """Queue a job that takes a look, for a reason; one that is under way already is shown instead."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        no_reason = {
            Job.Kind.JUDGE: _("Say why the test side is looked at; the reason is kept with the look."),
            Job.Kind.JUDGE_TEMPORAL: _(
                "Say why the temporal test is looked at; the reason is kept with the look."
            ),
        }
        messages.error(request, no_reason[Job.Kind(kind)])
        return redirect("models", study.slug)
    if active_ensemble(study) is None:
        messages.error(request, _("There is no trained ensemble yet; train one first."))
        return redirect("models", study.slug)
    under_way = Job.objects.filter(study=study, kind=kind, status__in=UNDER_WAY).first()
    if under_way is not None:
        messages.info(request, _("A look is under way already; this is it. No second one was started."))
        return redirect("job", under_way.pk)
    job = job_enqueue(actor=request.user, kind=kind, study=study, parameters={"reason": reason})
    return redirect("job", job.pk)


@login_required
@require_POST
def promote(request: HttpRequest, slug: str, version_id: object) -> HttpResponse:
    """Make a version the one of record, or roll back to it."""
    study = _study(request, slug, "promote", can_train)
    version = get_object_or_404(model_versions_for(study, viewer=request.user), pk=version_id)
    try:
        version_promote(actor=request.user, version=version, reason=request.POST.get("reason", ""))
        said = {
            ModelVersion.Kind.ENSEMBLE: _("Version %(n)s is of record now; predictions come from it."),
            ModelVersion.Kind.DETECTOR: _("Version %(n)s is of record now; it finds lesions from here on."),
        }
        messages.success(request, said[version.kind] % {"n": version.number})
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("detectors" if version.kind == ModelVersion.Kind.DETECTOR else "models", slug)


def _study(request: HttpRequest, slug: str, act: str, predicate) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, predicate(request.user, study), action=act, target=study, study=study)
    return study


def _with_patients(
    study: Study, changes: Iterable[Change], viewer: User
) -> list[tuple[Change, list[Patient], int]]:
    """Each change with the first of its patients at the viewer's sites, and how many more there are."""
    codes = {code for change in changes for code in change.codes[:SHOWN_CODES]}
    known = patients_in_reach(viewer=viewer).filter(study=study, code__in=codes)
    by_code = {patient.code: patient for patient in known}
    found = []
    for change in changes:
        shown = [by_code[code] for code in change.codes[:SHOWN_CODES] if code in by_code]
        found.append((change, shown, len(change.codes) - len(shown)))
    return found
