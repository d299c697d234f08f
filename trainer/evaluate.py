"""Accuracy, spikes and SynOps of a network under one forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from edge_sast.data.binned import BinnedEvents
from trainer.batches import in_order
from trainer.layers import Weighted
from trainer.network import Network
from trainer.passes import Pass


@dataclass(frozen=True)
class Result:
    """predictions int64 [N]; accuracy 0 to 1; SynOps and spikes as docs/arithmetic.md §6 counts them."""

    predictions: np.ndarray
    accuracy: float
    synops_per_sample: float
    spikes_per_sample: float


def evaluate(
    network: Network, binned: BinnedEvents, how: Pass, batch_size: int = 100, device: str = "cpu"
) -> Result:
    """Run every recording once. Of equal logits the lowest class wins, as on the device."""
    was_training = network.training
    network.eval()
    predictions = []
    with torch.no_grad(), _metered(network) as meter:
        for x, _ in in_order(binned, batch_size, device):
            logits, _ = network(x, how)
            predictions.append(logits.cpu().numpy().argmax(1))
    network.train(was_training)
    flat = np.concatenate(predictions)
    accuracy = float((flat == binned.labels).mean())
    return Result(flat, accuracy, meter.synops / len(binned), meter.spikes / len(binned))


@dataclass
class _Meter:
    """Sums what the weighted layers take in and give out."""

    synops: float = 0.0
    spikes: float = 0.0
    fan_outs: dict[Weighted, Tensor] = field(default_factory=dict)

    def see(self, layer: torch.nn.Module, inputs: tuple[Tensor, Pass], output: Tensor) -> None:
        assert isinstance(layer, Weighted)
        if layer not in self.fan_outs:
            self.fan_outs[layer] = layer.fan_out().double()
        arrived = inputs[0].sum((0, 1), dtype=torch.float64).cpu()
        self.synops += float((arrived * self.fan_outs[layer].view_as(arrived)).sum())
        if layer.spiking:
            self.spikes += float(output.sum(dtype=torch.float64))
        if layer.recurrent is not None:  # the last step's spikes reach nobody
            self.synops += float(output[:-1].sum(dtype=torch.float64)) * layer.channels


@contextmanager
def _metered(network: Network) -> Iterator[_Meter]:
    meter = _Meter()
    hooks = [layer.register_forward_hook(meter.see) for layer in network.weighted()]
    try:
        yield meter
    finally:
        for hook in hooks:
            hook.remove()
