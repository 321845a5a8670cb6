"""Export a trained detector: safetensors with half-precision kernels for torch, and an ONNX graph of the same
numbers."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch

from analysis.pipeline.kernels import sealed_file, training_state, yolo_compat
from analysis.pipeline.kernels.anchors import STRIDES

ONNX_FORMAT = "her2web-detector-onnx-1"
OPSET = 17


class RawHead(torch.nn.Module):
    """The network with one output: logits (B, A, 6) [x, y, w, h, objectness, class], strides 8, 16, 32,
    anchor-major."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.network = yolo_compat.fused_for_export(model)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (B, C, H, W) in 0..1 -> logits (B, A, 6)."""
        head: Any = self.network.model[-1]  # type: ignore[index]
        head.training = True  # it then gives logits, not boxes
        layers = self.network(pixels)
        return torch.cat([layer.flatten(1, 3) for layer in layers], dim=1)


def round_kernels(model: torch.nn.Module) -> None:
    """Round convolution kernels to half precision in place, so that the small file holds exactly the exported
    numbers."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(parameter.half().float())


def _weights_id(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            digest.update(name.encode() + tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def export(
    weights: Path,
    folder: Path,
    name: str,
    *,
    image_size: int,
    confidence: float,
    notes: dict[str, str] | None = None,
) -> tuple[Path, Path]:
    """Write ``name.onnx`` and ``name.safetensors`` to ``folder`` from the weights of a run.

    image_size: the input size of training, the default of inference; confidence: the operating point chosen
    on validation images; notes: further metadata. Returns both paths. Raises ModelFileError when the weights
    cannot be read.
    """
    model, anchors = training_state.load_weights(weights)
    size = training_state.read_tensors(weights)[1]["size"]
    model.eval()
    round_kernels(model)
    shared = {
        "image_size": str(image_size),
        "confidence": f"{confidence:.6f}",
        "weights_id": _weights_id(model),
        **(notes or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    torch_file, onnx_file = folder / f"{name}.safetensors", folder / f"{name}.onnx"
    training_state.save_weights(torch_file, model, anchors, size, half_kernels=True, extra=shared)
    channels = int(next(model.parameters()).shape[1])
    metadata = {
        "format": ONNX_FORMAT,
        "family": "yolov5",
        "size": size,
        "channels": str(channels),
        "anchors": json.dumps(anchors),
        "strides": json.dumps(STRIDES),
        **shared,
    }
    _export_onnx(model, onnx_file, channels, image_size, metadata)
    return onnx_file, torch_file


def _export_onnx(
    model: torch.nn.Module, path: Path, channels: int, image_size: int, metadata: dict[str, str]
) -> None:
    example = torch.zeros(1, channels, image_size, image_size)
    axes = {"pixels": {0: "batch", 2: "height", 3: "width"}, "logits": {0: "batch", 1: "anchors"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecation notes
        torch.onnx.export(
            RawHead(model).eval(),
            (example,),
            str(path),
            input_names=["pixels"],
            output_names=["logits"],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, {**metadata, "digest": sealed_file.BLANK})
    onnx.save(graph, str(path))
    sealed_file.seal(path)
