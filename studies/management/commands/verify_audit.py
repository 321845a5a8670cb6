"""`manage.py verify_audit`: walk the hash chain of the audit trail. Exit status 0: whole, 1: broken."""

from django.core.management.base import BaseCommand

from studies.models import AuditEvent
from studies.services.audit import audit_first_broken

BROKEN_STATUS = 1
BROKEN = (
    "The chain breaks at event {event.sequence} ({event.action}, {event.at:%Y-%m-%d %H:%M:%S}): this row, or "
    "the one before it, was changed, removed or added outside the application. Compare with the last backup."
)


class Command(BaseCommand):
    """Says how many events follow from each other, or which one does not."""

    help = "Verify that no event of the audit trail was changed, removed or added outside the application."

    def handle(self, *args, **options):
        """Verify."""
        broken = audit_first_broken()
        if broken is not None:
            self.stderr.write(BROKEN.format(event=broken))
            raise SystemExit(BROKEN_STATUS)
        last = AuditEvent.objects.order_by("-sequence").first()
        count, digest = AuditEvent.objects.count(), last.digest if last else "none"
        self.stdout.write(f"{count} events, an unbroken chain; last digest {digest}.")
