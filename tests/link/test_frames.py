import ctypes

from hypothesis import example, given
from hypothesis import strategies as st

from edge_sast.link.frames import Frame, FrameReader, decode, encode

FRAMES = st.builds(
    Frame,
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.one_of(
        st.binary(max_size=245),
        st.integers(0, 245).map(bytes),
        st.integers(0, 245).map(lambda n: b"\1" * n),
    ),
)


def oracle_cobs(data: bytes) -> bytes:
    """Cheshire and Baker's figure 2, a byte at a time."""
    out, block = bytearray(), bytearray()
    for byte in data:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            full = bool(byte)
            block.clear()
        else:
            full = False
    if not data or block or not full:
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def on_board(codec, wire: bytes) -> list[bytes]:
    """Frames that the board's decoder finds, without their CRC."""
    out = ctypes.create_string_buffer(2 * len(wire) + 2)
    size = codec.wire_decode(wire, ctypes.c_size_t(len(wire)), out)
    data, frames = out.raw[:size], []
    while data:
        length = int.from_bytes(data[:2], "little")
        frames.append(data[2 : 2 + length])
        data = data[2 + length :]
    return frames


def body(frame: Frame) -> bytes:
    return (
        bytes([frame.kind])
        + frame.seq.to_bytes(2, "little")
        + frame.token.to_bytes(4, "little")
        + frame.payload
    )


@given(FRAMES)
@example(Frame(1, 1, 1, b"\1" * 243))
def test_both_ends_write_the_same_bytes(codec, frame):
    wire = encode(frame)
    assert wire.count(0) == 1
    assert decode(wire[:-1]) == frame
    out = ctypes.create_string_buffer(300)
    room = ctypes.create_string_buffer(body(frame), len(body(frame)) + 4)
    size = codec.wire_encode(room, ctypes.c_uint16(len(body(frame))), out)
    assert out.raw[:size] == wire
    assert wire[:-1] == oracle_cobs(room.raw)


def garble(data: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """Flips, loses and inserts bytes."""
    line = bytearray(data)
    for what, place, value in edits:
        at = place % (len(line) + 1)
        if what == 0 and at < len(line):
            line[at] ^= value
        elif what == 1:
            del line[at : at + 1]
        else:
            line[at:at] = bytes([value])
    return bytes(line)


EDITS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4000), st.one_of(st.just(0), st.integers(0, 255)))
)


@given(st.lists(FRAMES, max_size=6), EDITS, st.lists(st.integers(1, 300)))
def test_both_ends_find_the_same_frames_in_a_damaged_line(codec, frames, edits, cuts):
    line = garble(b"".join(encode(frame) for frame in frames), edits)
    reader = FrameReader()
    found = []
    at = 0
    for cut in [*cuts, len(line)]:
        found += reader.feed(line[at : at + cut])
        at += cut
    assert [body(frame) for frame in found if len(frame.payload) <= 245] == on_board(codec, line)
    if not edits:
        assert found == frames
    assert reader.feed(b"\0" + encode(Frame(3, 2, 1)))[-1:] == [Frame(3, 2, 1)]


@given(st.binary(max_size=1000))
def test_garbage_is_no_frame_and_no_end(codec, data):
    reader = FrameReader()
    assert reader.feed(data) == []
    assert on_board(codec, data) == []


def test_a_line_without_end_takes_no_memory():
    reader = FrameReader()
    for _ in range(50):
        assert reader.feed(b"\1" * 65536) == []
    assert len(reader._rest) <= 65536
    assert reader.feed(b"\0") == []
    assert reader.damaged == 1
    assert reader.feed(encode(Frame(1, 2, 3, b"4"))) == [Frame(1, 2, 3, b"4")]


def test_frames_read_well_in_a_trace():
    assert str(Frame(3, 1, 0xAB, b"\1\2")) == "LOAD seq 1 token 000000ab 0102"
    assert str(Frame(99, 1, 0xAB)) == "type 99 seq 1 token 000000ab"
