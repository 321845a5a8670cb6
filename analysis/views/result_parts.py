"""What each part of the results shows: one function a part, from what was judged to the page's context."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from analysis.models import Evaluation
from analysis.pipeline.as_published import COLUMNS, OPTIMISED_CAVEAT, RESAMPLED_CAVEAT
from analysis.reports.audited import finding_table, method_table
from analysis.reports.calls_table import calls_table
from analysis.reports.cohort_table import table_one, table_one_table
from analysis.reports.figure_list import FIGURES
from analysis.reports.frame_figure import example_number, examples
from analysis.reports.judged import Judged
from analysis.reports.model_tables import COHORT_ORDER, cohort_label, model_name, model_rows, model_table
from analysis.reports.paper import BEST, CITATION, left_out, printed_tables, table_one_again
from analysis.reports.performance_tables import comparison_table, metric_table
from analysis.reports.predictive import LEAST, MOST, USUAL, flattering_cutoff, predictive_at
from analysis.reports.published_tables import counts_table, published_table
from analysis.reports.sample_size import (
    Design,
    anticipated,
    check,
    development_table,
    needed_table,
    precision_table,
    sides_of,
    test_side_is_hidden,
)
from analysis.reports.temporal import temporal_table
from analysis.selectors import active_ensemble
from analysis.views import supplement_parts
from analysis.views.inputs import AUDIT_BYTES, AuditForm, CountsForm, DesignForm
from studies.models import Study
from studies.permissions import can_take_look

Context = dict[str, Any]


def figures_of(*names: str) -> list[dict[str, Any]]:
    """Title and words of figures, for the template that holds them."""
    known = [(name, FIGURES[name]) for name in names]
    return [
        {"name": name, "title": figure.title, "words": figure.words, "is_drawing": figure.is_drawing}
        for name, figure in known
    ]


def summary(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """Numbers first: who, how often looked, which model, how well, and how sure."""
    looks = study.looks.select_related("actor")
    context: Context = {"looks": looks, "may_look": can_take_look(request.user, study)}
    if judged is None or judged.headline is None:
        return context
    return context | {
        "headline": headline(judged),
        "sizes": sizes(study),
        "figures": figures_of("forest", "roc"),
        "temporal_table": temporal_table(judged),
        "flow": figures_of("flow")[0],
    }


def performance(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """Everything about one model on one side."""
    if judged is None or judged.headline is None:
        return {}
    cohort, model = choice(request, judged)
    return {
        "cohort": cohort,
        "model": model,
        "model_name": model_name(model),
        "cohort_words": cohort_label(cohort),
        "query": urlencode({"cohort": cohort, "model": model}),
        "choices": choices(judged),
        "table": metric_table(judged, cohort, model),
        "calls": calls_table(study, active_ensemble(study), judged, cohort),
        "flattering": flattering_cutoff(judged, cohort, model),
        "predictive": predictive_at(judged, cohort, model, USUAL),
        "slider": {"least": LEAST, "most": MOST, "share": USUAL},
        "figures": figures_of("roc", "scores", "calibration", "decision"),
    }


def pictures(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """The paper's Figures 1 to 5 for the study at hand."""
    number, n = example_number(request.GET), len(examples(study, viewer=request.user))
    frame = figures_of("frame")[0]
    context: Context = {
        "frame": frame if n else None,
        "frame_query": urlencode({"example": number}),
        "example": number % n + 1 if n else 0,
        "n_examples": n,
        "next": (number + 1) % n if n else 0,
        "previous": (number - 1) % n if n else 0,
        "drawn": figures_of("pipeline", "flow"),
        "status": figures_of("her2-status")[0],
    }
    if judged is None or judged.headline is None:
        return context
    return context | {"curves": figures_of("roc-all")[0]}


