"""docs/file-format.md's table of ranges: both ends are taken, the first value beyond each is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.bounds import accumulator_bound, check_step_counter
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Layer, Lif, Linear, OrPool, Shape, SumPool
from edge_sast.model.model import Model
from tests.model.test_modelfile import parts, rebuilt

PAGE = Path(__file__).parent.parent / "docs" / "file-format.md"
S, KH, KW, C_IN, BITS = 8, 3, 5, 6, 4  # what the table's symbols stand for here
GRID = {"sensor_width": 1, "sensor_height": 1, "shift": 0, "dt_us": 1000, "steps": 1, "count_cap": 1}


def documented() -> dict[str, tuple[int, int]]:
    """Name to least and largest value of every line of the table."""
    section = PAGE.read_text(encoding="utf-8").split("## Ranges")[1].split("\n## ")[0]
    lines = re.findall(r"^\| (.*?) \| (.*?) \| (.*?) \|.*\|$", section, re.MULTILINE)
    return {name: (number(least), number(largest)) for name, least, largest in lines if name != "value"}


def number(text: str) -> int:
    """What the page's notation says, such as −2^(S − 1)."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text.replace("−", "-").replace("^", "**"))
    return int(eval(plain, {"S": S, "kh": KH, "kw": KW, "c_in": C_IN, "bits": BITS, "max": max}))


def neuron(channels: int = 1, **changes) -> Lif:
    fields = {
        "threshold": 5,
        "bias": 0,
        "initial": 0,
        "leak_shifts": (),
        "reset": "zero",
        "state_bits": S,
    } | changes
    arrays = {name: np.full(channels, fields.pop(name)) for name in ("threshold", "bias", "initial")}
    return Lif(**arrays, **fields)


