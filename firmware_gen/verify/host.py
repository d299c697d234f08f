"""The generated C as a program on this computer: compiled once, fed recordings, its traces read back."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.parity.device_trace import DeviceRecording, TraceFormat, parse_recording
from firmware_gen.toolchain.compiler import DEFAULT_FLAGS, compile_program
from firmware_gen.verify.program import Program, run_program

MAGIC = b"SASTHOST"
VERSION = 2
OTHER_MODEL = "it was built for another model or version; export the build again"
NO_START = "CC must make programs for this computer, in a folder (TMPDIR) that may hold them"


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
    host = Program((str(program),), "host program", header, OTHER_MODEL, NO_START)
    with closing(run_program(host, form.recording_bytes, streams, names)) as answers:
        for data in answers:
            yield parse_recording(form, data)
