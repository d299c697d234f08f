"""A second reader and runtime, written from docs/file-format.md and docs/arithmetic.md alone; slow, plain Python.

It imports nothing of edge_sast: what it takes and gives are bytes, numbers and texts as the pages describe them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

Events = list[tuple[int, int, int, int]]  # t, x, y, p


@dataclass
class Layer:
    """A layer object of the file, with its tensors as flat lists, and the shape [H, W, C] of its input and output."""

    fields: dict[str, Any]
    tensors: dict[str, list[int]]
    before: tuple[int, int, int]
    after: tuple[int, int, int] = (0, 0, 0)
    weight_shape: tuple[int, ...] = ()


@dataclass
class File:
    """A model file: its document, and its layers."""

    document: dict[str, Any]
    layers: list[Layer]

    def weighted(self) -> list[Layer]:
        return [layer for layer in self.layers if "neuron" in layer.fields]


def read_model(data: bytes) -> File:
    """file-format.md, from the first byte to the hash."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    (text,) = header.pop("__metadata__").values()
    document = json.loads(text)
    assert (document["format"], document["format_version"]) == ("edge-sast-model", 1)
    body, tensors = data[8 + length :], {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], body[begin:end])
    assert _hash(document, tensors) == document["hash"]
    grid = document["input"]
    rows, columns = (
        (grid[side] + (1 << grid["shift"]) - 1) >> grid["shift"] for side in ("sensor_height", "sensor_width")
    )
    shape, layers = (rows, columns, 2), []
    for index, fields in enumerate(document["layers"]):
        layer = Layer(fields, {}, shape)
        for name, (dtype, sizes, raw) in tensors.items():
            owner, _, part = name.removeprefix("layers.").partition(".")
            if int(owner) == index:
                width, code = {"I8": (1, "b"), "I32": (4, "i")}[dtype]
                layer.tensors[part] = list(struct.unpack(f"<{len(raw) // width}{code}", raw))
                if part == "weight":
                    layer.weight_shape = tuple(sizes)
        shape = layer.after = _output_shape(layer)
        layers.append(layer)
    return File(document, layers)


def _hash(document: dict[str, Any], tensors: dict[str, tuple[str, list[int], bytes]]) -> str:
    told = {name: value for name, value in document.items() if name not in ("hash", "producer")}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii"))
    for name in sorted(tensors, key=str.encode):
        dtype, shape, raw = tensors[name]
        parts = (name, {"I8": "int8", "I32": "int32"}[dtype], ",".join(map(str, shape)))
        digest.update(b"\0" + b"\0".join(part.encode() for part in parts) + b"\0" + raw)
    return digest.hexdigest()


def _output_shape(layer: Layer) -> tuple[int, int, int]:
    (h, w, c), fields = layer.before, layer.fields
    kind = fields["kind"]
    if kind == "flatten":
        return 1, 1, h * w * c
    if kind.endswith("_pool"):
        return h // fields["size"], w // fields["size"], c
    if kind != "conv2d":
        return 1, 1, layer.weight_shape[1]
    (kh, kw, _, group), (sy, sx), (py, px) = layer.weight_shape, fields["stride"], fields["padding"]
    return (h + 2 * py - kh) // sy + 1, (w + 2 * px - kw) // sx + 1, group * fields["groups"]


def input_counts(file: File, events: Events) -> list[list[int]]:
    """§1: counts of every input neuron in every step."""
    grid = file.document["input"]
    height, width, _ = file.layers[0].before
    counts = [[0] * (height * width * 2) for _ in range(grid["steps"])]
    for t, x, y, p in events:
        step = (t - events[0][0]) // grid["dt_us"]
        if step < grid["steps"]:
            n = ((y >> grid["shift"]) * width + (x >> grid["shift"])) * 2 + p
            counts[step][n] = min(counts[step][n] + 1, grid["count_cap"])
    return counts


def run(file: File, events: Events) -> tuple[list[int], list[list[tuple[int, int]]], list[int], str]:
    """CRC, and SynOps and spikes of each weighted layer, of each step computed; outputs; the name of the answer."""
    states = {id(layer): _State(layer) for layer in file.weighted()}
    crcs, counters = [], []
    for counts in input_counts(file, events):
        a, data, told = counts, b"", []
        for layer in file.layers:
            if id(layer) not in states:
                a = _pool(layer, a)
                continue
            state = states[id(layer)]
            synops = state.step(a)
            a = state.spikes
            data += b"".join(struct.pack("<iB", v, s) for v, s in zip(state.v, a, strict=True))
            data += struct.pack("<II", synops, sum(a))
            told.append((synops, sum(a)))
        crcs.append(zlib.crc32(data))
        counters.append(told)
        last = states[id(file.layers[-1])]
        outputs = last.v if last.layer.fields["neuron"]["kind"] == "integrator" else last.fired
        if "early" in file.document and _lead(outputs) >= file.document["early"]["margin"]:
            break
    return crcs, counters, outputs, file.document["classes"][outputs.index(max(outputs))]


