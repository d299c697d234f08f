"""A layer on sparse inputs that need no gradient as one operation: convolution and all of trainer/operations/fused.py.

    y = W ∗ x        I = γ·(y − mean)/√(var + ε) + β        spikes of I, OR-pooled

Inputs of zero are left out, also where a weight is infinite: conv2d would make NaN of them. Nothing of the size of y is
ever in memory: the moments, the forward and the backward pass each convolve again, an image at a time in cache, which
few events make cheap. The gradient of W is

    dL/dW = a·Σ x·dL/dI + b·Σ x·y + c·Σ x        a, b, c [C] as batch norm's backward pass has them

Σ over the places that a weight connects; Σ x·y is taken along with the moments.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_weight

from edge_sast.bulk.parts import in_parts
from edge_sast.model.reach import output_size
from trainer.kernels import event as event_kernels
from trainer.kernels.event import Events
from trainer.operations import fused, fused_parts
from trainer.operations.fused_parts import Affine, Neuron
from trainer.settings.architecture import ConvSpec, DenseSpec
from trainer.workers.workers import ALONE, Workers

MOST = 0.2  # share of a recording's inputs that are events; with more, dense convolutions are as fast


@dataclass(frozen=True)
class Sparse:
    """A batch's events; shapes of an image of theirs [C, H, W] and of what a convolution makes of them [T, B, C, H, W].

    last: an event's place counts column by column, channel fastest; else channel by channel.
    """

    events: Events
    inputs: tuple[int, int, int]
    last: bool
    spec: ConvSpec
    shape: tuple[int, int, int, int, int]


def gather(x: Tensor, spec: ConvSpec | DenseSpec) -> Sparse | None:
    """The events of x [T, B, C, H, W], None where this layer is not for them, or a recording has too many."""
    if (
        isinstance(spec, DenseSpec)
        or spec.groups > 1
        or x.requires_grad
        or x.is_cuda
        or x.dtype != torch.float32
    ):
        return None
    if torch.is_autocast_enabled("cpu"):
        return None
    steps, batch, channels, height, width = x.shape
    last = x.stride(2) == 1
    lines = x
    if last:
        lines = x.permute(0, 1, 3, 4, 2).reshape(steps, batch, 1, height, width * channels)
    room = int(MOST * x[:, 0].numel()) + lines.shape[4]
    starts = np.empty((batch, steps, height + 1), np.int64)
    place, value = np.empty((batch, room), np.uint32), np.empty((batch, room), np.float32)
    bits = lines.contiguous().numpy().view(np.uint32)
    in_parts(event_kernels.gather_jit, batch, bits, starts, place, value.view(np.uint32))
    if starts[:, 0, 0].min() < 0:
        return None
    out_height, out_width = (output_size(n, spec.kernel, spec.stride, spec.padding) for n in (height, width))
    events = Events(
        place=place,
        value=value,
        starts=starts,
        runs=_runs(spec, channels, width, last),
        kernel=spec.kernel,
        stride=spec.stride,
        padding=spec.padding,
        width=out_width * spec.channels,
        row_weights=channels * _columns(spec) * spec.channels,
    )
    out_shape = (steps, batch, spec.channels, out_height, out_width)
    return Sparse(events, (channels, height, width), last, spec, out_shape)


def norm_lif_pool(
    x: Sparse,
    kernel: Tensor,
    norm: nn.BatchNorm1d,
    share: Tensor,
    momentum: float,
    tau: Tensor,
    neuron: Neuron,
    workers: Workers = ALONE,
) -> tuple[Tensor, Tensor]:
    """`fused.norm_lif_pool` of the convolution of x with kernel [C_out, C_in, k, k]."""
    learning = torch.is_grad_enabled() and kernel.requires_grad and norm.training
    weights = _laid_out(kernel, x.spec)
    with_output = np.empty((x.shape[1] if learning else 0, weights.size), np.float32)
    affine = fused_parts.affine(norm, lambda: _moments(x, weights, with_output), x.shape, momentum, workers)
    pooled, rate = _EventLayer.apply(
        kernel, norm.weight * share, norm.bias * share, tau, _Layer(x, affine, neuron, with_output)
    )
    return pooled, rate


def lif_pool(x: Sparse, kernel: Tensor, bias: Tensor, tau: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
    """The same with a bias [C] instead of batch norm."""
    affine = Affine(torch.zeros_like(bias), torch.ones_like(bias), False)
    layer = _Layer(x, affine, neuron, np.empty((0, 0), np.float32))
    pooled, rate = _EventLayer.apply(kernel, torch.ones_like(bias), bias, tau, layer)
    return pooled, rate


@dataclass(frozen=True)
class _Layer:
    """with_output: Σ x·y of each recording, laid out as weights; empty where no gradient follows y's moments."""

    x: Sparse
    affine: Affine
    neuron: Neuron
    with_output: np.ndarray


