"""Decisions on a stream by the simulated core: overlapping windows in turn, running state without an end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.events.binned import BinnedEvents
from edge_sast.formats.source import FileOptions
from edge_sast.model.model import Model
from edge_sast.model.modelfile import save
from edge_sast.model.running import running_model
from edge_sast.streaming.windows import running_recording, stream_windows
from firmware_gen.fpga.simulate import ICARUS, VERILATOR
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


def is_the_cores(
    model: Model, sent: BinnedEvents, folder: Path, simulator: str = ICARUS, running: bool = False
) -> bool:
    """Whether the core agrees in every value of every step; the stream's outputs are those of `sent` already."""
    build = export_core(model, folder / "build", lanes=4, count=1, running=running)
    recordings = sent.capped(model.binning.count_cap)
    return differences(build, simulator, model, recordings, optimise="-O0").first is None


def test_overlapping_windows_are_recordings_that_repeat_events(stream, tmp_path):
    model = small_model()
    sent, _ = stream_windows(model, stream, OPTIONS, every=1)
    assert len(sent) == STEPS - model.binning.steps + 1
    assert is_the_cores(model, sent, tmp_path)


@pytest.mark.parametrize(
    "simulator", [ICARUS, pytest.param(VERILATOR, marks=pytest.mark.needs("verilator", "g++", "make"))]
)
def test_running_state_has_no_end(stream, tmp_path, simulator):
    model = running_model(small_model(), 9)
    sent = running_recording(model, stream, OPTIONS)
    assert sent.binning.steps == STEPS > 2 * model.binning.steps
    assert is_the_cores(model, sent, tmp_path, simulator, running=True)


def test_a_stream_as_it_is_typed(stream, tmp_path, capsys):
    """The known answers, each twice in a row, and the stream."""
    model, build = tmp_path / "model.safetensors", str(tmp_path / "build")
    save(small_model(), model)
    words = [
        "export",
        str(model),
        "--no-data",
        "--target",
        "verilog",
        "--lanes",
        "2",
        "--leak",
        "3",
        "--running",
    ]
    assert main([*words, "--out", build]) == 0
    assert "running state: the read-out loses 1/8 of itself each step (leak 3)" in capsys.readouterr().out
    sensor = ["--sensor", f"{SIDE}x{SIDE}"]
    assert main(["verify", build, "--on", "icarus", "--stream", stream, *sensor, "--limit", "7"]) == 0
    steps = 3 * 2 * small_model().binning.steps + 7
    assert f"icarus: 4 recordings, {steps} steps, every membrane, spike, counter" in capsys.readouterr().out


@pytest.mark.parametrize("forgets", [True, False], ids=["read-out forgets", "read-out never forgets"])
def test_streams_that_cannot_be_verified(stream, tmp_path, capsys, forgets):
    model, build = tmp_path / "model.safetensors", str(tmp_path / "build")
    save(running_model(small_model(), 3) if forgets else small_model(), model)
    assert (
        main(["export", str(model), "--no-data", "--target", "verilog", "--lanes", "2", "--out", build]) == 0
    )
    words = ["verify", build, "--stream", stream]
    for more, why in (
        (
            ["--on", "icarus"],
            f"{build}: its core begins anew after 3 steps, and a stream does not; export it again with ",
        ),
        (["--on", "icarus", "--limit", "0"], "--limit 0 is out of range; choose 1 or more steps"),
        (["--on", "icarus", "--data", "digits"], "--stream and --data do not go together; leave one out"),
        (
            [],
            "--stream is for simulated cores, and --on is host; compare a stream on a board with 'edge-sast hil ",
        ),
    ):
        capsys.readouterr()
        assert main([*words, *more, *(["--sensor", f"{SIDE}x{SIDE}"] if "--data" not in more else [])]) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {why}"), why


def test_running_state_is_a_recording_of_the_core_s_steps(stream, tmp_path):
    model = running_model(small_model(), 9)
    sent = running_recording(model, stream, OPTIONS)
    assert sent.binning.steps == STEPS
    long = replace(model, binning=replace(model.binning, steps=STEPS))
    assert is_the_cores(long, sent, tmp_path)
