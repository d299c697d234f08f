"""NIR files as tools write them, made with h5py alone, and what such a network computes, node by node, slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="NIR needs h5py: pip install 'edge-sast[hdf5]'")

Nodes = Mapping[str, Any]  # name: (type, fields), or (nodes, edges) of a graph in the graph
Edges = Sequence[tuple[str, str]]


def write_nir(
    path: Path, nodes: Nodes, edges: Edges, version: str = "1.0.8", compression: str | None = None
) -> Path:
    with h5py.File(path, "w") as file:
        if version:
            file.create_dataset("version", data=version)
        _graph(file.create_group("node"), nodes, edges, compression)
    return path


def _graph(group: Any, nodes: Nodes, edges: Edges, compression: str | None) -> None:
    group.create_dataset("type", data="NIRGraph")
    pairs = np.array([[a, b] for a, b in edges], dtype=object).reshape(-1, 2)
    group.create_dataset("edges", data=pairs, dtype=h5py.string_dtype())
    place = group.create_group("nodes")
    for name, (kind, fields) in nodes.items():
        own = place.create_group(name)
        if not isinstance(kind, str):
            _graph(own, kind, fields, compression)
            continue
        own.create_dataset("type", data=kind)
        for key, value in fields.items():
            packed = compression if np.ndim(value) else None
            own.create_dataset(key, data=value, compression=packed)


ROW = {"stride": 1, "padding": 0, "dilation": 1}  # of the rows of a Conv1d


@dataclass(frozen=True)
class Cell:
    """A neuron as its tool computes it.

    reset: "zero", "subtract" or "subtract later"; "snntorch subtract": snnTorch's with reset_delay=False, which looks
    for a spike where the membrane of the step before lay above the threshold, takes the threshold off for that first,
    and gives it back where it did not spike again.
    """

    decay: Fraction
    gain: Fraction
    threshold: Any  # [channels] or one number
    strict: bool
    reset: str


@dataclass(frozen=True, eq=False)
class Layer:
    """Nodes before a neuron, as (type, fields) in their order, and the neuron; recurrent: weight [n, n], or None."""

    nodes: Sequence[tuple[str, Mapping[str, Any]]]
    cell: Cell
    recurrent: np.ndarray | None = None


def run(layers: Sequence[Layer], inputs: np.ndarray, exact: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each layer: u of every step before its reset, and spikes, channel first. exact: in Fractions, else float64."""
    kind = object if exact else np.float64
    memory: list[Any] = [None] * len(layers)
    previous: list[Any] = [None] * len(layers)
    found: list[tuple[list[Any], list[Any]]] = [([], []) for _ in layers]
    for counts in inputs:
        flow = _of(counts, kind)
        for i, layer in enumerate(layers):
            for node in layer.nodes:
                flow = apply(*node, flow, kind)
            if memory[i] is None:
                memory[i], previous[i] = flow * 0, flow * 0
            cell = layer.cell
            threshold = _of(np.asarray(cell.threshold), kind)
            threshold = (
                threshold.reshape(-1, *[1] * (flow.ndim - 1))
                if threshold.size > 1
                else threshold.reshape(())[()]
            )
            if layer.recurrent is not None:
                flow = flow + _of(layer.recurrent, kind).dot(previous[i])
            u = memory[i] * _one(cell.decay, kind) + flow * _one(cell.gain, kind)
            if cell.reset == "subtract later":
                u = u - previous[i] * threshold
            above = _of((memory[i] > threshold).astype(np.int64), kind)
            if cell.reset == "snntorch subtract":
                u = u - above * threshold
            spikes = _of(((u > threshold) if cell.strict else (u >= threshold)).astype(np.int64), kind)
            memory[i] = {
                "zero": u * (1 - spikes),
                "subtract": u - spikes * threshold,
                "subtract later": u,
                "snntorch subtract": u - (spikes - above) * threshold,
            }[cell.reset]
            previous[i] = flow = spikes
            found[i][0].append(u)
            found[i][1].append(spikes.astype(np.uint8))
    return [(np.array(u), np.array(spikes)) for u, spikes in found]


