"""Models at the bounds of what a model file may hold: values, widths and shapes that random models do not reach."""

from __future__ import annotations

import numpy as np

from edge_sast.events.binning import Binning
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    SumPool,
)
from edge_sast.model.model import Model
from tests.firmware_gen.builds import weights

HALF = 1 << 30  # membranes of 31 bits: -HALF to HALF - 1
RNG = np.random.default_rng(3)


def grid(width: int, height: int, steps: int = 3, cap: int = 1) -> Binning:
    return Binning(width, height, 0, 1000, steps, cap)


def w(bits: int, *shape: int) -> np.ndarray:
    return weights(RNG, bits, *shape)


def lif(channels: int, threshold, bias=0, initial=0, leaks=(), reset="zero", bits=8) -> Lif:
    """threshold, bias, initial: of all channels, or one value for all."""
    each = (np.broadcast_to(values, channels) for values in (threshold, bias, initial))
    return Lif(*each, leaks, reset, bits)


def read_out(channels: int, bias=0, initial=0, leaks=(), bits=24) -> Integrator:
    return Integrator(np.broadcast_to(bias, channels), np.broadcast_to(initial, channels), leaks, bits)


def model(of: Binning, *layers: Layer) -> Model:
    return Model(of, layers, tuple(f"class {i}" for i in range(layers[-1].neuron.channels)))


def flat(of: Binning, *layers: Layer) -> Model:
    return model(of, Flatten(), *layers)


