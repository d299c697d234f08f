"""The link's program for inputs and recordings of all sizes, on an interpreter: what the core and the host get."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.link.frames import Frame, FrameReader, Kind, encode
from firmware_gen.rtl_gen.link.layout import CELLS, DATA_BYTES, HELLO, Layout
from firmware_gen.rtl_gen.link.program import LinkParts, program
from tests.firmware_gen.rtl_gen.link.interpreter import Machine

CLASSES, WEIGHTED = 3, 2
LAYOUT = Layout(2 + 4 * CLASSES + 16 * WEIGHTED, 3)
ENDS = 1 << 31
HASH = bytes(range(1, 9))
OUTPUTS, CLASS, SUMS = [5, 6, 0xFFFFFFFF], 1, list(range(100, 108))


class Board(Machine):
    """A machine with a core that gives its number and the number of its events as a step's CRC and cycles.

    running: an answer after each step, whose first output is the number of steps; the sums are `sums` each time.
    ends: a recording that may end early does so with this step; None: with no such program.
    """

    def __init__(
        self, width: int, height: int, steps: int, running: bool = False, ends: int | None = None
    ) -> None:
        self.steps, self.done, self.count, self.ends = steps, 0, 0, ends
        layout = LAYOUT if ends is None else replace(LAYOUT, result_bytes=LAYOUT.result_bytes + 4, early=True)
        self.running, self.sums = running, SUMS
        data = bytearray(DATA_BYTES)
        data[CELLS["HASH"] : CELLS["HASH"] + 8] = HASH
        data[CELLS["SIZE"]] = layout.result_bytes
        data[HELLO : HELLO + 10] = b"\1\0" + HASH
        parts = LinkParts.of(steps, width, height, run=running, early=ends is not None)
        super().__init__(program(steps, width, height, CLASSES, layout, parts), data)

    def on_event(self) -> None:
        self.count += 1
        if self.events[-1] & ENDS:
            self.events[-1] = ENDS  # the other bits mean nothing
            self.done += 1
            last = self.running or self.done in (self.steps, self.ends)
            self.records.extend(struct.pack("<2I", self.done - 1, self.count - 1))
            outputs = [self.done, *OUTPUTS[1:]] if self.running else OUTPUTS
            results = [*outputs, CLASS, *self.sums] * last
            self.results.extend(struct.pack(f"<{len(results)}I", *results))
            self.count = 0

    def ask(self, kind: Kind, seq: int, payload: bytes, token: int = 7) -> bytes:
        """The payload of its answer."""
        [answer] = FrameReader().feed(self.run(encode(Frame(kind, seq, token, payload))))
        assert (answer.kind, answer.seq, answer.token) == (kind.answer, seq, token)
        return answer.payload

    def begin(self, token: int = 7) -> None:
        self.done = self.count = 0
        assert self.ask(Kind.BEGIN, 0, struct.pack("<B8sHII", 1, HASH, 0, 0, 0), token) == b"\0"


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number_bytes(sites: list[int]) -> bytes:
    return b"".join(varint(d + 1) for d in np.diff(sites, prepend=0).tolist())


SIZES = [(1, 1), (34, 34), (127, 40), (127, 256), (128, 64), (128, 128), (127, 300), (40, 257), (640, 480)]


LONG = [(34, 34, 300), (640, 480, 300)]


@pytest.mark.parametrize(("width", "height", "steps"), [(*size, 2) for size in SIZES] + LONG)
def test_events_of_any_input_reach_the_core(width, height, steps):
    rng = np.random.default_rng([width, height])
    board = Board(width, height, steps)
    board.begin()
    sites = 2 * width * height
    for seq in range(2):
        row = 2 * width * int(rng.integers(height))
        edges = [0, 0, sites - 1, sites - 1, row, min(row + 2 * width - 1, sites - 1), 2 * width - 1]
        wanted = sorted(edges + rng.integers(sites, size=20).tolist())
        board.events.clear()
        answer = board.ask(Kind.LOAD, seq, number_bytes(wanted) + b"\0")
        assert answer == struct.pack("<BHIII", 0, seq + 1, seq, seq, len(wanted))
        y, column = np.divmod(wanted, 2 * width)
        assert board.events == [*(int(v) << 16 | int(c) for v, c in zip(y, column, strict=True)), ENDS]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_event_outside_the_input_ends_the_run(width, height):
    board = Board(width, height, 2)
    sites = 2 * width * height
    beyond = [[sites], [sites - 1, sites], [0, sites], [(1 << 21) - 2]]
    for token, wanted in enumerate(beyond, 1):
        if max(wanted) < (1 << 21 if sites >= 1 << 14 else 1 << 14) - 1 and max(wanted) >= sites:
            board.begin(token)
            assert board.ask(Kind.LOAD, 0, number_bytes(wanted) + b"\0", token) == b"\4\0\0"
            assert board.ask(Kind.POLL, 1, b"", token) == struct.pack("<BHI", 4, 0, 0)
            assert ENDS not in board.events


@pytest.mark.parametrize(
    "data", [b"\x80", b"\5\x80\x80", b"\x85\0", b"\x80\0", b"\x80" * 4 + b"\1", b"\xff" * 5]
)
def test_numbers_that_are_none(data):
    board = Board(34, 34, 2)
    board.begin()
    assert board.ask(Kind.LOAD, 0, data) == b"\4\0\0"


@pytest.mark.parametrize("steps", [1, 255, 257])
def test_a_recording_and_its_results(steps):
    board = Board(34, 34, steps)
    for token in (7, 8):
        board.begin(token)
        records, stream = b"", b""
        for seq, first in enumerate(range(0, steps, 3)):
            data = number_bytes([first % 9]) + b"\0" * min(3, steps - first)
            answer = board.ask(Kind.LOAD, seq, data, token)
            assert answer[:7] == struct.pack("<BHI", 0, seq + 1, first)
            if seq % 16 == 0:
                assert board.ask(Kind.LOAD, seq, data, token) == answer  # once more, and not executed
            records += answer[7:]
            stream += data
        wanted = [word for t in range(steps) for word in (t, t % 3 == 0)]
        assert records == struct.pack(f"<{2 * steps}I", *wanted)
        assert board.ask(Kind.POLL, 9, b"", token) == struct.pack("<BHI", 0, -(-steps // 3), steps)
        results = struct.pack("<H3I8I", CLASS, *OUTPUTS, *SUMS)
        sums = struct.pack("<BIIII", 0, steps, zlib.crc32(stream), zlib.crc32(records), len(results))
        assert board.ask(Kind.READ, 0, bytes(4), token) == sums + results
    assert board.runs == [True, True]


@pytest.mark.parametrize("size", [(34, 34), (640, 480)])
@pytest.mark.parametrize(
    ("steps", "ends"), [(1, 1), (9, 1), (9, 4), (9, 9), (255, 200), (600, 256), (600, 600)]
)
def test_a_recording_that_ends_early(size, steps, ends):
    """After its end the core gets nothing more; what follows has zeros, and does not count as computed."""
    board = Board(*size, steps, ends=ends)
    for token in (7, 8):
        board.begin(token)
        board.events.clear()
        records, stream = b"", b""
        for seq, first in enumerate(range(0, steps, 3)):
            data = b"".join(number_bytes([first % 9]) + b"\0" for _ in range(min(3, steps - first)))
            answer = board.ask(Kind.LOAD, seq, data, token)
            assert answer[:7] == struct.pack("<BHI", 0, (seq + 1) & 0xFFFF, first)
            if seq % 16 == 0:
                assert board.ask(Kind.LOAD, seq, data, token) == answer
            records += answer[7:]
            stream += data
        wanted = [word for t in range(steps) for word in ((t, 1) if t < ends else (0, 0))]
        assert records == struct.pack(f"<{2 * steps}I", *wanted)
        assert len(board.events) == 2 * ends
        results = struct.pack("<H3I8II", CLASS, *OUTPUTS, *SUMS, ends)
        sums = struct.pack("<BIIII", 0, steps, zlib.crc32(stream), zlib.crc32(records), len(results))
        assert board.ask(Kind.READ, 0, bytes(4), token) == sums + results
        # a step too many: nobody waits for the core
        more = board.ask(Kind.LOAD, -(-steps // 3), b"\0", token)
        assert more[7:] == bytes(8)
        assert board.ask(Kind.READ, 0, bytes(4), token) == b"\5"


@pytest.mark.parametrize(("width", "height"), [(34, 34), (640, 480)])
def test_running_state_has_results_after_any_step(width, height):
    board = Board(width, height, 2, running=True)
    rng = np.random.default_rng(width)
    for token in (7, 8):
        board.begin(token)
        records, stream, totals, done = b"", b"", np.zeros(4, np.uint64), 0
        for seq in range(6):
            data = number_bytes([0]) + b"\0" * (seq % 4)
            sums = rng.integers(1 << 60, size=4, dtype=np.uint64)
            sums[seq % 4] = (1 << 16 * (seq % 4)) - 1  # carries
            board.sums = sums.view(np.uint32).tolist()
            if seq % 4:
                totals += np.uint64(seq % 4) * sums
            answer = board.ask(Kind.LOAD, seq, data, token)
            assert answer[:7] == struct.pack("<BHI", 0, seq + 1, done)
            if seq % 4 == 0:  # its events wait for the end of their step
                stream += data
                continue
            done += seq % 4
            records, stream = records + answer[7:], stream + data
            results = struct.pack(
                "<H3i", CLASS, done, *np.array(OUTPUTS[1:]).astype(np.uint32).view(np.int32)
            )
            results += totals.tobytes()
            sums_of = struct.pack("<BIIII", 0, done, zlib.crc32(stream), zlib.crc32(records), len(results))
            assert board.ask(Kind.READ, seq, bytes(4), token) == sums_of + results


def test_running_state_counts_steps_in_four_bytes():
    board = Board(34, 34, 2, running=True)
    board.begin()
    assert board.ask(Kind.READ, 0, bytes(4))[:5] == bytes(5)
    for count in (0xFE, 0xFFFF, 0xFFFFFF, 0xFEFFFF):
        board._data[CELLS["STEP0"] : CELLS["STEP0"] + 4] = count.to_bytes(4, "little")
        answer = board.ask(Kind.LOAD, int(board._data[CELLS["EXPECTED0"]]), b"\0\0")
        assert struct.unpack_from("<I", answer, 3) == (count,)
        assert struct.unpack_from("<I", board.ask(Kind.READ, 0, bytes(4)), 1) == (count + 2,)


def test_what_is_refused():
    board = Board(34, 34, 4)
    begin = struct.pack("<B8sHII", 1, HASH, 0, 0, 0)
    for kind in (Kind.LOAD, Kind.POLL, Kind.READ):
        assert board.ask(kind, 1, bytes(4))[:1] == b"\2"  # no run
    assert board.ask(Kind.BEGIN, 0, begin[:1] + bytes(8) + begin[9:]) == b"\3"  # another model
    assert board.ask(Kind.BEGIN, 0, b"\3" + begin[1:]) == b"\5"  # a dump
    assert board.ask(Kind.BEGIN, 0, begin + b"\0") == b"\5"
    assert not board.runs
    board.begin()
    assert board.ask(Kind.LOAD, 0xFFFF, b"\0") == b"\1\0\0"  # not "again": none was executed
    assert board.ask(Kind.LOAD, 1, b"\0") == b"\1\0\0"
    assert board.ask(Kind.LOAD, 0, b"\0" * 4) == b"\4\0\0"  # more steps than a frame may end
    board.begin(9)
    assert board.ask(Kind.LOAD, 0, b"\0" * 3, 9)[:3] == b"\0\1\0"
    assert board.ask(Kind.LOAD, 0x0101, b"\0", 9) == b"\1\1\0"
    assert board.ask(Kind.READ, 0, bytes(4), 9) == b"\5"  # before the last step
    assert board.ask(Kind.LOAD, 1, b"\0", 9)[:3] == b"\0\2\0"
    assert board.ask(Kind.READ, 0, bytes(3), 9) == board.ask(Kind.READ, 0, bytes(5), 9) == b"\5"
    assert board.ask(Kind.READ, 0, b"\0\0\0\1", 9) == b"\5"
    assert board.ask(Kind.READ, 0, bytes(4), 9)[:1] == b"\0"
    assert board.ask(Kind.POLL, 1, b"", 8)[:1] == b"\2"
    assert board.ask(Kind.BEGIN, 0, begin, 9) == b"\0"  # the same run goes on
    assert board.ask(Kind.POLL, 1, b"", 9) == struct.pack("<BHI", 0, 2, 4)
