"""Windows of a file as recordings: those of the stream, behind a jump of time and across pieces of the file."""

import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.source import FileOptions
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.stream import EventStream
from edge_sast.streaming.windows import stream_windows
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
    recordings = np.add.reduceat(sent.counts.astype(int), sent.step_ptr[:-1:STEPS])
    assert recordings.tolist() == inside
    assert stream_windows(MODEL, path, OPTIONS, every, limit=2)[0].sources == sent.sources[:2]


def test_a_file_without_events_or_with_a_step_back(tmp_path):
    events = some_events(9, 100)
    for name, parts, message in (
        ("none", [events[:0]], "holds no event, so there is no window; record it again"),
        ("back", [events, events], "time runs backwards"),
    ):
        path = written(tmp_path / f"{name}.csv", *parts)
        with pytest.raises(EdgeSastError, match=message):
            stream_windows(MODEL, path, OPTIONS)
