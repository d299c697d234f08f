"""What `edge-sast run` writes of every step: membranes and spikes (--record), CRCs and counters (--crc, --json-steps).

docs/arithmetic.md, section 7, describes the files.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.parser import add_renamed
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    import numpy as np

    from edge_sast.datasets.selection import Recordings
    from edge_sast.runtime import Simulator
    from edge_sast.runtime.simulator import Trace

FORMAT = "edge-sast-steps"
FORMAT_VERSION = 1
TRACE_LIMIT = 1 << 31  # bytes of membranes and spikes
STEPS_LIMIT = 1 << 30  # bytes of text, about
_CRC_BYTES, _COUNTER_BYTES = 24, 16  # of text, at most: --json gives each a line of its own


def add_step_arguments(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--record",
        metavar="LAYER[,LAYER...]",
        type=_layer_list,
        action="extend",
        help="record every membrane and spike of these layers, numbered as 'edge-sast inspect' does",
    )
    parser.add_argument(
        "--record-out", metavar="FILE", help="write the membranes and spikes of --record (safetensors)"
    )
    add_renamed(parser, "--trace", "--record")
    add_renamed(parser, "--trace-out", "--record-out")
    parser.add_argument(
        "--crc",
        metavar="FILE",
        help="write each step's CRC, SynOps and spikes, one line of JSON per recording",
    )
    parser.add_argument(
        "--json-steps",
        action="store_true",
        help="put each step's CRC, SynOps and spikes into --json too, as 'recordings'",
    )


def _layer_list(text: str) -> list[int]:
    numbers = text.split(",")
    if not all(number.isascii() and number.isdigit() and len(number) < 9 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is no layer; give one or several, such as 0 or 0,3")
    return [int(number) for number in numbers]


@dataclass(frozen=True)
class WantedSteps:
    """What is asked for. layers: indices of Model.layers in the order given, each once."""

    layers: tuple[int, ...]
    record_out: str | None
    crc: str | None
    in_json: bool

    @staticmethod
    def of(args: argparse.Namespace) -> WantedSteps:
        """Raises EdgeSastError for options that need another one."""
        if (args.record is None) != (args.record_out is None):
            raise EdgeSastError("--record LAYER and --record-out FILE go together; give both or neither")
        if args.json_steps and args.json is None:
            raise EdgeSastError("--json-steps goes into --json FILE; add that one, or leave it out")
        return WantedSteps(
            tuple(dict.fromkeys(args.record or ())), args.record_out, args.crc, args.json_steps
        )

    def check_layers(self, simulator: Simulator) -> None:
        """Raises EdgeSastError for a layer that the model does not have, or that has no membranes."""
        found = [traced.index for traced in simulator.layers]
        for layer in self.layers:
            if layer not in found:
                raise EdgeSastError(
                    f"--record is {layer}; the layers with membranes are {', '.join(map(str, found))}"
                )

    def check_sizes(self, simulator: Simulator, recordings: Recordings) -> None:
        """Before the work. Raises EdgeSastError for more than is written at once."""
        fewer = "lower --limit" if recordings.labelled else "give fewer files"
        # Membranes take 4 bytes, spikes 1.
        traced = 5 * sum(math.prod(_traced_shape(simulator, recordings, layer)) for layer in self.layers)
        if traced > TRACE_LIMIT:
            name = ",".join(map(str, self.layers))
            raise EdgeSastError(f"--record {name}: takes {traced} bytes, more than {TRACE_LIMIT}; {fewer}")
        if self.crc is None and not self.in_json:
            return
        step = _CRC_BYTES + 2 * _COUNTER_BYTES * len(simulator.layers)
        told = len(recordings.binned) * simulator.model.binning.steps * step
        if told > STEPS_LIMIT:
            option = "--crc" if self.crc is not None else "--json-steps"
            raise EdgeSastError(f"{option}: takes about {told} bytes, more than {STEPS_LIMIT}; {fewer}")

    def write(self, simulator: Simulator, recordings: Recordings) -> list[dict[str, Any]]:
        """Runs the recordings once more and writes --record-out and --crc; returns the entries for --json."""
        from tqdm import tqdm

        if not (self.layers or self.crc or self.in_json):
            return []
        tensors = self._tensors(simulator, recordings)
        spans = {traced.index: slice(traced.start, traced.stop) for traced in simulator.layers}
        told: list[dict[str, Any]] = []
        rows = range(len(recordings.binned))
        for i in tqdm(rows, desc="recording", unit=" recordings", disable=None):
            trace = simulator.trace(recordings.binned, i)
            for layer in self.layers:
                for name, values in (("membranes", trace.membranes), ("spikes", trace.spikes)):
                    tensor = tensors[f"layers.{layer}.{name}"]
                    tensor[i, : len(values)] = values[:, spans[layer]].reshape(-1, *tensor.shape[2:])
            if self.crc or self.in_json:
                told.append(_entry(simulator, recordings, i, trace))
        self._write_files(simulator, told, tensors)
        return told if self.in_json else []

    def _tensors(self, simulator: Simulator, recordings: Recordings) -> dict[str, np.ndarray]:
        import numpy as np

        # Zeros: a recording that ends early leaves its last steps as they are.
        shapes = {layer: _traced_shape(simulator, recordings, layer) for layer in self.layers}
        membranes = {f"layers.{layer}.membranes": np.zeros(shapes[layer], np.int32) for layer in self.layers}
        return membranes | {
            f"layers.{layer}.spikes": np.zeros(shapes[layer], np.uint8) for layer in self.layers
        }

    def _write_files(
        self, simulator: Simulator, told: list[dict[str, Any]], tensors: dict[str, np.ndarray]
    ) -> None:
        from safetensors.numpy import save

        from edge_sast.files import write_atomic

        if self.record_out is not None:
            write_atomic(self.record_out, save(tensors))
            shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in tensors.items())
            echo(f"wrote {self.record_out}: {shapes}")
        if self.crc is not None:
            lines = [json.dumps(document) for document in (_head(simulator, len(told)), *told)]
            write_atomic(self.crc, "".join(f"{line}\n" for line in lines).encode())
            most = "up to " * (simulator.model.early_margin is not None)
            echo(f"wrote {self.crc}: {len(told)} recordings of {most}{simulator.model.binning.steps} steps")


def _traced_shape(simulator: Simulator, recordings: Recordings, layer: int) -> tuple[int, ...]:
    """[N, T, H, W, C] of what --record-out gets."""
    model = simulator.model
    out = model.shapes()[layer + 1]
    return len(recordings.binned), model.binning.steps, out.height, out.width, out.channels


def _head(simulator: Simulator, recordings: int) -> dict[str, Any]:
    from edge_sast.model.modelfile import model_hash

    model = simulator.model
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "model_hash": model_hash(model),
        "layers": [layer.index for layer in simulator.layers],
        "classes": list(model.classes),
        "steps": model.binning.steps,
        "recordings": recordings,
    }


def _entry(simulator: Simulator, recordings: Recordings, i: int, trace: Trace) -> dict[str, Any]:
    return {
        "source": recordings.binned.sources[i],
        "crcs": [f"{crc:08x}" for crc in trace.crcs.tolist()],
        "synops": trace.synops.tolist(),
        "spikes": trace.spike_counts.tolist(),
        "outputs": trace.outputs.tolist(),
        "prediction": simulator.model.classes[trace.prediction],
    }