def _lead(outputs: list[int]) -> int:
    """§5: the largest output less the second."""
    best = outputs.index(max(outputs))
    return outputs[best] - max(outputs[:best] + outputs[best + 1 :])


def _pool(layer: Layer, a: list[int]) -> list[int]:
    """§3."""
    if layer.fields["kind"] == "flatten":
        return a
    k, (_, width, channels), (rows, columns, _) = layer.fields["size"], layer.before, layer.after
    out = []
    for y, x, c in itertools.product(range(rows), range(columns), range(channels)):
        window = [a[((y * k + i) * width + x * k + j) * channels + c] for i in range(k) for j in range(k)]
        out.append(sum(window) if layer.fields["kind"] == "sum_pool" else int(any(window)))
    return out


class _State:
    """One weighted layer in one recording: §4 and §6."""

    def __init__(self, layer: Layer) -> None:
        self.layer, self.neuron = layer, layer.fields["neuron"]
        self.channels = layer.after[2]
        self.n = layer.after[0] * layer.after[1] * self.channels
        self.v = [layer.tensors["initial"][n % self.channels] for n in range(self.n)]
        self.spikes, self.fired = [0] * self.n, [0] * self.n
        self.edges = self._convolution() if layer.fields["kind"] == "conv2d" else self._dense()

    def _dense(self) -> list[list[tuple[int, int]]]:
        weight = self.layer.tensors["weight"]
        return [
            [(o, weight[i * self.n + o]) for o in range(self.n)] for i in range(self.layer.weight_shape[0])
        ]

    def _convolution(self) -> list[list[tuple[int, int]]]:
        """For each input neuron the outputs it reaches, with the weight."""
        fields, (height, width, c_in), (rows, columns, _) = (
            self.layer.fields,
            self.layer.before,
            self.layer.after,
        )
        (kh, kw, _, size), weight = self.layer.weight_shape, self.layer.tensors["weight"]
        (sy, sx), (py, px) = fields["stride"], fields["padding"]
        edges: list[list[tuple[int, int]]] = [[] for _ in range(height * width * c_in)]
        places = itertools.product(
            range(rows), range(columns), range(kh), range(kw), range(c_in), range(size)
        )
        for oy, ox, ky, kx, ci, j in places:
            y, x = oy * sy + ky - py, ox * sx + kx - px
            if 0 <= y < height and 0 <= x < width:
                group = ci // (c_in // fields["groups"])
                out = (oy * columns + ox) * self.channels + group * size + j
                edges[(y * width + x) * c_in + ci].append(
                    (out, weight[((ky * kw + kx) * c_in + ci) * size + j])
                )
        return edges

    def step(self, a: list[int]) -> int:
        """Takes the counts of a step; SynOps."""
        shift, current, synops = self.layer.fields["weight_shift"], [0] * self.n, 0
        for count, reached in zip(a, self.edges, strict=True):
            synops += count * len(reached)
            for out, weight in reached if count else ():
                current[out] += (weight << shift) * count
        if "recurrent" in self.layer.tensors:
            for j in (j for j, spike in enumerate(self.spikes) if spike):
                synops += self.n
                for o in range(self.n):
                    current[o] += self.layer.tensors["recurrent"][j * self.n + o] << shift
        self._fire(current)
        return synops

    def _fire(self, current: list[int]) -> None:
        tensors, half = self.layer.tensors, 1 << (self.neuron["state_bits"] - 1)
        for n in range(self.n):
            c, v = n % self.channels, self.v[n]
            u = v - sum(v >> k for k in self.neuron["leak_shifts"]) + current[n] + tensors["bias"][c]
            u = min(max(u, -half), half - 1)
            self.spikes[n] = int(self.neuron["kind"] == "lif" and u >= tensors["threshold"][c])
            if self.spikes[n]:
                taken = tensors["amount"] if "amount" in tensors else tensors["threshold"]
                u = 0 if self.neuron["reset"] == "zero" else u - taken[c]
            self.v[n] = u
            self.fired[n] += self.spikes[n]
