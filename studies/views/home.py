"""Home: each role's own worklist, oldest first, over all the studies of the user."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studies.permissions import can_create_study
from studies.views.boards import boards_for, recent_changes


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, and what changed lately in my studies."""
    boards = boards_for(viewer=request.user)
    context = {
        "boards": boards,
        "study": boards[0].study if len(boards) == 1 else None,
        "changes": recent_changes(viewer=request.user),
        "may_create": can_create_study(request.user),
    }
    return render(request, "studies/home.html", context)
