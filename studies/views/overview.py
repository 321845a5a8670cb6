"""The study overview: recruitment, what is thin, what waits, the split and its seal."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studies.forms import SiteForm
from studies.models import Clip, Label, Membership, Patient, Screening, Site, Study, Track
from studies.permissions import (
    Role,
    can_administer,
    can_manage_cohort,
    can_seal,
    can_view_labels_in,
    can_view_results,
    can_view_screening,
    has_role,
)
from studies.rules.eligibility import BY_CODE
from studies.selectors import patients_for, sites_for, study_get
from studies.services.recruitment import flow_of, is_screening
from studies.views.boards import clinical_missing, tasks_in
from studies.views.flow_drawing import drawing_of
from studies.views.query_counts import SiteCount, queries_by_site


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one kind of work is.

    url: leads to what is left, empty where the viewer may not go; act: what the viewer can do about it, empty
    for who may only look.
    """

    label: str
    done: int
    total: int
    url: str = ""
    act: str = ""

    @property
    def left(self) -> int:
        """What is still to be done."""
        return self.total - self.done

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 100 means that nothing is left."""
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the study holds at the viewer's sites; `labels` is None for those who may not see labels."""

    patients: int
    excluded: int
    clips: int
    frames: int
    training: int
    test: int
    temporal: int
    looks: int
    labels: dict[str, int] | None


@login_required
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """First the flow, then the thinnest place and what waits."""
    return overview_page(request, study_get(slug, viewer=request.user), SiteForm())


def overview_page(request: HttpRequest, study: Study, site_form: SiteForm) -> HttpResponse:
    """The page with the form of a new site, which may be one that was refused."""
    slug = study.slug
    boxes = flow_of(study, viewer=request.user)
    progress = progress_of(study, viewer=request.user)
    context = {
        "study": study,
        "numbers": numbers_of(study, viewer=request.user),
        "drawing": drawing_of(boxes),
        "reasons": all_reasons_of(study, viewer=request.user),
        "is_screening": is_screening(study),
        "flow_links": reverse("screening", args=[slug]) if can_view_screening(request.user, study) else "",
        "may_screen": can_manage_cohort(request.user, study),
        "progress": progress,
        "thinnest": thinnest(progress),
        "tasks": tasks_in(study, viewer=request.user),
        "sites": _sites(study, request.user),
        "may_seal": can_seal(request.user, study),
        "may_see_results": can_view_results(request.user, study),
        "may_administer": can_administer(request.user, study),
        "site_form": site_form,
    }
    return render(request, "studies/overview.html", context)


def _sites(study: Study, viewer: User) -> list[tuple[Site, SiteCount]]:
    """Sites with their patients and their data queries."""
    queries = {count.site: count for count in queries_by_site(study, viewer=viewer)}
    sites = sites_for(study, viewer=viewer).annotate(n=Count("patients"))
    return [(site, queries.get(site.code, SiteCount(site.code))) for site in sites]


def thinnest(progress: list[Progress]) -> Progress | None:
    """The kind of work that is least far and that the viewer can do something about."""
    behind = [row for row in progress if row.left and row.url and row.act]
    return min(behind, key=lambda row: row.percent, default=None)


def progress_of(study: Study, *, viewer: User) -> list[Progress]:
    """Every kind of work with its share done; excluded patients are not counted."""
    everybody = patients_for(study, viewer=viewer)
    patients = everybody.exclude(screening__decision=Screening.Decision.EXCLUDED)
    manages = can_manage_cohort(viewer, study)
    rows = [_screened(study, everybody, manages), *_collected(study, patients, manages)]
    rows.append(_read(study, patients, viewer))
    if can_view_labels_in(viewer, study):
        rows.append(_labelled(study, patients, viewer))
    return rows


def _screened(study: Study, patients: QuerySet[Patient], manages: bool) -> Progress:
    decided = (Screening.Decision.INCLUDED, Screening.Decision.EXCLUDED)
    url = reverse("screening", args=[study.slug]) + "?show=undecided" if manages else ""
    done = patients.filter(screening__decision__in=decided).count()
    return Progress(_("Patients screened"), done, patients.count(), url, _("Screen"))


