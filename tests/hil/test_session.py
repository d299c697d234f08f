"""Recordings on virtual boards that are processes of their own: equal, wrong, failing, shared."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import serial.rfc2217

from edge_sast.cli.options.ports import why_incomplete
from edge_sast.errors import EdgeSastError
from edge_sast.hil import worker
from edge_sast.hil.connection import Connection, StoppablePort, WireLog, WrongModelError
from edge_sast.hil.schedule import Schedule
from edge_sast.hil.session import SessionResult, run_session
from edge_sast.hil.worker import Plan
from edge_sast.link.board_link import BoardLink
from edge_sast.link.frames import Frame, FrameReader, Kind, encode
from edge_sast.link.messages import (
    BoardRefusedError,
    BoardSilentError,
    BoardStalledError,
    LinkSettings,
    StepEvents,
)
from edge_sast.link.ports import open_port
from edge_sast.model.layers import Linear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.parity.mismatch import Mismatch
from edge_sast.runtime import Simulator
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.virtual.board import build_virtual_board
from firmware_gen.virtual.faults import FaultPlan
from tests.firmware_gen.builds import everything_model, export
from tests.hil.boards import PATIENT, QUICK, Bench, make_bench

COUNT = 24
BOTH = Plan()


@pytest.fixture(scope="module")
def many(bench) -> Bench:
    """The board of everything_model with recordings enough to share."""
    return make_bench(bench.program, recordings=COUNT)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(worker, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(worker, "LONGEST_WAIT_S", 0.2)


def connect(bench: Bench, name: str, settings: LinkSettings = PATIENT) -> Connection:
    return Connection(
        name, 115_200, model_hash(bench.model), footprint(CPlan(bench.model)).ram_bytes, settings
    )


def measure(
    bench: Bench, names: list[str], plan: Plan = BOTH, settings: LinkSettings = PATIENT, **calls
) -> SessionResult:
    connections = [connect(bench, name, settings) for name in names]
    return run_session(Simulator(bench.model), bench.data, connections, plan, **calls)


def assert_all_equal(bench: Bench, result: SessionResult) -> None:
    """Every recording has one outcome, and it is the runtime's."""
    assert sorted(result.outcomes) == list(range(len(bench.data)))
    for i, outcome in result.outcomes.items():
        trace = bench.traces[i]
        assert (outcome.index, outcome.source, outcome.mismatch) == (i, bench.data.sources[i], None)
        assert outcome.outputs == tuple(trace.outputs.tolist())
        assert outcome.prediction == trace.prediction
        assert outcome.synops == tuple(trace.synops.sum(axis=0, dtype=np.int64).tolist())
        assert outcome.spikes == tuple(trace.spike_counts.sum(axis=0, dtype=np.int64).tolist())


@pytest.mark.parametrize("tcp", [True, False], ids=["tcp", "pty"])
@pytest.mark.parametrize("check", ["both", "crc", "result"])
def test_every_recording_equals_the_runtime(many, tcp, check):
    kept = []
    with many.board(tcp) as board:
        result = measure(many, [board.port], Plan(check), on_outcome=kept.append)
    assert_all_equal(many, result)
    assert kept == list(result.outcomes.values())
    assert (result.lost, result.set_aside, dict(result.failures)) == ({}, {}, {})
    assert [len(outcome.unique_ticks) for outcome in kept] == [0 if check == "crc" else 4] * COUNT
    assert {outcome.ticks for outcome in kept} == {()}  # nobody told what a sensor sent
    assert {(o.port, o.board, o.clock, o.clock_hz) for o in kept} == {
        (board.port, "virtual", "microseconds", 1_000_000)
    }
    assert all(outcome.wire_bytes > 100 and outcome.seconds > 0 for outcome in kept)
    assert {(outcome.retries, outcome.restarts) for outcome in kept} == {(0, 0)}


