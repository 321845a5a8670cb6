"""What the metadata of a weights file says of its network."""

import json
from dataclasses import dataclass
from pathlib import Path

from analysis.pipeline.errors import ModelFileError
from analysis.pipeline.kernels.yolo_head import Head


@dataclass(frozen=True, slots=True)
class NetworkModel:
    """What the metadata of a weights file says."""

    size: str
    channels: int
    image_size: int
    confidence: float
    head: Head


def model_from_metadata(metadata: dict[str, str], path: Path) -> NetworkModel:
    """Read the metadata of a weights file. Raises ModelFileError when it is of another architecture or
    incomplete."""
    if metadata.get("family") != "yolov5":
        raise ModelFileError(
            f"Expected YOLOv5 weights, {path} holds {metadata.get('family')!r}; use a file that this "
            f"program exported."
        )
    try:
        anchors = tuple(
            tuple(zip(row[::2], row[1::2], strict=True)) for row in json.loads(metadata["anchors"])
        )
        return NetworkModel(
            size=metadata["size"],
            channels=int(metadata["channels"]),
            image_size=int(metadata["image_size"]),
            confidence=float(metadata["confidence"]),
            head=Head(tuple(json.loads(metadata.get("strides", "[8, 16, 32]"))), anchors),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelFileError(
            f"Expected complete metadata in {path}, got an error at {error}; export the weights again."
        ) from error
