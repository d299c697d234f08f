"""A build folder's C against the runtime, on this computer or an emulated core: exact, or the first difference."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from tqdm import tqdm

from edge_sast.events.binned import BinnedEvents
from edge_sast.parity.compare import Comparison, compare
from edge_sast.parity.device_trace import DeviceRecording, trace_format
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.parity.rows import answer_rows, compare_device
from edge_sast.report.steps import steps_figures
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import recording_bytes, step_bytes
from firmware_gen.build.opened import Build, open_build
from firmware_gen.emulator import build as emulator
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.compiler import DEFAULT_FLAGS
from firmware_gen.toolchain.cores import DEFAULT as DEFAULT_CORE
from firmware_gen.toolchain.cores import NAMES as CORE_NAMES
from firmware_gen.toolchain.cores import find_core
from firmware_gen.toolchain.cross import usual_toolchain
from firmware_gen.verify.host import host_program, run_recordings

HOST = "host"
TARGETS = (HOST, *CORE_NAMES)
Traces = Generator[DeviceRecording, None, None]


@dataclass(frozen=True)
class VerifyReport:
    """samples and steps compared, values that differed, and the first of them (None: all agree).

    target: host, or the emulated core. toolchain: what compiled for that core; None on the host.
    steps_per_sample: steps_figures, of a model that answers early.
    """

    target: str
    samples: int
    steps: int
    mismatches: int
    first_mismatch: Mismatch | None
    toolchain: str | None = None
    steps_per_sample: dict[str, Any] | None = field(default=None, kw_only=True)

    def figures(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        found = asdict(self)
        if self.steps_per_sample is None:
            del found["steps_per_sample"]
        return found


def verify_host(
    build_dir: str | os.PathLike[str],
    binned: BinnedEvents | None = None,
    *,
    edited: bool = False,
    flags: Sequence[str] = DEFAULT_FLAGS,
    progress: bool = False,
) -> VerifyReport:
    """Compile the folder's C on this computer and replay its known answers, then `binned` where it is given.

    Every membrane, spike, counter, CRC and output of every step is compared with the runtime, with an observer and
    without one; the stored answers as well.

    Raises:
        EdgeSastError: see open_build; no compiler; recordings binned in another way than the model wants.
        CheckFailedError: the C program stopped or hung.
    """
    build = open_build(build_dir, edited)
    simulator = Simulator(build.model)
    form = trace_format(build.model, simulator.layers)

    with host_program(build.folder, _files(build, edited), flags) as program:

        def run(recordings: BinnedEvents) -> Traces:
            streams = (recording_bytes(step_bytes(recordings, i)) for i in range(len(recordings)))
            return run_recordings(program, build.model, form, streams, recordings.sources)

        return _compare_all(HOST, None, build, simulator, binned, run, progress)


def verify_emulated(
    build_dir: str | os.PathLike[str],
    binned: BinnedEvents | None = None,
    *,
    on: str = DEFAULT_CORE,
    toolchain: str | None = None,
    edited: bool = False,
    flags: Sequence[str] = emulator.DEFAULT_FLAGS,
    progress: bool = False,
) -> VerifyReport:
    """The same with the C compiled for core `on` (see emulator/cores.py) and run on that core, emulated.

    toolchain: gcc or zig; None is gcc where that of the core is installed, else zig.

    Raises:
        EdgeSastError: see open_build; no such core or toolchain; unicorn, ziglang or another compiler is missing.
        CheckFailedError: the program faulted or hung.
    """
    core = find_core(on)
    toolchain = toolchain or usual_toolchain(core.family)
    build = open_build(build_dir, edited)
    simulator = Simulator(build.model)
    form = trace_format(build.model, simulator.layers)
    files, name = _files(build, edited), build.manifest.name
    image = emulator.build_image(build.folder, files, name, core, toolchain, flags)
    network = EmulatedNetwork(image, core, build.model, form)

    def run(recordings: BinnedEvents) -> Traces:
        for i in range(len(recordings)):
            yield network.record(step_bytes(recordings, i))

    return _compare_all(core.name, toolchain, build, simulator, binned, run, progress)


def _compare_all(
    target: str,
    toolchain: str | None,
    build: Build,
    simulator: Simulator,
    binned: BinnedEvents | None,
    run: Callable[[BinnedEvents], Traces],
    progress: bool,
) -> VerifyReport:
    """Stored answers, known answers and `binned` through `run`."""
    tally = stored_answers(build, simulator)
    sets = [build.answers.recordings] + ([binned] if binned is not None else [])
    for recordings in sets:
        _replay(run(recordings), simulator, recordings, tally, progress)
    samples = sum(len(recordings) for recordings in sets)
    early = None
    if build.model.early_margin is not None:
        early = steps_figures(tally.steps, build.model.binning.steps)
    return VerifyReport(
        target, samples, sum(tally.steps), tally.mismatches, tally.first, toolchain, steps_per_sample=early
    )


def _files(build: Build, edited: bool) -> list[str]:
    """The exported files, or of an edited folder those that lie there now: a kernel may have got a file of its own."""
    if not edited:
        return list(build.manifest.files)
    return [path.relative_to(build.folder).as_posix() for path in build.folder.rglob("*") if path.is_file()]


def _replay(
    traces: Traces, simulator: Simulator, recordings: BinnedEvents, tally: Tally, progress: bool
) -> None:
    """All recordings through both, one at a time: traces of a whole data set would not fit memory."""
    model, names = simulator.model, recordings.sources
    # disable=None shows the bar on terminals only.
    bar = tqdm(total=len(recordings), desc="verify", unit=" recordings", disable=None if progress else True)
    with bar, closing(traces):
        for i, got in enumerate(traces):
            expected = simulator.trace(recordings, i)
            tally.add(compare_device(model, expected, got, Place(i, names[i])))
            tally.steps.append(len(expected.crcs))
            bar.update()


@dataclass
class Tally:
    """Values that differ, and the first of them; steps compared of each recording."""

    mismatches: int = 0
    first: Mismatch | None = None
    steps: list[int] = field(default_factory=list)

    def add(self, found: Comparison) -> None:
        self.mismatches += found.mismatches
        self.first = self.first or found.first


def stored_answers(build: Build, simulator: Simulator) -> Tally:
    """The known answers as stored, against this runtime's: they must not have aged."""
    tally = Tally()
    for i, source in enumerate(build.answers.recordings.sources):
        expected, stored = simulator.trace(build.answers.recordings, i), build.answers.of(i)
        crcs = build.answers.crcs[i]
        rows = answer_rows(expected, stored, len(crcs), crcs)
        tally.add(compare(simulator.layers, rows, Place(i, f"{source} as stored")))
    return tally
