"""What the weighted layers of a network take in, give out and pass back, counted: where an energy account starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.measure.walk import walk
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.objective import Objective
from trainer.settings.passes import Pass, Spike

SEED = 0  # of spikes and masks that are drawn by lot


@dataclass
class Activity:
    """Counts of one layer, per recording and over all steps; "active" is what is not 0.

    Attributes:
        synops: weight additions, a count of 2 twice (docs/arithmetic.md §6).
        active_inputs, active_synapses: inputs that are active, and the synapses that these reach.
        spikes: what the neurons emit (in a smooth pass the sum of numbers between 0 and 1), 0 of an integrator.
        active_slopes: neurons and steps with a surrogate gradient σ′. active_gradients: with a gradient of the loss by
            the current. gradient_synapses: synapses from the latter back to inputs. 0 where no backward pass is taken.
    """

    synops: float = 0.0
    active_inputs: float = 0.0
    active_synapses: float = 0.0
    spikes: float = 0.0
    active_slopes: float = 0.0
    active_gradients: float = 0.0
    gradient_synapses: float = 0.0


def fan_in(layer: Weighted) -> Tensor:
    """Synapses that reach each neuron [C, ...], borders respected; its own layer's recurrent ones aside."""
    inputs = torch.ones(1, 1, layer.shape.channels, layer.shape.height, layer.shape.width)
    return layer.connect(inputs, torch.ones_like(layer.weight))[0, 0].detach()


def forward_activity(network: Network, binned: BinnedEvents, how: Pass) -> list[Activity]:
    """Of every weighted layer, in order: the forward pass alone."""
    meter = _Meter(network, len(binned))
    with torch.no_grad():
        for x, _ in in_order(binned, 64, "cpu"):
            network.eval()(x, how, see=meter.see)
    return meter.layers


def training_activity(
    network: Network, binned: BinnedEvents, how: Spike, objective: Objective
) -> list[Activity]:
    """Of every weighted layer: forward and backward pass of each recording's own loss, with running statistics.

    Parameters' gradients and the state of the generator are left alone.
    """
    meter = _Meter(network, len(binned), how)
    parameters = list(network.eval().parameters())
    try:
        for layer, activity in zip(network.weighted(), meter.layers, strict=True):
            layer.watch = meter.gradients(layer, activity)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            for x, labels in in_order(binned, 64, "cpu"):
                output = network(x, how, objective.per_step, see=meter.see)
                each = losses.per_recording(objective, output.logits, output.steps, labels)
                torch.autograd.grad(each.sum(), parameters, allow_unused=True)
    finally:
        for layer in network.weighted():
            layer.watch = None
    return meter.layers


@dataclass
class _Meter:
    """Adds up, over the batches of `recordings` recordings; slopes only where `how`, a float pass, is given."""

    network: Network
    recordings: int
    how: Spike | None = None
    layers: list[Activity] = field(init=False)

    def __post_init__(self) -> None:
        self.layers = [Activity() for _ in self.network.weighted()]

    @torch.no_grad()
    def see(self, layer: Weighted, arrived: Tensor, output: Tensor) -> None:
        activity = self.layers[layer.place]
        counts = arrived.sum((0, 1), dtype=torch.float64).flatten()
        active = (arrived != 0).sum((0, 1)).double().flatten()
        reach = layer.fan_outs.flatten().double()
        activity.synops += self._mean(counts @ reach)
        activity.active_synapses += self._mean(active @ reach)
        activity.active_inputs += self._mean(active.sum())
        if not layer.spiking:
            return
        activity.spikes += self._mean(output.sum(dtype=torch.float64))
        if layer.recurrent is not None:  # the last step's spikes reach nobody
            fed_back = output[:-1]
            activity.synops += self._mean(fed_back.sum(dtype=torch.float64)) * layer.channels
            activity.active_synapses += self._mean((fed_back != 0).sum()) * layer.channels
            activity.active_inputs += self._mean((fed_back != 0).sum())
        if self.how is not None:
            activity.active_slopes += self._mean(_active_slopes(layer, arrived, output, self.how))

    def gradients(self, layer: Weighted, activity: Activity) -> Callable[[Tensor], None]:
        """What takes dL/dI [T, B, C, ...] of each batch."""
        reach = fan_in(layer).double()

        def take(gradient: Tensor) -> None:
            active = gradient != 0
            activity.active_gradients += self._mean(active.sum())
            if layer.place:  # no gradient is wanted of the events
                activity.gradient_synapses += self._mean((active.sum((0, 1)) * reach).sum())
            if layer.recurrent is not None:  # into the spikes of the step before
                activity.gradient_synapses += self._mean(active[1:].sum()) * layer.channels

        return take

    def _mean(self, total: Tensor) -> float:
        return float(total) / self.recordings


def _active_slopes(layer: Weighted, arrived: Tensor, spikes: Tensor, how: Spike) -> Tensor:
    """Number of neurons and steps at which ds/dI is not 0, by autograd through each step."""
    total = torch.zeros((), dtype=torch.int64)
    for step, v, now in walk(layer, arrived, spikes, how):
        with torch.enable_grad():
            current = now.requires_grad_()
            (slope,) = torch.autograd.grad(step(v, current)[2].sum(), current)
        total = total + (slope != 0).sum()
    return total
