"""What was observed."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Patients, cines, boxes, pathology."""

    name = "studies"
    verbose_name = "Studies"
