"""Pages about one version or two: model cards and the comparison; nothing is scored or opened by them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.models import ModelVersion
from analysis.reports.detector_facts import candidate_facts, shipped_facts
from analysis.reports.ensemble_card import ensemble_card
from analysis.reports.version_compare import compare_versions
from analysis.reports.version_history import VersionRow, version_rows
from analysis.selectors import detector_of_record, model_versions_for
from studies.guards import require
from studies.models import Patient, Study
from studies.permissions import can_view_models
from studies.selectors import patients_in_reach, study_get


@login_required
@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two ensembles side by side, by their numbers (?v=1&v=2); the two newest unless named."""
    study = _readable(request, slug)
    rows = version_rows(study, ModelVersion.Kind.ENSEMBLE, viewer=request.user)
    if len(rows) < 2:
        messages.info(request, _("There are no two versions to compare yet; train a second one first."))
        return redirect("models", slug)
    asked = request.GET.getlist("v")
    pair = _pair(rows, asked)
    if pair is None:
        messages.error(request, _("Tick exactly two different versions, then compare them."))
        return redirect("models", slug)
    found = compare_versions(*pair)
    named = ("added", "removed", "relabelled", "described")
    context = {
        "study": study,
        "rows": rows,
        "found": found,
        "patients": {name: _patients(study, getattr(found.data, name), request.user) for name in named},
    }
    return render(request, "analysis/model_compare.html", context)


@login_required
@require_safe
def card(request: HttpRequest, slug: str, version_id: object) -> HttpResponse:
    """The model card of a fitted version, to read or to print."""
    study = _readable(request, slug)
    version = get_object_or_404(model_versions_for(study, viewer=request.user), pk=version_id)
    rows = version_rows(study, version.kind, viewer=request.user)
    row = next((row for row in rows if row.version.pk == version.pk), None)
    if row is None:
        raise Http404
    if version.kind == ModelVersion.Kind.DETECTOR:
        context = {"study": study, "row": row, "facts": candidate_facts(row.version)}
        return render(request, "analysis/detector_card.html", context)
    context = {"study": study, "row": row, "card": ensemble_card(study, row, viewer=request.user)}
    return render(request, "analysis/ensemble_card.html", context)


@login_required
@require_safe
def shipped_card(request: HttpRequest, slug: str) -> HttpResponse:
    """The model card of the detector that comes with the program."""
    study = _readable(request, slug)
    context = {
        "study": study,
        "facts": shipped_facts(),
        "is_of_record": detector_of_record(study) is None,
    }
    return render(request, "analysis/detector_card.html", context)


def _readable(request: HttpRequest, slug: str) -> Study:
    study = study_get(slug, viewer=request.user)
    allowed = can_view_models(request.user, study)
    require(request, allowed, action="read models", target=study, study=study)
    return study


def _pair(rows: list[VersionRow], asked: list[str]) -> tuple[VersionRow, VersionRow] | None:
    """The older and the newer of the two versions asked for; None where they are not two."""
    if not asked:
        return rows[1], rows[0]
    found = [row for row in rows if str(row.version.number) in asked]
    if len(set(asked)) != 2 or len(found) != 2:
        return None
    return found[1], found[0]


def _patients(study: Study, ids: tuple[str, ...], viewer: User) -> tuple[list[Patient], int]:
    """Those of the patients at the viewer's sites, and how many are elsewhere or gone."""
    known = list(patients_in_reach(viewer=viewer).filter(study=study, pk__in=ids).order_by("code"))
    return known, len(ids) - len(known)
