"""What `edge-sast train` and `export` do, once the arguments are read, and the figures of every forward pass."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numba
import torch

import edge_sast
from edge_sast.cli.options.fit import asked_part, check_fit
from edge_sast.datasets.dataset import Dataset
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.files import check_writable, locked
from edge_sast.model.model import Model
from edge_sast.report.tables import write_json
from edge_sast.terminal import echo
from trainer.data import recordings as datasets
from trainer.network.network import Network
from trainer.network.to_integers import export as export_model
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.metrics import read as read_metrics
from trainer.run.one_pass import Result
from trainer.run.one_pass import evaluate as evaluate_pass
from trainer.settings.bits import Bits, bits_name, parse_bits
from trainer.settings.config import TrainConfig
from trainer.settings.passes import Integer
from trainer.workers import processes
from trainer.workers.workers import Workers

EVALUATED_BITS = (8, 4, 2)
MOST_THREADS = 1024


def train(args: argparse.Namespace) -> int:
    """`edge-sast train`."""
    processes.check_count(args.workers)
    if args.workers > 1 and not processes.started():
        config = training_config(args)  # a mistake is told once
        if args.workers > config.batch_size:
            raise EdgeSastError(
                f"--workers is {args.workers}; of a --batch-size of {config.batch_size} some would get no recording: "
                f"choose at most {config.batch_size}"
            )
        return processes.launch(args.workers, [sys.executable, "-m", "edge_sast.cli.main", *args.argv])
    with processes.session() as workers:
        return _train(args, workers)


def _train(args: argparse.Namespace, workers: Workers) -> int:
    config = training_config(args)
    set_threads(args.threads, workers.count)
    folder = Path(args.out)
    if workers.main:
        check_writable("--out", folder, folder=True)
        _check_start(folder, args)
    device = choose_device(args.device)
    if device == "cuda" and workers.count > 1:
        processes.take_gpu()
    with workers.main_first():
        dataset = datasets.open_data(config, args.download_dir)
        check_with_data(config, dataset)
        data = datasets.training_data(dataset, config, args.cache_dir, args.skip_empty)
    trainer = Trainer(config, data, folder, device, args.quiet, workers)
    if not workers.main:
        _run(trainer, args.resume)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _check_start(folder, args)  # again: another training may have come first while the data was read
        _run(trainer, args.resume)
    last: dict[str, Any] = next(reversed(read_metrics(folder)), {})
    if last.get("epoch") != trainer.epoch or not {"valid_pass", "valid_accuracy"} <= last.keys():
        message = (
            f"{folder}: the figures of its last epoch are lost; 'edge-sast evaluate {folder}' measures anew"
        )
        if args.json:
            raise EdgeSastError(message)
        echo(f"warning: {message}", error=True)
        return 0
    if not args.quiet:
        echo(
            f"{folder}: {last['valid_pass']} accuracy {last['valid_accuracy']:.4f} on {len(data.valid)} held out"
        )
    write_json(args.json, last)
    return 0


def check_with_data(config: TrainConfig, dataset: Dataset) -> None:
    """Refuse what can be told before recordings are read: a bad --arch, a single class, names that no model can hold,
    options that the data set makes useless.
    """
    if len(dataset.classes) < 2:
        raise EdgeSastError(
            f"--data {config.data}: '{dataset.classes[0]}' is its only class; a classifier needs two or more: add "
            "recordings of others"
        )
    grid = config.binning(dataset.sensor)
    config.network(grid, len(dataset.classes))
    smaller = min(grid.height, grid.width)
    if config.augment_shift >= smaller and config.augment_shift != TrainConfig.augment_shift:
        raise EdgeSastError(
            f"--augment-shift is {config.augment_shift}; the input has {grid.width}x{grid.height} pixels: choose 0 to "
            f"{smaller - 1}"
        )
    if "valid" in dataset.splits and config.valid_fraction != TrainConfig.valid_fraction:
        raise EdgeSastError(
            f"--valid-fraction is {config.valid_fraction}, but --data {config.data} has a split 'valid', which is used "
            "whole; leave it away"
        )
    for name in dataset.classes:
        if not name.isprintable():
            raise EdgeSastError(
                f"--data {config.data}: class folder {name!r} is not printable text, which a model wants; rename it"
            )


def _check_start(folder: Path, args: argparse.Namespace) -> None:
    if args.resume and args.overwrite:
        raise EdgeSastError("--resume goes on, --overwrite starts anew; give one of them")
    held = (folder / checkpoint.FILE_NAME).exists()
    if held and not (args.resume or args.overwrite):
        raise EdgeSastError(
            f"--out {folder} already holds a run; add --resume to go on, or --overwrite to start anew"
        )
    if args.resume and not held:
        raise EdgeSastError(f"--resume: {folder} holds no checkpoint; leave --resume away to start")


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


def export(args: argparse.Namespace) -> int:
    """`edge-sast export`."""
    from edge_sast.model import modelfile
    from edge_sast.runtime import Simulator

    targets = ("c", "model")
    if args.target not in targets:
        raise EdgeSastError(f"--target is {args.target!r}; this version writes {' and '.join(targets)}")
    part = asked_part(args)
    set_threads(args.threads)
    if args.target == "c":
        check_c(Path(args.out), overwrite=args.overwrite)
    stored = checkpoint.load(Path(args.run_dir))
    network = stored.network()
    bits = trained_bits(stored.config)
    if args.bits is not None:
        bits = parse_bits(args.bits, len(bits))
    model = build_model(network, stored, bits)
    check_fit(model, part)
    figures: dict[str, Any] = {"bits": list(bits), "model_hash": modelfile.model_hash(model)}
    binned = None
    if not args.no_data:
        recordings = datasets.evaluation_data(stored, args)
        binned = recordings.binned
        hard = evaluate_pass(network, binned, stored.config.spike(hard=True)).accuracy
        integer = Simulator(model).run(binned, parallel=True).accuracy
        figures |= {
            "recordings": recordings.name,
            "samples": len(binned),
            "hard_accuracy": hard,
            "integer_accuracy": integer,
        }
        echo(
            f"float, hard spikes {100 * hard:.2f} %, {bits_name(bits)} {100 * integer:.2f} % "
            f"({100 * (integer - hard):+.2f} points) on {len(binned)} recordings of {recordings.name}"
        )
    out = Path(args.out)
    if args.target == "model":
        modelfile.save(model, out)
    else:
        write_c(model, binned, args.name, out, overwrite=args.overwrite)
    echo(f"wrote {out} (model {figures['model_hash'][:16]})")
    write_json(args.json, figures)
    return 0


def check_c(out: Path, *, overwrite: bool = False) -> None:
    """Tells before the work what write_c would refuse: a folder of something else, or of an export that was edited."""
    from firmware_gen.c_gen.target import check_folder

    check_folder(out, overwrite=overwrite)


def write_c(
    model: Model, binned: BinnedEvents | None, name: str | None, out: Path, *, overwrite: bool = False
) -> None:
    """The folder of C for a model, with known-answer vectors from `binned` (random events without it)."""
    from firmware_gen.c_gen.target import DEFAULT_NAME, generate, write_folder

    write_folder(generate(model, binned, name or DEFAULT_NAME), out, overwrite=overwrite)


def build_model(network: Network, stored: checkpoint.Checkpoint, bits: Bits) -> Model:
    """The integer model of a checkpoint."""
    producer = f"edge-sast {edge_sast.__version__}"
    return export_model(network, stored.binning, stored.classes, bits, producer)


def trained_bits(config: TrainConfig) -> Bits:
    """Weight widths of the run's integer epochs; 8 where it has none."""
    return config.widths if config.qat_epochs else (8,) * len(config.widths)


