"""What `edge-sast calibrate` does: a run's network with balanced thresholds, as a run folder of its own.

The new folder holds the checkpoint with the new thresholds, the run's settings and metrics as they were, and
`calibration.json`. What training carries along (moments, multipliers) comes with it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from edge_sast.cli.options.figures import write_figures
from edge_sast.datasets.load import spread
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable, locked, read_bytes, write_atomic
from edge_sast.model.modelfile import is_model_file
from edge_sast.report.tables import print_table
from edge_sast.terminal import echo
from trainer.data.recordings import open_data, training_data
from trainer.measure import balance as balancing
from trainer.measure.balance import Balance
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.kept import Kept
from trainer.run.loop import CONFIG_NAME
from trainer.run.machine import set_threads
from trainer.run.metrics import METRICS_NAME

RECORDINGS = 500
CALIBRATION_NAME = "calibration.json"


def calibrate(args: argparse.Namespace) -> int:
    """`edge-sast calibrate`."""
    set_threads(args.threads)
    wanted = RECORDINGS if args.recordings is None else args.recordings
    if wanted < 1:
        raise EdgeSastError(f"--recordings is {wanted}; it must be 1 or more")
    if is_model_file(args.run_dir):
        raise EdgeSastError(
            f"{args.run_dir}: is a model file, which has no smooth network; name a run, or add --early"
        )
    out = Path(args.out)
    check_writable("--out", out, folder=True)
    stored = checkpoint.load(Path(args.run_dir))
    _check(args.run_dir, stored, out)
    network, config = stored.network(), stored.config
    if stored.epoch > config.epochs:
        echo(
            f"warning: {args.run_dir} has had {stored.epoch - config.epochs} integer epochs, which train hard spikes",
            error=True,
        )
    dataset = open_data(config, args.download_dir)
    train = training_data(dataset, config, args.cache_dir, args.skip_empty).train
    chosen = train.select(spread(train.labels, wanted))
    report = balancing.calibrate(network, chosen, config.spike(hard=False), config.spike(hard=True))
    figures = {"run": args.run_dir, "recordings": len(chosen), "layers": [asdict(each) for each in report]}
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        _check(args.run_dir, stored, out)  # again: a training may have come first while the data was read
        _write(out, stored, network, figures)
    _print(report, len(chosen))
    echo(f"wrote {out}")
    write_figures(args, figures)
    return 0


def _check(run: str, stored: checkpoint.Checkpoint, out: Path) -> None:
    config = stored.config
    if not config.smooth_trained:
        how = (
            "was imported" if config.imported else f"was trained with hard spikes (--method {config.method})"
        )
        raise EdgeSastError(
            f"{run}: {how}: there is no smooth network to balance to; leave this step out, it is exported as it is"
        )
    if config.threshold == "adaptive-step":
        raise EdgeSastError(
            f"{run}: --threshold is 'adaptive-step', which sets thresholds anew at each step; nothing can be balanced"
        )
    if (out / checkpoint.FILE_NAME).exists():
        raise EdgeSastError(f"--out {out} already holds a run; choose another folder")


def _write(out: Path, stored: checkpoint.Checkpoint, network: Network, figures: dict[str, Any]) -> None:
    """The new folder, its checkpoint last: a folder that was begun holds no run."""
    source = Path(stored.source).parent
    if (source / METRICS_NAME).exists():
        write_atomic(out / METRICS_NAME, read_bytes(source / METRICS_NAME))
    write_atomic(out / CONFIG_NAME, stored.config.to_json().encode())
    write_atomic(out / CALIBRATION_NAME, f"{json.dumps(figures, indent=2)}\n".encode())
    optimiser = torch.optim.Adam(network.parameters(), lr=stored.config.lr)
    stored.restore_optimiser(optimiser, network)
    standing = checkpoint.Standing(**{f.name: getattr(stored, f.name) for f in fields(checkpoint.Standing)})
    extra = stored.extra()
    Kept.restored(extra, {})  # the one kept is the network now
    checkpoint.save(out, standing, network, optimiser, extra)


def _print(report: list[Balance], recordings: int) -> None:
    rows = []
    for each in report:
        rates = (f"{100 * rate:.3f}" for rate in (each.aim, each.before, each.after))
        rows.append([each.layer, *rates, f"{each.least:.3f}", f"{each.most:.3f}"])
    print_table(
        rows,
        ["firing rate, %", "smooth (aim)", "hard before", "hard after", "least factor", "largest factor"],
    )
    echo(f"thresholds from {recordings} training recordings")
