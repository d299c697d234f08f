"""The network's layers: weighted ones with their neurons, and pools."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape, state_range
from trainer.formulas import leak
from trainer.network.connection import Connection
from trainer.network.learnt_leak import snapped_decay
from trainer.network.neurons import NeuronState
from trainer.network.quantise import IntegerWeights, quantise
from trainer.operations import event as event_layer
from trainer.operations import fused, fused_parts
from trainer.operations.event import Sparse
from trainer.operations.fused_parts import Neuron
from trainer.operations.lif import (
    IntegerState,
    Step,
    has_triton,
    integer_lif,
    integer_lif_step,
    lif,
    lif_step,
    spiking_threshold,
)
from trainer.settings.architecture import ConvSpec, DenseSpec
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Integer, Pass, Spike
from trainer.workers import workers as parallel
from trainer.workers.workers import ALONE, Workers


class Pool(nn.Module):
    """OR pool (the maximum, which is OR on 0/1) or sum pool of each step."""

    def __init__(self, kind: str, size: int, max_count: int) -> None:
        super().__init__()
        self.kind, self.size, self.max_count = kind, size, max_count

    def forward(self, x: Tensor) -> Tensor:
        merged = x.flatten(0, 1)
        if self.kind == "or":
            pooled = functional.max_pool2d(merged.clamp_max(1) if self.max_count > 1 else merged, self.size)
        else:
            pooled = functional.avg_pool2d(merged, self.size, divisor_override=1)
        return pooled.unflatten(0, x.shape[:2])


class Weighted(Connection):
    """Convolution or full connection, batch norm, and spiking neurons or an integrating read-out.

    Beside the connection's weights the parameters are a bias [C] or batch norm, and the neurons'.
    `watch`, where set, is called with dL/dI [T, B, C, ...] of every backward pass, I the current in thresholds.
    """

    def __init__(
        self, spec: ConvSpec | DenseSpec, shape: Shape, neuron: NeuronSettings, norm: bool, steps: int
    ) -> None:
        super().__init__(spec, shape)
        self.reset, self.above, self.later, self.steps = neuron.reset, neuron.above, neuron.takes_later, steps
        self.levels = np.full(self.channels, neuron.level, np.float32)  # thresholds in the membranes' units
        self.spiking = isinstance(spec, ConvSpec) or spec.spiking
        self.name = "layer"
        self.place = 0  # among the weighted layers of the network
        self.norm = nn.BatchNorm1d(self.channels) if norm and self.spiking else None
        self.statistics_frozen = False
        self.bias = None if self.norm is not None else nn.Parameter(torch.zeros(self.channels))
        self.shifts, learnable = leak.parse(neuron.leak)
        start = torch.logit(torch.tensor(leak.decay(self.shifts))) if learnable else None
        self.leak_logit = nn.Parameter(start) if start is not None and self.spiking else None
        self.neurons = NeuronState(neuron, self.channels, steps) if self.spiking else None
        self.watch: Callable[[Tensor], None] | None = None
        self.workers = ALONE

    def join(self, workers: Workers) -> None:
        """Take statistics over the batches of all workers."""
        self.workers = workers
        if self.neurons is not None:
            self.neurons.workers = workers

    def tau(self) -> tuple[Tensor, leak.Shifts]:
        """Decay of the membrane and the shifts that make it."""
        if self.leak_logit is not None:
            return snapped_decay(self.leak_logit)
        return torch.tensor(leak.decay(self.shifts)), self.shifts

    def folded(self) -> tuple[Tensor, Tensor | None, Tensor]:
        """Weight, recurrent weight and bias with batch norm's running statistics and the thresholds folded in."""
        share = 1 / self.neurons.thresholds() if self.neurons is not None else torch.ones(self.channels)
        share = share.to(self.weight.device)
        if self.norm is None:
            assert self.bias is not None
            gain, bias = share, self.bias * share
        else:
            assert self.norm.running_var is not None
            assert self.norm.running_mean is not None
            gain = self.norm.weight * torch.rsqrt(self.norm.running_var + self.norm.eps) * share
            bias = self.norm.bias * share - self.norm.running_mean * gain
        kernel = self.kernel()
        recurrent = None if self.recurrent is None else self.recurrent * share.view(-1, 1)
        return kernel * gain.view(-1, *([1] * (kernel.dim() - 1))), recurrent, bias

    def integers(self, bits: int) -> IntegerWeights:
        """The layer's integer form at this weight width. Raises EdgeSastError when float32 cannot hold its sums.

        Where no gradient is wanted a GPU's layer is rounded on the CPU, as it will be at export: a GPU rounds square
        roots and sums otherwise, which can turn a bit or the choice of a scale.
        """
        if self.weight.is_cuda and not torch.is_grad_enabled():
            return copy.deepcopy(self).cpu().integers(bits).to(self.weight.device)
        weight, recurrent, bias = self.folded()
        threshold = torch.from_numpy(self.levels) if self.spiking else None
        amount, decay = None, float(self.tau()[0].detach())
        if threshold is not None and self.later and decay < 1:
            amount = threshold / decay  # at once, before the leak
        return quantise(weight, recurrent, bias, threshold, bits, self.shape.max_count, self.steps, amount)

    def initial(self, integers: IntegerWeights) -> Tensor:
        """Integer membranes [C] before the first step, within the state."""
        low, high = state_range(integers.state_bits)
        start = None if self.neurons is None else self.neurons.starts(self.channels)
        if start is None:
            return torch.zeros_like(integers.lsb)
        return (start / integers.lsb).round().clamp(low, high)

    def forward(self, x: Tensor, how: Pass) -> Tensor:
        """Spikes [T, B, C, ...] of input counts [T, B, ...], for a layer that spikes."""
        assert self.neurons is not None
        if isinstance(how, Integer):
            return self._integer(x, how)
        tau, _ = self.tau()
        current = self.normalised(self.connected(x).float())  # products may be narrower
        if self.watch is not None and current.requires_grad:
            current.register_hook(self.watch)
        if self.neurons.settings.threshold == "adaptive-step":
            return self._adaptive(current, tau, how)
        start = self.neurons.starts(self.channels)
        if self.recurrent is None:
            spikes, membrane = lif(
                current,
                tau,
                how,
                self.reset,
                beta=self.slope(how, tau),
                initial=start,
                threshold=self.levels,
                above=self.above,
                later=self.later,
            )
        else:
            weight = self.recurrent * self._share().view(-1, 1)
            spikes, membrane = self._recurrent(current, weight, self.stepper(tau, how), start)
        if self.training and not self.statistics_frozen:
            self.neurons.observe(spikes.detach(), membrane)
        return spikes

    def fusable(self, x: Tensor, how: Spike) -> bool:
        """Whether `fused` computes what `forward` would: float spikes of plain neurons, on a CPU or through Triton."""
        plain = self.neurons is not None and self.neurons.settings.plain and self.recurrent is None
        held = (x.is_cuda and not has_triton()) or self.watch is not None
        # A kernel there knows one threshold.
        held = held or (self.above and self.reset == "subtract") or self.later
        held = held or bool((self.levels != self.levels[0]).any())
        return plain and not held and fused_parts.supports(how)

    def fused(self, x: Tensor, how: Spike, pool: int) -> tuple[Tensor, Tensor]:
        """Spikes after an OR pool of side `pool` (1 is none) and the firing rate before it, without a gradient."""
        kernel = self.kernel()
        if self.norm is None:
            kernel = kernel * self._share().view(-1, *([1] * (kernel.dim() - 1)))
        neuron = Neuron(how, self.reset, float(spiking_threshold(self.levels[0], self.above)), pool)
        tau, _ = self.tau()
        sparse = event_layer.gather(x, self.spec) if self.place == 0 else None
        if sparse is not None:
            return self._of_events(sparse, kernel, tau, neuron)
        if isinstance(self.spec, ConvSpec):
            kernel = kernel.contiguous(memory_format=torch.channels_last)
        current = self.connect(x, kernel).float()
        if isinstance(self.spec, DenseSpec):
            current = current[..., None, None]
        if self.norm is None:
            assert self.bias is not None
            spikes, rate = fused.lif_pool(current, self.bias * self._share(), tau, neuron)
        else:
            self._check_variance(current.numel())
            spikes, rate = fused.norm_lif_pool(
                current, self.norm, self._share(), self._momentum(self.norm), tau, neuron, self.workers
            )
        return spikes.flatten(2) if isinstance(self.spec, DenseSpec) else spikes, rate

    def _of_events(self, x: Sparse, kernel: Tensor, tau: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
        """`fused` of a first layer whose inputs are few events."""
        if self.norm is None:
            assert self.bias is not None
            return event_layer.lif_pool(x, kernel, self.bias * self._share(), tau, neuron)
        self._check_variance(math.prod(x.shape))
        share, momentum = self._share(), self._momentum(self.norm)
        return event_layer.norm_lif_pool(x, kernel, self.norm, share, momentum, tau, neuron, self.workers)

    def read_out(self, x: Tensor, how: Pass, per_step: bool) -> tuple[Tensor, Tensor | None]:
        """Logits [B, classes], the integrator's membrane after the last step over their number, and, where asked for,
        what arrived at each step [T, B, classes].
        """
        if isinstance(how, Spike):
            assert self.bias is not None
            if per_step:
                steps = functional.linear(x.flatten(2), self.weight, self.bias).float()
                return steps.mean(0), steps
            # A leakless integrator is linear: sum the counts first.
            return functional.linear(x.sum(0).flatten(1), self.weight) / self.steps + self.bias, None
        integers = self.integers(how.bits[self.place])
        weight, bias = integers.weight.double() * 2**integers.weight_shift, integers.bias.double()
        share = integers.lsb.double() / self.steps
        counts = x.sum(0, dtype=torch.float64).flatten(1)  # over many steps the membrane outgrows float32
        logits = (functional.linear(counts, weight) + self.steps * bias) * share
        if not per_step:
            return logits, None
        return logits, functional.linear(x.flatten(2).double(), weight, bias) * integers.lsb.double()

    def _integer(self, x: Tensor, how: Integer) -> Tensor:
        assert self.neurons is not None
        if self.neurons.settings.threshold == "adaptive-step":
            raise EdgeSastError(
                "--threshold is 'adaptive-step', which changes within a recording and has no integer form; "
                "use --threshold adaptive"
            )
        integers = self.integers(how.bits[self.place])
        tau, shifts = self.tau()
        beta = self.slope(how.spike, tau)
        state = _integer_state(integers, shifts, self.initial(integers))
        current = self.connect_exactly(x, integers.weight) * 2**integers.weight_shift
        current = current + _along_channels(integers.bias, current)
        if integers.recurrent is None:
            return integer_lif(current, state, how.spike, self.reset, beta=beta)[0]
        step = integer_lif_step(state, how.spike, self.reset, beta=beta)
        return self._recurrent(current, integers.recurrent * 2**integers.weight_shift, step, state.initial)[0]

    def _gain(self) -> Tensor | None:
        """Batch norm's gain in thresholds [C]."""
        assert self.neurons is not None
        return None if self.norm is None else self.norm.weight / self.neurons.thresholds()

    def connected(self, x: Tensor) -> Tensor:
        """What arrives [T, B, C, ...] of inputs [T, B, ...], before batch norm; without batch norm in thresholds."""
        kernel = self.kernel()
        if self.norm is None:
            kernel = kernel * self._share().view(-1, *([1] * (kernel.dim() - 1)))
        return self.connect(x, kernel)

    def normalised(self, current: Tensor) -> Tensor:
        """Current in thresholds: ϑ divides batch norm's gain and bias, which costs nothing."""
        share, norm = self._share(), self.norm
        if norm is None:
            assert self.bias is not None
            return current + _along_channels(self.bias * share, current)
        self._check_variance(current.numel())
        momentum = self._momentum(norm)
        x, gain, bias = current.flatten(0, 1), norm.weight * share, norm.bias * share
        if self.training and self.workers.count > 1:
            normed = parallel.batch_norm(x, norm, gain, bias, momentum, self.workers)
        else:
            mean, var = norm.running_mean, norm.running_var
            normed = functional.batch_norm(x, mean, var, gain, bias, self.training, momentum, norm.eps)
        return normed.unflatten(0, current.shape[:2])

    def _momentum(self, norm: nn.BatchNorm1d) -> float:
        """How far a batch moves batch norm's running statistics; 0 while they are frozen."""
        return 0.0 if self.statistics_frozen or norm.momentum is None else norm.momentum

    def _check_variance(self, values: int) -> None:
        if self.training and values * self.workers.count == self.channels:
            raise EdgeSastError(
                "--norm is 'batch', but a batch holds one value per channel, which has no variance; raise --batch-size "
                "or --steps, or use --norm none"
            )

    def stepper(self, tau: Tensor, how: Spike) -> Step:
        """One step of this layer's neurons, see trainer/operations/lif.py."""
        return self.stepper_at(self.slope(how, tau), tau, how)

    def stepper_at(self, beta: Tensor | None, tau: Tensor, how: Spike) -> Step:
        """The same with this slope."""
        own = {"above": self.above, "later": self.later}
        return lif_step(tau, how, self.reset, self.levels, self.channels, beta=beta, **own)

    def slope(self, how: Spike, tau: Tensor) -> Tensor | None:
        """β of this layer's neurons, see NeuronState.slope."""
        assert self.neurons is not None
        return self.neurons.slope(how, float(tau.detach()), self._gain(), self.steps)

    def _share(self) -> Tensor:
        """1/ϑ [C]."""
        assert self.neurons is not None
        return 1 / self.neurons.thresholds()

    @staticmethod
    def _recurrent(
        current: Tensor, weight: Tensor, step: Step, start: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        spikes = torch.zeros_like(current[0])
        v = spikes if start is None else spikes + start
        out, membranes = [], []
        for now in current:
            membrane, v, spikes = step(v, now + functional.linear(spikes, weight))
            out.append(spikes)
            membranes.append(membrane)
        return torch.stack(out), torch.stack(membranes)

    def _adaptive(self, current: Tensor, tau: Tensor, how: Spike) -> Tensor:
        """Neurons whose threshold is set anew at each step; step by step through autograd."""
        assert self.neurons is not None
        step = self.stepper(tau, how)
        v = torch.zeros_like(current[0])
        spikes = torch.zeros_like(v)
        out = []
        for t, arrived in enumerate(current):
            now = arrived if self.recurrent is None else arrived + functional.linear(spikes, self.recurrent)
            theta = self.neurons.step_thresholds(tau * v + now, t, self.training, self.statistics_frozen)
            _, v, spikes = step(v / theta, now / theta)
            v = v * theta
            out.append(spikes)
        return torch.stack(out)


def _along_channels(vector: Tensor, like: Tensor) -> Tensor:
    """[C] as [1, 1, C, 1, ...], to add to [T, B, C, ...]."""
    return vector.view(1, 1, -1, *([1] * (like.dim() - 3)))


def _integer_state(integers: IntegerWeights, shifts: leak.Shifts, initial: Tensor) -> IntegerState:
    assert integers.threshold is not None
    low, high = state_range(integers.state_bits)
    return IntegerState(integers.threshold, integers.lsb, shifts, low, high, initial, integers.amount)
