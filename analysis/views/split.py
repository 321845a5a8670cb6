"""Split and seal: draw once, freeze with a hash, count the looks."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analysis.pipeline.errors import PipelineError
from analysis.services.split import study_split
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Membership
from studies.permissions import can_seal
from studies.selectors import study_get
from studies.services.membership import study_seal


@login_required
@require_http_methods(["GET", "POST"])
def split(request: HttpRequest, slug: str) -> HttpResponse:
    """Draw the split, then seal it; both can be done once."""
    study = study_get(slug, viewer=request.user)
    require(request, can_seal(request.user, study), action="split", target=study, study=study)
    if request.method == "POST":
        try:
            if "draw" in request.POST:
                count = study_split(actor=request.user, study=study)
                messages.success(request, _("The split is drawn: %d patients have a side.") % count)
            elif "seal" in request.POST:
                study_seal(actor=request.user, study=study)
                messages.success(request, _("The split is sealed. From now on looks are counted."))
        except (StudiesError, PipelineError) as error:
            messages.error(request, str(error))
        return redirect("split", slug)
    members = Membership.objects.filter(patient__study=study)
    context = {
        "study": study,
        "n_training": members.filter(side=Membership.Side.TRAINING).count(),
        "n_test": members.filter(side=Membership.Side.TEST).count(),
        "looks": study.looks.select_related("actor"),
        "n_outside": study.patients.filter(membership__isnull=True).count(),
    }
    return render(request, "analysis/split.html", context)
