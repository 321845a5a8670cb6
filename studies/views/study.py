"""A study: creation, sites, people."""

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studies.forms import GrantForm, SiteForm, StudyForm
from studies.guards import require
from studies.permissions import can_administer, can_create_study, can_seal
from studies.selectors import study_get
from studies.services.cohort import grant_create, grant_revoke, site_create, study_create
from studies.views.overview import overview_page


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
    if not form.is_valid():
        return overview_page(request, study, form)
    try:
        site_create(actor=request.user, study=study, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return overview_page(request, study, form)
    messages.success(request, _("The site was added."))
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
