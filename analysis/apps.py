"""What was computed."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Jobs, features, models, evaluations."""

    name = "analysis"
    verbose_name = "Analysis"
