"""The recruitment flow: drawn from the rows of the screening, as a picture and as a table."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studies.downloads import csv_response
from studies.guards import require
from studies.models import CriterionRow, Screening, Study
from studies.permissions import can_view_screening, can_view_study
from studies.rules.eligibility import BY_CODE, CODES
from studies.rules.recruitment import FlowBox, full_title
from studies.selectors import patients_for, study_get
from studies.services.audit import audit_record
from studies.services.recruitment import flow_of
from studies.views.flow_drawing import drawing_of


@login_required
@require_safe
def flow_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The flow as a file of its own."""
    study = study_get(slug, viewer=request.user)
    require(request, can_view_study(request.user, study), action="read flow", target=study, study=study)
    drawing = drawing_of(flow_of(study, viewer=request.user), _captions(study))
    audit_record(actor=request.user, action="export.flow", target=study, study=study, reason="svg")
    answer = render(
        request,
        "studies/partials/flow_svg.html",
        {"study": study, "drawing": drawing, "is_file": True},
        content_type="image/svg+xml; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="{study.slug}-recruitment.svg"'
    return answer


def _captions(study: Study) -> list[str]:
    told = [f"{study.title}, {timezone.localdate().isoformat()}. " + _("Research use only")]
    if study.is_simulated:
        told.append(_("Simulated patients: no finding here says anything about real disease"))
    return told


@login_required
@require_safe
def flow_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Every box with its numbers and the box it is a part of."""
    study = study_get(slug, viewer=request.user)
    require(request, can_view_study(request.user, study), action="read flow", target=study, study=study)
    boxes = flow_of(study, viewer=request.user)
    audit_record(actor=request.user, action="export.flow", target=study, study=study, reason="csv")
    return csv_response(flow_lines(boxes), name=f"{study.slug}-recruitment.csv", study=study)


def flow_lines(boxes: tuple[FlowBox, ...]) -> list[list[object]]:
    """Header and one line a box."""
    header: list[object] = ["box", "part of", "title", "patients", "lesions"]
    return [
        header,
        *[[box.key, box.parent or "", full_title(box, boxes), box.count, box.lesions] for box in boxes],
    ]


@login_required
@require_safe
def screening_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Every row of every criterion ever recorded, the newest of each marked."""
    study = study_get(slug, viewer=request.user)
    allowed = can_view_screening(request.user, study)
    require(request, allowed, action="export screening", target=study, study=study)
    patients = patients_for(study, viewer=request.user)
    rows = CriterionRow.objects.filter(patient__in=patients.order_by().values("pk"))
    audit_record(actor=request.user, action="export.screening", target=study, study=study, reason="csv")
    return csv_response(_row_lines(rows, study), name=f"{study.slug}-screening.csv", study=study)


def _row_lines(rows, study: Study) -> list[list[object]]:
    header: list[object] = [
        "patient", "site", "decision", "criterion", "text", "number", "counts", "verdict", "basis",
        "what the record said", "evidence", "note", "by", "at (UTC)",
    ]  # fmt: skip
    related = rows.select_related("patient__site", "patient__screening", "actor")
    ordered = sorted(related, key=lambda row: (row.patient.code, CODES.index(row.criterion), row.number))
    last = {(row.patient_id, row.criterion): row.number for row in ordered}
    return [header, *[_row_line(row, last[row.patient_id, row.criterion] == row.number) for row in ordered]]


def _row_line(row: CriterionRow, counts: bool) -> list[object]:
    screening: Screening = row.patient.screening
    criterion = BY_CODE[row.criterion]
    return [
        row.patient.code, row.patient.site.code, screening.decision, str(criterion.name), criterion.text,
        row.number, "yes" if counts else "no", row.verdict, row.basis, row.record_verdict,
        str(row.sentence), row.note, row.actor.get_username() if row.actor else "",
        row.created_at.strftime("%Y-%m-%d %H:%M:%S"),
    ]  # fmt: skip
