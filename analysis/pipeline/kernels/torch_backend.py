"""The detector's network in torch: half precision on a CUDA card, single precision on a processor (for
comparison)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.kernels import training_state
from analysis.pipeline.kernels.detector_export import RawHead
from analysis.pipeline.kernels.network_model import model_from_metadata


class TorchNetwork:
    """YOLOv5 in torch, from the ``.safetensors`` that lies beside an exported ``.onnx``."""

    def __init__(self, path: Path) -> None:
        file = path.with_suffix(".safetensors")
        model, _ = training_state.load_weights(file)
        self.model = model_from_metadata(training_state.read_tensors(file)[1], file)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        self._network = RawHead(model).eval().to(self._device, self._dtype)
        self.backend = "torch-cuda-half" if self._device.type == "cuda" else "torch-cpu"

    @torch.inference_mode()
    def run(self, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (A, 6) of one grey square (S, S) uint8."""
        pixels = torch.from_numpy(square).to(self._device)[None, None].to(self._dtype) / 255
        logits: NDArray[np.float32] = (
            self._network(pixels.expand(-1, self.model.channels, -1, -1))[0].float().cpu().numpy()
        )
        return logits
