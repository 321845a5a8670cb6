"""The prediction of a patient, as a fragment of the patient page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.models import Prediction
from analysis.pipeline.names import DYNAMIC_SEPARATOR
from analysis.reports.feature_words import descriptor_label, static_label
from analysis.reports.model_tables import model_name
from analysis.selectors import active_ensemble, prediction_is_stale, prediction_of_record
from studies.guards import require
from studies.models import Patient
from studies.permissions import can_view_labels, can_view_predictions
from studies.selectors import patient_get

TOP_TERMS = 8
GAUGE_WIDTH = 1000


@login_required
@require_safe
def prediction(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Probability with interval and cut-off, the terms that drove it, and similar training cases."""
    patient = patient_get(patient_id, viewer=request.user)
    study = patient.study
    allowed = can_view_predictions(request.user, study, patient.site)
    require(request, allowed, action="view prediction", target=patient, study=study)
    row = prediction_of_record(patient, viewer=request.user)
    context = {"study": study, "patient": patient, "prediction": row, "version": active_ensemble(study)}
    if row is not None:
        context |= {
            "terms": [_term(term) for term in row.contributions[:TOP_TERMS]],
            "neighbours": _neighbours(row, request),
            "is_stale": prediction_is_stale(row),
            "score": row.parts.get("score"),
            "model": model_name(row.version.name),
            "gauge": _gauge(row),
        }
    return render(request, "analysis/partials/prediction.html", context)


def _term(term: dict[str, object]) -> dict[str, object]:
    """A contribution in words: which texture of the lesion changes how."""
    name = str(term["name"])
    label, detail = name, ""
    if DYNAMIC_SEPARATOR in name:
        static, descriptor = name.split(DYNAMIC_SEPARATOR)
        label, detail = static_label(static), descriptor_label(descriptor)
    share = float(term["log_odds"])  # type: ignore[arg-type]
    return {
        **term,
        "label": label,
        "detail": detail,
        "up": share > 0,
    }


def _gauge(row: Prediction) -> dict[str, int]:
    """Probability and interval on a line of GAUGE_WIDTH units."""
    low, high, middle = (round(GAUGE_WIDTH * value) for value in (row.low, row.high, row.probability))
    return {"low": low, "width": max(1, high - low), "middle": middle}


def _neighbours(row, request: HttpRequest) -> list[dict[str, object]]:
    """Nearest training cases that the viewer may open."""
    ids = [item["patient"] for item in row.neighbours]
    patients = {
        str(p.pk): p for p in Patient.objects.filter(pk__in=ids).select_related("study", "site", "membership")
    }
    return [
        {**item, "row": patients[item["patient"]]}
        for item in row.neighbours
        if item["patient"] in patients and can_view_labels(request.user, patients[item["patient"]])
    ]
