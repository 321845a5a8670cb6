"""API of what was computed: jobs, feature sets, curves, model versions, evaluations, predictions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from analysis import selectors
from analysis.api import filters
from analysis.api import serializers as shown
from analysis.models import Evaluation, FeatureSet, Job, ModelVersion, Prediction
from analysis.pipeline.names import STATIC_FEATURES, STATIC_INFO
from analysis.services.features import static_of
from analysis.services.jobs import job_cancel, job_retry
from analysis.services.registry import version_promote
from studies.guards import HoldsRole, require
from studies.permissions import IMAGE_ROLES, RESULT_ROLES, can_administer, can_train
from studies.selectors import clip_get, tracks_for


class Rows(ReadOnlyModelViewSet):
    """Rows that a selector gives the caller; `detailed` shows more of one row than the list does."""

    permission_classes = [IsAuthenticated, HoldsRole]
    selector: Callable[..., QuerySet]
    related: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    detailed: type[Serializer] | None = None
    lookup_value_converter = "uuid"
    ordering: tuple[str, ...] = ("-created_at", "pk")
    ordering_fields: tuple[str, ...] = ("created_at",)

    def get_queryset(self) -> QuerySet:
        """Rows within the caller's reach; lists leave the heavy columns in the database."""
        rows = type(self).selector(viewer=self.request.user)
        rows = rows.select_related(*self.related) if self.related else rows
        return rows.defer(*self.deferred) if self.action == "list" and self.deferred else rows

    def get_serializer_class(self) -> type[Serializer]:
        """The detailed one for a single row."""
        return self.detailed if self.detailed and self.action != "list" else super().get_serializer_class()


class Jobs(Rows):
    """Long work of your studies."""

    queryset = Job.objects.none()
    selector = selectors.jobs_in_reach
    related = ("study", "clip__exam__patient__study", "started_by")
    serializer_class = shown.JobSerializer
    filterset_class = filters.JobFilter
    ordering_fields = ("created_at", "finished_at")

    @extend_schema(request=None, responses=shown.JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Ask the job to stop."""
        job = self._own("cancel job")
        return Response(self.get_serializer(job_cancel(actor=request.user, job=job)).data)

    @extend_schema(request=None, responses=shown.JobSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str | None = None) -> Response:
        """Do a failed or cancelled job again; answers with the new job."""
        job = self._own("retry job")
        return Response(self.get_serializer(job_retry(actor=request.user, job=job)).data)

    def _own(self, act: str) -> Job:
        """The job, for administrators and whoever started it."""
        job, user = self.get_object(), self.request.user
        allowed = can_administer(user, job.study) or job.started_by_id == user.pk
        require(self.request, allowed, action=act, target=job, study=job.study)
        return job


class FeatureSets(Rows):
    """Features of the clips you see, under the tracks you see."""

    queryset = FeatureSet.objects.none()
    selector = selectors.feature_sets_in_reach
    deferred = ("dynamic",)
    roles = IMAGE_ROLES
    serializer_class = shown.FeatureSetRowSerializer
    detailed = shown.FeatureSetSerializer
    filterset_class = filters.FeatureSetFilter

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"])
    def static(self, request: Request, pk: str | None = None) -> Response:
        """The 91 curves: `frames`, `boxes` (x1, y1, x2, y2 in pixels), and `values` by feature name."""
        static = static_of(self.get_object())
        columns = zip(STATIC_FEATURES, static.values.T.tolist(), strict=True)
        return Response(
            {
                "frames": static.frame_indices.tolist(),
                "boxes": static.boxes.tolist(),
                "values": dict(columns),
            }
        )


class ClipCurves(APIView):
    """One feature over the frames of a clip."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="clips_curves_retrieve",
        parameters=[
            OpenApiParameter("feature", str, enum=STATIC_FEATURES, required=True),
            OpenApiParameter("track", UUID, description="Default: the first one you see that was described."),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, clip_id: UUID) -> Response:
        """`frames` and `values` in their order; `stale` when the boxes changed since."""
        clip = clip_get(clip_id, viewer=request.user)
        feature = request.query_params.get("feature", "")
        if feature not in STATIC_FEATURES:
            raise ValidationError({"feature": [_("This must be one of the 91 static features.")]})
        body: dict[str, Any] = {"feature": feature, "unit": STATIC_INFO[feature].unit, "track": None}
        body |= {"frames": [], "values": [], "stale": False}
        wanted = request.query_params.get("track")
        for track in tracks_for(clip, viewer=request.user):
            row, stale = selectors.features_for_track(track)
            if row is None or (wanted and str(track.pk) != wanted):
                continue
            static = static_of(row)
            column = static.values[:, STATIC_FEATURES.index(feature)]
            body |= {"track": str(track.pk), "feature_set": str(row.pk), "stale": stale}
            body |= {"frames": static.frame_indices.tolist(), "values": column.tolist()}
            break
        return Response(body)


class ModelVersions(Rows):
    """Detectors and ensembles of the studies whose results you may see."""

    queryset = ModelVersion.objects.none()
    selector = selectors.model_versions_in_reach
    related = ("study",)
    roles = RESULT_ROLES
    unblinded = True
    serializer_class = shown.ModelVersionSerializer
    filterset_class = filters.ModelVersionFilter

    @extend_schema(request=shown.PromotionInput, responses=shown.ModelVersionSerializer)
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str | None = None) -> Response:
        """Make this version the one of record; an earlier one rolls back."""
        version = self.get_object()
        allowed = can_train(request.user, version.study)
        require(request, allowed, action="promote", target=version, study=version.study)
        form = shown.PromotionInput(data=request.data)
        form.is_valid(raise_exception=True)
        done = version_promote(actor=request.user, version=version, reason=form.validated_data["reason"])
        return Response(self.get_serializer(done).data)


class Evaluations(Rows):
    """How those models did. One of the test side exists only through a counted look."""

    queryset = Evaluation.objects.none()
    selector = selectors.evaluations_in_reach
    deferred = ("results", "predictions", "inputs")
    roles = RESULT_ROLES
    unblinded = True
    serializer_class = shown.EvaluationRowSerializer
    detailed = shown.EvaluationSerializer
    filterset_class = filters.EvaluationFilter


class Predictions(Rows):
    """What those models say of the patients at your sites. Research use only."""

    queryset = Prediction.objects.none()
    selector = selectors.predictions_in_reach
    deferred = ("parts", "contributions", "neighbours")
    roles = RESULT_ROLES
    unblinded = True
    serializer_class = shown.PredictionRowSerializer
    detailed = shown.PredictionSerializer
    filterset_class = filters.PredictionFilter
    ordering_fields = ("probability", "created_at")
