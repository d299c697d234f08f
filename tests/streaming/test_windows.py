"""Windows of a file as recordings: those of the stream, behind a jump of time and across pieces of the file."""

import re
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.source import FileOptions
from edge_sast.model.running import running_model
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.stream import EventStream
from edge_sast.streaming.windows import running_recording, stream_windows
from tests.cli.models import line_model
from tests.cli.recordings import DT_US, STEPS
from tests.streaming.sends import SIDE, some_events

MODEL = line_model()
WINDOW_US = DT_US * STEPS
OPTIONS = FileOptions(sensor=(SIDE, SIDE))


def written(path, *parts):
    rows = np.concatenate(parts).tolist()
    path.write_text("t,x,y,p\n" + "".join(f"{t},{x},{y},{p}\n" for t, x, y, p in rows))
    return str(path)


@pytest.mark.parametrize("every", [None, 1])
def test_all_whole_windows_with_all_events(tmp_path, monkeypatch, every):
    monkeypatch.setattr(contract, "CHUNK_BYTES", 1000)  # of a file, about 90 events
    before = some_events(700, 3 * WINDOW_US + DT_US, 7)  # the fourth window is given up
    behind = some_events(300, WINDOW_US, 10_000_000, seed=1)
    path = written(tmp_path / "a.csv", before, behind)
    sent, told = stream_windows(MODEL, path, OPTIONS, every)
    stream = EventStream(MODEL, every)
    parts = [stream.push(before), stream.push(behind), stream.finish()]
    begins = np.concatenate([part.begin_us[part.complete] for part in parts])
    outputs = np.concatenate([part.outputs[part.complete] for part in parts])
    assert len(begins) == (10 if every else 4)
    assert [int(re.search(r"from (\d+) µs$", name)[1]) for name in sent.sources] == begins.tolist() == told
    run = Simulator(MODEL).run(sent.capped(MODEL.binning.count_cap))
    assert (run.outputs == outputs).all()
    events = np.concatenate([before, behind])
    inside = [((events["t"] >= begin) & (events["t"] < begin + WINDOW_US)).sum() for begin in begins]
    assert events_of_windows(sent) == inside
    assert stream_windows(MODEL, path, OPTIONS, every, limit=2)[0].sources == sent.sources[:2]


def events_of_windows(sent):
    """How many events each window was sent with."""
    return np.add.reduceat(sent.counts.astype(int), sent.step_ptr[:-1:STEPS]).tolist()


@pytest.mark.parametrize("chunk_bytes", [200, 1000, 1 << 20])
@pytest.mark.parametrize("every", [None, 1])
def test_a_window_that_answers_early_has_the_events_behind_its_answer(
    tmp_path, monkeypatch, every, chunk_bytes
):
    monkeypatch.setattr(contract, "CHUNK_BYTES", chunk_bytes)
    events = np.concatenate([some_events(700, 3 * WINDOW_US + DT_US, 7), some_events(300, 2500, 10_000_000)])
    model = replace(MODEL, early_margin=1)
    sent, begins = stream_windows(model, written(tmp_path / "a.csv", events), OPTIONS, every)
    assert max(Simulator(model).run(sent.capped(1)).steps) < STEPS  # each has events behind its answer
    inside = [((events["t"] >= begin) & (events["t"] < begin + WINDOW_US)).sum() for begin in begins]
    assert begins[0] == 7
    assert begins[-1] == 10_000_000
    assert events_of_windows(sent) == inside


@pytest.mark.parametrize("chunk_bytes", [20, 1 << 20])
def test_a_window_that_answered_has_no_events_from_behind_a_jump(tmp_path, monkeypatch, chunk_bytes):
    """A window of 1.6 s, longer than a jump: the event at 1.5 s lies in its time, and begins a new stream."""
    monkeypatch.setattr(contract, "CHUNK_BYTES", chunk_bytes)
    model = replace(MODEL, early_margin=1, binning=replace(MODEL.binning, dt_us=400_000))
    events = np.concatenate([some_events(40, 300_000), some_events(9, 100_000, 400_000)])
    events = np.concatenate([events, some_events(20, 300_000, 1_500_000)])
    sent, begins = stream_windows(model, written(tmp_path / "a.csv", events), OPTIONS)
    assert begins == [0, 1_500_000]
    assert events_of_windows(sent) == [49, 20]


def test_the_sensor_is_the_models_where_nobody_says_one(tmp_path):
    events = some_events(700, 3 * WINDOW_US)
    path = written(tmp_path / "a.csv", events)
    sent, begins = stream_windows(MODEL, path, FileOptions())
    expected, told = stream_windows(MODEL, path, OPTIONS)
    assert begins == told
    assert sent.digest() == expected.digest()
    running = running_recording(running_model(MODEL), path, FileOptions())
    assert running.digest() == running_recording(running_model(MODEL), path, OPTIONS).digest()
    events["x"][5] = SIDE
    outside = written(tmp_path / "b.csv", events)
    for windows, model in ((stream_windows, MODEL), (running_recording, running_model(MODEL))):
        with pytest.raises(EdgeSastError, match=f"outside the {SIDE}x{SIDE} sensor"):
            windows(model, outside, FileOptions())
        with pytest.raises(
            EdgeSastError, match=f"sensor 99x98 is not the model's {SIDE}x{SIDE}; where that is"
        ):
            windows(model, path, FileOptions(sensor=(99, 98)))


def test_a_file_without_events_or_with_a_step_back(tmp_path):
    events = some_events(9, 100)
    for name, parts, message in (
        ("none", [events[:0]], "holds no event, so there is no window; record it again"),
        ("back", [events, events], "time runs backwards"),
    ):
        path = written(tmp_path / f"{name}.csv", *parts)
        with pytest.raises(EdgeSastError, match=message):
            stream_windows(MODEL, path, OPTIONS)


def test_what_is_to_be_said_of_the_file_is_said(tmp_path, capsys):
    """Events before the first word of time, and of text the defaults that were taken."""
    head = f"% evt 3.0\n% geometry {SIDE}x{SIDE}\n% end\n".encode()
    events = [word for t in range(0, 4000, 100) for word in (0x6000 | t, 0x2003)]
    words = np.array([0x0002, 0x2001, 0x2002, 0x8000, 0x6000, 0x0002, *events], "<u2")
    path = tmp_path / "a.raw"
    path.write_bytes(head + words.tobytes())
    told = f"{path}: 2 events before the first time word, left out\n"
    sent, _ = stream_windows(MODEL, str(path), OPTIONS)
    assert capsys.readouterr().err == told
    assert sent.counts.sum() == 40
    running_recording(running_model(MODEL), str(path), OPTIONS)
    assert capsys.readouterr().err == told
    text = written(tmp_path / "a.csv", some_events(100, 2 * WINDOW_US, 7))
    stream_windows(MODEL, text, OPTIONS)
    assert capsys.readouterr().err == (
        f"{text}: times in µs: the first has no decimal point (--time-unit says another unit)\n"
    )
