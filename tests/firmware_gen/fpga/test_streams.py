"""Decisions on a stream by the simulated core: overlapping windows in turn, running state without an end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binned import BinnedEvents
from edge_sast.formats.source import FileOptions
from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from edge_sast.streaming.windows import running_recording, stream_windows
from firmware_gen.fpga.simulate import ICARUS
from tests.firmware_gen.builds import small_model
from tests.firmware_gen.fpga.cores import differences, export_core

pytestmark = pytest.mark.needs("iverilog")
SIDE, STEPS = 4, 20
OPTIONS = FileOptions(sensor=(SIDE, SIDE))


@pytest.fixture
def stream(tmp_path) -> str:
    """A file of events for small_model, STEPS steps long."""
    rng = np.random.default_rng(4)
    t = np.sort(rng.integers(0, STEPS * small_model().binning.dt_us, 200))
    t[0] = 0
    x, y, p = rng.integers(0, [[SIDE], [SIDE], [2]], (3, 200))
    path = tmp_path / "stream.csv"
    rows = zip(t.tolist(), x.tolist(), y.tolist(), p.tolist(), strict=True)
    path.write_text("t,x,y,p\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return str(path)


def is_the_cores(model: Model, sent: BinnedEvents, folder: Path, running: bool = False) -> bool:
    """Whether the core agrees in every value of every step; the stream's outputs are those of `sent` already."""
    build = export_core(model, folder / "build", lanes=4, count=1, running=running)
    recordings = sent.capped(model.binning.count_cap)
    return differences(build, ICARUS, model, recordings).first is None


def test_overlapping_windows_are_recordings_that_repeat_events(stream, tmp_path):
    model = small_model()
    sent, _ = stream_windows(model, stream, OPTIONS, every=1)
    assert len(sent) == STEPS - model.binning.steps + 1
    assert is_the_cores(model, sent, tmp_path)


def test_running_state_has_no_end(stream, tmp_path):
    model = running_model(small_model(), 9)
    sent = running_recording(model, stream, OPTIONS)
    assert sent.binning.steps == STEPS > 2 * model.binning.steps
    assert is_the_cores(model, sent, tmp_path, running=True)


def test_running_state_is_a_recording_of_the_core_s_steps(stream, tmp_path):
    model = running_model(small_model(), 9)
    sent = running_recording(model, stream, OPTIONS)
    assert sent.binning.steps == STEPS
    long = replace(model, binning=replace(model.binning, steps=STEPS))
    assert is_the_cores(long, sent, tmp_path)
