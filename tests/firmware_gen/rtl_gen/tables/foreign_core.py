"""Somebody else's event processor, written by tables.json alone: slow, plain, and sharing no code with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Memory:
    """One memory, from its .mem file."""

    def __init__(self, folder: Path, described: dict[str, Any]) -> None:
        self.described = described
        words = [int(line, 16) for line in (folder / f"{described['name']}.mem").read_text().split()]
        assert len(words) == described["depth"]
        parts, width = described["words_per_entry"], described["word_bits"]
        self.entries = [
            sum(word << (i * width) for i, word in enumerate(words[at : at + parts]))
            for at in range(0, len(words), parts)
        ]
        assert len(self.entries) == described["entries"]

    def read(self, entry: int) -> list[int]:
        """Every field of an entry, lane by lane."""
        found, rest = [], self.entries[entry]
        for field in self.described["fields"]:
            for _ in range(field["lanes"]):
                value, rest = rest % (1 << field["bits"]), rest >> field["bits"]
                if field["encoding"] == "sign":
                    value = 2 * value - 1
                elif field["encoding"] == "two's complement" and value >> (field["bits"] - 1):
                    value -= 1 << field["bits"]
                found.append(value)
        assert rest == 0
        return found


class ForeignCore:
    """state: membranes of each weighted layer by its index, neuron (y * width + x) * channels + c."""

    def __init__(self, folder: Path) -> None:
        self.document = json.loads((folder / "tables.json").read_text())
        self.memories = {m["name"]: Memory(folder, m) for m in self.document["memories"]}
        self.layers = self.document["layers"]
        (field,) = self.memories["weights"].described["fields"]
        self.nothing = -1 if field["encoding"] == "sign" else 0  # how zero bits read
        self.state: dict[int, list[int]] = {}
        self.spiked: dict[int, list[int]] = {}
        for layer in self.layers:
            if "parts" in layer:
                out = layer["output"]
                initial = [self.parameter(layer, "initials", c) for c in range(out["channels"])]
                self.state[layer["index"]] = initial * (out["height"] * out["width"])
                self.spiked[layer["index"]] = []

    def parameter(self, layer: dict[str, Any], name: str, channel: int) -> int:
        lanes = self.document["lanes"]
        return self.memories[name].read(layer["parts"][name]["base"] + channel // lanes)[channel % lanes]

    def step(self, counts: Any) -> None:
        """counts: spikes of each input neuron, in ascending order."""
        spikes = [n for n, count in enumerate(counts) for _ in range(int(count))]
        for layer in self.layers:
            if "parts" in layer:
                spikes = self.weighted(layer, spikes)
            elif layer["kind"] != "flatten":
                spikes = pooled(layer, self.document["model"]["layers"][layer["index"]]["size"], spikes)

    def weighted(self, layer: dict[str, Any], spikes: list[int]) -> list[int]:
        index = layer["index"]
        sums = [0] * len(self.state[index])
        shift = self.document["model"]["layers"][index]["weight_shift"]
        for connection in layer["connections"]:
            recurrent = connection["name"] == "recurrent"
            for neuron in self.spiked[index] if recurrent else spikes:
                for target, weight in self.fan_out(layer, connection, neuron):
                    sums[target] += weight << shift
        self.spiked[index] = self.fire(layer, sums)
        return self.spiked[index]

    def fan_out(
        self, layer: dict[str, Any], connection: dict[str, Any], neuron: int
    ) -> Iterator[tuple[int, int]]:
        """Targets and weights of a spike."""
        source, out, parts = connection["source"], layer["output"], connection["parts"]
        y, x, c = (
            neuron // (source["width"] * source["channels"]),
            neuron // source["channels"] % source["width"],
            neuron % source["channels"],
        )
        axes = [("rows", y), ("columns", x), ("channels", c)]
        (row, ny, at_y), (column, nx, at_x), (word, nw, at_c) = (
            self.memories[name].read(parts[name]["base"] + i) for name, i in axes
        )
        members = out["channels"] // connection["groups"]
        group = c // (source["channels"] // connection["groups"])
        lanes = self.document["lanes"]
        for r in range(ny):
            for k in range(nx):
                for j in range(nw):
                    address = parts["weights"]["base"] + at_y + r * connection["row_pitch"]
                    address += at_x + k * connection["column_pitch"] + at_c + j
                    for lane, weight in enumerate(self.memories["weights"].read(address)):
                        channel = (word + j) * lanes + lane
                        if not group * members <= channel < (group + 1) * members:
                            assert weight == self.nothing
                        else:
                            yield ((row + r) * out["width"] + column + k) * out["channels"] + channel, weight

    def fire(self, layer: dict[str, Any], sums: list[int]) -> list[int]:
        neuron = self.document["model"]["layers"][layer["index"]]["neuron"]
        limit = 1 << (neuron["state_bits"] - 1)
        shifts = [k for k in self.memories["leaks"].read(layer["parts"]["leaks"]["base"]) if k]
        assert shifts == neuron["leak_shifts"]
        channels, state = layer["output"]["channels"], self.state[layer["index"]]
        biases = [self.parameter(layer, "biases", c) for c in range(channels)]
        thresholds = [
            self.parameter(layer, "thresholds", c) for c in range(channels) if neuron["kind"] == "lif"
        ]
        has_amounts = "amounts" in layer["parts"]
        taken = [self.parameter(layer, "amounts", c) for c in range(channels)] if has_amounts else thresholds
        spikes = []
        for n, added in enumerate(sums):
            v = state[n]
            v = v - sum(v >> k for k in shifts) + added + biases[n % channels]
            v = max(-limit, min(limit - 1, v))
            if thresholds and v >= thresholds[n % channels]:
                spikes.append(n)
                v = 0 if neuron["reset"] == "zero" else v - taken[n % channels]
            state[n] = v
        return spikes


def pooled(layer: dict[str, Any], size: int, spikes: list[int]) -> list[int]:
    taken, out = layer["input"], layer["output"]
    found = []
    for neuron in spikes:
        c, place = neuron % taken["channels"], neuron // taken["channels"]
        y, x = place // taken["width"] // size, place % taken["width"] // size
        if y < out["height"] and x < out["width"]:
            found.append((y * out["width"] + x) * out["channels"] + c)
    return sorted(set(found) if layer["kind"] == "or_pool" else found)
