"""Results: the model of record, Tables 1 to 4, figures; every figure and table also as a file."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.models import Evaluation, ModelVersion
from analysis.reports import figures
from analysis.reports.cohort_table import table_one
from analysis.reports.exports import csv_response, model_table_lines, table_one_lines
from analysis.reports.model_tables import COHORT_ORDER, cohort_label, model_name, model_rows
from analysis.selectors import active_ensemble, evaluations_for
from studies.guards import require
from studies.models import Study
from studies.permissions import can_take_look, can_view_results
from studies.selectors import study_get
from studies.services.audit import audit_record

HEADLINE = (Evaluation.Cohort.TEST, Evaluation.Cohort.OUT_OF_FOLD)


@login_required
@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """What the data support, and beside it what a published table would print."""
    study = _readable(request, slug, "read results")
    version = active_ensemble(study)
    context = {"study": study, "version": version, "table_one": table_one(study)}
    if version is not None:
        evaluations = _evaluations(version, request)
        chosen = version.summary["chosen"]
        context |= {
            "chosen": chosen,
            "chosen_name": model_name(chosen),
            "rows": model_rows(evaluations, chosen),
            "headline": _headline(evaluations, chosen),
            "test": evaluations.get(Evaluation.Cohort.TEST),
            "cohorts": [(c, cohort_label(c)) for c in COHORT_ORDER if c in evaluations],
            "looks": study.looks.select_related("actor"),
            "may_look": can_take_look(request.user, study),
            "n_frames": _n_frames(study),
        }
    return render(request, "analysis/results.html", context)


@login_required
@require_safe
def figure(request: HttpRequest, slug: str, name: str) -> JsonResponse:
    """One figure as Plotly JSON."""
    study = _readable(request, slug, "read figure")
    version = active_ensemble(study)
    if version is None:
        raise Http404
    evaluations = _evaluations(version, request)
    chosen, cutoffs = version.summary["chosen"], version.summary["cutoffs"]
    cohort = request.GET.get("cohort") or next(c for c in HEADLINE if c in evaluations)
    if cohort not in evaluations:
        raise Http404
    model = request.GET.get("model") or chosen
    if model not in evaluations[cohort].predictions["scores"]:
        raise Http404
    drawers = {
        "roc": lambda: figures.roc(evaluations, model),
        "forest": lambda: figures.forest(evaluations, cohort, chosen),
        "calibration": lambda: figures.calibration_plot(evaluations, cohort),
        "decision": lambda: figures.decision(evaluations, cohort),
        "scores": lambda: figures.scores(evaluations, cohort, cutoffs[model], model),
    }
    if name not in drawers:
        raise Http404
    return JsonResponse(drawers[name]())


@login_required
@require_safe
def table_csv(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A table as CSV, with a first line that says what it is."""
    study = _readable(request, slug, "export table")
    version = active_ensemble(study)
    if name == "table1":
        lines = table_one_lines(table_one(study))
    elif name == "models" and version is not None:
        lines = model_table_lines(model_rows(_evaluations(version, request), version.summary["chosen"]))
    else:
        raise Http404
    audit_record(actor=request.user, action="export.table", target=study, study=study, reason=name)
    return csv_response(lines, name=f"{study.slug}-{name}.csv", study=study)


def _readable(request: HttpRequest, slug: str, act: str) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, can_view_results(request.user, study), action=act, target=study, study=study)
    return study


def _evaluations(version: ModelVersion, request: HttpRequest) -> dict[str, Evaluation]:
    """The newest evaluation of each side."""
    rows = evaluations_for(version, viewer=request.user).order_by("created_at")
    return {row.cohort: row for row in rows}


def _headline(evaluations: dict[str, Evaluation], chosen: str) -> dict[str, object] | None:
    """The figures that stand on top: test side where there was a look, else out of fold."""
    cohort = next((c for c in HEADLINE if c in evaluations), None)
    if cohort is None:
        return None
    row = evaluations[cohort]
    values = row.results["evaluations"][chosen]
    return {
        "cohort": cohort_label(cohort),
        "is_test": cohort == Evaluation.Cohort.TEST,
        "evaluation": row,
        "auc": values["auc"],
        "low": values["auc_low"],
        "high": values["auc_high"],
        "bootstrap": values["bootstrap"],
        "metrics": values["metrics"],
        "calibration": values["calibration"],
        "selection": row.results["selection"],
        "cutoff": values["cutoff"],
    }


def _n_frames(study: Study) -> dict[str, int]:
    """Patients, clips and frames as separate numbers: frames are never counted as n."""
    clips = list(
        study.patients.filter(membership__isnull=False).values_list("exams__clips__n_frames", flat=True)
    )
    known = [n for n in clips if n]
    return {"clips": len(known), "frames": sum(known)}
