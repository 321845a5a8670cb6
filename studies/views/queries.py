"""Data queries: the list with its counts by site, one query with its thread, and asking a new one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from studies import permissions
from studies.errors import RuleViolationError
from studies.forms import QueryForm
from studies.guards import require
from studies.models import DataQuery, Patient, Study
from studies.selectors import patient_get, queries_in_reach, query_get, sites_for, study_get
from studies.services.queries import query_answer, query_close, query_raise, query_reopen
from studies.views.query_counts import queries_by_site

PAGE_SIZE = 50
SORTS = {
    "newest": "-created_at",
    "oldest": "created_at",
    "patient": "patient__code",
    "field": "field",
    "site": "patient__site__code",
}
FILTERS = ("q", "status", "site", "source", "subject", "field", "sort")
ACTS = {"answer": query_answer, "close": query_close, "reopen": query_reopen}


@login_required
@require_http_methods(["GET", "POST"])
def queries(request: HttpRequest, slug: str) -> HttpResponse:
    """Filter, sort and count the queries of a study; close several at once."""
    study = study_get(slug, viewer=request.user)
    if request.method == "POST":
        _close_chosen(request, study)
        return redirect(request.get_full_path())
    reachable = queries_in_reach(viewer=request.user).filter(patient__study=study)
    chosen = {name: request.GET.get(name, "").strip() for name in FILTERS}
    chosen["status"] = request.GET.get("status", "unsettled")
    rows = _filtered(reachable, chosen).select_related("patient__site", "raised_by")
    rows = rows.order_by(SORTS.get(chosen["sort"], "-created_at"), "pk")
    context = {
        "study": study,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "n_all": reachable.count(),
        "by_site": queries_by_site(study, viewer=request.user),
        "sites": sites_for(study, viewer=request.user),
        "fields": sorted(reachable.order_by().values_list("field", flat=True).distinct()),
        "sources": DataQuery.Source.choices,
        "subjects": DataQuery.Subject.choices,
        "chosen": chosen,
        "may_close": permissions.can_manage_cohort(request.user, study),
    }
    template = "studies/partials/queries_table.html" if request.htmx else "studies/queries.html"
    return render(request, template, context)


def _filtered(rows: QuerySet[DataQuery], chosen: dict[str, str]) -> QuerySet[DataQuery]:
    if chosen["status"] == "unsettled":
        rows = rows.exclude(status=DataQuery.Status.CLOSED)
    elif chosen["status"]:
        rows = rows.filter(status=chosen["status"])
    lookups = {"site": "patient__site__code", "source": "source", "subject": "subject", "field": "field"}
    exact = {lookup: chosen[name] for name, lookup in lookups.items() if chosen[name]}
    rows = rows.filter(**exact)
    if text := chosen["q"]:
        rows = rows.filter(patient__code__icontains=text) | rows.filter(text__icontains=text)
    return rows


def _close_chosen(request: HttpRequest, study: Study) -> None:
    """Close the ticked queries with one reason, as far as the viewer may close them."""
    ids = request.POST.getlist("query")
    rows = queries_in_reach(viewer=request.user).filter(patient__study=study, pk__in=ids)
    rows = rows.exclude(status=DataQuery.Status.CLOSED).select_related("patient__site", "patient__study")
    mine = [row for row in rows if permissions.can_close_query(request.user, row)]
    require(request, bool(mine) or not ids, action="close queries", target=study, study=study)
    if not ids:
        messages.error(request, _("Tick the queries to close first."))
        return
    try:
        for row in mine:
            query_close(actor=request.user, query=row, text=request.POST.get("text", ""))
    except RuleViolationError as error:
        messages.error(request, str(error))
        return
    text = ngettext("%(n)d query was closed.", "%(n)d queries were closed.", len(mine))
    messages.success(request, text % {"n": len(mine)})


@login_required
@require_http_methods(["GET", "POST"])
def query(request: HttpRequest, query_id: object) -> HttpResponse:
    """One query: its thread, and the next step."""
    row = query_get(query_id, viewer=request.user)
    may = {
        "answer": permissions.can_answer_query(request.user, row),
        "close": permissions.can_close_query(request.user, row),
    }
    may["reopen"] = may["close"]
    context: dict[str, Any] = {"study": row.patient.study, "patient": row.patient, "may": may, "typed": ""}
    if request.method == "POST":
        act = request.POST.get("act", "")
        require(request, may.get(act, False), action="query", target=row, study=row.patient.study)
        try:
            ACTS[act](actor=request.user, query=row, text=request.POST.get("text", ""))
        except RuleViolationError as error:
            context |= {"problem": str(error), "typed": request.POST.get("text", "")}
        else:
            return redirect("query", row.pk)
    context |= {"query": row, "notes": row.notes.select_related("author"), "may_edit": may["answer"]}
    return render(request, "studies/query.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Ask about a field of a patient."""
    patient = patient_get(patient_id, viewer=request.user)
    sees_labels = permissions.can_view_labels(request.user, patient)
    form = QueryForm(
        request.POST or None, with_pathology=sees_labels, initial={"about": request.GET.get("about")}
    )
    if request.method == "POST" and form.is_valid():
        part, _dot, field = form.cleaned_data["about"].partition(".")
        text = form.cleaned_data["text"]
        row = query_raise(actor=request.user, patient=patient, part=part, field=field, text=text)
        messages.success(request, _("The query was raised; the patient’s site sees it now."))
        return redirect("query", row.pk)
    context = {"study": patient.study, "patient": patient, "form": form}
    return render(request, "studies/query_form.html", context)


def open_queries_of(patient: Patient, *, viewer: Any) -> QuerySet[DataQuery]:
    """What is not settled yet about a patient, as far as the viewer may see it."""
    rows = queries_in_reach(viewer=viewer).filter(patient=patient)
    return rows.exclude(status=DataQuery.Status.CLOSED).order_by("subject", "created_at")
