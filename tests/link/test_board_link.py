import socket
import struct
import threading
import time
import zlib
from contextlib import closing, contextmanager

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.link.board_link import BoardLink
from edge_sast.link.frames import Frame, FrameReader, Kind, encode
from edge_sast.link.messages import (
    BoardGoneError,
    BoardRefusedError,
    BoardResetError,
    BoardSilentError,
    BoardStalledError,
    LinkSettings,
    StepEvents,
)
from edge_sast.link.ports import open_port
from edge_sast.model.modelfile import model_hash
from firmware_gen.virtual.board import build_virtual_board
from firmware_gen.virtual.faults import FaultPlan
from tests.firmware_gen.builds import export
from tests.hil.boards import QUICK, UNHURRIED, Bench, linked, make_bench


def run_many(link: BoardLink, bench: Bench, count: int) -> None:
    for i in range(count):
        link.run(bench.steps(i % len(bench.data)), True)


@pytest.mark.parametrize("tcp", [True, False])
def test_a_board_gives_what_the_runtime_gives(bench, tcp):
    with bench.board(tcp) as board, linked(board, UNHURRIED) as link:
        info = link.hello()
        assert (info.model_hash, info.name, info.protocol) == (model_hash(bench.model), "virtual", 1)
        assert (info.ticks_kind, info.ticks_hz) == ("microseconds", 1_000_000)
        assert (info.layers, info.weighted, info.classes) == (len(bench.model.layers), 5, 3)
        for i in range(len(bench.data)):
            for observed in (True, False):
                run = link.run(bench.steps(i), observed)
                bench.check(run, i, observed)
                assert run.attempts == 1
        assert link.statistics.recoveries == 0
    assert board.overruns == 0


def test_recordings_follow_one_another_without_a_pause(bench):
    order = [0, 1, 2, 3, 4, 5] * 5
    kinds: list[str] = []
    with (
        bench.board() as board,
        linked(board, UNHURRIED, trace=lambda line: kinds.append(line.split()[1])) as link,
    ):
        for i, run in zip(order, link.runs((bench.steps(i) for i in order), True), strict=True):
            bench.check(run, i)
        assert link.statistics.recoveries == link.statistics.restarts == 0
        given = kinds.index("READ")
        assert "BEGIN" in kinds[given : kinds.index("READ_ANSWER")]
        started = link.runs((bench.steps(i) for i in order), True)
        bench.check(next(started), 0)
        started.close()  # with frames of the next ones under way
        bench.check(link.run(bench.steps(3), False), 3, observed=False)
    assert board.overruns == 0


def test_nothing_is_under_way_while_a_board_times_its_steps(bench):
    """Whatever comes before and behind: from a load frame of a run that is not observed to its answer, silence."""
    order = [(i, observed) for i in (0, 1, 2) * 3 for observed in (False, True, False, True, True)]
    lines: list[str] = []
    with bench.board() as board, linked(board, UNHURRIED, trace=lines.append) as link:
        runs = link.runs_of((bench.steps(i), observed) for i, observed in order)
        for (i, observed), run in zip(order, runs, strict=True):
            bench.check(run, i, observed)
            assert run.attempts == 1
            assert min(run.seconds, run.load_s) > 0
            assert run.wire_bytes > run.event_bytes
        assert link.statistics.recoveries == 0
    told = [line.split() for line in lines]
    tokens = list(dict.fromkeys(words[5] for words in told if words[1] == "BEGIN"))
    alone = {token for token, (_, observed) in zip(tokens, order, strict=True) if not observed}
    timed = [n for n, words in enumerate(told) if words[:2] == [">", "LOAD"] and words[5] in alone]
    assert len(timed) >= len(alone)
    for n in timed:
        answer = next(m for m in range(n, len(told)) if told[m][1:6] == ["LOAD_ANSWER", *told[n][2:6]])
        assert not [words for words in told[n + 1 : answer] if words[0] == ">"]


