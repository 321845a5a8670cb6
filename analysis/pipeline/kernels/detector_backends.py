"""The libraries that can run the detector's network: ONNX Runtime, OpenVINO, torch. All take
images of one shape and give logits."""

import importlib.util
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError, ModelFileError
from analysis.pipeline.kernels import sealed_file
from analysis.pipeline.kernels.network_model import NetworkModel, model_from_metadata

BACKENDS = ("auto", "onnxruntime", "openvino", "torch")
ONNX_FORMAT = "her2web-detector-onnx-1"
HEAD_COLUMNS = 6
_NVIDIA_DEVICE = Path("/dev/nvidiactl")


class Network(Protocol):
    """A network that is ready to run."""

    model: NetworkModel
    backend: str
    batch: int  # frames that are best run in one call

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, A, 6) of grey images (B, H, W) uint8, sides multiples of the largest stride; safe from
        several threads."""
        ...


def load(path: Path, backend: str, threads: int) -> Network:
    """Load a weights file with a back end of ``BACKENDS``. Raises ModelFileError, InvalidInputError."""
    if backend not in BACKENDS:
        raise InvalidInputError(f"Expected a back end in {BACKENDS}, got {backend!r}.")
    if backend == "torch" or (backend == "auto" and _has_cuda()) or path.suffix == ".safetensors":
        from analysis.pipeline.kernels.torch_backend import TorchNetwork  # noqa: PLC0415 - torch takes seconds to import

        return TorchNetwork(path)
    content = sealed_file.read_sealed(path)
    return OpenVinoNetwork(content, path, threads) if backend == "openvino" else OnnxNetwork(content, path)


def _has_cuda() -> bool:
    return _NVIDIA_DEVICE.exists() and importlib.util.find_spec("torch") is not None


def _unit_batch(images: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """(B, H, W) uint8 -> (B, C, H, W) float32 in 0..1."""
    unit = np.divide(images[:, None], np.float32(255), dtype=np.float32)
    return unit if channels == 1 else np.repeat(unit, channels, axis=1)


class OnnxNetwork:
    """ONNX Runtime on the processor, one thread inside the network."""

    def __init__(self, content: bytes, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except (
            Exception
        ) as error:  # ONNX Runtime raises its own types, and plain ones, for a graph that it cannot run
            raise ModelFileError(
                f"Expected an ONNX graph, {path} cannot be opened ({error}); restore the file."
            ) from error
        metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        if metadata.get("format") != ONNX_FORMAT:
            raise ModelFileError(
                f"Expected format {ONNX_FORMAT}, {path} says {metadata.get('format')!r}; export the "
                f"weights again."
            )
        self.model = model_from_metadata(metadata, path)
        self.backend, self.batch = "onnxruntime", 1
        _check_output(self, path)

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, A, 6) of grey images (B, H, W) uint8."""
        (logits,) = self._session.run(["logits"], {"pixels": _unit_batch(images, self.model.channels)})
        return np.asarray(logits, np.float32)


class OpenVinoNetwork:
    """OpenVINO on the processor, in single precision, one stream a thread."""

    def __init__(self, content: bytes, path: Path, threads: int) -> None:
        self.model = OnnxNetwork(content, path).model  # checks format and architecture
        import openvino  # noqa: PLC0415 - an optional dependency

        core = openvino.Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": str(threads),
            "INFERENCE_NUM_THREADS": str(threads),
        }
        self._compiled: Any = core.compile_model(core.read_model(content), "CPU", settings)
        self._local = threading.local()
        self.backend, self.batch = "openvino", 1

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, A, 6) of grey images (B, H, W) uint8."""
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        result = request.infer({"pixels": _unit_batch(images, self.model.channels)})
        return np.array(result[0], np.float32)


def _check_output(network: Network, path: Path) -> None:
    """Run an empty image once. Raises ModelFileError when the output does not fit the metadata."""
    size = network.model.image_size
    expected = (1, network.model.head.anchor_count((size, size)), HEAD_COLUMNS)
    try:
        shape: tuple[int, ...] = network.run(np.zeros((1, size, size), np.uint8)).shape
    except Exception as error:  # a graph with other inputs or outputs fails inside the library
        raise ModelFileError(
            f"Expected a detector graph, {path} does not run ({error}); export the weights again."
        ) from error
    if shape != expected:
        raise ModelFileError(
            f"Expected output {expected} for {size} px, {path} gives {shape}: another architecture; export "
            f"again."
        )
