"""A dense int8 network: its layers, and what they compute (NumPy), bit for bit what the C kernels give.

    sum    = bias[c] + sum of w * a over the window                        int32
    output = clip((sum * multiplier[c] + 2^31) >> 32, 0 or -128, 127)      int8; 0 with ReLU

Symmetric int8 weights with one scale per output channel, as in Jacob et al. 2018 (arXiv 1712.05877) and CMSIS-NN.
Every zero point is 0 and the scale has 32 bits after the point, which a Cortex-M4 multiplies and rounds in one
instruction (SMMULR): the cheapest requantisation there is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import MAX_EXTENT, MAX_WINDOW
from edge_sast.model.reach import output_size

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]

LOW, HIGH = -128, 127
MAX_SUM = (1 << 31) - 1
BATCH = 128  # frames at a time: windows of a layer stay a few megabytes


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
    """weight: int8 [kernel, kernel, in channels, out channels]; bias, multiplier: int32 [out channels].

    Raises EdgeSastError for tensors of other types or shapes, and for sums that 32 bits do not hold.
    """

    weight: Int8
    bias: Int32
    multiplier: Int32
    stride: int = 1
    padding: int = 0
    relu: bool = True

    def __post_init__(self) -> None:
        if self.weight.ndim != 4 or self.weight.shape[0] != self.weight.shape[1]:
            raise EdgeSastError(
                f"conv2d: weight is {list(self.weight.shape)}, not [kernel, kernel, in, out]; train it again"
            )
        kernel = len(self.weight)
        for name, value, low, high in (
            ("kernel", kernel, 1, MAX_WINDOW),
            ("stride", self.stride, 1, MAX_WINDOW),
            ("padding", self.padding, 0, kernel - 1),
        ):
            if not low <= value <= high:
                raise EdgeSastError(f"conv2d: {name} is {value}; it must be {low} to {high}")
        _check_tensors("conv2d", self)

    def output(self, size: Size) -> Size:
        """Raises EdgeSastError for an input that does not fit."""
        kernel, _, taken, channels = self.weight.shape
        if taken != size.channels:
            raise EdgeSastError(f"conv2d: takes {taken} channels, gets {size.channels}; train it again")
        height, width = (output_size(n, kernel, self.stride, self.padding) for n in (size.height, size.width))
        if min(height, width) < 1:
            raise EdgeSastError(
                f"conv2d: kernel {kernel} on {size.height}x{size.width}; use a smaller kernel or less pooling"
            )
        return Size(height, width, channels)

    def macs(self, size: Size) -> int:
        out = self.output(size)
        return out.height * out.width * self.weight.size


@dataclass(frozen=True)
class MaxPool:
    """The largest of 2 x 2; rows and columns that fill no window are dropped."""

    def output(self, size: Size) -> Size:
        """Raises EdgeSastError for an input smaller than a window."""
        if min(size.height, size.width) < 2:
            raise EdgeSastError(f"max_pool: 2x2 on {size.height}x{size.width}; pool less")
        return Size(size.height // 2, size.width // 2, size.channels)

    def macs(self, size: Size) -> int:  # noqa: ARG002 - the same question to every layer
        return 0


@dataclass(frozen=True, eq=False)
class Linear:
    """weight: int8 [inputs, outputs]; bias, multiplier: int32 [outputs]. Takes activations of any size, flattened.

    Raises EdgeSastError as Conv does.
    """

    weight: Int8
    bias: Int32
    multiplier: Int32
    relu: bool = False

    def __post_init__(self) -> None:
        if self.weight.ndim != 2:
            raise EdgeSastError(
                f"linear: weight is {list(self.weight.shape)}, not [inputs, outputs]; train it again"
            )
        _check_tensors("linear", self)

    def output(self, size: Size) -> Size:
        """Raises EdgeSastError for another number of inputs."""
        inputs, outputs = self.weight.shape
        if inputs != size.neurons:
            raise EdgeSastError(f"linear: takes {inputs} inputs, gets {size.neurons}; train it again")
        return Size(1, 1, outputs)

    def macs(self, size: Size) -> int:  # noqa: ARG002
        return int(self.weight.size)


Layer = Conv | MaxPool | Linear


@dataclass(frozen=True, eq=False)
class Network:
    """Layers after an input. Raises EdgeSastError where one does not fit the one before."""

    input: Size
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        self.sizes()

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


def run(network: Network, frames: Int8) -> Int8:
    """What the network gives for frames [..., height, width, channels]: the oracle of the C kernels."""
    given = frames.reshape(-1, *network.input)
    parts = [_run(network, given[i : i + BATCH]) for i in range(0, len(given), BATCH)]
    out = network.sizes()[-1]
    return np.concatenate(parts).reshape(*frames.shape[:-3], *out) if parts else np.zeros((0, *out), np.int8)


def _run(network: Network, x: Int8) -> Int8:
    for layer in network.layers:
        x = _apply(layer, x)
    return x


def _apply(layer: Layer, x: Int8) -> Int8:
    """Of frames [N, height, width, channels]."""
    if isinstance(layer, MaxPool):
        height, width = x.shape[1] // 2, x.shape[2] // 2
        cut = x[:, : 2 * height, : 2 * width]
        return cut.reshape(len(x), height, 2, width, 2, -1).max(axis=(2, 4))
    weight = layer.weight.astype(np.float64)  # holds sums of 32 bits exactly, and has a fast product
    if isinstance(layer, Linear):
        sums = x.reshape(len(x), 1, 1, -1).astype(np.float64) @ weight
    else:
        p, s, kernel = layer.padding, layer.stride, len(weight)
        padded = np.pad(x.astype(np.float64), ((0, 0), (p, p), (p, p), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))
        taps = windows[:, ::s, ::s].transpose(0, 1, 2, 4, 5, 3)  # [N, y, x, kernel, kernel, channels]
        sums = taps.reshape(*taps.shape[:3], -1) @ weight.reshape(-1, weight.shape[-1])
    return requantise(sums.astype(np.int64) + layer.bias, layer.multiplier, layer.relu)


def aligned(network: Network) -> Network:
    """The same network with channels of zeros added, until the C kernels take it: its first outputs are the same.

    Inputs of a convolution and outputs come in twos, inputs of a pool and of a linear in fours.

    Raises EdgeSastError where the frame itself would need more of them.
    """
    layers: list[Layer] = []
    taken = network.input.channels
    sizes = network.sizes()
    for i, layer in enumerate(network.layers):
        size = sizes[i]._replace(channels=taken)
        if (size.neurons if isinstance(layer, Linear) else taken) % (2 if isinstance(layer, Conv) else 4):
            raise EdgeSastError(
                f"layers[{i}]: takes a frame of {size.height}x{size.width}x{taken}, which the C kernels do not; begin "
                "with a convolution"
            )
        if not isinstance(layer, MaxPool):
            after = network.layers[i + 1] if i + 1 < len(network.layers) else None
            multiple = 2 if after is None or isinstance(after, Conv) else 4
            layer = _widened(layer, sizes[i], taken, multiple)
            taken = layer.weight.shape[-1]
        layers.append(layer)
    return Network(network.input, tuple(layers))


def _widened(layer: Conv | Linear, size: Size, taken: int, multiple: int) -> Conv | Linear:
    """size: that it takes; taken: channels that it gets instead."""
    outputs = layer.weight.shape[-1]
    more = -outputs % multiple
    each = layer.weight.reshape(-1, size.channels, outputs)  # taps, or places of a linear's input
    grown = np.pad(each, ((0, 0), (0, taken - size.channels), (0, more)))
    shape = (*layer.weight.shape[:2], taken) if isinstance(layer, Conv) else (-1,)
    return replace(
        layer,
        weight=grown.reshape(*shape, outputs + more),
        bias=np.pad(layer.bias, (0, more)),
        multiplier=np.pad(layer.multiplier, (0, more)),
    )


def _check_tensors(kind: str, layer: Conv | Linear) -> None:
    for name, dtype in (("weight", np.int8), ("bias", np.int32), ("multiplier", np.int32)):
        tensor = getattr(layer, name)
        if tensor.dtype != dtype:
            raise EdgeSastError(f"{kind}: {name} is {tensor.dtype}; it must be {np.dtype(dtype)}")
    if not layer.weight.size or max(layer.weight.shape) > MAX_EXTENT:
        raise EdgeSastError(f"{kind}: weight is {list(layer.weight.shape)}; sides must be 1 to {MAX_EXTENT}")
    outputs = layer.weight.shape[-1]
    for name in ("bias", "multiplier"):
        shape = getattr(layer, name).shape
        if shape != (outputs,):
            raise EdgeSastError(f"{kind}: {name} is {list(shape)}; it must be [{outputs}]")
    if (layer.multiplier < 0).any():
        raise EdgeSastError(f"{kind}: multiplier holds {layer.multiplier.min()}; it must be 0 or more")
    weights = np.abs(layer.weight.astype(np.int64)).reshape(-1, outputs).sum(0)
    most = int((weights * -LOW + np.abs(layer.bias.astype(np.int64))).max())
    if most > MAX_SUM:
        raise EdgeSastError(f"{kind}: sums reach {most}, more than {MAX_SUM}; use fewer inputs")