def test_the_times_of_runs_in_a_row_add_up(bench):
    """Each run counts from the end of the one before: their sum is no more than the whole took."""
    with bench.board(baud=115_200) as board, linked(board) as link:
        link.hello()
        began = time.monotonic()
        seconds = [run.seconds for run in link.runs([bench.steps(i) for i in range(6)], True)]
        whole = time.monotonic() - began
    assert min(seconds) > 0
    assert sum(seconds) <= whole


def test_recordings_in_a_row_over_a_bad_line(bench):
    order = [0, 1, 2, 3, 4, 5] * 8
    plan = FaultPlan(5, 1 / 1000, {"flip": 3, "lose": 1, "repeat": 1, "reset": 0.2})
    settings = LinkSettings(20.0, 0.05, 20.0, attempts=50)
    with bench.board(faults=plan) as board, linked(board, settings) as link:
        for i, run in zip(order, link.runs((bench.steps(i) for i in order), True), strict=True):
            bench.check(run, i)
    assert sum(board.faults.values()) > 20


def test_a_board_shows_any_layer_at_any_step(bench):
    trace = bench.traces[0]
    with bench.board() as board, linked(board) as link:
        for layer in trace.layers:
            for step in (0, 3):
                membranes, spikes = link.dump(bench.steps(0), step, layer.index)
                np.testing.assert_array_equal(membranes, trace.membranes[step, layer.start : layer.stop])
                np.testing.assert_array_equal(spikes, trace.spikes[step, layer.start : layer.stop])


def test_what_cannot_be_shown_is_refused(bench):
    with bench.board() as board, linked(board) as link:
        with pytest.raises(BoardRefusedError, match=r"^board: it does not know the request or the layer; "):
            link.dump(bench.steps(0), 0, 1)  # a pool
        with pytest.raises(EdgeSastError, match=r"^layer is 8; the model has layers 0 to 7$"):
            link.dump(bench.steps(0), 0, 8)
        with pytest.raises(EdgeSastError, match=r"^step is 4; the recording has steps 0 to 3$"):
            link.dump(bench.steps(0), 4, 0)
        outside = StepEvents(np.array([0, 22]), np.array([0, 0]), np.array([0, 0]))
        with pytest.raises(EdgeSastError, match=r"^step 0: event 1 is at x 22, y 0, polarity 0, outside "):
            link.run([outside], True)
        bench.check(link.run(bench.steps(1), True), 1)


def test_recordings_of_any_length(bench):
    empty = StepEvents(*(np.zeros(0, np.int64),) * 3)
    with bench.board() as board, linked(board) as link:
        assert len(link.run([], True).ticks) == 0
        run = link.run([empty] * 1000, True)
        assert len(run.ticks) == 1000
        assert run.event_bytes == 1000


@pytest.mark.parametrize("rx_bytes", [64, 200, 700])
def test_credits_keep_within_the_boards_buffer(bench, rx_bytes, tmp_path):
    build_virtual_board(export(bench.model, tmp_path / "build"), tmp_path / "virtual", rx_bytes)
    small = make_bench(tmp_path / "virtual", recordings=2)
    with small.board(baud=921_600, rx_bytes=max(rx_bytes, 300)) as board, linked(board) as link:
        assert link.hello().rx_bytes == rx_bytes
        for i in (0, 1):
            small.check(link.run(small.steps(i), True), i)
    assert board.overruns == 0


def test_silence_is_told_from_garbage():
    listener = socket.create_server(("127.0.0.1", 0))
    port = open_port(f"socket://127.0.0.1:{listener.getsockname()[1]}")
    link = BoardLink(port, QUICK)
    with pytest.raises(BoardSilentError, match=r"^board: no answer within 2 s; check the port, --baud and "):
        link.hello()
    connection = listener.accept()[0]
    connection.sendall(b"login: \0")
    with pytest.raises(
        BoardSilentError, match=r"^board: 8 bytes came in 2 s, none of them a frame; check --baud"
    ):
        link.hello()
    link.close()
    connection.close()
    listener.close()


