"""A NIR graph, the rules of the tool that wrote it and the camera's input become an integer model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange.graph import Graph
from edge_sast.exchange.held import left_above
from edge_sast.exchange.integers import to_integers
from edge_sast.exchange.nodes.chain import chain
from edge_sast.exchange.nodes.layers import Builder
from edge_sast.exchange.nodes.real import Real, RealFlatten, RealLayer, RealPool
from edge_sast.exchange.padded import within_kernel
from edge_sast.exchange.rules import Rules
from edge_sast.model.layers import Flatten, Layer, OrPool, Shape, SumPool
from edge_sast.model.model import Model, check_names


@dataclass(frozen=True)
class Reading:
    """What is asked for.

    bits: of weights at most. nearest: of leaks that are no shifts. read_out: whether a last layer without a neuron is
    summed over the steps. channel_first: the order of an input of one axis.
    """

    rules: Rules
    bits: int = 8
    nearest: bool = False
    read_out: bool = False
    channel_first: bool = True


@dataclass(frozen=True)
class Imported:
    """told: a line for each thing that is not exact, or was decided."""

    model: Model
    told: tuple[str, ...]


def read_reals(graph: Graph, reading: Reading, binning: Binning) -> tuple[list[Real], list[str]]:
    """The layers of a graph in real numbers, and a line for each thing that is not as the file has it.

    Raises EdgeSastError for what no layer here has, naming node, parameter and remedy.
    """
    grid = (binning.height, binning.width)
    builder = Builder(grid, reading.rules, reading.nearest, reading.read_out, reading.channel_first)
    reals = builder.build(chain(graph))
    return reals, builder.told + left_above(reals, reading.rules, binning.count_cap)


def read_model(
    graph: Graph,
    reading: Reading,
    binning: Binning,
    classes: Sequence[str] | None,
    producer: str = "edge-sast",
) -> Imported:
    """The integer model of a graph; classes: names, or None for numbers.

    Raises EdgeSastError for what our layers cannot hold, naming node, parameter and remedy.
    """
    reals, told = read_reals(graph, reading, binning)
    layers: list[Layer] = []
    shape = Shape(binning.height, binning.width, binning.channels, binning.count_cap)
    for real in reals:
        layers.append(_layer(real, reading, shape, binning.steps, told))
        shape = layers[-1].output(shape)
    names = class_names(classes, shape.neurons)
    return Imported(Model(binning, tuple(layers), names, producer), tuple(told))


def class_names(classes: Sequence[str] | None, outputs: int) -> tuple[str, ...]:
    """One for each output: those given, or numbers. Raises EdgeSastError where they are not as many."""
    names = [str(c) for c in range(outputs)] if classes is None else list(classes)
    if len(names) != outputs:
        raise EdgeSastError(f"--classes has {len(names)} names; the network has {outputs} outputs")
    check_names(names, "--classes")
    return tuple(names)


def _layer(real: Real, reading: Reading, shape: Shape, steps: int, told: list[str]) -> Layer:
    if isinstance(real, RealFlatten):
        return Flatten()
    if isinstance(real, RealPool):
        return SumPool(real.size) if real.kind == "sum" else OrPool(real.size)
    assert isinstance(real, RealLayer)
    held = within_kernel(real, (shape.height, shape.width))
    return to_integers(held, reading.rules, reading.bits, shape.max_count, steps, told)


def input_size(graph: Graph) -> tuple[int, int] | None:
    """(columns, rows) of an Input with two channels; None where the file does not say them."""
    for node in graph.nodes.values():
        if node.type == "Input" and node.fields.get("shape") is not None:
            shape = node.whole("shape")
            if len(shape) == 4 and shape[0] == 1:
                shape = shape[1:]
            if len(shape) == 3 and shape[0] == 2 and min(shape) > 0:
                return shape[2], shape[1]
    return None
