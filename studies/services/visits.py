"""When somebody was last here. Not part of the record of a study, so not of its audit trail."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from studies.models import Visit

NOTED_EVERY = timedelta(minutes=1)
"""A page that is loaded again and again writes no more often."""


def visit_note(*, user: User) -> datetime | None:
    """Note that the user is here now; return when they were here before, None the first time."""
    now = timezone.now()
    visit, is_new = Visit.objects.get_or_create(user=user, defaults={"at": now})
    if is_new:
        return None
    before = visit.at
    if now - before >= NOTED_EVERY:
        Visit.objects.filter(pk=visit.pk).update(at=now)
    return before
