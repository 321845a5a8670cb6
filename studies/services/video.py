"""Taking files in: a spooled file becomes a de-identified clip, or is refused in one sentence."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from studies import dispatch
from studies.errors import RefusedFileError, RuleViolationError
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.deidentify import suggest_blank_regions
from studies.imaging.pack import write_pack
from studies.imaging.pack_format import PackCancelledError
from studies.imaging.pack_reader import PackReader
from studies.imaging.preview import perceptual_hash, thumbnail
from studies.imaging.types import CineInfo, PackInfo
from studies.models import Clip, Exam, Lesion, Patient, Study, Upload
from studies.services.audit import audit_record

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=2)
MAX_ATTEMPTS = 3
PROGRESS_EVERY_FRAMES = 25
COPY_BYTES = 1024 * 1024
UNREADABLE = (
    "The file could not be read to its end, although its header looked sound; "
    "export it again from the scanner and upload the new copy."
)
ALREADY_THERE = "This cine is already stored for this patient; nothing was added."
ELSEWHERE = "The same file is stored under another patient of this study; ask the coordinator which is right."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file."""

    accepted: bool
    reason: str
    clip: Clip | None


def upload_create(
    *, actor: User, study: Study, patient: Patient | None, file: UploadedFile, label: str
) -> Upload:
    """Spool an arriving file and queue its check. The file's own name is dropped: it can carry a name."""
    if file.size is None or file.size > settings.MAX_UPLOAD_BYTES:
        limit_gb = settings.MAX_UPLOAD_BYTES / 1024**3
        raise RuleViolationError(f"The file is larger than {limit_gb:.0f} GB; export a shorter cine.")
    with transaction.atomic():
        upload = Upload(study=study, patient=patient, uploader=actor, label=label[:100], size_bytes=file.size)
        upload.spool.save("spool", File(file), save=False)
        upload.full_clean()
        upload.save()
        audit_record(actor=actor, action="upload.create", target=upload, study=study)
        if patient is not None:
            dispatch.enqueue(dispatch.INGEST, upload_id=upload.pk)
    return upload


def upload_assign(*, actor: User, upload: Upload, patient: Patient) -> Upload:
    """Give a waiting file its patient and queue its check."""
    if upload.is_final or upload.patient_id is not None:
        raise RuleViolationError("This file already has a patient or a verdict; reload the page.")
    if patient.study_id != upload.study_id:
        raise RuleViolationError("The patient belongs to another study; choose one of this study.")
    with transaction.atomic():
        upload.patient = patient
        upload.save(update_fields=["patient", "updated_at"])
        audit_record(actor=actor, action="upload.assign", target=upload, study=upload.study)
        dispatch.enqueue(dispatch.INGEST, upload_id=upload.pk)
    return upload


def upload_cancel(*, actor: User, upload: Upload) -> Upload:
    """Stop the check of a file; nothing of it is kept."""
    with transaction.atomic():
        changed = Upload.objects.filter(
            pk=upload.pk, status__in=[Upload.Status.QUEUED, Upload.Status.RUNNING]
        ).update(status=Upload.Status.CANCELLED, verdict="Cancelled; nothing was stored.")
        if changed:
            audit_record(actor=actor, action="upload.cancel", target=upload, study=upload.study)
    upload.refresh_from_db()
    if changed:
        _remove_spool(upload)
    return upload


def upload_ingest(*, upload_id: str) -> Upload | None:
    """Check one spooled file and store its clip. Idempotent: a file with a verdict is left alone."""
    fresh = timezone.now() - STALE_AFTER
    claimable = Q(status=Upload.Status.QUEUED) | Q(status=Upload.Status.RUNNING, heartbeat_at__lt=fresh)
    claimed = Upload.objects.filter(claimable, pk=upload_id, patient__isnull=False).update(
        status=Upload.Status.RUNNING, heartbeat_at=timezone.now()
    )
    if not claimed:
        return None
    upload = Upload.objects.select_related("study", "patient__site", "uploader").get(pk=upload_id)
    upload.attempts += 1
    upload.save(update_fields=["attempts"])
    with _local_copy(upload) as path:
        verdict = file_ingest(
            actor=upload.uploader,
            patient=upload.patient,
            path=path,
            progress=lambda done, total: _upload_beat(upload, done, total),
            cancelled=lambda: _is_cancelled(upload),
        )
    _upload_finish(upload, verdict)
    return upload


