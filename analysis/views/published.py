"""Answers of the as-published page: four counts printed both ways, and a table that somebody brings along."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from analysis.reports.audited import cell_table, finding_table, method_table
from analysis.reports.exports import table_response
from analysis.reports.published_tables import counts_table
from analysis.views.inputs import AuditForm, CountsForm
from analysis.views.results import readable_study, render_part
from studies.services.audit import audit_record

SAVED_AS = ("csv", "xlsx", "tex")


@login_required
@require_safe
def counts(request: HttpRequest, slug: str) -> HttpResponse:
    """SEN, SPC, ACC and YI of four counts, as published and as supported."""
    study = readable_study(request, slug, "read results")
    form = CountsForm.of(request)
    context = {"study": study, "counts_form": form, "query": request.GET.urlencode()}
    if form.counts is not None:
        context["table"] = counts_table(form.counts)
    return render(request, "analysis/partials/from_counts.html", context)


@login_required
@require_POST
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Audit an uploaded table; show the verdict, or save it. The table itself is not kept."""
    study = readable_study(request, slug, "audit table")
    form = AuditForm(request.POST, request.FILES)
    context = {"study": study, "audit_form": form}
    if form.is_valid():
        found = form.cleaned_data["audited"]
        audit_record(
            actor=request.user,
            action="table.audit",
            target=study,
            study=study,
            changes={"rows": [None, found.audit.rows]},
        )
        if request.POST.get("save") in SAVED_AS:
            kind = request.POST["save"]
            return table_response(cell_table(found), kind, name=f"{study.slug}-audit", study=study)
        context |= {"found": found, "audit_tables": [finding_table(found), method_table(found)]}
    if request.htmx:
        return render(request, "analysis/partials/audit_result.html", context)
    return render_part(request, study, "as-published", context, status=200 if form.is_valid() else 400)
