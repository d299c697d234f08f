"""What the core cannot hold is refused by name, before anything is written."""

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Layer, Lif, Linear, OrPool
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.plan import RtlPlan


def lif(channels: int) -> Lif:
    return Lif([1] * channels, [0] * channels, [0] * channels, (), "zero", 8)


def conv(inputs: int, groups: int = 1) -> Conv2d:
    """1 × 1, one output for each group."""
    return Conv2d(np.ones((1, 1, inputs, 1), np.int8), 2, lif(groups), groups=groups)


def linear(inputs: int, outputs: int = 1) -> Linear:
    return Linear(np.ones((inputs, outputs), np.int8), 2, lif(outputs))


def model(width: int, height: int, *layers: Layer, cap: int = 1) -> Model:
    return Model(Binning(width, height, 0, 1000, 1, cap), layers, ("a",))


def refused(of: Model, lanes: int, message: str) -> None:
    with pytest.raises(EdgeSastError) as error:
        RtlPlan(of, lanes)
    assert str(error.value) == message


@pytest.mark.parametrize("lanes", [0, 3, 32])
def test_lanes(lanes):
    refused(model(1, 1, Flatten(), linear(2)), lanes, f"lanes is {lanes}; it must be one of 1, 2, 4, 8, 16")


@pytest.mark.parametrize(("width", "height"), [(32_768, 1), (1, 32_768)])
def test_input(width, height):
    of = model(width, height, conv(2), Flatten(), linear(32_768))
    refused(
        of,
        16,
        f"input: {width}x{height} pixels; the core's events hold at most 32767 a side: raise the model's input shift",
    )


def test_rows():
    of = model(1, 4096, conv(2), Flatten(), linear(4096))
    refused(
        of,
        16,
        "layers[0]: 4096 rows; the core's spike words hold at most 4095: use a "
        "smaller input, or more pooling before it",
    )
    RtlPlan(model(1, 4095, conv(2), Flatten(), linear(4095)), 16)


def test_words_of_a_row():
    of = model(4096, 1, conv(2), Flatten(), linear(4096))
    refused(
        of,
        1,
        "layers[0]: a row of 4096 pixels of 1 channels takes 4096 words of 1 lanes; the core's spike words hold "
        "at most "
        "4095: use more lanes, fewer channels, or more pooling before it",
    )
    RtlPlan(of, 8)  # two banks: half as many words


def test_membrane_words():
    layers = [conv(2), conv(1), conv(1), OrPool(255), OrPool(11)]
    of = model(2805, 2805, *layers, Flatten(), linear(1))
    refused(
        of,
        1,
        "layers[2]: the membranes up to here need 23604075 words of 1 lanes; at most 16777216 can be addressed: use a "
        "smaller input, fewer channels, or more lanes",
    )


def test_weight_words():
    of = model(100, 100, Flatten(), conv(20_000, 20_000), Flatten(), linear(20_000))
    refused(
        of,
        16,
        "layers[1]: the weights up to here need 25000000 words of 16 lanes; at most 16777216 can be addressed: use "
        "fewer channels or neurons, smaller kernels, or more lanes, or no flatten before this conv2d of several groups",
    )


def test_or_windows():
    """One window over the whole input, and weights shifted by 0, or by 1 as its spikes then are."""
    of = model(2805, 2805, OrPool(255), OrPool(11), Flatten(), linear(2), cap=255)
    spikes = 255 * 2805 * 2805
    assert spikes.bit_length() == 31
    RtlPlan(of, 16)
    shifted = Linear(np.ones((2, 1), np.int8), 2, lif(1), 1)
    refused(
        model(2805, 2805, OrPool(255), OrPool(11), Flatten(), shifted, cap=255),
        16,
        f"layers[1]: up to {2 * spikes} spikes of an or_pool's window need membranes of 33 bits; the core holds "
        "at most 32: lower count_cap, or use smaller pools",
    )


def test_engine_layers():
    of = model(1, 1, Flatten(), linear(2), *(linear(1) for _ in range(256)))
    refused(
        of,
        4,
        "model: 257 engine layers (weighted layers, and or_pools between them); the core holds at most 256: "
        "use fewer layers",
    )
