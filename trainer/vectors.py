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
        self.undefined, self.zero = (
            ir.Constant(self.vector, ir.Undefined),
            ir.Constant(self.vector, [0.0] * width),
        )
        self.lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)

    def place(self, array: int) -> Any:
        """Address of an array's floats from its index on, which is the argument after it."""
        held = self.context.make_array(self.signature.args[array])(
            self.context, self.builder, self.arguments[array]
        )
        first = self.builder.gep(held.data, [self.arguments[array + 1]])
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
            whole = v.place(0)
            scaled = builder.fmul(v.repeated(4), v.load(v.place(2)))
            v.store(builder.fadd(v.load(whole), scaled), whole)
            return context.get_dummy_value()

        return types.void(to, at, row, place, factor), generate

    return add_some


def _take_some(width: int) -> Any:
    """An intrinsic of `take` for `width` floats."""

    @intrinsic
    def take_some(
        _context: Any, to: Any, at: Any, row: Any, _at: Any, top: Any, place: Any, left: Any, first: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            v = _Vectors(context, builder, signature, arguments, width)
            left_at = v.place(6)
            still = v.load(left_at)
            hit = builder.fcmp_ordered("==", v.load(v.place(2)), v.load(v.place(4)))
            v.store(builder.select(hit, still, v.zero), v.place(0))
            v.store(builder.select(hit, v.zero, still), left_at)
            return context.get_dummy_value()

        return types.void(to, at, row, _at, top, place, left, first), generate

    return take_some


_add_16, _add_4 = _add_some(16), _add_some(4)
_take_16, _take_4 = _take_some(16), _take_some(4)


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
        _take_16(to, at + k, row, at + k, top, place + k, left, place + k)
        k += np.uint64(16)
    while k + np.uint64(4) <= count:
        _take_4(to, at + k, row, at + k, top, place + k, left, place + k)
        k += np.uint64(4)
    while k < count:
        hit = row[at + k] == top[place + k]
        to[at + k] = left[place + k] if hit else np.float32(0)
        left[place + k] = np.float32(0) if hit else left[place + k]
        k += np.uint64(1)
