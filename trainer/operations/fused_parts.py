"""What the CPU's and the GPU's form of the fused operation share: which neurons, and what batch norm does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainer.kernels import fused_rows
from trainer.settings.passes import Spike
from trainer.workers.workers import ALONE, Workers

Shape = tuple[int, ...]  # [T, B, C, H, W]


FORWARDS = {"smooth": fused_rows.SMOOTH, "hard": fused_rows.HARD}


@dataclass(frozen=True)
class Neuron:
    """A layer's neurons and the pool after them: reset 'zero' or 'subtract', `pool` the window's side, 1 for none."""

    spike: Spike
    reset: str
    threshold: float = 1.0
    pool: int = 1


def supports(spike: Spike) -> bool:
    """Whether these spikes are made here: smooth or hard ones without a mask, by arctan or logistic."""
    return spike.forward in FORWARDS and spike.surrogate in ("arctan", "logistic") and not spike.mask


@dataclass(frozen=True)
class Affine:
    """float32[C] each; `of_batch`: moments that follow x, so that gradients flow through them."""

    mean: Tensor
    inverse_std: Tensor
    of_batch: bool
    workers: Workers = ALONE


def affine(
    norm: nn.BatchNorm1d,
    of_batch: Callable[[], tuple[Tensor, Tensor]],
    shape: Shape,
    momentum: float,
    workers: Workers,
) -> Affine:
    """What batch norm does to currents of this shape, whose own moments `of_batch` gives; running ones move."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, var = norm.running_mean.clone(), norm.running_var  # a copy: it may move before the backward pass
    if norm.training:
        mean, var = workers.moments(*of_batch())
        count = math.prod(shape) // shape[2] * workers.count
        with torch.no_grad():
            norm.running_mean.lerp_(mean, momentum)
            norm.running_var.lerp_(var * (count / max(count - 1, 1)), momentum)
    return Affine(mean, torch.rsqrt(var + norm.eps), norm.training, workers)


def through_moments(
    of: Affine, gamma: Tensor, gradients: tuple[Tensor, Tensor], shape: Shape
) -> tuple[Tensor, Tensor, Tensor]:
    """a, b, c [C] of dL/dx = a·dL/dI + b·x + c, from this worker's gradients of γ and β."""
    by_grad = gamma.detach() * of.inverse_std
    by_x = torch.zeros_like(by_grad)
    if not of.of_batch:
        return by_grad, by_x, by_x
    count = math.prod(shape) // shape[2] * of.workers.count
    all_gamma, all_beta = of.workers.total(torch.stack(gradients))
    by_x = -by_grad * of.inverse_std * all_gamma / count
    return by_grad, by_x, -by_grad * all_beta / count - by_x * of.mean
