"""Screening: who is in the study and why not, one patient or many at a time."""

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from studies import permissions
from studies.errors import StudiesError
from studies.forms import BulkScreeningForm, CriterionForm, ScreeningForm
from studies.guards import require
from studies.models import Clip, CriterionRow, Patient, Screening, Specimen, Study
from studies.rules.eligibility import BY_CODE, CODES, decide, eligibility_rows
from studies.rules.recruitment import full_title
from studies.selectors import patient_get, patients_for, sites_for, study_get
from studies.services.course_dates import surgery_day
from studies.services.eligibility_facts import facts_for, ultrasound_exam, with_facts
from studies.services.recruitment import flow_of, is_screening
from studies.services.screening import (
    Standing,
    criterion_decide,
    screening_bulk,
    screening_save,
    standings_for,
)

PAGE_SIZE = 50
SHOWS = ("all", *Screening.Decision.values, "touched")


@dataclass(frozen=True, slots=True)
class ShownPatient:
    """One line of the list."""

    patient: Patient
    standings: list[Standing]
    decision: str

    @property
    def reasons(self) -> list[Standing]:
        """The criteria that exclude, with their evidence."""
        return [standing for standing in self.standings if standing.excludes]

    @property
    def n_open(self) -> int:
        """How many criteria are not recorded."""
        return sum(standing.verdict == CriterionRow.Verdict.NOT_RECORDED for standing in self.standings)

    @property
    def is_behind(self) -> bool:
        """Whether the record of a screened patient says something new."""
        screened = any(standing.row for standing in self.standings)
        return screened and any(standing.is_behind for standing in self.standings)