def conv(channels_in=2, channels=1, kernel=(1, 1), **changes) -> Conv2d:
    weight = np.ones((*kernel, channels_in, channels // max(1, changes.get("groups", 1))), int)
    return Conv2d(**({"weight": weight, "bits": 2, "neuron": neuron(channels)} | changes))


def model(*layers: Layer, classes: tuple[str, ...] = ("a",), **grid) -> Model:
    """The layers, and a read-out behind a flatten, as a file gives them back."""
    binning = Binning(**GRID | grid)
    shape = Shape(binning.height, binning.width, 2, 1)
    for layer in layers:
        shape = layer.output(shape)
    readout = Linear(np.ones((shape.neurons, len(classes)), int), 2, neuron(len(classes)))
    return modelfile.loads(modelfile.dumps(Model(binning, (*layers, Flatten(), readout), classes)))


def linear(weight: int = 1, bits: int = BITS, **changes) -> Model:
    shift = changes.pop("weight_shift", 0)
    layer = Linear(np.full((2, 1), weight), bits, neuron(**changes), shift)
    return modelfile.loads(modelfile.dumps(Model(Binning(**GRID), (Flatten(), layer), ("a",))))


def of_count(largest: int) -> Shape:
    """A sum_pool behind such counts."""
    return (
        SumPool(1).output(Shape(1, 1, 2, 1 if largest < 1 else largest))
        if largest
        else Shape(1, 1, 2, largest)
    )


def of_neurons(n: int) -> Shape:
    sides = {1 << 24: (4096, 4096, 1), (1 << 24) + 1: (97, 257, 673)}
    return Shape(*sides.get(n, (1, 1, n)))


def accumulator(value: int) -> None:
    """A layer whose bound on that side is this value: S bits of state, and a bias."""
    edge = (1 << (S - 1)) - 1 if value > 0 else -(1 << (S - 1))
    accumulator_bound(Linear(np.zeros((1, 1), int), 2, neuron(bias=value - edge)), 1)


def synops(n: int) -> None:
    """A 1 x 1 convolution over n = columns · rows · count neurons of one channel; 2^32 − 1 = 65535 · 257 · 255 · 1."""
    shapes = {(1 << 32) - 1: Shape(257, 255, 1, 65_535), 1 << 32: Shape(256, 256, 32, 2048)}
    shape = shapes[n] if n > 1 else Shape(1, 1, 1)
    check_step_counter(conv(channels_in=shape.channels), shape)


# Name of the line: what builds a model with the value, and which field its refusal names (default: the line's).
LINES: dict[str, tuple[Callable[[int], object], str]] = {
    "`sensor_width`, `sensor_height`": (
        lambda n: [Binning(**GRID | {name: n}) for name in ("sensor_width", "sensor_height")],
        r"binning: sensor {value}x1 .* give --sensor WxH with sides of 1\.\.65536",
    ),
    "`shift`": (
        lambda n: model(shift=n),
        r"binning: shift={value} is out of range; choose a whole number 0\.\.7",
    ),
    "`dt_us`": (lambda n: model(dt_us=n), r"binning: dt_us={value} .* 1\.\.2147483647"),
    "`steps`": (lambda n: model(steps=n), r"binning: steps={value} .* 1\.\.65535"),
    "`count_cap`": (lambda n: model(count_cap=n), r"binning: count_cap={value} .* 1\.\.255"),
    "entries of `layers`": (
        lambda n: Model(
            Binning(**GRID),
            (Flatten(),) * (n - 1) + (Linear(np.ones((2, 1), int), 2, neuron()),) * (n > 0),
            ("a",),
        ),
        r"model: layers (is empty; it needs at least|has {value} entries; use at most 65535)",
    ),
    "characters of a class name": (
        lambda n: model(classes=("x" * n,)),
        r"model: classes\[0\] (is ''; it must be printable|has {value} characters; a name has at most 255)",
    ),
    "rows, columns, channels": (
        lambda n: [Shape(n, 1, 1), Shape(1, n, 1), Shape(1, 1, n)],
        r"shape: height is {value}; it must be 1 to 65535",
    ),
    "neurons of a layer": (of_neurons, r"shape: .*{value}( neurons|;).* (at most 16777216 fit|must be 1 to)"),
    "largest count": (of_count, r"shape: max_count is {value}; it must be 1 to 65535"),
    "kernel rows, kernel columns": (
        lambda n: [
            model(conv(kernel=kernel), sensor_width=kernel[1], sensor_height=kernel[0])
            for kernel in ((n, 1), (1, n))
        ],
        r"conv2d: (kernel is {value}x1; at most 255 x 255|weight: shape is \(0, 1, 2, 1\); .* non-empty)",
    ),
    "`stride`": (
        lambda n: [model(conv(stride=stride)) for stride in ((n, 1), (1, n))],
        r"conv2d: stride is \({value}, 1\); it must be two numbers \(rows, columns\) of 1 to 255",
    ),
    "`padding`": (
        lambda n: [
            model(conv(kernel=(KH, KW), padding=pad), sensor_width=9, sensor_height=9)
            for pad in ((n, 0), (0, n))
        ],
        r"conv2d: padding is \({value}, 0\); it must be two numbers \(rows, columns\) of 0 to 4",
    ),
    "`groups`": (
        lambda n: model(conv(channels=C_IN), conv(C_IN, 42, groups=n, neuron=neuron(42))),
        r"conv2d: groups is {value}; it must divide the 6 input channels",
    ),
    "`size` of a pool": (
        lambda n: [
            model(pool(n), conv(stride=255), sensor_width=255, sensor_height=255)
            for pool in (OrPool, SumPool)
        ],
        r"or_pool: size is {value}; it must be 1 to 255",
    ),
    "`bits`": (lambda n: linear(-1, n), r"linear: bits is {value}; it must be 1 to 8"),
    "weight": (linear, r"linear: weights {value} to {value} are outside -8 to 7 \(4 bits\)"),
    "`weight_shift`": (
        lambda n: linear(weight_shift=n),
        r"linear: weight_shift is {value}; it must be 0 to 8",
    ),
    "`state_bits`": (lambda n: linear(state_bits=n), r"lif: state_bits is {value}; it must be 4 to 31"),
    "`leak_shifts`": (
        lambda n: linear(leak_shifts=(n,)),
        r"lif: leak_shifts is \[{value}\]; give none, one or two shifts of 1 to 15",
    ),
    "`threshold`": (
        lambda n: linear(threshold=n),
        r"lif: threshold {value} to {value} is outside 1 to 127 \(state_bits 8\)",
    ),
    "`amount`": (
        lambda n: linear(reset="subtract", amount=np.array([n])),
        r"lif: amount {value} to {value} is outside 1 to 127 \(state_bits 8\)",
    ),
    "`initial`": (
        lambda n: [linear(initial=n), Integrator([0], [n], (), S)],
        r"lif: initial membrane {value} to {value} is outside -128 to 127 \(state_bits 8\)",
    ),
    "`bias`": (lambda n: neuron(bias=n), r"bias: values {value} to {value} do not fit int32"),
    "`margin`": (
        lambda n: replace(model(classes=("a", "b")), early_margin=n),
        r"early: margin is {value}; it must be 1 to 2147483647",
    ),
    "accumulator": (
        accumulator,
        r"the accumulator needs .*{value}.*, more than 32 bits hold; lower state_bits, weight_shift, biases",
    ),
    "SynOps of a layer in a step": (
        synops,
        r"one step can cost {value} SynOps, more than a 32-bit counter holds; use a smaller input",
    ),
}


def test_every_line_of_the_page_is_tried():
    assert list(documented()) == list(LINES)


@pytest.mark.parametrize("name", LINES)
def test_both_ends(name):
    build, message = LINES[name]
    least, largest = documented()[name]
    build(least)
    build(largest)
    for beyond in (least - 1, largest + 1):
        if name == "SynOps of a layer in a step" and beyond < 0:
            continue  # no layer costs less than nothing
        with pytest.raises(EdgeSastError, match=message.replace("{value}", str(beyond))):
            build(beyond)


@pytest.mark.parametrize(
    ("layers", "grid", "message"),
    [
        (
            (),
            {"sensor_height": 65_536},
            "^input: 1x65536 pixels are left by shift=0; at most 65535 per side .*: raise shift$",
        ),
        (
            (conv(channels=21_846),),
            {"sensor_width": 3},
            r"^layers\[1\]: shape: channels is 65538; it must be 1 to 65535: .* more pooling before a flatten$",
        ),
        (
            (conv(channels=673),),
            {"sensor_width": 97, "sensor_height": 257},
            r"^layers\[0\]: shape: 257x97x673, 16777217 neurons; at most 16777216 fit one layer: use a smaller input",
        ),
        (
            (SumPool(16), SumPool(2)),
            {"sensor_width": 32, "sensor_height": 32, "count_cap": 64},
            r"^layers\[1\]: shape: max_count is 65536; it must be 1 to 65535: lower count_cap or the size of sum_pool",
        ),
    ],
)
def test_extents_within_a_model(layers, grid, message):
    readout = Linear(np.ones((1, 1), int), 2, neuron())
    with pytest.raises(EdgeSastError, match=message):
        Model(Binning(**GRID | grid), (*layers, Flatten(), readout), ("a",))


def test_the_largest_flatten_is_taken():
    assert model(conv(channels=21_845), sensor_width=3).shapes()[2].neurons == 65_535


@pytest.mark.parametrize("value", [4.0, True, "4", None, [4], 10**30])
@pytest.mark.parametrize("field", ["bits", "weight_shift"])
def test_numbers_are_integers_of_a_sensible_size(field, value):
    document, tensors = parts(modelfile.dumps(linear()))
    document["layers"][1][field] = value
    with pytest.raises(
        EdgeSastError, match=rf"^model: layers\[1\]: linear: {field} is .*; it must be (int|\d to 8)$"
    ):
        modelfile.loads(rebuilt(document, tensors))
