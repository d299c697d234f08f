"""docs/arithmetic.md, to the letter in plain Python integers: slow, and sharing no code with the runtime.

Every layer is a dense gather over lists. Nothing here is vectorised, bounded in width or event-driven.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Neuron,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
)
from edge_sast.model.model import Model


@dataclass(frozen=True)
class OracleLayer:
    """One weighted layer after one step: neurons in ascending order; `sums` holds u before saturation."""

    sums: list[int]
    membranes: list[int]
    spikes: list[int]
    synops: int
    spike_count: int


@dataclass(frozen=True)
class OracleStep:
    layers: list[OracleLayer]
    crc: int


@dataclass(frozen=True)
class OracleResult:
    steps: list[OracleStep]
    outputs: list[int]
    winner: int


def oracle_run(model: Model, dense_input: np.ndarray) -> OracleResult:
    """One recording. dense_input: integers [T, H, W, 2], counts per step and input neuron."""
    membranes: dict[int, list[int]] = {}
    previous: dict[int, list[int]] = {}
    shapes = _shapes(model)
    for index, weighted in model.weighted():
        channels = weighted.neuron.channels
        positions = shapes[index + 1].neurons // channels
        membranes[index] = [
            int(weighted.neuron.initial[c]) for _ in range(positions) for c in range(channels)
        ]
        previous[index] = [0] * shapes[index + 1].neurons
    steps = []
    for frame in dense_input:
        counts = [int(a) for a in np.asarray(frame).reshape(-1)]
        results = []
        for index, layer in enumerate(model.layers):
            shape, out_shape = shapes[index], shapes[index + 1]
            if isinstance(layer, Flatten):
                continue
            if isinstance(layer, OrPool | SumPool):
                counts = _pool(layer, counts, shape, out_shape)
                continue
            current, synops = _current(layer, counts, previous[index], shape, out_shape)
            result = _neurons(layer.neuron, membranes[index], current, synops)
            membranes[index], previous[index], counts = result.membranes, result.spikes, result.spikes
            results.append(result)
        steps.append(OracleStep(results, _crc(results)))
        if _is_decided(model, _outputs(model, steps)):
            break
    outputs = _outputs(model, steps)
    return OracleResult(steps, outputs, outputs.index(max(outputs)))


def _is_decided(model: Model, outputs: list[int]) -> bool:
    if model.early_margin is None:
        return False
    second, best = sorted(outputs)[-2:]
    return best - second >= model.early_margin


def _shapes(model: Model) -> list[Shape]:
    """What flows before each layer and after the last, by counting windows that lie inside."""
    grid = model.binning
    rows, columns = ({i >> grid.shift for i in range(n)} for n in (grid.sensor_height, grid.sensor_width))
    shapes = [Shape(len(rows), len(columns), 2)]
    for layer in model.layers:
        shape = shapes[-1]
        extent = shape.height, shape.width
        if isinstance(layer, Conv2d):
            padded = [n + 2 * p for n, p in zip(extent, layer.padding, strict=True)]
            windows = zip(padded, layer.weight.shape[:2], layer.stride, strict=False)
            place = [sum(o * s + k <= n for o in range(n)) for n, k, s in windows]
            shapes.append(Shape(*place, layer.neuron.channels))
        elif isinstance(layer, OrPool | SumPool):
            place = [sum((o + 1) * layer.size <= n for o in range(n)) for n in extent]
            shapes.append(Shape(*place, shape.channels))
        elif isinstance(layer, Flatten):
            shapes.append(Shape(1, 1, shape.height * shape.width * shape.channels))
        else:
            shapes.append(Shape(1, 1, layer.neuron.channels))
    return shapes


def _pool(layer: OrPool | SumPool, counts: list[int], shape: Shape, out_shape: Shape) -> list[int]:
    result = []
    for y in range(out_shape.height):
        for x in range(out_shape.width):
            for c in range(out_shape.channels):
                window = [
                    counts[((y * layer.size + i) * shape.width + x * layer.size + j) * shape.channels + c]
                    for i in range(layer.size)
                    for j in range(layer.size)
                ]
                result.append(sum(window) if isinstance(layer, SumPool) else int(any(a > 0 for a in window)))
    return result


def _current(
    layer: Weighted, counts: list[int], previous: list[int], shape: Shape, out_shape: Shape
) -> tuple[list[int], int]:
    """Input current of every output neuron, and the SynOps it cost."""
    if isinstance(layer, Conv2d):
        return _conv_current(layer, counts, shape, out_shape)
    weight = layer.weight.tolist()
    current = [0] * out_shape.neurons
    synops = 0
    for o in range(out_shape.neurons):
        for i, a in enumerate(counts):
            current[o] += (weight[i][o] << layer.weight_shift) * a
            synops += a
    if isinstance(layer, RecurrentLinear):
        recurrent = layer.recurrent.tolist()
        for o in range(out_shape.neurons):
            for j, s in enumerate(previous):
                current[o] += (recurrent[j][o] << layer.weight_shift) * s
                synops += s
    return current, synops


def _conv_current(layer: Conv2d, counts: list[int], shape: Shape, out_shape: Shape) -> tuple[list[int], int]:
    weight = layer.weight.tolist()
    rows, columns, c_in, c_group = layer.weight.shape
    in_group = c_in // layer.groups
    current = []
    synops = 0
    for oy in range(out_shape.height):
        for ox in range(out_shape.width):
            for c in range(out_shape.channels):
                group, j = divmod(c, c_group)
                total = 0
                for ky in range(rows):
                    for kx in range(columns):
                        y = oy * layer.stride[0] + ky - layer.padding[0]
                        x = ox * layer.stride[1] + kx - layer.padding[1]
                        if not (0 <= y < shape.height and 0 <= x < shape.width):
                            continue
                        for ci in range(group * in_group, (group + 1) * in_group):
                            a = counts[(y * shape.width + x) * c_in + ci]
                            total += (weight[ky][kx][ci][j] << layer.weight_shift) * a
                            synops += a
                current.append(total)
    return current, synops


def _leak(v: int, shifts: tuple[int, ...]) -> int:
    """Python's >> on integers rounds towards minus infinity, as the contract asks."""
    return v - sum(v >> k for k in shifts)


