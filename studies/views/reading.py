"""One specimen's reading: the form with its live call, the signature, the other readings, adjudication."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from studies import permissions
from studies.errors import StudiesError
from studies.forms import LabelForm, RecountForm
from studies.guards import require, signs_again
from studies.models import AuditEvent, Label, Specimen
from studies.rules.her2_types import Her2InputError, Her2Result
from studies.selectors import specimen_get
from studies.services.audit import audit_record
from studies.services.pathology import ENTERED_FIELDS, classify_values, label_save
from studies.services.readings import Readings, readings_of, role_for, visible_readings
from studies.services.signing import content_digest, label_amend, label_lock, label_recount, label_take_over
from studies.services.specimen_list import TO_DO, specimens_to_read

IHC_FIELDS = (
    "controls_ok", "ihc_score", "ihc_percent", "ihc_intensity", "ihc_completeness",
    "faint_incomplete_percent",
)  # fmt: skip
ISH_FIELDS = ("probe", "cells", "her2_copies", "cep17_copies", "ratio")
RECOUNT_PREFIX = "recount_"
HISTORY_SHOWN = 30
SHOWN_SIDE_BY_SIDE = (
    "call", "paper_label", "category", "ihc_score", "ihc_percent", "ihc_intensity", "ihc_completeness",
    "faint_incomplete_percent", "controls_ok", "probe", "cells", "her2_copies", "cep17_copies", "ratio",
    "ish_group", "comment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the viewer stands to a specimen; role: to read in, None: look only; label: the own one."""

    readings: Readings
    role: str | None
    label: Label | None

    @property
    def is_adjudication(self) -> bool:
        """Whether what the viewer enters decides between two readings."""
        return self.role == Label.Role.ADJUDICATED

    @property
    def is_open(self) -> bool:
        """Whether the form can be filled in."""
        return self.role is not None and (self.label is None or self.label.status == Label.Status.DRAFT)


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "POST"])
def specimen(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """Enter a reading; the engine's call stands beside it, the other readings below once they may be seen."""
    row = _specimen(request, specimen_id)
    stand = _stand(request, row)
    form = LabelForm(request.POST or None, instance=stand.label or _start(request, stand))
    recount = RecountForm(request.POST or None, initial=_stored_recount(form.instance), prefix="recount")
    if request.method == "POST":
        may_enter = permissions.can_enter_pathology(request.user, row.patient) and stand.role is not None
        require(request, may_enter, action="enter label", target=row, study=row.patient.study)
        if form.is_valid() and recount.is_valid() and _save(request, row, stand, form, recount):
            return redirect("specimen", row.pk)
        stand = _stand(request, row)
    else:
        audit_record(
            actor=request.user, action="patient.view", target=row.patient, study=row.patient.study,
            reason="specimen",
        )  # fmt: skip
    return render(request, "studies/specimen.html", _context(request, row, stand, form, recount))


def _specimen(request: HttpRequest, specimen_id: object) -> Specimen:
    """The specimen; who reaches the patient and is blinded to labels is refused, and the attempt logged."""
    try:
        return specimen_get(specimen_id, viewer=request.user)
    except Http404:
        hidden = (
            Specimen.objects.filter(pk=specimen_id).select_related("patient__study", "patient__site").first()
        )
        if hidden is not None and permissions.can_view_patient(request.user, hidden.patient):
            require(request, False, action="read pathology", target=hidden, study=hidden.patient.study)
        raise


def _stand(request: HttpRequest, row: Specimen) -> Stand:
    labels = Label.objects.select_related("reader").prefetch_related("signatures__signer")
    loaded = Specimen.objects.select_related("patient__study", "patient__site").prefetch_related(
        Prefetch("labels", queryset=labels)
    )
    fresh = loaded.get(pk=row.pk)
    readings = readings_of(fresh, fresh.patient.study.readers_per_specimen)
    role = role_for(readings, request.user)
    asked = (request.POST if request.method == "POST" else request.GET).get("role")
    if asked == Label.Role.ADJUDICATED and _may_decide(readings, request):
        role = Label.Role.ADJUDICATED
    by_role = {
        Label.Role.FIRST: readings.first,
        Label.Role.SECOND: readings.second,
        Label.Role.ADJUDICATED: readings.adjudicated,
    }
    return Stand(readings, role, by_role.get(role))


def _may_decide(readings: Readings, request: HttpRequest) -> bool:
    """A pathologist, where two locked readings differ; a consensus is changed by whoever recorded it."""
    allowed = permissions.can_enter_pathology(request.user, readings.specimen.patient)
    return allowed and bool(readings.differences)


def _start(request: HttpRequest, stand: Stand) -> Label:
    """An empty reading; an adjudication may start from one of the two."""
    label = Label(specimen=stand.readings.specimen)
    source = {"first": stand.readings.first, "second": stand.readings.second}.get(request.GET.get("from", ""))
    if stand.is_adjudication and source is not None:
        for name in ENTERED_FIELDS:
            setattr(label, name, getattr(source, name))
    return label


def _context(
    request: HttpRequest, row: Specimen, stand: Stand, form: LabelForm, recount: RecountForm
) -> dict[str, Any]:
    readings, label = stand.readings, stand.label
    visible = visible_readings(readings, request.user)
    return {
        "study": row.patient.study,
        "patient": row.patient,
        "specimen": row,
        "stand": stand,
        "label": label,
        "form": form,
        "ihc_fields": [form[name] for name in IHC_FIELDS],
        "ish_fields": [form[name] for name in ISH_FIELDS],
        "recount": recount,
        "role": stand.role or "",
        "readings": readings,
        "visible": visible,
        "compared": _compared(visible, readings.differences),
        "may_enter": permissions.can_enter_pathology(request.user, row.patient),
        "sees_list": permissions.can_view_labels_in(request.user, row.patient.study),
        "may_take_over": _may_take_over(request, readings) if stand.role is None else None,
        "may_recount": _may_recount(request, readings),
        "may_cosign": _may_cosign(request, readings),
        "history": _history(visible),
        "next": _next(row, request),
        **_live(row, form, recount),
    }


def _compared(labels: list[Label], differences: tuple[str, ...]) -> list[tuple[str, list[str], bool]]:
    """(field, its value in each reading, whether it differs), without fields that are empty in all."""
    rows = []
    for name in SHOWN_SIDE_BY_SIDE:
        values = [_shown(label, name) for label in labels]
        if any(values):
            rows.append((name, values, name in differences))
    return rows


def _shown(label: Label, name: str) -> str:
    value = getattr(label, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    display = getattr(label, f"get_{name}_display", None)
    if value in (None, ""):
        return ""
    return str(display()) if display else f"{value:g}" if isinstance(value, float) else str(value)


def _may_take_over(request: HttpRequest, readings: Readings) -> Label | None:
    """The reading of another pathologist that this one could continue."""
    if not permissions.can_enter_pathology(request.user, readings.specimen.patient):
        return None
    own = request.user.pk
    free = (label for label in readings.pair if label.reader_id not in (None, own))
    return None if own in readings.reader_ids else next(free, None)


def _may_recount(request: HttpRequest, readings: Readings) -> bool:
    wanted = (
        label for label in readings.pair if _wants_recount(label) and label.reader_id != request.user.pk
    )
    allowed = permissions.can_enter_pathology(request.user, readings.specimen.patient)
    return allowed and next(wanted, None) is not None


def _may_cosign(request: HttpRequest, readings: Readings) -> bool:
    """A reader of the specimen, under a consensus that the other one has signed."""
    decided = readings.adjudicated
    waits = decided is not None and decided.status == Label.Status.COSIGN
    return waits and request.user.pk in readings.reader_ids and not _has_signed(request, decided)


def _has_signed(request: HttpRequest, label: Label) -> bool:
    digest = content_digest(label)
    found = label.signatures.all()
    return any(s.signer_id == request.user.pk and s.content_digest == digest for s in found)


def _wants_recount(label: Label) -> bool:
    return label.status == Label.Status.DRAFT and label.call == "NEEDS_RECOUNT" and not label.recount


def _history(labels: list[Label]) -> list[AuditEvent]:
    """Everything that ever happened to the readings that the viewer may see, newest first."""
    ids = [str(label.pk) for label in labels]
    events = AuditEvent.objects.filter(object_type="label", object_id__in=ids).select_related("actor")
    return list(events[:HISTORY_SHOWN])


def _next(row: Specimen, request: HttpRequest) -> Specimen | None:
    """The specimen to open after this one."""
    todo = specimens_to_read(row.patient.study, viewer=request.user).filter(state__in=TO_DO)
    return todo.exclude(pk=row.pk).select_related("patient").order_by("rank", "created_at").first()


def _save(request: HttpRequest, row: Specimen, stand: Stand, form: LabelForm, recount: RecountForm) -> bool:
    """Store the reading and, when asked, sign it; errors go onto the form and nothing typed is lost."""
    signs = "lock" in request.POST
    password = request.POST.get("password", "")
    if signs and not signs_again(request, password):
        wrong = _("The password is not right: nothing was signed, and nothing typed is lost.")
        missing = _("Enter your password, which signs: nothing was signed, and nothing typed is lost.")
        form.signature_fault = wrong if password else missing
        return False
    if not recount.names_observer():
        return False
    try:
        label = label_save(
            actor=request.user,
            specimen=row,
            values=_values(form, recount),
            role=stand.role,
            reason=request.POST.get("reason", "") if stand.is_adjudication else "",
        )
        if signs:
            label = label_lock(actor=request.user, label=label)
        messages.success(request, _said(label))
    except Her2InputError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
    except (StudiesError, ValidationError) as error:
        form.add_error(None, str(error) if isinstance(error, StudiesError) else error.messages)
    else:
        return True
    return False


def _said(label: Label) -> str:
    return {
        Label.Status.DRAFT: _("The reading was saved as a draft."),
        Label.Status.COSIGN: _("Signed. The consensus counts once the other reader has signed it too."),
        Label.Status.LOCKED: _("The reading is signed and locked."),
    }[Label.Status(label.status)]


@login_required
@require_POST
def call_preview(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """The engine's call for what is in the form now; nothing is stored."""
    row = _specimen(request, specimen_id)
    form = LabelForm(request.POST)
    recount = RecountForm(request.POST, prefix="recount")
    return render(
        request, "studies/partials/call_preview.html", {"specimen": row, **_live(row, form, recount)}
    )


@login_required
@require_POST
def amend(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """Open a locked reading again, with a reason."""
    row, stand = _own(request, specimen_id, "amend label")
    label = get_object_or_404(row.labels, role=request.POST.get("role") or stand.role)
    try:
        label_amend(actor=request.user, label=label, reason=request.POST.get("reason", ""))
        messages.success(request, _("The reading is open again; sign it when you are done."))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("specimen", row.pk)


@sensitive_post_parameters("password")
@login_required
@require_POST
def cosign(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """The second signature under a consensus."""
    row = _own(request, specimen_id, "sign consensus")[0]
    label = get_object_or_404(row.labels, role=Label.Role.ADJUDICATED)
    if not signs_again(request, request.POST.get("password", "")):
        messages.error(request, _("The password is not right, so nothing was signed."))
        return redirect("specimen", row.pk)
    try:
        messages.success(request, _said(label_lock(actor=request.user, label=label)))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("specimen", row.pk)


@login_required
@require_POST
def take_over(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """Continue another pathologist's reading, with a reason."""
    row = _own(request, specimen_id, "take over label")[0]
    label = get_object_or_404(row.labels, role=request.POST.get("role", Label.Role.FIRST))
    try:
        label_take_over(actor=request.user, label=label, reason=request.POST.get("reason", ""))
        messages.success(request, _("The reading is yours now, as a draft."))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("specimen", row.pk)


def _own(request: HttpRequest, specimen_id: object, act: str) -> tuple[Specimen, Stand]:
    row = _specimen(request, specimen_id)
    allowed = permissions.can_enter_pathology(request.user, row.patient)
    require(request, allowed, action=act, target=row, study=row.patient.study)
    return row, _stand(request, row)


@login_required
@require_http_methods(["GET", "POST"])
def recount(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """A second observer counts again and sees nothing of the first count."""
    row, stand = _own(request, specimen_id, "recount")
    wanted = [
        label for label in stand.readings.pair if _wants_recount(label) and label.reader_id != request.user.pk
    ]
    form = RecountForm(request.POST or None, prefix="recount")
    form.fields.pop("observer")
    if request.method == "POST" and wanted and form.is_valid():
        try:
            label_recount(actor=request.user, label=wanted[0], values=form.cleaned_data)
            messages.success(request, _("Your count is stored; the first reader sees what follows from it."))
            return redirect("pathology", row.patient.study.slug)
        except (StudiesError, ValueError) as error:
            form.add_error(None, str(error))
    context = {
        "study": row.patient.study,
        "patient": row.patient,
        "specimen": row,
        "form": form,
        "probe": wanted[0].get_probe_display() if wanted else "",
        "is_wanted": bool(wanted),
    }
    return render(request, "studies/recount.html", context)


def _values(form: LabelForm, recount: RecountForm) -> dict[str, Any]:
    """The form's values plus the second observer's count."""
    values = {name: form.cleaned_data[name] for name in form.cleaned_data if name in ENTERED_FIELDS}
    return values | {"recount": _recount(form, recount)}


def _recount(form: LabelForm, recount: RecountForm) -> dict[str, Any] | None:
    """What was typed of a second count; one that another observer stored stays as it is when untouched."""
    if not recount.is_given():
        return None
    stored = form.instance.recount or {}
    typed = {"probe": form.cleaned_data.get("probe") or "dual", **recount.counted()}
    same = all(stored.get(name) == value for name, value in typed.items())
    return stored if same and stored else typed | {"observer": recount.cleaned_data["observer"]}


def _stored_recount(label: Label) -> dict[str, Any]:
    return dict(label.recount or {})


def _faults(form: LabelForm | RecountForm) -> list[tuple[str, str]]:
    """Each field at fault by its name, and what is wrong with it."""
    named = [(name, " ".join(map(str, errors))) for name, errors in form.errors.items()]
    return [(str(form[name].label) if name in form.fields else "", words) for name, words in named]


def _live(specimen: Specimen, form: LabelForm, recount: RecountForm) -> dict[str, Any]:
    """Return the engine's result for the form, or the sentence that says what is wrong with it."""
    if form.is_bound:
        if not form.is_valid() or not recount.is_valid():
            problem = _("Correct this to see the call:")
            return {"result": None, "problem": problem, "faults": [*_faults(form), *_faults(recount)]}
        values = _values(form, recount)
    else:
        values = {name: getattr(form.instance, name) for name in ENTERED_FIELDS}
    try:
        result: Her2Result = classify_values(values, invasive=specimen.invasive)
    except Her2InputError as error:
        return {"result": None, "problem": str(error)}
    return {"result": result, "problem": ""}
