"""Options that ask whether a model fits a microcontroller, and the answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from firmware_gen.sizes.parts import Part


def add_fit_arguments(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--fit",
        metavar="NAME",
        help="write only what fits this microcontroller (stm32f103, nrf52840, rp2040, ...) or board, and say how",
    )
    parser.add_argument(
        "--flash", metavar="BYTES", help="write only what fits so much flash, such as 64K; beside --ram"
    )
    parser.add_argument(
        "--ram", metavar="BYTES", help="write only what fits so much RAM, such as 20K; beside --flash"
    )
    parser.add_argument(
        "--core",
        metavar="NAME",
        help="core for --flash and --ram: cortex-m0, cortex-m4, rv32, ... (default: cortex-m4)",
    )


def asked_part(args: argparse.Namespace) -> Part | None:
    """The microcontroller that the options name; None where there are none of them.

    Raises:
        EdgeSastError: options that contradict one another or say too little; an unknown name, size or core.
    """
    from edge_sast.errors import EdgeSastError
    from firmware_gen.sizes.parts import custom_part, find_part

    sizes = [option for option in ("flash", "ram", "core") if getattr(args, option) is not None]
    if args.fit is not None:
        if sizes:
            raise EdgeSastError(f"--fit {args.fit} has its own flash, RAM and core; leave --{sizes[0]} out")
        return find_part(args.fit)
    if not sizes:
        return None
    for option in ("flash", "ram"):
        if getattr(args, option) is None:
            raise EdgeSastError(
                f"--{option} is missing beside --{sizes[0]}; give --flash and --ram, or --fit NAME"
            )
    return custom_part(args.flash, args.ram, args.core)


def check_fit(model: Model, part: Part | None) -> None:
    """Says how `model` fits; nothing where no part is asked about. Raises EdgeSastError when it does not fit."""
    if part is not None:
        from firmware_gen.sizes.fit import report

        echo(*report(model, part))
