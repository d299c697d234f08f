"""The layers of a dense network before it has weights: those of a spiking model, with ReLUs for spikes."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Conv2d, Flatten, Linear, OrPool
from edge_sast.model.model import Model
from edge_sast.model.modelfile import layer_name

REMEDY = "give the CNN layers of its own with --arch"


@dataclass(frozen=True)
class ConvShape:
    """A convolution with a square kernel, then ReLU."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class PoolShape:
    """The largest of 2 x 2."""


@dataclass(frozen=True)
class LinearShape:
    """Fully connected; `relu` but for the last, whose outputs are the classes' scores."""

    outputs: int
    relu: bool = False


LayerShape = ConvShape | PoolShape | LinearShape


def shapes_of(model: Model) -> tuple[LayerShape, ...]:
    """A model's layers; OR pools become max pools.

    Raises EdgeSastError for a layer that the dense kernels do not have.
    """
    found: list[LayerShape] = []
    for i, layer in enumerate(model.layers):
        if isinstance(layer, Flatten):
            continue
        found.append(_shape(i, layer, last=i == len(model.layers) - 1))
    return tuple(found)


def _shape(i: int, layer: object, last: bool) -> LayerShape:
    if isinstance(layer, Conv2d):
        rows, columns = layer.weight.shape[:2]
        square = rows == columns and len({*layer.stride}) == len({*layer.padding}) == 1
        if layer.groups == 1 and square:
            return ConvShape(layer.weight.shape[3], rows, layer.stride[0], layer.padding[0])
        what = "groups" if layer.groups != 1 else "a kernel, stride or padding that is not square"
        raise EdgeSastError(f"layers[{i}]: is a conv2d with {what}, which the dense kernels lack; {REMEDY}")
    if isinstance(layer, OrPool) and layer.size == 2:
        return PoolShape()
    if isinstance(layer, Linear):
        return LinearShape(layer.weight.shape[1], relu=not last)
    size = f" of {layer.size}" if isinstance(layer, OrPool) else ""
    raise EdgeSastError(
        f"layers[{i}]: is {layer_name(layer)}{size}, which the dense kernels lack (they pool 2x2); {REMEDY}"  # type: ignore[arg-type]
    )
