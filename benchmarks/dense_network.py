"""A dense int8 network: its layers, what they compute (NumPy), and its tables in C for the kernels of dense/.

    sum    = bias[c] + sum of w * a over the window                        int32
    output = clip((sum * multiplier[c] + 2^31) >> 32, 0 or -128, 127)      int8; 0 with ReLU

Symmetric int8 weights with one scale per output channel, as in Jacob et al. 2018 (arXiv 1712.05877) and CMSIS-NN.
Every zero point is 0 and the scale has 32 bits after the point, which a Cortex-M4 multiplies and rounds in one
instruction (SMMULR): the cheapest requantisation there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]

QUAD = 4  # taps that the kernels take at once
LOW, HIGH = -128, 127


class Size(NamedTuple):
    """Activations, channels last."""

    height: int
    width: int
    channels: int

    @property
    def neurons(self) -> int:
        return self.height * self.width * self.channels


@dataclass(frozen=True, eq=False)
class Conv:
    """weight: int8 [kernel, kernel, in channels, out channels]; bias, multiplier: int32 [out channels]."""

    weight: Int8
    bias: Int32
    multiplier: Int32
    stride: int = 1
    padding: int = 0
    relu: bool = True

    def output(self, size: Size) -> Size:
        kernel, _, _, channels = self.weight.shape
        height, width = (
            (n + 2 * self.padding - kernel) // self.stride + 1 for n in (size.height, size.width)
        )
        return Size(height, width, channels)

    def macs(self, size: Size) -> int:
        out = self.output(size)
        return out.height * out.width * self.weight.size


@dataclass(frozen=True)
class MaxPool:
    """The largest of 2 x 2; rows and columns that fill no window are dropped."""

    def output(self, size: Size) -> Size:
        return Size(size.height // 2, size.width // 2, size.channels)

    def macs(self, size: Size) -> int:  # noqa: ARG002 - the same question to every layer
        return 0


@dataclass(frozen=True, eq=False)
class Linear:
    """weight: int8 [inputs, outputs]; bias, multiplier: int32 [outputs]. Takes activations of any size, flattened."""

    weight: Int8
    bias: Int32
    multiplier: Int32
    relu: bool = False

    def output(self, size: Size) -> Size:  # noqa: ARG002
        return Size(1, 1, self.weight.shape[1])

    def macs(self, size: Size) -> int:  # noqa: ARG002
        return int(self.weight.size)


Layer = Conv | MaxPool | Linear


@dataclass(frozen=True, eq=False)
class Network:
    """Layers after an input."""

    input: Size
    layers: tuple[Layer, ...]

    def sizes(self) -> list[Size]:
        """Entry i is what layer i takes, the last what the last layer gives."""
        sizes = [self.input]
        for layer in self.layers:
            sizes.append(layer.output(sizes[-1]))
        return sizes

    def macs(self) -> int:
        """Multiplications of one frame, padding counted as the kernels do."""
        return sum(layer.macs(size) for layer, size in zip(self.layers, self.sizes(), strict=False))

    def table_bytes(self) -> int:
        """Weights, biases and multipliers."""
        weighted = [layer for layer in self.layers if not isinstance(layer, MaxPool)]
        return sum(layer.weight.nbytes + layer.bias.nbytes + layer.multiplier.nbytes for layer in weighted)


def requantise(sums: NDArray[np.int64], multiplier: Int32, relu: bool) -> Int8:
    """int8 of sums [..., channels]; see the module's formula."""
    scaled = (sums * multiplier.astype(np.int64) + (1 << 31)) >> 32
    return np.clip(scaled, 0 if relu else LOW, HIGH).astype(np.int8)


def run(network: Network, frame: Int8) -> Int8:
    """What the network gives for a frame [height, width, channels]: the oracle of the C kernels."""
    x = frame
    for layer in network.layers:
        x = _apply(layer, x)
    return x


def _apply(layer: Layer, x: Int8) -> Int8:
    if isinstance(layer, MaxPool):
        height, width = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
        x = x[:height, :width]
        return x.reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))
    weight = layer.weight.astype(np.int64)
    if isinstance(layer, Linear):
        sums = x.reshape(1, 1, -1).astype(np.int64) @ weight
    else:
        p, s, kernel = layer.padding, layer.stride, len(weight)
        padded = np.pad(x.astype(np.int64), ((p, p), (p, p), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))
        sums = np.einsum("yxcij,ijco->yxo", windows[::s, ::s], weight)
    return requantise(sums + layer.bias, layer.multiplier, layer.relu)


def random_network(input_size: Size, shapes: Sequence[tuple], seed: int) -> Network:
    """Random weights; multipliers scaled so that activations use their range.

    shapes: ("conv", channels, kernel, stride, padding), ("pool",) or ("linear", outputs).
    """
    rng = np.random.default_rng(seed)
    size, layers = input_size, list[Layer]()
    for kind, *values in shapes:
        layer: Layer
        if kind == "pool":
            layer = MaxPool()
        elif kind == "conv":
            channels, kernel, stride, padding = values
            tensors = _tensors(rng, (kernel, kernel, size.channels, channels))
            layer = Conv(*tensors, stride, padding)
        else:
            layer = Linear(*_tensors(rng, (size.neurons, values[0])))
        size = layer.output(size)
        layers.append(layer)
    return Network(input_size, tuple(layers))


