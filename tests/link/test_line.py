"""Lines that lose much: what is sent over them, what is said about them, and when they are given up."""

from __future__ import annotations

import itertools
import math
import random
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from edge_sast.hil.connection import Connection
from edge_sast.hil.session import SessionResult, run_session
from edge_sast.hil.worker import Plan
from edge_sast.link import line as lines
from edge_sast.link.board_link import BoardLink
from edge_sast.link.line import Line
from edge_sast.link.messages import BadLineError, LinkSettings
from edge_sast.link.ports import open_port
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime import Simulator
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from tests.hil.boards import Bench, make_info

SETTINGS = LinkSettings(hello_s=20.0, reply_s=0.05, stall_s=20.0, patience_s=20.0)
LOSES = r"board: the line loses \d+ % of the frames \(\d+ sent, \d+ answered, \d+ recoveries\)"


@contextmanager
def losing(board: str, lost: Callable[[bytes], bool], hold_s: float = 0.0) -> Iterator[str]:
    """A port in front of a board's: frames to the board are lost where lost(wire bytes), answers come hold_s later."""
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        while not ended.is_set():
            if select.select([server], [], [], 0.02)[0]:
                there = ("127.0.0.1", int(board.rsplit(":", 1)[1]))
                with suppress(OSError), server.accept()[0] as host, socket.create_connection(there) as far:
                    relay(host, far)  # until one of them hangs up

    def relay(host: socket.socket, far: socket.socket) -> None:
        rest = b""
        while not ended.is_set():
            ready = select.select([host, far], [], [], 0.02)[0]
            if far in ready:
                time.sleep(hold_s)
                host.sendall(far.recv(65536))
            if host in ready:
                data = host.recv(65536)
                if not data:
                    return
                *frames, rest = (rest + data).split(b"\0")
                far.sendall(b"".join(frame + b"\0" for frame in frames if not lost(frame)))

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join(10)
        assert not thread.is_alive()


def measure(bench: Bench, name: str, settings: LinkSettings, said: list[str], retries: int) -> SessionResult:
    connection = Connection(
        name, 115_200, model_hash(bench.model), footprint(CPlan(bench.model)).ram_bytes, settings
    )
    return run_session(
        Simulator(bench.model), bench.data, [connection], Plan("crc", retries), say=said.append
    )


def assert_equal(bench: Bench, result: SessionResult) -> None:
    assert sorted(result.outcomes) == list(range(len(bench.data)))
    assert all(outcome.mismatch is None for outcome in result.outcomes.values())


@pytest.mark.parametrize("longest", [140, 75, 38])
def test_frames_get_as_small_as_the_line_wants_them(bench, longest):
    """As a receive buffer that is smaller than the board says: what is longer never arrives."""
    sizes: list[int] = []

    def lost(frame: bytes) -> bool:
        sizes.append(len(frame))
        return len(frame) > longest

    with bench.board() as board, losing(board.port, lost) as name:
        result = measure(bench, name, SETTINGS, [], 0)
    assert_equal(bench, result)
    assert max(sizes) > 200
    assert sum(size > longest for size in sizes) < len(sizes) / 2


def test_a_line_that_loses_most_frames_still_brings_every_recording(bench):
    """One byte in 60 breaks its frame: of those of 256 bytes one in 70 arrives."""
    rng = random.Random(1)
    with (
        bench.board() as board,
        losing(board.port, lambda frame: rng.random() > math.exp(-len(frame) / 60)) as name,
        closing(BoardLink(open_port(name), SETTINGS)) as link,
    ):
        for i, run in zip((0, 1), link.runs([bench.steps(0), bench.steps(1)], True), strict=True):
            bench.check(run, i)


def test_a_hopeless_line_is_given_up_in_order_and_says_so_all_the_time(bench, monkeypatch):
    """Events never arrive, all else does. The port is not tried again, and what to do stands in its last line."""
    monkeypatch.setattr(lines, "TELL_S", 0.5)
    said: list[str] = []
    times: list[float] = []
    settings = LinkSettings(hello_s=20.0, reply_s=0.05, stall_s=20.0, patience_s=2.0)
    with (
        bench.board() as board,
        losing(board.port, lambda frame: len(frame) > 36 or frame[1:2] == b"\3") as name,
    ):

        class Said(list):
            def append(self, text: str) -> None:
                times.append(time.monotonic())
                said.append(text)

        result = measure(bench, name, settings, Said(), 5)
    assert result.outcomes == {}
    assert max(b - a for a, b in itertools.pairwise(times)) < 5
    assert len(said) >= 3
    for text in said[:-1]:
        assert re.fullmatch(
            rf"--port {name}: recording 0 \(recording 0\): {LOSES}; now frames of \d+ bytes, "
            r"(one at a time|\d at once)",
            text,
        ), text
    (reason,) = result.lost.values()
    assert re.fullmatch(
        rf"recording 0 \(recording 0\): {LOSES}, which held up one recording for \d+ s, at the end with frames of "
        r"\d+ bytes, one at a time; check cable and ground, lower --baud, build the firmware with a larger receive "
        r"buffer, or give more --patience-s",
        reason,
    ), reason
    assert said[-1] == f"--port {name}: {reason}; given up"


