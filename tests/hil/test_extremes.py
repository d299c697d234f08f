"""Models and recordings at the ends of what there can be, on virtual boards with buffers large and small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.hil.connection import Connection
from edge_sast.hil.session import run_session
from edge_sast.hil.worker import Plan
from edge_sast.model.layers import Flatten, Integrator, Linear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime import Simulator
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.virtual.board import build_virtual_board, running
from firmware_gen.virtual.relay import RelaySettings
from tests.firmware_gen.builds import export, lif, weights
from tests.hil.boards import PATIENT
from tests.strategies import binned

LARGE = (4096, ("-DSAST_BOARD_FRAME_BYTES=512u", "-DSAST_BOARD_WINDOW=8u"))
SMALL = (64, ("-DSAST_BOARD_FRAME_BYTES=64u", "-DSAST_BOARD_WINDOW=1u", "-DSAST_BOARD_FRAME_STEPS=1u"))


def model_of(steps: int, cap: int, classes: int) -> Model:
    """Two linear layers on 12 x 9 pixels."""
    rng = np.random.default_rng(steps)
    return Model(
        Binning(12, 9, 0, 1000, steps, cap),
        (
            Flatten(),
            Linear(weights(rng, 8, 216, 6), 8, lif(rng, 6, 400)),
            Linear(weights(rng, 4, 6, classes), 4, Integrator([1] * classes, [3] * classes, (4,), 24)),
        ),
        tuple(f"class {i}" for i in range(classes)),
    )


def recordings_of(model: Model) -> list[np.ndarray]:
    """Counts [T, 9, 12, 2]: nothing at all, everything at its cap, one event at the very end, any."""
    grid = model.binning
    shape = (grid.steps, grid.height, grid.width, 2)
    empty, last = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    last[-1, -1, -1, -1] = grid.count_cap
    mixed = np.random.default_rng(2).integers(0, 1 + min(grid.count_cap, 2), shape).astype(np.uint8)
    return [empty, np.full(shape, grid.count_cap, np.uint8), last, empty, mixed]


@pytest.mark.parametrize("buffers", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize(
    ("steps", "cap", "classes"),
    [(1, 1, 1), (1, 255, 2), (300, 1, 3), (9, 3, 1), (2, 1, 13)],
)
def test_every_bit_at_the_ends(steps, cap, classes, buffers, tmp_path: Path):
    model = model_of(steps, cap, classes)
    data = binned(model, recordings_of(model))
    rx_bytes, flags = buffers
    build_virtual_board(export(model, tmp_path / "build", count=1), tmp_path / "virtual", rx_bytes, flags)
    with running(RelaySettings(str(tmp_path / "virtual"), max(rx_bytes, 300), True)) as board:
        connection = Connection(
            board.port, 115_200, model_hash(model), footprint(CPlan(model)).ram_bytes, PATIENT
        )
        result = run_session(Simulator(model), data, [connection], Plan())
    assert sorted(result.outcomes) == list(range(len(data)))
    assert [outcome.mismatch for outcome in result.outcomes.values()] == [None] * len(data)
    assert {outcome.retries + outcome.restarts for outcome in result.outcomes.values()} == {0}
    assert board.overruns == 0
