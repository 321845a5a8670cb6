"""Further analyses of the ensemble of record: started here, as a job; found on the results pages."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analysis.selectors import active_ensemble
from analysis.services.supplements import supplements_start
from studies.errors import StudiesError
from studies.guards import require
from studies.permissions import can_train
from studies.selectors import study_get


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Queue the chosen analyses."""
    study = study_get(slug, viewer=request.user)
    allowed = can_train(request.user, study)
    require(request, allowed, action="start analyses", target=study, study=study)
    version = active_ensemble(study)
    if version is None:
        messages.error(request, _("There is no trained ensemble yet; train one first."))
        return redirect("models", slug)
    try:
        job = supplements_start(actor=request.user, version=version, kinds=request.POST.getlist("kind"))
    except StudiesError as error:
        messages.error(request, str(error))
        return redirect("models", slug)
    return redirect("job", job.pk)
