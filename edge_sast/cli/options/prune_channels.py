"""`edge-sast train --from RUN --prune-channels X`: whole channels removed before the training goes on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_sast.datasets.dataset import Dataset
    from trainer.network.network import Network
    from trainer.network.pruned import Kept


def add_prune_channels(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--prune-channels",
        type=float,
        metavar="X",
        help="remove this share of each hidden layer's channels from the network of --from, those that matter least to "
        "the loss, and train on; 0.25 is a quarter; see Fewer channels in docs/method.md",
    )


def check_prune_channels(args: argparse.Namespace, *, alone: bool) -> None:
    """Raises EdgeSastError for options that do not go together. alone: see train_defaults.completed."""
    share = args.prune_channels
    if share is None:
        return
    if not 0 < share < 1:
        raise EdgeSastError(f"--prune-channels is {share}; it must be above 0 and below 1")
    if args.from_run is None:
        raise EdgeSastError(
            "--prune-channels has an effect only beside --from RUN: channels are chosen of a network that was trained; "
            "add that one"
        )
    if args.arch is not None:
        raise EdgeSastError(
            f"--prune-channels makes the layers of --from smaller, and --arch {args.arch} says them; give one of them"
        )
    if args.flash_target is not None:
        raise EdgeSastError(
            "--prune-channels and --flash-target both choose before the finish; give one, and the other in a run after "
            "it"
        )
    if args.workers > 1 or not alone:
        raise EdgeSastError(
            "--prune-channels: several workers would each choose; use --workers 1, and --workers in a run after it"
        )


def prune_channels(args: argparse.Namespace, dataset: Dataset | None) -> list[str]:
    """Sets args.arch and args.kept_channels; returns lines that say what goes, layer by layer.

    A run that is gone on with keeps the channels that were chosen when it began. Raises EdgeSastError where none can
    go.
    """
    from edge_sast.cli.options.settings import training_config
    from trainer.data.recordings import open_data, training_data
    from trainer.measure.importance import importances, most_important
    from trainer.network.pruned import pruned_arch, text_of, tied
    from trainer.run import checkpoint
    from trainer.run.machine import choose_device

    if args.resume and (begun := checkpoint.load(Path(args.out)).config).kept_channels is not None:
        args.arch, args.kept_channels = begun.arch, begun.kept_channels
        return []
    config = training_config(args)
    stored = checkpoint.load(Path(args.from_run))
    if stored.config.layers is not None:
        raise EdgeSastError(
            f"--prune-channels: the layers of --from {args.from_run} have rules of their own; train a network without "
            "such from it"
        )
    network, device = stored.network(), choose_device(args.device)
    data = training_data(
        dataset or open_data(config, args.download_dir), config, args.cache_dir, args.skip_empty
    )
    found = importances(network.to(device), data.train, config.spike(hard=True), config.objective, device)
    reasons = tied(network)
    kept = most_important(found, [bool(reason) for reason in reasons], args.prune_channels)
    if all(each is None for each in kept):
        raise EdgeSastError(
            f"--prune-channels is {args.prune_channels}: no layer of {args.from_run} loses a channel, as what is left "
            "of a layer is rounded up to a multiple of 4; give a larger share"
        )
    before, args.arch = args.arch, pruned_arch(args.arch, kept)
    args.kept_channels = text_of(kept)
    return [
        f"--prune-channels {args.prune_channels}: {before} becomes {args.arch}",
        *_told(network, kept, reasons),
    ]


def _told(network: Network, kept: Kept, reasons: Sequence[str]) -> list[str]:
    lines = []
    for layer, channels, reason in zip(network.weighted(), kept, reasons, strict=True):
        if channels is None:
            why = reason or "what would be left is rounded up to all"
            lines.append(f"  {layer.name}: {layer.channels} channels stay: {why}")
            continue
        gone = sorted({*range(layer.channels)} - {*channels.tolist()})
        lines.append(
            f"  {layer.name}: {len(channels)} of {layer.channels} channels stay; removed: {', '.join(map(str, gone))}"
        )
    return lines
