"""Reports: print one with a click, read and download those that were printed, state what no row can tell."""

import base64
import hashlib
import re
from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language_info
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.models import Job, Report, ReportFile, Statement
from analysis.reports.document.checklists import SOURCES, checklists_of
from analysis.reports.document.gather import gather
from analysis.reports.document.gather_model import gather_statements
from analysis.reports.document.render import default_title, linked
from analysis.reports.honest_words import Claims, Refusal, refusals
from analysis.reports.study_claims import study_claims
from analysis.selectors import active_ensemble, report_file_get, reports_for
from analysis.services.reports import report_request, statement_save, stored_bytes
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Study
from studies.pages import pages_of
from studies.permissions import can_state, can_view_results
from studies.selectors import study_get
from studies.services.audit import audit_record

STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""A printed report runs nothing and loads nothing; its one style element is allowed by its digest."""
CONTENT_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


@login_required
@require_http_methods(["GET", "POST"])
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """Every printed report; a click prints the next one. Asked by htmx: the list alone."""
    study = _readable(request, slug, "read reports")
    typed = {"title": request.POST.get("title", ""), "comment": request.POST.get("comment", "")}
    found = refused(typed, study_claims(study)) if request.method == "POST" else []
    if request.method == "POST" and not found:
        if not _running(study):
            report_request(
                actor=request.user, study=study, address=request.build_absolute_uri("/").rstrip("/"), **typed
            )
        return redirect("reports", slug)
    context = {
        "study": study,
        "reports": _with_words(reports_for(study, viewer=request.user)),
        "job": _running(study) or study.jobs.filter(kind=Job.Kind.REPORT).first(),
        "is_busy": _running(study) is not None,
    }
    if request.htmx:
        return render(request, "analysis/partials/report_list.html", context)
    context |= {
        "version": active_ensemble(study),
        "n_looks": study.looks.count(),
        "typed": typed,
        "refused": found,
        "default_title": default_title(study.title),
        "statements": _statements(study),
        "may_state": can_state(request.user, study),
    }
    status = 422 if found else 200
    return render(request, "analysis/reports.html", context, status=status)


@login_required
@require_safe
def checklists(request: HttpRequest, slug: str) -> HttpResponse:
    """What the checklists would say if the report were printed now."""
    study = _readable(request, slug, "read checklists")
    only_open = request.GET.get("show", "open") != "all"
    pages = {page.name for page in pages_of(request.user, study)}
    lists = linked(checklists_of(gather(study).facts), study.slug, "", pages)
    context = {"study": study, "lists": lists, "only_open": only_open}
    return render(request, "analysis/partials/report_checklists.html", context)


@login_required
@require_POST
def statement(request: HttpRequest, slug: str) -> HttpResponse:
    """Store what the team states on one topic; a refused wording stays in the field with its reason."""
    study = _readable(request, slug, "state")
    require(request, can_state(request.user, study), action="state", target=study, study=study)
    topic, text = request.POST.get("topic", ""), request.POST.get("text", "")
    found = refused({topic: text}, study_claims(study))
    context = {"study": study, "may_state": True, "refused": found, "is_open": True}
    if not found:
        try:
            statement_save(actor=request.user, study=study, topic=topic, text=text)
        except StudiesError as error:
            messages.error(request, str(error))
            return redirect("reports", slug)
        context["saved"] = True
    if not request.htmx:
        for refusal in found:
            messages.error(request, f"“{refusal.words}”: {refusal.why}")
        return redirect("reports", slug)
    label = dict(Statement.Topic.choices)[topic]
    context["row"] = {"topic": topic, "label": label, "text": text.strip()}
    return render(request, "analysis/partials/statement.html", context)


@login_required
@require_safe
def report_file(request: HttpRequest, file_id: object) -> HttpResponse:
    """A printed file, byte for byte; reading it is written down."""
    row = report_file_get(file_id, viewer=request.user)
    try:
        content = stored_bytes(row)
    except StudiesError as error:
        messages.error(request, str(error))
        return redirect("reports", row.report.study.slug)
    response = HttpResponse(content, content_type=CONTENT_TYPES[row.format])
    way = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = f'{way}; filename="{_file_name(row)}"'
    if row.format == ReportFile.Format.HTML:
        response["Content-Security-Policy"] = _policy(content)
    study = row.report.study
    audit_record(actor=request.user, action="export.report", target=row, study=study, reason=_file_name(row))
    return response


def refused(typed: dict[str, str], claims: Claims) -> list[Refusal]:
    """Refused wordings in what somebody typed."""
    return [refusal for text in typed.values() for refusal in refusals(text, claims)]


def _readable(request: HttpRequest, slug: str, act: str) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, can_view_results(request.user, study), action=act, target=study, study=study)
    return study


def _running(study: Study) -> Job | None:
    waiting = [Job.Status.QUEUED, Job.Status.RUNNING]
    return study.jobs.filter(kind=Job.Kind.REPORT, status__in=waiting).first()


def _with_words(reports: Iterable[Report]) -> list[Report]:
    """Reports with the names of their checklists, and files with those of their languages."""
    names = {code: name for code, name, _source, _items in SOURCES}
    rows = list(reports)
    for report in rows:
        report.unmet = [
            (names.get(code, code), counts["unmet"]) for code, counts in report.checklists.items()
        ]
        report.printed = list(report.files.all())
        for file in report.printed:
            file.words = get_language_info(file.language)["name_local"]
    return rows


def _statements(study: Study) -> list[dict[str, str]]:
    said = gather_statements(study)
    return [
        {"topic": topic, "label": str(label), "text": said.get(topic, "")}
        for topic, label in Statement.Topic.choices
    ]


def _file_name(row: ReportFile) -> str:
    return f"{row.report.study.slug}-report-{row.report.number}-{row.language}.{row.format}"


def _policy(content: bytes) -> str:
    found = STYLE.search(content)
    digest = hashlib.sha256(found[1] if found else b"").digest()
    return POLICY.format(digest=base64.b64encode(digest).decode())
