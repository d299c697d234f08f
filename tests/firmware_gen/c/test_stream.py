"""Live streams: any bursts, any pauses, any order inside a step; the same bits as recordings."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import Recording
from edge_sast.events.to_bins import bin_recording
from edge_sast.model.layers import Lif
from edge_sast.model.model import Model
from edge_sast.model.running import forgets, running_model
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.stream import EventStream
from tests.firmware_gen.builds import (
    PROGRAMS,
    SANITIZED,
    STRICT,
    compile_c,
    everything_model,
    export,
    library_sources,
    small_model,
)
from tests.firmware_gen.stream_oracle import BACK_TO_BACK, ON_EVENT, RUNNING, WRAP, StreamOracle
from tests.programs import limited
from tests.strategies import binned_recordings

pytestmark = pytest.mark.needs("gcc")

FURTHEST = (1 << 31) - 1


def fast_model(seed: int = 3) -> Model:
    """Steps of 1 µs, six of them; its read-out counts spikes."""
    return replace(small_model(seed), binning=replace(small_model().binning, dt_us=1, steps=6))


SIX_STEPS = replace(everything_model().binning, steps=6)
MODELS = {
    "everything": everything_model(),
    "fast": fast_model(),
    "fast, read out with a leak": running_model(fast_model(), 2),
    "fast, early": replace(fast_model(4), early_margin=2),
    "six steps, early": replace(everything_model(), binning=SIX_STEPS, early_margin=6),
}


def never_forgets() -> dict[str, Model]:
    """Read-outs of every form in the C that running state must refuse."""
    model = everything_model()
    (conv, *middle, last), neuron = model.layers, model.layers[-1].neuron
    integrators = [replace(neuron, leak_shifts=(), state_bits=bits) for bits in (12, 24)]
    counts = Lif([5, 5, 5], [0, 0, 0], [0, 0, 0], (2,), "zero", 10)
    read_outs = dict(
        zip(("narrow integrator", "wide integrator", "narrow lif"), [*integrators, counts], strict=True)
    )
    return {
        name: replace(model, layers=(conv, *middle, replace(last, neuron=neuron)))
        for name, neuron in read_outs.items()
    } | {"wide lif": small_model()}


@dataclass(frozen=True)
class Program:
    """The compiled programs/stream.c for one model, waiting for cases."""

    model: Model
    process: subprocess.Popen

    def run(self, case: list[str]) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        lines = []
        with limited(self.process):
            self.process.stdin.write("\n".join([*case, "end\n"]))
            self.process.stdin.flush()
            while (line := self.process.stdout.readline()) not in (".\n", ""):
                lines.append(line.rstrip())
        assert line == ".\n", self.process.stderr.read() if self.process.stderr else ""
        return lines


@pytest.fixture(scope="module", params=sorted(MODELS))
def program(request, sanitized_library, tmp_path_factory):
    with started(MODELS[request.param], sanitized_library, tmp_path_factory.mktemp("stream")) as found:
        yield found


@contextmanager
def started(model: Model, sanitized_library: Path, folder: Path) -> Iterator[Program]:
    build = export(model, folder / "build", count=1)
    path = build / "stream"
    flags = [*(flag for flag in STRICT if flag != "-Werror"), *SANITIZED[1:]]
    own = model.early_margin is not None  # has another library
    library = library_sources(build) if own else [sanitized_library]
    sources = [PROGRAMS / "stream.c", build / "src" / "a_model.c", *library]
    compile_c(flags, sources, path, build / "include")
    pipe = subprocess.PIPE
    with subprocess.Popen([str(path)], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        yield Program(model, process)
        with limited(process):
            process.stdin.close()
            assert process.wait() == 0, process.stderr.read()


Event = tuple[int, int, int, int]  # t (never wrapping), x, y, polarity


@dataclass(frozen=True)
class Case:
    """A stream and what is done with it: ("push", events) or (verb, time)."""

    lanes: int
    windows: int
    reach: int
    calls: list[tuple[str, list[Event] | int]]

    def text(self) -> list[str]:
        lines = [f"init {self.lanes} {self.windows} {self.reach}"]
        for verb, value in self.calls:
            if isinstance(value, int):
                lines.append(verb if verb in ("result", "restart") else f"{verb} {value % WRAP}")
            else:
                lines.append(f"push {len(value)}")
                lines += [f"{t % WRAP} {x} {y} {p}" for t, x, y, p in value]
        return lines

    def expected(self, model: Model) -> list[str]:
        oracle = StreamOracle(model, self.lanes, self.windows, self.reach)
        for verb, value in self.calls:
            if not isinstance(value, int):
                for event in value:
                    oracle.push(*event)
            elif verb in ("result", "restart"):
                getattr(oracle, verb)()
            else:
                getattr(oracle, verb)(value)
        return oracle.lines()


@st.composite
def events(draw: st.DrawFn, model: Model, clock: int, reach: int, faults: bool) -> list[Event]:
    """A burst that begins at `clock`; with faults: times that go back or jump, places outside."""
    grid, rng = model.binning, np.random.default_rng(draw(st.integers(0, WRAP - 1)))
    n = draw(st.sampled_from([0, 1, 2, 7, 40]))
    most = draw(st.sampled_from([1, grid.dt_us // 4 + 1, grid.dt_us, 3 * grid.dt_us]))
    t = clock + np.cumsum(rng.integers(0, most, n, endpoint=True))
    x, y = (rng.integers(0, size, n) for size in (grid.sensor_width, grid.sensor_height))
    p = rng.integers(0, 2, n)
    if faults and n:
        t += rng.choice([0, 0, 0, -1, -grid.dt_us, -2 * grid.dt_us], n)
        x += rng.choice([0, 0, 0, 0, grid.sensor_width], n)
        p += rng.choice([0, 0, 0, 0, 0, 2], n)
        if draw(st.booleans()):
            t[n // 2 :] += draw(st.sampled_from([1, -1])) * draw(
                st.sampled_from([reach // 2, reach + 7 * grid.dt_us])
            )
    return list(zip(t.tolist(), x.tolist(), y.tolist(), p.tolist(), strict=True))


@st.composite
def cases(draw: st.DrawFn, model: Model, faults: bool = True) -> Case:
    grid = model.binning
    running = [RUNNING, RUNNING] if forgets(model) and model.early_margin is None else []
    windows = draw(st.sampled_from([BACK_TO_BACK, ON_EVENT, *running]))
    divisors = [k for k in range(1, grid.steps + 1) if grid.steps % k == 0]
    lanes = draw(st.sampled_from(divisors)) if windows == BACK_TO_BACK else 1
    reach = draw(st.sampled_from([1, 5, 20])) * grid.dt_us if faults else 1000 * grid.dt_us
    clock = draw(st.sampled_from([0, 5, WRAP - 2 * grid.dt_us, WRAP - 1, 3 * WRAP // 4]))
    calls: list[tuple[str, list[Event] | int]] = []
    verbs = ["push", "push", "push", "advance", "result", *(["restart", "start", "behind"] if faults else [])]
    for _ in range(draw(st.integers(1, 12))):
        verb = draw(st.sampled_from(verbs))
        if verb == "push":
            burst = draw(events(model, clock, reach, faults))
            clock = burst[-1][0] if burst else clock
            calls.append(("push", burst))
        else:
            clock += draw(st.sampled_from([0, 1, grid.dt_us, 3 * grid.dt_us]))
            wrong = draw(st.sampled_from([0, 0, 0, -grid.dt_us, -reach - 1, -3 * reach, 2 * reach]))
            calls.append((verb, clock + wrong if faults and verb == "advance" else clock))
    return Case(lanes, windows, reach, calls)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_call_does_what_the_oracle_says(program, data):
    case = data.draw(cases(program.model))
    assert program.run(case.text()) == case.expected(program.model)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bursts_and_the_order_inside_a_step_change_nothing(program, data):
    case = data.draw(cases(program.model, faults=False))
    whole = [event for verb, value in case.calls if verb == "push" for event in value]
    start = whole[0][0] if whole else 0
    end = whole[-1][0] + 5 * program.model.binning.dt_us if whole else 0
    rng = np.random.default_rng(data.draw(st.integers(0, WRAP - 1)))
    # Windows on event begin with their first event: there, only bursts may differ.
    mixed = [
        whole[i]
        for i in sorted(
            range(len(whole)),
            key=lambda i: (
                (whole[i][0] - start) // program.model.binning.dt_us,
                rng.random() if case.windows == BACK_TO_BACK and whole[i][0] > start else 0,
            ),
        )
    ]
    cuts = np.sort(rng.integers(0, len(whole), 5, endpoint=True)).tolist()
    bursts = [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    one = replace(case, calls=[("push", whole), ("advance", end)])
    many = replace(case, calls=[*(("push", burst) for burst in bursts), ("advance", end)])
    assert program.run(one.text()) == program.run(many.text())


def recording_lines(model: Model, recording: Recording) -> list[str]:
    """What edge_sast's own binning and runtime make of the windows of a stream, each a recording of its own."""
    lines, grid, events = [], model.binning, recording.events
    while len(events):
        window = events[events["t"] < events["t"][0] + grid.steps * grid.dt_us]
        cut = bin_recording(replace(recording, events=window), grid)
        sources = ("window",)
        whole = BinnedEvents(
            grid,
            cut.indices,
            cut.counts,
            cut.step_ptr,
            np.zeros(1, np.int64),
            model.classes,
            sources,
            np.zeros(1, np.int64),
        )
        trace = Simulator(model).trace(whole, 0)
        lines += [f"step / {i + 1} {crc:08x}" for i, crc in enumerate(trace.crcs)]
        start = int(events["t"][0])
        told = ("result", start % WRAP, grid.steps, 0, trace.prediction, *trace.outputs)
        lines.append(" ".join(map(str, told)))
        events = events[len(window) :]
    return lines


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_windows_on_event_are_recordings(program, data):
    if program.model.early_margin is not None:
        pytest.skip("its windows last on when their recordings are over")
    recording = data.draw(binned_recordings(program.model.binning))
    grid = program.model.binning
    stream = [(int(e["t"]), int(e["x"]), int(e["y"]), int(e["p"])) for e in recording.events]
    bursts = [stream[i : i + 7] for i in range(0, len(stream), 7)]
    end = (stream[-1][0] if stream else 0) + grid.steps * grid.dt_us
    calls = [*(("push", burst) for burst in bursts), ("advance", end)]
    case = Case(1, ON_EVENT, FURTHEST, calls)
    assert program.run(case.text())[:-1] == recording_lines(program.model, recording)


