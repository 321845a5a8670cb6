"""OpenAPI descriptions of the viewer's JSON, whose bodies are plain dictionaries."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view, inline_serializer
from rest_framework import serializers

from studies.api import tracks

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="Number of the revision you saw."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 64 characters; a key sent before answers with the revision it made then.",
)
OBJECT = OpenApiTypes.OBJECT


def _body(name: str, **fields: serializers.Field) -> Any:
    return inline_serializer(name, fields=fields)


def _of(name: str, answer: Any = OBJECT, **options: Any) -> Any:
    return extend_schema(operation_id=name, responses=answer, **options)


def describe_tracks() -> None:
    """Give every method of the viewer's views an operation name, its parameters, its body and its answer."""
    keyframes = serializers.ListField(child=serializers.DictField(), required=False)
    extend_schema_view(
        get=_of("clips_tracks_list"),
        post=_of(
            "clips_tracks_open",
            request=_body(
                "TrackOpen",
                id=serializers.UUIDField(required=False),
                keyframes=keyframes,
                adjudicate=serializers.UUIDField(required=False),
            ),
        ),
    )(tracks.ClipTracks)
    extend_schema_view(get=_of("clips_detections_retrieve"))(tracks.ClipDetections)
    extend_schema_view(
        get=_of("clips_presence_retrieve"),
        post=_of(
            "clips_presence_claim",
            request=_body(
                "PresenceClaim",
                tab=serializers.CharField(max_length=64),
                take_over=serializers.BooleanField(required=False),
            ),
        ),
        delete=_of("clips_presence_release", {204: None}, parameters=[OpenApiParameter("tab", str)]),
    )(tracks.ClipPresence)
    _describe_track()


def _describe_track() -> None:
    reason = serializers.CharField(max_length=500)
    seconds = serializers.FloatField(required=False, min_value=0)
    extend_schema_view(
        get=_of("tracks_retrieve"),
        patch=_of(
            "tracks_change",
            parameters=[IF_MATCH, IDEMPOTENCY_KEY],
            request=_body(
                "TrackChange",
                patch=serializers.DictField(),
                command=serializers.CharField(required=False),
                active_seconds=seconds,
            ),
        ),
    )(tracks.TrackDetail)
    numbers = [OpenApiParameter("number", int), OpenApiParameter("before", int)]
    extend_schema_view(get=_of("tracks_revisions_list", parameters=numbers))(tracks.TrackRevisions)
    extend_schema_view(
        post=_of(
            "tracks_revert",
            parameters=[IF_MATCH],
            request=_body("TrackRevertTo", to_number=serializers.IntegerField()),
        )
    )(tracks.TrackRevert)
    extend_schema_view(
        get=_of("tracks_checklist"), post=_of("tracks_sign", parameters=[IF_MATCH], request=None)
    )(tracks.TrackSign)
    why = _body("TrackReopenWhy", reason=reason, active_seconds=seconds)
    extend_schema_view(post=_of("tracks_reopen", request=why))(tracks.TrackReopen)