@login_required
@require_http_methods(["GET", "POST"])
def screening(request: HttpRequest, slug: str) -> HttpResponse:
    """The list with its filters; a POST screens the chosen patients together."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_view_screening(request.user, study)
    require(request, allowed, action="read screening", target=study, study=study)
    patients = patients_for(study, viewer=request.user)
    bulk = BulkScreeningForm(request.POST or None, prefix="bulk")
    if request.method == "POST" and _screened(request, study, patients, bulk):
        return redirect(request.get_full_path())
    chosen = {name: request.GET.get(name, "") for name in ("q", "site", "show", "box")}
    box_title, box_ids = _box(study, chosen["box"], request)
    page = Paginator(_filtered(patients, chosen, box_ids), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "study": study,
        "page": _with_standings(page),
        "chosen": chosen,
        "box_title": box_title,
        "sites": sites_for(study, viewer=request.user),
        "shows": [(show, _show_word(show)) for show in SHOWS],
        "n_all": patients.count(),
        "is_screening": is_screening(study),
        "may_screen": permissions.can_manage_cohort(request.user, study),
        "bulk": bulk,
        "picked": set(request.POST.getlist("patient")),
    }
    return render(request, "studies/screening.html", context)


def _show_word(show: str) -> str:
    words = {"all": _("all patients"), "touched": _("whose record changed since")}
    return words.get(show) or _decision_word(show)


def _decision_word(decision: str) -> str:
    return str(dict(Screening.Decision.choices)[decision])


def _box(study: Study, key: str, request: HttpRequest) -> tuple[str, tuple[str, ...] | None]:
    """Title and patients of the box of the flow that was clicked; None: no box was."""
    if not key:
        return "", None
    boxes = flow_of(study, viewer=request.user)
    box = next((box for box in boxes if box.key == key), None)
    if box is None:
        raise Http404
    return full_title(box, boxes).translated(_), box.patients


def _filtered(
    patients: QuerySet[Patient], chosen: dict[str, str], box_ids: tuple[str, ...] | None
) -> QuerySet[Patient]:
    if text := chosen["q"].strip():
        patients = patients.filter(code__icontains=text)
    if chosen["site"]:
        patients = patients.filter(site__code=chosen["site"])
    if box_ids is not None:
        patients = patients.filter(pk__in=box_ids)
    show = chosen["show"]
    if show == Screening.Decision.UNDECIDED:
        patients = patients.filter(Q(screening__isnull=True) | Q(screening__decision=show))
    elif show in Screening.Decision.values:
        patients = patients.filter(screening__decision=show)
    elif show == "touched":
        patients = patients.filter(_touched())
    return with_facts(patients.select_related("site", "study", "membership")).order_by("code")


def _touched() -> Q:
    """Something that the criteria look at was written after the screening."""
    since = OuterRef("screening__updated_at")
    clips = Clip.objects.filter(exam__patient=OuterRef("pk"), created_at__gt=since)
    specimens = Specimen.objects.filter(patient=OuterRef("pk"), updated_at__gt=since)
    return Q(clinical__updated_at__gt=F("screening__updated_at")) | Exists(clips) | Exists(specimens)


def _with_standings(page: Page) -> Page:
    patients = list(page.object_list)
    standings = standings_for(patients)
    page.object_list = [
        ShownPatient(patient, standings[patient.pk], _decision(patient)) for patient in patients
    ]
    return page


def _decision(patient: Patient) -> str:
    row = getattr(patient, "screening", None)
    return row.decision if row else Screening.Decision.UNDECIDED


def _screened(
    request: HttpRequest, study: Study, patients: QuerySet[Patient], form: BulkScreeningForm
) -> bool:
    """Screen the chosen patients; on an error the page comes back with what was chosen and typed."""
    chosen = list(patients.filter(pk__in=_uuids(request.POST.getlist("patient"))))
    allowed = permissions.can_manage_cohort(request.user, study) and all(
        permissions.can_edit_patient(request.user, patient) for patient in chosen
    )
    require(request, allowed, action="screen", target=study, study=study)
    if not chosen:
        form.add_error(None, _("Choose patients in the list first."))
        return False
    if not form.is_valid():
        return False
    try:
        done, changed = screening_bulk(
            actor=request.user, patients=chosen, values=form.facts(), note=form.cleaned_data["note"]
        )
    except StudiesError as error:
        form.add_error(None, str(error))
        return False
    text = ngettext(
        "%(n)d patient screened, %(changed)d with a new decision.",
        "%(n)d patients screened, %(changed)d with a new decision.",
        done,
    )
    messages.success(request, text % {"n": done, "changed": changed})
    return True


def _uuids(values: list[str]) -> list[str]:
    """Values that can be an id; the page sends no others."""
    return [value for value in values if len(value) == 36]


@login_required
@require_http_methods(["GET", "POST"])
def patient_screening(request: HttpRequest, patient_id: object) -> HttpResponse:
    """One patient: facts, and beside them the criteria, which htmx asks for as one types."""
    patient = _patient(request, patient_id)
    may_screen = permissions.can_edit_patient(request.user, patient)
    row = getattr(patient, "screening", None)
    exam = ultrasound_exam(patient, surgery_day(patient))
    form = ScreeningForm(
        request.POST or None,
        instance=row or Screening(patient=patient),
        initial={"ultrasound_on": exam.performed_on if exam else None},
    )
    if request.method == "POST":
        require(request, may_screen, action="screen", target=patient, study=patient.study)
        if request.htmx:
            return render(request, "studies/partials/criteria.html", _live(patient, form))
        if form.is_valid() and _saved(request, patient, form):
            return redirect("patient-screening", patient.pk)
    patient = _patient(request, patient_id)  # the form wrote what was typed into its screening
    return render(request, "studies/patient_screening.html", _context(patient, form, may_screen, request))


def _patient(request: HttpRequest, patient_id: object) -> Patient:
    patient = patient_get(patient_id, viewer=request.user)
    allowed = permissions.can_view_screening(request.user, patient.study)
    require(request, allowed, action="read screening", target=patient, study=patient.study)
    rows = Patient.objects.select_related("study", "site", "membership")
    return with_facts(rows.filter(pk=patient.pk)).get()


def _context(patient: Patient, form: ScreeningForm, may_screen: bool, request: HttpRequest) -> dict[str, Any]:
    rows = CriterionRow.objects.filter(patient=patient).select_related("actor").order_by("-created_at")
    return {
        "study": patient.study,
        "patient": patient,
        "form": form,
        "facts": [field for field in form if field.name != "note"],
        "may_screen": may_screen,
        "standings": standings_for([patient])[patient.pk],
        "decision": _decision(patient),
        "history": rows,
        "verdicts": CriterionRow.Verdict.choices,
        "next": _next_undecided(patient, request),
    }


def _next_undecided(patient: Patient, request: HttpRequest) -> Patient | None:
    """The patient to screen after this one."""
    left = patients_for(patient.study, viewer=request.user).filter(
        Q(screening__isnull=True) | Q(screening__decision=Screening.Decision.UNDECIDED)
    )
    return left.filter(code__gt=patient.code).first() or left.exclude(pk=patient.pk).first()


def _live(patient: Patient, form: ScreeningForm) -> dict[str, Any]:
    """What the record would say with what is typed now; nothing is stored."""
    if not form.is_valid():
        return {"problem": _("Correct the marked fields to see the criteria."), "study": patient.study}
    patient.screening = form.instance
    facts = facts_for([patient])[patient.pk]
    if on := form.cleaned_data["ultrasound_on"]:
        facts = replace(facts, ultrasound=on)
    stored = {s.derived.criterion.code: s.row for s in standings_for([patient])[patient.pk]}
    rows = eligibility_rows(facts)
    standings = [Standing(row, stored[row.criterion.code]) for row in rows]
    after = [
        replace(row, verdict=row.verdict if standing.is_behind else standing.verdict)
        for row, standing in zip(rows, standings, strict=True)
    ]
    return {
        "study": patient.study,
        "patient": patient,
        "standings": standings,
        "decision": str(decide(after)),
        "is_live": True,
    }


def _saved(request: HttpRequest, patient: Patient, form: ScreeningForm) -> bool:
    try:
        row = screening_save(
            actor=request.user, patient=patient, values=form.facts(), note=form.cleaned_data["note"]
        )
    except StudiesError as error:
        form.add_error("note", str(error))
        return False
    except ValidationError as error:
        form.add_error(None, error)
        return False
    messages.success(request, _("Screened: %s.") % _decision_word(row.decision))
    return True


@login_required
@require_POST
def decide_criterion(request: HttpRequest, patient_id: object) -> HttpResponse:
    """One criterion by hand, with the evidence that the record does not hold."""
    patient = _patient(request, patient_id)
    allowed = permissions.can_edit_patient(request.user, patient)
    require(request, allowed, action="decide criterion", target=patient, study=patient.study)
    form = CriterionForm(request.POST)
    address = reverse("patient-screening", args=[patient.pk])
    if not form.is_valid() or form.cleaned_data["criterion"] not in CODES:
        messages.error(
            request, _("Choose a verdict and write down the evidence: it is kept with the decision.")
        )
        return redirect(address)
    try:
        row = criterion_decide(actor=request.user, patient=patient, **form.cleaned_data)
        name = BY_CODE[row.criterion].name.translated(_)
        messages.success(request, _("Decided by hand: %s.") % name)
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect(address)
