"""What a model as a whole refuses."""

import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Lif, Linear, OrPool, Shape
from edge_sast.model.model import Model
from tests.model.test_layers import integrator, lif, linear, recurrent

GRID = Binning(3, 1, 0, 1000, 4, 1)


def build(*layers, classes=("a", "b")):
    return Model(GRID, layers, classes)


def test_shapes_and_weighted_layers():
    model = build(OrPool(1), Flatten(), linear(), recurrent(weight=np.ones((2, 2), int)))
    assert model.shapes() == [Shape(1, 3, 2), Shape(1, 3, 2), Shape(1, 1, 6), Shape(1, 1, 2), Shape(1, 1, 2)]
    assert [index for index, _ in model.weighted()] == [2, 3]


BIG = Lif(np.array([1]), np.array([0]), np.array([0]), (), "zero", 31)

REFUSALS = [
    (lambda: build(), "model: layers is empty; it needs at least one weighted layer"),
    (lambda: build(Flatten()), "model: the last layer is Flatten; it must be Linear or RecurrentLinear"),
    (
        lambda: build(Flatten(), linear(neuron=integrator()), linear((2, 2))),
        "layers[1]: an integrator does not spike; only the last layer may be one",
    ),
    (
        lambda: build(Flatten(), linear(), classes=("a",)),
        "model: classes has 1 names; the last layer has 2 neurons",
    ),
    (
        lambda: build(Flatten(), linear(), classes=("a", "a")),
        "model: classes has a name twice; each must be its own",
    ),
    (
        lambda: build(Flatten(), linear(), classes=("a", "\x1b")),
        r"model: classes[1] is '\x1b'; it must be printable text",
    ),
    (
        lambda: build(Flatten(), linear(), classes=("", "a")),
        "model: classes[0] is ''; it must be printable text",
    ),
    (
        lambda: build(Flatten(), linear(), classes=("a", "x" * 256)),
        "model: classes[1] has 256 characters; a name has at most 255",
    ),
    (lambda: build(linear()), "layers[0]: linear: input is 1x3x2; put a flatten layer before it"),
]


@pytest.mark.parametrize(("make", "message"), REFUSALS)
def test_refusals(make, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        make()


def test_refuses_accumulators_beyond_32_bits():
    grid = Binning(128, 128, 0, 1000, 4, 255)
    wide = Linear(np.full((32768, 1), 127), 8, BIG, weight_shift=8)
    message = (
        "layers[1]: the accumulator needs -1073741824 to 272738811903, more than 32 bits hold; "
        "lower state_bits, weight_shift, biases, the fan-in or the counts that come in (count_cap, sum_pool)"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Model(grid, (Flatten(), wide), ("a",))


def test_refuses_steps_beyond_a_32_bit_counter():
    grid = Binning(128, 128, 0, 1000, 4, 255)
    many = lif(600)
    conv = Conv2d(np.zeros((1, 1, 2, 600), int), 2, many)
    message = (
        "layers[0]: one step can cost 5013504000 SynOps, more than a 32-bit counter holds; "
        "use a smaller input, fewer channels or neurons, or lower counts (count_cap, sum_pool)"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Model(grid, (conv, OrPool(128), Flatten(), Linear(np.ones((600, 1), int), 2, lif(1))), ("a",))
