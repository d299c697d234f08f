"""Work for tests of the engine; in a module, as workers import it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.files import atomic_stream


@dataclass(frozen=True)
class Square:
    """x², after `seconds` that fall with x, so that later items are done first. Refuses those in `bad`."""

    bad: tuple[int, ...] = ()
    seconds: float = 0.0

    def __call__(self, x: int) -> int:
        time.sleep(self.seconds * (x % 3 == 0))
        if x in self.bad:
            raise EdgeSastError(f"item {x}: damaged; leave it out")
        return x * x


@dataclass(frozen=True)
class KilledOnce:
    """Kills its own process at item `at`, as often as there are files to take away in `folder`; counts each item."""

    folder: Path
    at: int

    def __call__(self, x: int) -> tuple[int, int]:
        if x == self.at:
            for token in sorted(self.folder.glob("kill-*")):
                token.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        with (self.folder / f"done-{x}").open("a") as log:
            log.write(".")
        return x, os.getpid()


def two_arguments(x: int) -> int:
    raise TwoArgumentsError(f"item {x}", "why")


class TwoArgumentsError(Exception):
    """One that cannot be sent as it is."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


def process_id(_: int) -> int:
    return os.getpid()


@dataclass(frozen=True)
class Unfinished:
    """Begins a file, says so by its process's number, and never ends it."""

    folder: str

    def __call__(self, x: int) -> None:
        with atomic_stream(Path(self.folder) / f"out-{x}") as stream:
            stream.write(b"half")
            stream.flush()
            (Path(self.folder) / f"worker-{os.getpid()}").touch()
            time.sleep(600)
