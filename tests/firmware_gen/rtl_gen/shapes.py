"""Models whose layers are drawn here, for the shapes that random models seldom have."""

from __future__ import annotations

import numpy as np

from edge_sast.events.binning import Binning
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
)
from edge_sast.model.model import Model
from tests.firmware_gen.builds import lif, weights

GRID = Binning(13, 11, 0, 1000, 3, 3)


def conv(
    shape: Shape, outputs: int, kernel: tuple[int, int] = (3, 3), groups: int = 1, **where: tuple[int, int]
) -> Conv2d:
    """A conv2d of `outputs` for each group."""
    channels = groups * outputs
    rng = np.random.default_rng([channels, *kernel])
    weight = weights(rng, 4, *kernel, shape.channels, outputs)
    return Conv2d(weight, 4, lif(rng, channels, 6), 2, groups=groups, **where)


def network(*parts: object, grid: Binning = GRID) -> Model:
    """A model of pools and flattens as they are, numbers for linear layers of so many outputs, negative ones for
    recurrent layers, and functions that make a layer for a shape; a read-out of three classes follows."""
    shape, layers = Shape(grid.height, grid.width, 2, grid.count_cap), []
    for part in (*parts, Flatten()):
        layer = _dense(shape, part) if isinstance(part, int) else part(shape) if callable(part) else part
        layers.append(layer)
        shape = layer.output(shape)
    rng = np.random.default_rng(shape.neurons)
    readout = Integrator([1, 0, -1], [5, 0, -5], (4,), 24)
    layers.append(Linear(weights(rng, 1, shape.neurons, 3), 1, readout, 3))
    return Model(grid, tuple(layers), ("a", "b", "c"))


def _dense(shape: Shape, outputs: int) -> Layer:
    rng, n = np.random.default_rng([shape.neurons, abs(outputs)]), abs(outputs)
    weight, neuron = weights(rng, 6, shape.neurons, n), lif(rng, n, 20)
    return (
        RecurrentLinear(weight, weights(rng, 6, n, n), 6, neuron, 1)
        if outputs < 0
        else Linear(weight, 6, neuron, 1)
    )


def strided(shape: Shape) -> Layer:
    return conv(shape, 5, (3, 3), stride=(1, 2), padding=(1, 1))


def padded(shape: Shape) -> Layer:
    return conv(shape, 5, (3, 3), padding=(1, 1))


def grouped(groups: int, outputs: int = 3) -> object:
    return lambda shape: conv(shape, outputs, (2, 3), groups, stride=(2, 1), padding=(1, 2))


CHAINS: dict[str, Model] = {
    "or before, with left-over rows and columns": network(OrPool(2), strided),
    "sum, or, sum before": network(SumPool(2), OrPool(2), SumPool(2), strided),
    "sum, or, sum before a linear layer": network(SumPool(2), OrPool(2), SumPool(2), Flatten(), 7),
    "or of size 1 on counts": network(OrPool(1), strided, OrPool(3)),
    "or of size 1 on spikes": network(strided, OrPool(1)),
    "sum after": network(strided, SumPool(3)),
    "or, sum, or, sum after": network(strided, OrPool(2), SumPool(1), OrPool(1), SumPool(2)),
    "or, sum after, to a conv2d": network(strided, OrPool(2), SumPool(2), strided),
    "or behind a flatten": network(strided, SumPool(2), Flatten(), OrPool(1), 7),
    "or behind a flatten, before a conv2d": network(SumPool(4), Flatten(), OrPool(1), padded),
    "recurrent, twice, and a conv2d of one pixel": network(
        Flatten(), -6, -9, lambda shape: conv(shape, 7, padding=(2, 2)), OrPool(2)
    ),
    "many outputs": network(Flatten(), 37, -21),
    "kernel of one row, stride beyond it": network(lambda shape: conv(shape, 9, (1, 2), stride=(3, 4))),
    "outputs wholly in the padding": network(
        lambda shape: conv(shape, 6, (2, 5), stride=(2, 1), padding=(4, 4))
    ),
    "kernel as large as its input": network(OrPool(5), lambda shape: conv(shape, 6, (2, 2)), OrPool(1)),
}
CHAINS |= {
    f"conv2d of {groups} groups behind a flatten of 3 x 2": network(
        OrPool(3), strided, Flatten(), grouped(groups)
    )
    for groups in (1, 3, 5, 15)
}
CHAINS |= {
    f"conv2d of {groups} groups behind a flatten of 1 x 2": network(
        OrPool(6), padded, Flatten(), grouped(groups)
    )
    for groups in (1, 2, 5, 10)
}
CHAINS |= {
    f"{groups} groups of {outputs}": network(
        OrPool(3), lambda shape: conv(shape, 6), grouped(groups, outputs)
    )
    for groups in (2, 3, 6)
    for outputs in (1, 3, 4, 5)
}
