"""The network that instruction counts are quoted for: conv 2→12 5×5 on 34×34, pool 2, conv 12→32 5×5, pool 2, linear
800→10; INT8, random weights, random events."""

from __future__ import annotations

import numpy as np

from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear, OrPool
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator

STEPS = 10
SIDE = 34
POOLED_RATE = 0.05  # of layer 1, after its pool
WEIGHT_SPREAD = 32.0  # standard deviation of the 8-bit weights: every sum is proven to fit 16 bits
SEED = 1


def reference_model(input_rate: float) -> Model:
    """The network with the threshold that lets 5 % of the first pool's outputs spike at this rate of input spikes."""
    low, high = 1, 1 << 12
    while low < high:  # the lowest threshold that is quiet enough
        middle = (low + high) // 2
        if pooled_rate(network(middle), input_rate) > POOLED_RATE:
            low = middle + 1
        else:
            high = middle
    return network(low)


def random_events(model: Model, rate: float, recordings: int = 1) -> BinnedEvents:
    """Every input spikes with probability `rate` at every step; the same for the same arguments."""
    grid = model.binning
    rng = np.random.default_rng([SEED, round(1e6 * rate)])
    active = [np.flatnonzero(rng.random(grid.neurons) < rate) for _ in range(recordings * grid.steps)]
    indices = np.concatenate(active).astype(np.int32)
    return BinnedEvents(
        binning=grid,
        indices=indices,
        counts=np.ones(len(indices), np.uint8),
        step_ptr=np.cumsum([0, *map(len, active)]).astype(np.int64),
        labels=np.zeros(recordings, np.int64),
        classes=model.classes,
        sources=tuple(f"random events, {100 * rate:g} %, {i}" for i in range(recordings)),
        dropped=np.zeros(recordings, np.int64),
    )


def pooled_rate(model: Model, input_rate: float) -> float:
    """Share of the first pool's outputs that spike, over all steps of random events."""
    simulator = Simulator(model)
    trace = simulator.trace(random_events(model, input_rate), 0)
    shape = model.shapes()[1]
    first = simulator.layers[0]
    spikes = trace.spikes[:, first.start : first.stop].reshape(-1, shape.height, shape.width, shape.channels)
    pairs = spikes.reshape(len(spikes), shape.height // 2, 2, shape.width // 2, 2, shape.channels)
    return float(pairs.any(axis=(2, 4)).mean())


def network(threshold: int, channels: tuple[int, int] = (12, 32), steps: int = STEPS) -> Model:
    """The same with another threshold of the first layer, and with other channels and steps where these are given."""
    first, second = channels
    rng = np.random.default_rng(SEED)
    return Model(
        Binning(SIDE, SIDE, 0, 1000, steps, 1),
        (
            Conv2d(_weights(rng, 5, 5, 2, first), 8, _lif(first, threshold)),
            OrPool(2),
            Conv2d(_weights(rng, 5, 5, first, second), 8, _lif(second, 512)),
            OrPool(2),
            Flatten(),
            Linear(
                _weights(rng, 25 * second, 10), 8, Integrator(np.zeros(10, int), np.zeros(10, int), (4,), 14)
            ),
        ),
        tuple("0123456789"),
    )


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.clip(np.rint(rng.normal(0, WEIGHT_SPREAD, shape)), -128, 127).astype(int)


def _lif(channels: int, threshold: int) -> Lif:
    zeros = np.zeros(channels, int)
    return Lif(np.full(channels, threshold), zeros, zeros, (3,), "zero", 14)
