"""What a processor does to many numbers at once where LLVM does not find it by itself.

A loop over the few weights of a spike is too short for LLVM's vectoriser: what is left over a full vector goes one by
one. And no loop becomes the instruction that makes one bit of each flag. So these few operations are written as
vectors, of LLVM's own kind: every processor gets its instructions from them.

None checks a place: the arrays reach as far as they are told to.

What only compiling needs of Numba is imported when something is compiled: it takes longer than a short command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

SOME = 8  # lanes of `add_some`
TOGETHER = 16  # lanes of `add_four`
FLAGS = 64  # that `set_flags` reads at once

Operation = Callable[..., Any]  # in compiled code only


def _adder(lanes: int, vectors: int) -> Operation:
    """add(membranes, v, weights, w, factor): membranes[v + i] += weights[w + i] * factor for i < lanes * vectors.

    membranes: int16 or int32; weights: int8; factor: as the membranes; v, w: uint64. Sums wrap around.
    """

    def add(_context, membranes, _v, weights, _w, _factor):
        signature = types.void(membranes, types.uint64, weights, types.uint64, membranes.dtype)

        def generate(context, builder, signature, arguments):
            *places, factor = arguments
            for vector in range(vectors):
                to, source, wide = _sides(context, builder, signature, places, lanes, vector)
                added = builder.sext(builder.load(source, align=1), wide)
                _add_to(builder, to, added, _splat(builder, factor, lanes))
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(add)


# Named by lanes. Two of 8 are for layers whose positions are 8 lanes apart: one of 16 would overlap its neighbour's.
add_8 = _adder(8, 1)
add_2_of_8 = _adder(8, 2)
add_16 = _adder(16, 1)
add_32 = _adder(16, 2)
add_64 = _adder(16, 4)


def _add_some(_context, membranes, _v, weights, _w, _n, _factor):
    """As `add_8`, of the first n (int64) of its lanes. All are read and written: both arrays have as many."""
    signature = types.void(membranes, types.uint64, weights, types.uint64, types.int64, membranes.dtype)

    def generate(context, builder, signature, arguments):
        *places, n, factor = arguments
        to, source, wide = _sides(context, builder, signature, places, SOME, 0)
        numbers = ir.Constant(ir.VectorType(n.type, SOME), list(range(SOME)))
        is_meant = builder.icmp_signed("<", numbers, _splat(builder, n, SOME))
        added = builder.sext(builder.load(source, align=1), wide)
        added = builder.select(is_meant, added, ir.Constant(wide, None))
        _add_to(builder, to, added, _splat(builder, factor, SOME))
        return context.get_dummy_value()

    return signature, generate


add_some: Operation = intrinsic(_add_some)


def _add_four(_context, membranes, _v, weights, _w, _x, _y, _z):
    """membranes[v + i] += weights[w + i] + weights[x + i] + weights[y + i] + weights[z + i] for i < TOGETHER.

    One sum first: four additions one after the other to the same membranes would wait for each other's store.
    """
    place = types.uint64
    signature = types.void(membranes, place, weights, place, place, place, place)

    def generate(context, builder, signature, arguments):
        kind, _, weight_kind = signature.args[:3]
        membranes, v, weights, *runs = arguments
        narrow, sums = _vector(weight_kind.dtype, TOGETHER), _vector(types.int16, TOGETHER)
        loaded = [
            builder.load(_place(context, builder, weight_kind, weights, w, narrow), align=1) for w in runs
        ]
        first, second, third, fourth = (builder.sext(each, sums) for each in loaded)
        added = builder.add(builder.add(first, second), builder.add(third, fourth))
        wide = _vector(kind.dtype, TOGETHER)
        to = _place(context, builder, kind, membranes, v, wide)
        added = builder.sext(added, wide) if kind.dtype.bitwidth > 16 else added
        bytes_each = kind.dtype.bitwidth // 8
        builder.store(builder.add(builder.load(to, align=bytes_each), added), to, align=bytes_each)
        return context.get_dummy_value()

    return signature, generate


add_four: Operation = intrinsic(_add_four)


def _set_flags(_context, flags, _at):
    """The FLAGS flags from place `at` on, as a number whose lowest bit is the first of them.

    flags: uint8, 0 or 1; at: uint64.
    """

    def generate(context, builder, signature, arguments):
        kind = _vector(types.uint8, FLAGS)
        place = _place(context, builder, signature.args[0], arguments[0], arguments[1], kind)
        is_set = builder.icmp_unsigned("!=", builder.load(place, align=1), ir.Constant(kind, None))
        return builder.bitcast(is_set, ir.IntType(FLAGS))

    return types.uint64(flags, types.uint64), generate


set_flags: Operation = intrinsic(_set_flags)


def _lowest_bit(_context, _bits):
    """The place of the lowest bit of a uint64, 64 of 0."""

    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


lowest_bit: Operation = intrinsic(_lowest_bit)


def _bit_count(_context, _bits):
    """How many bits of a uint64 are 1."""

    def generate(_context, builder, _signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


bit_count: Operation = intrinsic(_bit_count)


def _halves(_context, words, _start, _count):
    """The first `count` int16 of the memory from words[start] on; words: int32; start, count: int64."""
    kind = types.Array(types.int16, 1, "C", readonly=not words.mutable)

    def generate(context, builder, _signature, arguments):
        from numba.core.imputils import impl_ret_borrowed
        from numba.np.arrayobj import make_array, populate_array

        whole = make_array(words)(context, builder, arguments[0])
        array = make_array(kind)(context, builder)
        size = ir.Constant(ir.IntType(64), 2)
        first = builder.gep(whole.data, [arguments[1]])
        populate_array(
            array,
            data=builder.bitcast(first, ir.IntType(16).as_pointer()),
            shape=[arguments[2]],
            strides=[size],
            itemsize=size,
            meminfo=whole.meminfo,
            parent=whole.parent,
        )
        return impl_ret_borrowed(context, builder, kind, array._getvalue())

    return kind(words, types.int64, types.int64), generate


halves: Operation = intrinsic(_halves)


def _sides(
    context: Any, builder: Any, signature: Any, places: list[Any], lanes: int, vector: int
) -> tuple[Any, ...]:
    """Pointers to a vector of membranes and one of weights, and what both are widened to.

    places: membranes, v, weights, w. vector: how many vectors lie before.
    """
    kind, _, weight_kind = signature.args[:3]
    membranes, v, weights, w = places
    skipped = ir.Constant(v.type, lanes * vector)
    wide, narrow = _vector(kind.dtype, lanes), _vector(weight_kind.dtype, lanes)
    to = _place(context, builder, kind, membranes, builder.add(v, skipped), wide)
    return to, _place(context, builder, weight_kind, weights, builder.add(w, skipped), narrow), wide


def _add_to(builder: Any, to: Any, added: Any, factors: Any) -> None:
    bytes_each = added.type.element.width // 8
    old = builder.load(to, align=bytes_each)
    builder.store(builder.add(old, builder.mul(added, factors)), to, align=bytes_each)


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    vector = ir.VectorType(value.type, lanes)
    zero = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, zero)
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), lanes), None))


def _vector(dtype: Any, lanes: int) -> ir.VectorType:
    return ir.VectorType(ir.IntType(dtype.bitwidth), lanes)


def _place(context: Any, builder: Any, kind: Any, array: Any, at: Any, vector: ir.VectorType) -> Any:
    """A pointer to the entries from `at` on, as a vector."""
    from numba.np.arrayobj import make_array

    data = make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())
