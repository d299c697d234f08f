"""Accuracy, spikes and SynOps of a network under one forward pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.network.costs import Priced
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.passes import Pass


@dataclass(frozen=True)
class Result:
    """predictions int64 [N]; accuracy 0 to 1; SynOps and spikes as docs/arithmetic.md §6 counts them;
    firing_rates: spikes per neuron and step of each spiking layer; neuron_rates: those of its neurons, float64 [n].
    instructions_per_sample: by the prices given.
    """

    predictions: np.ndarray
    accuracy: float
    synops_per_sample: float
    spikes_per_sample: float
    firing_rates: tuple[float, ...]
    neuron_rates: tuple[np.ndarray, ...]
    instructions_per_sample: float | None = None


def evaluate(
    network: Network,
    binned: BinnedEvents,
    how: Pass,
    batch_size: int = 100,
    device: str = "cpu",
    priced: Priced | None = None,
) -> Result:
    """Run every recording once. Of equal logits the lowest class wins, as on the device."""
    was_training = network.training
    network.eval()
    meter = _Meter()
    predictions, instructions = [], 0.0
    with torch.no_grad():
        for x, labels in in_order(binned, batch_size, device):
            output = network(x, how, see=meter.see, priced=priced)
            predictions.append(output.logits.cpu().numpy().argmax(1))
            if output.instructions is not None:
                instructions += float(output.instructions) * len(labels)
    network.train(was_training)
    flat = np.concatenate(predictions)
    accuracy = float((flat == binned.labels).mean())
    count = len(binned)
    rates = tuple(spikes / meter.neurons[layer] for layer, spikes in meter.spikes.items())
    per_neuron = tuple(
        (total / (count * binned.binning.steps)).cpu().numpy() for total in meter.of_neurons.values()
    )
    spikes = sum(meter.spikes.values()) / count
    told = None if priced is None else instructions / count
    return Result(flat, accuracy, meter.synops / count, spikes, rates, per_neuron, told)


@dataclass
class _Meter:
    """Sums what the weighted layers take in and give out; neurons: [T·B·C…], summed over the batches; of_neurons:
    spikes of each neuron, float64 [n].
    """

    synops: float = 0.0
    spikes: dict[Weighted, float] = field(default_factory=dict)
    neurons: dict[Weighted, int] = field(default_factory=dict)
    of_neurons: dict[Weighted, Tensor] = field(default_factory=dict)

    def see(self, layer: Weighted, arrived: Tensor, output: Tensor) -> None:
        counts = arrived.sum((0, 1), dtype=torch.float64)
        self.synops += float((counts.flatten() * layer.fan_outs.flatten()).sum())
        if layer.spiking:
            self.spikes[layer] = self.spikes.get(layer, 0.0) + float(output.sum(dtype=torch.float64))
            self.neurons[layer] = self.neurons.get(layer, 0) + output.numel()
            each = output.sum((0, 1), dtype=torch.float64).flatten()
            self.of_neurons[layer] = self.of_neurons[layer] + each if layer in self.of_neurons else each
        if layer.recurrent is not None:  # the last step's spikes reach nobody
            self.synops += float(output[:-1].sum(dtype=torch.float64)) * layer.channels
