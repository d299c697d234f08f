"""The network's layers: weighted ones with their neurons, and pools."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_sast.errors import EdgeSastError
from edge_sast.layers import Shape, state_range
from trainer import leak
from trainer.architecture import ConvSpec, DenseSpec
from trainer.lif import IntegerState, RecurrentStep, integer_lif, integer_lif_step, lif, lif_step
from trainer.passes import Pass, Spike
from trainer.quantise import IntegerWeights, quantise

THRESHOLD = 1.0


class Pool(nn.Module):
    """OR pool (the maximum, which is OR on 0/1) or sum pool of each step."""

    def __init__(self, kind: str, size: int, max_count: int) -> None:
        super().__init__()
        self.kind, self.size, self.max_count = kind, size, max_count

    def forward(self, x: Tensor, how: Pass) -> Tensor:  # noqa: ARG002
        merged = x.flatten(0, 1)
        if self.kind == "or":
            pooled = functional.max_pool2d(merged.clamp_max(1) if self.max_count > 1 else merged, self.size)
        else:
            pooled = functional.avg_pool2d(merged, self.size, divisor_override=1)
        return pooled.unflatten(0, x.shape[:2])


class Weighted(nn.Module):
    """Convolution or full connection, batch norm, and spiking neurons or an integrating read-out.

    Parameters are float: weight [C_out, C_in/groups, k, k] or [out, in], recurrent [out, out], bias or batch norm.
    """

    def __init__(
        self, spec: ConvSpec | DenseSpec, shape: Shape, reset: str, leak_text: str, norm: bool, steps: int
    ) -> None:
        super().__init__()
        self.spec, self.shape, self.reset, self.steps = spec, shape, reset, steps
        self.place = 0  # among the network's weighted layers
        self.spiking = isinstance(spec, ConvSpec) or spec.spiking
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
        self.norm = nn.BatchNorm1d(size[0]) if norm and self.spiking else None
        self.norm_frozen = False
        self.bias = None if self.norm is not None else nn.Parameter(torch.zeros(size[0]))
        self.shifts, learnable = leak.parse(leak_text)
        start = torch.logit(torch.tensor(leak.decay(self.shifts))) if learnable else None
        self.leak_logit = nn.Parameter(start) if start is not None and self.spiking else None

    def tau(self) -> tuple[Tensor, leak.Shifts]:
        """Decay of the membrane and the shifts that make it."""
        if self.leak_logit is not None:
            return leak.snapped_decay(self.leak_logit)
        return torch.tensor(leak.decay(self.shifts)), self.shifts

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight and bias with batch norm's running statistics folded in."""
        if self.norm is None:
            assert self.bias is not None
            return self.weight, self.bias
        assert self.norm.running_var is not None
        assert self.norm.running_mean is not None
        gain = self.norm.weight * torch.rsqrt(self.norm.running_var + self.norm.eps)
        weight = self.weight * gain.view(-1, *([1] * (self.weight.dim() - 1)))
        return weight, self.norm.bias - self.norm.running_mean * gain

    def integers(self, bits: int) -> IntegerWeights:
        """The layer's integer form at this weight width. Raises EdgeSastError when float32 cannot hold its sums."""
        weight, bias = self.folded()
        threshold = THRESHOLD if self.spiking else None
        return quantise(weight, self.recurrent, bias, threshold, bits, self.shape.max_count, self.steps)

    def forward(self, x: Tensor, how: Pass) -> Tensor:
        """Spikes [T, B, C, ...] of input counts [T, B, ...]; of a read-out, logits [B, classes]."""
        if not self.spiking:
            return self._read_out(x, how)
        tau, shifts = self.tau()
        if isinstance(how, Spike):
            current = self._float_current(x)
            if self.recurrent is None:
                return lif(current, tau, how, self.reset, threshold=THRESHOLD)[0]
            return self._recurrent(
                current, self.recurrent, lif_step(tau, how, self.reset, THRESHOLD, self.channels)
            )
        integers = self.integers(how.bits[self.place])
        state = _integer_state(integers, shifts)
        current = self._connect_exactly(x, integers.weight) * 2**integers.weight_shift
        current = current + _along_channels(integers.bias, current)
        if integers.recurrent is None:
            return integer_lif(current, state, how.spike, self.reset)[0]
        step = integer_lif_step(state, how.spike, self.reset)
        return self._recurrent(current, integers.recurrent * 2**integers.weight_shift, step)

    def fan_out(self) -> Tensor:
        """Synapses of each input neuron that reach an output, [C, H, W]: borders, stride and groups respected."""
        shape = (1, self.shape.channels, self.shape.height, self.shape.width)
        if not isinstance(self.spec, ConvSpec):
            return torch.full(shape[1:], float(self.channels))
        reached = torch.zeros(shape, requires_grad=True)
        with torch.enable_grad():
            self._connect(reached[None], torch.ones_like(self.weight, device="cpu")).sum().backward()
        assert reached.grad is not None
        return reached.grad[0]

    def _read_out(self, x: Tensor, how: Pass) -> Tensor:
        """Logits [B, classes]: the integrator's membrane after the last step, over the number of steps."""
        # A leakless integrator is linear: sum the counts first.
        if isinstance(how, Spike):
            assert self.bias is not None
            return functional.linear(self._flat(x).sum(0), self.weight) / self.steps + self.bias
        integers = self.integers(how.bits[self.place])
        total = self._flat(x).sum(0, dtype=torch.float64)  # over many steps the membrane outgrows float32
        membrane = functional.linear(total, integers.weight.double()) * 2**integers.weight_shift
        return (membrane + self.steps * integers.bias.double()) * (integers.lsb.double() / self.steps)

    def _flat(self, x: Tensor) -> Tensor:
        return x if isinstance(self.spec, ConvSpec) else x.flatten(2)

    def _connect(self, x: Tensor, weight: Tensor) -> Tensor:
        """Convolution or matrix product of every step at once."""
        merged = self._flat(x).flatten(0, 1)
        if isinstance(self.spec, ConvSpec):
            spec = self.spec
            y = functional.conv2d(merged, weight, None, spec.stride, spec.padding, 1, spec.groups)
        else:
            y = functional.linear(merged, weight)
        return y.unflatten(0, x.shape[:2])

    def _connect_exactly(self, x: Tensor, weight: Tensor) -> Tensor:
        """The same on integers. On a CPU float32 holds every sum; a GPU may round inside (TF32, Winograd)."""
        if x.is_cuda:
            return self._connect(x.double(), weight.double()).float()
        return self._connect(x, weight)

    def _float_current(self, x: Tensor) -> Tensor:
        current = self._connect(x, self.weight)
        if self.norm is None:
            assert self.bias is not None
            return current + _along_channels(self.bias, current)
        norm = self.norm
        if self.training and current.numel() == self.channels:
            raise EdgeSastError(
                "--norm is 'batch', but a batch holds one value a channel, which has no variance; raise --batch-size "
                "or --steps, or use --norm none"
            )
        momentum = 0.0 if self.norm_frozen or norm.momentum is None else norm.momentum
        normed = functional.batch_norm(
            current.flatten(0, 1),
            norm.running_mean,
            norm.running_var,
            norm.weight,
            norm.bias,
            self.training,
            momentum,
            norm.eps,
        )
        return normed.unflatten(0, current.shape[:2])

    @staticmethod
    def _recurrent(current: Tensor, weight: Tensor, step: RecurrentStep) -> Tensor:
        v = spikes = torch.zeros_like(current[0])
        out = []
        for now in current:
            v, spikes = step(v, now + functional.linear(spikes, weight))
            out.append(spikes)
        return torch.stack(out)


def _along_channels(vector: Tensor, like: Tensor) -> Tensor:
    """[C] as [1, 1, C, 1, ...], to add to [T, B, C, ...]."""
    return vector.view(1, 1, -1, *([1] * (like.dim() - 3)))


def _integer_state(integers: IntegerWeights, shifts: leak.Shifts) -> IntegerState:
    assert integers.threshold is not None
    low, high = state_range(integers.state_bits)
    return IntegerState(integers.threshold, integers.lsb, shifts, low, high)
