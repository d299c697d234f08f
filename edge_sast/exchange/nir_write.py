"""An integer model becomes a NIR graph: numbers for other tools, and in the metadata what NIR has no place for.

A membrane's least bit is worth a power of two, or one part of the threshold where a tool wants the same threshold for
all neurons of a layer. A reset to zero gets a threshold half a unit lower: u >= T and u > T - 1/2 are the same for
integers, so that tools which spike at the threshold and those which spike above it agree.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import Graph, Node
from edge_sast.exchange.nir_file import VERSION
from edge_sast.exchange.nodes.snap import lost_by
from edge_sast.exchange.readers import NO_LEAK, Reader, time_constant
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
)
from edge_sast.model.model import Model
from edge_sast.model.modelfile import describe, layer_name

NEAR = 2.0**-8  # of a multiple: what float32 may take off a number that is read back
DOCUMENT = "edge_sast_model"  # in the metadata: the model file's JSON, whose tensors are in the nodes


def write_model(model: Model, reader: Reader) -> Graph:
    """The graph. Raises EdgeSastError for a layer that NIR has no node for, naming it."""
    writer = _Writer(model, reader)
    for i, layer in enumerate(model.layers):
        writer.add(i, layer)
    return writer.graph()


def not_told(model: Model, reader: Reader) -> list[str]:
    """What other tools do not take from the graph, so that their spikes may differ."""
    lines = []
    for i, layer in model.weighted():
        cell = layer.neuron
        if cell.initial.any():
            lines.append(
                f"layers[{i}]: initial membranes are in the metadata alone; other tools start from 0"
            )
        if cell.leak_shifts:
            lines.append(f"layers[{i}]: the leak rounds to integers; other tools do not")
        if isinstance(cell, Lif) and cell.amount is not None:
            lines.append(f"layers[{i}]: amount is in the metadata alone; other tools take off the threshold")
        if isinstance(cell, Lif) and reader.reset not in (None, cell.reset):
            lines.append(f"layers[{i}]: reset is {cell.reset!r}; that tool makes it {reader.reset!r}")
    lines.append("saturation, count_cap and steps are in the metadata alone")
    if model.early_margin is not None:
        lines.append(f"early (margin {model.early_margin}) is in the metadata alone")
    return lines


def units(layer: Weighted, reader: Reader) -> np.ndarray:
    """What a membrane's least bit of each channel is worth, float64 [channels]."""
    cell = layer.neuron
    if isinstance(cell, Integrator):
        return np.ones(cell.channels)
    thresholds = np.array([float(t) for t in _thresholds(cell)])
    if reader.one_threshold and (thresholds != thresholds[0]).any():
        return 1.0 / thresholds
    return np.full(cell.channels, 2.0 ** -round(math.log2(float(np.median(thresholds)))))


def gain(layer: Weighted, reader: Reader) -> float:
    """What the tool multiplies the input with."""
    return float(lost(layer)) if reader.own_gain and layer.neuron.leak_shifts else 1.0


def lost(layer: Weighted) -> Fraction:
    """What the leak takes per step."""
    return lost_by(layer.neuron.leak_shifts)


def _thresholds(cell: Lif) -> list[Fraction]:
    less = Fraction(1, 2) if cell.reset == "zero" else Fraction(0)
    return [Fraction(int(t)) - less for t in cell.threshold]