def measure(
    network: Network,
    stored: checkpoint.Checkpoint,
    binned: BinnedEvents,
    widths: Sequence[Bits] | None = None,
) -> dict[str, Any]:
    """Figures of every forward pass, in the order and with the keys of `evaluate --json`.

    widths: weight widths of the integer rows; 8, 4, 2 and those trained where None. Thresholds that change within a
    recording have no such rows.
    The integer rows come from the runtime; the trainer's own integer pass must predict the same for every recording.
    In the surrogate pass a spike is a number between 0 and 1: its spikes and SynOps are sums of those.
    """
    figures: dict[str, Any] = {"samples": len(binned)}
    for name, hard in (("surrogate", False), ("hard", True)):
        result = evaluate_pass(network, binned, stored.config.spike(hard))
        figures[name] = _float_figures(result)
    trained = trained_bits(stored.config)
    if stored.config.threshold == "adaptive-step":
        return figures
    usual = [*((width,) * len(trained) for width in EVALUATED_BITS), trained]
    for bits in dict.fromkeys(usual if widths is None else widths):
        figures[bits_name(bits)] = _integer_figures(network, stored, binned, bits)
    return figures


def _float_figures(result: Result) -> dict[str, Any]:
    return {
        "accuracy": result.accuracy,
        "synops_per_sample": result.synops_per_sample,
        "spikes_per_sample": result.spikes_per_sample,
        "firing_rates": list(result.firing_rates),
    }


