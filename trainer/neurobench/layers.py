"""The layers of an integer model as PyTorch modules, exact, and of the classes that NeuroBench looks for.

One time step at a time, and always [B, C, H, W]: a layer behind a flatten has H = W = 1. Spikes and counts are int32,
sums int64. PyTorch has no integer convolution on every device, so products are summed in float64: all sums of a model
are proven to fit 32 bits (edge_sast/model/bounds.py), and float64 holds every integer up to 2^53.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_sast.model.layers import Conv2d, Integrator, Lif, Neuron, Shape, state_range


class IntegerConv2d(nn.Conv2d):
    """A convolution with int8 weights [c_out, c_in/groups, kh, kw], without weight_shift: [B, C, H, W] to int64."""

    def __init__(self, layer: Conv2d) -> None:
        rows, columns, c_in, c_group = layer.weight.shape
        groups, c_out = layer.groups, layer.neuron.channels
        super().__init__(
            c_in,
            c_out,
            (rows, columns),
            layer.stride,
            layer.padding,
            groups=groups,
            bias=False,
            device="meta",  # no memory and no random numbers for weights that are replaced
        )
        parts = layer.weight.reshape(rows, columns, groups, c_in // groups, c_group)
        self.weight = _fixed(parts.transpose(2, 4, 3, 0, 1).reshape(self.weight.shape))

    def forward(self, x: Tensor) -> Tensor:
        assert isinstance(self.padding, tuple)
        weight = self.weight.double()
        sums = functional.conv2d(x.double(), weight, None, self.stride, self.padding, 1, self.groups)
        return _exact(sums)


class IntegerLinear(nn.Linear):
    """A full connection with int8 weights [outputs, inputs]: [B, inputs, 1, 1] to int64 [B, outputs, 1, 1]."""

    def __init__(self, weight: np.ndarray) -> None:
        inputs, outputs = weight.shape
        super().__init__(inputs, outputs, bias=False, device="meta")
        self.weight = _fixed(weight.T)

    def forward(self, x: Tensor) -> Tensor:
        return _exact(functional.linear(x.flatten(1).double(), self.weight.double()))[..., None, None]


class IntegerNeurons(nn.Module):
    """Membranes `mem`, int32 [B, C, H, W] after reset, and what each step does to them: docs/arithmetic.md §4.

    A new tensor each step, for NeuroBench keeps the one from before. Parameters are buffers: they are not learnt here.
    """

    mem: Tensor
    bias: Tensor
    initial: Tensor

    def __init__(self, neuron: Neuron, weight_shift: int, shape: Shape) -> None:
        nn.Module.__init__(
            self
        )  # and no further: a class of NeuroBench's may stand behind in the order of bases
        self.weight_shift, self.leak_shifts = weight_shift, neuron.leak_shifts
        self.low, self.high = state_range(neuron.state_bits)
        self.extent = (shape.channels, shape.height, shape.width)
        self.register_buffer("bias", _along_channels(neuron.bias))
        self.register_buffer("initial", _along_channels(neuron.initial))
        self.register_buffer("mem", self._starts(1))

    def restart(self, batch: int) -> None:
        """Membranes of so many recordings as they begin."""
        self.mem = self._starts(batch)

    def _starts(self, batch: int) -> Tensor:
        return self.initial.expand(batch, *self.extent).clone()

    def _integrated(self, current: Tensor) -> Tensor:
        """u of every neuron, int64."""
        before = self.mem.long()
        leaked = before
        for k in self.leak_shifts:
            leaked = leaked - (before >> k)
        return (leaked + (current << self.weight_shift) + self.bias).clamp(self.low, self.high)


class IntegerLif(IntegerNeurons):
    """Spikes int32 [B, C, H, W], 0 or 1, of currents int64."""

    threshold: Tensor
    amount: Tensor | None

    def __init__(self, neuron: Lif, weight_shift: int, shape: Shape) -> None:
        super().__init__(neuron, weight_shift, shape)
        self.register_buffer("threshold", _along_channels(neuron.threshold))
        self.register_buffer("amount", None if neuron.amount is None else _along_channels(neuron.amount))
        self.subtracts = neuron.reset == "subtract"

    def forward(self, current: Tensor) -> Tensor:
        u = self._integrated(current)
        spikes = u >= self.threshold
        taken = self.threshold if self.amount is None else self.amount
        left = u - taken if self.subtracts else torch.zeros_like(u)
        self.mem = torch.where(spikes, left, u).int()
        return spikes.int()


class IntegerIntegrator(IntegerNeurons):
    """Membranes int32 [B, C, 1, 1] of currents int64; it never spikes."""

    def __init__(self, neuron: Integrator, weight_shift: int, shape: Shape) -> None:
        super().__init__(neuron, weight_shift, shape)

    def forward(self, current: Tensor) -> Tensor:
        self.mem = self._integrated(current).int()
        return self.mem


class IntegerFlatten(nn.Module):
    """[B, C, H, W] as [B, H·W·C, 1, 1], in the order of neurons of a model file: channel last."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)[..., None, None]


def _fixed(weight: np.ndarray) -> nn.Parameter:
    """int8; a parameter, as NeuroBench counts those, but one without a gradient."""
    return nn.Parameter(torch.tensor(weight), requires_grad=False)


def _exact(sums: Tensor) -> Tensor:
    """int64. Rounded, for a GPU may sum in a transformed space (Winograd) and miss an integer by a little."""
    return sums.round().long()


def _along_channels(values: np.ndarray) -> Tensor:
    """int32 [C, 1, 1], a copy that can be written."""
    return torch.tensor(values, dtype=torch.int32)[:, None, None]
