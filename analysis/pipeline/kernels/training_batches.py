"""Batches for the detector: augmented images and targets, drawn in a background thread, each from its own
seed."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.kernels.augment import AugmentOptions, draw_training_image
from analysis.pipeline.kernels.detector_dataset import CachedStill


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How batches are drawn over a run.

    small_sizes: cheaper input sides, drawn at random in the first part ``small_until`` (0..1) of the run;
    mosaic_until: part of the run with mosaics; synthetic: part of every batch that comes from the synthetic
    pool.
    """

    image_size: int = 320
    small_sizes: tuple[int, ...] = (192, 224, 256, 288)
    small_until: float = 0.6
    mosaic_until: float = 0.7
    epochs: int = 90
    batch: int = 16
    synthetic: float = 0.0
    seed: int = 0
    augment: AugmentOptions = field(default_factory=AugmentOptions)


@dataclass(frozen=True, slots=True)
class Batch:
    """pixels (B, 1, S, S) float32 in 0..1; targets (N, 6) [image, class, cx, cy, w, h]; masks (B, 1, S, S)
    float32, 1 inside lesions."""

    pixels: torch.Tensor
    targets: torch.Tensor
    masks: torch.Tensor


class Batches:
    """Batches of one run. The draw of a batch depends on the seed, the epoch and the step only."""

    def __init__(
        self, stills: Sequence[CachedStill], synthetic: Sequence[CachedStill], options: BatchOptions
    ) -> None:
        self.stills, self.synthetic, self.options = stills, synthetic, options
        self.real = (
            max(1, round(options.batch * (1 - options.synthetic))) if len(synthetic) else options.batch
        )
        self.per_epoch = math.ceil(len(stills) / self.real)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Batch after batch of one pass over the real images."""
        order = np.random.default_rng((self.options.seed, epoch)).permutation(len(self.stills))
        with ThreadPoolExecutor(1) as pool:
            waiting = [pool.submit(self._draw, epoch, step, order) for step in range(min(2, self.per_epoch))]
            for step in range(self.per_epoch):
                batch = waiting.pop(0).result()
                if step + 2 < self.per_epoch:
                    waiting.append(pool.submit(self._draw, epoch, step + 2, order))
                yield batch

    def _draw(self, epoch: int, step: int, order: NDArray[np.int64]) -> Batch:
        options, rng = self.options, np.random.default_rng((self.options.seed, epoch, step))
        done = epoch / options.epochs
        small = bool(options.small_sizes) and done < options.small_until
        size = int(rng.choice(options.small_sizes)) if small else options.image_size
        strengths = options.augment if done < options.mosaic_until else replace(options.augment, mosaic=0.0)
        images, targets, masks = [], [], []
        for slot in range(options.batch):
            pool, index = self.stills, int(order[(step * self.real + slot) % len(order)])
            if slot >= self.real:
                pool, index = self.synthetic, int(rng.integers(len(self.synthetic)))
            image, boxes, mask = draw_training_image(pool, index, size, strengths, rng)
            images.append(image)
            masks.append(mask)
            targets.append(target_rows(slot, boxes, size))
        pixels = torch.from_numpy(np.stack(images)[:, None]).float().div_(255)
        return Batch(
            pixels.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(np.concatenate(targets)),
            torch.from_numpy(np.stack(masks)[:, None]).float(),
        )


def target_rows(slot: int, boxes: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Boxes (N, 4) in pixels as rows [image, class, cx, cy, w, h] in 0..1."""
    rows = np.zeros((len(boxes), 6), np.float32)
    rows[:, 0] = slot
    rows[:, 2:4] = (boxes[:, :2] + boxes[:, 2:]) / (2 * size)
    rows[:, 4:6] = (boxes[:, 2:] - boxes[:, :2]) / size
    return rows
