"""Two parts of the results: what the classifiers go by, and the further analyses."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from analysis.models import Supplement
from analysis.reports.analysis_list import analyses_of
from analysis.reports.explanation_tables import explanation_tables
from analysis.reports.figure_list import FIGURES
from analysis.reports.judged import Judged
from analysis.reports.supplement_tables import EXPLAINED, documents, supplement_tables
from analysis.reports.tables import Table
from analysis.selectors import active_ensemble
from studies.models import Study
from studies.permissions import can_train

DRAWN = {
    figure.kind: name
    for name, figure in FIGURES.items()
    if figure.kind and figure.kind != Supplement.Kind.EXPLANATION
}
"""Kinds of which the page shows a figure."""


def explanation(request: HttpRequest, study: Study, judged: Judged | None) -> dict[str, Any]:
    """Textures and rhythms, columns, and a point a patient."""
    stored = documents(study, viewer=request.user).get(EXPLAINED)
    tables = explanation_tables(stored)
    names = ("influence", "shap-video", "shap-clinical") if stored else ()
    return {
        "tables": list(tables.values()),
        "n": stored and stored["n"],
        "figures": _figures(names),
    }


def further(request: HttpRequest, study: Study, judged: Judged | None) -> dict[str, Any]:
    """Everything that was stored of further analyses, and what was not run yet."""
    version = active_ensemble(study)
    rows = analyses_of(version, viewer=request.user) if version else []
    found = documents(study, viewer=request.user)
    kinds = {kind for kind, _side in found if not found[kind, _side].get("reason")}
    names = [name for kind, name in DRAWN.items() if kind in kinds]
    return {
        "tables": list(supplement_tables(found).values()) if version else [],
        "figures": _figures(names),
        "missing": [row for row in rows if row.found is None],
        "may_train": can_train(request.user, study),
    }


def _figures(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": name, "title": FIGURES[name].title, "words": FIGURES[name].words} for name in names]


def supplement_table(study: Study, name: str, *, viewer: User) -> Table | None:
    """One table of both parts by its name."""
    found = documents(study, viewer=viewer)
    return (explanation_tables(found.get(EXPLAINED)) | supplement_tables(found)).get(name)
