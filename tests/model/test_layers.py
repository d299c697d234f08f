"""Every refusal of the layers, word by word, and the shapes they give."""

import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    state_range,
)


def lif(channels=2, **changes):
    fields = {
        "threshold": np.full(channels, 5),
        "bias": np.zeros(channels, int),
        "initial": np.zeros(channels, int),
        "leak_shifts": (3,),
        "reset": "zero",
        "state_bits": 8,
    }
    return Lif(**(fields | changes))


def taking(amount):
    return lif(reset="subtract", amount=np.array(amount))


def integrator(channels=2, **changes):
    zeros = np.zeros(channels, int)
    return Integrator(**({"bias": zeros, "initial": zeros, "leak_shifts": (), "state_bits": 8} | changes))


def conv(shape=(3, 3, 2, 2), **changes):
    return Conv2d(**({"weight": np.ones(shape, int), "bits": 4, "neuron": lif()} | changes))


def linear(shape=(6, 2), **changes):
    return Linear(**({"weight": np.ones(shape, int), "bits": 4, "neuron": lif()} | changes))


def recurrent(**changes):
    square = np.ones((2, 2), int)
    fields = {"weight": np.ones((6, 2), int), "recurrent": square, "bits": 4, "neuron": lif()}
    return RecurrentLinear(**(fields | changes))


