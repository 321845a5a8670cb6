"""Frames of a clip for the browser: one JPEG a frame, from the clip's pack, permission checked every time."""

import logging
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studies.errors import StudiesError
from studies.imaging.pack import PackReader
from studies.models import Clip
from studies.selectors import clip_frames_get
from studies.services.video import pack_local_path

logger = logging.getLogger(__name__)

FRAME_CACHE_CONTROL = "private, max-age=31536000, immutable"
"""A pack never changes once stored, and the address of a frame carries the pack's digest."""
OPEN_READERS = 32


class Readers:
    """The most recently used pack readers of this process, shared by its threads."""

    def __init__(self, limit: int = OPEN_READERS) -> None:
        self._limit = limit
        self._lock = Lock()
        self._open: OrderedDict[Path, PackReader] = OrderedDict()

    def get(self, path: Path) -> PackReader:
        """The reader of a pack. An evicted one closes when its last user lets go of it."""
        with self._lock:
            reader = self._open.pop(path, None)
            if reader is None:
                reader = PackReader(path)
            self._open[path] = reader
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
            return reader

    def clear(self) -> None:
        """Forget every reader."""
        with self._lock:
            self._open.clear()


readers = Readers()


@login_required
@require_safe
def frame(request: HttpRequest, clip_id: UUID, index: int) -> HttpResponseBase:
    """One frame, 0-based: JPEG for viewing, or what analysis decodes with `?lossless=1`."""
    clip = clip_frames_get(clip_id, viewer=request.user)
    if index >= clip.n_frames:
        text = _("This clip has %(count)d frames; frame %(number)d does not exist.")
        return HttpResponse(text % {"count": clip.n_frames, "number": index + 1}, status=416)
    is_lossless = "lossless" in request.GET
    etag = f'"{clip.pack_sha256[:32]}-{index}{"-lossless" if is_lossless else ""}"'
    if request.headers.get("If-None-Match") == etag:
        return _cached(HttpResponseNotModified(), etag)
    try:
        reader = readers.get(pack_local_path(clip))
        data, content_type = reader.lossless(index) if is_lossless else reader.view(index)
    except (StudiesError, OSError, ValueError) as error:
        logger.error("The frames of clip %s cannot be read: %s", clip.pk, error)
        text = _("The stored frames of this clip cannot be read; the administrator can restore them.")
        return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")
    return _cached(HttpResponse(data, content_type=content_type), etag)


@login_required
@require_safe
def thumbnail(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """A small picture of the clip; the first frame where none was stored."""
    clip = clip_frames_get(clip_id, viewer=request.user)
    if not clip.thumbnail:
        return frame(request, clip_id, 0)
    return _cached(FileResponse(clip.thumbnail.open("rb"), content_type="image/jpeg"), _thumbnail_etag(clip))


def _thumbnail_etag(clip: Clip) -> str:
    return f'"{clip.pack_sha256[:32]}-thumbnail"'


def _cached(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["Cache-Control"] = FRAME_CACHE_CONTROL
    response["ETag"] = etag
    return response
