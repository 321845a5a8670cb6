"""Learn from a larger detector: its answer for every anchor is a second truth beside the labelled boxes.

A labelled box says yes or no; a teacher also says how sure it is of everything else in the picture, which is
most of what a small network can learn from few images (Hinton et al., 2015; for detectors Chen et al.,
NeurIPS 2017).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from analysis.pipeline.errors import ModelFileError
from analysis.pipeline.kernels import training_state

LAYER_BALANCE = (4.0, 1.0, 0.4)  # YOLOv5's weights of the objectness of strides 8, 16, 32
_LEAST = 1e-6  # objectness below which a layer teaches no boxes


class Teacher:
    """A trained detector that answers for a batch what the learning one should answer."""

    def __init__(self, path: Path, anchors: list[list[float]], dtype: torch.dtype | None) -> None:
        """path: ``.safetensors`` of a run with the same anchors; dtype: of the arithmetic, None for single
        precision. Raises ModelFileError for weights that are damaged or have other anchors."""
        self.model, own = training_state.load_weights(path)
        if own != anchors:
            raise ModelFileError(
                f"Expected a teacher with the anchors of the run, {path} has others; train both on the same "
                "images and seed, or start from weights with its anchors."
            )
        self.model.requires_grad_(False)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.train()  # the head then gives logits, as it does for the learner
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        self.dtype = dtype

    @torch.no_grad()
    def answer(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Logits of each stride, (B, 3, rows, columns, 6) float32, for pixels (B, 1, H, W) in 0..1."""
        with torch.autocast("cpu", dtype=self.dtype or torch.bfloat16, enabled=self.dtype is not None):
            layers = self.model(pixels)
        return [layer.float() for layer in layers]


def distillation_loss(
    predictions: Sequence[torch.Tensor],
    answers: Sequence[torch.Tensor],
    *,
    box_gain: float,
    objectness_gain: float,
) -> torch.Tensor:
    """How far the learner's logits are from the teacher's (a scalar, 0 at the teacher's for the boxes).

    predictions, answers: one (B, 3, rows, columns, 6) a stride. Objectness: cross-entropy with the teacher's
    probability. Boxes: squared difference of the four offsets in 0..1, weighted by the teacher's objectness.
    """
    box = objectness = predictions[0].new_zeros(())
    for own, other, balance in zip(predictions, answers, LAYER_BALANCE, strict=True):
        sure = other[..., 4].sigmoid()
        objectness = objectness + balance * F.binary_cross_entropy_with_logits(own[..., 4], sure)
        apart = (own[..., :4].sigmoid() - other[..., :4].sigmoid()).square().sum(dim=-1)
        box = box + (sure * apart).sum() / sure.sum().clamp(min=_LEAST)
    return box_gain * box + objectness_gain * objectness
