import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.link.event_payload import EventBytes, numbers, recording_steps
from edge_sast.link.messages import BoardInfo, StepEvents
from firmware_gen.build.event_bytes import step_bytes
from tests.hil.boards import make_info
from tests.strategies import binned, random_input, random_model

SIZES = st.sampled_from(
    [(1, 1, 0), (2, 3, 0), (5, 4, 2), (34, 34, 0), (640, 480, 1), (65535, 3, 0), (1, 65535, 0)]
)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[BoardInfo, list[StepEvents]]:
    width, height, shift = draw(SIZES)
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    steps = []
    for n in draw(st.lists(st.sampled_from([0, 0, 1, 2, 40, 300]), max_size=12)):
        x, y = (rng.integers(0, size, n) << shift for size in (width, height))
        steps.append(StepEvents(x, y, rng.integers(0, 2, n)))
    return make_info(
        width=width, height=height, shift=shift, frame_steps=draw(st.sampled_from([1, 2, 8]))
    ), steps


def oracle(data: bytes, width: int) -> list[list[tuple[int, int, int]]]:
    """docs/protocol.md, section 4, in plain Python: for each step its (x, y, polarity), input coordinates."""
    steps: list[list[tuple[int, int, int]]] = [[]]
    number, shift, site = 0, 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte >= 128:
            continue
        if number == 0:
            steps.append([])
            site = 0
        else:
            site += number - 1
            steps[-1].append((site // 2 % width, site // 2 // width, site % 2))
        number, shift = 0, 0
    assert shift == 0
    assert steps.pop() == []
    return steps


def on_board(codec, data: bytes, info: BoardInfo) -> list[tuple[int, int, int]] | None:
    out = np.zeros((len(data) + 1, 3), np.uint16)
    numbers = [ctypes.c_uint16(value) for value in (len(data), info.width, info.height)]
    count = codec.wire_events(data, *numbers, ctypes.c_uint8(info.shift), out.ctypes.data_as(ctypes.c_void_p))
    return None if count < 0 else [tuple(event) for event in out[:count].tolist()]


@given(recordings(), st.integers(5, 300))
def test_what_is_loaded_is_what_was_given(codec, recording, room):
    info, steps = recording
    parts = EventBytes(steps, info).cut(room, info.frame_steps)
    assert all(0 < len(part.payload) <= room and part.steps <= info.frame_steps for part in parts)
    data = b"".join(part.payload for part in parts)
    wanted = [
        sorted(zip((step.x >> info.shift).tolist(), (step.y >> info.shift).tolist(), step.polarity.tolist(),
                   strict=True), key=lambda event: (event[1], event[0], event[2]))
        for step in steps
    ]  # fmt: skip
    assert oracle(data, info.width) == wanted
    ends = [(x << info.shift, y << info.shift, p) for step in wanted for x, y, p in [*step, (0, 0, 2)]]
    if len(data) <= 65535:
        assert on_board(codec, data, info) == ends
    for part in parts:  # no number is cut
        assert part.payload[-1] < 128
    kept = parts[: len(parts) // 2]
    rest = EventBytes(steps, info).cut(5, 1, kept)
    assert all(0 < len(part.payload) <= 5 and part.steps <= 1 and part.payload[-1] < 128 for part in rest)
    assert b"".join(part.payload for part in (*kept, *rest)) == data
    assert sum(part.steps for part in (*kept, *rest)) == len(steps)


@given(st.binary(max_size=60), SIZES)
def test_the_board_takes_only_what_is_inside(codec, data, size):
    width, height, shift = size
    found = on_board(codec, data, make_info(width=width, height=height, shift=shift))
    if found is not None:
        assert all(x >> shift < width and y >> shift < height for x, y, _ in found)


@pytest.mark.parametrize("data", [b"\x80", b"\xff\xff\xff\xff\x10", b"\x80\x80\x80\x80\x80\x00", b"\x0a"])
def test_malformed_event_bytes_are_refused(codec, data):
    assert on_board(codec, data, make_info(width=2, height=2)) is None


def test_steps_of_binned_recordings_are_those_of_the_known_answers():
    rng = np.random.default_rng(3)
    for _ in range(10):
        model = random_model(rng)
        data = binned(model, [random_input(rng, model) for _ in range(2)])
        for step, wanted in zip(recording_steps(data, 1), step_bytes(data, 1), strict=True):
            events = np.rec.fromarrays([step.x, step.y, step.polarity], formats="<u2,<u2,u1")
            assert len(events).to_bytes(4, "little") + events.tobytes() == wanted


def test_an_event_on_a_grid_like_nmnist_takes_little_more_than_a_byte():
    rng = np.random.default_rng(4)
    sites = [np.flatnonzero(rng.random(34 * 34 * 2) < 0.05) for _ in range(10)]
    steps = [StepEvents(n // 2 % 34, n // 2 // 34, n % 2) for n in sites]
    info = make_info(width=34, height=34)
    size = sum(len(part.payload) for part in EventBytes(steps, info).cut(245, 8))
    assert size < 1.2 * sum(map(len, sites))
    assert (numbers(steps, info) == 0).sum() == 10


def test_inputs_too_large_to_number_are_refused():
    with pytest.raises(
        EdgeSastError, match=r"^the model's input has 65535 x 65535 pixels, more than the protocol "
    ):
        EventBytes([], make_info(width=65535, height=65535))


def test_step_events_have_one_length():
    with pytest.raises(EdgeSastError, match=r"^step events: 1 x, 2 y and 0 polarities; give one of each"):
        StepEvents(np.zeros(1, int), np.zeros(2, int), np.zeros(0, int))


def test_count_caps_are_events_given_more_than_once():
    grid = Binning(2, 2, 0, 1000, 1, 3)
    step = StepEvents(np.array([1, 1, 1]), np.array([0, 0, 0]), np.array([1, 1, 0]))
    assert numbers([step], make_info(width=grid.width, height=grid.height)).tolist() == [3, 2, 1, 0]
