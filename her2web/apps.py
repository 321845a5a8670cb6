"""The composition root as an app, so that it can carry commands and bind Celery."""

from django.apps import AppConfig


class Her2WebConfig(AppConfig):
    """Binds the Celery application to the settings when Django starts."""

    name = "her2web"
    verbose_name = "HER2Web"

    def ready(self):
        """In every process: make the configured Celery application the current one, write lock-outs down."""
        from her2web.celery import app  # noqa: PLC0415 - settings must be ready first

        app.set_default()
        import her2web.lockouts  # noqa: F401, PLC0415 - models must be ready first
