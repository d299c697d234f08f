"""From float weights to the integers of docs/arithmetic.md, gradients passing straight through the rounding.

One function serves quantisation-aware training, the trainer's own integer evaluation and export, so that all three
see the same integers. With a weight scale s per output channel and a weight shift f, a membrane's least significant
bit is s/2^f: threshold, bias and membrane are rounded to that, so that few-bit weights still leave a fine membrane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from edge_sast.errors import EdgeSastError

MAX_THRESHOLD = 4095  # leaves a 16-bit membrane at least ± 8 thresholds
EXACT_LIMIT = 1 << 22  # what sums of a spiking layer may reach: float32 holds such integers exactly
# The same of a read-out: float64 holds these, and a membrane of 31 bits and its sum fit the device's 32.
READ_OUT_LIMIT = (1 << 30) - 1
BIAS_LIMIT = READ_OUT_LIMIT // 2  # what a read-out's bias may make of that in all steps
CLIP_RATIOS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4)
SIGN_WINDOW = 1.5  # scales; a weight further from 0 no longer moves by the gradient of its sign


@dataclass(frozen=True)
class IntegerWeights:
    """Integers held in float32, differentiable with respect to the float parameters.

    weight [C_out, ...] and recurrent [C_out, C_out] or None; bias, threshold (None for an integrator) and lsb [C_out];
    lsb is the membrane's least significant bit in float units. amount: what a spike takes off where that is not the
    threshold, [C_out], else None.
    """

    weight: Tensor
    recurrent: Tensor | None
    bias: Tensor
    threshold: Tensor | None
    lsb: Tensor
    bits: int
    weight_shift: int
    state_bits: int
    amount: Tensor | None = None

    def to(self, device: torch.device) -> IntegerWeights:
        """The same on another device."""
        parts: dict[str, Any] = {
            name: value for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **{name: part.to(device) for name, part in parts.items()})


def check_bits(bits: int) -> None:
    """Raises EdgeSastError unless 1 ≤ bits ≤ 8."""
    if not 1 <= bits <= 8:
        raise EdgeSastError(f"--bits is {bits}; it must be 1 to 8")


def weight_shift(bits: int) -> int:
    """f, such that the membrane is about as fine at any width. A scale of 1 bit is the mean weight, which lies near
    the 32nd part of 8 bits' range: 5 bits finer are enough, and let sums of more inputs fit 16 bits than 7 would.
    """
    return 5 if bits == 1 else 8 - bits


def quantise(
    weight: Tensor,
    recurrent: Tensor | None,
    bias: Tensor,
    threshold: float | Tensor | None,
    bits: int,
    max_count: int,
    steps: int,
    amount: Tensor | None = None,
) -> IntegerWeights:
    """Integer form of one layer (batch norm already folded into weight and bias).

    `threshold` is that of all channels, or of each [C]. None is an integrating read-out: its scale is one for all
    channels, so that they can be compared, and its state is wide enough never to saturate in `steps` steps. Where its
    weights are nothing beside its biases (all zero, at the extreme) the scale is that of the biases: the outputs are
    theirs. `amount` is what a spike takes off [C], None the threshold; it is rounded by itself.

    Raises EdgeSastError for sums that cannot be held exactly.
    """
    check_bits(bits)
    shift = weight_shift(bits)
    both = weight.flatten(1) if recurrent is None else torch.cat([weight.flatten(1), recurrent], 1)
    scale = _scales(both, bits, per_channel=threshold is not None)
    if threshold is not None:
        threshold = torch.as_tensor(threshold, dtype=scale.dtype, device=scale.device)
        scale = scale.clamp(min=threshold * 2**shift / MAX_THRESHOLD)
    else:
        scale = scale.clamp_min(bias.detach().abs().max() * (steps * 2**shift / BIAS_LIMIT))
    lsb = scale.detach() / 2**shift
    integers = _signs(both, scale) if bits == 1 else _rounded(both / scale[:, None], bits)
    integer_bias = _straight_through(bias / lsb, torch.round(bias / lsb))
    integer_threshold = None if threshold is None else torch.round(threshold / lsb).clamp_min(1)
    integer_amount = None if amount is None else torch.round(amount.to(lsb) / lsb).clamp_min(1)
    inputs = weight.flatten(1).shape[1]
    most = integer_threshold
    if most is not None and integer_amount is not None:
        most = most.maximum(integer_amount)
    state_bits = _state_bits(integers, inputs, integer_bias, most, shift, max_count, steps)
    return IntegerWeights(
        weight=integers[:, :inputs].view_as(weight),
        recurrent=None if recurrent is None else integers[:, inputs:],
        bias=integer_bias,
        threshold=integer_threshold,
        lsb=lsb,
        bits=bits,
        weight_shift=shift,
        state_bits=state_bits,
        amount=integer_amount,
    )


def _straight_through(x: Tensor, integers: Tensor) -> Tensor:
    """The integers, exactly, with the gradient of x (Bengio et al. 2013, arXiv 1308.3432)."""
    return integers.detach() + (x - x.detach())


def _rounded(ratios: Tensor, bits: int) -> Tensor:
    """The nearest integers of `bits` bits."""
    top = 2 ** (bits - 1) - 1
    return _straight_through(ratios, ratios.round().clamp(-top, top))


def _signs(weight: Tensor, scale: Tensor) -> Tensor:
    """−1, and +1, which 0 becomes: s·sign(w) in units of s, with the gradient of both its factors.

    That of the sign is 1 within SIGN_WINDOW scales and 0 beyond (Rastegari et al. 2016, arXiv 1603.05279, with 1).
    """
    held = scale.detach()[:, None]
    signs = torch.where(weight < 0, -1.0, 1.0)
    passed = torch.where(weight.detach().abs() <= SIGN_WINDOW * held, weight / held, 0.0)
    return _straight_through(passed + scale[:, None] / held * (signs - passed.detach()), signs)


def _scales(weight: Tensor, bits: int, per_channel: bool) -> Tensor:
    """Scale of each output channel [C]: the clipping ratio of the largest weight with the least squared error; of
    1 bit mean|w|, which has it (Rastegari et al. 2016, arXiv 1603.05279).
    """
    rows = weight if per_channel else weight.reshape(1, -1)
    best = rows.abs().mean(1).clamp_min(1e-12) if bits == 1 else _best_clip(rows, bits)
    return best if per_channel else best.expand(weight.shape[0]).contiguous()


@torch.no_grad()
def _best_clip(rows: Tensor, bits: int) -> Tensor:
    """The scale of each row that rounds it with the least squared error, of those in CLIP_RATIOS."""
    top = 2 ** (bits - 1) - 1
    largest = rows.abs().amax(1).clamp_min(1e-12) / top
    best, best_error = largest, torch.full_like(largest, torch.inf)
    for ratio in CLIP_RATIOS if bits < 8 else ():
        scale = largest * ratio
        column = scale[:, None]
        # In place: each training step comes here, and fresh memory costs more than the arithmetic.
        error = (rows / column).round_().clamp_(-top, top).mul_(column).sub_(rows).square_().sum(1)
        best = torch.where(error < best_error, scale, best)
        best_error = torch.minimum(error, best_error)
    return best


def _state_bits(
    integers: Tensor,
    inputs: int,
    bias: Tensor,
    threshold: Tensor | None,
    shift: int,
    max_count: int,
    steps: int,
) -> int:
    """Membrane width: for a read-out, wide enough never to saturate; else 16 bits, or 15 or 14 where that lets every
    sum fit 16 bits and still leaves ± 2 thresholds.
    """
    counts = torch.ones(integers.shape[1], dtype=torch.float64)
    counts[:inputs] = max_count
    wide = integers.detach().double().cpu() * counts * 2**shift
    positive, negative = wide.clamp_min(0).sum(1), wide.clamp_max(0).sum(1)
    offset = bias.detach().double().cpu()
    high, low = int((positive + offset.clamp_min(0)).max()), int((negative + offset.clamp_max(0)).min())
    reach = max(high, -low) * (steps if threshold is None else 1)
    if reach > (EXACT_LIMIT if threshold is not None else READ_OUT_LIMIT):
        weights = int(max(positive.max(), -negative.min()))
        raise _not_exact(
            reach,
            weights,
            inputs,
            None if threshold is None else float((offset.abs() / threshold.cpu()).max()),
        )
    if threshold is None:
        return max(16, reach.bit_length() + 1)
    largest = int(threshold.max())
    for bits in (16, 15, 14):
        half = 1 << (bits - 1)
        if half - 1 + high <= 32767 and low - half >= -32768 and 2 * largest <= half:
            return bits
    return 16


def _not_exact(reach: int, weights: int, inputs: int, bias: float | None) -> EdgeSastError:
    """weights: what they alone sum up to in a step. bias: the largest, in thresholds; None of a read-out."""
    layer = f"a layer of {inputs} inputs"
    if bias is None:
        return EdgeSastError(
            f"--arch: a sum of up to {reach} in {layer} is more than can be held exactly ({READ_OUT_LIMIT}); use fewer "
            "inputs, --steps or counts (--count-cap, sum pools)"
        )
    if weights > EXACT_LIMIT:
        return EdgeSastError(
            f"--arch: a sum of up to {reach} in {layer} is more than can be held exactly ({EXACT_LIMIT}); use fewer "
            "inputs or counts (--count-cap, sum pools)"
        )
    return EdgeSastError(
        f"--lr: training diverged: a bias in {layer} is {bias:.3g} thresholds, a sum of up to {reach}, more than can "
        f"be held exactly ({EXACT_LIMIT}); train again with a lower --lr"
    )
