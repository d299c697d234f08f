"""What `edge-sast train` and `export` do, once the arguments are read, and the figures of every forward pass."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from edge_sast.cli.learn.train_defaults import Chosen, completed
from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.flash_target import choose_bits
from edge_sast.cli.options.prune_channels import prune_channels
from edge_sast.cli.options.settings import training_config
from edge_sast.datasets.dataset import Dataset
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable, locked
from edge_sast.terminal import echo
from trainer.data.recordings import open_data, training_data
from trainer.run import checkpoint
from trainer.run.loop import Pricing, Trainer
from trainer.run.machine import choose_device, set_threads
from trainer.run.metrics import read as read_metrics
from trainer.run.with_data import check_with_data
from trainer.settings.config import TrainConfig
from trainer.workers import processes
from trainer.workers.workers import Workers


def train(args: argparse.Namespace) -> int:
    """`edge-sast train`."""
    processes.check_count(args.workers)
    with completed(args, alone=not processes.started()) as chosen:
        if chosen.told:
            training_config(args)  # a mistake is told alone
            _check_start(Path(args.out), args)
            echo(chosen.told)
        if args.flash_target is not None and not processes.started():
            _choose_bits(args, chosen)
        if args.prune_channels is not None:
            _check_start(Path(args.out), args)
            set_threads(args.threads)
            echo(*prune_channels(args, chosen.dataset))
        if args.workers > 1 and not processes.started():
            return _launch(args, chosen)
        with processes.session() as workers:
            return _train(args, workers, chosen.dataset)


def _choose_bits(args: argparse.Namespace, chosen: Chosen) -> None:
    """What --flash-target asks for, told, and kept for the workers."""
    _check_start(Path(args.out), args)
    set_threads(args.threads)
    echo(choose_bits(args, chosen.dataset))
    chosen.argv.append(f"--bits={args.bits}")


def _launch(args: argparse.Namespace, chosen: Chosen) -> int:
    """Workers on this machine, which are told what was chosen."""
    config = training_config(args)  # a mistake is told once
    _check_start(Path(args.out), args)
    if args.workers > config.batch_size:
        raise EdgeSastError(
            f"--workers is {args.workers}; of a --batch-size of {config.batch_size} some would get no recording: "
            f"choose at most {config.batch_size}"
        )
    command = [sys.executable, "-m", "edge_sast.cli.main", *args.argv, *chosen.argv]
    return processes.launch(args.workers, command)


def _train(args: argparse.Namespace, workers: Workers, dataset: Dataset | None) -> int:
    config = training_config(args)
    set_threads(args.threads, workers.count)
    folder = Path(args.out)
    if workers.main:
        _check_start(folder, args)
    device = choose_device(args.device)
    if device == "cuda" and workers.count > 1:
        processes.take_gpu()
    with workers.main_first():
        dataset = dataset or open_data(config, args.download_dir)
        check_with_data(config, dataset)
        data = training_data(dataset, config, args.cache_dir, args.skip_empty)
    trainer = Trainer(config, data, folder, device, args.quiet, workers, pricing_of(config))
    if not workers.main:
        _run(trainer, args.resume)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _check_start(folder, args)  # again: another training may have come first while the data was read
        _run(trainer, args.resume)
    epoch = trainer.kept.epoch if trainer.kept else trainer.epoch
    lines = [line for line in read_metrics(folder) if line.get("epoch") == epoch]
    last: dict[str, Any] = next(reversed(lines), {})
    if not {"valid_pass", "valid_accuracy"} <= last.keys():
        message = (
            f"{folder}: the figures of epoch {epoch} are lost; 'edge-sast evaluate {folder}' measures anew"
        )
        if args.json:
            raise EdgeSastError(message)
        echo(f"warning: {message}", error=True)
        return 0
    if not args.quiet:
        of = f", epoch {epoch} of {trainer.epoch}" if trainer.kept else ""
        echo(
            f"{folder}{of}: {last['valid_pass']} accuracy {last['valid_accuracy']:.4f} on {len(data.valid)} held out"
        )
    write_figures(args, last)
    return 0


def pricing_of(config: TrainConfig) -> Pricing | None:
    """What --instructions-target counts by; None without it."""
    if config.instructions_target is None:
        return None
    from firmware_gen.estimate.prices import prices_of

    return prices_of


def _check_start(folder: Path, args: argparse.Namespace) -> None:
    check_writable("--out", folder, folder=True)
    if args.resume and args.overwrite:
        raise EdgeSastError("--resume goes on, --overwrite starts anew; give one of them")
    held = (folder / checkpoint.FILE_NAME).exists()
    if held and not (args.resume or args.overwrite):
        raise EdgeSastError(
            f"--out {folder} already holds a run; add --resume to go on, or --overwrite to start anew"
        )
    if args.resume and not held:
        raise EdgeSastError(f"--resume: {folder} holds no checkpoint; leave --resume out to start")


def _run(trainer: Trainer, resume: bool) -> None:
    if resume:
        trainer.resume()
    try:
        trainer.run()
    except KeyboardInterrupt:
        again = "the same command with --resume goes on from there"
        raise KeyboardInterrupt(
            f"interrupted; {trainer.folder} holds epoch {trainer.epoch}, {again}"
        ) from None