def _collected(study: Study, patients: QuerySet[Patient], manages: bool) -> list[Progress]:
    total = patients.count()
    cohort = reverse("cohort", args=[study.slug]) if manages else ""
    complete = patients.exclude(clinical_missing()).count()
    with_cine = patients.filter(exams__clips__n_frames__gt=1).distinct().count()
    return [
        Progress(
            _("Clinical values complete"), complete, total, cohort and f"{cohort}?show=missing", _("Complete")
        ),
        Progress(
            _("Patients with a cine"), with_cine, total, cohort and f"{cohort}?show=no_cine", _("Upload")
        ),
    ]


def _read(study: Study, patients: QuerySet[Patient], viewer: User) -> Progress:
    cines = Clip.objects.filter(exam__patient__in=patients.order_by().values("pk"), n_frames__gt=1)
    signed = Track.objects.filter(
        clip__in=cines, status=Track.Status.SIGNED, source__in=[Track.Source.READER, Track.Source.ADJUDICATED]
    )
    url = reverse("worklist", args=[study.slug]) if has_role(viewer, study, {Role.SONOGRAPHER}) else ""
    done = signed.values("clip").distinct().count()
    return Progress(_("Cines read and signed"), done, cines.count(), url, _("Read"))


def _labelled(study: Study, patients: QuerySet[Patient], viewer: User) -> Progress:
    locked = Label.objects.filter(
        status=Label.Status.LOCKED, specimen__patient__in=patients.order_by().values("pk")
    )
    done = locked.values("specimen__patient").distinct().count()
    url = reverse("pathology", args=[study.slug])
    act = _("Open pathology") if has_role(viewer, study, {Role.PATHOLOGIST}) else ""
    return Progress(_("Patients with a signed HER2 label"), done, patients.count(), url, act)


def numbers_of(study: Study, *, viewer: User) -> Numbers:
    """Count what the study holds at the viewer's sites."""
    patients = patients_for(study, viewer=viewer)
    ids = patients.order_by().values("pk")
    clips = Clip.objects.filter(exam__patient__in=ids).aggregate(n=Count("pk"), frames=Sum("n_frames"))
    sides = dict(
        Membership.objects.filter(patient__in=ids).values_list("side").annotate(n=Count("pk")).order_by()
    )
    return Numbers(
        patients=patients.count(),
        excluded=patients.filter(screening__decision=Screening.Decision.EXCLUDED).count(),
        clips=clips["n"],
        frames=clips["frames"] or 0,
        training=sides.get(Membership.Side.TRAINING, 0),
        test=sides.get(Membership.Side.TEST, 0),
        temporal=sides.get(Membership.Side.TEMPORAL, 0),
        looks=study.looks.count(),
        labels=_label_counts(ids) if can_view_labels_in(viewer, study) else None,
    )


def _label_counts(patients: QuerySet[Patient]) -> dict[str, int]:
    locked = Label.objects.filter(specimen__patient__in=patients, status=Label.Status.LOCKED)
    labelled = Count("specimen__patient", distinct=True)
    return locked.aggregate(
        positive=Count("specimen__patient", distinct=True, filter=Q(call="POSITIVE")),
        negative=Count("specimen__patient", distinct=True, filter=Q(call="NEGATIVE")),
        waiting=patients.count() - labelled,
    )


def all_reasons_of(study: Study, *, viewer: User) -> list[tuple[str, str, int]]:
    """(name, text, patients) of every criterion that excludes anybody, several a patient."""
    excluded = patients_for(study, viewer=viewer).filter(screening__decision=Screening.Decision.EXCLUDED)
    found: dict[str, int] = {}
    for reasons in excluded.values_list("screening__reasons", flat=True):
        for code in reasons:
            found[code] = found.get(code, 0) + 1
    return [
        (criterion.name.translated(_), _(criterion.text), found[code])
        for code, criterion in BY_CODE.items()
        if code in found
    ]
