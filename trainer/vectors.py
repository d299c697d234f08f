"""Short rows of floats, a few at a time as LLVM vectors.

A loop over a row is compiled for rows of any length and place: it asks whether the arrays overlap, and takes what is
left of its wide steps float by float. For the some dozen floats that an event adds, or a window's channels, that is
most of the time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from edge_sast.jit import jit


class _Vectors:
    """What an intrinsic's arguments are in LLVM, for vectors of `width` floats."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any, width: int) -> None:
        self.context, self.builder, self.signature, self.arguments = context, builder, signature, arguments
        self.vector = ir.VectorType(ir.FloatType(), width)
        self.undefined = ir.Constant(self.vector, ir.Undefined)
        self.zero, self.one = (ir.Constant(self.vector, [value] * width) for value in (0.0, 1.0))
        self.lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)

    def place(self, array: int, index: int) -> Any:
        """Address of an array's floats from an index on, both given as the numbers of arguments."""
        held = self.context.make_array(self.signature.args[array])(
            self.context, self.builder, self.arguments[array]
        )
        first = self.builder.gep(held.data, [self.arguments[index]])
        return self.builder.bitcast(first, self.vector.as_pointer())

    def load(self, place: Any) -> Any:
        return self.builder.load(place, align=4)

    def store(self, value: Any, place: Any) -> None:
        self.builder.store(value, place, align=4)

    def repeated(self, argument: int) -> Any:
        one = self.builder.insert_element(
            self.undefined, self.arguments[argument], ir.Constant(ir.IntType(32), 0)
        )
        return self.builder.shuffle_vector(one, self.undefined, self.lanes)

    def fold(self, spikes: Any, most_at: Any, fired_at: Any, first: Any) -> None:
        """Spikes to the maxima of their windows, and to counts."""
        most = self.load(most_at)
        larger = self.builder.select(self.builder.fcmp_ordered(">", spikes, most), spikes, most)
        self.store(self.builder.select(first, spikes, larger), most_at)
        self.store(self.builder.fadd(self.load(fired_at), spikes), fired_at)


