"""Weights and checkpoints of a detector in training, as safetensors: no pickle is written or read."""

import copy
import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from analysis.pipeline.errors import ModelFileError
from analysis.pipeline.kernels import sealed_file, yolo_compat

FORMAT = "her2web-detector-1"
_EMA_RAMP = 400.0  # updates over which the averaging constant grows


class Shadow:
    """An exponential moving average of a model's weights (YOLOv5's ModelEMA, with its ramp)."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval()
        self.model.requires_grad_(False)
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Move the average towards the model."""
        self.updates += 1
        keep = self.decay * (1 - math.exp(-self.updates / _EMA_RAMP))
        current = model.state_dict()
        floats = [
            (own, current[name]) for name, own in self.model.state_dict().items() if own.is_floating_point()
        ]
        torch._foreach_lerp_([own for own, _ in floats], [new for _, new in floats], 1 - keep)


def _metadata(anchors: list[list[float]], size: str, channels: int) -> dict[str, str]:
    return {
        "format": FORMAT,
        "family": "yolov5",
        "size": size,
        "channels": str(channels),
        "anchors": json.dumps(anchors),
    }


def _write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    temporary = path.with_name(path.name + ".part")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(temporary), metadata)
    temporary.replace(path)


def save_weights(
    path: Path,
    model: torch.nn.Module,
    anchors: list[list[float]],
    size: str,
    *,
    half_kernels: bool = False,
    extra: dict[str, str] | None = None,
) -> None:
    """Write the weights of a model, sealed; batch-norm counters are left out.

    half_kernels: store convolution kernels in half precision; extra: further metadata.
    """
    tensors = {k: v.clone() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    if half_kernels:
        tensors = {k: v.half() if v.ndim > 1 and k.endswith("weight") else v for k, v in tensors.items()}
    metadata = _metadata(anchors, size, _channels(model)) | {"digest": sealed_file.BLANK} | (extra or {})
    _write(path, tensors, metadata)
    sealed_file.seal(path)


def _channels(model: torch.nn.Module) -> int:
    return int(next(model.parameters()).shape[1])


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a weights file. Raises ModelFileError when it is missing, damaged or of another
    kind."""
    try:
        with safe_open(str(path), framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise ModelFileError(
            f"Expected detector weights as safetensors, {path} cannot be read ({error}); restore the file."
        ) from error
    if metadata.get("format") != FORMAT or metadata.get("family") != "yolov5":
        raise ModelFileError(
            f"Expected weights of format {FORMAT}, {path} says {metadata.get('format')!r}; use a file of "
            f"this program."
        )
    return tensors, metadata


def load_weights(
    path: Path, *, expected_size: str | None = None
) -> tuple[torch.nn.Module, list[list[float]]]:
    """Build the model that a weights file describes and fill it; returns model and anchors.

    Raises ModelFileError for a damaged file, another size than expected, or tensors that do not fit the
    architecture.
    """
    sealed_file.read_sealed(path)
    tensors, metadata = read_tensors(path)
    size = metadata.get("size", "")
    if expected_size is not None and size != expected_size:
        raise ModelFileError(
            f"Expected weights of a YOLOv5{expected_size}, {path} holds YOLOv5{size}; choose the fitting "
            f"file or size."
        )
    anchors = json.loads(metadata["anchors"])
    model = yolo_compat.build_model(size, anchors, channels=int(metadata.get("channels", "1")))
    _fill(model, {name: tensor.float() for name, tensor in tensors.items()}, path)
    return model, anchors


def _fill(model: torch.nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    try:
        missing, unexpected = model.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise ModelFileError(
            f"Weights in {path} do not fit the architecture ({error}); use weights of the same model."
        ) from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ModelFileError(
            f"Weights in {path} do not fit: {len(missing)} tensors missing, {len(unexpected)} unknown; use "
            f"the same model."
        )


def save_checkpoint(
    path: Path,
    model: torch.nn.Module,
    shadow: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    anchors: list[list[float]],
    size: str,
    *,
    masks: torch.nn.Module | None = None,
) -> None:
    """Write everything that a run needs to continue: model, average, mask heads, and both moments of the
    optimiser."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()} | {
        f"shadow.{k}": v for k, v in shadow.state_dict().items()
    }
    if masks is not None:
        tensors |= {f"masks.{k}": v for k, v in masks.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
    _write(
        path,
        {name: tensor.clone() for name, tensor in tensors.items()},
        _metadata(anchors, size, _channels(model)),
    )


def load_checkpoint(
    path: Path,
    model: torch.nn.Module,
    shadow: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    masks: torch.nn.Module | None = None,
) -> None:
    """Fill model, average, mask heads and optimiser from a checkpoint. Raises ModelFileError when it does not
    fit."""
    tensors, _ = read_tensors(path)
    targets = [("model.", model), ("shadow.", shadow)] + ([("masks.", masks)] if masks is not None else [])
    for prefix, target in targets:
        _fill(
            target,
            {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)},
            path,
        )
    states: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, entry = name.split(".")
            states.setdefault(int(index), {})[entry] = tensor
    optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})
