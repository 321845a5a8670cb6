"""Find the lesion in every frame of a clip: rows -> frames -> detector -> track repair -> rows."""

import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from analysis.models import Job, ModelVersion
from analysis.pipeline.detector import Detector, load_detector
from analysis.pipeline.errors import UnusableClipError
from analysis.pipeline.tracking import repair
from analysis.runners.ticker import JobTicker
from analysis.selectors import detector_of_record
from analysis.services.jobs import job_enqueue
from studies.imaging.pack_reader import PackReader
from studies.models import Clip, Study
from studies.services.annotation import detection_store, model_track_store
from studies.services.video import pack_local_path

INPUT_SIZE_PX = 320
CONFIDENCE_DECIMALS = 4
PIXEL_DECIMALS = 2


def detect_clip(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Detect, repair, store the raw boxes and the model's track, and queue the features."""
    clip = job.clip
    if clip is None or not clip.is_cine:
        raise UnusableClipError("A still image is kept and shown, but there is nothing to follow over time.")
    ticker.begin("finding the lesion", clip.n_frames)
    detector = active_detector(clip.study)
    with PackReader(pack_local_path(clip)) as pack:
        found = detector.detect(
            pack.iter_luma(),
            size=INPUT_SIZE_PX,
            progress=lambda done: ticker.progress(done, clip.n_frames),
            cancelled=ticker.cancelled,
        )
        repeats = _repeated_frames(pack, clip)
    ticker.begin("following the lesion", clip.n_frames)
    track = repair(found, (clip.height_px, clip.width_px), duplicate_frames=repeats)
    _store(clip, detector, found, track)
    job_enqueue(actor=None, kind=Job.Kind.DESCRIBE, study=job.study, clip=clip)
    start, stop = track.window
    return {
        "detector": detector.digest,
        "message": f"Lesion found in {track.qc['detected']} of {clip.n_frames} frames; "
        f"window of {stop - start} frames.",
    }


def active_detector(study: Study) -> Detector:
    """Load the study's detector of record, else the one that ships with the application."""
    version = detector_of_record(study)
    return _loaded(None if version is None else version.pk)


@cache
def _loaded(version_id: UUID | None) -> Detector:
    """Keep a detector loaded in this process: a file never changes once stored."""
    if version_id is None:
        return load_detector()
    version = ModelVersion.objects.get(pk=version_id)
    with tempfile.TemporaryDirectory() as folder, version.file.open("rb") as stored:
        path = Path(folder) / "detector.onnx"  # storage may have no paths of its own
        path.write_bytes(stored.read())
        return load_detector(path, backend="onnxruntime")


def _repeated_frames(pack: PackReader, clip: Clip) -> np.ndarray:
    """(T,) bool: the frame's stored bytes equal those of the frame before."""
    digests = [pack.frame_digest(index) for index in range(clip.n_frames)]
    return np.array([False] + [a == b for a, b in pairwise(digests)], dtype=bool)


def _store(clip: Clip, detector: Detector, found: list, track) -> None:
    frames = [
        [
            [*(round(float(v), PIXEL_DECIMALS) for v in box[:4]), round(float(box[4]), CONFIDENCE_DECIMALS)]
            for box in boxes
        ]
        for boxes in found
    ]
    detection_store(
        clip=clip,
        detector_name=detector.name,
        detector_digest=detector.digest,
        input_size_px=INPUT_SIZE_PX,
        frames=frames,
        qc=dict(track.qc),
        status_by_frame=[str(status) for status in track.status],
    )
    confidences = np.array([boxes[0][4] if boxes else np.nan for boxes in frames])
    model_track_store(clip=clip, boxes=track.boxes, confidences=confidences)
