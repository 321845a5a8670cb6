"""What every row of the observed side shares."""

import uuid

from django.db import models


class Row(models.Model):
    """A row addressed by a UUID, so that no address says how many there are or whose they are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class AppendOnlyQuerySet(models.QuerySet):
    """A queryset of rows that are written once; triggers in the database enforce the same."""

    def update(self, **kwargs):
        """Refuse: rows of this table never change."""
        raise TypeError("These rows are append-only: add a new row instead of changing an old one.")

    def delete(self):
        """Refuse: rows of this table are never removed."""
        raise TypeError("These rows are append-only and cannot be deleted.")
