"""A dense network's tables and buffers in C, for the kernels of firmware_gen/c/dense."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.dense.network import Conv, Int8, Layer, Linear, MaxPool, Network, Size

QUAD = 4  # taps that the kernels take at once


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

    Raises ValueError for counts of channels that the kernels do not take (see dense.h, and `aligned`).
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
    shape: list[int | str] = [kind, *size, *layer.output(size)]
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
