"""A model by its shapes alone, without a value: what a reader of images knows before it has read any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
)
from edge_sast.model.model import Model
from edge_sast.model.reach import output_size


@dataclass(frozen=True)
class Kernel:
    """The weights of a layer by their shape: [rows, columns, inputs, outputs], outputs those of one group.

    A linear layer is the 1 × 1 kernel over its input seen as one pixel (`flat`).
    recurrent: it has weights from each of its own neurons to each, too.
    """

    rows: int
    columns: int
    inputs: int
    outputs: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    flat: bool = False
    recurrent: bool = False

    @property
    def channels(self) -> int:
        """Output channels of all groups."""
        return self.groups * self.outputs

    def output(self, shape: Shape) -> Shape:
        """What the layer gives for an input of `shape`."""
        return Shape(
            output_size(shape.height, self.rows, self.stride[0], self.padding[0]),
            output_size(shape.width, self.columns, self.stride[1], self.padding[1]),
            self.channels,
        )


Part = Kernel | OrPool | SumPool | Flatten


@dataclass(frozen=True)
class Parts:
    """What the core's memory map follows from: the input (max_count: the most events of a site) and the layers."""

    input: Shape
    layers: tuple[Part, ...]

    @property
    def shapes(self) -> Sequence[Shape]:
        """Entry i is what layer i takes, the last what the last layer gives."""
        shapes = [self.input]
        for part in self.layers:
            shapes.append(part.output(shapes[-1]))
        return shapes


def parts(model: Model) -> Parts:
    """The parts of `model`."""
    return Parts(model.shapes()[0], tuple(_part(layer) for layer in model.layers))


def _part(layer: Conv2d | Linear | RecurrentLinear | OrPool | SumPool | Flatten) -> Part:
    if isinstance(layer, Conv2d):
        rows, columns, inputs, outputs = layer.weight.shape
        return Kernel(rows, columns, inputs, outputs, layer.stride, layer.padding, layer.groups)
    if isinstance(layer, Linear | RecurrentLinear):
        inputs, outputs = layer.weight.shape
        return Kernel(1, 1, inputs, outputs, flat=True, recurrent=isinstance(layer, RecurrentLinear))
    return layer
