"""`edge-sast import --out RUN`: another tool's network as a run, a folder as `edge-sast train` writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.options.settings import resolved
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange.graph import Graph
from edge_sast.exchange.nir_read import Reading, class_names, read_reals
from edge_sast.files import check_writable, locked, write_atomic
from trainer.network.from_reals import network_of
from trainer.run import checkpoint
from trainer.run.adam import Adam
from trainer.run.loop import CONFIG_NAME
from trainer.settings.config import TrainConfig

if TYPE_CHECKING:
    from trainer.network.network import Network


def check_free(out: Path) -> None:
    """Raises EdgeSastError where no run can be written."""
    check_writable("--out", out, folder=True)
    if (out / checkpoint.FILE_NAME).exists():
        raise EdgeSastError(f"--out {out} already holds a run; choose another folder")


def read_network(
    graph: Graph, reading: Reading, binning: Binning, classes: list[str] | None
) -> tuple[Network, tuple[str, ...], tuple[str, ...]]:
    """The float network, its classes, and a line for each thing that is not exact.

    Raises EdgeSastError for what no layer of a run holds, naming node and remedy.
    """
    reals, told = read_reals(graph, reading, binning)
    network = network_of(reals, reading.rules, binning)
    return network, class_names(classes, network.settings.classes), tuple(told)


def write_run(
    args: argparse.Namespace, network: Network, binning: Binning, classes: tuple[str, ...], source: str
) -> None:
    """The folder, its checkpoint last. source: what wrote the network, and by what rules."""
    config = TrainConfig.of(
        "hard",
        data=resolved(args.data) or "",
        arch=network.settings.arch,
        layers=network.settings.layers,
        dt_us=binning.dt_us,
        steps=binning.steps,
        count_cap=binning.count_cap,
        downscale=binning.shift,
        sensor=args.sensor,
        norm="none",
        augment_shift=0,  # whatever the tool did, it is not known here
        epochs=1,
        qat_epochs=0,
        imported=source,
    )
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        check_free(out)
        write_atomic(out / CONFIG_NAME, config.to_json().encode())
        standing = checkpoint.Standing(config, binning, classes, "", config.total_epochs)
        checkpoint.save(out, standing, network, Adam(network.parameters(), lr=config.lr), {})
