"""Small networks for the bound: every way that a sweep can go is there."""

from __future__ import annotations

import numpy as np

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Linear, OrPool, SumPool
from edge_sast.model.model import Model
from tests.firmware_gen.builds import lif, weights

SIDE = 10


def two_convolutions(
    seed: int = 1, pool: type[OrPool] | type[SumPool] | None = None, **neuron: object
) -> Model:
    """Conv 6x3x3, perhaps a pool of 2, conv 10x3x3 at stride 2, linear 4: channels that fill no block, and padding."""
    rng = np.random.default_rng(seed)
    settings = {"leaks": (3,), "reset": "zero", "state_bits": 15} | neuron
    side = SIDE // 2 if pool else SIDE
    out = (side - 1) // 2 + 1
    layers = (
        Conv2d(weights(rng, 8, 3, 3, 2, 6) // 2, 8, lif(rng, 6, 100, **settings), 0, (1, 1), (1, 1), 1),
        *([pool(2)] if pool else []),
        Conv2d(weights(rng, 8, 3, 3, 6, 10) // 2, 8, lif(rng, 10, 100, **settings), 0, (2, 2), (1, 1), 1),
        Flatten(),
        Linear(weights(rng, 8, out * out * 10, 4), 8, Integrator([0, 1, -1, 2], [5, 0, 0, 0], (), 24)),
    )
    return Model(Binning(SIDE, SIDE, 0, 1000, 6, 1), layers, ("a", "b", "c", "d"))


def random_steps(model: Model, events: float, seed: int = 0) -> list[bytes]:
    """The steps of a recording, each of about that many events, some at one place: as event_bytes gives them."""
    rng, grid = np.random.default_rng(seed), model.binning
    steps = []
    for _ in range(grid.steps):
        sent = np.zeros(rng.poisson(events), np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "u1")]))
        sent["x"], sent["y"] = (
            rng.integers(n, size=len(sent)) for n in (grid.sensor_width, grid.sensor_height)
        )
        sent["p"] = rng.integers(2, size=len(sent))
        steps.append(len(sent).to_bytes(4, "little") + sent.tobytes())
    return steps
