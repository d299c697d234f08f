"""A folder's Verilog against the runtime, simulated: exact, or the first difference."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import MAX_STEPS
from edge_sast.model.model import Model
from edge_sast.parity.compare import Row, compare
from edge_sast.parity.core_trace import CoreFormat, CoreRecording, core_format, parse_core
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import observed_rows
from edge_sast.report.steps import steps_figures
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.build.opened import Build, open_build
from firmware_gen.fpga.netlist import NETLISTS, fastest_simulator, netlist_of
from firmware_gen.fpga.runs import PATIENCE, disturbed_bytes, is_observed, undisturbed_bytes
from firmware_gen.fpga.simulate import SIMULATORS, Simulation, simulation
from firmware_gen.fpga.tables import parameter
from firmware_gen.rtl_gen.target import TARGET
from firmware_gen.verify.program import Program, run_program
from firmware_gen.verify.verify import Tally, VerifyReport, stored_answers

TARGETS = (*SIMULATORS, *NETLISTS)
RTL = "rtl"
SEED = 1  # of the disturbances: the same ones at every call
# Icarus takes minutes for a recording on a busy machine. A core that stands still is told by its bench, by its clock.
SIMULATION_TIMEOUT_S = 4 * 3600
HEADER = b"SASTCORE" + (3).to_bytes(4, "little")


@dataclass(frozen=True)
class CoreReport(VerifyReport):
    """Beside a VerifyReport, whose toolchain is what made and simulated a netlist, of the undisturbed runs in the mean:

    cycles: of the steps, as the core counts them: no waiting for events. clocks: from the first event to the answer.
    Both of a recording, or in running state of as many steps as the model has.
    model_hash, lanes: of the export, by which 'fpga report --verified' knows its own.
    """

    cycles: float = 0.0
    clocks: float = 0.0
    model_hash: str = ""
    lanes: int = 0


@dataclass(frozen=True)
class Core:
    """A simulated core and its model."""

    simulation: Simulation
    title: str
    simulator: Simulator
    form: CoreFormat

    @classmethod
    def of(cls, simulated: Simulation, title: str, model: Model, running: bool = False) -> Core:
        simulator = Simulator(model)
        return cls(simulated, title, simulator, core_format(model, simulator.layers, running))

    def run(self, streams: Iterator[bytes], names: list[str]) -> Generator[CoreRecording, None, None]:
        """One answer for each name; a stream may hold runs that are abandoned, and ends with one that is whole."""
        program = Program(
            self.simulation.command,
            self.title,
            HEADER,
            "its bench is another version's; verify with the edge-sast that is installed here",
            "a folder (TMPDIR) must be able to hold programs",
            self.simulation.folder,
            silent=True,
            timeout_s=SIMULATION_TIMEOUT_S,
        )
        with closing(run_program(program, self.form.whole.itemsize, streams, names)) as answers:
            for data in answers:
                yield parse_core(self.form, data)


def _is_running(build: Build) -> bool:
    """Whether its core is in running state."""
    return parameter(build.folder / RTL, "RUNNING") != 0


def check_running(build: Build) -> None:
    """Raises EdgeSastError for a core that is not in running state, as one that is given a stream must be."""
    if not _is_running(build):
        raise EdgeSastError(
            f"{build.folder}: its core begins anew after {build.model.binning.steps} steps, and a stream does not; "
            "export it again with --running"
        )


def verify_core(
    build_dir: str | os.PathLike[str],
    binned: BinnedEvents | None = None,
    stream: BinnedEvents | None = None,
    *,
    on: str,
    toolchain: str | None = None,
    edited: bool = False,
    progress: bool = False,
    seed: int = SEED,
) -> CoreReport:
    """Simulate the folder's core and replay its known answers, then `binned` where it is given.

    on: one of TARGETS. toolchain: whose Yosys makes a netlist, see find_yosys. Every membrane, spike, counter, CRC and
    output of every step is compared with the runtime, twice: undisturbed, and with gaps and back-pressure on all
    streams, after attempts that clear or a reset ended in the middle, every other recording without its CRCs. seed: of
    those disturbances. A core in running state gets each recording twice in a row, without a clear between the two;
    and `stream`, one recording of any number of steps.

    Raises:
        EdgeSastError: see open_build; no such simulator, no Yosys; recordings binned in another way than the model
            wants; a stream for a core that is not in running state.
        CheckFailedError: the simulated core stopped, hung, or broke a rule of its streams.
    """
    build = open_build(build_dir, edited, TARGET)
    sets = [build.answers.recordings] + ([binned] if binned is not None else [])
    tally, tallies = stored_answers(build, Simulator(build.model)), []
    running = _is_running(build)
    if stream is not None:
        check_running(build)
    if running:
        sets = [twice(recordings) for recordings in sets] + ([stream] if stream is not None else [])
    with _simulated(build.folder / RTL, on, toolchain) as (simulated, made_with):
        for recordings in sets:
            core = Core.of(simulated, on, replace(build.model, binning=recordings.binning), running)
            tallies.append(compare_core(core, recordings, tally, seed, progress))
    samples = sum(len(recordings) for recordings in sets)
    length, early = build.model.binning.steps, build.model.early_margin is not None
    whole = sum(tally.steps) / length if running else samples
    cycles, clocks = (sum(column) / max(whole, 1) for column in zip(*tallies, strict=True))
    return CoreReport(
        on,
        samples,
        sum(tally.steps),
        tally.mismatches,
        tally.first,
        made_with,
        cycles,
        clocks,
        build.manifest.model_hash,
        parameter(build.folder / RTL, "P"),
        steps_per_sample=steps_figures(tally.steps, length) if early else None,
    )


def twice(recordings: BinnedEvents) -> BinnedEvents:
    """Each followed by itself, as one recording; as they are where these would be too long."""
    grid = recordings.binning
    if 2 * grid.steps > MAX_STEPS:
        return recordings
    pairs = recordings.select(np.repeat(np.arange(len(recordings)), 2))
    kept = ("labels", "classes", "sources", "dropped")
    return BinnedEvents(
        replace(grid, steps=2 * grid.steps),
        pairs.indices,
        pairs.counts,
        pairs.step_ptr,
        **{name: getattr(recordings, name) for name in kept},
    )


@contextmanager
def _simulated(rtl: Path, on: str, toolchain: str | None) -> Iterator[tuple[Simulation, str | None]]:
    """The program, and of a netlist what made and simulates it."""
    if on in SIMULATORS:
        with simulation(rtl, on) as simulated:
            yield simulated, None
        return
    simulator = fastest_simulator()
    with (
        netlist_of(rtl, on, toolchain) as netlist,
        simulation(rtl, simulator, "-O1", netlist=netlist.files) as simulated,
    ):
        yield simulated, f"Yosys {netlist.yosys}, {simulator}"


def compare_core(
    core: Core, recordings: BinnedEvents, tally: Tally, seed: int = SEED, progress: bool = False
) -> tuple[int, int]:
    """Every recording, undisturbed and disturbed; differences go to `tally`. Returns all cycles and all clocks."""
    cycles = clocks = 0
    names = [name for source in recordings.sources for name in (source, f"{source}, disturbed")]
    bar = tqdm(total=len(recordings), desc="verify", unit=" recordings", disable=None if progress else True)
    with bar, closing(core.run(_streams(core, recordings, seed), names)) as answers:
        for i in range(len(recordings)):
            expected = core.simulator.trace(recordings, i)
            plain, disturbed = next(answers), next(answers)
            _add(core, tally, expected, plain, Place(i, names[2 * i]))
            _add(core, tally, _as_disturbed(expected, i), disturbed, Place(i, names[2 * i + 1]))
            tally.steps.append(len(expected.crcs))
            cycles += int(plain.cycles.sum(dtype=np.int64))
            clocks += plain.clocks
            bar.update()
        for _ in answers:  # none: the end of the program is looked at
            pass
    return cycles, clocks


def _streams(core: Core, recordings: BinnedEvents, seed: int) -> Iterator[bytes]:
    for i in range(len(recordings)):
        yield undisturbed_bytes(core.form, recordings, i, PATIENCE)
        yield disturbed_bytes(core.form, recordings, i, seed)


def _answer_rows(expected: Trace, answers: NDArray[np.void]) -> list[Row]:
    """Of the answers after each step: the read-out's membranes, their largest, and the step's counters."""
    outputs = expected.membranes[:, expected.layers[-1].start :]
    return [
        Row("output told", outputs, answers["outputs"], ("step", "class")),
        Row("class told", outputs.argmax(axis=1), answers["answer"], ("step",)),
        Row("synops told", expected.synops, answers["totals"][:, :, 0], ("step", "layer")),
        Row("spikes told", expected.spike_counts, answers["totals"][:, :, 1], ("step", "layer")),
    ]


def _as_disturbed(expected: Trace, recording: int) -> Trace:
    """A core that is not observed gives 0 for every CRC."""
    return expected if is_observed(recording) else replace(expected, crcs=np.zeros_like(expected.crcs))


def _add(core: Core, tally: Tally, expected: Trace, got: CoreRecording, place: Place) -> None:
    rows = [*observed_rows(expected, got.device), Row("event error", 0, int(got.error))]
    if core.form.running:
        rows += _answer_rows(expected, got.answers)
    tally.add(compare(core.simulator.layers, rows, place))
