"""What `edge-sast compare-dense` does, once its arguments are read."""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from edge_sast.cli.dense.recordings import Judged, Spiking, judged, training_frames
from edge_sast.cli.options.checks import set_threads
from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.recordings import data_options
from edge_sast.dense import densefile
from edge_sast.dense.densefile import DenseModel
from edge_sast.dense.frames import frame_binning, frames_of
from edge_sast.dense.shapes import shapes_of
from edge_sast.errors import EdgeSastError
from edge_sast.model.modelfile import model_hash
from edge_sast.report.dense_tables import Row, verdict
from edge_sast.report.intervals import wilson
from edge_sast.report.steps import steps_figures, steps_line
from edge_sast.report.tables import print_table
from edge_sast.runtime import Simulator
from edge_sast.terminal import echo
from firmware_gen.dense.costs import DeviceCost, dense_cost, spiking_cost
from firmware_gen.dense.program import OPTIMISE
from firmware_gen.emulator.build import DEFAULT_FLAGS
from firmware_gen.emulator.cycles import TIMINGS
from firmware_gen.toolchain.cores import CORES, Core
from firmware_gen.toolchain.cross import EXTRA, compiler, missing, usual_toolchain

if TYPE_CHECKING:
    from edge_sast.dense.shapes import LayerShape
    from trainer.dense.settings import DenseSettings

TRAINING = ("arch", "epochs", "qat_epochs", "seed", "out")


@dataclass(frozen=True)
class Device:
    """core, compiled for by toolchain, at hz. spiking_flags, dense_flags: how to optimise each."""

    core: Core
    toolchain: str
    spiking_flags: tuple[str, ...]
    dense_flags: tuple[str, ...]
    hz: float


def compare(args: argparse.Namespace) -> int:
    """Trains the CNN or reads it, judges and counts both, prints who wins."""
    device = _device(args)
    set_threads(args.threads)
    spiking = Spiking.load(args.run_dir)
    dense = densefile.load(args.dense) if args.dense else None
    if dense:
        _check_twin(args.dense, dense, spiking)
    plan = None if dense else _plan(args, spiking)
    found = judged(spiking, data_options(args))
    dense = dense or _train(args, spiking, plan, found)
    if args.out:
        densefile.save(dense, args.out)
        echo(f"wrote {args.out}")
    figures = _figures(args, device, spiking, dense, found)
    _print(figures, spiking.model.binning.steps)
    write_figures(args, figures)
    return 0