def _neurons(neuron: Neuron, membranes: list[int], current: list[int], synops: int) -> OracleLayer:
    low, high = -(2 ** (neuron.state_bits - 1)), 2 ** (neuron.state_bits - 1) - 1
    sums, after, spikes = [], [], []
    for n, v in enumerate(membranes):
        c = n % neuron.channels
        total = _leak(v, neuron.leak_shifts) + current[n] + int(neuron.bias[c])
        u = min(max(total, low), high)
        spike = 0
        if not isinstance(neuron, Integrator) and u >= int(neuron.threshold[c]):
            spike = 1
            taken = neuron.threshold if neuron.amount is None else neuron.amount
            u = 0 if neuron.reset == "zero" else u - int(taken[c])
        sums.append(total)
        after.append(u)
        spikes.append(spike)
    return OracleLayer(sums, after, spikes, synops, sum(spikes))


def step_bytes(layers: list[OracleLayer]) -> bytes:
    """The bytes that one step's CRC covers."""
    data = b""
    for layer in layers:
        for v, s in zip(layer.membranes, layer.spikes, strict=True):
            data += v.to_bytes(4, "little", signed=True) + bytes([s])
        data += layer.synops.to_bytes(4, "little") + layer.spike_count.to_bytes(4, "little")
    return data


def _crc(layers: list[OracleLayer]) -> int:
    return zlib.crc32(step_bytes(layers))


def _outputs(model: Model, steps: list[OracleStep]) -> list[int]:
    if isinstance(model.weighted()[-1][1].neuron, Integrator):
        return list(steps[-1].layers[-1].membranes)
    return [sum(step.layers[-1].spikes[c] for step in steps) for c in range(len(model.classes))]
