"""Convolution of sparse inputs by their events, one image at a time in cache; see trainer/operations/event.py.

An event is an input that is not zero. It adds its value times a row of weights to each row of outputs that it reaches:
with the kernel's columns laid out backwards, its outputs in a row are one piece of memory, and their weights another.
Indices are unsigned: Numba then need not ask whether they count from the end, and loops become vector instructions.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from edge_sast.bulk.parts import Span
from edge_sast.jit import jit
from trainer.kernels import fused as fused_kernels
from trainer.kernels import fused_rows
from trainer.kernels.fused import Part
from trainer.kernels.fused_rows import HARD, Parameters
from trainer.kernels.vectors import add_scaled


class Events(NamedTuple):
    """A batch's inputs that are not zero, recording by recording, step by step, row by row of an image."""

    place: np.ndarray  # uint32 [B, N], in a row of inputs: which of `runs`
    value: np.ndarray  # float32 [B, N]
    starts: np.ndarray  # int64 [B, T, H + 1], where each row of inputs begins and the last one ends
    runs: (
        np.ndarray
    )  # uint64 [places, 3]: first weight and first output of a place's columns, and how many floats
    kernel: int
    stride: int
    padding: int
    width: int  # of a row of outputs, in floats
    row_weights: int  # floats of one row of the kernel, [C_in, columns, C_out]


class Sums(NamedTuple):
    """Of each recording; grad is dL/dcurrent."""

    by_channel: np.ndarray  # float64 [B, 3, C]: Σ grad, nothing, dL/ddecay
    by_weight: np.ndarray  # float32 [B, weights]: Σ input · grad


@partial(jit, inner=True)
def _line(x: np.ndarray, first: int, place: np.ndarray, value: np.ndarray) -> int:
    """Events of a line of inputs, numbered from `first` on, to the front of place and value; how many they are."""
    some = np.uint32(0)
    for j in range(x.size):
        some |= x[j]
    found = 0
    if some:
        for j in range(x.size):
            place[found], value[found] = first + j, x[j]
            found += x[j] != 0
    return found


@partial(jit, inner=True)
def _gather_recording(
    x: np.ndarray, b: int, starts: np.ndarray, place: np.ndarray, value: np.ndarray
) -> None:
    """`gather` of one recording; starts [T, H + 1], place and value [N]."""
    found, line = 0, x.shape[4]
    for t in range(x.shape[0]):
        for h in range(x.shape[3]):
            starts[t, h] = found
            for i in range(x.shape[2]):
                if found + line > place.size:
                    starts[0, 0] = -1
                    return
                found += _line(x[t, b, i, h], i * line, place[found:], value[found:])
        starts[t, x.shape[3]] = found


def gather(span: Span, x: np.ndarray, starts: np.ndarray, place: np.ndarray, value: np.ndarray) -> None:
    """Events of x [T, B, P, H, Q], see Events; starts[b, 0, 0] is −1 where there is no room for Q more.

    x and value are the bits of floats, uint32: whether any of a line is set is then a vector instruction.
    """
    for b in range(span[0], span[1]):
        _gather_recording(x, b, starts[b], place[b], value[b])


@jit
def totals(e: Events, sums: np.ndarray) -> None:
    """sums float64 [H, places] += values of all events."""
    for b in range(e.starts.shape[0]):
        for t in range(e.starts.shape[1]):
            for h in range(sums.shape[0]):
                for n in range(e.starts[b, t, h], e.starts[b, t, h + 1]):
                    sums[h, e.place[b, n]] += e.value[b, n]


@partial(jit, inner=True)
def _rows_of_input(e: Events, height: int, first_row: int, rows: int) -> tuple[int, int]:
    """First and last (exclusive) row of inputs that reach some rows of outputs."""
    top = first_row * e.stride - e.padding
    return max(0, top), min(height, top + (rows - 1) * e.stride + e.kernel)


@partial(jit, inner=True)
def _rows_reached(e: Events, h: int, first_row: int, rows: int) -> tuple[int, int]:
    """First and last (exclusive) of some rows of outputs that row h of inputs reaches."""
    begin = (h + e.padding - e.kernel + e.stride) // e.stride
    end = (h + e.padding) // e.stride + 1
    return max(begin, first_row), min(end, first_row + rows)


@partial(jit, inner=True)
def _connect(
    e: Events, weights: np.ndarray, image: np.ndarray, b: int, t: int, first_row: int, convolving: bool
) -> None:
    """Through all that each event connects: image += v·weights if convolving, else weights += v·image."""
    rows = image.size // e.width
    top, bottom = _rows_of_input(e, e.starts.shape[2] - 1, first_row, rows)
    for h in range(top, bottom):
        begin, end = _rows_reached(e, h, first_row, rows)
        for n in range(e.starts[b, t, h], e.starts[b, t, h + 1]):
            v, run = e.value[b, n], e.runs[e.place[b, n]]
            for r in range(begin, end):
                w = np.uint64((h + e.padding - r * e.stride) * e.row_weights) + run[0]
                i = np.uint64((r - first_row) * e.width) + run[1]
                if convolving:
                    add_scaled(image, i, weights, w, v, run[2])
                else:
                    add_scaled(weights, w, image, i, v, run[2])


