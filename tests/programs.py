"""Programs that a test starts: none outlives the test, and none makes it wait for ever."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT = 300.0  # seconds, of which the slowest takes a fifth on a busy machine


@contextmanager
def started(
    command: Sequence[str | Path], limit: float = LIMIT, **options: Any
) -> Iterator[subprocess.Popen]:
    """The program, ended with the block. options: as of Popen.

    With Popen alone a failed assertion would wait for a program that nobody ends any more, and so would whoever reads
    what a program that hangs does not write: it is killed where the block raises, and after `limit` seconds.
    """
    with subprocess.Popen([str(word) for word in command], **options) as process:
        try:
            with limited(process, limit):
                yield process
                _close(process)
                process.wait()
        except BaseException:
            process.kill()
            raise


@contextmanager
def limited(process: subprocess.Popen, limit: float = LIMIT) -> Iterator[None]:
    """The program is killed where the block takes longer: as one that hangs would let it wait for ever."""
    hung = threading.Timer(limit, process.kill)
    hung.daemon = True
    hung.start()
    try:
        yield
    finally:
        hung.cancel()


def _close(process: subprocess.Popen) -> None:
    """The pipes to it: a program that reads or writes ends with them."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