def _integer_figures(
    network: Network, stored: checkpoint.Checkpoint, binned: BinnedEvents, bits: Bits
) -> dict[str, Any]:
    from edge_sast.runtime import Simulator

    run = Simulator(build_model(network, stored, bits)).run(binned, parallel=True)
    own = evaluate_pass(network, binned, Integer(bits, stored.config.spike(hard=True)))
    differing = int((own.predictions != run.predictions).sum())
    if differing:
        first = int((own.predictions != run.predictions).argmax())
        raise CheckFailedError(
            f"the trainer's {bits_name(bits)} pass and the runtime differ on {differing} recordings, first "
            f"{binned.sources[first]}; this is a defect of edge-sast"
        )
    return {
        "accuracy": run.accuracy,
        "synops_per_sample": float(run.synops.sum(1).mean()),
        "spikes_per_sample": float(run.spikes.sum(1).mean()),
        "firing_rates": list(own.firing_rates),
        "trainer_runtime_differences": differing,
    }


def choose_device(text: str) -> str:
    """cpu or cuda. Raises EdgeSastError where the choice is not there."""
    available = torch.cuda.is_available()
    if text not in ("auto", "cpu", "cuda"):
        raise EdgeSastError(f"--device is {text!r}; choose auto, cpu or cuda")
    if text == "cuda" and not available:
        raise EdgeSastError(
            "--device is 'cuda', but this PyTorch sees no GPU; use --device cpu, or see 'edge-sast doctor'"
        )
    return "cuda" if text != "cpu" and available else "cpu"


def set_threads(threads: int, workers: int = 1) -> None:
    """CPU threads of PyTorch and Numba; 0 leaves all, or to each of several workers its share of them."""
    if not 0 <= threads <= MOST_THREADS:
        raise EdgeSastError(f"--threads is {threads}; it must be 0 (all) to {MOST_THREADS}")
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if workers > 1 and not threads:
        threads = processes.threads_each(most)
    if threads:
        torch.set_num_threads(threads)
        numba.set_num_threads(min(threads, most))


def training_config(args: argparse.Namespace) -> TrainConfig:
    """The settings that the options of `edge-sast train` ask for."""
    values = {f.name: getattr(args, f.name) for f in fields(TrainConfig) if f.name != "method"}
    for name in ("data", "init"):
        if values[name] is not None and Path(values[name]).exists():
            values[name] = str(Path(values[name]).resolve())
    return TrainConfig.of(args.method, **{n: v for n, v in values.items() if v is not None})