@partial(jit, inner=True)
def convolve(e: Events, weights: np.ndarray, b: int, t: int, first_row: int, out: np.ndarray) -> None:
    """Rows of an image's convolution: weights [kernel rows · row_weights] → out [rows·W·C_out]."""
    out[:] = np.float32(0)
    _connect(e, weights, out, b, t, first_row, True)


@partial(jit, inner=True)
def correlate(e: Events, y: np.ndarray, b: int, t: int, first_row: int, sums: np.ndarray) -> None:
    """sums, laid out as weights, += Σ input · y over what each weight connects; y [rows·W·C_out]."""
    _connect(e, sums, y, b, t, first_row, False)


def moments(
    span: Span,
    e: Events,
    weights: np.ndarray,
    rows: int,
    means: np.ndarray,
    squares: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Moments of each image's convolution, float64 [B, T, C]; sums [B, weights]: Σ input · output, where not empty."""
    for b in range(span[0], span[1]):
        top = np.int64(0)  # for a literal both functions would be compiled once more
        y = np.empty(rows * e.width, np.float32)
        image = y.reshape(rows, e.width)
        if sums.size:
            sums[b] = np.float32(0)
        for t in range(means.shape[1]):
            convolve(e, weights, b, t, top, y)
            fused_kernels.image_moments(image, means[b, t], squares[b, t])
            if sums.size:
                correlate(e, y, b, t, top, sums[b])


@partial(jit, inner=True)
def _fire_block(
    e: Events, weights: np.ndarray, p: Parameters, at: Part, pooled: np.ndarray, fired: np.ndarray
) -> None:
    """`forward` of a block; its spikes are added to fired [W·C]."""
    v = np.zeros(at.size, np.float32)
    x, u, s = np.empty(at.size, np.float32), np.empty(at.size, np.float32), np.empty(at.size, np.float32)
    windows = slice(at.pooled_start, at.pooled_start + at.pooled_size)
    for t in range(pooled.shape[0]):
        convolve(e, weights, at.b, t, at.start // p.width, x)
        fused_rows.step(x, v, p, u, s, pooled[t, at.b, windows], fired)


def forward(
    span: Span,
    e: Events,
    weights: np.ndarray,
    p: Parameters,
    height: int,
    block: int,
    pooled: np.ndarray,
    fired: np.ndarray,
) -> None:
    """`fused_kernels.forward` of the convolution, images of `height` rows in blocks of `block`."""
    for b in range(span[0], span[1]):
        by_column = np.zeros(p.width, np.float32)
        for part in fused_kernels.parts(b, height, block, p):
            _fire_block(e, weights, p, part, pooled, by_column)
        fired[b] = fused_kernels.total(by_column)


@partial(jit, inner=True)
def _back_block(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    e: Events,
    weights: np.ndarray,
    p: Parameters,
    at: Part,
    by_place: np.ndarray,
    by_weight: np.ndarray,
) -> None:
    """`backward` of a block, added to by_place [3, block] and by_weight."""
    steps, first_row = pooled.shape[0], at.start // p.width
    kept = 0 if p.forward == HARD else 1  # hard spikes are made anew of the membrane
    u, s = np.empty((steps, at.size), np.float32), np.empty((kept * (steps - 1) + 1, at.size), np.float32)
    v, grad_v = np.zeros(at.size, np.float32), np.zeros(at.size, np.float32)
    grad = np.empty(at.size, np.float32)
    for t in range(steps):
        convolve(e, weights, at.b, t, first_row, grad)
        fused_rows.fire(grad, v, p, u[t], s[kept * t])
    windows = slice(at.pooled_start, at.pooled_start + at.pooled_size)
    for t in range(steps - 1, -1, -1):
        now = s[kept * t]
        fused_rows.step_back(
            grad_pooled[t, at.b, windows], pooled[t, at.b, windows], u[t], now, p, grad_v, grad, by_place[0]
        )
        correlate(e, grad, at.b, t, first_row, by_weight)
        if t and p.learn_decay:
            fused_rows.add_decay_sum(grad, u[t - 1], s[kept * (t - 1)], p, by_place)


def backward(
    span: Span,
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    e: Events,
    weights: np.ndarray,
    p: Parameters,
    block: int,
    sums: Sums,
) -> None:
    """Sums of what follows from dL/dpooled; rows of outputs outside every window get no gradient."""
    for b in range(span[0], span[1]):
        by_place, by_weight = np.zeros((3, block * p.width), np.float32), sums.by_weight[b]
        by_weight[:] = np.float32(0)
        for part in fused_kernels.parts(b, _whole_height(pooled, p), block, p):
            _back_block(grad_pooled, pooled, e, weights, p, part, by_place, by_weight)
        for i in range(3):
            fused_kernels.per_channel(by_place[i], sums.by_channel[b, i])


@partial(jit, inner=True)
def _whole_height(pooled: np.ndarray, p: Parameters) -> int:
    """Rows of outputs that windows cover."""
    return pooled.shape[2] // (p.width // p.channels // p.pool * p.channels) * p.pool


gather_jit = jit(gather)
moments_jit = jit(moments)
forward_jit = jit(forward)
backward_jit = jit(backward)
