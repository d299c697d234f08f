"""One training of a sweep in a process of its own: `python -m edge_sast.cli.sweep.trial OPTIONS OF edge-sast train`.

Trains, or goes on from the folder's checkpoint, then measures the network on the validation data and writes
`figures.json`. Ends when its standard input does: with the sweep that started it, however that ended.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edge_sast.cli.main import build_parser, exit_code, run_command
from edge_sast.errors import EdgeSastError
from edge_sast.files import is_no_space, locked
from edge_sast.report.tables import write_json
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from trainer.data.recordings import open_data, training_data
from trainer.measure.figures import build_model, measure
from trainer.run import checkpoint, metrics
from trainer.settings.bits import bits_name

FIGURES_NAME = "figures.json"
LOCK_NAME = "trial.lock"
NEEDED = ("accuracy", "synops_per_sample", "flash_bytes", "ram_bytes", "hard_accuracy", "gap", "seconds")
NO_SPACE = 75  # exit code (EX_TEMPFAIL of sysexits.h): the disk is full, and the trial may be run again
POLL_SECONDS = 0.5


def main(argv: Sequence[str]) -> int:
    """Returns the exit code; 0 where `figures.json` stands in the folder."""
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except BaseException as error:
        code = exit_code(error)
        return NO_SPACE if is_no_space(error) else code


def _run(argv: Sequence[str]) -> int:
    args = build_parser().parse_args(["train", *argv])
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        _hold(folder / LOCK_NAME, stack)
        if read_figures(folder) is not None:
            return 0
        begun = (folder / checkpoint.FILE_NAME).exists()
        code = run_command(["train", *argv, *(["--resume"] if begun else [])])
        if code == 0:
            write_json(str(folder / FIGURES_NAME), judge(folder, args))
    return code


def read_figures(folder: Path) -> dict[str, Any] | None:
    """What a finished trial left in its folder; None where there is nothing, or it was cut off or altered."""
    try:
        figures = json.loads((folder / FIGURES_NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    whole = isinstance(figures, dict) and all(_is_number(figures.get(name)) for name in NEEDED)
    return figures if whole else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def judge(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """What the sweep compares, measured on the recordings that training held out or found in `valid`, never on `test`.

    accuracy, synops_per_sample, flash_bytes and ram_bytes are those of the integer model with weights of --bits;
    seconds is the time of the epochs. gap_before_finish is surrogate minus hard accuracy after the last float epoch,
    None where training did not measure it.
    """
    stored = checkpoint.load(folder)
    network, bits = stored.network(), stored.config.widths
    dataset = open_data(stored.config, args.download_dir)
    valid = training_data(dataset, stored.config, args.cache_dir, args.skip_empty).valid
    measured = measure(network, stored, valid, (bits,))
    size = footprint(CPlan(build_model(network, stored, bits)))
    lines = metrics.read(folder)
    gaps = [
        line["valid_surrogate_accuracy"] - line["valid_accuracy"]
        for line in lines
        if {"valid_surrogate_accuracy", "valid_accuracy"} <= line.keys()
    ]
    surrogate, hard, integer = measured["surrogate"], measured["hard"], measured[bits_name(bits)]
    return {
        "accuracy": integer["accuracy"],
        "synops_per_sample": integer["synops_per_sample"],
        "flash_bytes": size.flash_bytes,
        "ram_bytes": size.ram_bytes,
        "bits": list(bits),
        "hard_accuracy": hard["accuracy"],
        "surrogate_accuracy": surrogate["accuracy"],
        "gap": surrogate["accuracy"] - hard["accuracy"],
        "gap_before_finish": gaps[-1] if gaps else None,
        "spikes_per_sample": integer["spikes_per_sample"],
        "samples": len(valid),
        "seconds": round(sum(line.get("seconds", 0.0) for line in lines), 3),
    }


def _hold(lock: Path, stack: ExitStack) -> None:
    """Hold a trial's folder as long as `stack` is open; waits while another worker's process does."""
    lock.touch()
    while True:
        try:
            stack.enter_context(locked(lock))
            return
        except EdgeSastError:
            time.sleep(POLL_SECONDS)


def end_with_parent() -> None:
    """Wait on a pipe that the parent holds, and end when it is gone."""
    while os.read(0, 1):  # not sys.stdin: Python cannot end while a thread waits in it
        pass
    os._exit(130)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
