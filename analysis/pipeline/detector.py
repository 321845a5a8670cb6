"""Find the lesion: a YOLOv5 over the frames of a clip.                    frames -> boxes a frame

ONNX Runtime or OpenVINO on the processor, torch in half precision on a CUDA card. Letterbox, decoding and
suppression are our own and the same for all of them. On a processor frames run in parallel threads, each with
one thread inside the network, because batching does not help there; a card takes them in batches. Only a few
frames are in memory at any time.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import CancelledError, InvalidInputError
from analysis.pipeline.kernels import detector_backends
from analysis.pipeline.kernels.box_geometry import STRIDE, Letterbox, suppress
from analysis.pipeline.kernels.yolo_head import Logits, decode, decode_mirrored

DEFAULT_WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "lesion-yolov5n.onnx"
RAW_CONFIDENCE = (
    0.05  # raw detections are kept well below the operating point; the repair of tracks chooses among them
)
NMS_IOU = 0.45
MAX_BOXES = 5
SIZE_RANGE = (64, 1280)
_BATCHES_IN_FLIGHT = 2  # a thread

Frame = NDArray[np.uint8]
Box5 = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a loaded detector is: for records, digests and the model card.

    name: as "lesion-yolov5n"; architecture: as "yolov5n"; backend: as "onnxruntime"; digest: SHA-256 of the
    weights file; size: default input side in pixels; confidence: operating point chosen on validation images,
    0..1.
    """

    name: str
    architecture: str
    backend: str
    digest: str
    size: int
    confidence: float


def load_detector(
    path: Path | str | None = None, *, backend: str = "auto", threads: int | None = None
) -> "Detector":
    """Load detector weights after checking their digest, format and architecture.

    path: an exported ``.onnx`` (or ``.safetensors`` for torch), None for the shipped weights; backend:
    "auto", "onnxruntime", "openvino" or "torch"; threads: frames that run at the same time, None for one a
    processor core. Raises ModelFileError for a missing, damaged or foreign file, InvalidInputError for an
    unknown back end.
    """
    file = Path(path) if path is not None else DEFAULT_WEIGHTS
    if threads is not None and threads < 1:
        raise InvalidInputError(f"Expected at least one thread, got {threads}.")
    workers = threads or len(os.sched_getaffinity(0))
    return Detector(detector_backends.load(file, backend, workers), file, workers)


