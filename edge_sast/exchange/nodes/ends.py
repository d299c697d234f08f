"""Where a chain ends: its outputs are those of the last neuron, one place for each class."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import Node
from edge_sast.exchange.nodes.kernels import Kernel, dense
from edge_sast.exchange.nodes.real import Real, RealFlatten, RealLayer


def ended(
    output: Node, last: Real, extent: tuple[int, ...], before: tuple[int, int], scale: np.ndarray | None
) -> list[Real]:
    """The last layer as a linear one: a convolution with one output place is the same.

    extent: what the layer gives. before: rows and columns that a convolution takes. scale: of what comes behind it.
    Raises EdgeSastError where anything stands behind the last neuron, or its outputs are not one for each class.
    """
    remedy = "end with the neuron"
    if not isinstance(last, RealLayer):
        output.refuse("a pool stands behind the last neuron, and outputs are the neuron's", remedy)
    if scale is not None and (scale != 1).any():
        output.refuse(
            f"a Scale by {float(scale[scale != 1].flat[0]):g} stands behind the last neuron, and outputs are the "
            "neuron's",
            remedy,
        )
    if not last.is_conv:
        return [last]
    if math.prod(extent[1:]) != 1:
        raise EdgeSastError(
            f"node {last.name!r}: the last layer gives {list(extent)}, not one place per class; "
            "end with a Flatten, a Linear and a neuron"
        )
    kernel = Kernel(last.weight, last.bias, last.stride, last.padding, last.groups)
    flat = replace(last, weight=dense(kernel, *before), stride=(1, 1), padding=(0, 0), groups=1)
    return [RealFlatten(), flat]


def other_shape(output: Node, outputs: int) -> list[str]:
    """A line where the Output's shape cannot be what the edges lead to it."""
    told = output.whole("shape") if output.fields.get("shape") is not None else []
    if not told or [side for side in told if side != 1] == [side for side in [outputs] if side != 1]:
        return []
    return [f"{output.name}: shape says {told}, the edges give {[outputs]}, which is taken"]
