"""A program that reads recordings and writes their traces: started, fed, read back, never waited for without end."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge_sast.errors import CheckFailedError, EdgeSastError

RECORDING_TIMEOUT_S = 120  # one recording of the largest networks takes seconds; a hang must end


@dataclass(frozen=True)
class Program:
    """A command and how to speak of it.

    title: what messages call it. header: what its output begins with. remedy: what to do where it begins otherwise.
    start: what must hold for it to start. folder: where it runs; None: here. silent: it has nothing to say on standard
    error; whatever it says there is a failure. timeout_s: longest wait for a recording; None: RECORDING_TIMEOUT_S.
    """

    command: tuple[str, ...]
    title: str
    header: bytes
    remedy: str
    start: str
    folder: Path | None = None
    silent: bool = False
    timeout_s: float | None = None

    @property
    def patience_s(self) -> float:
        return RECORDING_TIMEOUT_S if self.timeout_s is None else self.timeout_s


def run_program(
    program: Program, size: int, streams: Iterable[bytes], names: Sequence[str]
) -> Generator[bytes, None, None]:
    """What the program makes of every recording, `size` bytes each, in order, one at a time.

    streams: the recordings, taken as the program needs them, in a thread. names: of the recordings, for messages.

    Raises:
        EdgeSastError: the program cannot be started.
        CheckFailedError: it stops early, hangs, complains, or was built for something else.
        Whatever `streams` raises.
    """
    failed: list[BaseException] = []
    with tempfile.TemporaryFile() as messages:
        process = _start(program, messages)
        feeder = threading.Thread(target=_feed, args=(process.stdin, streams, failed), daemon=True)
        talk = _Talk(program, process, messages)
        try:
            feeder.start()
            if talk.take(len(program.header), "its start") != program.header:
                raise CheckFailedError(f"{program.title}: {program.remedy}")
            for name in names:
                yield talk.take(size, name)
            talk.check_end()
        except CheckFailedError:
            process.kill()
            feeder.join()
            if failed:  # the program had no more to read
                raise failed[0] from None
            raise
        finally:
            process.kill()
            process.wait()
            if threading.current_thread() is not feeder:  # where the garbage collector ends what was left
                feeder.join()
            process.stdout.close()  # type: ignore[union-attr]  # PIPE was asked for


def _start(program: Program, messages: IO[bytes]) -> subprocess.Popen:
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(program.command, stdin=pipe, stdout=pipe, stderr=messages, cwd=program.folder)
    except OSError as error:
        raise EdgeSastError(
            f"{program.command[0]}: the compiled program cannot be started: {error.strerror or error}; {program.start}"
        ) from error


def _feed(stream: IO[bytes], streams: Iterable[bytes], failed: list[BaseException]) -> None:
    """Writes all recordings; in its own thread, so that neither side waits for the other's full pipe.

    failed: gets what `streams` raises.
    """
    try:
        with stream:
            for data in streams:
                stream.write(data)
    except OSError:
        pass  # the program ended: the reading side finds out and says why
    except BaseException as error:
        failed.append(error)


@dataclass(frozen=True)
class _Talk:
    program: Program
    process: subprocess.Popen
    messages: IO[bytes]

    def take(self, size: int, what: str) -> bytes:
        """Exactly `size` bytes of the program's output."""
        data, in_time = self._read(size)
        if len(data) == size:
            self._check_silence(what)
            return data
        if not in_time:
            raise CheckFailedError(
                f"{self.program.title}: no answer for {what} after {self.program.patience_s:g} s"
            )
        code = self.process.wait()
        raise CheckFailedError(
            f"{self.program.title}: stopped with exit code {code} at {what}: {self._said() or 'no message'}"
        )

    def check_end(self) -> None:
        """After the last recording: nothing more to read, and a clean exit (a sanitizer may complain only then)."""
        more, _ = self._read(-1)
        code = self.process.wait()
        self._check_silence("its end")
        if more or code != 0:
            raise CheckFailedError(
                f"{self.program.title}: ended with exit code {code} and {len(more)} bytes too many after the last "
                "recording"
            )

    def _read(self, size: int) -> tuple[bytes, bool]:
        """Up to `size` bytes (-1: all), and whether the program gave them, or ended, in time."""
        watchdog = threading.Timer(self.program.patience_s, self.process.kill)
        watchdog.start()
        try:
            data = self.process.stdout.read(size)  # type: ignore[union-attr]  # PIPE was asked for
            if size < 0:
                self.process.wait()
        finally:
            in_time = watchdog.is_alive()
            watchdog.cancel()
        return bytes(data), in_time

    def _check_silence(self, what: str) -> None:
        if self.program.silent and os.fstat(self.messages.fileno()).st_size:
            self.process.kill()
            self.process.wait()  # it must not write where _said reads
            raise CheckFailedError(f"{self.program.title}: complains at {what}: {self._said()}")

    def _said(self) -> str:
        """The first line that tells of an error, or the first."""
        self.messages.seek(0)
        lines = self.messages.read().decode(errors="replace").strip().splitlines()
        return next((line for line in lines if "error" in line.lower()), lines[0] if lines else "").strip()
