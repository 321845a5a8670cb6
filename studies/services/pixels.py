"""De-identification of pixels: a person signs that nothing identifying is visible, or has regions wiped."""

import logging
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from studies import dispatch
from studies.errors import RuleViolationError, StudiesError
from studies.imaging.pack import wipe_pack
from studies.imaging.pack_reader import PackReader
from studies.imaging.preview import perceptual_hash, thumbnail
from studies.imaging.types import Box, PackInfo
from studies.imaging.wipe import clip_boxes
from studies.models import Clip, PixelCheck
from studies.services.audit import audit_record
from studies.services.video import pack_cache_path, pack_local_path

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=10)
"""A wipe of the longest clip takes about three minutes; a lost message is sent again after this."""
MAX_REGIONS = 20
CHANGED = "The pictures changed since this page was opened; look at them again."
FAILED = "The regions could not be wiped; the clip is unchanged. Try again, or ask the administrator."


def pixels_sign(*, actor: User, clip: Clip, seen_sha256: str) -> PixelCheck:
    """Store that a person found nothing identifying in the clip's present pictures.

    Raises:
        RuleViolationError: the pictures are no longer the ones that the person saw.
    """
    return _check_store(actor, clip, seen_sha256, PixelCheck.Outcome.CLEAN, ())


def pixels_wipe(*, actor: User, clip: Clip, seen_sha256: str, regions: Sequence[Box]) -> PixelCheck:
    """Queue the wiping of regions, half-open pixel boxes, from every frame.

    Raises:
        RuleViolationError: no region inside the picture, too many, pictures that are no longer the ones that
            the person saw, or a wipe that already runs.
    """
    boxes = clip_boxes(regions, clip.height_px, clip.width_px)
    if not boxes:
        raise RuleViolationError("Mark at least one region inside the picture.")
    if len(boxes) > MAX_REGIONS:
        raise RuleViolationError(f"Mark at most {MAX_REGIONS} regions at once; join those that touch.")
    return _check_store(actor, clip, seen_sha256, PixelCheck.Outcome.WIPE, boxes)


def _check_store(actor: User, clip: Clip, seen_sha256: str, outcome: str, boxes: Sequence[Box]) -> PixelCheck:
    with transaction.atomic():
        clip = Clip.objects.select_for_update().get(pk=clip.pk)
        if seen_sha256 != clip.pack_sha256:
            raise RuleViolationError(CHANGED)
        if clip.pixel_checks.filter(status=PixelCheck.Status.WAITING).exists():
            raise RuleViolationError("Regions of this clip are being wiped; look again when that is done.")
        is_wipe = outcome == PixelCheck.Outcome.WIPE
        check = PixelCheck(
            clip=clip,
            checker=actor,
            outcome=outcome,
            status=PixelCheck.Status.WAITING if is_wipe else PixelCheck.Status.DONE,
            regions=[list(box) for box in boxes],
            pack_sha256=clip.pack_sha256,
        )
        check.full_clean()
        check.save(force_insert=True)
        audit_record(actor=actor, action=f"pixels.{outcome}", target=clip, study=clip.study)
        if is_wipe:
            dispatch.enqueue(dispatch.WIPE, check_id=check.pk)
    return check


def clip_wipe(*, check_id: str) -> PixelCheck | None:
    """Replace the stored pictures of a clip by wiped ones. Idempotent: a check that is done is left alone."""
    waiting = PixelCheck.objects.filter(status=PixelCheck.Status.WAITING)
    check = waiting.select_related("clip__exam__patient__study", "checker").filter(pk=check_id).first()
    if check is None:
        return None
    try:
        _replace_pictures(check)
    except (StudiesError, OSError) as error:
        logger.error("Clip %s could not be wiped: %s", check.clip_id, error)
        waiting.filter(pk=check.pk).update(status=PixelCheck.Status.FAILED, message=FAILED)
    check.refresh_from_db()
    return check


def wipes_sweep() -> int:
    """Send again the wipes whose message was lost or whose worker died."""
    stale = timezone.now() - STALE_AFTER
    lost = list(PixelCheck.objects.filter(status=PixelCheck.Status.WAITING, updated_at__lt=stale))
    for check in lost:
        with transaction.atomic():
            PixelCheck.objects.filter(pk=check.pk).update(updated_at=timezone.now())
            dispatch.enqueue(dispatch.WIPE, check_id=check.pk)
    return len(lost)


def _replace_pictures(check: PixelCheck) -> None:
    """Write the wiped pack beside the old one, let the row point at it, then remove the old one."""
    clip = check.clip
    boxes = [(b[0], b[1], b[2], b[3]) for b in check.regions]
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        target = Path(folder) / "frames.pack"
        with PackReader(pack_local_path(clip)) as stored:
            packed = wipe_pack(stored, target, boxes)
        old = [(file.storage, file.name) for file in (clip.pack, clip.thumbnail) if file.name]
        _files_store(clip, target, packed.sha256[:12])
    new = [(file.storage, file.name) for file in (clip.pack, clip.thumbnail)]
    is_stored = False
    try:
        is_stored = _row_store(check, clip, packed)
    finally:
        _delete(old if is_stored else new)
    pack_cache_path(check.pack_sha256).unlink(missing_ok=True)


def _files_store(clip: Clip, path: Path, mark: str) -> None:
    with path.open("rb") as stream:
        clip.pack.save(f"frames-{mark}.pack", File(stream), save=False)
    with PackReader(path) as frames:
        clip.thumbnail.save(f"thumbnail-{mark}.jpg", ContentFile(thumbnail(frames)), save=False)
        clip.perceptual_hash = perceptual_hash(frames)


def _row_store(check: PixelCheck, clip: Clip, packed: PackInfo) -> bool:
    """Point the row at the new files; False where another delivery of the same wipe was faster."""
    old_sha256, clip.pack_sha256 = clip.pack_sha256, packed.sha256
    old_regions, clip.blanked_regions = clip.blanked_regions, [list(box) for box in packed.blanked]
    fields = ["pack", "thumbnail", "perceptual_hash", "pack_sha256", "blanked_regions", "updated_at"]
    with transaction.atomic():
        done = PixelCheck.objects.filter(pk=check.pk, status=PixelCheck.Status.WAITING).update(
            status=PixelCheck.Status.DONE, updated_at=timezone.now()
        )
        if not done:
            return False
        clip.save(update_fields=fields)
        changes = {
            "pack_sha256": [old_sha256, clip.pack_sha256],
            "blanked_regions": [old_regions, clip.blanked_regions],
        }
        audit_record(
            actor=check.checker, action="pixels.wiped", target=clip, study=clip.study, changes=changes
        )
        dispatch.enqueue(dispatch.TRACK_CHANGED, clip_id=clip.pk)
    return True


def _delete(files: Sequence[tuple[Storage, str]]) -> None:
    for storage, name in files:
        storage.delete(name)
