"""sast_stream on an emulated core, in running state: every decision is the runtime's."""

import numpy as np
import pytest

from edge_sast.model.running import running_model
from edge_sast.streaming.stream import EventStream
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.stream import RUNNING, EmulatedStream
from firmware_gen.toolchain.cores import find_core
from tests import tools
from tests.firmware_gen.builds import everything_model, small_model
from tests.streaming.sends import some_events


@pytest.mark.parametrize(
    ("model", "name", "toolchain"),
    [
        (everything_model(), "cortex-m4", "arm-none-eabi-gcc"),
        (small_model(), "rv32", "riscv64-unknown-elf-gcc"),
    ],
    ids=["integrator", "spikes"],
)
def test_running_state_on_a_core(tmp_path, model, name, toolchain):
    """Ten times the steps of a recording, and a pause; a model of each kind of read-out."""
    tools.require(toolchain)
    leaky, grid, core = running_model(model, 3), model.binning, find_core(name)
    events = some_events(600, 10 * grid.steps * grid.dt_us, 0xFFFF)
    events["x"] %= grid.sensor_width
    events["y"] %= grid.sensor_height
    events = events[(events["t"] < 0xFFFF + 5 * grid.dt_us) | (events["t"] >= 0xFFFF + 6 * grid.dt_us)]
    end_us = int(events["t"][-1]) + grid.dt_us
    files = generate(leaky, None, "a", 1)
    write_folder(files, tmp_path / "build")
    image = build_image(tmp_path / "build", list(files), "a", core, "gcc", stream=True)
    found = EmulatedStream(image, core, leaky, RUNNING).decisions(events, end_us)
    stream = EventStream(leaky, running=True)
    wanted = np.concatenate([stream.push(events).outputs, stream.advance(end_us).outputs])
    assert len(found) == 10 * grid.steps
    assert found == wanted.tolist()
