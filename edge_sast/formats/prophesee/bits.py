"""Bits of a mask of pixels, in compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Operation = Callable[..., Any]


def _lowest_bit(_context, _mask):
    """Place of the lowest bit that is set in an int64; 64 where none is."""

    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


def _highest_bit(_context, _mask):
    """Place of the highest bit that is set in an int64; -1 where none is."""

    def generate(_context, builder, _signature, arguments):
        zeros = builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(zeros.type, 63), zeros)

    return types.int64(types.int64), generate


def _count_bits(_context, _mask):
    """How many bits of an int64 are set."""

    def generate(_context, builder, _signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


lowest_bit: Operation = intrinsic(_lowest_bit)
highest_bit: Operation = intrinsic(_highest_bit)
count_bits: Operation = intrinsic(_count_bits)
