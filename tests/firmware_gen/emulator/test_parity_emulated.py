"""Random models and events on emulated cores: what only these compile (packed arithmetic, blocks) is exact too."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.parity.device_trace import trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import step_bytes
from firmware_gen.build.opened import open_build
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.cores import find_core
from tests import tools
from tests.firmware_gen.builds import export
from tests.firmware_gen.verify.test_parity import make_inputs
from tests.strategies import binned, random_model

# Core, compiler and flags take turns, so that each meets other models.
PROGRAMS = (
    ("cortex-m4", "gcc", "-O2"),
    ("cortex-m4", "zig", "-Os"),
    ("cortex-m33", "gcc", "-O3"),
    ("cortex-m4", "gcc", "-Os"),
    ("cortex-m0", "gcc", "-Os"),
    ("cortex-m7", "gcc", "-O2"),
    ("rv32", "gcc", "-O2"),
)


@pytest.mark.parametrize("seed", range(21))
def test_random_models(tmp_path, seed):
    core, toolchain, level = PROGRAMS[seed % len(PROGRAMS)]
    tools.require_compiler(toolchain, core)
    model = random_model(np.random.default_rng([seed, 2]))
    build = open_build(export(model, tmp_path / "build"))
    simulator = Simulator(model)
    form = trace_format(model, simulator.layers)
    image = build_image(build.folder, list(build.manifest.files), "a", find_core(core), toolchain, [level])
    network = EmulatedNetwork(image, find_core(core), model, form)
    recordings = binned(model, make_inputs(model, seed))
    for i in range(len(recordings)):
        expected, got = simulator.trace(recordings, i), network.record(step_bytes(recordings, i))
        assert got.unobserved is not None
        assert compare_device(model, expected, got, Place(i, "random")).first is None
