"""Lock-outs after wrong passwords, written down in the audit trail of the installation."""

from datetime import timedelta
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth import get_user_model
from django.dispatch import receiver
from django.utils import timezone

from studies.models import AuditEvent
from studies.services.audit import audit_record


@receiver(user_locked_out)
def lockout_record(*, username: str | None, ip_address: str | None, **_signal: Any) -> None:
    """One event a lock-out, however often it is run into; a name without an account has none."""
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        return
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    known = AuditEvent.objects.filter(
        action="login.locked", object_id=str(user.pk), at__gte=since, remote_address=ip_address
    )
    if not known.exists():
        changes = {"username": [None, user.get_username()]}
        audit_record(actor=None, action="login.locked", target=user, changes=changes)
