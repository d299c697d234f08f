"""Short rows of floats, 16, then 4, then one at a time as LLVM vectors: operations for compiled code to call.

A loop over a row is compiled for rows of any length and place: it asks whether the arrays overlap, and takes what is
left of its wide steps float by float. For the some dozen floats that an event adds, or a window's channels, that is
most of the time.

An operation's last argument is the count of floats; its text is of the k-th one, for all k below count. Arrays are
C-contiguous float32 and do not overlap, indices and the count uint64. Places are not checked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

WIDTHS = (16, 4, 1)


class _Argument(NamedTuple):
    """What an operation is called with: Numba's type and LLVM's value."""

    type: Any
    value: Any


@dataclass(frozen=True)
class _Vector:
    """Some floats side by side; +, − and × are rounded each on its own."""

    builder: Any
    value: Any

    def __add__(self, other: _Vector) -> _Vector:
        return _Vector(self.builder, self.builder.fadd(self.value, other.value))

    def __sub__(self, other: _Vector) -> _Vector:
        return _Vector(self.builder, self.builder.fsub(self.value, other.value))

    def __mul__(self, other: _Vector) -> _Vector:
        return _Vector(self.builder, self.builder.fmul(self.value, other.value))


class _Floats:
    """Of each row the floats from the k-th on, as many as a vector holds."""

    def __init__(self, context: Any, builder: Any, width: int, k: Any) -> None:
        self.context, self.builder, self.k = context, builder, k
        self.vector = ir.VectorType(ir.FloatType(), width)
        self.zero, self.one = (
            _Vector(builder, ir.Constant(self.vector, [value] * width)) for value in (0.0, 1.0)
        )
        self.lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)

    def _place(self, array: _Argument, index: _Argument) -> Any:
        held = self.context.make_array(array.type)(self.context, self.builder, array.value)
        first = self.builder.gep(held.data, [self.builder.add(index.value, self.k)])
        return self.builder.bitcast(first, self.vector.as_pointer())

    def load(self, array: _Argument, index: _Argument) -> _Vector:
        return _Vector(self.builder, self.builder.load(self._place(array, index), align=4))

    def store(self, array: _Argument, index: _Argument, vector: _Vector) -> None:
        self.builder.store(vector.value, self._place(array, index), align=4)

    def repeated(self, number: _Argument) -> _Vector:
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(undefined, number.value, ir.Constant(ir.IntType(32), 0))
        return _Vector(self.builder, self.builder.shuffle_vector(one, undefined, self.lanes))

    def compare(self, a: _Vector, relation: str, b: _Vector) -> Any:
        """A condition for each pair, false where one is NaN."""
        return self.builder.fcmp_ordered(relation, a.value, b.value)

    def nan(self, a: _Vector) -> Any:
        return self.builder.fcmp_unordered("uno", a.value, a.value)

    def select(self, condition: Any, a: _Vector, b: _Vector) -> _Vector:
        """a where the condition holds, else b."""
        return _Vector(self.builder, self.builder.select(condition, a.value, b.value))

    def step(self, membrane: _Vector, theta: _Argument) -> _Vector:
        """H(membrane − θ)."""
        return self.select(self.compare(membrane, ">=", self.repeated(theta)), self.one, self.zero)


def _along_rows(operation: Callable[..., None]) -> Any:
    """What compiled code calls: the operation's arguments after the first, then the count of floats."""

    def typed(_context: Any, *given: Any) -> Any:
        for kind in given:
            if isinstance(kind, types.Array) and (kind.dtype, kind.layout) != (types.float32, "C"):
                raise TypingError(f"{operation.__name__} takes C-contiguous arrays of float32, not {kind}")

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            *arguments, count = map(_Argument, signature.args, values)
            at = cgutils.alloca_once_value(builder, ir.Constant(count.value.type, 0))
            for width in WIDTHS:  # plain loops: LLVM makes slower ones of cgutils.for_range_slice
                test, body, end = map(builder.append_basic_block, ("test", "body", "end"))
                builder.branch(test)
                builder.position_at_end(test)
                k = builder.load(at)
                after = builder.add(k, ir.Constant(count.value.type, width))
                builder.cbranch(builder.icmp_unsigned("<=", after, count.value), body, end)
                builder.position_at_end(body)
                operation(_Floats(context, builder, width, k), *arguments)
                builder.store(after, at)
                builder.branch(test)
                builder.position_at_end(end)
            return context.get_dummy_value()

        return types.void(*given), generate

    floats, *parameters = inspect.signature(operation).parameters.values()
    called = inspect.Signature([floats, *parameters, floats.replace(name="count")])
    typed.__dict__.update(__signature__=called)  # Numba looks for it; it would take *given as one tuple
    typed.__name__, typed.__doc__ = operation.__name__, operation.__doc__
    return intrinsic(typed)


