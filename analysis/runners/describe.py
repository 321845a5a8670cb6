"""Compute the features of a clip under its tracks: rows -> frames and boxes -> pipeline -> rows."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import FeatureSet, Job
from analysis.pipeline.describe import PIPELINE_VERSION, describe_clip
from analysis.pipeline.errors import ModelFileError, UnusableClipError
from analysis.pipeline.tracking import non_compliance, sentences
from analysis.pipeline.types import ClipDescription, DescribeParameters
from analysis.runners.boxes import dense_boxes, excluded_by_people, head_of, live_tracks
from analysis.runners.digests import description_digest, parameters_of
from analysis.runners.predict import predict_if_possible
from analysis.runners.ticker import JobTicker
from analysis.services.features import StoredStatic, feature_set_store, static_of
from studies.imaging.pack_reader import PackReader
from studies.models import Clip, Revision, Track
from studies.rules.no_lesion import sentence_of
from studies.selectors import newest_detection, track_of_record
from studies.services.video import pack_local_path

NO_TRACK = "There is no lesion box to describe: the detector found none. Draw one in the viewer."
MS_PER_S = 1000.0
REJECTED_BY_READER = "A reader rejected this frame."
# The parameters that a static feature of a frame depends on; others only touch the curves.
STATIC_PARAMETERS = (
    "mask_kind", "margin", "bin_width", "bin_count", "min_pixels", "min_side_px", "spacing_base", "exclude",
)  # fmt: skip


def describe_clip_tracks(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Describe the track of record and the tracks being edited; what is known already is not done again."""
    clip = job.clip
    if clip is None:
        raise UnusableClipError("This job has no clip; start it from a clip's page.")
    record = track_of_record(clip)
    tracks = live_tracks(clip, record)
    if not tracks and (record is None or not record.no_lesion):
        return {"message": NO_TRACK}
    messages = [_describe_track(clip, track, ticker) for track in tracks]
    if record is not None and record.no_lesion:
        return {"message": sentence_of(record.no_lesion)}
    if record is not None:
        messages[0] += _predicted(clip)
    return {"message": messages[0]}


def _predicted(clip: Clip) -> str:
    """Renew the prediction of the patient; a model that cannot be opened does not undo the description."""
    try:
        predict_if_possible(clip.patient)
    except ModelFileError as error:
        return f" Not predicted: {error}"
    return ""


def _describe_track(clip: Clip, track: Track, ticker: JobTicker) -> str:
    revision, parameters = head_of(track), parameters_of(clip.study)
    wanted = description_digest(clip, revision, parameters)
    if known := FeatureSet.objects.filter(digest=wanted).first():
        FeatureSet.objects.filter(pk=known.pk).update(revision=revision)  # the same boxes, drawn again
        return f"Already described: {known.n_used} frames."
    ticker.begin(f"computing features ({track.get_source_display()} boxes)", clip.n_frames)
    boxes, excluded = dense_boxes(revision, clip.n_frames), excluded_by_people(revision)
    reusable = _known_rows(clip, boxes, parameters)
    try:
        with PackReader(pack_local_path(clip)) as pack:
            description = describe_clip(
                frames_of(pack, skip=excluded | set(reusable)),
                boxes,
                fps=clip.fps,
                spacing_mm=clip.spacing_mm,
                parameters=parameters,
                times_s=times_of(clip),
                known_static={t: row for t, row in reusable.items() if t not in excluded},
                left_out=dict.fromkeys(sorted(excluded), REJECTED_BY_READER),
                progress=ticker.progress,
                cancelled=ticker.cancelled,
            )
    except UnusableClipError as error:
        return f"Not described: {error}"
    _store(clip, track, revision, wanted, boxes, description)
    return f"{description.n_used} frames described, {description.qc['reused']} of them known before."


def frames_of(pack: PackReader, skip: set[int]) -> Iterator[NDArray[np.uint8] | None]:
    """Frames in order; None where nothing needs to be decoded."""
    for index in range(pack.n_frames):
        if index in skip:
            yield None
        else:
            yield pack.rgb(index) if pack.colour else pack.grey(index)


def times_of(clip: Clip) -> NDArray[np.float64] | None:
    return None if clip.frame_times_ms is None else np.asarray(clip.frame_times_ms) / MS_PER_S


def _known_rows(
    clip: Clip, boxes: NDArray[np.float64], parameters: DescribeParameters
) -> dict[int, NDArray[np.float64]]:
    """Static rows stored before for frames whose box is the same, under the same code and parameters."""
    rows: dict[int, NDArray[np.float64]] = {}
    measured = {f"parameters__{name}": getattr(parameters, name) for name in STATIC_PARAMETERS}
    stored = FeatureSet.objects.filter(clip=clip, pipeline_version=PIPELINE_VERSION, **measured)
    for feature_set in stored.order_by("created_at"):
        static = static_of(feature_set)
        same = (boxes[static.frame_indices] == static.boxes).all(axis=1)
        rows |= dict(zip(static.frame_indices[same].tolist(), static.values[same], strict=True))
    return rows


def _store(
    clip: Clip,
    track: Track,
    revision: Revision,
    wanted: str,
    boxes: NDArray[np.float64],
    found: ClipDescription,
) -> None:
    qc: dict[str, Any] = dict(found.qc)
    reasons: list[str] = []
    detection = newest_detection(clip)
    if track.source == Track.Source.MODEL and detection is not None:
        qc["detection"] = detection.qc
        reasons = list(sentences(detection.qc)) if non_compliance(detection.qc) else []
    feature_set_store(
        clip=clip,
        revision=revision,
        box_source=track.source,
        digest=wanted,
        pipeline_version=found.version,
        parameters=asdict(found.parameters),
        static=StoredStatic(found.frame_indices, found.static, boxes[found.frame_indices]),
        dynamic=found.dynamic,
        window=found.window,
        time_base=found.time_base,
        fps=found.fps,
        qc=qc,
        reasons=reasons,
        excluded=found.reasons,
    )
