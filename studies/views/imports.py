"""Importing a table: upload, say what its columns are, look at every row's verdict, then write."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from studies import permissions
from studies.errors import StudiesError
from studies.forms import ImportForm, mapping_choices
from studies.guards import require
from studies.models import Study, TableImport
from studies.rules.tables import ENCODINGS, MAX_ROWS, TableError
from studies.selectors import sites_for, study_get
from studies.services.imports import MAX_BYTES, import_create, import_discard, import_start
from studies.services.table_plan import VERDICTS

PAGE_SIZE = 100
LISTED = 20
MAPPED = "map_"
QUESTIONS = "questions"
CALLS = (
    "POSITIVE", "NEGATIVE", "PENDING_ISH", "NEEDS_RECOUNT", "NEEDS_ADJUDICATION", "NEEDS_IHC",
    "NEEDS_DUAL_PROBE", "INDETERMINATE",
)  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a file; earlier imports stand below."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_manage_cohort(request.user, study)
    require(request, allowed, action="import", target=study, study=study)
    context: dict[str, Any] = {"study": study, "encoding": request.POST.get("encoding", "utf-8")}
    if request.method == "POST":
        try:
            row = _take(request, study)
        except TableError as error:
            context["problem"] = {**error.sentence.as_dict(), "row": error.row, "column": error.column}
        except StudiesError as error:
            context["problem"] = {"template": str(error)}
        else:
            return redirect("import", row.pk)
    rows = study.imports.select_related("actor", "study")
    context |= {
        "encodings": ENCODINGS.items(),
        "imports": [row for row in rows if permissions.can_view_import(request.user, row)][:LISTED],
        "max_mb": MAX_BYTES // 1024**2,
        "max_rows": MAX_ROWS,
        "sites": sites_for(study, viewer=request.user),
    }
    return render(request, "studies/import_start.html", context)


def _take(request: HttpRequest, study: Study) -> TableImport:
    file = request.FILES.get("file")
    if file is None:
        raise StudiesError("Choose a file first.")
    content = file.read(MAX_BYTES + 1)
    return import_create(
        actor=request.user, study=study, content=content, encoding=request.POST.get("encoding", "utf-8")
    )


@login_required
@require_http_methods(["GET", "POST"])
def table(request: HttpRequest, import_id: object) -> HttpResponse:
    """One table: its columns, its verdicts, and what can be done with it now."""
    row = get_object_or_404(TableImport.objects.select_related("study", "actor"), pk=import_id)
    if not permissions.can_view_study(request.user, row.study):
        return get_object_or_404(TableImport.objects.none(), pk=import_id)
    allowed = permissions.can_view_import(request.user, row)
    require(request, allowed, action="import", target=row, study=row.study)
    if request.htmx and request.method == "GET" and "poll" in request.GET:
        if not row.is_working:
            return HttpResponseClientRefresh()
        return render(request, "studies/partials/import_progress.html", {"table": row})
    form = ImportForm(request.POST or None, instance=row, sites=sites_for(row.study, viewer=request.user))
    context: dict[str, Any] = {"study": row.study, "table": row, "form": form}
    if request.method == "POST":
        try:
            _act(request, row, form)
        except TableError as error:
            context["problem"] = {**error.sentence.as_dict(), "row": error.row, "column": error.column}
        except (StudiesError, ValidationError) as error:
            text = str(error) if isinstance(error, StudiesError) else " ".join(error.messages)
            context["problem"] = {"template": text}
        else:
            return redirect("import", row.pk)
    context.setdefault("problem", row.problem)
    return render(request, "studies/import.html", context | _shown(request, row))


def _act(request: HttpRequest, row: TableImport, form: ImportForm) -> None:
    act = request.POST.get("act")
    if act == "discard":
        import_discard(actor=request.user, row=row)
        messages.success(request, _("The table was thrown away; nothing of it is stored."))
    elif act == "apply":
        import_start(actor=request.user, row=row, apply=True)
    elif not form.is_valid():
        raise ValidationError([message for found in form.errors.values() for message in found])
    else:
        choices = {name: form.cleaned_data[name] for name in ImportForm.Meta.fields}
        import_start(actor=request.user, row=row, mapping=_mapping(request, row), **choices)


def _mapping(request: HttpRequest, row: TableImport) -> dict[str, str]:
    """Column to target, as chosen; a column that was not sent keeps what it had."""
    return {
        column: request.POST.get(f"{MAPPED}{place}", row.mapping.get(column, "keep"))
        for place, column in enumerate(row.columns)
    }


def _shown(request: HttpRequest, row: TableImport) -> dict[str, Any]:
    verdict = request.GET.get("verdict", "")
    rows = [
        {"number": number, "code": code, "verdict": found, "remarks": remarks}
        for number, code, found, remarks in row.verdicts
        if verdict in ("", found) or (verdict == QUESTIONS and remarks)
    ]
    sees_labels = permissions.can_view_labels_in(request.user, row.study)
    mapping = _mapping(request, row) if request.method == "POST" else row.mapping
    return {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "chosen": verdict,
        "verdicts": [(name, row.counts.get(name, 0)) for name in VERDICTS],
        "n_questions": sum(bool(remarks) for *_others, remarks in row.verdicts),
        "columns": [
            (f"{MAPPED}{place}", column, row.examples.get(column, []), mapping.get(column, "keep"))
            for place, column in enumerate(row.columns)
        ],
        "choices": mapping_choices(with_pathology=sees_labels),
        "queries": row.report.get("queries", {}).items(),
        "agreement": _agreement(row.report.get("agreement", [])),
        "may_import": row.status == TableImport.Status.CHECKED,
        "refused": row.counts.get("error", 0),
    }


def _agreement(triples: list[tuple[str, str, int]]) -> dict[str, Any]:
    """The cross-tab of statuses as entered (rows) and calls of the engine (columns)."""
    counts = {(entered, call): n for entered, call, n in triples}
    calls = [call for call in CALLS if any(there == call for _entered, there in counts)]
    entered = sorted({entered for entered, _call in counts})
    final = ("positive", "POSITIVE"), ("negative", "NEGATIVE")
    against = ("positive", "NEGATIVE"), ("negative", "POSITIVE")
    return {
        "calls": calls,
        "rows": [(word, [counts.get((word, call), 0) for call in calls]) for word in entered],
        "same": sum(counts.get(pair, 0) for pair in final),
        "contradict": sum(counts.get(pair, 0) for pair in against),
        "total": sum(counts.values()),
    }
