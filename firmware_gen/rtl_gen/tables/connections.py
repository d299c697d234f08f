"""How the weights between two populations lie in words of P lanes, and what each source neuron reaches.

A fan-out is a product of three axes: source neuron (y, x, c) reaches the target rows of its row y, the target columns
of its column x, and the target channels of its channel c. So three short tables stand for one long one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Conv2d, Flatten, RecurrentLinear, Shape, Weighted
from edge_sast.model.model import Model
from edge_sast.model.reach import AxisReach, axis_reach

INPUT, RECURRENT = "input", "recurrent"


@dataclass(frozen=True)
class Kernel:
    """The weights of one connection: int8 [kernel rows, kernel columns, c_in, c_group], in words of `lanes` channels.

    kernel_rows, kernel_columns: the kernel position that stands in each slot, so that successive targets meet
        successive slots. c_group: target channels of a group.

    Words lie one after another for each row slot, each column slot, each source channel, each word of the target
    channels that its group touches. Lane l of target word w is channel w * lanes + l; lanes outside the group hold no
    weight.
    """

    kernel_rows: tuple[int, ...]
    kernel_columns: tuple[int, ...]
    c_in: int
    c_group: int
    groups: int
    lanes: int

    def channels(self) -> NDArray[np.int64]:
        """int64 [c_in, 3]: first target word of each source channel, how many, and where its first weights stand."""
        group = np.arange(self.c_in, dtype=np.int64) // (self.c_in // self.groups)
        first = group * self.c_group // self.lanes
        count = -(-(group + 1) * self.c_group // self.lanes) - first
        return np.stack([first, count, np.cumsum(count) - count], axis=1)

    @property
    def column_pitch(self) -> int:
        """Words from one column slot to the next."""
        return int(self.channels()[:, 1].sum())

    @property
    def row_pitch(self) -> int:
        """Words from one row slot to the next."""
        return len(self.kernel_columns) * self.column_pitch

    @property
    def entries(self) -> int:
        return len(self.kernel_rows) * self.row_pitch

    def places(self) -> NDArray[np.int64]:
        """int64 [entries, lanes]: the index in the flat weight tensor of what each lane holds, -1 for none."""
        channels = self.channels()
        source = np.repeat(np.arange(self.c_in), channels[:, 1])
        word = np.arange(len(source)) - channels[source, 2] + channels[source, 0]
        group = source // (self.c_in // self.groups)
        member = word[:, None] * self.lanes + np.arange(self.lanes) - group[:, None] * self.c_group
        block = np.where((member >= 0) & (member < self.c_group), source[:, None] * self.c_group + member, -1)
        columns = len(self.kernel_columns)
        position = np.array(self.kernel_rows)[:, None] * columns + np.array(self.kernel_columns)
        offset = position.reshape(-1, 1, 1) * (self.c_in * self.c_group)
        return np.where(block < 0, -1, offset + block).reshape(-1, self.lanes)


@dataclass(frozen=True)
class Connection:
    """name: INPUT, or RECURRENT for a layer's own spikes. source: what the tables are indexed by."""

    name: str
    source: Shape
    kernel: Kernel
    rows: AxisReach
    columns: AxisReach

    def row_table(self) -> NDArray[np.int64]:
        """int64 [source rows, 3]: first target row, how many, and where the weights of the first one stand."""
        return _places(self.rows, self.kernel.row_pitch)

    def column_table(self) -> NDArray[np.int64]:
        """int64 [source columns, 3]: the same of columns."""
        return _places(self.columns, self.kernel.column_pitch)


def _places(axis: AxisReach, pitch: int) -> NDArray[np.int64]:
    """An axis with its slots as words."""
    reach = axis.reach.astype(np.int64)
    reach[:, 2] *= pitch
    return reach


def connections(model: Model, index: int, layer: Weighted, lanes: int) -> list[Connection]:
    """The connections into weighted layer `index`: that of its input, and its own where it is recurrent."""
    shape = model.shapes()[index]
    if isinstance(layer, Conv2d):
        rows, columns = (
            axis_reach(size, kernel, stride, padding)
            for size, kernel, stride, padding in zip(
                (shape.height, shape.width), layer.weight.shape[:2], layer.stride, layer.padding, strict=True
            )
        )
        c_in, c_group = layer.weight.shape[2:]
        kernel = _kernel(rows, columns, c_in, c_group, layer.groups, lanes)
        return [Connection(INPUT, shape, kernel, rows, columns)]
    found = [_dense(INPUT, _before_flatten(model, index), layer.weight.shape[1], lanes)]
    if isinstance(layer, RecurrentLinear):
        outputs = layer.recurrent.shape[1]
        found.append(_dense(RECURRENT, Shape(1, 1, outputs), outputs, lanes))
    return found


def _kernel(rows: AxisReach, columns: AxisReach, c_in: int, c_group: int, groups: int, lanes: int) -> Kernel:
    slots = [tuple(axis.order.tolist()) for axis in (rows, columns)]
    return Kernel(slots[0], slots[1], c_in, c_group, groups, lanes)


def _before_flatten(model: Model, index: int) -> Shape:
    """What a linear layer takes, as it was before it was flattened: neuron (y * width + x) * channels + c."""
    while index and isinstance(model.layers[index - 1], Flatten):
        index -= 1
    return model.shapes()[index]


def _dense(name: str, source: Shape, outputs: int, lanes: int) -> Connection:
    """A linear layer is a convolution with a kernel as large as its input: each row and column has its own slot."""
    rows, columns = _whole(source.height), _whole(source.width)
    return Connection(name, source, _kernel(rows, columns, source.channels, outputs, 1, lanes), rows, columns)


def _whole(size: int) -> AxisReach:
    slots = np.arange(size)
    reach = np.stack([np.zeros_like(slots), np.ones_like(slots), slots], axis=1)
    return AxisReach(slots.astype(np.int64), reach.astype(np.int32))
