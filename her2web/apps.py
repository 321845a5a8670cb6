"""The composition root as an app, so that it can carry commands and bind Celery."""

from django.apps import AppConfig


class Her2WebConfig(AppConfig):
    """Binds the Celery application to the settings when Django starts."""

    name = "her2web"
    verbose_name = "HER2Web"

    def ready(self):
        """Make the configured Celery application the current one in every process."""
        from her2web.celery import app  # noqa: PLC0415 - settings must be ready first

        app.set_default()