def file_ingest(
    *,
    actor: User | None,
    patient: Patient,
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Verdict:
    """Judge one file and, when accepted, store its de-identified clip. Nothing is half-stored."""
    try:
        info = inspect_file(path, key=_identifier_key())
        if known := _known_clip(patient, info):
            return Verdict(True, ALREADY_THERE, known)
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            target = Path(folder) / "frames.pack"
            first = next(iter_frames(path, stop=1, colour=True))
            blank = suggest_blank_regions(info, first)
            pack = write_pack(path, target, info=info, blank=blank, progress=progress, cancelled=cancelled)
            clip = _clip_store(actor=actor, patient=patient, info=info, pack=pack, path=target)
    except (RefusedFileError, PackCancelledError) as error:
        return Verdict(False, str(error), None)
    return Verdict(True, _accepted_sentence(clip), clip)


def uploads_sweep() -> int:
    """Queue again the files whose check died or whose message was lost; give up after three attempts."""
    stale = timezone.now() - STALE_AFTER
    left_over = Q(status=Upload.Status.RUNNING, heartbeat_at__lt=stale) | Q(
        status=Upload.Status.QUEUED, patient__isnull=False, updated_at__lt=stale
    )
    lost = list(Upload.objects.filter(left_over))
    for upload in lost:
        if upload.attempts >= MAX_ATTEMPTS:
            _upload_finish(upload, Verdict(False, UNREADABLE, None))
        else:
            with transaction.atomic():
                if Upload.objects.filter(left_over, pk=upload.pk).update(
                    status=Upload.Status.QUEUED, updated_at=timezone.now()
                ):
                    dispatch.enqueue(dispatch.INGEST, upload_id=upload.pk)
    return len(lost)


def pack_local_path(clip: Clip) -> Path:
    """Return a local path of the clip's frame pack; remote storage is copied once into a cache."""
    try:
        return Path(clip.pack.path)
    except NotImplementedError:
        pass
    cached = pack_cache_path(clip.pack_sha256)
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with (
            clip.pack.open("rb") as source,
            tempfile.NamedTemporaryFile(dir=cached.parent, delete=False) as copy,
        ):
            shutil.copyfileobj(source, copy, COPY_BYTES)
        Path(copy.name).replace(cached)
    return cached


def pack_cache_path(pack_sha256: str) -> Path:
    """Where a pack of remote storage is kept on this machine once it was read."""
    return Path(settings.VAR_DIR) / "pack-cache" / f"{pack_sha256}.pack"


def _identifier_key() -> bytes:
    """Key of the digests that stand for identifiers, derived from the installation's secret."""
    return hashlib.sha256(b"identifier digests|" + settings.SECRET_KEY.encode()).digest()


def _known_clip(patient: Patient, info: CineInfo) -> Clip | None:
    return Clip.objects.filter(exam__patient=patient, source_sha256=info.source_sha256).first()


def _clip_store(*, actor: User | None, patient: Patient, info: CineInfo, pack: PackInfo, path: Path) -> Clip:
    """Write the pack to storage and the clip to the database; on any failure neither stays."""
    clip = _clip_row(patient, info, pack)
    try:
        with path.open("rb") as stream:
            clip.pack.save("frames.pack", File(stream), save=False)
        with PackReader(path) as frames:
            clip.thumbnail.save("thumbnail.jpg", ContentFile(thumbnail(frames)), save=False)
            clip.perceptual_hash = perceptual_hash(frames)
        with transaction.atomic():
            clip.exam = _first_exam(patient)
            clip.lesion = Lesion.objects.get_or_create(patient=patient, number=1)[0]
            clip.full_clean()
            clip.save(force_insert=True)
            audit_record(actor=actor, action="clip.create", target=clip, study=patient.study)
            dispatch.enqueue(dispatch.CLIP_ARRIVED, clip_id=clip.pk)
    except Exception:
        for file in (clip.pack, clip.thumbnail):
            if file.name:
                file.storage.delete(file.name)
        raise
    return clip


def _clip_row(patient: Patient, info: CineInfo, pack: PackInfo) -> Clip:
    """Copy the whitelisted facts into a row that is not saved yet."""
    spacing = info.spacing_mm or (None, None)
    defects = list(info.defects)
    if Clip.objects.filter(exam__patient__study=patient.study, source_sha256=info.source_sha256).exists():
        defects.append(ELSEWHERE)
    return Clip(
        kind=info.kind,
        pack_sha256=pack.sha256,
        source_sha256=info.source_sha256,
        exam_digest=info.identifier_digests.get("study_instance_uid", ""),
        n_frames=pack.n_frames,
        header_n_frames=info.header_n_frames,
        height_px=pack.height,
        width_px=pack.width,
        fps=info.fps,
        frame_times_ms=list(info.frame_times_ms) if info.frame_times_ms else None,
        timing_source=info.timing_source,
        spacing_row_mm=spacing[0],
        spacing_column_mm=spacing[1],
        spacing_source=info.spacing_source,
        defects=defects,
        acquisition={**info.acquisition, "source_format": info.source_format, "decoder": pack.decoder},
        blanked_regions=[list(box) for box in pack.blanked],
    )


def _first_exam(patient: Patient) -> Exam:
    exam = patient.exams.order_by("number").first()
    return exam or Exam.objects.create(patient=patient, number=1)


def _accepted_sentence(clip: Clip) -> str:
    """Say what was stored and which defects were found, in one line for a person."""
    frames = "1 frame" if clip.n_frames == 1 else f"{clip.n_frames} frames"
    timing = f"{clip.fps:.4g} frames/s" if clip.fps else "timing not recorded"
    spacing = "calibrated" if clip.spacing_row_mm else "spacing not recorded"
    text = f"Stored: {frames}, {clip.width_px} × {clip.height_px} px, {timing}, {spacing}."
    if clip.kind == Clip.Kind.STILL:
        text += " A still image is kept and shown, but not described over time."
    return text + (" Note: " + " ".join(clip.defects) if clip.defects else "")


@contextmanager
def _local_copy(upload: Upload) -> Iterator[Path]:
    """Give a path on this machine with the spooled bytes; a copy is made only for remote storage."""
    try:
        yield Path(upload.spool.path)
        return
    except NotImplementedError:
        pass
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        with upload.spool.open("rb") as source:
            shutil.copyfileobj(source, copy, COPY_BYTES)
        copy.flush()
        yield Path(copy.name)


def _upload_beat(upload: Upload, done: int, total: int) -> None:
    if done % PROGRESS_EVERY_FRAMES == 0 or done == total:
        Upload.objects.filter(pk=upload.pk, status=Upload.Status.RUNNING).update(
            frames_done=done, frames_total=total, heartbeat_at=timezone.now()
        )


def _is_cancelled(upload: Upload) -> bool:
    return Upload.objects.filter(pk=upload.pk, status=Upload.Status.CANCELLED).exists()


def _upload_finish(upload: Upload, verdict: Verdict) -> None:
    """Store the verdict and remove the spooled file: the pack is the only record that stays.

    A file that was cancelled stays so, unless its clip was stored before the wish came.
    """
    status = Upload.Status.ACCEPTED if verdict.accepted else Upload.Status.REFUSED
    rows = Upload.objects.filter(pk=upload.pk)
    if not verdict.accepted:
        rows = rows.exclude(status=Upload.Status.CANCELLED)
    with transaction.atomic():
        if rows.update(status=status, verdict=verdict.reason, clip=verdict.clip, heartbeat_at=timezone.now()):
            audit_record(
                actor=upload.uploader,
                action="upload.verdict",
                target=upload,
                study=upload.study,
                changes={"status": ["running", status]},
            )
    upload.refresh_from_db()
    _remove_spool(upload)


def _remove_spool(upload: Upload) -> None:
    if upload.spool:
        upload.spool.delete(save=False)
        Upload.objects.filter(pk=upload.pk).update(spool="")
