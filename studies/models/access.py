"""RoleGrant: what a user may do, in which study, at which site."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import Row
from studies.models.cohort import Site, Study


class RoleGrant(Row):
    """A role of a user in a study; an empty site means every site of the study."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", _("coordinator")
        SONOGRAPHER = "sonographer", _("sonographer")
        PATHOLOGIST = "pathologist", _("pathologist")
        CLINICIAN = "clinician", _("clinician")
        ADMINISTRATOR = "administrator", _("administrator")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=15, choices=Role.choices)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="grants")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "study", "site"], name="grant_unique_at_site"),
            models.UniqueConstraint(
                fields=["user", "role", "study"],
                name="grant_unique_for_all_sites",
                condition=models.Q(site__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.user}: {self.role} in {self.study.slug}"


class Visit(Row):
    """When a user last looked at the home page: what changed since then is shown at the next login."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visit")
    at = models.DateTimeField()

    def __str__(self):
        return f"{self.user} at {self.at:%Y-%m-%d %H:%M}"