EDGES: dict[str, Model] = {
    # membranes narrower than the bits that the weights are said to have
    "a membrane of 5 bits, weights of 8": flat(
        grid(1, 1), Linear(np.array([[1], [0]]), 8, read_out(1, bits=4))
    ),
    "no weight but 0": flat(grid(1, 1), Linear(np.zeros((2, 3), int), 8, lif(3, 7, bits=4))),
    "weights of 1 bit, 255 events of a pixel": flat(
        grid(1, 1, 2, 255), Linear(w(1, 2, 1), 1, lif(1, 7, 0, -8, (1, 2), "subtract", 4))
    ),
    # the widest
    "everything at a bound of 31 bits": flat(
        grid(1, 1, cap=255),
        Linear(
            w(8, 2, 5),
            8,
            lif(
                5,
                [1, HALF - 1, 1, HALF - 1, 7],
                [0, 5, -5, 100_000, -100_000],
                [HALF - 1, HALF - 1, -HALF, -HALF, -1],
                (15,),
                "subtract",
                31,
            ),
            8,
        ),
    ),
    "a sum of 2^31 - 1": flat(
        grid(1, 1), Linear(np.ones((2, 1), int), 8, read_out(1, HALF - 2, HALF - 1, bits=31))
    ),
    "a sum of -2^31": flat(
        grid(1, 1), Linear(-np.ones((2, 1), int), 8, lif(1, 1, 2 - HALF, -HALF, (1, 2), "subtract", 31))
    ),
    "biases larger than the state": flat(
        grid(2, 1), Linear(w(3, 4, 3), 3, lif(3, [7, 1, 3], [1000, -1000, 8], [7, -8, -1], (1, 2), bits=4))
    ),
    "thresholds that nothing reaches": flat(
        grid(2, 2), Linear(w(2, 8, 3), 2, lif(3, (1 << 19) - 1, 0, (1 << 19) - 1, (), "subtract", 20))
    ),
    # recurrence in the last layer, and in all
    "recurrent alone": flat(
        grid(1, 1, 5), RecurrentLinear(w(4, 2, 3), w(4, 3, 3), 4, lif(3, 2, 1, 0, (1,), bits=6))
    ),
    "recurrent last, of 17": flat(
        grid(2, 2, 4, 2),
        RecurrentLinear(w(8, 8, 17), w(8, 17, 17), 8, lif(17, 20, 1, -3, (2,), "subtract", 12), 1),
    ),
    "recurrent three times": flat(
        grid(2, 2, 5),
        RecurrentLinear(w(2, 8, 5), w(2, 5, 5), 2, lif(5, 1, 1, bits=5)),
        RecurrentLinear(w(1, 5, 9), w(1, 9, 9), 1, lif(9, 1, reset="subtract", bits=5)),
        RecurrentLinear(w(8, 9, 2), w(8, 2, 2), 8, lif(2, 1, 0, 0, (1,), "subtract", 20), 8),
    ),
    "one step, all spike": model(
        grid(3, 2, 1),
        Conv2d(w(8, 2, 2, 2, 5), 8, lif(5, 1, 100, bits=10)),
        Flatten(),
        RecurrentLinear(w(8, 10, 4), w(8, 4, 4), 8, lif(4, 1, 2000, bits=12)),
    ),
    # groups
    "5 groups of 1": model(
        grid(4, 3, 2),
        Conv2d(w(5, 1, 1, 2, 5), 5, lif(5, 3, 1, 0, (3,))),
        Conv2d(w(3, 2, 2, 5, 1), 3, lif(5, 2), 0, (1, 1), (1, 1), 5),
        Flatten(),
        Linear(w(4, 100, 3), 4, read_out(3)),
    ),
    "3 groups of 7": model(
        grid(4, 3, 2),
        Conv2d(w(5, 1, 1, 2, 9), 5, lif(9, 3, 1, 0, (3,))),
        Conv2d(w(3, 2, 2, 9, 7), 3, lif(21, 2), 0, (1, 2), (1, 1), 3),
        Flatten(),
        Linear(w(1, 4 * 3 * 21, 3), 1, lif(3, 2)),
    ),
    "2 groups of events": model(
        grid(5, 4, 2, 3),
        Conv2d(w(3, 3, 3, 2, 3), 3, lif(6, 4, 0, 1, (1,), "subtract"), 1, (2, 3), (2, 2), 2),
        Flatten(),
        Linear(w(2, 3 * 3 * 6, 2), 2, read_out(2, bits=8)),
    ),
    "13 channels alone": model(
        grid(3, 3, 2),
        Conv2d(w(3, 1, 1, 2, 13), 3, lif(13, 1)),
        Conv2d(w(3, 3, 3, 13, 1), 3, lif(13, 2), 0, (1, 1), (1, 1), 13),
        Flatten(),
        Linear(w(3, 117, 2), 3, lif(2, 9, bits=10)),
    ),
    # kernels and strides
    "strides beyond the kernel": model(
        grid(9, 9, 2, 2),
        Conv2d(w(4, 2, 1, 2, 3), 4, lif(3, 4), 0, (5, 4)),
        Flatten(),
        Linear(w(4, 2 * 3 * 3, 2), 4, read_out(2)),
    ),
    "strides of 255": model(
        grid(9, 7, 2),
        Conv2d(w(4, 3, 3, 2, 3), 4, lif(3, 4), 0, (255, 255)),
        Flatten(),
        Linear(w(4, 3, 2), 4, read_out(2)),
    ),
    "a kernel far larger than its input": model(
        grid(2, 1, 2),
        Conv2d(w(4, 9, 9, 2, 2), 4, lif(2, 4), 0, (1, 3), (8, 8)),
        Flatten(),
        Linear(w(4, 9 * 4 * 2, 2), 4, read_out(2)),
    ),
    # one of everything
    "a row of one channel": model(
        grid(7, 1, 2), Conv2d(w(4, 1, 2, 2, 1), 4, lif(1, 3)), Flatten(), Linear(w(4, 6, 1), 4, lif(1, 3))
    ),
    "one pixel, one channel, one class": model(
        grid(1, 1, 3, 255),
        Conv2d(w(4, 1, 1, 2, 1), 4, lif(1, 3, 0, 0, (1,), "subtract", 14), 8),
        OrPool(1),
        Flatten(),
        Linear(w(4, 1, 1), 4, read_out(1)),
    ),
    # counts
    "pools alone": model(
        grid(6, 5, 2, 255),
        SumPool(2),
        OrPool(1),
        SumPool(2),
        Flatten(),
        Linear(w(8, 2, 3), 8, read_out(3, bits=31), 8),
    ),
    "4,080 events of a window": model(
        grid(4, 4, 2, 255),
        SumPool(4),
        Flatten(),
        Linear(w(8, 2, 3), 8, read_out(3, 0, [HALF - 1, -HALF, 0], bits=31), 8),
    ),
    "an or of 9,180 events": model(
        grid(6, 6, 2, 255), OrPool(6), Flatten(), Linear(w(8, 2, 3), 8, read_out(3, bits=4))
    ),
    # long lists
    "67 classes": flat(grid(1, 1, 2), Linear(w(8, 2, 67), 8, lif(67, 3))),
    "ten layers": flat(
        grid(2, 2), Linear(w(2, 8, 3), 2, lif(3, 1)), *(Linear(w(2, 3, 3), 2, lif(3, 1, 1)) for _ in range(9))
    ),
}
