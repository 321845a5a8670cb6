"""API addresses of what was computed."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from analysis.api import viewsets

router = SimpleRouter(use_regex_path=False)
for plural, rows in {
    "jobs": viewsets.Jobs,
    "feature-sets": viewsets.FeatureSets,
    "model-versions": viewsets.ModelVersions,
    "evaluations": viewsets.Evaluations,
    "predictions": viewsets.Predictions,
}.items():
    router.register(plural, rows, basename=f"api-{plural}")

urlpatterns = [
    path("clips/<uuid:clip_id>/curves/", viewsets.ClipCurves.as_view(), name="api-clip-curves"),
    *router.urls,
]