@pytest.mark.parametrize("check", ["both", "crc", "result"])
def test_all_events_of_a_sensor_give_the_same_answers(many, check):
    """Some inputs have more events than count; every run is compared, and each event takes a byte of the wire."""
    grid = replace(many.data.binning, count_cap=255)
    more = np.random.default_rng(4).integers(0, 9, len(many.data.counts)).astype(np.uint8)
    full = many.data.counts == many.data.binning.count_cap  # of others it would be another recording
    sent = replace(
        many.data, binning=grid, counts=many.data.counts + np.where(full, more, 0).astype(np.uint8)
    )
    assert sent.capped(many.data.binning.count_cap).digest() == many.data.digest()
    kept, plain = [], []
    with many.board(True) as board:
        result = measure(many, [board.port], Plan(check), on_outcome=kept.append, sent=sent)
    with many.board(True) as board:
        measure(many, [board.port], Plan(check), on_outcome=plain.append)
    assert_all_equal(many, result)
    timed = check != "crc"
    unique = [timed and outcome.index % worker.UNIQUE_EVERY == 0 for outcome in kept]
    assert [len(outcome.ticks) for outcome in kept] == [4 * timed] * COUNT
    assert [len(outcome.unique_ticks) for outcome in kept] == [4 * also for also in unique]
    repeats = [int(sent.select([i]).counts.sum() - many.data.select([i]).counts.sum()) for i in range(COUNT)]
    assert max(repeats) > 1000
    for outcome, other in zip(kept, plain, strict=True):
        assert outcome.wire_bytes >= other.wire_bytes + timed * repeats[outcome.index]


def test_a_board_that_counts_repeats_is_found(many):
    """Only all events show it: an input that counts up to 3 has four of them."""
    cap = many.data.binning.count_cap
    sent = replace(
        many.data,
        binning=replace(many.data.binning, count_cap=255),
        counts=np.where(many.data.counts == cap, cap + 1, many.data.counts).astype(np.uint8),
    )
    sources = many.program.parent / "counts_all"
    push = export(many.model, sources) / "src" / "sast_push_counts.c"
    text = push.read_text()
    assert text.count("*seen < model->count_cap") == 1
    push.write_text(text.replace("*seen < model->count_cap", "*seen < 255u"))
    program = many.program.parent / "counts_all_program"
    build_virtual_board(sources, program)
    wrong = make_bench(program, recordings=2)
    with wrong.board(True) as board:
        alike = measure(wrong, [board.port])
    with wrong.board(True) as board:
        found = measure(wrong, [board.port], sent=sent.select([0, 1]))
    assert [outcome.mismatch for outcome in alike.outcomes.values()] == [None, None]
    first = found.outcomes[0].mismatch
    assert found.outcomes[0].located
    assert (first.sample, first.layer, first.quantity) == (0, 0, "membrane")


class _Terminal(serial.Serial):
    """A PTY, which has none of the modem lines that the protocol sets and asks for."""

    def _update_dtr_state(self) -> None: ...

    def _update_rts_state(self) -> None: ...

    cts = dsr = ri = cd = True


