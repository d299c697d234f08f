"""Small networks and inputs for the trainer's tests."""

from __future__ import annotations

import numpy as np
import torch

from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from trainer.network.network import Network
from trainer.settings.network import NetworkSettings

CLASSES = ("a", "b", "c")


def binned_counts(counts: np.ndarray, cap: int) -> BinnedEvents:
    """Dense counts uint8 [N, T, H, W, 2] in the compressed form, labels in turn."""
    n, steps, height, width, _ = counts.shape
    rows = counts.reshape(n * steps, -1)
    pointers = np.concatenate([[0], np.cumsum((rows > 0).sum(1))]).astype(np.int64)
    indices = np.nonzero(rows)[1].astype(np.int32)
    labels = (np.arange(n) % len(CLASSES)).astype(np.int64)
    names = tuple(f"recording {i}" for i in range(n))
    binning = Binning(width, height, 0, 1000, steps, cap)
    return BinnedEvents(
        binning,
        indices,
        rows[rows > 0].astype(np.uint8),
        pointers,
        labels,
        CLASSES,
        names,
        np.zeros(n, np.int64),
    )


def random_recordings(
    seed: int, n: int, steps: int, side: int, cap: int = 1, rate: float = 0.2
) -> BinnedEvents:
    """n recordings of random counts of up to `cap` on side × side pixels."""
    rng = np.random.default_rng(seed)
    shape = (n, steps, side, side, 2)
    counts = rng.integers(1, cap, shape, endpoint=True) * (rng.random(shape) < rate)
    return binned_counts(counts.astype(np.uint8), cap)


def lively_network(arch: str, binned: BinnedEvents, seed: int, **settings: object) -> Network:
    """A network with random parameters and batch-norm statistics, such that neurons do fire."""
    torch.manual_seed(seed)
    grid = binned.binning
    network = Network(
        NetworkSettings(arch, len(CLASSES), grid.height, grid.width, grid.steps, grid.count_cap, **settings)
    )
    with torch.no_grad():
        for layer in network.weighted():
            layer.weight.mul_(3.0)
            if layer.norm is not None:
                layer.norm.running_mean.normal_(0, 0.3)
                layer.norm.running_var.uniform_(0.5, 2.0)
                layer.norm.weight.uniform_(0.5, 1.5)
                layer.norm.bias.normal_(0.1, 0.3)
            elif layer.bias is not None:
                layer.bias.normal_(0.05, 0.1)
            if layer.neurons is not None:
                layer.neurons.threshold.uniform_(0.8, 1.3)
                layer.neurons.initial.uniform_(-0.5, 1.5)
    return network.eval()
