"""The event core in plain Python, from its memory images and constants alone: slow, and without a look at the model.

It takes every word apart bit by bit, in an order written down here once more, and shares no code with the generator.
Every value must fit the bits that it has in the core.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from firmware_gen.rtl_gen.images import MemoryImage


class Word:
    """A word whose fields are taken off its low end."""

    def __init__(self, value: int) -> None:
        self.value = value

    def take(self, bits: int) -> int:
        taken = self.value & ((1 << bits) - 1)
        self.value >>= bits
        return taken

    def signed(self, bits: int) -> int:
        taken = self.take(bits)
        return taken - (1 << bits) if taken >> (bits - 1) else taken

    def end(self) -> None:
        assert self.value == 0, "the word has more bits than its fields"


@dataclass
class Step:
    """What one step gave, of the counted layers in order: [v, spike] of each neuron, and SynOps and spikes."""

    membranes: list[list[int]] = field(default_factory=list)
    spikes: list[list[int]] = field(default_factory=list)
    synops: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    crc: int = 0


@dataclass
class Answer:
    steps: list[Step]
    outputs: list[int]
    winner: int
    synops: list[int]
    spikes: list[int]


Spike = tuple[int, int, int]  # source row, quad in it, lane of the quad


class Core:
    """The core after reset."""

    def __init__(self, images: Sequence[MemoryImage], localparams: Mapping[str, int]) -> None:
        self.p = p = dict(localparams)
        memories = {image.name: image for image in images}
        assert set(memories) == {"params", "biases", "rows", "columns", "ops", "layers"} | {
            f"weights_{bank}" for bank in range(p["B"])
        }
        for image in images:
            assert all(0 <= word < 1 << image.width for word in image.words), image.name
        for name, letter in {"params": "P", "rows": "R", "columns": "C", "ops": "O", "layers": "E"}.items():
            assert len(memories[name].words) == p[f"{letter}DEPTH"] <= 1 << p[f"{letter}AW"], name
        assert len(memories["biases"].words) == p["BDEPTH"] == 2 * p["PDEPTH"]
        self._check_widths(memories)
        self.ops = [self._op(word) for word in memories["ops"].words]
        self.layers = [self._layer(word) for word in memories["layers"].words]
        self.rows = [self._row(word) for word in memories["rows"].words]
        self.columns = [self._column(word) for word in memories["columns"].words]
        biases = iter(memories["biases"].words)
        self.parameters = [
            self._parameters(word, next(biases), next(biases)) for word in memories["params"].words
        ]
        self.weights = [
            [self._quad(word) for word in memories[f"weights_{bank}"].words] for bank in range(p["B"])
        ]
        self.y = [0] * (p["MDEPTH"] * p["P"])
        self._clear()

    def _check_widths(self, memories: Mapping[str, MemoryImage]) -> None:
        p = self.p
        assert p["P"] == p["G"] * p["B"] == 1 << p["LP"]
        assert memories["params"].width == p["P"] * (1 + p["TB"] + p["AMB"])
        assert memories["biases"].width == p["P"] * max(p["BB"], p["SB"])
        assert memories["rows"].width == p["NYB"] + p["MAW"] + p["UAW"]
        chunks = p["NCB"] if p["CHUNKS"] else 0
        assert memories["columns"].width == p["NB"] + chunks + p["CQB"] + p["CUB"] + p["SYNB"]
        for bank in range(p["B"]):
            image = memories[f"weights_{bank}"]
            assert (image.width, len(image.words)) == (p["G"] * p["WBITS"], p["UDEPTH"])

    def _op(self, value: int) -> dict[str, int]:
        p, word = self.p, Word(value)
        op = {
            name: word.take(1) for name in ("from_events", "rewind", "skip_last", "sweep", "last", "counted")
        }
        op["layer"], op["sweep_layer"] = word.take(p["LIB"]), word.take(p["EAW"])
        op["row_base"], op["column_base"] = word.take(p["RAW"]), word.take(p["CAW"])
        op["rpw"], op["urw"], op["s"] = word.take(p["RPB"]), word.take(p["URB"]), word.take(p["SBITS"])
        op["cw"], op["cu"], op["wshift"] = word.take(p["CWB"]), word.take(p["CUB2"]), word.take(p["WSHW"])
        word.end()
        assert not (p["LANE_TABLE"] and op["s"]), "a lane's weights stand in its own entry"
        return op

    def _layer(self, value: int) -> dict[str, int]:
        p, word = self.p, Word(value)
        layer = {"rows": word.take(p["YB"]) + 1, "rpw": word.take(p["RPB"]) + 1}
        layer["base"], layer["pb"], layer["pn"] = (
            word.take(p["MAW"]),
            word.take(p["PAW"]),
            word.take(p["PNB"]) + 1,
        )
        layer["tail"] = word.take(p["B"])
        layer |= {name: word.take(1) for name in ("lif", "subtract", "counted", "emits", "last")}
        layer["layer"], layer["k1"], layer["k2"] = word.take(p["LIB"]), word.take(4), word.take(4)
        layer["smask"], layer["rec"] = word.take(p["MW"] - p["SMIN"] + 1), word.take(1)
        layer["whole"] = word.take(1)
        word.end()
        return layer

    def _row(self, value: int) -> tuple[int, int, int]:
        """ny, q, u."""
        p, word = self.p, Word(value)
        row = word.take(p["NYB"]), word.take(p["MAW"]), word.take(p["UAW"])
        word.end()
        return row

    def _column(self, value: int) -> tuple[int, int, int, int, int]:
        """n, nc, q, u, SynOps of a row of targets."""
        p, word = self.p, Word(value)
        n, nc = word.take(p["NB"]), word.take(p["NCB"]) if p["CHUNKS"] else 1
        column = n, nc, word.take(p["CQB"]), word.take(p["CUB"]), word.take(p["SYNB"])
        word.end()
        return column

    def _parameters(self, value: int, biases: int, starts: int) -> list[dict[str, int]]:
        """Of each lane."""
        p, word, lanes = self.p, Word(value), []
        bits, bias, start = max(p["BB"], p["SB"]), Word(biases), Word(starts)
        for _ in range(p["P"]):
            lane = {"valid": word.take(1), "thr": (1 << p["TB"]) - word.take(p["TB"])}
            lane["taken"] = word.take(p["AMB"]) if p["AMB"] else lane["thr"]
            lanes.append(lane | {"bias": bias.signed(bits), "start": start.signed(bits)})
        for whole in (word, bias, start):
            whole.end()
        return lanes

    def _quad(self, value: int) -> list[int]:
        word = Word(value)
        quad = [word.signed(self.p["WBITS"]) for _ in range(self.p["G"])]
        word.end()
        return quad

    def _clear(self) -> None:
        """Every membrane at its start, by the clearing sweep; no spike waits."""
        for layer in self.layers:
            for row in range(layer["rows"]):
                for k in range(layer["rpw"]):
                    for lane, neuron in enumerate(self.parameters[layer["pb"] + k % layer["pn"]]):
                        if neuron["valid"] and self._exists(layer, k, lane):
                            self.y[self._address(layer, row, k) * self.p["P"] + lane] = neuron["start"]
        self.waiting: list[Spike] = []
        self.step_synops = [0] * self.p["COUNTED"]

    def _address(self, layer: Mapping[str, int], row: int, k: int) -> int:
        address = layer["base"] + row * layer["rpw"] + k
        assert address < self.p["MDEPTH"]
        return address

    def _exists(self, layer: Mapping[str, int], k: int, lane: int) -> bool:
        return k < layer["rpw"] - 1 or bool(layer["tail"] >> (lane // self.p["G"]) & 1)

    def run(self, steps: Sequence[Sequence[tuple[int, int, int]]]) -> Answer:
        """One recording. steps: of each step its events (row, column, polarity), ascending, some several times.

        It may end before the last of them.
        """
        assert len(steps) == self.p["STEPS"] <= 1 << self.p["STB"]
        results: list[Step] = []
        for t, events in enumerate(steps):
            results.append(self._step(events, t == len(steps) - 1))
            outputs = results[-1].membranes[-1]
            if self.p["LIF_OUT"]:
                outputs = [sum(step.spikes[-1][i] for step in results) for i in range(self.p["CLASSES"])]
            if self.p["MARGIN"] and t < len(steps) - 1 and self._decided(outputs):
                self._clear()
                break
        assert len(outputs) == self.p["CLASSES"] <= 1 << self.p["CLB"]
        assert all(-(1 << self.p["OUTW"] - 1) <= v < 1 << self.p["OUTW"] - 1 for v in outputs)
        synops = [sum(step.synops[i] for step in results) for i in range(self.p["COUNTED"])]
        spikes = [sum(step.counts[i] for step in results) for i in range(self.p["COUNTED"])]
        assert max(synops) < 1 << self.p["SYNTW"]
        assert max(spikes) < 1 << self.p["SPKTW"]
        self.waiting = []
        return Answer(results, outputs, outputs.index(max(outputs)), synops, spikes)

    def _decided(self, outputs: Sequence[int]) -> bool:
        *_, second, largest = sorted(outputs)
        return largest - second >= self.p["MARGIN"]

    def _capped(self, events: Sequence[tuple[int, int, int]]) -> list[Spike]:
        """The step's events as the core takes them: at most COUNT_CAP of a site."""
        kept: list[Spike] = []
        for i, (row, column, polarity) in enumerate(events):
            assert 0 <= row < self.p["IN_H"]
            assert 0 <= column < self.p["IN_W"]
            assert i == 0 or events[i - 1] <= events[i], "events of a step ascend"
            if i >= self.p["COUNT_CAP"] and events[i - self.p["COUNT_CAP"]] == events[i]:
                continue
            quads = -(-2 // self.p["G"])
            kept.append((row, column * quads + polarity // self.p["G"], polarity % self.p["G"]))
        return kept

    def _step(self, events: Sequence[tuple[int, int, int]], last_step: bool) -> Step:
        step = Step()
        for op in self.ops:
            spikes = self._capped(events) if op["from_events"] else self.waiting
            if not (op["skip_last"] and last_step):
                for spike in spikes:
                    self._add(op, spike)
            if op["sweep"]:
                self._sweep(self.layers[op["sweep_layer"]], last_step, step)
            assert op["last"] == (op is self.ops[-1])
        if last_step:
            self.step_synops = [0] * self.p["COUNTED"]
        step.crc = _crc(step)
        return step

    def _add(self, op: Mapping[str, int], spike: Spike) -> None:
        p = self.p
        y, j, lane = spike
        ny, row_q, row_u = self.rows[op["row_base"] + y]
        entry = j * p["G"] + lane if p["LANE_TABLE"] else j
        n, nc, column_q, column_u, synops = self.columns[op["column_base"] + entry]
        for r in range(ny if n else 0):
            for chunk in range(nc):
                q = (row_q + r * op["rpw"]) * p["B"] + column_q + chunk * op["cw"]
                u = (row_u + r * op["urw"]) * p["B"] + column_u + chunk * op["cu"]
                u += 0 if p["LANE_TABLE"] else lane * op["s"]
                assert q % p["B"] == u % p["B"], "a run's weights and membranes share their banks"
                self._run(op, q, u, n)
        if op["counted"]:
            self.step_synops[op["layer"]] += ny * synops
            assert self.step_synops[op["layer"]] < 1 << p["SYNW"]

    def _run(self, op: Mapping[str, int], q: int, u: int, n: int) -> None:
        p = self.p
        shift = op["wshift"] if p["WSHW"] else p["WSHIFT"]
        for i in range(n):
            bank, weight_word, membrane_word = (u + i) % p["B"], (u + i) // p["B"], (q + i) // p["B"]
            assert membrane_word < p["MDEPTH"]
            for lane, weight in enumerate(self.weights[bank][weight_word]):
                place = membrane_word * p["P"] + bank * p["G"] + lane
                self.y[place] = self._fits(self.y[place] + (weight << shift))

    def _fits(self, value: int) -> int:
        assert -(1 << self.p["MW"] - 1) <= value < 1 << self.p["MW"] - 1, "a membrane leaves its bits"
        return value

    def _sweep(self, layer: Mapping[str, int], last_step: bool, step: Step) -> None:
        p = self.p
        self.waiting = []
        membranes, spikes = [], []
        for row in range(layer["rows"]):
            for k in range(layer["rpw"]):
                for lane, neuron in enumerate(self.parameters[layer["pb"] + k % layer["pn"]]):
                    if not (neuron["valid"] and self._exists(layer, k, lane)):
                        continue
                    place = self._address(layer, row, k) * p["P"] + lane
                    v, spike = self._fire(layer, neuron, self.y[place])
                    leaked = (
                        v
                        - (v >> layer["k1"] if layer["k1"] else 0)
                        - (v >> layer["k2"] if layer["k2"] else 0)
                    )
                    self.y[place] = self._fits(neuron["start"] if last_step else leaked + neuron["bias"])
                    membranes.append(v)
                    spikes.append(spike)
                    if spike and layer["emits"]:
                        self.waiting.append((row, k * p["B"] + lane // p["G"], lane % p["G"]))
        assert len({(row, j // p["B"]) for row, j, _ in self.waiting}) <= 1 << p["FIFO_AW"]
        if layer["counted"]:
            assert layer["layer"] == len(step.membranes)
            step.membranes.append(membranes)
            step.spikes.append(spikes)
            step.counts.append(sum(spikes))
            assert step.counts[-1] < 1 << p["SPKW"]
            step.synops.append(self.step_synops[layer["layer"]])
            self.step_synops[layer["layer"]] = 0

    def _fire(self, layer: Mapping[str, int], neuron: Mapping[str, int], y: int) -> tuple[int, int]:
        """Membrane after reset, and whether it spiked. smask: the bits that repeat the sign if nothing saturates."""
        p = self.p
        above = (y & ((1 << p["MW"]) - 1)) >> (p["SMIN"] - 1) & layer["smask"]
        if above not in (0, layer["smask"]):
            state = p["SMIN"] - 1 + (layer["smask"] & -layer["smask"]).bit_length()
            y = -(1 << (state - 1)) if y < 0 else (1 << (state - 1)) - 1
        if not layer["lif"] or y < neuron["thr"]:
            return y, 0
        assert p["SUBTRACT"] or not layer["subtract"]
        return (y - neuron["taken"] if layer["subtract"] else 0), 1


def _crc(step: Step) -> int:
    data = b""
    for membranes, spikes, synops, count in zip(
        step.membranes, step.spikes, step.synops, step.counts, strict=True
    ):
        for v, spike in zip(membranes, spikes, strict=True):
            data += v.to_bytes(4, "little", signed=True) + bytes([spike])
        data += synops.to_bytes(4, "little") + count.to_bytes(4, "little")
    return zlib.crc32(data)
