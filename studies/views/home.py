"""Home: each role's own worklist, oldest first, over all the studies of the user."""

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from studies.permissions import can_create_study
from studies.services.visits import visit_note
from studies.views.boards import boards_for
from studies.views.changes import recent_changes

SINCE = "since"
"""Where the session keeps when its user was here before this login (ISO, empty the first time)."""


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, and what changed in my studies since I was last here."""
    boards = boards_for(viewer=request.user)
    since = _since(request)
    changes = recent_changes(viewer=request.user, since=since)
    context = {
        "boards": boards,
        "study": boards[0].study if len(boards) == 1 else None,
        "since": since,
        "new_changes": [change for change in changes if change.is_new],
        "old_changes": [change for change in changes if not change.is_new],
        "may_create": can_create_study(request.user),
    }
    return render(request, "studies/home.html", context)


def _since(request: HttpRequest) -> datetime | None:
    """When the user was here before this login; it stays the same until they log in again."""
    before = visit_note(user=request.user)
    if SINCE not in request.session:
        request.session[SINCE] = before.isoformat() if before else ""
    return parse_datetime(request.session[SINCE]) if request.session[SINCE] else None
