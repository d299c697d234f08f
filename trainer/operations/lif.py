"""Multi-step leaky integrate-and-fire neurons with a learnable or fixed device leak.

    u[t] = τ·v[t−1] + I[t]          spike s[t] of u[t], see below
    v[t] = u[t]·(1 − s[t])          reset to zero, multiplicative as in SAST (arXiv 2603.18039)
    v[t] = u[t] − ϑ·s[t]            reset by subtraction
    u[t] = τ·u[t−1] − ϑ·s[t−1] + I[t]    the same one step later, behind the leak: ϑ/τ at once

| forward    | s, with x = u − ϑ                                        | gradient of s | through the reset |
|------------|----------------------------------------------------------|---------------|-------------------|
| smooth     | σ_β(x)                                                   | σ′, exact     | yes, exact        |
| hard       | H(x)                                                     | σ′            | no                |
| mixed      | H(x) with probability 1 − mix, else σ_β(x)               | σ′            | yes, as if s = σ  |
| stochastic | 1 with probability σ_β(x), else 0                        | σ′            | no                |
| integer    | H(x) on integers                                         | σ′            | no                |

H(0) = 1: a membrane at its threshold spikes, as on the device; H(0) = 0 in float passes where a layer says `above`.
Detaching the reset follows Zenke & Vogels 2021. mixed
is ASGL, σ + ((H − σ)·m).detach() with m ~ Bernoulli(1 − mix) for each neuron and step (ICML 2023): mix = 1 is the
smooth pass; mix = 0 has the hard pass's spikes, but a gradient through the reset. stochastic is escape noise. A mask p
above 0 (hard and integer) multiplies σ′ by Bernoulli(1 − p) (masked surrogate gradients, arXiv 2406.19645). All draws
come from torch.rand_like of the currents, so from torch's global generator, and only where they are needed.

The integer pass holds integers in float32 and leaks by shifts: it is docs/arithmetic.md §4, its floor passed straight
through by the gradient, which is cut where the membrane saturates.

A learnable slope gets dL/dβ = Σ dL/ds·∂σ_β/∂β, as if s were σ in every forward pass; dL/ds includes the way through the
reset where that is not detached.

Memory on a CPU, in tensors of the current's size: forward makes two (spikes, membrane) and keeps them for backward,
which makes one more; noise, where it is drawn, is another, kept for backward only by a mask. On a GPU: lif_triton.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_sast.bulk.parts import in_parts
from trainer.formulas import surrogate
from trainer.formulas.leak import decay
from trainer.kernels import lif as lif_kernels
from trainer.kernels import lif_gradients
from trainer.kernels.lif import Parameters
from trainer.operations.lif_stepwise import advance, slopes_per_step, stepwise
from trainer.settings.passes import Spike

FORWARD_CODES = {
    "smooth": lif_kernels.SMOOTH,
    "hard": lif_kernels.HARD,
    "mixed": lif_kernels.MIXED,
    "stochastic": lif_kernels.STOCHASTIC,
}


@dataclass(frozen=True)
class IntegerState:
    """Parameters of the integer pass, float32 tensors [C] holding integers (`scale` aside).

    `initial` is the membrane before the first step, 0 where it is None; `amount` what a reset by subtraction takes off,
    the threshold where it is None.
    """

    threshold: Tensor
    scale: Tensor
    shifts: tuple[int, ...]
    low: int
    high: int
    initial: Tensor | None = None
    amount: Tensor | None = None


Threshold = float | np.ndarray  # of all channels, or of each [C]
Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
Form = Callable[[Tensor, Tensor, Tensor | None, Tensor | None, Parameters], tuple[Tensor, Tensor]]


def lif(
    current: Tensor,
    tau: Tensor,
    spike: Spike,
    reset: str,
    *,
    beta: Tensor | None = None,
    initial: Tensor | None = None,
    threshold: Threshold = 1.0,
    above: bool = False,
    later: bool = False,
) -> tuple[Tensor, Tensor]:
    """Spikes and membrane before reset, float32 [T, B, C, ...], of input currents of that shape.

    The membrane is detached. Currents of a narrower type are converted to float32.

    Args:
        tau: the leak, a scalar tensor; it may require a gradient.
        beta: slope parameter in place of `spike.beta`: a scalar, which may require a gradient, or one value for each
            step [T] (MPD-AGL), which gets none.
        initial: [C], the membrane before the first step (MP-Init, arXiv 2511.08708), 0 if None. It gets no gradient.
        threshold: of all channels, or of each [C].
        above: whether a membrane spikes only above the threshold, not at it.
        later: whether a reset by subtraction comes behind the leak; not with `initial`.
    Raises EdgeSastError for a β that the surrogate cannot have, ValueError for one of another shape.
    """
    parameters = _float_parameters(
        tau, spike, reset, threshold, above, later, current.shape[0], current.shape[2], beta, initial
    )
    return _run(current.float(), tau, beta, parameters)


def lif_step(
    tau: Tensor,
    spike: Spike,
    reset: str,
    threshold: Threshold,
    channels: int,
    *,
    beta: Tensor | None = None,
    above: bool = False,
    later: bool = False,
) -> Step:
    """One step as a function: (v, I) to the membrane before and after the reset and the spikes, all [B, C, ...].

    The caller holds the membrane: it starts as zeros [B, C], or as `initial.expand(B, C)`. `beta` is a scalar; for a
    slope per step make a function for each. later: as in `lif`; v then has leaked already.
    """
    parameters = _float_parameters(tau, spike, reset, threshold, above, later, 1, channels, beta, None)
    return _bound(tau, beta, parameters)


def integer_lif(
    current: Tensor, state: IntegerState, spike: Spike, reset: str, *, beta: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Spikes and membrane of integer currents (bias included) [T, B, C, ...], exactly as a device computes them.

    `beta` as in `lif`: it acts on the gradient alone.
    """
    parameters = _integer_parameters(state, spike, reset, current.shape[0], beta)
    return _run(current.float(), torch.tensor(parameters.decay), beta, parameters)


