"""What `edge-sast report` is given: each input read as what it is, models described, recordings watched."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import file_options
from edge_sast.cli.data.played import Played, read_played
from edge_sast.cli.model.inspect import describe
from edge_sast.cli.model.inspect_memory import memory_figures
from edge_sast.cli.model.report_widths import read_widths
from edge_sast.cli.options.figures import line_of
from edge_sast.cli.options.newest import CHECKPOINT, MANIFEST, MODEL
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.membranes import layer_membranes
from edge_sast.formats.convert import Span
from edge_sast.model.modelfile import is_model_file, load
from edge_sast.report.figures import read_document
from edge_sast.report.page.inputs import FiguresInput, Inputs, ModelInput, RunInput, Watched
from edge_sast.streaming.view import trace_windows, view_of

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from trainer.run.checkpoint import Checkpoint

REMEDY = (
    "give folders made by 'edge-sast train' or 'edge-sast export', model files, or figures that a command wrote with "
    "--json"
)
RUN, BUILD, FIGURES = "run", "model", "figures"


def read_inputs(args: argparse.Namespace) -> Inputs:
    """Raises EdgeSastError for the first input that is none, or damaged, or given twice."""
    _check_recording_options(args)
    kinds = {path: _kind(path) for path in args.inputs}
    labels = _labels(args.inputs)
    runs, models, figures, networks = [], [], [], []
    trained: dict[str, Checkpoint] = {}
    for path, kind in kinds.items():
        label = labels[path]
        if kind == FIGURES:
            figures.append(FiguresInput(label, read_document(path)))
            continue
        if kind == RUN:
            run, model, trained[label] = _run(path, label)
            runs.append(run)
        else:
            model = load(_model_file(path))
        if model is not None:
            models.append(_described(model, label, path, kind))
            networks.append((label, model))
    if args.recording and not networks:
        raise EdgeSastError(
            "--recording: needs a network with integers; give a run, a build folder or a model file, too"
        )
    watched, unwatched = _watched(args, networks)
    known = {os.path.realpath(path): labels[path] for path in kinds}
    built_first = sorted(
        networks, key=lambda network: network[0] in trained
    )  # before a run's own, which is the same
    widths = read_widths(dict(built_first), trained)
    return Inputs(line_of(args.argv), runs, models, figures, watched, unwatched, known, widths)


def _check_recording_options(args: argparse.Namespace) -> None:
    for name in ("from_s", "until_s", "sensor", "format", "columns", "time_unit", "max_gap_s"):
        if getattr(args, name) is not None and not args.recording:
            option = f"--{name.replace('_', '-')}"
            raise EdgeSastError(
                f"{option} has an effect only beside --recording; add that one, or leave it out"
            )


def _kind(path: str) -> str:
    place = Path(path)
    if not place.exists():
        raise EdgeSastError(f"{path}: does not exist; {REMEDY}")
    if place.is_dir():
        if (place / CHECKPOINT).is_file():
            return RUN
        if (place / MANIFEST).is_file() and (place / MODEL).is_file():
            return BUILD
        wanted = f"{CHECKPOINT} of a run, nor {MANIFEST} and {MODEL} of a build"
        raise EdgeSastError(f"{path}: holds no {wanted}; {REMEDY}")
    if is_model_file(place):
        return BUILD
    return RUN if place.suffix == ".safetensors" else FIGURES


def _labels(paths: list[str]) -> dict[str, str]:
    """A short name for each, by which it is the same wherever it is told of."""
    seen: dict[str, str] = {}
    for path in paths:
        place = os.path.realpath(path)
        if place in seen:
            raise EdgeSastError(f"{path}: is given twice, also as {seen[place]}; name it once")
        seen[place] = path
    short = {path: _short(path) for path in paths}
    names = list(short.values())
    return {path: name if names.count(name) == 1 else path for path, name in short.items()}


def _short(path: str) -> str:
    place = Path(os.path.abspath(path))
    if place.name in (CHECKPOINT, MODEL):
        place = place.parent
    return place.name if place.is_dir() or place.suffix != ".safetensors" else place.stem


def _model_file(path: str) -> str:
    return str(Path(path) / MODEL) if Path(path).is_dir() else path


def _run(path: str, label: str) -> tuple[RunInput, Model | None, Checkpoint]:
    """The run, its checkpoint and its integer model: none of one whose thresholds change with every step."""
    from trainer.measure.figures import build_model, trained_bits
    from trainer.measure.weights import layer_weights
    from trainer.run import checkpoint, metrics
    from trainer.settings.config import DEFAULTS

    stored = checkpoint.load(Path(path))
    config, folder = stored.config, Path(stored.source).parent
    lines = metrics.read(folder) if (folder / metrics.METRICS_NAME).is_file() else []
    network, bits = stored.network(), trained_bits(config)
    whole = config.threshold != "adaptive-step"
    run = RunInput(
        label=label,
        path=path,
        settings=asdict(config),
        usual=DEFAULTS,
        metrics=[line for line in lines if int(line["epoch"]) <= stored.epoch],
        epoch=stored.epoch,
        total=config.total_epochs,
        classes=stored.classes,
        weights=layer_weights(network, bits) if whole else (),
    )
    return run, build_model(network, stored, bits) if whole else None, stored


def _described(model: Model, label: str, path: str, kind: str) -> ModelInput:
    made = f"edge-sast inspect {path}"
    if kind == RUN:
        made = f"edge-sast export {path} --target model --out MODEL; edge-sast inspect MODEL"
    return ModelInput(label, path, describe(model), memory_figures(model, None), made)


def _watched(
    args: argparse.Namespace, networks: list[tuple[str, Model]]
) -> tuple[list[Watched], list[tuple[str, str]]]:
    """Every recording with every network of its sensor; the others, and why not.

    Raises EdgeSastError for a recording that suits none.
    """
    options, span = file_options(args), Span.of_seconds(args.from_s, args.until_s)
    found: list[Watched] = []
    others: list[tuple[str, str]] = []
    for source in args.recording:
        before = len(found)
        for label, model in networks:
            own = model.binning.sensor_width, model.binning.sensor_height
            played = read_played(Path(source), options, span, own)
            if tuple(played.sensor) == own:
                found.append(_watch(played, label, model, source, line_of(args.argv)))
                continue
            why = f"is for a sensor of {own[0]}x{own[1]}, and {source} is of {played.sensor[0]}x{played.sensor[1]}"
            others.append((label, why))
        if len(found) == before:
            raise EdgeSastError(
                f"--recording: {label} {why}; pass --sensor WxH with the real size, or leave it out"
            )
    return found, others


def _watch(played: Played, label: str, model: Model, source: str, line: str) -> Watched:
    traces = trace_windows(model, played.events, played.sensor, source)
    page = played.page(view_of(model, traces)).decode()
    answer = model.classes[traces[0].prediction]
    said = f"{played.said}; answer to the first window: {answer}"
    return Watched(label, played.name, said, page, line, layer_membranes(model, traces))
