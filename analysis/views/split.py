"""Split and seal: draw once, freeze with a hash, count the looks."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from analysis.pipeline.errors import PipelineError
from analysis.services.links import links_of
from analysis.services.split import newcomers_join, newcomers_ready, study_split
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Membership, Patient, Study
from studies.permissions import can_seal, can_take_look
from studies.selectors import study_get
from studies.services.labels_of_record import outcomes_of
from studies.services.membership import look_take, newcomer_rule_set, study_seal
from studies.services.recruitment import eligible_patients, excluded_from, is_screening


@dataclass(frozen=True, slots=True)
class ShownLink:
    """Two patients who stay together, why, and whether they already stand on different sides."""

    a: Patient
    b: Patient
    why: str
    is_crossing: bool


@login_required
@require_http_methods(["GET", "POST"])
def split(request: HttpRequest, slug: str) -> HttpResponse:
    """Draw the split, then seal it; both can be done once. Then looks are taken and counted."""
    study = study_get(slug, viewer=request.user)
    require(request, can_seal(request.user, study), action="split", target=study, study=study)
    if request.method == "POST":
        try:
            _act(request, study)
        except (StudiesError, PipelineError) as error:
            messages.error(request, str(error))
        return redirect("split", slug)
    return render(request, "analysis/split.html", _context(request, study))


def _act(request: HttpRequest, study: Study) -> None:
    """Do the first act that the form names."""
    acts: dict[str, Callable[[HttpRequest, Study], str]] = {
        "draw": _draw, "seal": _seal, "rule": _set_rule, "join": _join, "look": _look,
    }  # fmt: skip
    for name, act in acts.items():
        if name in request.POST:
            messages.success(request, act(request, study))
            return


def _draw(request: HttpRequest, study: Study) -> str:
    count = study_split(actor=request.user, study=study)
    return _("The split is drawn: %d patients have a side.") % count


def _seal(request: HttpRequest, study: Study) -> str:
    study_seal(actor=request.user, study=study)
    return _("The split is sealed. From now on looks are counted.")


def _set_rule(request: HttpRequest, study: Study) -> str:
    rule = request.POST["rule"]
    if rule not in Study.NewcomerRule.values:
        rule = study.newcomer_rule
    study = newcomer_rule_set(actor=request.user, study=study, rule=rule)
    return _("Stored: %s.") % study.get_newcomer_rule_display()


def _join(request: HttpRequest, study: Study) -> str:
    count = newcomers_join(actor=request.user, study=study)
    return ngettext("%d new patient got a side.", "%d new patients got a side.", count) % count


def _look(request: HttpRequest, study: Study) -> str:
    require(request, can_take_look(request.user, study), action="look", target=study, study=study)
    look = look_take(actor=request.user, study=study, reason=request.POST.get("reason", ""))
    return _("Look %d is counted: labels of the test side are open now.") % look.number


def _context(request: HttpRequest, study: Study) -> dict[str, object]:
    members = Membership.objects.filter(patient__study=study)
    outside = study.patients.filter(membership__isnull=True)
    waiting = eligible_patients(study).filter(membership__isnull=True)
    return {
        "study": study,
        "n_training": members.filter(side=Membership.Side.TRAINING).count(),
        "n_test": members.filter(side=Membership.Side.TEST).count(),
        "n_temporal": members.filter(side=Membership.Side.TEMPORAL).count(),
        "n_joining": len(newcomers_ready(study)),
        "looks": study.looks.select_related("actor"),
        "temporal_looks": study.temporal_looks.select_related("actor"),
        "n_outside": outside.count(),
        "n_ready": sum(o is not None for o in outcomes_of(waiting, study.label_rule).values()),
        "is_screening": is_screening(study),
        "left_out": _left_out(study),
        "together": _links(study),
        "rules": Study.NewcomerRule.choices,
        "may_look": can_take_look(request.user, study),
    }


def _left_out(study: Study) -> dict[str, int]:
    """Patients with a side who are not eligible (any more), by side."""
    found = excluded_from(study)
    sides = Membership.objects.filter(patient__in=found).values_list("side", flat=True)
    counts = list(sides)
    return {side: counts.count(side) for side in Membership.Side.values}


def _links(study: Study) -> list[ShownLink]:
    links = links_of(study)
    patients = study.patients.select_related("membership").in_bulk([pk for x in links for pk in (x.a, x.b)])
    shown = []
    for link in links:
        pair = sorted((patients[link.a], patients[link.b]), key=lambda patient: patient.code)
        sides = {patient.membership.side for patient in pair if hasattr(patient, "membership")}
        shown.append(ShownLink(*pair, _(link.why), len(sides) > 1))
    return sorted(shown, key=lambda link: (not link.is_crossing, link.a.code, link.b.code))
