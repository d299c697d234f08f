"""The generated C as a program on this computer: compiled once, fed recordings, its traces read back."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.parity.device_trace import DeviceRecording, TraceFormat, parse_recording
from firmware_gen.toolchain.compiler import DEFAULT_FLAGS, compile_program

MAGIC = b"SASTHOST"
VERSION = 2
RECORDING_TIMEOUT_S = 120  # one recording of the largest networks takes seconds; a hang must end


@contextmanager
def host_program(build: Path, files: Sequence[str], flags: Sequence[str] = DEFAULT_FLAGS) -> Iterator[Path]:
    """A build folder's host program, compiled in a temporary folder. files: the folder's, relative."""
    build = build.absolute()  # a relative path might begin like an option
    names = [name for name in sorted(files) if name.endswith(".c") and name.startswith(("src/", "host/"))]
    sources = [build / name for name in names]
    if not sources:
        raise EdgeSastError(f"{build}: has 0 C sources; export it again with --target c")
    with tempfile.TemporaryDirectory(prefix="edge-sast-host-") as folder:
        program = Path(folder) / "sast_host"
        compile_program(sources, [build / "include", build / "host"], program, flags)
        yield program


def run_recordings(
    program: Path, model: Model, form: TraceFormat, streams: Iterable[bytes], names: Sequence[str]
) -> Generator[DeviceRecording, None, None]:
    """What the C makes of every recording, in order, one at a time.

    streams: each recording as event_bytes.recording_bytes gives it, taken as the program needs them, in a thread.
    names: of the recordings, for messages.

    Raises:
        EdgeSastError: the program cannot be started.
        CheckFailedError: it stops early, hangs, or was built for another model.
    """
    header = MAGIC + VERSION.to_bytes(4, "little") + bytes.fromhex(model_hash(model))
    with tempfile.TemporaryFile() as messages:
        process = _start(program, messages)
        feeder = threading.Thread(target=_feed, args=(process.stdin, streams), daemon=True)
        try:
            feeder.start()
            if _take(process, len(header), "its start", messages) != header:
                raise CheckFailedError(
                    "host program: it was built for another model or version; export the build again"
                )
            for name in names:
                yield parse_recording(form, _take(process, form.recording_bytes, name, messages))
            _check_end(process)
        finally:
            process.kill()
            process.wait()
            feeder.join()
            process.stdout.close()  # type: ignore[union-attr]  # PIPE was asked for


def _start(program: Path, messages: IO[bytes]) -> subprocess.Popen:
    try:
        return subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages
        )
    except OSError as error:
        raise EdgeSastError(
            f"{program}: the compiled program cannot be started: {error.strerror or error}; CC must make programs "
            "for this computer, in a folder (TMPDIR) that may hold them"
        ) from error


def _feed(stream: IO[bytes], streams: Iterable[bytes]) -> None:
    """Writes all recordings; in its own thread, so that neither side waits for the other's full pipe."""
    try:
        with stream:
            for data in streams:
                stream.write(data)
    except OSError:
        pass  # the program ended: the reading side finds out and says why


def _check_end(process: subprocess.Popen) -> None:
    """After the last recording: nothing more to read, and a clean exit (a sanitizer may complain only then)."""
    watchdog = threading.Timer(RECORDING_TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        more = process.stdout.read()  # type: ignore[union-attr]  # PIPE was asked for
        code = process.wait()
    finally:
        watchdog.cancel()
    if more or code != 0:
        raise CheckFailedError(
            f"host program: ended with exit code {code} and {len(more)} bytes too many after the last recording"
        )


def _take(process: subprocess.Popen, size: int, what: str, messages: IO[bytes]) -> bytes:
    """Exactly `size` bytes of the program's output."""
    watchdog = threading.Timer(RECORDING_TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        data = process.stdout.read(size)  # type: ignore[union-attr]  # PIPE was asked for
    finally:
        alive = watchdog.is_alive()
        watchdog.cancel()
    if len(data) == size:
        return bytes(data)
    if not alive:
        raise CheckFailedError(f"host program: no answer for {what} after {RECORDING_TIMEOUT_S} s")
    code = process.wait()
    messages.seek(0)
    said = messages.read().decode(errors="replace").strip().splitlines()
    said = [line for line in said if "error" in line.lower()] or said or ["no message"]
    raise CheckFailedError(f"host program: stopped with exit code {code} at {what}: {said[0].strip()}")
