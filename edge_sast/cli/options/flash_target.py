"""`edge-sast train --from RUN --flash-target BYTES`: weight widths that fit, chosen before the finish in integers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from edge_sast.datasets.dataset import Dataset
    from trainer.network.network import Network
    from trainer.run.checkpoint import Checkpoint


def add_flash_target(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--flash-target",
        metavar="BYTES",
        help="choose --bits for --from: those widths that cost the least loss and whose tables take at most so many "
        "bytes of flash, such as 4096 or 4K; see Mixed widths in docs/method.md",
    )


def check_flash_target(args: argparse.Namespace, *, alone: bool) -> None:
    """Raises EdgeSastError for options that do not go together. alone: see completed."""
    if args.flash_target is None:
        return
    from firmware_gen.sizes.parts import parse_bytes

    parse_bytes("--flash-target", args.flash_target)
    if args.from_run is None:
        raise EdgeSastError(
            "--flash-target has an effect only beside --from RUN: widths are chosen for a network that was trained; "
            "add that one"
        )
    if alone and args.bits is not None:
        raise EdgeSastError(
            f"--flash-target chooses the widths, and --bits {args.bits} says them; give one of them"
        )
    if not alone and args.bits is None:
        raise EdgeSastError(
            "--flash-target: workers that were started one by one must all be told the same; give them --bits"
        )
    if args.qat_epochs == 0:
        raise EdgeSastError(
            "--flash-target has an effect only with a finish in integers, and --qat-epochs is 0; give 1 or more"
        )


def choose_bits(args: argparse.Namespace, dataset: Dataset | None) -> str:
    """Sets args.bits; returns the line that says what was chosen, and what it takes.

    Raises EdgeSastError where no width of 1 to 8 bits fits.
    """
    from edge_sast.cli.options.settings import training_config
    from firmware_gen.sizes.parts import parse_bytes
    from trainer.data.recordings import open_data, training_data
    from trainer.measure.widths import least_loss, losses_of_widths
    from trainer.run import checkpoint
    from trainer.run.machine import choose_device

    config = training_config(args)
    target = parse_bytes("--flash-target", args.flash_target)
    stored = checkpoint.load(Path(args.from_run))
    network = stored.network()
    fixed, sizes = table_bytes(network, stored)
    smallest = fixed + sum(min(of_layer) for of_layer in sizes)
    if smallest > target:
        raise EdgeSastError(
            f"--flash-target is {args.flash_target}, but the tables of {args.from_run} take {smallest:,} bytes at one "
            "bit a weight; give as many, or train a smaller --arch"
        )
    device = choose_device(args.device)
    data = training_data(
        dataset or open_data(config, args.download_dir), config, args.cache_dir, args.skip_empty
    )
    growths = losses_of_widths(
        network.to(device), data.train, config.integer, config.objective, len(sizes), device
    )
    widths = least_loss(growths, sizes, target - fixed)
    assert widths is not None, "the smallest fit"
    args.bits = ",".join(map(str, widths))
    taken = fixed + sum(of_layer[bits - 1] for of_layer, bits in zip(sizes, widths, strict=True))
    growth = sum(of_layer[bits - 1] for of_layer, bits in zip(growths, widths, strict=True))
    return (
        f"--bits {args.bits}: tables of {taken:,} bytes; before the finish the loss grows by about {growth:.3f} over "
        "8 bits"
    )


def table_bytes(network: Network, stored: Checkpoint) -> tuple[int, list[list[int]]]:
    """Flash of what has no weights, and of each weighted layer the flash at 1 to 8 bits, in bytes.

    A layer's tables do not depend on the widths of others.
    """
    from edge_sast.model.layers import Weighted
    from firmware_gen.c_plan.footprint import footprint
    from firmware_gen.c_plan.plan import CPlan
    from trainer.measure.figures import build_model
    from trainer.measure.widths import WIDTHS

    count = len(network.weighted())
    fixed, columns = 0, []
    for bits in WIDTHS:
        model = build_model(network, stored, (bits,) * count)
        parts = list(zip(model.layers, footprint(CPlan(model)).layers, strict=True))
        fixed = sum(part.flash_bytes for layer, part in parts if not isinstance(layer, Weighted))
        columns.append([part.flash_bytes for layer, part in parts if isinstance(layer, Weighted)])
    return fixed, [list(of_layer) for of_layer in zip(*columns, strict=True)]