def integer_lif_step(state: IntegerState, spike: Spike, reset: str, *, beta: Tensor | None = None) -> Step:
    """One step of `integer_lif` as a function, see `lif_step`; the caller's membrane starts as `state.initial`."""
    parameters = _integer_parameters(state, spike, reset, 1, beta)
    return _bound(torch.tensor(parameters.decay), beta, parameters)


def _float_parameters(
    tau: Tensor,
    spike: Spike,
    reset: str,
    threshold: Threshold,
    above: bool,
    later: bool,
    steps: int,
    channels: int,
    beta: Tensor | None,
    initial: Tensor | None,
) -> Parameters:
    # All smooth spikes in the mix: no need to draw.
    forward = (
        lif_kernels.SMOOTH if spike.forward == "mixed" and spike.mix == 1 else FORWARD_CODES[spike.forward]
    )
    return Parameters(
        forward=forward,
        surrogate=surrogate.code(spike.surrogate),
        mix=float(spike.mix),
        mask=float(spike.mask),
        learn_beta=_is_learnt(beta),
        learn_tau=tau.requires_grad,
        subtract=reset == "subtract",
        later=later and reset == "subtract",
        detach_reset=forward in (lif_kernels.HARD, lif_kernels.STOCHASTIC),
        decay=float(tau.detach()),
        first_shift=0,
        second_shift=0,
        low=-math.inf,
        high=math.inf,
        betas=_betas(beta, spike, steps),
        threshold=np.full(channels, spiking_threshold(threshold, above), dtype=np.float32),
        taken=np.full(channels, threshold, dtype=np.float32),
        scale=np.ones(channels, dtype=np.float32),
        initial=_per_channel(initial, channels),
    )


def spiking_threshold(threshold: Threshold, above: bool) -> Any:
    """What a float32 membrane reaches exactly where it spikes: of those above the threshold, the next number."""
    return np.nextafter(np.float32(threshold), np.float32(np.inf)) if above else threshold


def _integer_parameters(
    state: IntegerState, spike: Spike, reset: str, steps: int, beta: Tensor | None
) -> Parameters:
    k1, k2 = (*state.shifts, 0, 0)[:2]
    channels = state.threshold.numel()
    return Parameters(
        forward=lif_kernels.INTEGER,
        surrogate=surrogate.code(spike.surrogate),
        mix=0.0,
        mask=float(spike.mask),
        learn_beta=_is_learnt(beta),
        learn_tau=False,
        subtract=reset == "subtract",
        later=False,
        detach_reset=True,
        decay=decay(state.shifts),
        first_shift=k1,
        second_shift=k2,
        low=float(state.low),
        high=float(state.high),
        betas=_betas(beta, spike, steps),
        threshold=_per_channel(state.threshold, channels),
        taken=_per_channel(state.threshold if state.amount is None else state.amount, channels),
        scale=_per_channel(state.scale, channels),
        initial=_per_channel(state.initial, channels),
    )


def _per_channel(values: Tensor | None, channels: int) -> np.ndarray:
    if values is None:
        return np.zeros(channels, dtype=np.float32)
    if values.shape != (channels,):
        raise ValueError(f"a tensor of shape {tuple(values.shape)} for {channels} channels")
    return np.array(values.detach().cpu().numpy(), np.float32)  # a copy: statistics move before backward