class _Redirector:
    """An RFC 2217 server as pyserial's own example is: one connection, to a port of this computer."""

    def __init__(self, device: str, connection: socket.socket) -> None:
        self._connection, self._lock = connection, threading.Lock()
        self._port = _Terminal(device, timeout=0.01)
        self._manager = serial.rfc2217.PortManager(self._port, self)
        self._ended = threading.Event()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._connection.sendall(data)

    def run(self) -> None:
        reader = threading.Thread(target=self._from_board, daemon=True)
        reader.start()
        with self._connection, self._port, contextlib.suppress(OSError):
            while data := self._connection.recv(1024):
                self._port.write(b"".join(self._manager.filter(data)))
            self._ended.set()
            reader.join()

    def _from_board(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                data = self._port.read(self._port.in_waiting or 1)
                if data:
                    self.write(b"".join(self._manager.escape(data)))


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")  # pyserial's own
def test_a_board_behind_rfc2217(bench):
    with bench.board(tcp=False) as board, closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(
            target=lambda: _Redirector(board.port, server.accept()[0]).run(), daemon=True
        )
        thread.start()
        result = measure(bench, [f"rfc2217://127.0.0.1:{server.getsockname()[1]}"])
        thread.join(20)
        assert not thread.is_alive()
    assert_all_equal(bench, result)


def content(steps: list[StepEvents]) -> bytes:
    return b"|".join(np.stack([step.x, step.y, step.polarity]).tobytes() for step in steps)


def test_a_recording_that_fails_wherever_it_runs_is_set_aside(many, monkeypatch):
    """The others are run; this one is tried as often as asked, and named."""
    real = BoardLink.runs_of
    tries = []
    counts = Counter(content(many.steps(i)) for i in range(COUNT))
    bad = next(i for i in range(COUNT) if counts[content(many.steps(i))] == 1)

    def runs_of(link, requests):
        given: deque = deque()
        for run in real(link, (given.append(request) or request for request in requests)):
            steps, observed = given.popleft()
            if content(steps) == content(many.steps(bad)):
                tries.append(observed)
                raise BoardStalledError("board: no answer for 10 s")
            yield run

    monkeypatch.setattr(BoardLink, "runs_of", runs_of)
    with many.board() as board:
        result = measure(many, [board.port], Plan(retries=2))
    reason = f"recording {bad} (recording {bad}): board: no answer for 10 s"
    assert (result.set_aside, result.lost) == ({bad: reason}, {})
    assert len(tries) == 3
    assert {outcome.retries for outcome in result.outcomes.values()} == {
        0
    }  # those under way behind it did not fail
    assert sorted(result.outcomes) == [i for i in range(COUNT) if i != bad]
    assert why_incomplete(result) == f"1 recordings failed too often, the first: {reason}"


def test_boards_share_the_recordings(many, monkeypatch):
    """No board goes on before the other has taken a recording: on a busy machine one might have done them all."""
    take, both_have = Schedule.take, threading.Barrier(2)
    waited = threading.local()

    def take_together(schedule):
        recording = take(schedule)
        if not hasattr(waited, "done"):
            waited.done = both_have.wait(60)
        return recording

    monkeypatch.setattr(Schedule, "take", take_together)
    with ExitStack() as stack:
        names = [stack.enter_context(many.board(tcp)).port for tcp in (True, False)]
        result = measure(many, names)
    assert_all_equal(many, result)
    assert {outcome.port for outcome in result.outcomes.values()} == set(names)


def test_what_is_done_is_not_run_again(many):
    with many.board() as board:
        first = measure(many, [board.port])
    done = [first.outcomes[i] for i in range(0, COUNT, 2)]
    fresh = []
    with many.board() as board:
        result = measure(many, [board.port], done=done, on_outcome=fresh.append)
    assert sorted(outcome.index for outcome in fresh) == list(range(1, COUNT, 2))
    assert_all_equal(many, result)
    assert [result.outcomes[outcome.index] for outcome in done] == done


@pytest.mark.parametrize(
    ("weights", "rate", "settings"),
    [
        ({"reset": 1.0}, 1 / 4000, PATIENT),
        ({"unplug": 1.0}, 1 / 4000, PATIENT),
        ({"hang": 1.0}, 1 / 6000, LinkSettings(hello_s=10.0, reply_s=0.05, stall_s=0.4)),
        ({"flip": 1.0, "lose": 1.0, "cut": 0.3, "repeat": 0.5, "reorder": 0.5}, 1 / 1000, PATIENT),
    ],
    ids=["reset", "unplug", "hang", "noise"],
)
def test_failures_cost_time_but_no_result(many, weights, rate, settings):
    said: list[str] = []
    faults = FaultPlan(3, rate, weights, hang_s=0.8)
    with many.board(faults=faults) as board:
        result = measure(many, [board.port], Plan(retries=20), settings, say=said.append)
    assert_all_equal(many, result)
    assert sum(board.faults.values()) > 0
    if "reset" in weights:
        assert sum(outcome.restarts for outcome in result.outcomes.values()) > 0
    if "unplug" in weights or "hang" in weights:
        assert sum(result.failures.values()) == len(said) > 0
        assert all(line.startswith(f"--port {board.port}: ") for line in said)
        assert all(line.endswith("; trying again") for line in said)


def test_a_board_that_is_pulled_out_leaves_its_recordings_to_the_other(many):
    with ExitStack() as stack:
        dying, living = (stack.enter_context(many.board(baud=115_200)) for _ in range(2))

        def keep(outcome):
            if outcome.port == dying.port:
                dying.stop()

        result = measure(many, [dying.port, living.port], Plan(retries=1), on_outcome=keep)
    assert_all_equal(many, result)
    assert list(result.lost) in ([], [dying.port])  # the other may end before all retries are over
    assert result.failures[dying.port] > 0


def test_the_last_board_gone_ends_the_run_and_keeps_what_is_done(many):
    with many.board() as board:
        outcomes = []

        def keep(outcome):
            outcomes.append(outcome)
            if len(outcomes) == 5:
                board.stop()

        said: list[str] = []
        result = measure(many, [board.port], Plan(retries=2), on_outcome=keep, say=said.append)
    assert 5 <= len(result.outcomes) < COUNT
    assert all(outcome.mismatch is None for outcome in result.outcomes.values())
    assert result.failures == {board.port: 3}
    failed = (
        r"recording \d+ \(recording \d+\): board: the port failed \(.*\): plug the board in and run again"
    )
    assert len(said) == 3
    (reason,) = result.lost.values()
    again = r"nothing answers there \(.*refused.*\); start what serves the board, and check host and port"
    assert re.fullmatch(f"{failed}; 3 failures in a row, the last: {again}", reason)
    assert said[-1] == f"--port {board.port}: {reason.rsplit('the last: ', 1)[1]}; given up"


def wrong_model() -> tuple[Model, Model]:
    """everything_model, and the same with one weight of its layer 6 changed."""
    model = everything_model()
    layer = model.layers[6]
    assert isinstance(layer, Linear)
    weight = layer.weight.copy()
    weight[4, 3] = 15 if weight[4, 3] < 0 else -16
    layers = (*model.layers[:6], replace(layer, weight=weight), *model.layers[7:])
    return model, replace(model, layers=layers)


@pytest.fixture(scope="module")
def wrong_weight(tmp_path_factory) -> Path:
    """The board of everything_model with one wrong weight in its tables; it tells the hash of the right model."""
    model, wrong = wrong_model()
    folder = tmp_path_factory.mktemp("wrong")
    build = export(wrong, folder / "build")
    tables = build / "src" / "a_model.c"
    text = tables.read_text()
    hashes = [", ".join(map(str, bytes.fromhex(model_hash(m)))) for m in (wrong, model)]
    assert hashes[0] in text
    tables.write_text(text.replace(*hashes))
    build_virtual_board(build, folder / "virtual")
    return folder / "virtual"


def first_step_difference(right, wrong, sample: int) -> Mismatch | None:
    """By brute force over two traces of the runtime: steps, layers, neurons, membranes before spikes."""
    for step in range(len(right.crcs)):
        for layer in right.layers:
            for neuron in range(layer.start, layer.stop):
                for name, a, b in (
                    ("membrane", right.membranes, wrong.membranes),
                    ("spike", right.spikes, wrong.spikes),
                ):
                    if a[step, neuron] != b[step, neuron]:
                        place = (step, layer.index, name, neuron - layer.start)
                        values = (int(a[step, neuron]), int(b[step, neuron]))
                        return Mismatch(sample, f"recording {sample}", *place, *values)
    return None


@pytest.mark.parametrize("check", ["both", "crc", "result"])
def test_one_wrong_weight_is_named(many, wrong_weight, check):
    wrong = Simulator(wrong_model()[1])
    faulty = replace(many, program=wrong_weight)
    expected = {
        i: first_step_difference(trace, wrong.trace(many.data, i), i) for i, trace in enumerate(many.traces)
    }
    assert 0 < sum(m is not None for m in expected.values()) < COUNT
    with faulty.board() as board:
        result = measure(faulty, [board.port], Plan(check))
    located = [outcome for outcome in result.outcomes.values() if outcome.located]
    assert [outcome.mismatch for outcome in located] == [expected[outcome.index] for outcome in located]
    assert len(located) == 1
    if check != "result":  # a wrong membrane need not change a result
        differing = {i for i, outcome in result.outcomes.items() if outcome.mismatch is not None}
        assert differing == {i for i, mismatch in expected.items() if mismatch is not None}
        assert located[0].index == min(differing)


def test_stopping_at_the_first_mismatch(many, wrong_weight):
    with replace(many, program=wrong_weight).board() as board:
        result = measure(many, [board.port], Plan(fail_fast=True))
    differing = [outcome for outcome in result.outcomes.values() if outcome.mismatch is not None]
    assert len(differing) == 1
    assert differing[0].index == max(result.outcomes) < COUNT - 1


TAMPERED = """
#include "sast.h"
#include "sast_crc.h"

sast_status_t __real_sast_counters(const sast_context_t *net, uint16_t layer, sast_counters_t *counters);
sast_status_t __wrap_sast_counters(const sast_context_t *net, uint16_t layer, sast_counters_t *counters);

sast_status_t __wrap_sast_counters(const sast_context_t *net, uint16_t layer, sast_counters_t *counters)
{
    sast_status_t status = __real_sast_counters(net, layer, counters);
    if (layer == 2u && sast_steps(net) >= FIRST_STEP) {
        counters->total_synops += 3u;
    }
    return status;
}

uint32_t __real_sast_step_crc_value(const sast_step_crc_t *crc);
uint32_t __wrap_sast_step_crc_value(const sast_step_crc_t *crc);

uint32_t __wrap_sast_step_crc_value(const sast_step_crc_t *crc)
{
    static uint32_t calls;
    return __real_sast_step_crc_value(crc) ^ (calls++ % 4u + 1u >= FIRST_STEP ? CRC_CHANGE : 0u);
}
"""


def tampered(tmp_path: Path, crc_change: int) -> Path:
    """A board that counts 3 SynOps of layer 2 too many from step 1 on, with or without its CRCs."""
    source = tmp_path / "tampered.c"
    source.write_text(TAMPERED)
    flags = ("-DFIRST_STEP=2u", f"-DCRC_CHANGE={crc_change}u", str(source))
    flags += tuple(f"-Wl,--wrap={name}" for name in ("sast_counters", "sast_step_crc_value"))
    build_virtual_board(export(everything_model(), tmp_path / "build"), tmp_path / "virtual", flags=flags)
    return tmp_path / "virtual"


def test_a_counter_that_is_wrong_is_named_by_step_and_layer(tmp_path):
    faulty = make_bench(tampered(tmp_path, 1), recordings=1)
    with faulty.board() as board:
        (outcome,) = measure(faulty, [board.port], Plan("crc")).outcomes.values()
    counted = int(faulty.traces[0].synops[1, 1])
    assert outcome.mismatch == Mismatch(0, "recording 0", 1, 2, "synops", None, counted, counted + 3)
    assert outcome.located


def test_a_difference_that_no_state_shows(tmp_path):
    """Totals that are wrong while every CRC is right: told as it is, not blamed on a neuron."""
    faulty = make_bench(tampered(tmp_path, 0), recordings=1)
    with faulty.board() as board:
        (outcome,) = measure(faulty, [board.port]).outcomes.values()
    counted = int(faulty.traces[0].synops[:, 1].sum())
    assert outcome.mismatch == Mismatch(0, "recording 0", None, 2, "total synops", None, counted, counted + 3)
    assert not outcome.located


def test_a_board_of_another_model(many):
    other = replace(many, model=replace(many.model, classes=("x", "y", "z")))
    with many.board() as board, pytest.raises(WrongModelError) as error:
        connect(other, board.port).open()
    assert str(error.value) == (
        f"--port {board.port}: the board (virtual) runs model {model_hash(many.model)[:16]}, MODEL is "
        f"{model_hash(other.model)[:16]}; flash the build of MODEL, or give the model file of the build on the board"
    )


def test_a_board_that_was_flashed_in_between_is_given_up_at_once(many, tmp_path, monkeypatch):
    other = replace(everything_model(), classes=("x", "y", "z"))
    build_virtual_board(export(other, tmp_path / "build"), tmp_path / "virtual")
    with ExitStack() as stack:
        board = stack.enter_context(many.board())
        flashed = stack.enter_context(replace(many, program=tmp_path / "virtual").board())
        names = iter([board.port])
        monkeypatch.setattr(
            "edge_sast.hil.connection.open_port", lambda *_: open_port(next(names, flashed.port))
        )
        result = measure(many, [board.port], on_outcome=lambda outcome: outcome.index == 2 and board.stop())
    assert result.failures == {board.port: 2}
    assert ": the board (virtual) runs model" in result.lost[board.port]


@contextmanager
def speaking(answer):
    """A TCP server that gives each frame it receives (None: at the start) to `answer` and sends what that returns."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve():
            try:
                other, _ = server.accept()
            except OSError:
                return
            with other:
                reader = FrameReader()
                try:
                    other.sendall(answer(None))
                    while data := other.recv(4096):
                        for frame in reader.feed(data):
                            other.sendall(answer(frame))
                except OSError:
                    pass  # the host hung up first

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
    thread.join(10)
    assert not thread.is_alive()


def another_protocol(frame: Frame | None) -> bytes:
    if frame is None:
        return b""
    return encode(Frame(Kind.HELLO_ANSWER, frame.seq, frame.token, struct.pack("<H", 77) + bytes(60)))


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (
            another_protocol,
            BoardRefusedError,
            "board: speaks protocol 77, this edge-sast 1 and 2; build and flash",
        ),
        (
            lambda _: b"",
            BoardSilentError,
            r"board: no answer within 2 s; check the port, --baud and that the",
        ),
        (
            lambda _: b"Hello from the bootloader\r\n" * 9,
            BoardSilentError,
            r"board: \d+ bytes came in 2 s, none of them a frame; check --baud",
        ),
    ],
)
def test_what_is_no_board(many, answer, kind, message):
    with speaking(answer) as name:
        began = time.monotonic()
        with pytest.raises(kind, match=f"^--port {name}: {message}"):
            connect(many, name, QUICK).open()
        assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("place", "name", "there"),
    [
        (9, "width", 11),
        (13, "dt_us", 1000),
        (14, "layers", 8),
        (15, "weighted", 5),
        (16, "classes", 3),
        (17, "memory_bytes", footprint(CPlan(everything_model())).ram_bytes),
    ],
)
def test_a_board_whose_numbers_are_not_its_models_is_given_up(many, place, name, there):
    """Its hash is right, what it says of the model is not: refused, not compared."""
    grid, right = many.model.binning, bytes.fromhex(model_hash(many.model))
    values = [1, right, 256, 128, 1024, 4, 8, 0, 0, grid.width, grid.height, grid.shift, 4, 1000, 8, 5, 3]
    values += [footprint(CPlan(many.model)).ram_bytes]
    values[place] = 77

    def answer(frame: Frame | None) -> bytes:
        if frame is None:
            return b""
        payload = struct.pack("<H32sHHIBBBIHHBIIHHHI", *values)
        return encode(Frame(Kind.HELLO_ANSWER, frame.seq, frame.token, payload))

    with speaking(answer) as port:
        result = measure(many, [port])
    message = f"the board () says that its model's {name} is 77, MODEL has {there}; build and flash its firmware again"
    assert result.lost == {port: message}
    assert result.outcomes == {}


def test_who_waits_for_a_port_is_let_go():
    with speaking(lambda _: b"") as name:
        stop = threading.Event()
        port = StoppablePort(open_port(name), stop)
        assert port.read(1) == b""
        stop.set()
        with pytest.raises(OSError, match="interrupted"):
            port.read(1)
        with pytest.raises(OSError, match="interrupted"):
            port.write(b"x")
        port.close()


def test_a_connection_that_is_not_open(many):
    with pytest.raises(EdgeSastError, match=r"^--port x: is not open$"):
        _ = connect(many, "x").link


def test_the_wire_is_told(many, tmp_path):
    path = tmp_path / "wire.txt"
    with path.open("w") as stream, many.board() as board:
        trace = WireLog(stream).of(board.port)
        connection = Connection(
            board.port, 9600, model_hash(many.model), footprint(CPlan(many.model)).ram_bytes, PATIENT, trace
        )
        connection.open()
        connection.link.run(many.steps(0), True)
        connection.close()
    lines = path.read_text().splitlines()
    times = [float(line.split()[0]) for line in lines]
    assert times == sorted(times)
    assert {line.split()[1] for line in lines} == {board.port}
    assert [line.split()[2:4] for line in lines[:3]] == [
        [">", "HELLO"],
        ["<", "HELLO_ANSWER"],
        [">", "BEGIN"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"check": "all"}, "--check is 'all'; choose both, crc, result"),
        ({"retries": -1}, "--retries is -1; give 0 or more"),
    ],
)
def test_plans_that_cannot_be(arguments, message):
    with pytest.raises(EdgeSastError, match=f"^{message}$"):
        Plan(**arguments)
