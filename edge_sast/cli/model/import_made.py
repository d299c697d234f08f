"""What `edge-sast import` makes of a NIR file: an integer model, or a run; nothing is written before all is known."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.checks import MODEL_ENDING
from edge_sast.errors import EdgeSastError
from edge_sast.exchange.rules import OPTIONS, Rules, choose, explain

if TYPE_CHECKING:
    from edge_sast.events.binning import Binning
    from edge_sast.exchange.graph import Graph
    from edge_sast.exchange.nir_read import Reading


@dataclass(frozen=True)
class Made:
    """What a file became. rules: None of our own. kind: what was written, in words. write: writes it."""

    rules: Rules | None
    where: dict[str, str]
    told: tuple[str, ...]
    kind: str
    write: Callable[[], object]
    figures: dict[str, Any]


def check_out(args: argparse.Namespace) -> bool:
    """Whether --out names a run. Raises EdgeSastError for options that the other kind takes."""
    as_run = not args.out.endswith(MODEL_ENDING)
    if as_run and args.bits is not None:
        raise EdgeSastError(
            f"--bits is {args.bits}, but --out {args.out} is a run, whose weights are floats; leave it out, or end the "
            f"name in {MODEL_ENDING} for a model file"
        )
    if not as_run and args.data is not None:
        raise EdgeSastError(
            f"--data is {args.data!r}, but --out {args.out} is a model file, which names no recordings; leave it out"
        )
    if as_run:
        from edge_sast.cli.model.import_run import check_free

        check_free(Path(args.out))
        if args.data is not None:
            from edge_sast.datasets.open import check_there

            check_there(args.data)
    return as_run


def to_model(args: argparse.Namespace, graph: Graph) -> Made:
    from edge_sast import __version__
    from edge_sast.exchange.nir_own import read_own
    from edge_sast.exchange.nir_read import Imported, read_model
    from edge_sast.model import modelfile

    rules: Rules | None = None
    where: dict[str, str] = {}
    if _as_ours(args, graph):
        _check_untold(args)
        told = "written by edge-sast: what its metadata says, not the rules of a tool"
        imported = Imported(read_own(graph), (told,))
    else:
        reading, where = _reading(args)
        rules, producer = reading.rules, f"edge-sast {__version__}"
        imported = read_model(graph, reading, _binning(args, graph), _classes(args.classes), producer)
    model = imported.model
    told_hash = modelfile.model_hash(model)
    return Made(
        rules,
        where,
        imported.told,
        f"model {told_hash[:16]}",
        lambda: modelfile.save(model, args.out),
        {"model_hash": told_hash},
    )


def to_run(args: argparse.Namespace, graph: Graph) -> Made:
    from edge_sast.cli.model.import_run import read_network, write_run

    if _as_ours(args, graph):
        raise EdgeSastError(
            f"was written by edge-sast, of integers without float weights; end --out in {MODEL_ENDING}, or give "
            "--from, which takes the nodes by the rules of a tool"
        )
    reading, where = _reading(args)
    binning = _binning(args, graph)
    network, classes, told = read_network(graph, reading, binning, _classes(args.classes))
    source = f"{Path(args.nir).name}, {', '.join(explain(reading.rules).values())}"
    arch = network.settings.arch
    return Made(
        reading.rules,
        where,
        told,
        f"run, layers {arch}",
        lambda: write_run(args, network, binning, classes, source),
        {"arch": arch},
    )


def _rules_given(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in OPTIONS}


def _as_ours(args: argparse.Namespace, graph: Graph) -> bool:
    """Whether edge-sast wrote the file, and no rules of a tool are asked for."""
    from edge_sast.exchange.nir_own import is_own

    given = _rules_given(args).values()
    return is_own(graph) and args.tool is None and not any(value is not None for value in given)


def _check_untold(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for an option that tells what a file of our own says itself."""
    usual = {"shift": 0, "count_cap": 1, "order": "channel-first", "nearest_leak": False}
    names = (
        "sensor",
        "shift",
        "dt_us",
        "steps",
        "count_cap",
        "order",
        "classes",
        "bits",
        "nearest_leak",
        "read_out",
    )
    for name in names:
        if getattr(args, name) != usual.get(name):
            raise EdgeSastError(
                f"--{name.replace('_', '-')} has no effect on a file that edge-sast wrote; leave it out, or give "
                "--from, which takes the nodes by the rules of a tool"
            )


def _reading(args: argparse.Namespace) -> tuple[Reading, dict[str, str]]:
    """How to read the file, and where each rule came from."""
    from edge_sast.exchange.nir_read import Reading

    rules, where = choose(args.tool, _rules_given(args))
    for name in ("dt_us", "steps"):
        if getattr(args, name) is None:
            raise EdgeSastError(
                f"--{name.replace('_', '-')} is missing: NIR does not say how events become steps; "
                "give --dt-us and --steps"
            )
    bits = 8 if args.bits is None else args.bits
    if not 2 <= bits <= 8:
        raise EdgeSastError(f"--bits is {bits}; it must be 2 to 8")
    sums, channel_first = args.read_out is not None, args.order == "channel-first"
    return Reading(rules, bits, args.nearest_leak, sums, channel_first), where


def _binning(args: argparse.Namespace, graph: Graph) -> Binning:
    from edge_sast.events.binning import Binning
    from edge_sast.events.recording import parse_sensor
    from edge_sast.exchange.nir_read import input_size

    if args.sensor is not None:
        width, height = parse_sensor(args.sensor)
    else:
        size = input_size(graph)
        if size is None:
            raise EdgeSastError(
                "--sensor is missing: the file's input has no rows and columns; give --sensor WxH"
            )
        width, height = (side << args.shift if 0 <= args.shift <= 7 else side for side in size)
    return Binning(width, height, args.shift, args.dt_us, args.steps, args.count_cap)


def _classes(text: str | None) -> list[str] | None:
    from edge_sast.files import read_bytes

    if text is None:
        return None
    if os.path.isfile(text):  # where Path.is_file raises for names too long for a file
        lines = read_bytes(text).decode("utf-8", "replace").splitlines()
        return [line.strip() for line in lines if line.strip()]
    return [name.strip() for name in text.split(",")]
