"""Batch norm, LIF neurons and OR pool of a layer in one operation; the float passes of trainer/lif.py.

    I = γ·(x − mean)/√(var + ε) + β        u, s, v as in trainer/lif.py        pooled = maximum over windows

Nothing of size [T, B, C, H, W] is stored for the backward pass but x itself, which the convolution made anyway: the
membranes are computed anew in cache. Gradients are those of batch_norm, lif and max_pool2d one after the other, a
window's going to its first maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainer import fused_kernels, surrogate
from trainer.parallel import ALONE, Workers
from trainer.passes import Spike

_FORWARDS = {"smooth": fused_kernels.SMOOTH, "hard": fused_kernels.HARD}


@dataclass(frozen=True)
class Neuron:
    """A layer's neurons and the pool after them: reset 'zero' or 'subtract', `pool` the window's side, 1 for none."""

    spike: Spike
    reset: str
    threshold: float = 1.0
    pool: int = 1


def supports(spike: Spike) -> bool:
    """Whether these spikes are made here: smooth or hard ones without a mask, by arctan or logistic."""
    return spike.forward in _FORWARDS and spike.surrogate in ("arctan", "logistic") and not spike.mask


def norm_lif_pool(
    x: Tensor,
    norm: nn.BatchNorm1d,
    share: Tensor,
    momentum: float,
    tau: Tensor,
    neuron: Neuron,
    workers: Workers = ALONE,
) -> tuple[Tensor, Tensor]:
    """Pooled spikes [T, B, C, H//pool, W//pool] and the firing rate before the pool, of x [T, B, C, H, W] on a CPU.

    x is best channels-last in memory (each image as channels_last); the spikes are. In training mode the batch's
    moments, taken over all workers, normalise and move the running ones by `momentum`; else the running ones
    normalise. τ is a scalar tensor that may require a gradient; `share` [C] multiplies the norm's gain and bias. The
    rate, a scalar, carries no gradient. Ask `supports` about the spikes first.
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, var = norm.running_mean, norm.running_var
    if norm.training:
        mean, var = workers.moments(*moments(x.detach()))
        count = x.numel() // x.shape[2] * workers.count
        with torch.no_grad():
            norm.running_mean.lerp_(mean, momentum)
            norm.running_var.lerp_(var * (count / max(count - 1, 1)), momentum)
    affine = _Affine(mean, torch.rsqrt(var + norm.eps), norm.training, workers)
    pooled, rate = _NormLifPool.apply(x, norm.weight * share, norm.bias * share, tau, affine, neuron)
    return pooled, rate


def lif_pool(x: Tensor, bias: Tensor, tau: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
    """The same with a bias [C] instead of batch norm."""
    affine = _Affine(torch.zeros_like(bias), torch.ones_like(bias), False)
    pooled, rate = _NormLifPool.apply(x, torch.ones_like(bias), bias, tau, affine, neuron)
    return pooled, rate


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] of x [T, B, C, H, W].

    By image, joined in float64 (T. Chan et al. 1983): no difference of large sums, the same at any number of threads.
    """
    images = _rows(x)
    images = images.reshape(-1, *images.shape[2:])
    channels = x.shape[2]
    means, squares = np.empty((2, len(images), channels))
    fused_kernels.moments_parallel(images, means, squares)
    mean = means.mean(0)
    var = (squares.sum(0) / (images.size // channels)) + np.square(means - mean).mean(0)
    return torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(var.astype(np.float32))


@dataclass(frozen=True)
class _Affine:
    """float32[C] each; `of_batch`: moments that follow x, so that gradients flow through them."""

    mean: Tensor
    inverse_std: Tensor
    of_batch: bool
    workers: Workers = ALONE


def _rows(x: Tensor) -> np.ndarray:
    """[T, B, C, H, W] as channels-last rows [T, B, H, W·C], copied only where memory has another order."""
    steps, batch, channels, height, width = x.shape
    rows: np.ndarray = x.permute(0, 1, 3, 4, 2).contiguous().numpy()
    return rows.reshape(steps, batch, height, width * channels)


def _images(rows: np.ndarray, channels: int) -> Tensor:
    """`_rows` undone, without a copy."""
    steps, batch, height, _ = rows.shape
    return torch.from_numpy(rows.reshape(steps, batch, height, -1, channels)).permute(0, 1, 4, 2, 3)


def _along_row(vector: Tensor, width: int) -> np.ndarray:
    """[C] as [W·C]."""
    return vector.detach().repeat(width).numpy()


class _NormLifPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, tau: Tensor, affine: _Affine, neuron: Neuron
    ) -> tuple[Tensor, Tensor]:
        rows = _rows(x.detach())
        steps, batch, channels, height, width = x.shape
        gain = gamma.detach() * affine.inverse_std
        p = fused_kernels.Parameters(
            forward=_FORWARDS[neuron.spike.forward],
            surrogate=surrogate.code(neuron.spike.surrogate),
            beta=float(neuron.spike.beta),
            subtract=neuron.reset == "subtract",
            decay=float(tau.detach()),
            threshold=neuron.threshold,
            pool=neuron.pool,
            channels=channels,
            learn_decay=ctx.needs_input_grad[3],
            gain=_along_row(gain, width),
            offset=_along_row(beta.detach() - affine.mean * gain, width),
            mean=_along_row(affine.mean, width),
        )
        shape = (steps, batch, height // neuron.pool, width // neuron.pool * channels)
        pooled, fired = np.empty(shape, np.float32), np.empty(batch)
        fused_kernels.forward_parallel(rows, p, pooled, fired)
        spikes, rate = _images(pooled, channels), torch.tensor(fired.sum() / x.numel(), dtype=x.dtype)
        ctx.save_for_backward(x, gamma, spikes)
        ctx.parameters, ctx.affine = p, affine
        ctx.mark_non_differentiable(rate)
        return spikes, rate

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None, None, None]:
        x, gamma, spikes = ctx.saved_tensors
        p, affine = ctx.parameters, ctx.affine
        rows, width = _rows(x.detach()), x.shape[4]
        grad, sums = np.empty_like(rows), np.empty((rows.shape[1], 3, rows.shape[3]), np.float32)
        fused_kernels.backward_parallel(_rows(gradients[0]), _rows(spikes), rows, p, grad, sums)
        by_batch = torch.from_numpy(sums.sum(0, dtype=np.float64)).view(3, width, p.channels)
        total, with_x, decay = by_batch.sum(1)
        grad_gamma, grad_beta = (with_x * affine.inverse_std).float(), total.float()
        by_grad = gamma.detach() * affine.inverse_std
        by_x = torch.zeros_like(by_grad)
        if affine.of_batch:
            count = x.numel() // p.channels * affine.workers.count
            all_gamma, all_beta = affine.workers.total(torch.stack([grad_gamma, grad_beta]))
            by_x = -by_grad * affine.inverse_std * all_gamma / count
            rest = -by_grad * all_beta / count - by_x * affine.mean
        else:
            rest = by_x
        by_image = (rows.shape[0] * rows.shape[1], *rows.shape[2:])
        coefficients = [_along_row(vector, width) for vector in (by_grad, by_x, rest)]
        fused_kernels.through_norm_parallel(grad.reshape(by_image), rows.reshape(by_image), *coefficients)
        grad_tau = decay.sum().float() if p.learn_decay else None
        return _images(grad, p.channels), grad_gamma, grad_beta, grad_tau, None, None
