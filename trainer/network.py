"""The spiking network: one set of float parameters, seen through three forward passes.

smooth (surrogate spikes), hard (float membranes, real spikes) and integer (the device's arithmetic): the pass is an
argument, never a different network, so that what is measured differs in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edge_sast.errors import EdgeSastError
from edge_sast.layers import Shape
from trainer import architecture, leak
from trainer.architecture import PoolSpec, Spec
from trainer.layers import Pool, Weighted
from trainer.passes import Pass


@dataclass(frozen=True)
class NetworkSettings:
    """What fixes a network's parameters and their shapes."""

    arch: str
    classes: int
    height: int
    width: int
    steps: int
    count_cap: int = 1
    reset: str = "zero"
    leak: str = "3"
    norm: str = "batch"

    def __post_init__(self) -> None:
        if self.reset not in ("zero", "subtract"):
            raise EdgeSastError(f"--reset is {self.reset!r}; choose zero or subtract")
        if self.norm not in ("batch", "none"):
            raise EdgeSastError(f"--norm is {self.norm!r}; choose batch or none")
        leak.parse(self.leak)
        architecture.shapes(architecture.parse(self.arch, self.classes), self.input_shape)

    @property
    def input_shape(self) -> Shape:
        return Shape(self.height, self.width, 2, self.count_cap)


class Network(nn.Module):
    """Layers in order; `forward(x, how)` takes counts [T, B, 2, H, W], gives logits [B, classes] and firing rates."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        specs = architecture.parse(settings.arch, settings.classes)
        shapes = architecture.shapes(specs, settings.input_shape)
        self.layers = nn.ModuleList(
            _build(spec, shape, settings) for spec, shape in zip(specs, shapes[:-1], strict=True)
        )
        for place, layer in enumerate(self.weighted()):
            layer.place = place

    def forward(self, x: Tensor, how: Pass) -> tuple[Tensor, list[Tensor]]:
        rates: list[Tensor] = []
        for layer in self.layers:
            x = layer(x, how)
            if isinstance(layer, Weighted) and not layer.spiking:
                return x, rates
            if isinstance(layer, Weighted):
                rates.append(x.mean())
        return x.mean(0) * COUNT_GAIN, rates

    def weighted(self) -> list[Weighted]:
        return [layer for layer in self.layers if isinstance(layer, Weighted)]

    def freeze_norm(self, frozen: bool) -> None:
        """Let batch norm use, or not touch, its running statistics."""
        for layer in self.weighted():
            layer.norm_frozen = frozen


COUNT_GAIN = (
    10.0  # a spike count becomes logits: a neuron firing at every step weighs e^10 against a silent one
)


def _build(spec: Spec, shape: Shape, settings: NetworkSettings) -> nn.Module:
    if isinstance(spec, PoolSpec):
        return Pool(spec.kind, spec.size, shape.max_count)
    return Weighted(spec, shape, settings.reset, settings.leak, settings.norm == "batch", settings.steps)


def device_input(dense: Tensor) -> Tensor:
    """uint8 counts [B, T, H, W, 2] as the network's float input [T, B, 2, H, W]."""
    return dense.permute(1, 0, 4, 2, 3).to(torch.float32)
