"""Admin pages: for administrators of the installation; rows that are append-only stay read-only here too."""

from django.contrib import admin

from studies import models


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


@admin.register(models.Study)
class StudyAdmin(admin.ModelAdmin):
    """Studies; the seal is set through the application only."""

    list_display = ["slug", "title", "is_simulated", "sealed_at"]
    readonly_fields = ["sealed_at", "seal_hash"]


@admin.register(models.Site)
class SiteAdmin(admin.ModelAdmin):
    """Sites of studies."""

    list_display = ["code", "name", "study"]
    list_filter = ["study"]


@admin.register(models.RoleGrant)
class RoleGrantAdmin(admin.ModelAdmin):
    """Who may do what."""

    list_display = ["user", "role", "study", "site"]
    list_filter = ["study", "role"]


@admin.register(models.Patient)
class PatientAdmin(ReadOnlyAdmin):
    """Patients: changed through the application, where each change is audited."""

    list_display = ["code", "study", "site", "created_at"]
    list_filter = ["study", "site"]
    search_fields = ["code"]


@admin.register(models.Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Files on their way in."""

    list_display = ["id", "study", "status", "created_at"]
    list_filter = ["study", "status"]


@admin.register(models.Clip)
class ClipAdmin(ReadOnlyAdmin):
    """Clips."""

    list_display = ["id", "kind", "n_frames", "timing_source", "created_at"]
    list_filter = ["kind"]


@admin.register(models.AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """The audit trail."""

    list_display = ["sequence", "at", "actor", "action", "object_type", "study"]
    list_filter = ["action", "study"]


for model in (
    models.ClinicalRecord,
    models.Detection,
    models.Exam,
    models.Label,
    models.Lesion,
    models.Look,
    models.Membership,
    models.Revision,
    models.Specimen,
    models.Track,
):
    admin.site.register(model, ReadOnlyAdmin)


@admin.register(models.PixelCheck)
class PixelCheckAdmin(ReadOnlyAdmin):
    """Who looked at the pixels of a clip."""

    list_display = ["clip", "checker", "outcome", "status", "created_at"]
    list_filter = ["outcome", "status"]
