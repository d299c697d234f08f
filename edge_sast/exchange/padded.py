"""Convolutions whose padding is not smaller than their kernel: the same ones, with a kernel that zeros make larger.

`before` zeros in front of a kernel's positions, and as much more padding, leave each output over the same inputs; zeros
behind them only make the last outputs fewer, which the padding makes up for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.nodes.real import RealLayer
from edge_sast.model.layers import MAX_WINDOW
from edge_sast.model.reach import output_size

Ends = tuple[int, int]  # zeros before and behind a kernel's positions along an axis
NONE: Ends = (0, 0)


def within_kernel(real: RealLayer, size: tuple[int, int]) -> RealLayer:
    """The layer as an integer one holds it: each padding below the larger side of the kernel, with the fewest weights.

    size: rows and columns of its input.
    Raises EdgeSastError for a kernel or a stride of more than MAX_WINDOW, naming node, parameter and remedy.
    """
    if not real.is_conv:
        return real
    if max(real.stride) > MAX_WINDOW:
        raise EdgeSastError(
            f"node {real.name!r}: stride is {list(real.stride)}; train with a stride of at most {MAX_WINDOW}"
        )
    kernel = real.weight.shape[:2]
    if max(real.padding) < max(kernel):
        return real
    found = [
        (sum(zeros) * kernel[1 - axis], axis, zeros)
        for axis in (0, 1)
        if (zeros := _fewest(real, axis, size[axis])) is not None
    ]
    if not found:
        raise EdgeSastError(
            f"node {real.name!r}: padding is {list(real.padding)} with a kernel of {kernel[0]}x{kernel[1]}, which "
            f"zeros would have to make larger than {MAX_WINDOW}; train with a smaller padding"
        )
    _, axis, zeros = min(found)
    return _larger(real, *((zeros, NONE) if axis == 0 else (NONE, zeros)))


def within_square(real: RealLayer) -> RealLayer:
    """The same of a square kernel with one padding, both of which stay square; other layers as they are."""
    if not real.is_conv or len({*real.weight.shape[:2]}) > 1 or len({*real.padding}) > 1:
        return real
    more = max(real.padding[0] - real.weight.shape[0] + 1, 0)
    return _larger(real, (more, more), (more, more))


def _fewest(real: RealLayer, axis: int, size: int) -> Ends | None:
    """Zeros along one axis that leave its number of outputs and are enough for both paddings; None: there are none."""
    kernel, stride, padding = real.weight.shape[axis], real.stride[axis], real.padding[axis]
    outputs = output_size(size, kernel, stride, padding)
    for larger in range(kernel + 1, MAX_WINDOW + 1):
        for before in range(larger - kernel + 1):
            own = padding + before
            if (
                max(own, real.padding[1 - axis]) < larger
                and output_size(size, larger, stride, own) == outputs
            ):
                return before, larger - kernel - before
    return None


def _larger(real: RealLayer, rows: Ends, columns: Ends) -> RealLayer:
    weight = np.pad(real.weight, (rows, columns, NONE, NONE))
    return replace(real, weight=weight, padding=(real.padding[0] + rows[0], real.padding[1] + columns[0]))
