import zlib

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.known_answers import (
    MAX_EVENTS,
    choose,
    dumps,
    loads,
    make_known_answers,
    random_recordings,
)
from tests.firmware_gen.builds import everything_model, small_model
from tests.strategies import binned, random_input


@pytest.mark.parametrize("make", [everything_model, small_model])
def test_what_is_written_is_read(make):
    model = make()
    answers = make_known_answers(model, None)
    again = loads(model, dumps(model, answers), "file")
    for name in ("crcs", "outputs", "predictions", "synops", "spikes"):
        assert np.array_equal(getattr(answers, name), getattr(again, name)), name
    for name in ("indices", "counts", "step_ptr"):
        assert np.array_equal(getattr(answers.recordings, name), getattr(again.recordings, name)), name


def test_the_runtime_gives_them():
    model = everything_model()
    answers = make_known_answers(model, None)
    assert [row.tolist() for row in answers.crcs] == Simulator(model).crcs(answers.recordings).tolist()
    assert answers.spikes.sum() > 0


def test_random_recordings_are_small_enough_for_a_board():
    recordings = random_recordings(everything_model())
    assert 0 < recordings.counts.sum() <= MAX_EVENTS


def test_classes_are_taken_in_turn():
    model = small_model()
    rng = np.random.default_rng(0)
    recordings = binned(model, [random_input(rng, model) for _ in range(4)])
    recordings.labels[:] = [0, 0, 0, 1]
    assert choose(recordings, 2).sources == ("recording 0", "recording 3")


def test_one_recording_however_long():
    model = small_model()
    full = np.full((3, 4, 4, 2), 1, np.uint8)
    recordings = binned(model, [full] * 3)
    assert len(choose(recordings, 1)) == 1


@pytest.mark.parametrize("place", [0, 9, 20, 60, -1])
def test_damage_is_noticed(place):
    model = small_model()
    data = bytearray(dumps(model, make_known_answers(model, None)))
    data[place] ^= 1
    with pytest.raises(
        EdgeSastError, match="file: is damaged or no file of known answers; export the build again"
    ):
        loads(model, bytes(data), "file")


def resealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("change", "held"),
    [(lambda data: data[:-4] + b"\0", 3), (lambda data: data[:44] + bytes(4) + data[48:60], 0)],
    ids=["a byte more", "no recordings"],
)
def test_whole_answers_that_check_nothing_or_go_on(change, held):
    model = small_model()
    data = resealed(change(dumps(model, make_known_answers(model, None))))
    with pytest.raises(
        EdgeSastError, match=rf"file: holds {held} recordings and \d+ other bytes; export the build"
    ):
        loads(model, data, "file")


def test_a_recording_does_not_reach_into_the_crc():
    model = small_model()
    data = dumps(model, make_known_answers(model, None))
    with pytest.raises(EdgeSastError, match=r"file: ends inside a recording; export the build again"):
        loads(model, resealed(data[:-8]), "file")


def test_answers_of_another_model():
    data = dumps(small_model(1), make_known_answers(small_model(1), None))
    with pytest.raises(
        EdgeSastError, match=r"file: belongs to another model than model.safetensors; export again"
    ):
        loads(small_model(2), data, "file")
