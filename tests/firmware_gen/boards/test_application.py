"""Recordings on every emulated board, through the link, against the runtime: zero mismatches, nothing lost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.link.board_link import BoardLink
from edge_sast.link.ports import open_port
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Linear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.boards.boards import BOARDS
from firmware_gen.boards.build import build_firmware
from firmware_gen.boards.qemu import emulator
from tests.firmware_gen.board_programs import EMULATED, REAL, require_tools
from tests.firmware_gen.builds import everything_model, export, lif, weights
from tests.hil.boards import PATIENT, make_bench, make_early_bench


@pytest.fixture(autouse=True)
def tools():
    require_tools()


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return export(everything_model(), tmp_path_factory.mktemp("board") / "build")


@pytest.fixture(scope="module")
def bench(build):
    return make_bench(build)


def busy_model() -> Model:
    """Convolutions of the size of a real network, so that a step takes longer than the next frame needs to arrive."""
    rng = np.random.default_rng(3)
    return Model(
        Binning(34, 34, 0, 1000, 6, 1),
        (
            Conv2d(weights(rng, 8, 5, 5, 2, 8), 8, lif(rng, 8, 900), 0, (4, 4), (2, 2)),
            Conv2d(weights(rng, 8, 3, 3, 8, 12), 8, lif(rng, 12, 900), 0, (2, 2), (1, 1)),
            Flatten(),
            Linear(weights(rng, 8, 300, 10), 8, Integrator([0] * 10, [0] * 10, (3,), 24)),
        ),
        tuple("0123456789"),
    )


@pytest.mark.parametrize("name", EMULATED)
def test_every_layer_kind_over_tcp(name, build, bench, tmp_path):
    board = BOARDS[name]
    firmware = build_firmware(build, board, tmp_path, toolchain="gcc")
    with emulator(board, firmware.elf) as machine:
        link = BoardLink(open_port(machine.port), PATIENT)
        info = link.hello()
        assert (info.name, info.model_hash) == (name, model_hash(bench.model))
        assert (info.ticks_kind, info.ticks_hz, info.rx_bytes) == ("instructions", 0, board.ring_bytes)
        assert (info.frame_bytes, info.window) == (board.frame_bytes, board.window)
        for i in range(len(bench.data)):
            for observed in (True, False):
                bench.check(link.run(bench.steps(i), observed), i, observed)
        membranes, spikes = link.dump(bench.steps(0), 3, bench.traces[0].layers[0].index)
        layer = bench.traces[0].layers[0]
        np.testing.assert_array_equal(membranes, bench.traces[0].membranes[3, layer.start : layer.stop])
        np.testing.assert_array_equal(spikes, bench.traces[0].spikes[3, layer.start : layer.stop])
        assert machine.read_word("ring_lost") == 0
        assert 100 < machine.stack_used() <= board.stack_bytes - 256  # a quarter to spare
        link.close()


def test_a_model_that_answers_early(tmp_path):
    """On one of them: as many steps as the runtime computes, and no CRC or ticks of the others."""
    board = BOARDS["qemu-mps2-an386"]
    bench = make_early_bench(tmp_path)
    folder = export(bench.model, tmp_path / "build")
    firmware = build_firmware(folder, board, tmp_path / "firmware", toolchain="gcc")
    with emulator(board, firmware.elf) as machine:
        link = BoardLink(open_port(machine.port), PATIENT)
        assert link.hello().protocol == 2
        for i in range(len(bench.data)):
            for observed in (True, False):
                bench.check(link.run(bench.steps(i), observed), i, observed)
        link.close()


def undisturbed(link, steps):
    """A run without an observer in which the host never asked where an answer is: its bytes interrupt the board."""
    for _ in range(20):
        before = link.statistics.recoveries
        run = link.run(steps, False)
        if link.statistics.recoveries == before:
            return run
    raise AssertionError("the machine is too busy to answer within PATIENT.reply_s even once")


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Build folder and bench of busy_model."""
    folder = export(busy_model(), tmp_path_factory.mktemp("busy") / "build")
    return folder, make_bench(folder, busy_model(), 3)


@pytest.mark.parametrize("name", EMULATED)
def test_a_real_size_over_a_pty(name, busy, tmp_path):
    """Events come in while steps are computed: the ring fills, and is never over-full."""
    folder, bench = busy
    board = BOARDS[name]
    firmware = build_firmware(folder, board, tmp_path, toolchain="zig")
    with emulator(board, firmware.elf, "pty") as machine:
        link = BoardLink(open_port(machine.port), PATIENT)
        ticks = []
        everything = [bench.steps(i) for i in range(len(bench.data))] * 3
        for i, run in enumerate(link.runs(everything, True)):
            bench.check(run, i % len(bench.data))
        for i in range(len(bench.data)):
            runs = [undisturbed(link, bench.steps(i)) for _ in range(2)]
            for run in runs:
                bench.check(run, i, False)
            ticks += [run.ticks for run in runs]
        assert machine.read_word("ring_lost") == 0
        assert 0 < machine.read_word("ring_most") <= board.ring_bytes
        link.close()
    assert all((t > 1000).all() for t in ticks)
    # One recording takes the same instructions each time, but for SysTick's interrupts and one tick's rounding.
    for one, other in zip(ticks[::2], ticks[1::2], strict=True):
        assert np.abs(one.astype(np.int64) - other).max() <= 50


@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
@pytest.mark.parametrize("name", REAL)
def test_real_boards_are_built(name, toolchain, build, tmp_path):
    board = BOARDS[name]
    firmware = build_firmware(build, board, tmp_path, toolchain=toolchain, baud=460_800)
    assert firmware.image.stat().st_size == firmware.use.flash
    assert (firmware.uf2 is not None) == (name == "pico")
    document = json.loads((tmp_path / "build.json").read_text())
    assert document["model_hash"] == model_hash(everything_model())
    assert (document["board"], document["emulated"], document["baud"]) == (name, False, 460_800)
    assert document["used"]["flash"] == firmware.use.flash
    names = {"firmware.elf", "firmware.bin", "build.json", "link.ld", "port_config.h"}
    assert {path.name for path in tmp_path.iterdir()} == names | ({"firmware.uf2"} if firmware.uf2 else set())


def test_a_model_that_does_not_fit_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    wide = Conv2d(weights(rng, 8, 3, 3, 2, 16), 8, lif(rng, 16, 900), 0, (1, 1), (1, 1))
    last = Linear(weights(rng, 8, 24 * 24 * 16, 2), 8, Integrator([0, 0], [0, 0], (3,), 24))
    model = Model(Binning(24, 24, 0, 1000, 2, 1), (wide, Flatten(), last), ("a", "b"))
    folder = export(model, tmp_path / "build", count=1)
    board = BOARDS["qemu-stm32vldiscovery"]
    with pytest.raises(
        EdgeSastError,
        match=r"^--board qemu-stm32vldiscovery: the model needs [23]\d,\d{3} bytes of RAM, 1,536 of them for the "
        r"stack, the board has 8,192; export a smaller model or choose another board$",
    ):
        build_firmware(folder, board, tmp_path / "out")