def _columns(spec: ConvSpec) -> int:
    """The kernel's columns, filled up with zeros so that every input reaches as many outputs of a row."""
    return -(-spec.kernel // spec.stride) * spec.stride


def _order(spec: ConvSpec) -> list[int]:
    """Columns as laid out: those that an input reaches side by side, backwards, as outputs go forwards."""
    return [k for phase in range(spec.stride) for k in range(phase, _columns(spec), spec.stride)[::-1]]


@functools.lru_cache(maxsize=64)
def _runs(spec: ConvSpec, channels: int, width: int, last: bool) -> np.ndarray:
    """`Events.runs`; places go channel by channel, or where channels are last in memory column by column."""
    out_width = output_size(width, spec.kernel, spec.stride, spec.padding)
    size, stride = _columns(spec), spec.stride
    runs = np.zeros((channels, width, 3), np.uint64)
    for column in range(width):
        outputs = [
            (i, (column + spec.padding - k) // stride)
            for i, k in enumerate(_order(spec))
            if (column + spec.padding - k) % stride == 0
        ]
        reached = [(i, output) for i, output in outputs if 0 <= output < out_width]
        for c in range(channels if reached else 0):
            begin = (c * size + reached[0][0]) * spec.channels
            runs[c, column] = begin, reached[0][1] * spec.channels, len(reached) * spec.channels
    return np.ascontiguousarray(runs.swapaxes(0, 1) if last else runs).reshape(-1, 3)


def _laid_out(kernel: Tensor, spec: ConvSpec) -> np.ndarray:
    """[C_out, C_in, k, k] as [k, C_in, columns in `_order`, C_out], flat."""
    columns = functional.pad(kernel.detach(), (0, _columns(spec) - spec.kernel))[..., _order(spec)]
    return columns.permute(2, 1, 3, 0).contiguous().view(-1).numpy()


def _as_kernel(weights: Tensor, like: Tensor, spec: ConvSpec) -> Tensor:
    """`_laid_out` undone."""
    outputs, inputs, size, _ = like.shape
    columns = weights.view(size, inputs, -1, outputs).permute(3, 1, 0, 2)
    return columns[..., np.argsort(_order(spec))[:size]]


def _moments(x: Sparse, weights: np.ndarray, with_output: np.ndarray) -> tuple[Tensor, Tensor]:
    """`fused.moments` of the convolution; Σ x·y is taken where with_output is not empty."""
    steps, batch, channels, height, width = x.shape
    means, squares = np.empty((2, batch, steps, channels))
    in_parts(event_kernels.moments_jit, batch, x.events, weights, height, means, squares, with_output)
    return fused.joined_moments(means.reshape(-1, channels), squares.reshape(-1, channels), height * width)


class _EventLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernel: Tensor, gamma: Tensor, beta: Tensor, tau: Tensor, layer: _Layer
    ) -> tuple[Tensor, Tensor]:
        x, neuron = layer.x, layer.neuron
        steps, batch, channels, height, width = x.shape
        p, block = fused.parameters(
            x.shape, (gamma, beta, tau), layer.affine, neuron, ctx.needs_input_grad[3]
        )
        weights = _laid_out(kernel, x.spec)
        pooled = np.empty((steps, batch, height // neuron.pool, width // neuron.pool * channels), np.float32)
        fired = np.empty(batch)
        whole = p.gain.size // p.width
        in_parts(
            event_kernels.forward_jit, batch, x.events, weights, p, height, whole, fused.flat(pooled), fired
        )
        spikes = fused.images(pooled, channels)
        rate = torch.tensor(fired.sum() / np.prod(x.shape), dtype=torch.float32)
        ctx.save_for_backward(kernel, gamma, spikes)
        ctx.layer, ctx.parameters, ctx.block = layer, p, block
        ctx.mark_non_differentiable(rate)
        return spikes, rate

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None, None]:
        kernel, gamma, spikes = ctx.saved_tensors
        x, affine, p = ctx.layer.x, ctx.layer.affine, ctx.parameters
        weights, batch = _laid_out(kernel, x.spec), x.shape[1]
        sums = event_kernels.Sums(
            np.empty((batch, 3, p.channels)), np.empty((batch, weights.size), np.float32)
        )
        upstream, pooled = (fused.flat(fused.rows(t)) for t in (gradients[0], spikes))
        in_parts(event_kernels.backward_jit, batch, upstream, pooled, x.events, weights, p, ctx.block, sums)
        total, _, decay = torch.from_numpy(sums.by_channel.sum(0))
        with_input = _as_kernel(torch.from_numpy(sums.by_weight.sum(0, dtype=np.float64)), kernel, x.spec)
        with_y = (kernel.detach() * with_input).sum((1, 2, 3)) - affine.mean * total
        grad_gamma, grad_beta = (with_y * affine.inverse_std).float(), total.float()
        by_grad, by_y, rest = fused_parts.through_moments(affine, gamma, (grad_gamma, grad_beta), x.shape)
        grad = by_grad.view(-1, 1, 1, 1) * with_input
        if affine.of_batch:
            with_output = torch.from_numpy(ctx.layer.with_output.sum(0, dtype=np.float64))
            grad += by_y.view(-1, 1, 1, 1) * _as_kernel(with_output, kernel, x.spec)
            grad += rest.view(-1, 1, 1, 1) * _inputs(x)
        grad_tau = decay.sum().float() if p.learn_decay else None
        return grad.float(), grad_gamma, grad_beta, grad_tau, None


def _inputs(x: Sparse) -> Tensor:
    """Sum of the inputs that each weight connects, [1, C_in, k, k]."""
    spec, total = x.spec, _total(x)[None]
    size = (1, total.shape[1], spec.kernel, spec.kernel)
    return conv2d_weight(total, size, total.new_ones(1, 1, *x.shape[3:]), spec.stride, spec.padding)


def _total(x: Sparse) -> Tensor:
    """Sum of inputs over steps and recordings, float64 [C_in, H, W]."""
    channels, height, width = x.inputs
    sums = np.zeros((height, width * channels))
    event_kernels.totals(x.events, sums)
    if x.last:
        return torch.from_numpy(sums.reshape(height, width, channels)).permute(2, 0, 1).contiguous()
    return torch.from_numpy(sums.reshape(height, channels, width)).permute(1, 0, 2).contiguous()
