"""Figures and tables of the results as files: JSON for the page, CSV, Excel and LaTeX to take away."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from analysis.reports.audited import cell_table, finding_table, method_table
from analysis.reports.calls_table import calls_table
from analysis.reports.cohort_table import table_one, table_one_table
from analysis.reports.drift import drift_of, drift_table
from analysis.reports.exports import figure_response, table_response
from analysis.reports.figure_list import FIGURES, Scene
from analysis.reports.judged import Judged, judged_of
from analysis.reports.judged_edits import export_banner
from analysis.reports.model_tables import model_rows, model_table
from analysis.reports.paper import BEST, left_out, printed_tables, table_one_again
from analysis.reports.performance_tables import comparison_table, metric_table
from analysis.reports.published_tables import counts_table, published_table
from analysis.reports.sample_size import (
    Design,
    design_of,
    development_table,
    needed_table,
    precision_table,
    sides_of,
)
from analysis.reports.tables import Table
from analysis.reports.temporal import temporal_table
from analysis.selectors import active_ensemble
from analysis.views.inputs import CountsForm
from analysis.views.result_parts import choice
from analysis.views.results import readable_study
from analysis.views.supplement_parts import supplement_table
from studies.models import Study
from studies.services.audit import audit_record

PICTURES = ("svg", "png")


@login_required
@require_safe
def figure(request: HttpRequest, slug: str, name: str) -> JsonResponse:
    """One figure as Plotly JSON; with ?export=svg or png also title, banner and an audit row."""
    study = readable_study(request, slug, "read figure")
    drawn = _drawn(request, study, name)
    kind = request.GET.get("export", "")
    if kind in PICTURES:
        _note_export(request, study, "export.figure", f"{name}.{kind}")
        drawn["export"] = {"title": str(FIGURES[name].title), "banner": export_banner(study)}
    return JsonResponse(drawn)


@login_required
@require_safe
def figure_csv(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The numbers of a figure."""
    study = readable_study(request, slug, "export figure")
    drawn = _drawn(request, study, name)
    _note_export(request, study, "export.figure", f"{name}.csv")
    return figure_response(drawn, name=f"{study.slug}-{name}", study=study)


@login_required
@require_safe
def table(request: HttpRequest, slug: str, name: str, kind: str) -> HttpResponse:
    """A table as csv, xlsx or tex; its first lines say what it is."""
    study = readable_study(request, slug, "export table")
    _version, judged = judged_of(study, viewer=request.user)
    made = TABLES.get(name, _no_table)(request, study, judged)
    made = made or supplement_table(study, name, viewer=request.user)
    if made is None:
        raise Http404
    _note_export(request, study, "export.table", f"{name}.{kind}")
    return table_response(made, kind, name=f"{study.slug}-{name}", study=study)


def _drawn(request: HttpRequest, study: Study, name: str) -> dict:
    """The figure as Plotly JSON; 404 where there is nothing to draw."""
    if name not in FIGURES:
        raise Http404
    _version, judged = judged_of(study, viewer=request.user)
    cohort = model = ""
    if judged is not None and judged.headline is not None:
        cohort, model = choice(request, judged)
    if FIGURES[name].needs_model and not (judged and judged.has_scores(cohort, model)):
        raise Http404
    scene = Scene(study, request.user, judged, cohort, model, request.GET.dict())
    drawn = FIGURES[name].draw(scene)
    if drawn is None:
        raise Http404
    return drawn


def _note_export(request: HttpRequest, study: Study, action: str, reason: str) -> None:
    audit_record(actor=request.user, action=action, target=study, study=study, reason=reason)


def _no_table(request: HttpRequest, study: Study, judged: Judged | None) -> None:
    return None


def _table_one(request: HttpRequest, study: Study, judged: Judged | None) -> Table:
    return table_one_table(table_one(study))


def _models(request: HttpRequest, study: Study, judged: Judged | None) -> Table | None:
    return (
        None if judged is None else model_table(model_rows(judged.evaluations, judged.chosen), judged.fusion)
    )


def _chosen_side(make: Callable[..., Table]) -> Callable[..., Table | None]:
    def made(request: HttpRequest, study: Study, judged: Judged | None) -> Table | None:
        if judged is None or judged.headline is None:
            return None
        cohort, model = choice(request, judged)
        return make(judged, cohort, model)

    return made


def _calls(request: HttpRequest, study: Study, judged: Judged | None) -> Table | None:
    if judged is None or judged.headline is None:
        return None
    return calls_table(study, active_ensemble(study), judged, choice(request, judged)[0])


def _of_design(make: Callable[[Design], Table]) -> Callable[..., Table]:
    return lambda request, study, judged: make(design_of(request.GET))


TABLES: dict[str, Callable[[HttpRequest, Study, Judged | None], Table | None]] = {
    "table1": _table_one,
    "models": _models,
    "figures": _chosen_side(metric_table),
    "calls": _calls,
    "as-published": _chosen_side(lambda judged, cohort, model: published_table(judged, cohort)),
    "counts": lambda request, study, judged: counts_table(CountsForm.of(request).counts or BEST),
    "precision": lambda request, study, judged: precision_table(
        sides_of(study, viewer=request.user), design_of(request.GET)
    ),
    "needed": _of_design(needed_table),
    "development": _of_design(development_table),
    "paper-cells": lambda request, study, judged: cell_table(printed_tables(), "paper-cells"),
    "paper-findings": lambda request, study, judged: finding_table(printed_tables(), "paper-findings"),
    "paper-methods": lambda request, study, judged: method_table(printed_tables(), "paper-methods"),
    "paper-table1": lambda request, study, judged: table_one_again(),
    "paper-missing": lambda request, study, judged: left_out(),
    "drift": lambda request, study, judged: drift_table(drift_of(study, viewer=request.user)),
    "temporal": lambda request, study, judged: None if judged is None else temporal_table(judged),
    "comparisons": _chosen_side(lambda judged, cohort, model: comparison_table(judged, cohort)),
}
