"""Pathology: the worklist of specimens, and registering one."""

from collections import Counter
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from studies import permissions
from studies.forms import SpecimenForm
from studies.guards import require
from studies.models import Label, Specimen, Study
from studies.selectors import patient_get, patients_for, sites_for, study_get
from studies.services.pathology import specimen_create
from studies.services.readings import readings_of, visible_readings
from studies.services.specimen_list import READING_STATES, TO_DO, states_to_read, without_specimen

PAGE_SIZE = 50


@login_required
@require_safe
def worklist(request: HttpRequest, slug: str) -> HttpResponse:
    """Specimens with what each needs of the viewer: what waits first."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_view_labels_in(request.user, study)
    require(request, allowed, action="pathology", target=study, study=study)
    patients = patients_for(study, viewer=request.user)
    states = states_to_read(study, viewer=request.user)
    counts = Counter(states.values())
    reads = permissions.has_role(request.user, study, {permissions.Role.PATHOLOGIST})
    chosen = {name: request.GET.get(name, "") for name in ("show", "q", "site", "action")}
    chosen["show"] = chosen["show"] or ("todo" if reads else "all")
    first = next((pk for pk, state in states.items() if state in TO_DO), None) if reads else None
    context = {
        "study": study,
        "chosen": chosen,
        "page": _page(request, study, states, chosen, reads),
        "shows": _shows(counts, reads),
        "actions": _actions(),
        "sites": sites_for(study, viewer=request.user),
        "n_all": counts.total(),
        "n_todo": sum(counts[state] for state in TO_DO) if reads else 0,
        "next": Specimen.objects.filter(pk=first).first() if first else None,
        "without": without_specimen(patients)[:PAGE_SIZE],
        "may_enter": reads,
    }
    return render(request, "studies/pathology.html", context)


def state_words() -> dict[str, str]:
    """The state of a specimen for its viewer."""
    return {
        "mine": _("begun by you"),
        "cosign": _("consensus for you to sign"),
        "recount": _("recount wanted"),
        "adjudicate": _("two readings to adjudicate"),
        "consensus": _("your reading differs from the other"),
        "second": _("second reading wanted"),
        "unread": _("nobody has read it"),
        "disagree": _("two readings differ"),
        "waiting": _("others are reading it"),
        "done": _("done"),
    }


def _shows(counts: Counter[str], reads: bool) -> list[tuple[str, str, int]]:
    """Filters with their counts: what waits, each state that occurs, and everything."""
    words = state_words()
    found = [(state, words[state], counts[state]) for state in READING_STATES if counts[state]]
    waiting = [("todo", _("waits for you"), sum(counts[state] for state in TO_DO))] if reads else []
    return [*waiting, *found, ("all", _("all specimens"), counts.total())]


def _actions() -> list[tuple[str, str]]:
    """Calls that ask for something, as a filter."""
    return [
        ("PENDING_ISH", _("ISH is pending")),
        ("NEEDS_RECOUNT", _("recount needed")),
        ("NEEDS_IHC", _("IHC needed")),
        ("NEEDS_DUAL_PROBE", _("dual-probe ISH needed")),
        ("NEEDS_ADJUDICATION", _("adjudication of the recount needed")),
    ]


def _page(
    request: HttpRequest, study: Study, states: dict[UUID, str], chosen: dict[str, str], reads: bool
) -> Page:
    """The specimens that pass the filters, one page of them, each with what the viewer may see of it."""
    wanted = {"todo": TO_DO, "all": READING_STATES}.get(chosen["show"], (chosen["show"],))
    if not set(wanted) <= set(READING_STATES):
        wanted = READING_STATES
    shown = [pk for pk, state in states.items() if state in wanted]
    if any(chosen[name].strip() for name in ("q", "site", "action")):
        passing = set(_passing(request, study, chosen, reads).values_list("pk", flat=True))
        shown = [pk for pk in shown if pk in passing]
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    known = Specimen.objects.select_related("patient__site").prefetch_related("labels__reader")
    rows = known.in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list]
    words = state_words()
    for row in page:
        row.state = states[row.pk]
        row.patient.study = study
        readings = readings_of(row, study.readers_per_specimen)
        row.state_word = words[row.state]
        row.seen = visible_readings(readings, request.user)
        record = readings.of_record
        row.shown = record if record in row.seen else next(iter(row.seen), None)
        apart = row.seen if readings.needs_adjudication else [row.shown] if row.shown else []
        row.scores = " / ".join(label.ihc_score or "–" for label in apart)
        row.required = row.shown.required_action if row.shown else ""
    return page


def _passing(request: HttpRequest, study: Study, chosen: dict[str, str], reads: bool) -> QuerySet[Specimen]:
    """Specimens of the study that pass the filters on code, site and what is required next."""
    rows = Specimen.objects.filter(patient__study=study)
    if chosen["q"].strip():
        rows = rows.filter(patient__code__icontains=chosen["q"].strip())
    if chosen["site"]:
        rows = rows.filter(patient__site__code=chosen["site"])
    if chosen["action"]:
        wanted = Label.objects.filter(call=chosen["action"])
        rows = rows.filter(labels__in=wanted.filter(reader=request.user) if reads else wanted)
    return rows


@login_required
@require_http_methods(["GET", "POST"])
def specimen_add(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Register a specimen of a patient."""
    patient = patient_get(patient_id, viewer=request.user)
    allowed = permissions.can_enter_pathology(request.user, patient)
    require(request, allowed, action="register specimen", target=patient, study=patient.study)
    form = SpecimenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = specimen_create(actor=request.user, patient=patient, **form.cleaned_data)
        return redirect("specimen", row.pk)
    context = {"study": patient.study, "patient": patient, "form": form}
    return render(request, "studies/specimen_form.html", context)