class Detector:
    """A loaded detector; safe to use from several threads."""

    def __init__(self, network: detector_backends.Network, file: Path, threads: int) -> None:
        self._network, self._threads = network, threads
        model = network.model
        self.info = DetectorInfo(
            name=file.stem,
            architecture=f"yolov5{model.size}",
            backend=network.backend,
            digest=hashlib.sha256(file.read_bytes()).hexdigest(),
            size=model.image_size,
            confidence=model.confidence,
        )

    @property
    def name(self) -> str:
        """Name of the weights, as "lesion-yolov5n"."""
        return self.info.name

    @property
    def digest(self) -> str:
        """SHA-256 of the weights file, 64 hexadecimal digits."""
        return self.info.digest

    @property
    def size(self) -> int:
        """Default longer side of the network input, in pixels."""
        return self.info.size

    @property
    def backend(self) -> str:
        """The library that runs the network, with its device."""
        return self.info.backend

    def detect(
        self,
        frames: Iterable[Frame],
        *,
        size: int | None = None,
        conf: float = RAW_CONFIDENCE,
        iou: float = NMS_IOU,
        max_boxes: int = MAX_BOXES,
        flip: bool = False,
        progress: Callable[[int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[list[Box5]]:
        """Boxes of every frame: best first, (x1, y1, x2, y2, confidence) in stored-frame pixels, clipped to
        the frame.

        frames: (H, W) or (H, W, 3) uint8 each, read lazily; size: longer side of the input, a multiple of
        32 (None: the side of training); conf: lowest confidence kept, 0..1; iou: a box that overlaps a better
        one by more is dropped; max_boxes: a frame; flip: average with the mirrored frame (twice the time);
        progress: called with the number of frames done; cancelled: asked before each frame.
        Raises InvalidInputError for a bad frame or parameter, CancelledError on request.
        """
        found = []
        for boxes in self.stream(
            frames, size=size, conf=conf, iou=iou, max_boxes=max_boxes, flip=flip, cancelled=cancelled
        ):
            found.append(boxes)
            if progress is not None:
                progress(len(found))
        return found

    def stream(
        self,
        frames: Iterable[Frame],
        *,
        size: int | None = None,
        conf: float = RAW_CONFIDENCE,
        iou: float = NMS_IOU,
        max_boxes: int = MAX_BOXES,
        flip: bool = False,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[list[Box5]]:
        """The same as ``detect``, frame by frame, in order."""
        settings = _Settings(_checked_size(self.size if size is None else size), conf, iou, max_boxes, flip)
        settings.check()
        waiting: deque[Future[list[list[Box5]]]] = deque()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="detector") as pool:
            try:
                for group in _batches(_greys(frames, cancelled), self._network.batch):
                    waiting.append(pool.submit(self._run, group, settings))
                    if len(waiting) >= _BATCHES_IN_FLIGHT * self._threads:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _run(self, greys: list[Frame], settings: "_Settings") -> list[list[Box5]]:
        """Boxes of grey frames of one shape."""
        height, width = greys[0].shape
        fit = _letterbox(width, height, settings.size)
        images = np.stack([fit.apply(grey) for grey in greys])
        if not settings.flip:
            return [self._boxes(logits, None, fit, settings) for logits in self._network.run(images)]
        both = self._network.run(np.concatenate([images, images[:, :, ::-1]]))
        pairs = zip(both[: len(images)], both[len(images) :], strict=True)
        return [self._boxes(logits, mirrored, fit, settings) for logits, mirrored in pairs]

    def _boxes(
        self, logits: Logits, mirrored: Logits | None, fit: Letterbox, settings: "_Settings"
    ) -> list[Box5]:
        """Boxes of one frame from its logits, and from those of its mirror image where there are any."""
        head, shape = self._network.model.head, fit.input_shape
        if mirrored is None:
            boxes, scores = decode(logits, shape, head, settings.conf)
        else:
            boxes, scores = decode_mirrored(logits, mirrored, shape, head, settings.conf)
        kept = suppress(boxes, scores, settings.iou, settings.max_boxes)
        placed = fit.to_frame(boxes[kept])
        rows = zip(placed.tolist(), scores[kept].tolist(), strict=True)
        return [(x1, y1, x2, y2, score) for (x1, y1, x2, y2), score in rows if x2 > x1 and y2 > y1]


def _greys(frames: Iterable[Frame], cancelled: Callable[[], bool] | None) -> Iterator[Frame]:
    """Grey frames, until somebody cancels."""
    for frame in frames:
        if cancelled is not None and cancelled():
            raise CancelledError("Detection stopped on request; start it again to complete the clip.")
        yield _grey(frame)


def _batches(greys: Iterable[Frame], most: int) -> Iterator[list[Frame]]:
    """Neighbouring frames of one shape, at most so many together."""
    for _, same in groupby(greys, key=lambda grey: grey.shape):
        while batch := list(islice(same, most)):
            yield batch


@dataclass(frozen=True, slots=True)
class _Settings:
    size: int
    conf: float
    iou: float
    max_boxes: int
    flip: bool

    def check(self) -> None:
        if not 0 < self.conf <= 1 or not 0 <= self.iou <= 1:
            raise InvalidInputError(
                f"Expected conf in (0, 1] and iou in [0, 1], got {self.conf} and {self.iou}."
            )
        if self.max_boxes < 1:
            raise InvalidInputError(f"Expected at least one box a frame, got max_boxes={self.max_boxes}.")


def _checked_size(size: int) -> int:
    if size % STRIDE or not SIZE_RANGE[0] <= size <= SIZE_RANGE[1]:
        raise InvalidInputError(
            f"Expected an input side that is a multiple of {STRIDE} in {SIZE_RANGE}, got {size}."
        )
    return size


def _grey(frame: Frame) -> Frame:
    """Grey (H, W) uint8 of a frame. Raises InvalidInputError for another shape or type."""
    if (
        frame.dtype != np.uint8
        or frame.ndim not in (2, 3)
        or (frame.ndim == 3 and frame.shape[2] != 3)
        or not frame.size
    ):
        raise InvalidInputError(
            f"Expected frames (H, W) or (H, W, 3) of uint8, got {frame.shape} of {frame.dtype}."
        )
    if frame.ndim == 2:
        return frame
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


@lru_cache(maxsize=8)
def _letterbox(width: int, height: int, size: int) -> Letterbox:
    return Letterbox.fit(width, height, size)
