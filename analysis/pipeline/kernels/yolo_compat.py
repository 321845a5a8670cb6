"""The one place that touches the ``yolov5`` package (7.0.14) and, behind it, torchvision.

The package was written for older libraries and for a connected workstation. What is adapted here, and nowhere
else:

* torchvision's CPU wheel lacks its compiled operators; ``torchvision::nms`` is registered in plain torch
  before the import;
* ``ultralytics``, ``seaborn``, ``roboflow`` and ``IPython`` are replaced by empty stand-ins: they serve
  telemetry, plots and notebooks;
* the settings folder goes to a temporary folder, the font check and every download are refused;
* environment variables, print options, the logger and the Matplotlib back end that the package changes on
  import are put back.

Checkpoints of the package itself (pickles) are never read; weights travel as safetensors and ONNX. YOLOv5 is
AGPL-3.0: see NOTICE.
"""

import contextlib
import copy
import importlib
import importlib.machinery
import importlib.util
import logging
import os
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.pipeline.errors import ModelFileError

YOLOV5_VERSION = "7.0.14"
SIZES = ("n", "s")
_STUBS = (
    "ultralytics",
    "ultralytics.utils",
    "ultralytics.utils.checks",
    "seaborn",
    "roboflow",
    "IPython",
    "IPython.display",
)
_TORCHVISION_LIBRARIES: list[torch.library.Library] = []

# Loss gains of YOLOv5's hyp.scratch-low at three detection layers; box and objectness are scaled in
# ``loss_gains``.
_BASE_HYP: dict[str, float] = {
    "box": 0.05,
    "obj": 1.0,
    "cls": 0.5,
    "cls_pw": 1.0,
    "obj_pw": 1.0,
    "anchor_t": 4.0,
    "fl_gamma": 0.0,
    "label_smoothing": 0.0,
}
_REFERENCE_SIZE = 640.0  # the image size for which YOLOv5 states its objectness gain


def _nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Greedy non-maximum suppression: boxes (N, 4), scores (N,) -> kept indices, best first."""
    order = scores.argsort(descending=True)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while order.numel():
        best = int(order[0])
        kept.append(best)
        rest = order[1:]
        top_left = torch.maximum(boxes[best, :2], boxes[rest, :2])
        bottom_right = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
        overlap = (bottom_right - top_left).clamp(min=0).prod(dim=1)
        order = rest[overlap <= iou_threshold * (areas[best] + areas[rest] - overlap)]
    return torch.tensor(kept, dtype=torch.int64)


def _register_torchvision_operators() -> None:
    """Define ``torchvision::nms`` where the wheel brings no compiled operators."""
    if _TORCHVISION_LIBRARIES or "torchvision" in sys.modules:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):  # torchvision registers a shape rule for both when it is imported
        with contextlib.suppress(RuntimeError):  # defined already by a complete wheel
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
            library.impl(name, _nms, "CPU")  # type: ignore[no-untyped-call]
    _TORCHVISION_LIBRARIES.append(library)


def _refuse_download(*_args: object, **_kwargs: object) -> None:
    """Stand in for every function of the package that would fetch something."""


def _is_absent(package: str) -> bool:
    return package not in sys.modules and importlib.util.find_spec(package) is None


def _stub_modules() -> list[str]:
    """Put empty modules in the place of packages that are not installed; return their names."""
    names = [name for name in _STUBS if _is_absent(name.partition(".")[0])]
    for name in names:
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        module.__path__ = []
        module.check_requirements = _refuse_download  # type: ignore[attr-defined]
        module.display = _refuse_download  # type: ignore[attr-defined]
        sys.modules[name] = module
    return names


@contextlib.contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Put back what importing the package changes: environment, path, print options, warning filters."""
    environment, path = dict(os.environ), list(sys.path)
    print_options = np.get_printoptions()
    logging_state = logging.getLogger().level
    with tempfile.TemporaryDirectory(prefix="her2web-yolov5-") as folder:
        os.environ.update(
            YOLOV5_CONFIG_DIR=folder,
            YOLOv5_AUTOINSTALL="false",
            YOLOv5_VERBOSE="false",
            MPLCONFIGDIR=folder,
            MPLBACKEND="Agg",
        )
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(environment)
            sys.path[:] = path
            np.set_printoptions(**print_options)
            torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
            logging.getLogger().setLevel(logging_state)


@cache
def _package() -> types.SimpleNamespace:
    """Import the package once, patched; the stand-ins leave ``sys.modules`` again."""
    if not hasattr(np, "trapz"):
        setattr(np, "trapz", np.trapezoid)  # noqa: B010 - the package still asks for the old name
    _register_torchvision_operators()
    stubs = _stub_modules()
    try:
        with _surroundings_kept(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yolo = importlib.import_module("yolov5.models.yolo")
            loss = importlib.import_module("yolov5.utils.loss")
            general = importlib.import_module("yolov5.utils.general")
            downloads = importlib.import_module("yolov5.utils.downloads")
    finally:
        for name in stubs:
            sys.modules.pop(name, None)
    for module, name in (
        (general, "check_font"),
        (general, "check_requirements"),
        (downloads, "attempt_download_from_hub"),
    ):
        setattr(module, name, _refuse_download)
    general.LOGGER.setLevel(logging.WARNING)
    return types.SimpleNamespace(yolo=yolo, loss=loss, root=Path(str(yolo.__file__)).parent)


def build_model(size: str, anchors: Sequence[Sequence[float]], *, channels: int = 3) -> torch.nn.Module:
    """Build a YOLOv5 detection model with one class ("lesion") and freshly initialised weights.

    size: "n" or "s"; anchors: three rows (strides 8, 16, 32) of six numbers w, h in input pixels; channels:
    input channels.
    Raises ModelFileError for a size that does not exist.
    """
    if size not in SIZES:
        raise ModelFileError(f"Expected a YOLOv5 size in {SIZES}, got {size!r}; name one of these.")
    package = _package()
    import yaml  # noqa: PLC0415 - needed only where training runs

    architecture = yaml.safe_load(
        (package.root / f"yolov5{size}.yaml").read_text(encoding="ascii", errors="ignore")
    )
    architecture.update(nc=1, anchors=[list(map(float, row)) for row in anchors])
    model: torch.nn.Module = package.yolo.DetectionModel(architecture, ch=channels)
    model.names = {0: "lesion"}  # type: ignore[assignment]
    return model


def loss_gains(image_size: int, layers: int = 3) -> dict[str, float]:
    """YOLOv5's loss gains, scaled to the image size and number of layers as its own training does."""
    gains = dict(_BASE_HYP)
    gains["box"] *= 3 / layers
    gains["obj"] *= (image_size / _REFERENCE_SIZE) ** 2 * 3 / layers
    return gains


def build_loss(model: torch.nn.Module, gains: dict[str, float]) -> Any:
    """YOLOv5's ComputeLoss: called with (predictions, targets (N, 6) [image, class, cx, cy, w, h in
    0..1])."""
    model.hyp = gains  # type: ignore[assignment]
    return _package().loss.ComputeLoss(model)


def fused_for_export(model: torch.nn.Module) -> torch.nn.Module:
    """A copy in inference mode with batch norms folded into convolutions, one output (B, A, 6), fixed
    grid."""
    exported = copy.deepcopy(model).eval().requires_grad_(False)
    exported.fuse()  # type: ignore[operator]
    head: Any = exported.model[-1]  # type: ignore[index]
    head.export, head.inplace = True, False
    return exported
