"""What connects two layers: weights, and how input spikes reach through them. Neurons are in layers.py."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_sast.model.layers import Shape
from edge_sast.model.reach import axis_reach
from trainer.settings.architecture import ConvSpec, DenseSpec


class Connection(nn.Module):
    """Convolution or full connection: weight [C_out, C_in/groups, k, k] or [out, in], recurrent [out, out] or None.

    fan_outs [C, H, W]: synapses of each input neuron that reach an output; borders, stride and groups respected.
    """

    fan_outs: Tensor

    def __init__(self, spec: ConvSpec | DenseSpec, shape: Shape) -> None:
        super().__init__()
        self.spec, self.shape = spec, shape
        size: tuple[int, ...]
        if isinstance(spec, ConvSpec):
            size = (spec.channels, shape.channels // spec.groups, spec.kernel, spec.kernel)
        else:
            size = (spec.outputs, shape.neurons)
        self.channels = size[0]
        self.weight = nn.Parameter(torch.empty(size))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        recurrent = isinstance(spec, DenseSpec) and spec.recurrent
        self.recurrent = nn.Parameter(torch.empty(size[0], size[0])) if recurrent else None
        if self.recurrent is not None:
            nn.init.orthogonal_(self.recurrent, gain=0.5)
        self.register_buffer("fan_outs", self._fan_out(), persistent=False)

    def kernel(self) -> Tensor:
        """The weights, a residual connection's one at the centre included."""
        if not (isinstance(self.spec, ConvSpec) and self.spec.residual):
            return self.weight
        spec, outputs = self.spec, torch.arange(self.channels)
        identity = torch.zeros_like(self.weight)
        centre = spec.kernel // 2
        identity[outputs, outputs % (self.shape.channels // spec.groups), centre, centre] = 1
        return self.weight + identity

    def connect(self, x: Tensor, weight: Tensor) -> Tensor:
        """Convolution or matrix product of every step at once."""
        if isinstance(self.spec, ConvSpec):
            spec = self.spec
            y = functional.conv2d(x.flatten(0, 1), weight, None, spec.stride, spec.padding, 1, spec.groups)
        else:
            y = functional.linear(x.flatten(2).flatten(0, 1), weight)
        return y.unflatten(0, x.shape[:2])

    def connect_exactly(self, x: Tensor, weight: Tensor) -> Tensor:
        """The same on integers. On a CPU float32 holds every sum; a GPU may round inside (TF32, Winograd)."""
        if x.is_cuda:
            return self.connect(x.double(), weight.double()).float()
        return self.connect(x, weight)

    def synops(self, arrived: Tensor, spikes: Tensor) -> Tensor:
        """SynOps a recording of this layer, differentiable: arrived [T, B, ...] counts, spikes [T, B, C, ...]."""
        batch = arrived.shape[1]
        cost = (arrived.sum((0, 1)).flatten() * self.fan_outs.flatten()).sum() / batch
        if self.recurrent is not None:  # the last step's spikes reach nobody
            cost = cost + spikes[:-1].sum() * (self.channels / batch)
        return cost

    def _fan_out(self) -> Tensor:
        """Synapses of each input neuron that reach an output, [C, H, W]: borders, stride and groups respected."""
        spec, shape = self.spec, self.shape
        if not isinstance(spec, ConvSpec):
            return torch.full((shape.channels, shape.height, shape.width), float(self.channels))
        rows, columns = (
            torch.from_numpy(axis_reach(size, spec.kernel, spec.stride, spec.padding).counts).float()
            for size in (shape.height, shape.width)
        )
        reached = rows[:, None] * columns * (self.channels // spec.groups)
        return reached.expand(shape.channels, -1, -1).contiguous()
