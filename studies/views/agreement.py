"""How two readers agree, clip by clip, for those who coordinate the reading."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studies.guards import require
from studies.permissions import can_manage_cohort, is_blinded
from studies.selectors import clips_for, study_get
from studies.services.adjudication import study_agreement


@login_required
@require_safe
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """Pairs of signed readings, the worst overlap first."""
    study = study_get(slug, viewer=request.user)
    allowed = can_manage_cohort(request.user, study) and not is_blinded(request.user, study)
    require(request, allowed, action="read agreement", target=study, study=study)
    pairs = study_agreement(clips_for(study, viewer=request.user))
    return render(request, "studies/agreement.html", {"study": study, "pairs": pairs})
