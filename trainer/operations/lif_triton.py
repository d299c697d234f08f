"""The neurons of trainer/operations/lif.py on a GPU: all steps in one Triton kernel, forward and backward.

Memory, in bytes for each neuron and step: forward makes spikes (4), membrane (4) and, where draws were made, lots (1);
backward needs membrane and lots and makes the gradient (4). Noise (4) is free again after the forward kernel. Spikes
are kept by whoever reads them, not here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import triton
from torch import Tensor

from trainer.kernels import lif as lif_kernels
from trainer.kernels import lif_triton as kernels
from trainer.kernels.lif import Parameters


def lif_triton(
    current: Tensor, tau: Tensor, beta: Tensor | None, noise: Tensor | None, p: Parameters
) -> tuple[Tensor, Tensor]:
    """Spikes and detached membrane before reset of float32 currents and, where it is drawn, noise; all [T, B, C, ...].

    On a CUDA device, or on a CPU in Triton's interpreter. Gradients of τ and β are summed in a fixed order.
    """
    spikes, membrane = _TritonLif.apply(current, tau, beta, noise, p)
    return spikes, membrane


class _TritonLif(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, current: Tensor, tau: Tensor, beta: Tensor | None, noise: Tensor | None, p: Parameters
    ) -> tuple[Tensor, Tensor]:
        current = current.contiguous()
        noise = None if noise is None else noise.contiguous()
        lots = None if noise is None else torch.empty_like(noise, dtype=torch.uint8)
        spikes, membrane, table = torch.empty_like(current), torch.empty_like(current), _table(p, current)
        if current.numel():
            with torch.cuda.device_of(current):  # Triton launches on the current device
                kernels.forward[_programs(current),](
                    current,
                    noise,
                    lots,
                    _neuron(table, current),
                    spikes,
                    membrane,
                    _how(p),
                    enable_fp_fusion=False,
                )
        ctx.save_for_backward(membrane, lots, table)
        ctx.parameters, ctx.inputs = p, tuple(None if x is None else (x.device, x.shape) for x in (tau, beta))
        ctx.mark_non_differentiable(membrane)
        ctx.set_materialize_grads(False)
        return spikes, membrane

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        if gradients[0] is None:
            return None, None, None, None, None
        membrane, lots, table = ctx.saved_tensors
        grad_spikes, p = gradients[0].contiguous(), ctx.parameters
        grad = torch.empty_like(membrane)
        sums = torch.zeros(_programs(membrane), 2, dtype=torch.float64, device=membrane.device)
        if membrane.numel():
            with torch.cuda.device_of(membrane):
                kernels.backward[_programs(membrane),](
                    grad_spikes,
                    membrane,
                    lots,
                    _neuron(table, membrane),
                    grad,
                    sums,
                    _how(p),
                    enable_fp_fusion=False,
                )
        by_beta, by_tau = sums.sum(0).float().unbind()
        return (
            grad,
            _as_input(by_tau, ctx.inputs[0]) if p.learn_tau else None,
            _as_input(by_beta, ctx.inputs[1]) if p.learn_beta else None,
            None,
            None,
        )


def _as_input(gradient: Tensor, place: tuple[torch.device, torch.Size]) -> Tensor:
    """A sum as a gradient of the input it belongs to, which may be a scalar on the CPU."""
    device, shape = place
    return gradient.to(device).view(shape)


def _programs(x: Tensor) -> int:
    return triton.cdiv(x.shape[1:].numel(), kernels.BLOCK.value)


def _table(p: Parameters, like: Tensor) -> Tensor:
    """All numbers that a kernel reads, in one copy to the device."""
    share = 1.0 - p.mix if p.forward == lif_kernels.MIXED else p.mask
    parts = ([p.decay, share], p.betas, p.threshold, p.scale, p.initial)
    return torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(like.device)


def _neuron(table: Tensor, x: Tensor) -> tuple[Tensor, int, int, int, int]:
    """x is [T, B, C, ...]."""
    return table, x.shape[0], x.shape[1:].numel(), x.shape[3:].numel(), x.shape[2]


def _how(p: Parameters) -> kernels.How:
    integer = p.forward == lif_kernels.INTEGER
    return kernels.How(
        forward=p.forward,
        surrogate=p.surrogate,
        masked=p.mask > 0,
        learn_beta=p.learn_beta,
        learn_tau=p.learn_tau,
        subtract=p.subtract,
        detach_reset=p.detach_reset,
        first_shift=p.first_shift,
        second_shift=p.second_shift,
        low=int(p.low) if integer else 0,
        high=int(p.high) if integer else 0,
    )
