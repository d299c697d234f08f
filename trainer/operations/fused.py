"""Batch norm, LIF neurons and OR pool of a layer in one operation; the float passes of trainer/operations/lif.py.

    I = γ·(x − mean)/√(var + ε) + β        u, s, v as in trainer/operations/lif.py        pooled = maximum over windows

Nothing of size [T, B, C, H, W] is stored for the backward pass but x itself, which the convolution made anyway: the
membranes are computed anew in cache. Gradients are those of batch_norm, lif and max_pool2d one after the other, a
window's going to its first maximum. This is the form for CPUs; on a GPU: fused_triton.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge_sast.bulk.parts import in_parts
from trainer.formulas import surrogate
from trainer.kernels import fused as fused_kernels
from trainer.kernels import fused_rows
from trainer.operations.fused_parts import FORWARDS, Affine, Neuron, Shape, affine, through_moments
from trainer.workers.workers import ALONE, Workers


def norm_lif_pool(
    x: Tensor,
    norm: nn.BatchNorm1d,
    share: Tensor,
    momentum: float,
    tau: Tensor,
    neuron: Neuron,
    workers: Workers = ALONE,
) -> tuple[Tensor, Tensor]:
    """Pooled spikes [T, B, C, H//pool, W//pool] and the firing rate before the pool, of x [T, B, C, H, W].

    x is best channels-last in memory (each image as channels_last); the spikes are. In training mode the batch's
    moments, taken over all workers, normalise and move the running ones by `momentum`; else the running ones
    normalise. τ is a scalar tensor that may require a gradient; `share` [C] multiplies the norm's gain and bias. The
    rate, a scalar, carries no gradient. Ask `supports` about the spikes first.
    """
    operation, moments = _forms(x)
    of = affine(norm, lambda: moments(x.detach()), x.shape, momentum, workers)
    pooled, rate = operation.apply(x, norm.weight * share, norm.bias * share, tau, of, neuron)
    return pooled, rate


def lif_pool(x: Tensor, bias: Tensor, tau: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
    """The same with a bias [C] instead of batch norm."""
    of = Affine(torch.zeros_like(bias), torch.ones_like(bias), False)
    pooled, rate = _forms(x)[0].apply(x, torch.ones_like(bias), bias, tau, of, neuron)
    return pooled, rate


def _forms(x: Tensor) -> tuple[type[torch.autograd.Function], Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """The operation and the moments for where x lies."""
    if not x.is_cuda:
        return _NormLifPool, moments
    from trainer.operations import fused_triton  # Triton is not everywhere

    return fused_triton.NormLifPool, fused_triton.moments


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] of x [T, B, C, H, W].

    By image, joined in float64 (T. Chan et al. 1983): no difference of large sums, the same at any number of threads.
    """
    images = rows(x)
    images = images.reshape(-1, *images.shape[2:])
    means, squares = np.empty((2, len(images), x.shape[2]))
    in_parts(fused_kernels.moments_jit, len(images), images, means, squares)
    return joined_moments(means, squares, x.shape[3] * x.shape[4])


def joined_moments(means: np.ndarray, squares: np.ndarray, places: int) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] from each image's means and sums of squared deviations over its places [N, C]."""
    mean = means.mean(0)
    var = squares.sum(0) / (len(means) * places) + np.square(means - mean).mean(0)
    return torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(var.astype(np.float32))


def parameters(
    shape: Shape, learnt: tuple[Tensor, Tensor, Tensor], of: Affine, neuron: Neuron, learn_decay: bool
) -> tuple[fused_rows.Parameters, int]:
    """What kernels take for currents of this shape and γ, β, τ, of all windows; and the rows of a block."""
    steps, _, channels, height, width = shape
    gamma, beta, tau = (tensor.detach() for tensor in learnt)
    gain = gamma * of.inverse_std
    block = fused_kernels.block_rows(steps, height, width * channels, neuron.pool)
    whole = fused_kernels.block_rows(1, height, width * channels, neuron.pool)
    p = fused_rows.Parameters(
        forward=FORWARDS[neuron.spike.forward],
        surrogate=surrogate.code(neuron.spike.surrogate),
        beta=float(neuron.spike.beta),
        subtract=neuron.reset == "subtract",
        decay=float(tau),
        threshold=neuron.threshold,
        pool=neuron.pool,
        channels=channels,
        width=width * channels,
        learn_decay=learn_decay,
        gain=_repeated(gain, whole * width),
        offset=_repeated(beta - of.mean * gain, whole * width),
        mean=_repeated(of.mean, whole * width),
    )
    return p, block


def rows(x: Tensor) -> np.ndarray:
    """[T, B, C, H, W] as channels-last rows [T, B, H, W·C], copied only where memory has another order."""
    steps, batch, channels, height, width = x.shape
    last: np.ndarray = x.permute(0, 1, 3, 4, 2).contiguous().numpy()
    return last.reshape(steps, batch, height, width * channels)


def images(rows: np.ndarray, channels: int) -> Tensor:
    """`rows` undone, without a copy."""
    steps, batch, height, _ = rows.shape
    return torch.from_numpy(rows.reshape(steps, batch, height, -1, channels)).permute(0, 1, 4, 2, 3)


def flat(images: np.ndarray) -> np.ndarray:
    """[T, B, H, W·C] as [T, B, H·W·C], without a copy."""
    return images.reshape(*images.shape[:2], -1)


def _repeated(vector: Tensor, times: int) -> np.ndarray:
    """[C] as [times·C]."""
    return vector.detach().repeat(times).numpy()


class _NormLifPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, tau: Tensor, of: Affine, neuron: Neuron
    ) -> tuple[Tensor, Tensor]:
        steps, batch, channels, height, width = x.shape
        p, block = parameters(x.shape, (gamma, beta, tau), of, neuron, ctx.needs_input_grad[3])
        shape = (steps, batch, height // neuron.pool, width // neuron.pool * channels)
        pooled, fired = np.empty(shape, np.float32), np.empty(batch)
        in_parts(fused_kernels.forward_jit, batch, flat(rows(x.detach())), p, block, flat(pooled), fired)
        spikes = images(pooled, channels)
        rate = torch.tensor(fired.sum() / x.numel(), dtype=x.dtype)
        ctx.save_for_backward(x, gamma, spikes)
        ctx.parameters, ctx.affine, ctx.block = p, of, block
        ctx.mark_non_differentiable(rate)
        return spikes, rate

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None, None, None]:
        x, gamma, spikes = ctx.saved_tensors
        p, of = ctx.parameters, ctx.affine
        read, width = rows(x.detach()), x.shape[4]
        grad, sums = np.empty_like(read), np.empty((read.shape[1], 3, p.channels))
        upstream, pooled = (flat(rows(tensor)) for tensor in (gradients[0], spikes))
        arguments = upstream, pooled, flat(read), p, ctx.block, flat(grad), sums
        in_parts(fused_kernels.backward_jit, len(sums), *arguments)
        total, with_x, decay = torch.from_numpy(sums.sum(0))
        grad_gamma, grad_beta = (with_x * of.inverse_std).float(), total.float()
        coefficients = through_moments(of, gamma, (grad_gamma, grad_beta), x.shape)
        by_image = (read.shape[0] * read.shape[1], *read.shape[2:])
        along_rows = [_repeated(vector, width) for vector in coefficients]
        as_images = grad.reshape(by_image), read.reshape(by_image)
        in_parts(fused_kernels.through_norm_jit, by_image[0], *as_images, *along_rows)
        grad_tau = decay.sum().float() if p.learn_decay else None
        return images(grad, p.channels), grad_gamma, grad_beta, grad_tau, None, None
