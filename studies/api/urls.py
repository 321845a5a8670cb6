"""API addresses of what was observed."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from studies.api import cohort, pathology, queries, schema, screening, video
from studies.api.token import ObtainToken

router = SimpleRouter(use_regex_path=False)
for plural, rows in {
    "studies": cohort.Studies,
    "sites": cohort.Sites,
    "patients": cohort.Patients,
    "lesions": cohort.Lesions,
    "exams": cohort.Exams,
    "clinical-records": cohort.ClinicalRecords,
    "memberships": cohort.Memberships,
    "looks": cohort.Looks,
    "screenings": screening.Screenings,
    "criterion-rows": screening.CriterionRows,
    "data-queries": queries.DataQueries,
    "uploads": video.Uploads,
    "clips": video.Clips,
    "revisions": video.Revisions,
    "specimens": pathology.Specimens,
    "labels": pathology.Labels,
    "audit-events": pathology.AuditEvents,
}.items():
    router.register(plural, rows, basename=f"api-{plural}")

urlpatterns = [
    path("token/", ObtainToken.as_view(), name="api-token"),
    path("", include("studies.api.tracks_urls")),
    path("tracks/", video.Tracks.as_view({"get": "list"}), name="api-tracks-list"),
    path(
        "clips/<uuid:clip_id>/frames/<int:index>/",
        video.ClipFrame.as_view(),
        name="api-clip-frame",
    ),
    *router.urls,
]
schema.describe_tracks()
