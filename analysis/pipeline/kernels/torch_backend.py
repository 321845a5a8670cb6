"""The detector's network in torch: half precision on a CUDA card, single precision on a processor (for
comparison)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.kernels import training_state
from analysis.pipeline.kernels.detector_export import RawHead
from analysis.pipeline.kernels.network_model import model_from_metadata

CUDA_BATCH = 32  # frames in one call on a card; batches do not help on a processor


class TorchNetwork:
    """YOLOv5 in torch, from the ``.safetensors`` that lies beside an exported ``.onnx``."""

    def __init__(self, path: Path, device: str | None = None) -> None:
        """device: "cuda" or "cpu", None for the card when there is one."""
        file = path.with_suffix(".safetensors")
        model, _ = training_state.load_weights(file)
        self.model = model_from_metadata(training_state.read_tensors(file)[1], file)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        on_card = self._device.type == "cuda"
        self._dtype = torch.float16 if on_card else torch.float32
        self._network = RawHead(model).eval().to(self._device, self._dtype)
        self.backend, self.batch = ("torch-cuda-half", CUDA_BATCH) if on_card else ("torch-cpu", 1)

    @torch.inference_mode()
    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, A, 6) of grey images (B, H, W) uint8."""
        pixels = torch.from_numpy(images).to(self._device)[:, None].to(self._dtype) / 255
        logits = self._network(pixels.expand(-1, self.model.channels, -1, -1))
        return np.asarray(logits.float().cpu().numpy(), np.float32)