def refuses(build, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        build()


NEURON_REFUSALS = [
    (lambda: lif(threshold=np.array([1.0, 2.0])), "threshold: dtype is float64; it must be an integer type"),
    (lambda: lif(bias=np.zeros((2, 1), int)), "bias: shape is (2, 1); it must have 1 non-empty dimensions"),
    (lambda: lif(bias=np.zeros(0, int)), "bias: shape is (0,); it must have 1 non-empty dimensions"),
    (lambda: lif(bias=np.array([0, 1 << 31])), "bias: values 0 to 2147483648 do not fit int32"),
    (lambda: lif(state_bits=3), "lif: state_bits is 3; it must be 4 to 31"),
    (lambda: lif(state_bits=32), "lif: state_bits is 32; it must be 4 to 31"),
    (lambda: lif(leak_shifts=(0,)), "lif: leak_shifts is [0]; give none, one or two shifts of 1 to 15"),
    (lambda: lif(leak_shifts=(16,)), "lif: leak_shifts is [16]; give none, one or two shifts of 1 to 15"),
    (
        lambda: lif(leak_shifts=(1, 2, 3)),
        "lif: leak_shifts is [1, 2, 3]; give none, one or two shifts of 1 to 15",
    ),
    (lambda: lif(leak_shifts=(3, 3)), "lif: leak_shifts is [3, 3]; the second must be the larger"),
    (
        lambda: lif(initial=np.array([0, 128])),
        "lif: initial membrane 0 to 128 is outside -128 to 127 (state_bits 8)",
    ),
    (lambda: lif(reset="none"), "lif: reset is 'none'; it must be 'zero' or 'subtract'"),
    (lambda: lif(bias=np.zeros(3, int)), "lif: bias has 3 entries; it must have 2"),
    (lambda: lif(initial=np.zeros(3, int)), "lif: initial has 3 entries; it must have 2"),
    (lambda: lif(threshold=np.array([0, 5])), "lif: threshold 0 to 5 is outside 1 to 127 (state_bits 8)"),
    (lambda: lif(threshold=np.array([5, 128])), "lif: threshold 5 to 128 is outside 1 to 127 (state_bits 8)"),
    (
        lambda: lif(amount=np.array([5, 5])),
        "lif: amount is given and reset is 'zero', which takes off all there is; "
        "leave amount out, or reset by 'subtract'",
    ),
    (lambda: taking([5]), "lif: amount has 1 entries; it must have 2"),
    (lambda: taking([[5, 5]]), "amount: shape is (1, 2); it must have 1 non-empty dimensions"),
    (lambda: taking([5.0, 5.0]), "amount: dtype is float64; it must be an integer type"),
    (lambda: taking([0, 5]), "lif: amount 0 to 5 is outside 1 to 127 (state_bits 8)"),
    (lambda: taking([-3, 5]), "lif: amount -3 to 5 is outside 1 to 127 (state_bits 8)"),
    (lambda: taking([5, 128]), "lif: amount 5 to 128 is outside 1 to 127 (state_bits 8)"),
    (lambda: taking([5, 1 << 31]), "amount: values 5 to 2147483648 do not fit int32"),
    (lambda: integrator(initial=np.zeros(3, int)), "integrator: initial has 3 entries; it must have 2"),
    (lambda: integrator(state_bits=2), "integrator: state_bits is 2; it must be 4 to 31"),
]

WEIGHT_REFUSALS = [
    (lambda: conv(bits=0), "conv2d: bits is 0; it must be 1 to 8"),
    (lambda: linear(bits=9), "linear: bits is 9; it must be 1 to 8"),
    (
        lambda: linear(bits=1, weight=np.array([[1, -1], [0, 1]])),
        "linear: a weight is 0; of 1 bit, every weight is -1 or 1",
    ),
    (
        lambda: conv(bits=1, weight=np.full((3, 3, 2, 2), -2)),
        "conv2d: a weight is -2; of 1 bit, every weight is -1 or 1",
    ),
    (lambda: linear(weight_shift=9), "linear: weight_shift is 9; it must be 0 to 8"),
    (lambda: conv(weight=np.full((3, 3, 2, 2), 8)), "conv2d: weights 8 to 8 are outside -8 to 7 (4 bits)"),
    (
        lambda: conv(weight=np.ones((3, 3, 2), int)),
        "conv2d: weight: shape is (3, 3, 2); it must have 4 non-empty dimensions",
    ),
    (lambda: linear(weight=np.full((6, 2), 200)), "linear: weight: values 200 to 200 do not fit int8"),
    (lambda: conv(stride=0), "conv2d: stride is 0; it must be two numbers (rows, columns) of 1 to 255"),
    (
        lambda: conv(stride=(1, 2, 3)),
        "conv2d: stride is (1, 2, 3); it must be two numbers (rows, columns) of 1 to 255",
    ),
    (
        lambda: conv(padding=(3, 0)),
        "conv2d: padding is (3, 0); it must be two numbers (rows, columns) of 0 to 2",
    ),
    (lambda: conv((256, 1, 2, 2)), "conv2d: kernel is 256x1; at most 255 x 255"),
    (lambda: conv(groups=3), "conv2d: groups is 3; it must divide the 2 input channels"),
    (lambda: conv(groups=0), "conv2d: groups is 0; it must divide the 2 input channels"),
    (lambda: conv(groups=2), "conv2d: neuron has 2 entries; it must have 4"),
    (lambda: linear((6, 3)), "linear: neuron has 2 entries; it must have 3"),
    (
        lambda: recurrent(recurrent=np.ones((2, 3), int)),
        "recurrent_linear: recurrent has shape (2, 3); it must be (2, 2)",
    ),
    (
        lambda: recurrent(neuron=integrator()),
        "recurrent_linear: neuron is an integrator; it must be a lif, which spikes",
    ),
    (lambda: OrPool(0), "or_pool: size is 0; it must be 1 to 255"),
    (lambda: SumPool(256), "sum_pool: size is 256; it must be 1 to 255"),
]

SHAPE_REFUSALS = [
    (lambda: Shape(0, 1, 1), "shape: height is 0; it must be 1 to 65535"),
    (
        lambda: Shape(1, 1, 65_536),
        "shape: channels is 65536; it must be 1 to 65535: use fewer channels or classes, "
        "or more pooling before a flatten",
    ),
    (
        lambda: Shape(65_535, 65_535, 1),
        "shape: 65535x65535x1, 4294836225 neurons; at most 16777216 fit one layer: "
        "use a smaller input, fewer channels, or more pooling before it",
    ),
    (lambda: conv().output(Shape(5, 5, 3)), "conv2d: input has 3 channels; its weight takes 2"),
    (
        lambda: conv().output(Shape(2, 5, 2)),
        "conv2d: kernel 3x3 is larger than its padded input 2x5x2; use a smaller kernel or less pooling",
    ),
    (lambda: linear().output(Shape(1, 2, 3)), "linear: input is 1x2x3; put a flatten layer before it"),
    (lambda: linear().output(Shape(1, 1, 5)), "linear: input has 5 values; its weight takes 6"),
    (lambda: recurrent().output(Shape(1, 1, 5)), "recurrent_linear: input has 5 values; its weight takes 6"),
    (lambda: OrPool(3).output(Shape(5, 2, 1)), "or_pool: size is 3; its input 5x2x1 is smaller"),
    (lambda: SumPool(3).output(Shape(2, 5, 1)), "sum_pool: size is 3; its input 2x5x1 is smaller"),
]


@pytest.mark.parametrize(("build", "message"), NEURON_REFUSALS + WEIGHT_REFUSALS + SHAPE_REFUSALS)
def test_refusals(build, message):
    refuses(build, message)


def test_shapes():
    assert conv(stride=(2, 1), padding=(1, 2)).output(Shape(7, 4, 2)) == Shape(4, 6, 2)
    assert conv((3, 3, 1, 1), groups=2, weight=np.ones((3, 3, 2, 1), int)).output(Shape(3, 3, 2)) == Shape(
        1, 1, 2
    )
    assert OrPool(2).output(Shape(5, 4, 3, 7)) == Shape(2, 2, 3, 1)
    assert SumPool(2).output(Shape(5, 4, 3, 7)) == Shape(2, 2, 3, 28)
    assert Flatten().output(Shape(5, 4, 3, 7)) == Shape(1, 1, 60, 7)
    assert linear().output(Shape(1, 1, 6)) == recurrent().output(Shape(1, 1, 6)) == Shape(1, 1, 2)
    assert str(Shape(5, 4, 3)) == "5x4x3"


def test_arrays_are_copies_that_cannot_be_written():
    weight = np.ones((6, 2), np.int8)
    layer = linear(weight=weight)
    weight[0, 0] = 3
    assert layer.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 2


def test_state_range():
    assert state_range(8) == (-128, 127)