def _one(value: Fraction, kind: Any) -> Any:
    return value if kind is object else float(value)


def _of(values: np.ndarray, kind: Any) -> np.ndarray:
    if kind is object:
        flat = [v if isinstance(v, Fraction) else Fraction(v.item()) for v in np.asarray(values).reshape(-1)]
        out = np.empty(len(flat), object)
        out[:] = flat
        return out.reshape(np.shape(values))
    return np.asarray(values, dtype=float)


def apply(kind: str, fields: Mapping[str, Any], x: np.ndarray, number: Any) -> np.ndarray:
    """One node without memory, channel first, without a batch axis."""
    if kind == "Flatten":
        return x.reshape(-1)
    if kind in ("Linear", "Affine"):
        out = _of(fields["weight"], number).dot(x)
        return out + _of(fields["bias"], number) if kind == "Affine" else out
    if kind == "Scale":
        scale = _of(fields["scale"], number)
        return x * (scale.reshape(-1, *[1] * (x.ndim - 1)) if scale.ndim == 1 < x.ndim else scale)
    if kind in ("SumPool2d", "AvgPool2d"):
        size = int(np.max(fields["kernel_size"]))
        rows, columns = x.shape[1] // size, x.shape[2] // size
        parts = x[:, : rows * size, : columns * size].reshape(len(x), rows, size, columns, size)
        total = parts.sum(axis=4).sum(axis=2)
        return (
            total / (Fraction(size * size) if number is object else size * size) if kind[0] == "A" else total
        )
    if kind == "Conv1d":  # one row of a Conv2d
        own = {**fields, "weight": np.asarray(fields["weight"])[:, :, None]}
        own |= {name: (first, int(fields[name])) for name, first in ROW.items()}
        return _conv(own, x[:, None], number)[:, 0]
    assert kind == "Conv2d", kind
    return _conv(fields, x, number)


def _conv(fields: Mapping[str, Any], x: np.ndarray, number: Any) -> np.ndarray:
    weight = _of(fields["weight"], number)
    (sy, sx), (dy, dx) = (np.broadcast_to(fields[name], 2) for name in ("stride", "dilation"))
    kh, kw = (weight.shape[2] - 1) * dy + 1, (weight.shape[3] - 1) * dx + 1
    if isinstance(fields["padding"], str):
        pads = [((k - 1) // 2, k // 2) for k in (kh, kw)] if fields["padding"] == "same" else [(0, 0), (0, 0)]
    else:
        pads = [(int(p), int(p)) for p in np.broadcast_to(fields["padding"], 2)]
    padded = np.zeros(
        (len(x), x.shape[1] + sum(pads[0]), x.shape[2] + sum(pads[1])), dtype=object
    ) * Fraction(0)
    padded = _of(padded, number) if number is not object else padded
    padded[:, pads[0][0] : pads[0][0] + x.shape[1], pads[1][0] : pads[1][0] + x.shape[2]] = x
    groups, (c_out, c_group) = int(fields["groups"]), weight.shape[:2]
    rows, columns = (padded.shape[1] - kh) // sy + 1, (padded.shape[2] - kw) // sx + 1
    out = np.zeros((c_out, rows, columns), dtype=number)
    for o in range(c_out):
        first = o // (c_out // groups) * c_group
        for i in range(c_group):
            for ky in range(weight.shape[2]):
                for kx in range(weight.shape[3]):
                    y, z = ky * dy, kx * dx
                    part = padded[
                        first + i, y : y + (rows - 1) * sy + 1 : sy, z : z + (columns - 1) * sx + 1 : sx
                    ]
                    out[o] = out[o] + weight[o, i, ky, kx] * part
        out[o] = out[o] + _of(fields["bias"], number)[o]
    return out
