"""--running and --leak: a network that is never reset, and the leak of its read-out."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from edge_sast.errors import EdgeSastError

WHAT = "no windows: the network is never reset, its read-out forgets, and every step decides"


def add_running(add: Callable[..., object], what: str = WHAT) -> None:
    """The two options."""
    add("--running", action="store_true", help=what)
    add(
        "--leak",
        type=int,
        metavar="K",
        help="the read-out loses out >> K of itself each step, 1 to 14; with --running (default: the model's own, else "
        "the largest with 2^K no more than half the model's steps)",
    )


def check_leak(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for --leak alone."""
    if args.leak is not None and not args.running:
        raise EdgeSastError("--leak has an effect only beside --running; add that one, or leave it out")
