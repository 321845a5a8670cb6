"""Admin pages of what was computed: to look at, never to edit."""

from django.contrib import admin

from analysis import models


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that may be looked at and nothing else."""

    def has_add_permission(self, request):
        """Nobody adds by hand."""
        return False

    def has_change_permission(self, request, obj=None):
        """Nobody changes."""
        return False

    def has_delete_permission(self, request, obj=None):
        """Nobody deletes."""
        return False


for model in (
    models.Evaluation,
    models.FeatureSet,
    models.FeatureVariant,
    models.Job,
    models.ModelVersion,
    models.Prediction,
    models.Promotion,
    models.Report,
    models.ReportFile,
    models.Statement,
    models.Supplement,
):
    admin.site.register(model, ReadOnlyAdmin)