class _Writer:
    def __init__(self, model: Model, reader: Reader) -> None:
        self.model, self.reader = model, reader
        self.dt = reader.dt if reader.dt is not None else model.binning.dt_us * 1e-6
        self.shapes = model.shapes()
        self.nodes: dict[str, Node] = {}
        self.way: list[str] = []
        self.more: list[tuple[str, str]] = []
        self.metadata: dict[str, Any] = {}
        self.grid: Shape | None = None  # of what was flattened, before it
        self.flat = False
        self._put("input", "Input", shape=self._extent(self.shapes[0]))

    def graph(self) -> Graph:
        self._put("output", "Output", shape=self._extent(self.shapes[-1]))
        document, _ = describe(self.model)
        self.metadata[DOCUMENT] = json.dumps(document, sort_keys=True, separators=(",", ":"))
        edges = [*zip(self.way, self.way[1:], strict=False), *self.more]
        return Graph(self.nodes, tuple(edges), VERSION, self.metadata)

    def add(self, i: int, layer: Layer) -> None:
        if isinstance(layer, Flatten):
            self._flatten(i)
        elif self.flat and isinstance(layer, OrPool | SumPool | Conv2d):
            raise EdgeSastError(
                f"layers[{i}]: a {layer_name(layer)} stands behind a flatten, which NIR has no node for; "
                "train it without that layer, or keep the model file"
            )
        elif isinstance(layer, OrPool | SumPool):
            size = np.array([layer.size, layer.size])
            self._put(f"{i}", "SumPool2d", kernel_size=size, stride=size, padding=np.array([0, 0]))
            if isinstance(layer, OrPool):
                self._put(f"{i}_or", "Threshold", threshold=_full(0.5, self._extent(self.shapes[i + 1])))
        else:
            self._weighted(i, layer)

    def _flatten(self, i: int) -> None:
        if not self.flat:
            extent = self._extent(self.shapes[i])
            self._put(f"{i}_flat", "Flatten", start_dim=0, end_dim=-1, input_type=extent)
            self.grid, self.flat = self.shapes[i], True

    def _weighted(self, i: int, layer: Weighted) -> None:
        unit = units(layer, self.reader)
        factor = gain(layer, self.reader)
        worth = unit / factor
        scale = worth * (1 << layer.weight_shift)
        bias = _narrow(layer.neuron.bias * worth, worth)
        if isinstance(layer, Conv2d):
            self._put(
                f"{i}",
                "Conv2d",
                weight=_narrow(_conv_weight(layer) * scale[:, None, None, None], scale[:, None, None, None]),
                bias=bias,
                stride=np.array(layer.stride),
                padding=np.array(layer.padding),
                dilation=np.array([1, 1]),
                groups=1,
                input_shape=np.array([self.shapes[i].height, self.shapes[i].width]),
            )
        else:
            self._flatten(i)  # of a single place, a model file needs none
            weight = layer.weight[flattened(self.grid)] if self.grid is not None else layer.weight
            self._put(f"{i}", "Affine", weight=_narrow(weight.T * scale[:, None], scale[:, None]), bias=bias)
            self.grid = None
        self._neuron(i, layer, unit)
        if isinstance(layer, RecurrentLinear):
            recurrent = _narrow(layer.recurrent.T * scale[:, None], scale[:, None])
            self.nodes[f"{i}_back"] = Node(f"{i}_back", "Linear", {"weight": recurrent})
            self.more += [(f"{i}_neuron", f"{i}_back"), (f"{i}_back", f"{i}_neuron")]
        self.metadata[f"layers.{i}.unit"] = unit
        if factor != 1:
            self.metadata[f"layers.{i}.gain"] = factor
        if layer.neuron.initial.any():
            self.metadata[f"layers.{i}.initial"] = layer.neuron.initial
        if isinstance(layer.neuron, Lif) and layer.neuron.amount is not None:
            self.metadata[f"layers.{i}.amount"] = layer.neuron.amount

    def _neuron(self, i: int, layer: Weighted, unit: np.ndarray) -> None:
        cell, extent = layer.neuron, self._extent(self.shapes[i + 1])
        leak, name = lost(layer), f"{i}_neuron"
        fields: dict[str, Any] = {}
        if isinstance(cell, Lif):
            exact = np.array([float(t) for t in _thresholds(cell)]) * unit
            if (unit != unit[0]).any():  # one part of the threshold each
                exact = np.ones(len(unit))
            fields |= {"v_threshold": _full(_narrow(exact), extent), "v_reset": _full(0.0, extent)}
        if not leak and self.reader.leaky_if and isinstance(cell, Lif):
            leak = NO_LEAK
        if not leak:
            r = 1 / self.dt if self.reader.if_dt else 1.0
            kind = "IF" if isinstance(cell, Lif) else "I"
            self._put(name, kind, r=_full(r, extent), **fields)
            return
        tau = time_constant(leak, self.dt, self.reader.exp)
        r = 1.0 if self.reader.own_gain or self.reader.exp else tau / self.dt
        kind = "LIF" if isinstance(cell, Lif) else "LI"
        common = {"tau": _full(tau, extent), "r": _full(r, extent), "v_leak": _full(0.0, extent)}
        self._put(name, kind, **common, **fields)

    def _extent(self, shape: Shape) -> np.ndarray:
        return np.array([shape.neurons] if self.flat else [shape.channels, shape.height, shape.width])

    def _put(self, name: str, kind: str, **fields: Any) -> None:
        self.nodes[name] = Node(name, kind, fields)
        self.way.append(name)


def flattened(shape: Shape) -> np.ndarray:
    """Of each neuron of a channel-first flattened signal, the place here, channel-last."""
    places = np.arange(shape.neurons).reshape(shape.height, shape.width, shape.channels)
    return places.transpose(2, 0, 1).reshape(-1)


def _conv_weight(layer: Conv2d) -> np.ndarray:
    """[c_out, c_in, kh, kw]: groups as zeros in one, for NIR's own package writes them and does not read them."""
    rows, columns, c_in, c_group = layer.weight.shape
    groups = layer.groups
    parts = layer.weight.reshape(rows, columns, groups, c_in // groups, c_group).transpose(2, 4, 3, 0, 1)
    whole = np.zeros((groups, c_group, groups, c_in // groups, rows, columns), np.int8)
    each = np.arange(groups)
    whole[each, :, each] = parts
    return whole.reshape(groups * c_group, c_in, rows, columns)


def _narrow(values: np.ndarray, worth: np.ndarray | None = None) -> np.ndarray:
    """float32 where that says the same, or the same multiples of what each is worth, nearly; else float64."""
    narrow = values.astype(np.float32)
    same = narrow == values
    if worth is not None:
        same |= np.abs(narrow.astype(np.float64) - values) < NEAR / 4 * worth
    return narrow if same.all() else values


def _full(values: Any, extent: np.ndarray) -> np.ndarray:
    """One number per neuron, [channels, rows, columns] or [neurons], of one number or one per channel."""
    each = np.float32(values) if isinstance(values, float) else np.asarray(values)
    return np.array(np.broadcast_to(each.reshape(-1, *[1] * (len(extent) - 1)), tuple(extent)))
