"""What the neurons of a layer learn or measure beside their leak: threshold, start of the membrane, surrogate width.

A threshold ϑ divides the current, weights and bias alike, and the membrane is measured in thresholds: u/ϑ against 1.
For any reset that is the same neuron, the surrogate's window scales with ϑ as TrSG asks (arXiv 2511.08708), and an
export folds ϑ into the weights. So a threshold, learnt, adapted or calibrated, never changes the arithmetic.

    fixed      ϑ = 1, or what calibration set (trainer/measure/balance.py)
    learn      ϑ = softplus(·), one per layer (TrSG)
    adaptive   ϑ = moving average of mean(u) + std(u), one per layer (after DS-ATGO, but constant within a recording)
    adaptive-step  ϑ[t] = mean(u[t]) + std(u[t]) over the batch, its moving average when evaluated (DS-ATGO). It
               changes from step to step, which no integer model does: such a network cannot be exported.

The membrane starts at 0, or with MP-Init (arXiv 2511.08708) at μ ← 0.9·μ + 0.1·mean(u[T] of the neurons that fired at
T).

The width of the surrogate, as β of the layer:

    fixed      β
    learn      β·exp(·), learnt; in a hard pass by the formula of the smooth one (ASGL, ICML 2023)
    membrane   1/γ at the first step, then 1/(γ·√(1 + τ²)), γ batch norm's mean gain over ϑ: the membranes' spread
               (MPD-AGL, whose window is 2γϑ wide)
    consistent β times a factor chosen between epochs (A2SG, trainer/gradients/a2sg.py)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.formulas import surrogate
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Spike
from trainer.workers.workers import ALONE

MOMENTUM = 0.1
SMALLEST = 0.05  # threshold, in units of the fixed one
FLATTEST = 1e-2  # slope of a layer, and gain of batch norm at which MPD-AGL's window narrows no more


class NeuronState(nn.Module):
    """The parameters and running statistics of one layer's neurons; `channels` thresholds, `steps` time steps."""

    threshold: Tensor
    initial: Tensor
    factor: Tensor

    def __init__(self, settings: NeuronSettings, channels: int, steps: int) -> None:
        super().__init__()
        self.settings = settings
        self.workers = ALONE
        self.register_buffer("threshold", torch.ones(channels))
        self.register_buffer("initial", torch.zeros(()))
        self.register_buffer("factor", torch.ones(()))
        learns = settings.threshold == "learn"
        one = math.log(math.e - 1)  # softplus of it is 1
        self.threshold_raw = nn.Parameter(torch.tensor(one)) if learns else None
        self.log_slope = nn.Parameter(torch.zeros(())) if settings.width == "learn" else None
        by_step = settings.threshold == "adaptive-step"
        self.register_buffer("step_threshold", torch.ones(steps) if by_step else None)

    def thresholds(self) -> Tensor:
        """ϑ [C], with the gradient of a learnable one."""
        if self.threshold_raw is None:
            return self.threshold
        return self.threshold * functional.softplus(self.threshold_raw).clamp_min(SMALLEST)

    def starts(self, channels: int) -> Tensor | None:
        """Membranes [C] before the first step, in thresholds; None for 0."""
        return self.initial.expand(channels) if self.settings.mp_init else None

    def slope(self, how: Spike, tau: float, gain: Tensor | None, steps: int) -> Tensor | None:
        """β of this layer: a scalar, [T], or None where it is that of `how`. gain: batch norm's over ϑ, [C]."""
        least = max(FLATTEST, surrogate.least_beta(how.surrogate))
        if self.log_slope is not None:
            return (how.beta * self.log_slope.exp()).clamp_min(least)
        if self.settings.width == "consistent":
            return (how.beta * self.factor).clamp_min(least)
        if self.settings.width == "membrane":
            assert gain is not None
            first = 1 / gain.detach().abs().mean().clamp(FLATTEST, 1 / (least * math.sqrt(2)))
            slopes = (first / math.sqrt(1 + tau * tau)).repeat(steps)
            slopes[0] = first
            return slopes
        return None

    @torch.no_grad()
    def observe(self, spikes: Tensor, membrane: Tensor) -> None:
        """Move the running statistics: spikes and membranes in thresholds, [T, B, C, ...]."""
        self.observe_end(spikes[-1], membrane[-1])
        if self.settings.threshold == "adaptive":
            self.observe_spread(*self.workers.mean_and_std(membrane))

    @torch.no_grad()
    def observe_end(self, spikes: Tensor, membrane: Tensor) -> None:
        """MP-Init: spikes and membranes of the last step, [B, C, ...]."""
        if self.settings.mp_init:
            mean = self.workers.mean_of_any(membrane[spikes >= 0.5])
            if mean is not None:
                self.initial.mul_(1 - MOMENTUM).add_(mean, alpha=MOMENTUM)

    @torch.no_grad()
    def observe_spread(self, mean: Tensor, std: Tensor) -> None:
        """Adaptive thresholds: of the membranes of all steps, in thresholds."""
        spread = self.threshold.mean() * (mean + std)
        moved = (1 - MOMENTUM) * self.threshold + MOMENTUM * spread
        self.threshold.copy_(moved.clamp_min(SMALLEST))

    def step_thresholds(self, membranes: Tensor, step: int, training: bool, frozen: bool) -> Tensor:
        """ϑ[t] of DS-ATGO, a scalar: of this batch's membranes when training, else the moving average."""
        average = self.step_threshold
        assert isinstance(average, Tensor)
        if not training:
            return average[step]
        mean, std = self.workers.mean_and_std(membranes.detach())
        theta = (mean + std).clamp_min(SMALLEST)
        if not frozen:
            average[step] += MOMENTUM * (theta - average[step])
        return theta
