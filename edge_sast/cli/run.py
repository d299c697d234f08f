"""`edge-sast run`: the integer runtime on recordings."""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING, Any

from edge_sast.cli.arguments import set_threads
from edge_sast.cli.recordings import (
    Recordings,
    add_data_arguments,
    check_data_options,
    load_files,
    load_split,
)
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.runtime import RunResult, Simulator

NAME = "run"
HELP = "Run an integer model on recordings, exactly as the device does: predictions, SynOps, spikes, speed."

BLOCK = 512  # recordings between two chances to show progress and to be interrupted
TRACE_LIMIT = 1 << 31  # bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="model file made by 'edge-sast export'")
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help="recording files; or give --data")
    add_data_arguments(parser)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; 0 is all")
    parser.add_argument("--predictions", metavar="FILE", help="write each recording's prediction (JSON)")
    parser.add_argument(
        "--trace", metavar="LAYER", type=int, help="layer to trace, numbered as 'inspect' does"
    )
    parser.add_argument("--trace-out", metavar="FILE", help="write its membranes and spikes (safetensors)")
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    from edge_sast import modelfile
    from edge_sast.cli.output import write_json
    from edge_sast.runtime import Simulator

    if bool(args.sources) == bool(args.data):
        raise EdgeSastError("give recording files or --data SPEC, one of the two")
    if (args.trace is None) != (args.trace_out is None):
        raise EdgeSastError("--trace LAYER and --trace-out FILE go together; give both or neither")
    check_data_options(args, without=("--sensor",))
    model = modelfile.load(args.model)
    simulator = Simulator(model)
    _check_traced(simulator, args.trace)
    parallel = set_threads(args.threads)
    recordings = (
        load_split(model.binning, model.classes, args) if args.data else load_files(model, args.sources, args)
    )
    if args.trace is not None:
        _check_trace_size(simulator, recordings, args.trace)
    result, seconds = measure(simulator, recordings, parallel)
    figures = _figures(result, seconds, recordings.labelled)
    if args.data:
        _print_summary(model.classes, figures, recordings)
    else:
        _print_recordings(model.classes, result, recordings)
    if args.predictions:
        write_json(args.predictions, _predictions(model.classes, result, recordings))
    if args.trace is not None:
        _write_trace(simulator, recordings, args.trace, args.trace_out)
    write_json(args.json, figures)
    return 0


def _check_traced(simulator: Simulator, layer: int | None) -> None:
    found = [traced.index for traced in simulator.layers]
    if layer is not None and layer not in found:
        weighted = ", ".join(map(str, found))
        raise EdgeSastError(f"--trace is {layer}; the layers with membranes are {weighted}")


def _check_trace_size(simulator: Simulator, recordings: Recordings, layer: int) -> None:
    """Before the work: membranes of 4 bytes, spikes of 1."""
    size = 5 * math.prod(_traced_shape(simulator, recordings, layer))
    if size > TRACE_LIMIT:
        fewer = "lower --limit" if recordings.labelled else "give fewer files"
        raise EdgeSastError(f"--trace {layer}: takes {size} bytes, more than {TRACE_LIMIT}; {fewer}")


def _traced_shape(simulator: Simulator, recordings: Recordings, layer: int) -> tuple[int, ...]:
    """[N, T, H, W, C] of what --trace writes."""
    model = simulator.model
    out = model.shapes()[layer + 1]
    return len(recordings.binned), model.binning.steps, out.height, out.width, out.channels


def measure(simulator: Simulator, recordings: Recordings, parallel: bool) -> tuple[RunResult, float]:
    """All recordings, and the seconds that the simulation alone took, after compilation."""
    import numpy as np
    from tqdm import tqdm

    from edge_sast.runtime import RunResult

    binned = recordings.binned
    simulator.run(binned.select([0]), parallel=parallel)  # compiles, or loads what was compiled before
    seconds = 0.0
    parts = []
    with tqdm(total=len(binned), desc="running", unit=" recordings", disable=None) as bar:
        for start in range(0, len(binned), BLOCK):
            block = binned.select(np.arange(start, min(start + BLOCK, len(binned))))
            began = time.perf_counter()
            parts.append(simulator.run(block, parallel=parallel))
            seconds += time.perf_counter() - began
            bar.update(len(block))
    return RunResult.concatenate(parts), seconds


def _figures(result: RunResult, seconds: float, labelled: bool) -> dict[str, Any]:
    samples, synops = len(result.predictions), int(result.synops.sum())
    return {
        "samples": samples,
        "accuracy": result.accuracy if labelled else None,
        "synops_per_sample": synops / samples,
        "seconds": seconds,
        "samples_per_second": samples / seconds,
        "synops_per_second": synops / seconds,
    }


def _print_summary(classes: tuple[str, ...], figures: dict[str, Any], recordings: Recordings) -> None:
    from edge_sast.cli.output import print_table

    echo(f"{recordings.name}: {figures['samples']} recordings, {len(classes)} classes")
    row = (
        f"{100 * figures['accuracy']:.2f}",
        f"{figures['synops_per_sample']:.0f}",
        f"{figures['seconds']:.3f}",
        f"{figures['samples_per_second']:.0f}",
        f"{figures['synops_per_second'] / 1e6:.1f}",
    )
    print_table([row], ["accuracy %", "SynOps/sample", "seconds", "samples/s", "MSynOps/s"])


def _print_recordings(classes: tuple[str, ...], result: RunResult, recordings: Recordings) -> None:
    from edge_sast.cli.output import print_table

    rows = [
        (
            source,
            classes[result.predictions[i]],
            " ".join(str(output) for output in result.outputs[i]),
            str(result.synops[i].sum()),
            str(result.spikes[i].sum()),
            str(recordings.binned.dropped[i]),
        )
        for i, source in enumerate(recordings.binned.sources)
    ]
    print_table(rows, ["recording", "prediction", "outputs", "SynOps", "spikes", "late events"])


def _predictions(classes: tuple[str, ...], result: RunResult, recordings: Recordings) -> list[dict[str, Any]]:
    binned = recordings.binned
    return [
        {
            "source": source,
            "label": binned.classes[binned.labels[i]] if recordings.labelled else None,
            "prediction": classes[result.predictions[i]],
        }
        for i, source in enumerate(binned.sources)
    ]


def _write_trace(simulator: Simulator, recordings: Recordings, layer: int, path: str) -> None:
    """membranes int32 and spikes uint8 [N, T, H, W, C] of one layer, as safetensors."""
    import numpy as np
    from safetensors.numpy import save

    from edge_sast.files import write_atomic

    spans = {traced.index: slice(traced.start, traced.stop) for traced in simulator.layers}
    binned, shape = recordings.binned, _traced_shape(simulator, recordings, layer)
    membranes, spikes = np.empty(shape, np.int32), np.empty(shape, np.uint8)
    for i in range(len(binned)):
        trace = simulator.trace(binned, i)
        membranes[i] = trace.membranes[:, spans[layer]].reshape(shape[1:])
        spikes[i] = trace.spikes[:, spans[layer]].reshape(shape[1:])
    write_atomic(path, save({"membranes": membranes, "spikes": spikes}))
    echo(f"wrote {path}: membranes and spikes of layer {layer}, {list(shape)}")