def test_a_pause_of_an_hour_between_windows_on_event(program):
    """The clock wraps unseen; advance keeps the end of the last window from being taken for the present."""
    grid = program.model.binning
    end = 10 + grid.steps * grid.dt_us
    pause = [("advance", end + i * (1 << 30)) for i in range(5)]
    again = end + 5 * (1 << 30) - (1 << 30) - 1
    calls = [("push", [(10, 0, 0, 1)]), *pause, ("push", [(again, 0, 0, 1)]), ("advance", again + grid.dt_us)]
    case = Case(1, ON_EVENT, 20 * grid.dt_us, calls)
    lines = program.run(case.text())
    assert lines == case.expected(program.model)
    assert lines[-1] == "counts 1 0 0 0"


def test_running_state_goes_on(program):
    """Far beyond the steps of a recording; begins anew only behind a jump of time."""
    if not forgets(program.model) or program.model.early_margin is not None:
        pytest.skip("its read-out never forgets, or it answers early")
    dt_us, steps = program.model.binning.dt_us, program.model.binning.steps
    events = [(10 + i * dt_us // 2, i % 4, i % 3, i % 2) for i in range(20 * steps)]
    later = 10 + 1000 * steps * dt_us
    calls = [("push", events), ("push", [(later, 1, 1, 1)]), ("advance", later + dt_us), ("result", 0)]
    case = Case(1, RUNNING, 20 * dt_us, calls)
    lines = program.run(case.text())
    assert lines == case.expected(program.model)
    assert lines[-1] == f"counts {10 * steps} 0 0 1"
    results = [line.split()[1:4] for line in lines if line.startswith("result")]
    assert [int(row[1]) for row in results] == [*range(1, 10 * steps), 1, 1]
    assert [int(row[0]) for row in results] == [10] * (10 * steps - 1) + [later] * 2


@pytest.mark.parametrize("name", never_forgets())
def test_running_state_wants_a_read_out_that_forgets(sanitized_library, tmp_path, name):
    model = never_forgets()[name]
    case = Case(1, RUNNING, 20 * model.binning.dt_us, [("push", [])])
    with started(model, sanitized_library, tmp_path) as program:
        assert program.run(case.text())[0] == "SAST_ERR_MODEL"
    with pytest.raises(EdgeSastError, match=r"^--running: the model's read-out never forgets; "):
        EventStream(model, running=True)


def test_running_state_refuses_a_margin(tmp_path):
    """Also where the read-out forgets."""
    model = replace(MODELS["fast, read out with a leak"], early_margin=3)
    case = Case(1, RUNNING, 20 * model.binning.dt_us, [("push", [])])
    with started(model, Path(), tmp_path) as program:
        assert program.run(case.text())[0] == "SAST_ERR_MODEL"


def test_a_window_that_ended_early_is_told_then_and_lasts_on(sanitized_library, tmp_path):
    """Windows begin every six steps, whether they took them or not."""
    model = MODELS["fast, early"]
    stream = [(t, t % 4, t // 2 % 4, t % 2) for t in range(0, 30)]
    case = Case(1, BACK_TO_BACK, 100, [("push", stream), ("advance", 40)])
    with started(model, sanitized_library, tmp_path) as program:
        lines = program.run(case.text())
    assert lines == case.expected(model)
    results = [line.split() for line in lines if line.startswith("result")]
    taken = [int(result[2]) for result in results]
    assert any(steps < 6 for steps in taken)
    assert [int(result[1]) for result in results] == list(range(0, 6 * len(results), 6))


@pytest.mark.parametrize("start", [0, 5, WRAP - 1, WRAP - 1500], ids=str)
@pytest.mark.parametrize("lanes", [1, 2])
def test_borders_of_a_step(program, start, lanes):
    """In one burst: a step's first and last time, repeated, at the sensor's last pixel; a gap of whole steps; times
    that wrap."""
    grid = program.model.binning
    last = (grid.sensor_width - 1, grid.sensor_height - 1, 1)
    times = [0, 0, grid.dt_us - 1, grid.dt_us - 1, grid.dt_us, 2 * grid.dt_us - 1]  # two whole steps ...
    times += [
        7 * grid.dt_us,
        7 * grid.dt_us,
        8 * grid.dt_us - 1,
        8 * grid.dt_us,
        8 * grid.dt_us,
    ]  # ... then five without
    burst = [(start + t, *place) for t in times for place in (last, last, (0, 0, 0))]
    end = start + 9 * grid.dt_us
    case = Case(
        lanes, BACK_TO_BACK, 20 * grid.dt_us, [("push", burst), ("advance", end - 1), ("advance", end)]
    )
    lines = program.run(case.text())
    assert lines == case.expected(program.model)
    assert sum(line.startswith("step") for line in lines) == 9
    assert lines[-1].split()[2:] == ["0", "0", "0"]  # nothing late, outside, restarted


def test_what_is_refused_in_a_burst_ends_it_and_no_more(program):
    """Between events of one step: outside, late, without polarity; what follows is taken."""
    grid = program.model.binning
    inside, start = (0, 0, 1), 10 * grid.dt_us
    ill = [
        (start, grid.sensor_width, 0, 0),
        (start - 1, 0, 0, 0),
        (start, 0, grid.sensor_height, 0),
        (start, 0, 0, 2),
    ]
    burst = [(start, *inside), (start, 1, 0, 1), *(event for one in ill for event in (one, (start, *inside)))]
    calls = [("push", [*burst, (start, 1, 1, 0)]), ("advance", start + grid.dt_us)]
    lines = program.run(Case(1, BACK_TO_BACK, 20 * grid.dt_us, calls).text())
    assert lines == Case(1, BACK_TO_BACK, 20 * grid.dt_us, calls).expected(program.model)
    assert lines[:4] == ["outside 2", "late 4", "outside 6", "outside 8"]
    assert lines[-1].split()[2:] == ["1", "3", "0"]


def test_silence_beyond_the_reach_is_told(program):
    grid = program.model.binning
    late = 10 + 21 * grid.dt_us
    case = Case(1, BACK_TO_BACK, 20 * grid.dt_us, [("push", [(10, 0, 0, 1), (late, 0, 0, 1)])])
    assert program.run(case.text()) == ["restarted 1", "counts 0 0 0 1"]
