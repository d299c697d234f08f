"""What flows between nodes of a NIR graph: its extent and order as the file has them, and factors not yet folded."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from edge_sast.exchange.graph import Node
from edge_sast.exchange.nodes.neurons import Extent
from edge_sast.exchange.nodes.products import times
from edge_sast.exchange.nodes.real import RealPool
from edge_sast.exchange.nodes.spread import spread

_POOL = (("kernel_size", None), ("stride", None), ("padding", 0))


class Flow:
    """Spikes, or sums of them.

    extent: (channels, rows, columns) or (neurons,). order: of a flattened signal, the place here, channel-last, of each
    neuron of the file; None where it is the same. factor: of what comes next, an average pool's. scale: one number per
    channel, per neuron [channels, rows, columns], or per neuron here of a flattened signal; None: all 1. one_row:
    whether the file leaves out the rows, of which there is one, as behind a Conv1d.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.extent: Extent = (2, rows, columns)
        self.order: np.ndarray | None = None
        self.factor = Fraction(1)
        self.scale: np.ndarray | None = None
        self.one_row = False

    @property
    def is_flat(self) -> bool:
        return len(self.extent) == 1

    @property
    def neurons(self) -> int:
        return math.prod(self.extent)

    @property
    def file_axes(self) -> int:
        """Axes that the file has of it, without those of a batch."""
        return len(self.extent) - (self.one_row and not self.is_flat)

    def flatten(self, channel_first: bool = True) -> None:
        """From here on one axis, in the file's order."""
        places = np.arange(self.neurons)
        if channel_first:
            channels, rows, columns = self.extent
            places = places.reshape(rows, columns, channels).transpose(2, 0, 1).reshape(-1)
        if self.scale is not None:
            spatial = self.scale if self.scale.ndim == 3 else self.scale.reshape(-1, 1, 1)
            self.scale = np.broadcast_to(spatial, self.extent).transpose(1, 2, 0).reshape(-1)
        self.order, self.extent = places, (len(places),)

    def pool(self, node: Node) -> RealPool:
        """Raises EdgeSastError for a pool that ours are not."""
        size, stride, pad = (node.whole(name, default) for name, default in _POOL)
        sizes = set(size)
        many = max(len(size), len(stride), len(pad)) > 2
        if (
            self.is_flat
            or many
            or len(sizes) != 1
            or set(stride) != sizes
            or set(pad) != {0}
            or min(sizes) < 1
        ):
            node.refuse(
                f"kernel_size {size}, stride {stride}, padding {pad} on {list(self.extent)}",
                "pools here are square, with their size as stride and no padding: train with such a one",
            )
        if self.scale is not None and self.scale.ndim > 1:
            node.refuse("stands behind a Scale with one number per neuron", "put the Scale behind the pool")
        (side,) = sizes
        channels, rows, columns = self.extent
        self.extent = (channels, rows // side, columns // side)
        if min(self.extent) < 1:
            node.refuse(f"kernel_size {side} is larger than its input {rows}x{columns}", "use a smaller pool")
        self.one_row = False
        if node.type == "AvgPool2d":
            self.factor /= side * side
        return RealPool("sum", side)

    def scaled(self, node: Node) -> None:
        """By a Scale, which the next weights take in."""
        scale = spread(node, "scale", node.finite("scale"), self.extent)
        if self.is_flat:
            scale = scale if self.order is None else scale[np.argsort(self.order)]
        elif (scale == scale[:, :1, :1]).all():
            scale = scale[:, 0, 0]
        if self.scale is not None and self.scale.shape != scale.shape:
            node.refuse("follows a Scale of another shape", "join the two")
        self.scale = scale if self.scale is None else times(node, "scale", scale, self.scale)

    def per_channel(self, node: Node) -> np.ndarray:
        """The scale of each channel, for a node whose weights are shared by all places."""
        if self.scale is None:
            return np.ones(self.extent[0])
        if self.scale.ndim > 1:
            node.refuse("stands behind a Scale with one number per neuron", "scale whole channels")
        return self.scale

    def weighed(self, extent: Extent) -> None:
        """The weights have taken the scale in, and give this extent in the file's order."""
        self.extent, self.scale, self.order = extent, None, None