def tables(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """Table 1, and Tables 2 to 4 as one."""
    context: Context = {"table_one": table_one_table(table_one(study))}
    if judged is None:
        return context
    rows = model_rows(judged.evaluations, judged.chosen)
    sides = [(c, cohort_label(c)) for c in COHORT_ORDER if c in judged.evaluations]
    return context | {"models": model_table(rows, judged.fusion), "sides": sides}


def comparisons(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """The model of record against its parts and rivals; all pairs, as published and by valid tests."""
    if judged is None or judged.headline is None:
        return {}
    cohort, _model = choice(request, judged)
    names = ("auc", "acc", "yi")
    return {
        "cohort": cohort,
        "cohort_words": cohort_label(cohort),
        "query": urlencode({"cohort": cohort}),
        "choices": choices(judged),
        "table": comparison_table(judged, cohort),
        "pairs": [figures_of(f"published-{name}", f"pairs-{name}") for name in names],
        "all_curves": figures_of("roc-all")[0],
        "n": judged.evaluations[cohort].n_positive + judged.evaluations[cohort].n_negative,
    }


def as_published(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """The paper's own procedures on this study, on four counts, and on the paper's own tables."""
    context: Context = {
        "counts_form": CountsForm.of(request),
        "counts_table": counts_table(CountsForm.of(request).counts or BEST),
        "audit_form": AuditForm(),
        "paper": printed_tables(),
        "paper_citation": CITATION,
        "paper_tables": [table_one_again(), left_out()],
        "paper_findings": finding_table(printed_tables(), "paper-findings"),
        "paper_methods": method_table(printed_tables(), "paper-methods"),
        "audit_columns": ",".join(COLUMNS),
        "audit_most": AUDIT_BYTES // 1000,
    }
    if judged is None or judged.headline is None:
        return context
    cohort, _model = choice(request, judged)
    return context | {
        "cohort": cohort,
        "cohort_words": cohort_label(cohort),
        "query": urlencode({"cohort": cohort}),
        "choices": choices(judged),
        "table": published_table(judged, cohort),
        "cautions": (OPTIMISED_CAVEAT, RESAMPLED_CAVEAT),
    }


def sample_size(request: HttpRequest, study: Study, judged: Judged | None) -> Context:
    """Numbers to look at before training starts: what the patients can tell, and how many would be needed."""
    sides = sides_of(study, viewer=request.user)
    usual = anticipated(sides)
    form = DesignForm.of(request, usual)
    design = form.design(usual)
    problem = check(design)
    context: Context = {
        "design_form": form,
        "problem": problem,
        "is_hidden": test_side_is_hidden(study, viewer=request.user),
        "query": urlencode(asdict(design)),
        "paper_query": urlencode(asdict(Design())),
        "figure": figures_of("precision")[0],
    }
    if not problem:
        context["size_tables"] = [
            precision_table(sides, design),
            needed_table(design),
            development_table(design),
        ]
    return context


PARTS: dict[str, Callable[[HttpRequest, Study, Judged | None], Context]] = {
    "explanation": supplement_parts.explanation,
    "further": supplement_parts.further,
    "summary": summary,
    "performance": performance,
    "tables": tables,
    "pictures": pictures,
    "comparisons": comparisons,
    "as-published": as_published,
    "sample-size": sample_size,
}


def choice(request: HttpRequest, judged: Judged) -> tuple[str, str]:
    """Side and model that the address asks for; the headline side and the model of record otherwise."""
    cohort = request.GET.get("cohort") or ""
    if cohort not in judged.evaluations:
        cohort = str(judged.headline)
    model = request.GET.get("model") or ""
    return cohort, model if model in judged.models(cohort) else judged.chosen


def choices(judged: Judged) -> Context:
    """What can be chosen: sides and models in words."""
    cohort = str(judged.headline)
    return {
        "sides": [(side, cohort_label(side)) for side in COHORT_ORDER if side in judged.evaluations],
        "models": [(name, model_name(name), name.partition(":")[0]) for name in judged.models(cohort)],
    }


def headline(judged: Judged) -> Context:
    """The figures that stand on top."""
    cohort = str(judged.headline)
    row, values = judged.evaluations[cohort], judged.stored(cohort, judged.chosen)
    return values | {
        "cohort": cohort_label(cohort),
        "is_test": cohort == Evaluation.Cohort.TEST,
        "evaluation": row,
        "selection": row.results["selection"],
    }


def sizes(study: Study) -> dict[str, int]:
    """Clips and frames as numbers of their own: frames are never counted as n."""
    counts = study.patients.filter(membership__isnull=False).values_list("exams__clips__n_frames", flat=True)
    known = [n for n in counts if n]
    return {"clips": len(known), "frames": sum(known)}
