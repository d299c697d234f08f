"""Dense networks of random weights, for comparisons in which only the shapes count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.dense.network import Conv, Int8, Int32, Layer, Linear, MaxPool, Network, Size
from edge_sast.dense.shapes import ConvShape, LayerShape, LinearShape


def random_network(input_size: Size, shapes: Sequence[LayerShape], seed: int) -> Network:
    """Random weights; multipliers scaled so that activations use their range."""
    rng = np.random.default_rng(seed)
    size, layers = input_size, list[Layer]()
    for shape in shapes:
        layer: Layer
        if isinstance(shape, ConvShape):
            tensors = _tensors(rng, (shape.kernel, shape.kernel, size.channels, shape.channels))
            layer = Conv(*tensors, shape.stride, shape.padding)
        elif isinstance(shape, LinearShape):
            layer = Linear(*_tensors(rng, (size.neurons, shape.outputs)), relu=shape.relu)
        else:
            layer = MaxPool()
        size = layer.output(size)
        layers.append(layer)
    return Network(input_size, tuple(layers))


def _tensors(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Int8, Int32, Int32]:
    weight = rng.integers(-127, 128, shape).astype(np.int8)
    taps = int(np.prod(shape[:-1]))
    scale = 1.5 / (73 * np.sqrt(taps) * rng.uniform(0.8, 1.2, shape[-1]))  # 73: deviation of a weight
    bias = rng.integers(-2000, 2001, shape[-1]).astype(np.int32)
    return weight, bias, np.round(scale * 2.0**32).astype(np.int32)