def test_rare_answers_do_not_make_a_line_good(bench):
    """One load in 12 arrives at last: each answer once began the patience anew."""
    count = iter(range(1_000_000))

    def lost(frame: bytes) -> bool:
        return frame[1:2] == b"\3" and next(count) % 12 != 0

    settings = LinkSettings(hello_s=20.0, reply_s=0.05, stall_s=20.0, patience_s=1.0)
    with bench.board() as board, losing(board.port, lost) as name:
        began = time.monotonic()
        with (
            closing(BoardLink(open_port(name), settings)) as link,
            pytest.raises(BadLineError, match=rf"^{LOSES}, which held up one recording for \d+ s, "),
        ):
            link.run(bench.steps(0) * 60, True)
        assert time.monotonic() - began < 20


def test_a_board_that_is_slow_has_its_time(bench):
    """Every answer comes after four times the wait for it; nothing is lost, so patience is not touched."""
    said: list[str] = []
    settings = LinkSettings(hello_s=20.0, reply_s=0.025, stall_s=20.0, patience_s=0.1)
    with bench.board() as board, losing(board.port, lambda _: False, hold_s=0.1) as name:
        assert_equal(bench, measure(bench, name, settings, said, 0))
    assert said == []


def test_a_silent_board_is_told_of_before_it_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(lines, "TELL_S", 0.3)
    said: list[str] = []
    settings = LinkSettings(hello_s=20.0, reply_s=0.05, stall_s=2.0)
    with bench.board() as board, losing(board.port, lambda frame: frame[1:2] != b"\1") as name:
        result = measure(bench, name, settings, said, 0)
    assert len(said) >= 2
    head = f"--port {name}: recording 0 (recording 0): board: no answer for"
    assert re.fullmatch(rf"{re.escape(head)} \d s; it has 2 s from its last sign of life", said[0])
    assert result.lost == {
        name: f"{head} 2 s: it has stalled or was unplugged; reset it and run again".removeprefix(
            f"--port {name}: "
        )
    }


def lose(line: Line, times: int) -> None:
    for _ in range(times):
        line.lost(0.01)


def test_one_loss_among_many_answers_changes_nothing():
    line = Line(SETTINGS)
    line.greet(make_info(4, 4))
    for _ in range(100):
        lose(line, 1)
        for _ in range(4):
            line.answered(0.01)
    assert (line.frame_bytes, line.window, line.steps(8)) == (256, 4, 8)


def test_losses_shrink_and_answers_grow():
    line = Line(SETTINGS)
    line.greet(make_info(4, 4))
    lose(line, 3)
    assert (line.frame_bytes, line.window, line.steps(8)) == (128, 1, 8)
    lose(line, 3)
    assert (line.frame_bytes, line.window, line.steps(8)) == (64, 1, 4)
    lose(line, 60)
    assert (line.frame_bytes, line.window, line.steps(8)) == (32, 1, 2)
    line.greet(make_info(4, 4, frame_bytes=48))  # another firmware, or opened again
    assert (line.frame_bytes, line.window) == (32, 1)
    grown = []
    for _ in range(64 * 4):
        line.answered(0.01)
        grown.append((line.frame_bytes, line.window))
    assert list(dict.fromkeys(grown)) == [(32, 1), (32, 2), (32, 4), (48, 4)]


def test_patience_is_for_what_is_lost():
    line = Line(LinkSettings(patience_s=5.0))
    line.greet(make_info(4, 4))
    line.lost(4.0)
    line.answered(100.0)  # a slow board
    line.lost(90.0)
    line.check()
    line.lost(10.0)
    with pytest.raises(BadLineError):
        line.check()
    line.finished()
    line.lost(4.0)
    line.check()