def _tensors(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Int8, Int32, Int32]:
    weight = rng.integers(-127, 128, shape).astype(np.int8)
    taps = int(np.prod(shape[:-1]))
    scale = 1.5 / (73 * np.sqrt(taps) * rng.uniform(0.8, 1.2, shape[-1]))  # 73: deviation of a weight
    bias = rng.integers(-2000, 2001, shape[-1]).astype(np.int32)
    return weight, bias, np.round(scale * 2.0**32).astype(np.int32)


def pack_conv(weight: Int8, dsp: bool) -> bytes:
    """A convolution's weights in the order of dense.h; dsp: for the kernels with SMLAD."""
    channels = weight.shape[-1]
    rows = weight.reshape(-1, channels).T
    quads = -(-rows.shape[1] // QUAD)
    rows = np.pad(rows, ((0, 0), (0, QUAD * quads - rows.shape[1])))
    if dsp:
        rows = rows.reshape(channels // 2, 2, quads, QUAD).transpose(0, 2, 1, 3)[..., [0, 2, 1, 3]]
    return np.ascontiguousarray(rows).tobytes()


def c_source(network: Network, dsp: bool) -> str:
    """Tables, buffers and `void dense_frame(const int8_t *input, int8_t *output)`.

    Raises ValueError for counts of channels that the kernels do not take (see dense.h).
    """
    sizes = network.sizes()
    parts, rows = ['#include "dense.h"\n'], []
    for i, (layer, size) in enumerate(zip(network.layers, sizes, strict=False)):
        _check(layer, size)
        tables = "0, 0, 0"
        if not isinstance(layer, MaxPool):
            packed = pack_conv(layer.weight, dsp) if isinstance(layer, Conv) else layer.weight.T.tobytes()
            parts.append(_array("int8_t", f"weights{i}", np.frombuffer(packed, np.int8), aligned=True))
            parts.append(_array("int32_t", f"bias{i}", layer.bias))
            parts.append(_array("int32_t", f"multiplier{i}", layer.multiplier))
            tables = f"weights{i}, bias{i}, multiplier{i}"
        rows.append(f"    {{{', '.join(map(str, _fields(layer, size)))}, {tables}}},\n")
    parts.append(f"static const dense_layer_t layers[{len(rows)}] = {{\n{''.join(rows)}}};\n")
    parts += [f"static uint32_t {name}[{size // 4}];\n" for name, size in buffers(network, dsp).items()]
    parts.append(_FRAME.replace("COUNT", str(len(rows))))
    return "\n".join(parts)


_FRAME = """void dense_frame(const int8_t *input, int8_t *output);

void dense_frame(const int8_t *input, int8_t *output)
{
    const dense_network_t network = {layers, COUNT, {(int8_t *)buffer0, (int8_t *)buffer1}, {frame, columns}};

    dense_run(&network, input, output);
}
"""


def buffers(network: Network, dsp: bool) -> dict[str, int]:
    """Bytes of what c_source reserves: activations between layers, the padded input and two columns of a conv."""
    sizes = network.sizes()
    between = [size.neurons for size in sizes[1:-1]]
    padded = [
        (size.height + 2 * layer.padding) * (size.width + 2 * layer.padding) * size.channels
        for layer, size in zip(network.layers, sizes, strict=False)
        if isinstance(layer, Conv)
    ]
    tap = 2 if dsp else 1
    found = {
        "buffer0": max(between[0::2], default=1),
        "buffer1": max(between[1::2], default=1),
        "frame": tap * max(padded, default=1),
        "columns": tap * 2 * QUAD * max(max(_quads(layer) for layer in network.layers), 1),
    }
    return {name: -(-size // 4) * 4 for name, size in found.items()}


def _quads(layer: Layer) -> int:
    return -(-layer.weight[..., 0].size // QUAD) if isinstance(layer, Conv) else 0


def _fields(layer: Layer, size: Size) -> list[int | str]:
    kind = {Conv: "DENSE_CONV2D", MaxPool: "DENSE_MAX_POOL", Linear: "DENSE_LINEAR"}[type(layer)]
    shape = [kind, *size, *layer.output(size)]
    if isinstance(layer, Conv):
        return [*shape, len(layer.weight), layer.stride, layer.padding, int(layer.relu), _quads(layer)]
    return [*shape, 0, 0, 0, int(not isinstance(layer, MaxPool) and layer.relu), 0]


def _check(layer: Layer, size: Size) -> None:
    inputs = size.neurons if isinstance(layer, Linear) else size.channels
    multiple = 2 if isinstance(layer, Conv) else 4
    if inputs % multiple or layer.output(size).channels % 2:
        raise ValueError(
            f"{type(layer).__name__} of {inputs} inputs and {layer.output(size).channels} outputs: "
            f"the kernels take inputs in multiples of {multiple}, outputs of 2"
        )


def _array(kind: str, name: str, values: NDArray[np.integer], aligned: bool = False) -> str:
    lines = [", ".join(map(str, values[i : i + 16])) for i in range(0, len(values), 16)]
    attribute = " __attribute__((aligned(4)))" if aligned else ""
    body = ",\n    ".join(lines)
    return f"static const {kind} {name}[{len(values)}]{attribute} = {{\n    {body}}};\n"
