"""Results: the model of record, a page a question, and beside it what a paper would print."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.models import Evaluation
from analysis.reports.fusion_words import fusion_note
from analysis.reports.judged import judged_of
from analysis.reports.judged_edits import edit_lines, unknown_words
from analysis.reports.model_tables import model_name
from analysis.reports.predictive import USUAL, predictive_at, share_of
from analysis.reports.temporal import temporal_test
from analysis.services.judged_inputs import judged_inputs
from analysis.views import result_parts
from studies.guards import require
from studies.models import Study
from studies.permissions import can_view_results
from studies.selectors import study_get


@login_required
@require_safe
def results(request: HttpRequest, slug: str, name: str = "summary") -> HttpResponse:
    """One part of the results; a part is a page of its own and shares its head and tabs with the others."""
    if name not in result_parts.PARTS:
        raise Http404
    return render_part(request, readable_study(request, slug, "read results"), name)


@login_required
@require_safe
def predictive(request: HttpRequest, slug: str) -> HttpResponse:
    """PPV and NPV at the share of positives that a slider asks for: a fragment."""
    study = readable_study(request, slug, "read results")
    _version, judged = judged_of(study, viewer=request.user)
    if judged is None or judged.headline is None:
        raise Http404
    cohort, model = result_parts.choice(request, judged)
    share = share_of(request.GET.get("share", ""), USUAL)
    context = {"study": study, "predictive": predictive_at(judged, cohort, model, share)}
    return render(request, "analysis/partials/predictive.html", context)


def render_part(
    request: HttpRequest, study: Study, name: str, extra: dict[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """The page of a part, with whatever else its template is to show."""
    version, judged = judged_of(study, viewer=request.user)
    context = {"study": study, "version": version, "judged": judged, "part": name, "tabs": tabs(study, name)}
    if judged is not None:
        edited = judged_inputs(version)
        context |= {"chosen_name": model_name(judged.chosen), "fusion_note": fusion_note(judged.fusion)}
        context |= {"edits": edit_lines(edited.edits), "unknown_edits": unknown_words(edited)}
        temporal_edits = judged_inputs(version, Evaluation.Cohort.TEMPORAL).edits
        context |= {"temporal_edits": edit_lines(temporal_edits), "temporal": temporal_test(study, version)}
        context["temporal_looks"] = study.temporal_looks.select_related("actor")
    context |= result_parts.PARTS[name](request, study, judged) | (extra or {})
    return render(request, f"analysis/results/{name}.html", context, status=status)


def readable_study(request: HttpRequest, slug: str, act: str) -> Study:
    """The study, for who may read its results; 404 or 403 else."""
    study = study_get(slug, viewer=request.user)
    require(request, can_view_results(request.user, study), action=act, target=study, study=study)
    return study


def tabs(study: Study, current: str) -> list[dict[str, object]]:
    """The parts of the results in their order."""
    labels = {
        "summary": _("Summary"),
        "performance": _("Performance"),
        "tables": _("Tables"),
        "comparisons": _("Comparisons"),
        "pictures": _("The paper’s figures"),
        "explanation": _("Explanation"),
        "further": _("Further analyses"),
        "as-published": _("As published"),
        "sample-size": _("Sample size"),
    }
    addresses = {"summary": reverse("results", args=[study.slug])}
    return [
        {
            "name": name,
            "label": label,
            "is_current": name == current,
            "url": addresses.get(name) or reverse("results-part", args=[study.slug, name]),
        }
        for name, label in labels.items()
    ]
