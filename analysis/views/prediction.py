"""The prediction of a patient: a fragment of the patient page, and a page of its own that explains it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.models import Prediction
from analysis.reports.explanation_words import terms_in_words
from analysis.reports.model_tables import model_name
from analysis.reports.patient_page import changes_in_words, gauge, nearest_cases, textures
from analysis.selectors import active_ensemble, prediction_is_stale, prediction_of_record
from studies.guards import require
from studies.models import Patient
from studies.permissions import can_view_predictions
from studies.selectors import patient_get

TOP_TERMS = 5
"""In the fragment; the page of its own shows all that were stored."""


@login_required
@require_safe
def prediction(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Probability with interval and cut-off, and the terms that drove it most."""
    return render(request, "analysis/partials/prediction.html", _context(request, patient_id, TOP_TERMS))


@login_required
@require_safe
def explanation(request: HttpRequest, patient_id: object) -> HttpResponse:
    """The prediction with its cine, the curves that drove it, similar cases, and what would change it."""
    context = _context(request, patient_id, None)
    row: Prediction | None = context["prediction"]
    if row is not None:
        context |= {
            "cases": nearest_cases(row, viewer=request.user),
            "changes": changes_in_words(row),
            "textures": textures(row.contributions),
            "methods": list(dict.fromkeys(term["method"] for term in row.contributions)),
            "clip": row.feature_set.clip,
        }
    return render(request, "analysis/prediction.html", context)


def _context(request: HttpRequest, patient_id: object, n_terms: int | None) -> dict[str, Any]:
    patient: Patient = patient_get(patient_id, viewer=request.user)
    study = patient.study
    allowed = can_view_predictions(request.user, study, patient.site)
    require(request, allowed, action="view prediction", target=patient, study=study)
    row = prediction_of_record(patient, viewer=request.user)
    context: dict[str, Any] = {
        "study": study, "patient": patient, "prediction": row, "version": active_ensemble(study),
    }  # fmt: skip
    if row is not None:
        context |= {
            "terms": terms_in_words(row.contributions)[:n_terms],
            "is_stale": prediction_is_stale(row),
            "score": row.parts.get("score"),
            "model": model_name(row.version.name),
            "gauge": gauge(row),
        }
    return context
