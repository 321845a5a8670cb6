"""Teach a detector where lesions are, pixel by pixel, beside its boxes.

A box says little about which pixels made a network fire. While it learns, each of its three feature maps also
has to give the lesion mask at its own resolution, through one 1x1 convolution that no exported file contains.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

_SMOOTHING = 1.0  # cells added to both sides of the Dice overlap: an image without a lesion is defined


class MaskSupervision(nn.Module):
    """Lesion-mask heads on the feature maps that enter the detection layer of a YOLOv5."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        detect: Any = model.model[-1]  # type: ignore[index]
        self.heads = nn.ModuleList(nn.Conv2d(layer.in_channels, 1, 1) for layer in detect.m)
        self._maps: list[torch.Tensor] = []
        detect.register_forward_pre_hook(self._keep)

    def _keep(self, _module: nn.Module, inputs: tuple[list[torch.Tensor]]) -> None:
        self._maps = list(inputs[0])

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        """Mean over the feature maps of cross-entropy and Dice loss (a scalar), for the images that the
        detector saw last.

        masks: (B, 1, S, S) float32, 1 inside lesions.
        """
        losses = []
        for head, features in zip(self.heads, self._maps, strict=True):
            logits = head(features.float())
            truth = F.adaptive_avg_pool2d(masks, logits.shape[-2:])
            chance = logits.sigmoid()
            shared, total = (chance * truth).sum((1, 2, 3)), (chance + truth).sum((1, 2, 3))
            dice = 1 - ((2 * shared + _SMOOTHING) / (total + _SMOOTHING)).mean()
            losses.append(F.binary_cross_entropy_with_logits(logits, truth) + dice)
        self._maps = []
        return torch.stack(losses).mean()
