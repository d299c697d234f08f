"""`edge-sast run`: the integer runtime on recordings."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from edge_sast.cli.model.run_steps import WantedSteps, add_step_arguments
from edge_sast.cli.options.checks import set_threads
from edge_sast.cli.options.engine import LeftOut, add_engine_arguments, add_keep_going, engine_choice, workers
from edge_sast.cli.options.newest import model_in, newest_model
from edge_sast.cli.options.recordings import add_data_arguments, check_data_options, data_options, load_files
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edge_sast.bulk.engine import Engine
    from edge_sast.datasets.selection import Recordings
    from edge_sast.model.model import Model
    from edge_sast.runtime import RunResult, Simulator

NAME = "run"
HELP = (
    "Run an integer model on recordings, exactly as the device does. Reports predictions, SynOps (the weight additions "
    "that a device executes), spikes and speed."
)
EXAMPLES = (
    ("edge-sast run build/a/model.safetensors recording.bin", "one recording"),
    (
        "edge-sast run build/a/model.safetensors --data DIR --split test --json run.json",
        "accuracy on a split",
    ),
    (
        "edge-sast run build/a/model.safetensors recording.bin --record 0 --record-out layer.safetensors",
        "every membrane and spike of layer 0",
    ),
)

BLOCK = 512  # recordings between two chances to show progress and to be interrupted, about
WARM_UP = 32  # recordings that are run before the time is taken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="model file made by 'edge-sast export', or its folder (default: the newest build in build)",
    )
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="*", help="recording files; leave them out with --data"
    )
    add_data_arguments(parser.add_argument_group("data set"))
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="number of CPU threads, of each worker, where 0 is all",
    )
    add_engine_arguments(parser)
    add_keep_going(parser)
    parser.add_argument("--predictions", metavar="FILE", help="write each recording's prediction (JSON)")
    add_step_arguments(parser.add_argument_group("every step"))
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def fill(args: argparse.Namespace) -> None:
    """The newest model where none is named: where the first word is a recording, or there is no word at all."""
    if args.model and _is_recording(args.model):
        args.sources.insert(0, args.model)
        args.model = None
    if args.model is not None:
        args.model = model_in(args.model)
    elif args.sources or args.data:
        args.model = newest_model()


def _is_recording(word: str) -> bool:
    """Whether a file's name is a recording's, and it is no model file of that name."""
    from edge_sast.formats.registry import known_suffixes
    from edge_sast.model.modelfile import is_model_file

    return word.lower().endswith(known_suffixes()) and not is_model_file(word)


def run(args: argparse.Namespace) -> int:
    import numba

    from edge_sast.cli.options.figures import write_figures
    from edge_sast.model import modelfile
    from edge_sast.report.steps import steps_line
    from edge_sast.report.tables import write_json
    from edge_sast.runtime import Simulator

    if bool(args.sources) == bool(args.data):
        raise EdgeSastError("give recording files or --data DATA (such as digits), one of the two")
    steps = WantedSteps.of(args)
    check_data_options(args, without=("--sensor",))
    choice, left_out = engine_choice(args), LeftOut(args.keep_going)
    model = modelfile.load(args.model)
    simulator = Simulator(model)
    steps.check_layers(simulator)
    several = set_threads(args.threads)
    threads = numba.get_num_threads()
    began = time.perf_counter()
    with workers(choice, threads) as engine:
        start = time.perf_counter() - began
        recordings = _read(model, args, engine, left_out)
        steps.check_sizes(simulator, recordings)
        result, seconds = (
            measure(simulator, recordings, several)
            if engine is None
            else measure_on(engine, simulator, recordings, threads)
        )
        jobs = engine.count if engine else 1
    figures = _figures(result, seconds, recordings.labelled) | early_figures(model, result)
    if not choice.serial:
        figures |= {"engine": choice.engine, "jobs": jobs, "start_seconds": start}
    if args.keep_going:
        figures["left_out"] = left_out.texts()
    if args.data:
        _print_summary(model.classes, figures, recordings)
    else:
        _print_recordings(model, result, recordings)
    if model.early_margin is not None:
        echo(steps_line(figures["steps"], model.binning.steps))
    if not choice.serial:
        echo(
            f"{choice.engine}: {jobs} worker{'s' * (jobs > 1)}; the {start:.1f} s of their start are not counted"
        )
    if args.predictions:
        write_json(args.predictions, _predictions(model.classes, result, recordings))
    told = steps.write(simulator, recordings)
    if recordings.labelled:
        figures |= _confusion(model.classes, result)
    write_figures(args, figures | ({"recordings": told} if steps.in_json else {}))
    left_out.check()
    return 0


def _read(model: Model, args: argparse.Namespace, engine: Engine | None, left_out: LeftOut) -> Recordings:
    if not args.data and engine is None and not args.keep_going:
        return load_files(model, args.sources, args)  # mostly a few, which no thread is worth
    from edge_sast.datasets.reading import Reading
    from edge_sast.datasets.selection import load_split

    reading = Reading(engine, left_out.tell)
    if args.data:
        return load_split(model.binning, model.classes, data_options(args), reading)
    return load_files(model, args.sources, args, reading)


def measure(simulator: Simulator, recordings: Recordings, parallel: bool) -> tuple[RunResult, float]:
    """All recordings, and the seconds that the simulation itself took, after compilation."""
    import numpy as np

    from edge_sast.runtime import RunResult

    binned = recordings.binned
    _warm_up(simulator, recordings, parallel)
    seconds = 0.0
    parts = []
    for rows in _shown(np.array_split(np.arange(len(binned)), -(-len(binned) // BLOCK)), len(binned)):
        block = binned.select(rows)
        began = time.perf_counter()
        parts.append(simulator.run(block, parallel=parallel))
        seconds += time.perf_counter() - began
    return RunResult.concatenate(parts), seconds


def measure_on(
    engine: Engine, simulator: Simulator, recordings: Recordings, threads: int
) -> tuple[RunResult, float]:
    """The same on workers of so many threads each; the seconds hold all but their start and compilation."""
    from tqdm import tqdm

    from edge_sast.evaluation.shards import run_on

    binned = recordings.binned
    _warm_up(simulator, recordings, threads > 1)  # workers then find what it compiled
    began = time.perf_counter()
    with tqdm(total=len(binned), desc="running", unit=" recordings", disable=None) as bar:
        result = run_on(engine, simulator.model, binned, threads, bar.update)
    return result, time.perf_counter() - began


def _warm_up(simulator: Simulator, recordings: Recordings, parallel: bool) -> None:
    """Compiles, or loads what was compiled before; what a few recordings run through is not all that many do."""
    few = range(min(len(recordings.binned), WARM_UP))
    simulator.run(recordings.binned.select(few), parallel=parallel)


def _shown(blocks: list[NDArray[np.int64]], recordings: int) -> Iterator[NDArray[np.int64]]:
    """The blocks, with a bar on a terminal where there are several: one alone has nothing to show on the way."""
    if len(blocks) == 1:
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(total=recordings, desc="running", unit=" recordings", disable=None) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


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


def _confusion(classes: tuple[str, ...], result: RunResult) -> dict[str, Any]:
    from edge_sast.report.confusion import KEY, confusion

    return {"classes": list(classes), KEY: confusion(result.labels, result.predictions, len(classes))}


def early_figures(model: Model, result: RunResult) -> dict[str, Any]:
    """Of a model that answers early its margin, and how many steps recordings took; of others nothing."""
    from edge_sast.report.steps import steps_figures

    if model.early_margin is None:
        return {}
    return {"early_margin": model.early_margin, "steps": steps_figures(result.steps, model.binning.steps)}


def _print_summary(classes: tuple[str, ...], figures: dict[str, Any], recordings: Recordings) -> None:
    from edge_sast.report.tables import print_table

    echo(f"{recordings.name}: {figures['samples']} recordings, {len(classes)} classes")
    row = (
        f"{100 * figures['accuracy']:.2f}",
        f"{figures['synops_per_sample']:.0f}",
        f"{figures['seconds']:.3f}",
        f"{figures['samples_per_second']:.0f}",
        f"{figures['synops_per_second'] / 1e6:.1f}",
    )
    print_table([row], ["accuracy %", "SynOps/sample", "seconds", "samples/s", "MSynOps/s"])


def _print_recordings(model: Model, result: RunResult, recordings: Recordings) -> None:
    from edge_sast.report.tables import print_table

    classes, early = model.classes, model.early_margin is not None
    rows = [
        (
            source,
            classes[result.predictions[i]],
            " ".join(str(output) for output in result.outputs[i]),
            str(result.synops[i].sum()),
            str(result.spikes[i].sum()),
            str(recordings.binned.dropped[i]),
            *([str(result.steps[i])] if early else []),
        )
        for i, source in enumerate(recordings.binned.sources)
    ]
    headers = ["recording", "prediction", "outputs", "SynOps", "spikes", "late events"]
    print_table(rows, [*headers, *(["steps"] if early else [])])


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
