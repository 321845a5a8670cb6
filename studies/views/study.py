"""A study: creation, split and seal, people, audit trail."""

from datetime import date

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studies.forms import GrantForm, SiteForm, StudyForm
from studies.guards import require
from studies.permissions import can_administer, can_create_study, can_seal
from studies.selectors import audit_in_reach, study_get
from studies.services.cohort import grant_create, grant_revoke, site_create, study_create

AUDIT_PAGE_SIZE = 100


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Open a new study; whoever opens it becomes its coordinator."""
    if not can_create_study(request.user):
        raise PermissionDenied
    form = StudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        study = study_create(actor=request.user, **form.cleaned_data)
        messages.success(request, _("The study is open. Add its sites next, then patients."))
        return redirect("study", study.slug)
    return render(request, "studies/study_form.html", {"form": form})


@login_required
@require_POST
def site_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a site to a study."""
    study = study_get(slug, viewer=request.user)
    require(request, can_seal(request.user, study), action="add site", target=study, study=study)
    form = SiteForm(request.POST)
    if form.is_valid():
        try:
            site_create(actor=request.user, study=study, **form.cleaned_data)
            messages.success(request, _("The site was added."))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    else:
        messages.error(request, _("A site needs a short code (letters, digits, dashes) and a name."))
    return redirect("study", study.slug)


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Who holds which role; administrators grant and revoke."""
    study = study_get(slug, viewer=request.user)
    require(request, can_administer(request.user, study), action="manage roles", target=study, study=study)
    form = GrantForm(request.POST or None, study=study)
    if request.method == "POST" and form.is_valid():
        user = get_user_model().objects.filter(username=form.cleaned_data["username"]).first()
        if user is None:
            form.add_error("username", _("There is no such user; create the account in the admin first."))
        else:
            try:
                grant_create(
                    actor=request.user,
                    user=user,
                    study=study,
                    role=form.cleaned_data["role"],
                    site=form.cleaned_data["site"],
                )
                messages.success(request, _("The role was granted."))
                return redirect("people", study.slug)
            except ValidationError as error:
                form.add_error(None, error)
    grants = study.grants.select_related("user", "site").order_by("user__username", "role")
    return render(request, "studies/people.html", {"study": study, "form": form, "grants": grants})


@login_required
@require_POST
def grant_remove(request: HttpRequest, slug: str, grant_id: object) -> HttpResponse:
    """Take a role away."""
    study = study_get(slug, viewer=request.user)
    require(request, can_administer(request.user, study), action="revoke role", target=study, study=study)
    grant = get_object_or_404(study.grants, pk=grant_id)
    reason = request.POST.get("reason", "").strip()
    if reason:
        grant_revoke(actor=request.user, grant=grant, reason=reason)
        messages.success(request, _("The role was taken away."))
    else:
        messages.error(request, _("Say why the role is taken away; the reason is kept."))
    return redirect("people", study.slug)


@login_required
@require_GET
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Search the audit trail of a study."""
    study = study_get(slug, viewer=request.user)
    require(request, can_administer(request.user, study), action="read audit", target=study, study=study)
    reachable = audit_in_reach(viewer=request.user).filter(study=study)
    events = reachable
    chosen = {name: request.GET.get(name, "").strip() for name in ("actor", "action", "object", "since")}
    if chosen["actor"]:
        events = events.filter(actor__username__icontains=chosen["actor"])
    if chosen["action"]:
        events = events.filter(action__startswith=chosen["action"])
    if chosen["object"]:
        events = events.filter(object_id__startswith=chosen["object"])
    if since := _date(chosen["since"]):
        events = events.filter(at__date__gte=since)
    page = Paginator(events, AUDIT_PAGE_SIZE).get_page(request.GET.get("page"))
    actions = reachable.order_by("action").values_list("action", flat=True)
    context = {"study": study, "page": page, "chosen": chosen, "actions": list(actions.distinct())}
    return render(request, "studies/audit.html", context)


def _date(text: str) -> date | None:
    """Return the day written as ISO, or None when it is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None