def test_a_board_that_went_away_and_came_back(bench):
    with bench.board(baud=115_200) as board, linked(board, QUICK) as link:
        bench.check(link.run(bench.steps(0), True), 0)
        link._channel._port._socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(
            BoardGoneError, match=r"^board: the port failed \(.+\): plug the board in and run again$"
        ):
            link.run(bench.steps(1), True)
        link.reopen(open_port(board.port))
        bench.check(link.run(bench.steps(1), True), 1)


def test_an_unplugged_device_is_gone_at_once(bench):
    with bench.board(tcp=False) as board, linked(board, QUICK) as link:
        link.hello()
        thread = threading.Timer(0.2, board.stop)
        thread.start()
        with pytest.raises(BoardGoneError, match="the port failed"):
            run_many(link, bench, 10_000)
        thread.join(60)


def test_a_board_that_restarts_is_given_its_recording_again(bench):
    plan = FaultPlan(1, 1 / 5000, {"reset": 1})
    settings = LinkSettings(20.0, 0.1, 20.0, attempts=100)
    with bench.board(faults=plan) as board, linked(board, settings) as link:
        attempts = 0
        for i in [0, 1, 2, 3, 4, 5] * 10:
            run = link.run(bench.steps(i), True)
            bench.check(run, i)
            attempts += run.attempts
    assert board.faults["reset"] > 5
    assert attempts > 60


def test_a_board_that_restarts_for_ever_is_an_error(bench):
    plan = FaultPlan(1, 1 / 300, {"reset": 1})
    with (
        bench.board(faults=plan) as board,
        linked(board, LinkSettings(2.0, 0.05, 2.0, attempts=2)) as link,
        pytest.raises(
            BoardResetError, match=r"^board: could not finish a recording in 2 attempts \(it restarted"
        ),
    ):
        run_many(link, bench, 100)


def test_a_board_that_stops_is_an_error_and_a_pause_is_none(bench):
    with (
        bench.board(faults=FaultPlan(2, 1 / 3000, {"stall": 1}, stall_s=0.2)) as board,
        linked(board) as link,
    ):
        for i in range(6):
            bench.check(link.run(bench.steps(i), True), i)
    assert board.faults["stall"] > 0
    plan = FaultPlan(2, 1 / 1000, {"hang": 1}, hang_s=60.0)
    with (
        bench.board(faults=plan) as board,
        linked(board, QUICK) as link,
        pytest.raises(
            BoardStalledError, match=r"^board: no answer for 1 s: it has stalled or was unplugged; "
        ),
    ):
        run_many(link, bench, 6)


def test_the_trace_shows_every_frame(bench):
    lines: list[str] = []
    with bench.board() as board, linked(board, trace=lines.append) as link:
        link.hello()
        link.run(bench.steps(0), False)
    kinds = [line.split()[:2] for line in lines if "LOAD" not in line]
    assert kinds[:4] == [[">", "HELLO"], ["<", "HELLO_ANSWER"], [">", "BEGIN"], ["<", "BEGIN_ANSWER"]]
    assert kinds[-1] == ["<", "READ_ANSWER"]


