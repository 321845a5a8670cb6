"""SavedView: filters and order of the cohort table under a name."""

from django.conf import settings
from django.db import models

from studies.models.base import Row
from studies.models.cohort import Study


class SavedView(Row):
    """A way to look at the cohort table: of one person, or shared with everybody in the study."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict, blank=True, help_text="Parameters of the table's address.")
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["study", "owner", "name"], name="saved_view_name_unique_of_owner")
        ]

    def __str__(self):
        return self.name
