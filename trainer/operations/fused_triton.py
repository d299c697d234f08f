"""trainer/operations/fused.py's operation on a GPU, by the kernels of fused_triton_kernels.py.

Memory, in bytes for each neuron and step: forward keeps x (4), which the convolution made, and a pool's share of
spikes; backward makes the gradient (4), in which the membranes lie before.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor

from trainer.formulas import surrogate
from trainer.kernels import fused_triton as kernels
from trainer.operations import fused_parts
from trainer.operations.fused_parts import Affine, Neuron


class NormLifPool(torch.autograd.Function):
    """The operation of fused.py, of x [T, B, C, H, W] on a GPU, or on a CPU in Triton's interpreter."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, tau: Tensor, of: Affine, neuron: Neuron
    ) -> tuple[Tensor, Tensor]:
        x, how = _last(x), _how(neuron, ctx.needs_input_grad[3])
        steps, batch, height, width, channels = x.shape
        pooled = x.new_empty(steps, batch, height // neuron.pool, width // neuron.pool, channels)
        layer = _layer(x, gamma, beta, tau, of, neuron)
        *_, lanes, _ = layer
        rates = x.new_zeros(triton.cdiv(lanes, kernels.BLOCK.value))
        if x.numel():
            with torch.cuda.device_of(x):  # Triton launches on the current device
                kernels.forward[rates.numel(),](x, layer, pooled, rates, how, enable_fp_fusion=False)
        rate = (rates.sum(dtype=torch.float64) / max(x.numel(), 1)).float()
        ctx.save_for_backward(x, gamma, layer[0])
        ctx.affine, ctx.how, ctx.tau = of, how, (tau.device, tau.shape)
        ctx.mark_non_differentiable(rate)
        return pooled.permute(0, 1, 4, 2, 3), rate

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None, None, None]:
        x, gamma, table = ctx.saved_tensors
        of, how = ctx.affine, ctx.how
        steps, batch, height, width, channels = x.shape
        grad, upstream = torch.empty_like(x), _last(gradients[0])
        layer = (table, *_sizes(x, how.pool))
        *_, lanes, _ = layer
        sums = x.new_zeros(3, lanes // channels, channels)
        if x.numel():
            with torch.cuda.device_of(x):
                grid = (triton.cdiv(lanes, kernels.BLOCK.value),)
                kernels.backward[grid](upstream, x, layer, of.mean, grad, sums, how, enable_fp_fusion=False)
        total, with_x, decay = sums.sum(1, dtype=torch.float64)
        grad_gamma, grad_beta = (with_x * of.inverse_std).float(), total.float()
        shape = (steps, batch, channels, height, width)
        coefficients = fused_parts.through_moments(of, gamma, (grad_gamma, grad_beta), shape)
        if x.numel():
            with torch.cuda.device_of(x):
                kernels.through_norm[_tiles(x)](
                    grad,
                    x,
                    torch.stack(coefficients),
                    x.numel() // channels,
                    channels,
                    enable_fp_fusion=False,
                )
        device, tau_shape = ctx.tau
        grad_tau = decay.sum().float().to(device).view(tau_shape) if how.learn_tau else None
        return grad.permute(0, 1, 4, 2, 3), grad_gamma, grad_beta, grad_tau, None, None


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """`fused.moments` on a GPU, joined from pieces in float64."""
    x = _last(x)
    channels = x.shape[-1]
    places = x.numel() // channels
    pieces = _tiles(x)
    means, squares = x.new_empty(2, pieces[0], channels)
    with torch.cuda.device_of(x):
        kernels.moments[pieces](x, means, squares, places, channels)
    counts = means.new_full((pieces[0], 1), kernels.PLACES.value, dtype=torch.float64)
    counts[-1] = places - (pieces[0] - 1) * kernels.PLACES.value
    mean = (means * counts).sum(0) / places
    apart = squares + counts * (means - mean).square()
    return mean.float(), (apart.sum(0) / places).float()


def _last(x: Tensor) -> Tensor:
    """[T, B, C, H, W] as [T, B, H, W, C], copied only where memory has another order."""
    return x.permute(0, 1, 3, 4, 2).contiguous()


def _tiles(x: Tensor) -> tuple[int, int]:
    """Grid of the kernels that take tiles of places and channels."""
    channels = x.shape[-1]
    places = x.numel() // channels
    return triton.cdiv(places, kernels.PLACES.value), triton.cdiv(channels, kernels.LANES.value)


def _sizes(x: Tensor, pool: int) -> tuple[int, ...]:
    """What follows the table in a kernel's `layer`."""
    steps, batch, height, width, channels = x.shape
    lanes = batch * triton.cdiv(height, pool) * triton.cdiv(width, pool) * channels
    pooled = batch * (height // pool) * (width // pool) * channels
    return steps, x.shape[1:].numel(), height, width, channels, lanes, pooled


def _layer(
    x: Tensor, gamma: Tensor, beta: Tensor, tau: Tensor, of: Affine, neuron: Neuron
) -> tuple[Any, ...]:
    gain = gamma * of.inverse_std
    numbers = torch.stack([tau.detach().float().to(x.device), gain.new_tensor(neuron.spike.beta)])
    return torch.cat([numbers, gain, beta - of.mean * gain]), *_sizes(x, neuron.pool)


def _how(neuron: Neuron, learn_tau: bool) -> kernels.How:
    hard = neuron.spike.forward == "hard"
    return kernels.How(
        hard=hard,
        surrogate=surrogate.code(neuron.spike.surrogate),
        subtract=neuron.reset == "subtract",
        detach_reset=hard,
        threshold=neuron.threshold,
        pool=neuron.pool,
        rows=triton.next_power_of_2(neuron.pool**2),
        learn_tau=learn_tau,
    )
