"""Batches of binned recordings as tensors, in an order that depends on (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from edge_sast.events.augment import Augmentation
from edge_sast.events.binned import BinnedEvents
from trainer.workers.workers import ALONE, Workers

Batch = tuple[Tensor, Tensor]


class TrainingBatches:
    """Shuffled, augmented batches of one epoch; the last, smaller one is left out (batch norm wants full ones).

    The third number of `seed` separates independent orders of the same epoch: SAM's second minibatch uses its own.
    Of several workers each gets its part of the batches that one alone would get.
    """

    def __init__(
        self,
        binned: BinnedEvents,
        augmentation: Augmentation,
        size: int,
        seed: tuple[int, int, int],
        device: str,
        workers: Workers = ALONE,
    ) -> None:
        self.binned, self.augmentation, self.device, self.workers = binned, augmentation, device, workers
        self.size = min(size, len(binned))
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(binned))

    def __len__(self) -> int:
        return len(self.order) // self.size

    def __iter__(self) -> Iterator[Batch]:
        part = self.workers.part(self.size)
        for i in range(len(self)):
            rows = self.order[i * self.size : (i + 1) * self.size][part]
            dense = self.augmentation.apply(self.binned.dense(rows), self.rng, part.start, self.size)
            yield _to_device(dense, self.binned.labels[rows], self.device)


def in_order(binned: BinnedEvents, size: int, device: str) -> Iterator[Batch]:
    """Every recording once, in order, without augmentation."""
    for start in range(0, len(binned), size):
        rows = np.arange(start, min(start + size, len(binned)))
        yield _to_device(binned.dense(rows), binned.labels[rows], device)


def _to_device(dense: np.ndarray, labels: np.ndarray, device: str) -> Batch:
    x = device_input(torch.from_numpy(dense).to(device))
    return x, torch.from_numpy(labels).to(device)


def device_input(dense: Tensor) -> Tensor:
    """uint8 counts [B, T, H, W, 2] as the network's float input [T, B, 2, H, W], channels last in memory."""
    return dense.permute(1, 0, 2, 3, 4).to(torch.float32).contiguous().permute(0, 1, 4, 2, 3)
