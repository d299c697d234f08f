"""Accuracy of a network under one forward pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from edge_sast.data.binned import BinnedEvents
from trainer.batches import in_order
from trainer.network import Network, Pass


@dataclass(frozen=True)
class Result:
    """predictions int64 [N]; accuracy 0 to 1; mean spikes a sample of each spiking layer."""

    predictions: np.ndarray
    accuracy: float
    spikes_per_sample: list[float]


def evaluate(network: Network, binned: BinnedEvents, how: Pass, batch_size: int = 100, device: str = "cpu") -> Result:
    """Run every recording once. Of equal logits the lowest class wins, as on the device."""
    was_training = network.training
    network.eval()
    predictions, spikes, samples = [], np.zeros(0), 0
    with torch.inference_mode():
        for x, labels in in_order(binned, batch_size, device):
            logits, rates = network(x, how)
            predictions.append(logits.cpu().numpy().argmax(1))
            weighted = np.array([float(r) for r in rates]) * len(labels)
            spikes = weighted if samples == 0 else spikes + weighted
            samples += len(labels)
    network.train(was_training)
    flat = np.concatenate(predictions)
    sizes = [spiking_size(layer) * network.settings.steps for layer in network.weighted() if layer.spiking]
    per_sample = [float(s * n / samples) for s, n in zip(spikes, sizes, strict=True)]
    return Result(flat, float((flat == binned.labels).mean()), per_sample)


def spiking_size(layer: torch.nn.Module) -> int:
    """Neurons of a weighted layer."""
    from trainer.architecture import shapes
    from trainer.layers import Weighted

    assert isinstance(layer, Weighted)
    return shapes([layer.spec], layer.shape)[-1].neurons
