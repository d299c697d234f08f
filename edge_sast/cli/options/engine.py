"""--engine and what belongs to it: who does the work of a command, and what becomes of items that cannot be done."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_sast.bulk.choice import ENGINES, EngineChoice
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.terminal import echo, one_line

if TYPE_CHECKING:
    from edge_sast.bulk.engine import Engine

# Of their --engine and --jobs, what differs between commands.
SERIAL = "this process, so many worker processes, or Ray's workers; the results are the same"
JOBS = "number of workers of --engine processes or ray (default: as many as there are CPUs)"


def add_engine_arguments(
    parser: argparse._ActionsContainer,
    what: str = SERIAL,
    jobs: str | None = JOBS,
    default: str = "serial",
) -> None:
    """The options. jobs: the help of --jobs; None: the command has one of its own."""
    parser.add_argument("--engine", choices=ENGINES, default=default, help=f"who does the work: {what}")
    if jobs is not None:
        parser.add_argument("--jobs", type=int, metavar="N", help=jobs)
    parser.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        help="address of the Ray cluster that this machine is part of, or auto (default: a Ray for this command only)",
    )


def add_keep_going(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="leave out recordings that cannot be read, name them, and end with exit code 1",
    )


def engine_choice(args: argparse.Namespace) -> EngineChoice:
    """What the options say. Raises EdgeSastError for values that cannot be, or have no effect."""
    choice = EngineChoice(args.engine, args.jobs, args.ray_address)
    if choice.serial and args.jobs is not None:
        raise EdgeSastError(
            "--jobs has an effect only beside --engine processes or ray; add that one, or leave it out"
        )
    choice.check_installed()
    return choice


@contextmanager
def workers(choice: EngineChoice, threads: int) -> Iterator[Engine | None]:
    """The engine, ended with the block, also by a polite kill; None where this process does the work itself."""
    if choice.serial:
        yield None
        return
    from edge_sast.signals import kill_interrupts

    with choice.open(threads) as engine, kill_interrupts():
        yield engine


@dataclass
class LeftOut:
    """What --keep-going leaves out: each is named at once on stderr, all are counted in the end."""

    keep_going: bool
    errors: list[EdgeSastError] = field(default_factory=list)

    def tell(self, error: EdgeSastError) -> None:
        """Raises the error without --keep-going."""
        if not self.keep_going:
            raise error
        if one_line(str(error)) in self.texts():
            return  # several runs are judged by the same recordings
        self.errors.append(error)
        echo(f"edge-sast: {one_line(str(error))}", error=True)

    def texts(self) -> list[str]:
        """One line for each."""
        return [one_line(str(error)) for error in self.errors]

    def check(self, what: str = "recordings that were left out") -> None:
        """Raises CheckFailedError where anything was."""
        if self.errors:
            raise CheckFailedError(f"{what}: {len(self.errors)}; the lines above say why")
