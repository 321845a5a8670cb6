"""Two parts of the results: what the classifiers go by, and the further analyses."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from analysis.reports.analysis_list import analyses_of
from analysis.reports.explanation_tables import explanation_tables
from analysis.reports.figure_list import FIGURES
from analysis.reports.judged import Judged
from analysis.reports.supplement_tables import EXPLAINED, documents, supplement_tables
from analysis.reports.tables import Table
from analysis.selectors import active_ensemble
from studies.models import Study
from studies.permissions import can_train


def explanation(request: HttpRequest, study: Study, judged: Judged | None) -> dict[str, Any]:
    """Textures and rhythms, columns, and a point a patient."""
    stored = documents(study, viewer=request.user).get(EXPLAINED)
    tables = explanation_tables(stored)
    names = ("shap-video", "shap-clinical") if stored else ()
    return {
        "tables": list(tables.values()),
        "n": stored and stored["n"],
        "figures": [{"name": n, "title": FIGURES[n].title, "words": FIGURES[n].words} for n in names],
    }


def further(request: HttpRequest, study: Study, judged: Judged | None) -> dict[str, Any]:
    """Everything that was stored of further analyses, and what was not run yet."""
    version = active_ensemble(study)
    rows = analyses_of(version, viewer=request.user) if version else []
    return {
        "tables": list(supplement_tables(documents(study, viewer=request.user)).values()) if version else [],
        "missing": [row for row in rows if row.found is None],
        "may_train": can_train(request.user, study),
    }


def supplement_table(study: Study, name: str, *, viewer: User) -> Table | None:
    """One table of both parts by its name."""
    found = documents(study, viewer=viewer)
    return (explanation_tables(found.get(EXPLAINED)) | supplement_tables(found)).get(name)