def _add_some(width: int) -> Any:
    """An intrinsic: to[at : at + width] += factor·row[place : place + width], float32; nothing is checked."""

    @intrinsic
    def add_some(_context: Any, to: Any, at: Any, row: Any, place: Any, factor: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            v = _Vectors(context, builder, signature, arguments, width)
            whole = v.place(0, 1)
            scaled = builder.fmul(v.repeated(4), v.load(v.place(2, 3)))
            v.store(builder.fadd(v.load(whole), scaled), whole)
            return context.get_dummy_value()

        return types.void(to, at, row, place, factor), generate

    return add_some


def _fold_some(width: int) -> Any:
    """An intrinsic of `fold` for `width` floats."""

    @intrinsic
    def fold_some(
        _context: Any, s: Any, at: Any, pooled: Any, place: Any, fired: Any, column: Any, first: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            f = _Vectors(context, builder, signature, arguments, width)
            f.fold(f.load(f.place(0, 1)), f.place(2, 3), f.place(4, 5), arguments[6])
            return context.get_dummy_value()

        return types.void(s, at, pooled, place, fired, column, first), generate

    return fold_some


def _back_some(width: int) -> Any:
    """An intrinsic of `back` for `width` floats."""

    @intrinsic
    def back_some(
        _context: Any,
        top: Any,
        left: Any,
        place: Any,
        u: Any,
        s: Any,
        at: Any,
        grad: Any,
        grad_v: Any,
        total: Any,
        column: Any,
        decay: Any,
        theta: Any,
        subtract: Any,
        smooth: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            f = _Vectors(context, builder, signature, arguments, width)
            left_at, grad_at, held_at, total_at = f.place(1, 2), f.place(6, 5), f.place(7, 5), f.place(8, 9)
            membrane, threshold = f.load(f.place(3, 5)), f.repeated(11)
            slope, still = f.load(grad_at), f.load(left_at)
            hard = builder.select(builder.fcmp_ordered(">=", membrane, threshold), f.one, f.zero)
            spikes = builder.select(arguments[13], f.load(f.place(4, 5)), hard)
            hit = builder.fcmp_ordered("==", spikes, f.load(f.place(0, 2)))
            f.store(builder.select(hit, f.zero, still), left_at)
            through = builder.select(arguments[13], slope, f.zero)
            kept_less = builder.fsub(f.one, builder.fmul(threshold, through))
            kept_zero = builder.fsub(builder.fsub(f.one, spikes), builder.fmul(membrane, through))
            kept = builder.select(arguments[12], kept_less, kept_zero)
            by_spike = builder.fmul(builder.select(hit, still, f.zero), slope)
            g = builder.fadd(by_spike, builder.fmul(f.load(held_at), kept))
            f.store(g, grad_at)
            f.store(builder.fmul(f.repeated(10), g), held_at)
            f.store(builder.fadd(f.load(total_at), g), total_at)
            return context.get_dummy_value()

        arguments = (top, left, place, u, s, at, grad, grad_v, total, column, decay, theta, subtract, smooth)
        return types.void(*arguments), generate

    return back_some


def _fire_some(width: int, folds: bool) -> Any:
    """An intrinsic of `fire` for `width` floats, or of `fire_and_fold`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        f = _Vectors(context, builder, signature, arguments, width)
        threshold, held_at = f.repeated(7), f.place(5, 1)
        current = builder.fadd(
            builder.fmul(f.load(f.place(2, 4)), f.load(f.place(0, 1))), f.load(f.place(3, 4))
        )
        membrane = builder.fadd(builder.fmul(f.repeated(6), f.load(held_at)), current)
        spikes = builder.select(builder.fcmp_ordered(">=", membrane, threshold), f.one, f.zero)
        less = builder.fsub(membrane, builder.fmul(threshold, spikes))
        kept = builder.fmul(membrane, builder.fsub(f.one, spikes))
        f.store(builder.select(arguments[8], less, kept), held_at)
        if folds:
            f.fold(spikes, f.place(9, 10), f.place(11, 4), arguments[12])
        else:
            f.store(membrane, f.place(9, 1))
        return context.get_dummy_value()

    @intrinsic
    def fire_some(
        _context: Any,
        x: Any,
        at: Any,
        gain: Any,
        offset: Any,
        column: Any,
        v: Any,
        decay: Any,
        theta: Any,
        subtract: Any,
        u: Any,
    ) -> Any:
        return types.void(x, at, gain, offset, column, v, decay, theta, subtract, u), generate

    @intrinsic
    def fire_and_fold_some(
        _context: Any,
        x: Any,
        at: Any,
        gain: Any,
        offset: Any,
        column: Any,
        v: Any,
        decay: Any,
        theta: Any,
        subtract: Any,
        pooled: Any,
        place: Any,
        fired: Any,
        first: Any,
    ) -> Any:
        return (
            types.void(x, at, gain, offset, column, v, decay, theta, subtract, pooled, place, fired, first),
            generate,
        )

    return fire_and_fold_some if folds else fire_some


_add_16, _add_4, _add_1 = (_add_some(width) for width in (16, 4, 1))
_fold_16, _fold_4, _fold_1 = (_fold_some(width) for width in (16, 4, 1))
_fire_16, _fire_4, _fire_1 = (_fire_some(width, False) for width in (16, 4, 1))
_fire_and_fold_16, _fire_and_fold_4, _fire_and_fold_1 = (_fire_some(width, True) for width in (16, 4, 1))
_back_16, _back_4, _back_1 = (_back_some(width) for width in (16, 4, 1))


@functools.partial(jit, inline=True)
def add_scaled(
    to: np.ndarray, at: np.uint64, row: np.ndarray, place: np.uint64, count: np.uint64, factor: np.float32
) -> None:
    """to[at : at + count] += factor·row[place : place + count]; C-contiguous float32, both within their arrays."""
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        _add_16(to, at + k, row, place + k, factor)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        _add_4(to, at + k, row, place + k, factor)
        k += np.uint64(4)
    while k < count:
        _add_1(to, at + k, row, place + k, factor)
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def fold(
    s: np.ndarray,
    at: np.uint64,
    pooled: np.ndarray,
    place: np.uint64,
    fired: np.ndarray,
    column: np.uint64,
    count: np.uint64,
    first: bool,
) -> None:
    """pooled[place + k] := s[at + k] if `first`, else the larger; fired[column + k] += s[at + k]. k below count.

    C-contiguous float32.
    """
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        _fold_16(s, at + k, pooled, place + k, fired, column + k, first)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        _fold_4(s, at + k, pooled, place + k, fired, column + k, first)
        k += np.uint64(4)
    while k < count:
        _fold_1(s, at + k, pooled, place + k, fired, column + k, first)
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def fire(
    x: np.ndarray,
    at: np.uint64,
    gain: np.ndarray,
    offset: np.ndarray,
    column: np.uint64,
    v: np.ndarray,
    decay: np.float32,
    theta: np.float32,
    subtract: bool,
    u: np.ndarray,
    count: np.uint64,
) -> None:
    """A step of hard neurons: u := decay·v + gain·x + offset; v := u − θ·H(u − θ) if `subtract`, else u where u < θ.

    x, v, u at + k, gain and offset column + k; k below count. C-contiguous float32.
    """
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        _fire_16(x, at + k, gain, offset, column + k, v, decay, theta, subtract, u)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        _fire_4(x, at + k, gain, offset, column + k, v, decay, theta, subtract, u)
        k += np.uint64(4)
    while k < count:
        _fire_1(x, at + k, gain, offset, column + k, v, decay, theta, subtract, u)
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def fire_and_fold(
    x: np.ndarray,
    at: np.uint64,
    gain: np.ndarray,
    offset: np.ndarray,
    column: np.uint64,
    v: np.ndarray,
    decay: np.float32,
    theta: np.float32,
    subtract: bool,
    pooled: np.ndarray,
    place: np.uint64,
    fired: np.ndarray,
    first: bool,
    count: np.uint64,
) -> None:
    """`fire` of x and v at + k, with gain and offset at column + k, and `fold` of its spikes; k below count."""
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        c, j = column + k, place + k
        _fire_and_fold_16(x, at + k, gain, offset, c, v, decay, theta, subtract, pooled, j, fired, first)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        c, j = column + k, place + k
        _fire_and_fold_4(x, at + k, gain, offset, c, v, decay, theta, subtract, pooled, j, fired, first)
        k += np.uint64(4)
    while k < count:
        c, j = column + k, place + k
        _fire_and_fold_1(x, at + k, gain, offset, c, v, decay, theta, subtract, pooled, j, fired, first)
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def back(
    top: np.ndarray,
    left: np.ndarray,
    place: np.uint64,
    u: np.ndarray,
    s: np.ndarray,
    at: np.uint64,
    count: np.uint64,
    grad: np.ndarray,
    grad_v: np.ndarray,
    total: np.ndarray,
    column: np.uint64,
    decay: np.float32,
    theta: np.float32,
    subtract: bool,
    smooth: bool,
) -> None:
    """A step back through pool, spike, membrane, of neurons at + k, windows place + k, sums column + k; k below count.

    grad goes from dσ/du to dL/du, grad_v from dL/dv[t] to dL/dv[t−1], and total grows by grad. A window's gradient
    `left` is a neuron's whose spike is its maximum `top`, which leaves 0 there. Spikes are s if `smooth`, else H(u − θ)
    and the reset passes no gradient on to them. C-contiguous float32.
    """
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        j, c = place + k, column + k
        _back_16(top, left, j, u, s, at + k, grad, grad_v, total, c, decay, theta, subtract, smooth)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        j, c = place + k, column + k
        _back_4(top, left, j, u, s, at + k, grad, grad_v, total, c, decay, theta, subtract, smooth)
        k += np.uint64(4)
    while k < count:
        j, c = place + k, column + k
        _back_1(top, left, j, u, s, at + k, grad, grad_v, total, c, decay, theta, subtract, smooth)
        k += np.uint64(1)
