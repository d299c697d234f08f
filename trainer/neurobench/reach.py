"""How many synapses an input of a connection reaches, and how many with a weight other than 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Conv2d, RecurrentLinear, Shape
from edge_sast.model.model import Model
from edge_sast.model.reach import output_size


@dataclass(frozen=True)
class Reach:
    """Synapses of each input of a connection, int64 [C, H, W], and of these those with a weight other than 0."""

    synapses: NDArray[np.int64]
    effective: NDArray[np.int64]


def reaches(model: Model) -> dict[str, Reach]:
    """Of every connection, by its name in IntegerNetwork."""
    shapes, found = model.shapes(), {}
    for i, layer in model.weighted():
        if isinstance(layer, Conv2d):
            found[f"conv2d_{i}"] = _conv_reach(layer, shapes[i])
        else:
            found[f"linear_{i}"] = _linear_reach(layer.weight)
        if isinstance(layer, RecurrentLinear):
            found[f"recurrent_{i}"] = _linear_reach(layer.recurrent)
    return found


def _linear_reach(weight: NDArray[np.int8]) -> Reach:
    effective = (weight != 0).sum(axis=1, dtype=np.int64)
    return Reach(np.full_like(effective, weight.shape[1])[:, None, None], effective[:, None, None])


def _conv_reach(layer: Conv2d, shape: Shape) -> Reach:
    rows, columns, _, c_group = layer.weight.shape
    y = _meets(shape.height, rows, layer.stride[0], layer.padding[0])
    x = _meets(shape.width, columns, layer.stride[1], layer.padding[1])
    present = (layer.weight != 0).sum(axis=3, dtype=np.int64)
    synapses = np.einsum("ay,bx,abc->cyx", y, x, np.full_like(present, c_group))
    return Reach(synapses, np.einsum("ay,bx,abc->cyx", y, x, present))


def _meets(size: int, kernel: int, stride: int, padding: int) -> NDArray[np.int64]:
    """[kernel, size]: 1 where the input i meets an output at the kernel position k: i + padding = o·stride + k."""
    ahead = np.arange(size) + padding - np.arange(kernel)[:, None]
    inside = (ahead >= 0) & (ahead // stride < output_size(size, kernel, stride, padding))
    return (inside & (ahead % stride == 0)).astype(np.int64)