def _betas(beta: Tensor | None, spike: Spike, steps: int) -> np.ndarray:
    """Slope parameter of each step, float32 [T]."""
    if beta is None:
        return np.full(steps, spike.beta, dtype=np.float32)
    values = beta.detach().cpu().numpy().astype(np.float32)
    if values.size != 1 and values.shape != (steps,):
        raise ValueError(
            f"beta has shape {values.shape}; it must be a scalar or [{steps}], one value per step"
        )
    surrogate.check_beta(surrogate.code(spike.surrogate), float(values.min()))
    return np.full(steps, values.item(), dtype=np.float32) if values.size == 1 else values


def _is_learnt(beta: Tensor | None) -> bool:
    return beta is not None and beta.numel() == 1 and beta.requires_grad


def _noise(current: Tensor, tau: Tensor, beta: Tensor | None, p: Parameters) -> Tensor | None:
    """Uniform draws in [0, 1), where the forward pass or a mask on its gradient needs them."""
    drawn = p.forward in (lif_kernels.MIXED, lif_kernels.STOCHASTIC)
    learning = torch.is_grad_enabled() and (current.requires_grad or tau.requires_grad or _is_learnt(beta))
    return torch.rand_like(current) if drawn or (p.mask > 0 and learning) else None


def _run(current: Tensor, tau: Tensor, beta: Tensor | None, p: Parameters) -> tuple[Tensor, Tensor]:
    noise = _noise(current, tau, beta, p)
    form: Form = _fused
    if current.is_cuda:  # Triton's kernel knows one threshold
        form = stepwise if p.later or (p.subtract and (p.taken != p.threshold).any()) else _of_gpu()
    return form(current, tau, beta, noise, p)


@functools.cache
def has_triton() -> bool:
    """Whether Triton is installed, as PyTorch's CUDA builds for Linux do, and knows the GPU."""
    if torch.cuda.get_device_capability() < (7, 0):  # Triton makes no code for these
        return False
    try:
        from trainer.operations.lif_triton import lif_triton  # noqa: F401
    except ImportError:
        return False
    return True


def _of_gpu() -> Form:
    """One kernel for all steps, or step by step where there is no Triton."""
    if not has_triton():
        return stepwise
    from trainer.operations.lif_triton import lif_triton

    return lif_triton


def _bound(tau: Tensor, beta: Tensor | None, p: Parameters) -> Step:
    def step(v: Tensor, current: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        current = current.float()
        slope = slopes_per_step(beta, p, current)[0]
        return advance(v, current, tau, slope, _noise(current, tau, beta, p), p)

    return step


def _fused(
    current: Tensor, tau: Tensor, beta: Tensor | None, noise: Tensor | None, p: Parameters
) -> tuple[Tensor, Tensor]:
    spikes, membrane = _FusedLif.apply(current, tau, beta, noise, p)
    return spikes, membrane


class _FusedLif(torch.autograd.Function):
    """All steps in one pass over memory, forward and backward; see lif_kernels and lif_gradients."""

    @staticmethod
    def forward(
        ctx: Any, current: Tensor, tau: Tensor, beta: Tensor | None, noise: Tensor | None, p: Parameters
    ) -> tuple[Tensor, Tensor]:
        rows = current.detach().contiguous().view(current.shape[0], current.shape[1] * current.shape[2], -1)
        spikes, membrane = torch.empty_like(rows), torch.empty_like(rows)
        draws = rows.new_empty(0, 0, 0) if noise is None else noise.contiguous().view(rows.shape)
        made = spikes.numpy(), membrane.numpy()
        in_parts(lif_kernels.forward_jit, rows.shape[1], rows.numpy(), draws.numpy(), p, *made)
        ctx.save_for_backward(spikes, membrane, draws if p.mask else rows.new_empty(0, 0, 0))
        ctx.parameters, ctx.tau_shape, ctx.beta_shape = p, tau.shape, None if beta is None else beta.shape
        seen = membrane.view(current.shape)
        ctx.mark_non_differentiable(seen)
        ctx.set_materialize_grads(False)
        return spikes.view(current.shape), seen

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        if gradients[0] is None:
            return None, None, None, None, None
        spikes, membrane, draws = ctx.saved_tensors
        p: Parameters = ctx.parameters
        grad_spikes = gradients[0].contiguous().view(membrane.shape)
        grad, sums = torch.empty_like(membrane), np.zeros((membrane.shape[1], 2))
        seen = grad_spikes.numpy(), spikes.numpy(), membrane.numpy(), draws.numpy()
        in_parts(lif_gradients.backward_jit, len(sums), *seen, p, grad.numpy(), sums)
        by_beta, by_tau = grad.new_tensor(sums.sum(0)).unbind()
        return (
            grad.view(gradients[0].shape),
            by_tau.view(ctx.tau_shape) if p.learn_tau else None,
            by_beta.view(ctx.beta_shape) if p.learn_beta else None,
            None,
            None,
        )
