"""Exporting the cohort: what is in the file, the data dictionary, and the file itself."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from studies import permissions
from studies.errors import RuleViolationError
from studies.guards import require
from studies.models import Study
from studies.selectors import patients_for, study_get
from studies.services.dictionary import TABLES, columns_of, dictionary
from studies.services.dictionary_words import TYPES
from studies.services.exports import FORMATS, File, cohort_export

FORMAT_NAMES = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}


@login_required
@require_http_methods(["GET", "POST"])
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what an export holds; on POST, send it."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_export(request.user, study)
    require(request, allowed, action="export cohort", target=study, study=study)
    context = {"study": study, "formats": [(name, FORMAT_NAMES[name]) for name in FORMATS]}
    if request.method == "POST":
        try:
            return download(_export(request, study))
        except RuleViolationError as error:
            context["problem"] = str(error)
    sees = permissions.can_view_labels_in(request.user, study)
    tables = {name: columns_of(name, with_pathology=sees) for name in TABLES}
    context |= {
        "n_patients": patients_for(study, viewer=request.user).count(),
        "tables": [(name, len(columns)) for name, columns in tables.items() if columns],
        "lines": [{**line, "type": TYPES[line["type"]]} for line in dictionary(tables)],
        "sees_labels": sees,
    }
    return render(request, "studies/export.html", context)


def _export(request: HttpRequest, study: Study) -> File:
    return cohort_export(
        actor=request.user,
        study=study,
        file_format=request.POST.get("format", ""),
        reason=request.POST.get("reason", "").strip(),
    )


def download(file: File) -> HttpResponse:
    """A file as a download that no cache keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return HttpResponse(file.content, content_type=file.content_type, headers=headers)
