"""Networks by NIR in other tools: output spikes that differ, tool by tool.

    python benchmarks/nir_tools.py --peers PYTHON [--references DIR] [--json figures.json]

PYTHON: one that has snntorch, sinabs, norse and spikingjelly, or some of them (pip install snntorch sinabs norse
spikingjelly); those that it has not are skipped by name. Models of our own with 10 outputs are exported for each tool,
read by that tool's own importer and run on the same random input of 20 steps; each file must also come back by our
import as the model that it was, to the bit. With --references, files that the tools wrote (NAME.nir beside NAME.npz
with their `input` and `spikes_2`) run in each tool too, and in edge-sast.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_own import read_own
from edge_sast.exchange.nir_read import Reading, read_model
from edge_sast.exchange.nir_write import write_model
from edge_sast.exchange.readers import READERS, reader
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
)
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator

STEPS, SIDE, CLASSES = 20, 8, 10
GRID, NAMES = Binning(SIDE, SIDE, 0, 1000, STEPS, 1), tuple(str(c) for c in range(CLASSES))
PEER = Path(__file__).with_name("nir_peer.py")
OURS = "edge-sast"
MINUTES = 10  # for all files in one tool
# What the maker of a reference knows of it, by its name.
GIVEN = {"snntorch_conv": {"reset": "zero"}, "sinabs": {"spikes": "one"}}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", required=True, metavar="PYTHON", help="a Python with the tools")
    parser.add_argument("--references", metavar="DIR", help="files that the tools wrote, with their spikes")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except EdgeSastError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    write_json(args.json, figures)
    return 0


@dataclass(frozen=True, eq=False)
class Case:
    """A network: its file for each tool, input [T, ...] as in the file, the right spikes; of ours how many differ."""

    name: str
    files: dict[str, bytes]
    inputs: np.ndarray
    spikes: np.ndarray
    ours: int | str


def benchmark(args: argparse.Namespace) -> dict[str, Any]:
    cases = [own_case(name, make()) for name, make in MODELS.items()]
    if args.references:
        cases += [reference_case(path) for path in sorted(Path(args.references).glob("*.nir"))]
    found = {OURS: {case.name: case.ours for case in cases}}
    versions = []
    for tool in READERS:
        if not _has(args.peers, tool):
            print(f"{tool}: not installed in {args.peers}, skipped")
            continue
        found[tool], version = in_tool(tool, cases, args.peers)
        versions.append(version)
    rows = [(c.name, str(int(c.spikes.sum())), *(str(found[tool][c.name]) for tool in found)) for c in cases]
    print_table(rows, ("network", "spikes", *found))
    print("\n".join(versions))
    return {"steps": STEPS, "versions": versions, "different": found}


def own_case(name: str, model: Model) -> Case:
    counts = np.random.default_rng(5).integers(0, 2, (STEPS, SIDE, SIDE, 2)).astype(np.uint8)
    files = {tool: nir_file.dumps(write_model(model, reader(tool))) for tool in READERS}
    spikes = last_spikes(model, counts)
    ours: int | str = 0
    for tool in READERS:
        if dumps(read_own(write_model(model, reader(tool)))) != dumps(model):
            ours = f"another model came back from {tool}'s"
    return Case(name, files, counts.transpose(0, 3, 1, 2), spikes, ours)


def reference_case(path: Path) -> Case:
    with np.load(path.with_suffix(".npz")) as file:
        inputs, spikes = file["input"], file["spikes_2"].reshape(STEPS, -1)
    rows, columns = inputs.shape[2:] if inputs.ndim == 4 else (4, inputs.shape[1] // 8)
    author = path.stem.split("_")[0]
    rules, _ = choose(author, GIVEN.get(path.stem, GIVEN.get(author, {})))
    ours: int | str
    try:
        grid = Binning(columns, rows, 0, 1000, STEPS, 1)
        model = read_model(nir_file.read(path), Reading(rules), grid, None).model
        counts = inputs.reshape(STEPS, 2, rows, columns).transpose(0, 2, 3, 1)
        ours = int((last_spikes(model, counts) != spikes).sum())
    except EdgeSastError as error:
        ours = f"refused: {error}"
    return Case(path.stem, dict.fromkeys(READERS, path.read_bytes()), inputs, spikes, ours)


def in_tool(tool: str, cases: list[Case], python: str) -> tuple[dict[str, int | str], str]:
    """Of each case the spikes that differ, or the exception; and the versions."""
    found: dict[str, int | str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for i, case in enumerate(cases):
            (Path(folder) / f"{i}.nir").write_bytes(case.files[tool])
            np.save(Path(folder) / f"{i}.npy", case.inputs)
        words = [python, str(PEER), tool, folder]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=60 * MINUTES, check=True)
        for i, case in enumerate(cases):
            told, out = Path(folder) / f"{i}.txt", Path(folder) / f"{i}.out.npy"
            if told.exists():
                found[case.name] = f"E: {told.read_text()[:60]}"
                continue
            spikes = np.load(out)
            same = spikes.shape == case.spikes.shape
            found[case.name] = int((spikes != case.spikes).sum()) if same else f"E: spikes {spikes.shape}"
    return found, ran.stdout.splitlines()[-1]


def last_spikes(model: Model, counts: np.ndarray) -> np.ndarray:
    """uint8 [T, classes] of counts [T, H, W, 2]."""
    frames = counts.reshape(STEPS, -1)
    active = [np.flatnonzero(frame) for frame in frames]
    binned = BinnedEvents(
        model.binning,
        np.concatenate(active).astype(np.int32),
        np.concatenate([frame[places] for frame, places in zip(frames, active, strict=True)]).astype(
            np.uint8
        ),
        np.cumsum([0, *map(len, active)]).astype(np.int64),
        np.zeros(1, np.int64),
        model.classes,
        ("random",),
        np.zeros(1, np.int64),
    )
    trace = Simulator(model).trace(binned, 0)
    return trace.spikes[:, trace.layers[-1].start : trace.layers[-1].stop]


def _has(python: str, tool: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({tool!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def cell(
    channels: int, threshold: int, reset: str, shifts: tuple[int, ...] = (), differ: bool = False
) -> Lif:
    """threshold: of all channels, or where they differ of the first."""
    thresholds = threshold + (np.arange(channels) * 3 if differ else np.zeros(channels, int))
    zero = np.zeros(channels, np.int32)
    return Lif(thresholds.astype(np.int32), zero, zero, shifts, reset, 20)  # type: ignore[arg-type]


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-7, 10, shape).astype(np.int8)


def network(*layers: Layer, neuron: Lif, shift: int = 0) -> Model:
    """The layers, and a linear one with the neuron."""
    shape = Shape(SIDE, SIDE, 2)
    for layer in layers:
        shape = layer.output(shape)
    last = Linear(weights(0, shape.neurons, CLASSES), 8, neuron, shift)
    return Model(GRID, (*layers, Flatten(), last), NAMES)


def conv(reset: str, shifts: tuple[int, ...] = (), groups: int = 1, shift: int = 0) -> Conv2d:
    weight = weights(1, 3, 3, 2, 4 // groups)
    return Conv2d(weight, 8, cell(4, 24 << shift, reset, shifts), shift, (1, 1), (1, 1), groups)


def recurrent() -> Model:
    size = 2 * SIDE * SIDE
    hidden = RecurrentLinear(weights(2, size, 12), weights(3, 12, 12), 8, cell(12, 64, "zero"))
    last = Linear(weights(4, 12, CLASSES), 8, cell(CLASSES, 16, "zero"))
    return Model(GRID, (Flatten(), hidden, last), NAMES)


MODELS: dict[str, Callable[[], Model]] = {
    "linear, zero": lambda: network(neuron=cell(CLASSES, 512, "zero")),
    "linear, zero, leak 7/8": lambda: network(neuron=cell(CLASSES, 512, "zero", (3,))),
    "linear, subtract": lambda: network(neuron=cell(CLASSES, 512, "subtract")),
    "linear, subtract, leak 7/8": lambda: network(neuron=cell(CLASSES, 512, "subtract", (3,))),
    "linear, zero, thresholds differ": lambda: network(neuron=cell(CLASSES, 505, "zero", differ=True)),
    "conv, sum pool, zero": lambda: network(conv("zero"), SumPool(2), neuron=cell(CLASSES, 128, "zero")),
    "conv, sum pool, subtract": lambda: network(
        conv("subtract"), SumPool(2), neuron=cell(CLASSES, 128, "subtract")
    ),
    "conv, zero, leak 7/8": lambda: network(conv("zero", (3,)), neuron=cell(CLASSES, 128, "zero", (3,))),
    "conv, zero, leak 7/8, 8 bits more": lambda: network(
        conv("zero", (3,), shift=8), neuron=cell(CLASSES, 128 << 8, "zero", (3,)), shift=8
    ),
    "conv of 2 groups, zero": lambda: network(conv("zero", groups=2), neuron=cell(CLASSES, 128, "zero")),
    "conv, or pool, zero": lambda: network(conv("zero"), OrPool(2), neuron=cell(CLASSES, 64, "zero")),
    "recurrent, zero": recurrent,
}


if __name__ == "__main__":
    sys.exit(main())