def _device(args: argparse.Namespace) -> Device:
    """Says what is missing or wrong before anything is trained."""
    for name in TRAINING:
        if args.dense and getattr(args, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise EdgeSastError(f"{option} is for a CNN that is trained here; leave it out, or --dense")
    if args.counted < 1:
        raise EdgeSastError(f"--counted is {args.counted}; it must be 1 or more")
    if not 0 < args.mhz <= 1e6:
        raise EdgeSastError(f"--mhz is {args.mhz:g}; it must be above 0, and at most 1000000")
    if args.on not in CORES:
        raise EdgeSastError(f"--on is {args.on!r}; use one of {', '.join(CORES)}")
    lacking = missing()
    if lacking:
        raise EdgeSastError(f"compare-dense runs both networks on an emulated core: {lacking}")
    core = CORES[args.on]
    if core.name in TIMINGS and importlib.util.find_spec("capstone") is None:
        raise EdgeSastError(
            f"compare-dense estimates cycles by the Python package capstone, which is missing; {EXTRA}"
        )
    toolchain = args.toolchain or usual_toolchain(core.family)
    compiler(toolchain, core)
    # What serves each best: -O3 makes spiking firmware larger and no faster, and the dense kernels a tenth faster.
    flags = (DEFAULT_FLAGS, OPTIMISE) if args.flags is None else (tuple(args.flags.split()),) * 2
    return Device(core, toolchain, *flags, args.mhz * 1e6)


def _check_twin(path: str, dense: DenseModel, spiking: Spiking) -> None:
    model = spiking.model
    if dense.classes != model.classes:
        raise EdgeSastError(
            f"--dense {path}: knows the classes {', '.join(dense.classes)}, the spiking network "
            f"{', '.join(model.classes)}; train one for the same"
        )
    wanted = frame_binning(model.binning)
    if dense.binning != wanted:
        raise EdgeSastError(
            f"--dense {path}: sees {_seen(dense)} µs, the spiking network {wanted.sensor_width}x"
            f"{wanted.sensor_height} pixels, shift {wanted.shift}, {wanted.dt_us} µs; train one for the same"
        )


def _seen(dense: DenseModel) -> str:
    grid = dense.binning
    return f"{grid.sensor_width}x{grid.sensor_height} pixels, shift {grid.shift}, {grid.dt_us}"


def _plan(args: argparse.Namespace, spiking: Spiking) -> tuple[DenseSettings, tuple[LayerShape, ...]]:
    """How the CNN is trained: a mistake is told before recordings are read."""
    from trainer.dense.settings import DenseSettings, shapes_of_text

    settings = DenseSettings() if spiking.run is None else DenseSettings.of(spiking.run.config)
    given = {name: getattr(args, name) for name in ("epochs", "qat_epochs", "seed")}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    if args.arch is None:
        return settings, shapes_of(spiking.model)
    return settings, shapes_of_text(args.arch, len(spiking.model.classes))


def _train(args: argparse.Namespace, spiking: Spiking, plan: Any, found: Judged) -> DenseModel:
    """plan: what _plan gives."""
    from trainer.dense.fit import fit
    from trainer.run import machine

    settings, shapes = plan
    machine.set_threads(args.threads)
    frames = training_frames(spiking, found, data_options(args))
    echo(
        f"training the dense CNN, {settings.epochs} float and {settings.qat_epochs} int8 epochs, seed {settings.seed}"
    )
    return fit(frames, shapes, settings, args.quiet)


def _figures(
    args: argparse.Namespace, device: Device, spiking: Spiking, dense: DenseModel, found: Judged
) -> dict[str, Any]:
    model = spiking.model
    result = Simulator(model).run(found.binned, parallel=True)
    right = {
        "spiking": int((result.predictions == found.binned.labels).sum()),
        "dense": int((dense.predict(frames_of(found.frames)) == found.binned.labels).sum()),
    }
    binned, frames, sent = found.counted(args.counted)
    where = (device.core, device.toolchain)
    costs = {
        "spiking": spiking_cost(model, binned, sent, *where, device.spiking_flags),
        "dense": dense_cost(dense, frames, sent, *where, device.dense_flags),
    }
    samples = len(found.binned)
    sides = {side: _side(costs[side], right[side], samples, device) for side in costs}
    sides["spiking"] |= {
        "model_hash": model_hash(model),
        "steps": steps_figures(result.steps, model.binning.steps),
    }
    sides["dense"] |= {"macs": dense.network.macs(), "trained": dense.trained}
    rows = _rows(sides["spiking"], sides["dense"])
    return {
        "run": str(args.run_dir),
        "recordings": found.name,
        "samples": samples,
        "counted": len(sent),
        "events_per_recording": fmean(len(events) for events in sent),
        "on": device.core.name,
        "toolchain": device.toolchain,
        "flags": {"spiking": [*device.spiking_flags], "dense": [*device.dense_flags]},
        "hz": device.hz,
        **sides,
        "rows": [row.figures() for row in rows],
        "verdict": verdict(rows),
    }


def _side(cost: DeviceCost, right: int, samples: int, device: Device) -> dict[str, Any]:
    """Means over the counted recordings."""
    ways = ("direct", "stream", "answer")
    timings = TIMINGS.get(device.core.name, ())
    each = cost.recordings
    # Of a core without timings every instruction takes a cycle: the least that it can be.
    unit = device.core.name if timings else "instructions"
    latency = fmean(r.waited_us * 1e-3 + r.answer.of(unit) / device.hz * 1e3 for r in each)
    return {
        "accuracy": right / samples,
        "accuracy_interval": list(wilson(right, samples)),
        "instructions": {way: fmean(getattr(r, way).instructions for r in each) for way in ways},
        "cycles": {
            name: {way: fmean(getattr(r, way).cycles[name] for r in each) for way in ways} for name in timings
        },
        "flash_bytes": cost.flash,
        "ram_bytes": cost.ram,
        "latency_ms": latency,
    }


def _rows(spiking: dict[str, Any], dense: dict[str, Any]) -> list[Row]:
    """Those of the table, from figures of both sides."""
    rows = [Row("accuracy", "%", 100 * spiking["accuracy"], 100 * dense["accuracy"])]
    for way in ("direct", "stream"):
        rows.append(Row(f"instructions {way}", "", spiking["instructions"][way], dense["instructions"][way]))
    for name in spiking["cycles"]:
        for way in ("direct", "stream"):
            title = f"estimated {name} cycles {way}"
            rows.append(Row(title, "", spiking["cycles"][name][way], dense["cycles"][name][way]))
    rows.append(Row("flash", "bytes", spiking["flash_bytes"], dense["flash_bytes"]))
    rows.append(Row("RAM", "bytes", spiking["ram_bytes"], dense["ram_bytes"]))
    rows.append(Row("latency", "ms", spiking["latency_ms"], dense["latency_ms"]))
    return rows


def _print(figures: dict[str, Any], steps: int) -> None:
    echo(
        f"{figures['samples']} recordings of {figures['recordings']}; costs of {figures['counted']} of them, "
        f"{figures['events_per_recording']:,.0f} events each, on {figures['on']} ({figures['toolchain']} "
        f"{_flags(figures['flags'])}, emulated), at {figures['hz'] / 1e6:g} MHz"
    )
    trained = figures["dense"]["trained"]
    if {"recordings", "epochs", "qat_epochs", "seed"} <= trained.keys():
        echo(
            f"dense CNN: {trained['recordings']} recordings, {trained['epochs']} float and "
            f"{trained['qat_epochs']} int8 epochs, seed {trained['seed']} (another may answer better or worse)"
        )
    taken = figures["spiking"]["steps"]
    if taken["mean"] < steps:
        echo(f"spiking: {steps_line(taken, steps)}")
    rows = [
        Row(**{name: row[name] for name in ("name", "unit", "spiking", "dense")}) for row in figures["rows"]
    ]
    print_table([row.cells() for row in rows], ["a recording", "spiking", "dense int8", "better"])
    echo(figures["verdict"])


def _flags(flags: dict[str, list[str]]) -> str:
    """Those of both, once where they are the same."""
    return " and ".join(dict.fromkeys(" ".join(words) for words in flags.values()))
