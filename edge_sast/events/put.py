"""Events written one after the other with two stores each instead of four, in compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from edge_sast.events.recording import EVENT_DTYPE

SPARE = 1  # events that an array has to have behind the last one that is put: the second store reaches 3 bytes into it
X, Y, P = 0, 16, 32  # where x, y and p begin in a number of all three
EVENT_BYTES = EVENT_DTYPE.itemsize
TIME_BYTES = EVENT_DTYPE["t"].itemsize

Operation = Callable[..., Any]  # in compiled code only


def _put(_context, events, _index, _t, _rest):
    """events[index] = t and x | y << 16 | p << 32, and 3 bytes of what is behind it: the next one is put later.

    events: EVENT_DTYPE[n] without gaps, index + SPARE < n; index, uint64, is not checked; t, rest: int64.
    """

    def generate(context, builder, signature, arguments):
        from numba.np.arrayobj import make_array

        array, index, *values = arguments
        first = make_array(signature.args[0])(context, builder, array).data
        wide, byte = ir.IntType(64), ir.IntType(8).as_pointer()
        begin = builder.mul(index, ir.Constant(wide, EVENT_BYTES))
        for offset, value in zip((0, TIME_BYTES), values, strict=True):
            at = builder.gep(builder.bitcast(first, byte), [builder.add(begin, ir.Constant(wide, offset))])
            builder.store(value, builder.bitcast(at, wide.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(events, types.uint64, types.int64, types.int64), generate


put: Operation = intrinsic(_put)
