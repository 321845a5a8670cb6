"""API of the cines: uploads, clips and their frames, tracks in a list, revisions."""

from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from studies.api import filters, inputs
from studies.api import serializers as shown
from studies.api.base import LoggedRows, Rows
from studies.guards import require
from studies.imaging.pack_reader import PackReader
from studies.models import Clip, Revision, Track, Upload
from studies.permissions import IMAGE_ROLES, can_upload
from studies.selectors import clip_get, clips_in_reach, tracks_in_reach, uploads_in_reach
from studies.services.video import pack_local_path, upload_assign, upload_cancel, upload_create


class Uploads(Rows):
    """Files on their way in, each with its verdict in words."""

    queryset = Upload.objects.none()
    selector = uploads_in_reach
    roles = IMAGE_ROLES
    serializer_class = shown.UploadSerializer
    filterset_class = filters.UploadFilter
    parser_classes = [MultiPartParser, *Rows.parser_classes]

    @extend_schema(
        request={"multipart/form-data": inputs.UploadInput}, responses={201: shown.UploadSerializer}
    )
    def create(self, request: Request) -> Response:
        """Send one file as multipart/form-data; then ask for its verdict until `status` is final."""
        values = self.read(inputs.UploadInput)
        patient = values["patient"]
        allowed = can_upload(request.user, patient.study, patient.site)
        require(request, allowed, action="upload", target=patient, study=patient.study)
        number = Upload.objects.filter(patient=patient).count() + 1
        upload = upload_create(
            actor=request.user,
            study=patient.study,
            patient=patient,
            file=values["file"],
            label=f"file {number}",
        )
        return Response(self.show(upload), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shown.UploadSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Stop the check; nothing of the file is kept."""
        upload = self._writable("cancel upload")
        return Response(self.show(upload_cancel(actor=request.user, upload=upload)))

    @extend_schema(request=inputs.AssignInput, responses=shown.UploadSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str | None = None) -> Response:
        """Give a waiting file its patient."""
        upload = self._writable("assign upload")
        patient = self.read(inputs.AssignInput)["patient"]
        return Response(self.show(upload_assign(actor=request.user, upload=upload, patient=patient)))

    def _writable(self, act: str) -> Upload:
        upload = self.get_object()
        site = upload.patient.site if upload.patient else None
        allowed = can_upload(self.request.user, upload.study, site)
        require(self.request, allowed, action=act, target=upload, study=upload.study)
        return upload


class Clips(LoggedRows):
    """Cines at your sites, de-identified. Pathologists see none."""

    queryset = Clip.objects.none()
    selector = clips_in_reach
    related = ("exam__patient__study",)
    patient_path, view_reason = "exam.patient", "clip"
    roles = IMAGE_ROLES
    serializer_class = shown.ClipSerializer
    filterset_class = filters.ClipFilter
    ordering_fields = ("n_frames", "fps", "created_at")


class Picture(BaseRenderer):
    """Frames are sent as they are stored."""

    media_type = "image/*"
    format = "image"
    charset = None
    render_style = "binary"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        """Bytes stay bytes; an error becomes its sentence."""
        return data if isinstance(data, bytes) else str(data.get("detail", "")).encode()


class ClipFrame(APIView):
    """One frame of a clip."""

    permission_classes = [IsAuthenticated]
    renderer_classes = [Picture]

    @extend_schema(
        parameters=[OpenApiParameter("lossless", bool, description="What analysis decodes, not a preview.")],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
        operation_id="clips_frames_retrieve",
    )
    def get(self, request: Request, clip_id: UUID, index: int) -> Response:
        """Frame `index`, 0-based: JPEG for viewing; with `?lossless=1` what analysis decodes."""
        clip = clip_get(clip_id, viewer=request.user)
        if index >= clip.n_frames:
            raise NotFound(_("This clip has %d frames.") % clip.n_frames)
        with PackReader(pack_local_path(clip)) as pack:
            lossless = "lossless" in request.query_params
            data, content_type = pack.lossless(index) if lossless else pack.view(index)
        return Response(data, content_type=content_type, headers={"Cache-Control": "private, immutable"})


class Tracks(Rows):
    """Tracks of those clips. Another reader's is there once every reader of the clip has signed."""

    queryset = Track.objects.none()
    selector = tracks_in_reach
    related = ("reader",)
    roles = IMAGE_ROLES
    serializer_class = shown.TrackSerializer
    filterset_class = filters.TrackFilter


def revisions_in_reach(*, viewer):
    """Revisions of the tracks within reach."""
    return Revision.objects.filter(track__in=tracks_in_reach(viewer=viewer).values("pk"))


class Revisions(Rows):
    """Every state of those tracks; nothing is ever overwritten."""

    queryset = Revision.objects.none()
    selector = revisions_in_reach
    related = ("author",)
    roles = IMAGE_ROLES
    filterset_class = filters.RevisionFilter
    ordering_fields = ("number", "created_at")

    def get_serializer_class(self) -> type[Serializer]:
        """Lists leave the keyframes out."""
        return shown.RevisionRowSerializer if self.action == "list" else shown.RevisionSerializer