@contextmanager
def scripted(answer):
    """A host's link to something that answers each frame with answer(frame): for what no real board says."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection = listener.accept()[0]
        reader = FrameReader()
        while data := connection.recv(4096):
            for frame in reader.feed(data):
                connection.sendall(b"".join(encode(one) for one in answer(frame)))
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(listener):
        link = BoardLink(open_port(f"socket://127.0.0.1:{listener.getsockname()[1]}"), QUICK)
        with closing(link):
            yield link
        thread.join(10)
        assert not thread.is_alive()


def hello_of(version: int, frame_bytes: int = 256, model: bytes = b"m" * 32) -> bytes:
    return struct.pack(
        "<H32sHHIBBBIHHBIIHHHI", version, model, frame_bytes, 128, 1024, 4, 8, 0, 0, 2, 2, 0, 1, 1, 1, 1, 2, 8
    )


def test_a_board_of_another_protocol_is_refused():
    with (
        scripted(lambda frame: [Frame(0x81, frame.seq, frame.token, hello_of(3))]) as link,
        pytest.raises(
            BoardRefusedError, match=r"^board: speaks protocol 3, this edge-sast 1 and 2; build and flash "
        ),
    ):
        link.hello()


@pytest.mark.parametrize(
    ("payload", "what"), [(b"", "nothing"), (b"\x09", "status 9"), (b"\xff\0", "status 255")]
)
def test_answers_that_mean_nothing_are_refused(payload, what):
    def answer(frame: Frame) -> list[Frame]:
        known = frame.kind == Kind.HELLO
        return [Frame(Kind(frame.kind).answer, frame.seq, frame.token, hello_of(1) if known else payload)]

    message = (
        f"^board: it answers with {what}, which this protocol has not; build and flash the firmware again$"
    )
    with scripted(answer) as link, pytest.raises(BoardRefusedError, match=message):
        link.run([], True)


def test_a_board_with_too_little_room_is_refused():
    with (
        scripted(lambda frame: [Frame(0x81, frame.seq, frame.token, hello_of(1, 20))]) as link,
        pytest.raises(
            BoardRefusedError,
            match=r"^board: takes frames of 20 bytes, 4 at once, 8 steps in each, and sends 128, ",
        ),
    ):
        link.hello()


def test_another_model_in_the_middle_is_refused():
    models = iter([b"a" * 32, b"b" * 32])
    with scripted(
        lambda frame: [Frame(0x81, frame.seq, frame.token, hello_of(1, 256, next(models)))]
    ) as link:
        link.hello()
        with pytest.raises(
            BoardRefusedError, match=r"^board: now has model 626262626262, before 616161616161; "
        ):
            link.hello()


@pytest.mark.parametrize("lie", ["steps", "stream", "records", "size"])
def test_results_of_anything_else_are_not_accepted(lie):
    """A board that answers every frame in order, but whose sums are not those of what was sent."""
    place = ["steps", "stream", "records", "size"].index(lie)
    record = struct.pack("<II", 7, 8)
    honest = [1, zlib.crc32(b"\0"), zlib.crc32(record), 2 + 2 * 4 + 16]
    honest[place] ^= 1

    def answer(frame: Frame) -> list[Frame]:
        payload = {
            Kind.HELLO: hello_of(1),
            Kind.BEGIN: b"\0",
            Kind.LOAD: struct.pack("<BHI", 0, 1, 0) + record,
            Kind.POLL: struct.pack("<BHI", 0, 1, 1),  # of a host that is in haste, on a busy machine
            Kind.READ: struct.pack("<BIIII", 0, *honest) + bytes(26),
        }[Kind(frame.kind)]
        return [Frame(Kind(frame.kind).answer, frame.seq, frame.token, payload)]

    empty = StepEvents(*(np.zeros(0, np.int64),) * 3)
    with (
        scripted(answer) as link,
        pytest.raises(
            BoardResetError, match=r"5 attempts \(what it received and computed is not what was sent\)"
        ),
    ):
        link.run([empty], True)


def test_a_babbling_board_is_no_endless_wait():
    def answer(frame: Frame) -> list[Frame]:
        return [Frame(0x83, i, frame.token ^ 1) for i in range(2000)]

    with scripted(answer) as link, pytest.raises(BoardStalledError, match="no answer for 2 s"):
        link.hello()


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"Nucleo-F446RE (rev. C) ~", "Nucleo-F446RE (rev. C) ~"),
        (b"", ""),
        (b"\x1b[31mred\n\x00\x7f\x9b\xc3\x9f", "?[31mred??????"),
        (b"x" * 400, "x" * 24),
    ],
)
def test_a_boards_name_is_24_printable_characters(sent, name):
    with scripted(lambda frame: [Frame(0x81, frame.seq, frame.token, hello_of(1) + sent)]) as link:
        assert link.hello().name == name


@pytest.mark.parametrize("field", ["hello_s", "reply_s", "stall_s", "patience_s"])
def test_settings_are_checked(field):
    with pytest.raises(EdgeSastError, match=rf"^{field} is 0; give seconds above 0$"):
        LinkSettings(**{field: 0})
    with pytest.raises(EdgeSastError, match=r"^attempts is 0; give 1 or more$"):
        LinkSettings(attempts=0)