@_along_rows
def add_scaled(f: _Floats, to: Any, at: Any, row: Any, place: Any, factor: Any) -> None:
    """to[at + k] += factor·row[place + k]."""
    f.store(to, at, f.load(to, at) + f.repeated(factor) * f.load(row, place))


def _fold(f: _Floats, spikes: _Vector, pooled: Any, place: Any, fired: Any, column: Any, first: Any) -> None:
    most = f.load(pooled, place)
    above = f.builder.or_(f.compare(spikes, ">", most), f.nan(spikes))
    larger = f.select(above, spikes, most)
    f.store(pooled, place, f.select(first.value, spikes, larger))
    f.store(fired, column, f.load(fired, column) + spikes)


@_along_rows
def fold(f: _Floats, s: Any, at: Any, pooled: Any, place: Any, fired: Any, column: Any, first: Any) -> None:
    """pooled[place + k] := s[at + k] if `first`, else the larger or NaN; fired[column + k] += s[at + k]."""
    _fold(f, f.load(s, at), pooled, place, fired, column, first)


def _fire(
    f: _Floats,
    x: Any,
    at: Any,
    gain: Any,
    offset: Any,
    column: Any,
    v: Any,
    decay: Any,
    theta: Any,
    subtract: Any,
) -> tuple[_Vector, _Vector]:
    current = f.load(gain, column) * f.load(x, at) + f.load(offset, column)
    membrane = f.repeated(decay) * f.load(v, at) + current
    spikes = f.step(membrane, theta)
    less, kept = membrane - f.repeated(theta) * spikes, membrane * (f.one - spikes)
    f.store(v, at, f.select(subtract.value, less, kept))
    return membrane, spikes


@_along_rows
def fire(
    f: _Floats,
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
) -> None:
    """A step of hard neurons: u := decay·v + gain·x + offset; v := u − θ·H(u − θ) if `subtract`, else u where u < θ.

    x, v, u at + k, gain and offset column + k.
    """
    membrane, _ = _fire(f, x, at, gain, offset, column, v, decay, theta, subtract)
    f.store(u, at, membrane)


@_along_rows
def fire_and_fold(
    f: _Floats,
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
) -> None:
    """`fire` without u, and `fold` of its spikes."""
    _, spikes = _fire(f, x, at, gain, offset, column, v, decay, theta, subtract)
    _fold(f, spikes, pooled, place, fired, column, first)


@_along_rows
def back(
    f: _Floats,
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
) -> None:
    """A step back through pool, spike and membrane, of neurons at + k, windows place + k, sums column + k.

    grad goes from dσ/du to dL/du, grad_v from dL/dv[t] to dL/dv[t−1], and total grows by grad. A window's gradient
    `left` is a neuron's whose spike is its maximum `top`, which leaves 0 there. Spikes are s if `smooth`, else H(u − θ)
    and the reset passes no gradient on to them.
    """
    membrane, slope, still = f.load(u, at), f.load(grad, at), f.load(left, place)
    spikes = f.select(smooth.value, f.load(s, at), f.step(membrane, theta))
    by_reset = f.select(subtract.value, f.repeated(theta) * slope, membrane * slope)
    kept = f.select(subtract.value, f.one, f.one - spikes) - f.select(smooth.value, by_reset, f.zero)
    hit = f.compare(spikes, "==", f.load(top, place))
    f.store(left, place, f.select(hit, f.zero, still))
    g = f.select(hit, still, f.zero) * slope + f.load(grad_v, at) * kept
    f.store(grad, at, g)
    f.store(grad_v, at, f.repeated(decay) * g)
    f.store(total, column, f.load(total, column) + g)
