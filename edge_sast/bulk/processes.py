"""Workers that are processes of this machine, each with a pipe of its own.

No lock or queue is shared, so that one which is killed takes nothing with it but what it had. They are started anew
("spawn"): a fork would copy locks that the threads of Numba and PyTorch hold.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any

from edge_sast.bulk.tasks import Answer, Work, answer, as_answer, pack, refusal, unpack
from edge_sast.signals import kill_interrupts

GRACE_SECONDS = 3.0  # for a worker that is ended to take its unfinished files away


class Processes:
    """So many workers."""

    def __init__(self, count: int) -> None:
        self._processes: list[_Process] = []
        self._work: tuple[Work, bytes] | None = None  # the last, and as it is sent
        for _ in range(count):
            self._processes.append(_Process())

    @property
    def count(self) -> int:
        return len(self._processes)

    def free(self) -> bool:
        return any(process.number is None for process in self._processes)

    def give(self, number: int, work: Work, items: Sequence[Any]) -> None:
        if self._work is None or self._work[0] is not work:
            self._work = work, pack(work)
        message = pack(items)
        i = next(i for i, process in enumerate(self._processes) if process.number is None)
        try:
            self._processes[i].give(number, self._work[1], message)
        except OSError:  # it ended while it had nothing to do
            self._processes[i].end(0.0)
            self._processes[i] = _Process()
            self._processes[i].number = number  # one that cannot begin either is told by `wait`
            with suppress(OSError):
                self._processes[i].give(number, self._work[1], message)

    def wait(self) -> list[Answer]:
        busy = [i for i, process in enumerate(self._processes) if process.number is not None]
        told = connection.wait([self._processes[i].pipe for i in busy]) if busy else []
        return [self._answer(i) for i in busy if self._processes[i].pipe in told]

    def close(self) -> None:
        for process in self._processes:
            process.ask_to_end()
        until = time.monotonic() + GRACE_SECONDS
        for process in self._processes:
            process.end(max(0.0, until - time.monotonic()))
        self._processes = []

    def _answer(self, i: int) -> Answer:
        process = self._processes[i]
        number = process.number
        assert number is not None
        try:
            reply = process.pipe.recv_bytes()
        except (EOFError, OSError):
            ended = process.end(GRACE_SECONDS)
            self._processes[i] = _Process()
            return Answer(number, ended=ended)
        process.number = None
        return as_answer(number, reply)


class _Process:
    """One worker. number: of what it works on, None where it is free."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, its_own = context.Pipe()
        self._process = context.Process(target=_serve, args=(its_own,), name="edge-sast worker", daemon=True)
        with _no_interrupts():
            self._process.start()
        its_own.close()  # then its end is the pipe's end
        self.number: int | None = None
        self._work: bytes | None = None

    def give(self, number: int, work: bytes, items: bytes) -> None:
        """Raises OSError where it is gone."""
        self.number = number
        if self._work is not work:
            self.pipe.send_bytes(b"w")
            self.pipe.send_bytes(work)
            self._work = work
        self.pipe.send_bytes(b"i")
        self.pipe.send_bytes(items)

    def ask_to_end(self) -> None:
        self.pipe.close()
        self._process.terminate()

    def end(self, seconds: float) -> str:
        """Wait so long, then kill it; how it ended."""
        self.pipe.close()
        self._process.join(seconds)
        self._process.kill()
        self._process.join()
        code = self._process.exitcode or 0
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """A terminal's Ctrl-C goes to every process of a command; a worker started here leaves it to this one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    """What a worker does until its pipe ends. A polite kill is an interruption, which takes unfinished files away."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  a warning would come once from each worker
    packed, work = b"", None  # unpacked with the first items: only to those is there an answer
    with suppress(EOFError, OSError, KeyboardInterrupt), kill_interrupts():
        while True:
            kind, message = pipe.recv_bytes(), pipe.recv_bytes()
            if kind == b"w":
                packed, work = message, None
                continue
            try:
                work = work or unpack(packed)
                reply = answer(work, message)
            except Exception as error:
                reply = refusal(error)
            pipe.send_bytes(reply)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)  # compiled code looks at no signal before it returns
    os._exit(130)
