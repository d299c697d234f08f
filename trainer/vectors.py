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


def _take_some(width: int) -> Any:
    """An intrinsic of `take` for `width` floats."""

    @intrinsic
    def take_some(_context: Any, to: Any, row: Any, at: Any, top: Any, left: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            v = _Vectors(context, builder, signature, arguments, width)
            left_at = v.place(4, 5)
            still = v.load(left_at)
            hit = builder.fcmp_ordered("==", v.load(v.place(1, 2)), v.load(v.place(3, 5)))
            v.store(builder.select(hit, still, v.zero), v.place(0, 2))
            v.store(builder.select(hit, v.zero, still), left_at)
            return context.get_dummy_value()

        return types.void(to, row, at, top, left, place), generate

    return take_some


def _fire_some(width: int) -> Any:
    """An intrinsic of `fire_hard` for `width` floats from k on."""

    @intrinsic
    def fire_some(
        _context: Any,
        x: Any,
        gain: Any,
        offset: Any,
        v: Any,
        u: Any,
        s: Any,
        k: Any,
        decay: Any,
        theta: Any,
        subtract: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            f = _Vectors(context, builder, signature, arguments, width)
            threshold, held_at = f.repeated(8), f.place(3, 6)
            current = builder.fadd(
                builder.fmul(f.load(f.place(1, 6)), f.load(f.place(0, 6))), f.load(f.place(2, 6))
            )
            membrane = builder.fadd(builder.fmul(f.repeated(7), f.load(held_at)), current)
            hit = builder.fcmp_ordered(">=", membrane, threshold)
            spikes = builder.select(hit, f.one, f.zero)
            less = builder.fsub(membrane, builder.fmul(threshold, spikes))
            kept = builder.fmul(membrane, builder.fsub(f.one, spikes))
            f.store(membrane, f.place(4, 6))
            f.store(spikes, f.place(5, 6))
            f.store(builder.select(arguments[9], less, kept), held_at)
            return context.get_dummy_value()

        return types.void(x, gain, offset, v, u, s, k, decay, theta, subtract), generate

    return fire_some


_add_16, _add_4 = _add_some(16), _add_some(4)
_take_16, _take_4 = _take_some(16), _take_some(4)
_fire_16 = _fire_some(16)


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
        to[at + k] += factor * row[place + k]
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def take(
    to: np.ndarray,
    row: np.ndarray,
    at: np.uint64,
    top: np.ndarray,
    left: np.ndarray,
    place: np.uint64,
    count: np.uint64,
) -> None:
    """to[at + k] := left[place + k] where row[at + k] is top[place + k], which leaves 0 there; else 0. k below count.

    C-contiguous float32.
    """
    k = np.uint64(0)
    while k + np.uint64(16) <= count:
        _take_16(to, row, at + k, top, left, place + k)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        _take_4(to, row, at + k, top, left, place + k)
        k += np.uint64(4)
    while k < count:
        hit = row[at + k] == top[place + k]
        to[at + k] = left[place + k] if hit else np.float32(0)
        left[place + k] = np.float32(0) if hit else left[place + k]
        k += np.uint64(1)


@functools.partial(jit, inline=True)
def fire_hard(
    x: np.ndarray,
    gain: np.ndarray,
    offset: np.ndarray,
    v: np.ndarray,
    u: np.ndarray,
    s: np.ndarray,
    decay: np.float32,
    theta: np.float32,
    subtract: bool,
) -> None:
    """u := decay·v + gain·x + offset; s := H(u − theta); v := u − theta·s if `subtract`, else u·(1 − s).

    C-contiguous float32 of x's size, gain and offset of that or more.
    """
    k, count, one = np.uint64(0), np.uint64(x.size), np.float32(1)
    while k + np.uint64(16) <= count:
        _fire_16(x, gain, offset, v, u, s, k, decay, theta, subtract)
        k += np.uint64(16)
    while k < count:
        u[k] = decay * v[k] + (gain[k] * x[k] + offset[k])
        s[k] = one if u[k] >= theta else np.float32(0)
        v[k] = u[k] - theta * s[k] if subtract else u[k] * (one - s[k])
        k += np.uint64(1)
