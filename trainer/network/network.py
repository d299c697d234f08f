"""The spiking network: one set of float parameters, seen through several forward passes.

smooth, mixed, stochastic and hard (float membranes) and integer (the device's arithmetic): the pass is an argument,
never a different network, so that what is measured differs in nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from edge_sast.model.layers import Shape
from trainer.network.costs import Costs, Priced
from trainer.network.layers import Pool, Weighted
from trainer.settings import architecture
from trainer.settings.architecture import PoolSpec
from trainer.settings.layers import PlannedLayer
from trainer.settings.network import NetworkSettings
from trainer.settings.passes import Pass, Spike
from trainer.workers.workers import Workers


@dataclass(frozen=True)
class Output:
    """logits [B, classes]; steps [T, B, classes], what the read-out received at each step, and synops and instructions,
    scalar means a recording, where asked for; rates: mean firing rate of each spiking layer, scalars.
    """

    logits: Tensor
    rates: list[Tensor]
    steps: Tensor | None = None
    synops: Tensor | None = None
    instructions: Tensor | None = None

    @property
    def spent(self) -> Tensor | None:
        """What a target is held against: the instructions, or else the SynOps."""
        return self.synops if self.instructions is None else self.instructions


Result = TypeVar("Result")
Observer = Callable[[Weighted, Tensor, Tensor], None]


class Network(nn.Module):
    """Layers in order; `forward(x, how)` takes counts [T, B, 2, H, W]."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        planned = settings.planned()
        shapes = architecture.shapes([each.spec for each in planned], settings.input_shape)
        self.layers = nn.ModuleList(
            _build(each, shape, settings) for each, shape in zip(planned, shapes[:-1], strict=True)
        )
        for index, (each, layer) in enumerate(zip(planned, self.layers, strict=True)):
            if isinstance(layer, Weighted):
                layer.name = f"layer {index + 1} ({each.name})"
        for place, layer in enumerate(self.weighted()):
            layer.place = place

    def forward(
        self,
        x: Tensor,
        how: Pass,
        per_step: bool = False,
        synops: bool = False,
        rate_gradients: bool = False,
        see: Observer | None = None,
        priced: Priced | None = None,
    ) -> Output:
        """One batch. Rates carry gradients where asked for. `see` is called for each weighted layer with what arrived
        and what it gave (of a read-out: logits). Instructions are counted where `priced` says what costs how many.
        """
        rates: list[Tensor] = []
        costs = Costs(synops, priced, self.settings.steps)
        # One operation for norm, neurons and pool keeps no spikes before the pool, and no gradient of their rate.
        fuse = see is None and not rate_gradients
        pooled = False
        for index, (layer, after) in enumerate(zip(self.layers, [*list(self.layers)[1:], None], strict=True)):
            if not isinstance(layer, Weighted):
                costs.add_pool(index, x)
                x, pooled = (x if pooled else layer(x)), False
                continue
            arrived = x
            if not layer.spiking:
                logits, steps = layer.read_out(arrived, how, per_step)
            elif fuse and isinstance(how, Spike) and layer.fusable(x, how):
                # Each spike before a pool has its price, so the pool is then taken apart.
                pooled = priced is None and isinstance(after, Pool) and after.kind == "or"
                size = after.size if isinstance(after, Pool) and pooled else 1
                x, rate = self._run(layer, functools.partial(layer.fused, how=how, pool=size), x)
                rates.append(rate)
            else:
                x = self._run(layer, functools.partial(layer.forward, how=how), x)
                rates.append(x.mean())
            costs.add(index, layer, arrived, x)
            if see is not None:
                see(layer, arrived, x if layer.spiking else logits)
        if layer.spiking:
            logits, steps = x.mean(0) * COUNT_GAIN, x * COUNT_GAIN
        return Output(logits, rates, steps if per_step else None, costs.synops, costs.instructions)

    def weighted(self) -> list[Weighted]:
        return [layer for layer in self.layers if isinstance(layer, Weighted)]

    def join(self, workers: Workers) -> None:
        """Take the statistics of training batches over all workers."""
        for layer in self.weighted():
            layer.join(workers)

    def freeze_statistics(self, frozen: bool) -> None:
        """Let running statistics (batch norm, membrane means, adaptive thresholds) move, or not."""
        for layer in self.weighted():
            layer.statistics_frozen = frozen

    def _run(self, layer: Weighted, function: Callable[[Tensor], Result], x: Tensor) -> Result:
        """function(x) of a layer, computed again in the backward pass where that is asked for."""
        if not (self.settings.recompute and torch.is_grad_enabled()):
            return function(x)
        result: Result = checkpoint(_FirstTimeMoves(layer, function), x, use_reentrant=False)
        return result


class _FirstTimeMoves:
    """A layer for torch's activation checkpointing: run again in the backward pass, it computes the same and its
    statistics stay where the first run moved them.
    """

    def __init__(self, layer: Weighted, function: Callable[[Tensor], Any]) -> None:
        self.layer, self.function = layer, function
        self.before: list[Tensor] | None = None

    def __call__(self, x: Tensor) -> Any:
        buffers = list(self.layer.buffers())
        now = [buffer.clone() for buffer in buffers]
        if self.before is None:
            self.before = now
            return self.function(x)
        frozen = self.layer.statistics_frozen
        self.layer.statistics_frozen = True
        _put(buffers, self.before)
        try:
            return self.function(x)
        finally:
            _put(buffers, now)
            self.layer.statistics_frozen = frozen


def _put(buffers: list[Tensor], values: list[Tensor]) -> None:
    for buffer, value in zip(buffers, values, strict=True):
        buffer.copy_(value)


COUNT_GAIN = (
    10.0  # a spike count becomes logits: a neuron firing at every step weighs e^10 against a silent one
)


def _build(planned: PlannedLayer, shape: Shape, settings: NetworkSettings) -> nn.Module:
    spec = planned.spec
    if isinstance(spec, PoolSpec):
        return Pool(spec.kind, spec.size, shape.max_count)
    return Weighted(spec, shape, planned.neuron, settings.norm == "batch", settings.steps)
