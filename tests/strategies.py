"""Random small models and inputs, for hypothesis and (from a seed) for tests without it.

`models()` draws every layer kind and every corner of the arithmetic: saturating states, negative leaks, all
bit widths, borders, groups, counts above 1. `random_model(rng)` builds from the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
    state_range,
)
from edge_sast.model.model import Model


@dataclass(frozen=True)
class Choices:
    """Where decisions come from: `integer(low, high)` inclusive, drawn by hypothesis or from a generator."""

    integer: Callable[[int, int], int]

    def of(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100; shrinks towards False."""
        return self.integer(0, 99) >= 100 - percent

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.integer(0, (1 << 32) - 1))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Valid models, small enough for the oracle."""
    return build_model(Choices(lambda low, high: draw(st.integers(low, high))))


def random_model(rng: np.random.Generator) -> Model:
    """A valid small model; the same generator state gives the same model."""
    return build_model(_choices(rng))


def random_input(rng: np.random.Generator, model: Model) -> np.ndarray:
    """One recording's counts, uint8 [T, H, W, 2]."""
    return build_input(_choices(rng), model.binning)


def _choices(rng: np.random.Generator) -> Choices:
    return Choices(lambda low, high: int(rng.integers(low, high, endpoint=True)))


def build_model(choices: Choices) -> Model:
    binning = Binning(
        sensor_width=choices.integer(1, 9),
        sensor_height=choices.integer(1, 9),
        shift=choices.of([0, 0, 0, 1, 2]),
        dt_us=choices.of([1000, 1, 333, 30_000]),
        steps=choices.integer(1, 6),
        count_cap=choices.of([1, 1, 2, 7, 255]),
    )
    shape = Shape(binning.height, binning.width, 2, binning.count_cap)
    layers: list[Layer] = []
    for _ in range(choices.integer(0, 3)):
        layers.append(Flatten() if choices.chance(5) else _spatial(choices, shape))
        shape = layers[-1].output(shape)
    layers.append(Flatten())
    shape = layers[-1].output(shape)
    for _ in range(choices.integer(0, 2)):
        layers.append(_dense(choices, shape, choices.integer(1, 9), last=False))
        shape = layers[-1].output(shape)
    classes = choices.integer(1, 6)
    layers.append(_dense(choices, shape, classes, last=True))
    return Model(binning, tuple(layers), tuple(f"class {i}" for i in range(classes)))


def _spatial(choices: Choices, shape: Shape) -> Layer:
    """A conv2d most of the time, else a pool; always one that fits the shape."""
    kind = choices.of(["conv", "conv", "conv", "or", "sum"])
    if kind != "conv":
        # Sum pools multiply the counts by size squared; two in a row on capped counts stay below 16 bits.
        size = choices.integer(1, max(1, min(3, shape.height, shape.width)))
        return OrPool(size) if kind == "or" or shape.max_count > 300 else SumPool(size)
    depthwise = min(shape.channels, 12)
    groups = choices.of([g for g in (1, 1, 2, 3, depthwise) if shape.channels % g == 0])
    channels = groups * choices.of([*range(1, 6 if groups < 4 else 3), 4, 8])
    padding = (choices.integer(0, 2), choices.integer(0, 2))
    kernel = (
        choices.integer(1, min(5, shape.height + 2 * padding[0])),
        choices.integer(1, min(5, shape.width + 2 * padding[1])),
    )
    padding = (min(padding[0], max(kernel) - 1), min(padding[1], max(kernel) - 1))
    kernel = (min(kernel[0], shape.height + 2 * padding[0]), min(kernel[1], shape.width + 2 * padding[1]))
    padding = (min(padding[0], max(kernel) - 1), min(padding[1], max(kernel) - 1))
    bits = choices.integer(1, 8)
    weight = _weight(choices, bits, (*kernel, shape.channels, channels // groups))
    stride = (choices.integer(1, 3), choices.integer(1, 3))
    fan_in = kernel[0] * kernel[1] * shape.channels // groups
    neuron, shift = _neuron(choices, channels, bits, fan_in)
    return _bounded(choices, Conv2d(weight, bits, neuron, shift, stride, padding, groups), shape)


def _dense(choices: Choices, shape: Shape, outputs: int, last: bool) -> Weighted:
    bits = choices.integer(1, 8)
    weight = _weight(choices, bits, (shape.neurons, outputs))
    neuron, shift = _neuron(choices, outputs, bits, shape.neurons)
    if last and choices.chance(50):
        readout = Integrator(neuron.bias, neuron.initial, neuron.leak_shifts, neuron.state_bits)
        return _bounded(choices, Linear(weight, bits, readout, shift), shape)
    if choices.chance(40):
        recurrent = _weight(choices, bits, (outputs, outputs))
        return _bounded(choices, RecurrentLinear(weight, recurrent, bits, neuron, shift), shape)
    return _bounded(choices, Linear(weight, bits, neuron, shift), shape)


def _weight(choices: Choices, bits: int, shape: tuple[int, ...]) -> np.ndarray:
    low, high = state_range(bits)
    rng = choices.rng()
    style = choices.of(["uniform", "small", "sparse", "extreme", "positive"])
    if bits == 1:
        sign = rng.choice(np.array([-1, 1], np.int8), shape)
        return np.ones_like(sign) if style == "positive" else sign
    if style == "extreme":
        return rng.choice(np.array([low, high], np.int8), shape)
    weight = rng.integers(low, high, shape, np.int8, endpoint=True)
    if style == "small":
        return np.clip(weight, -2, 1)
    if style == "sparse":
        return weight * (rng.random(shape) < 0.2)
    return np.maximum(weight, 0) if style == "positive" else weight


def _neuron(choices: Choices, channels: int, bits: int, fan_in: int) -> tuple[Lif, int]:
    """Neuron and weight shift; thresholds are spread around the size of a few weights, so that some fire."""
    shift = choices.of([0, 1, 4, 8] + 4 * [5 if bits == 1 else 8 - bits])  # mostly what the trainer gives
    leaks = choices.of([(), (1,), (3,), (15,), (1, 2), (2, 4), (3, 15)])
    state_bits = choices.of([4, 6, 8, 12, 16, 20, 24, 31])
    low, high = state_range(state_bits)
    rng = choices.rng()
    scale = (1 << (bits - 1 + shift)) * choices.of([1, 1, 2, max(1, fan_in // 4)])
    threshold = rng.integers(1, min(high, scale), channels, np.int32, endpoint=True)
    if choices.chance(10):
        threshold[:] = high
    reach = choices.of([0, 1, scale, 1 << 20])
    bias = rng.integers(-reach, reach, channels, np.int32, endpoint=True)
    initial = rng.integers(low, high, channels, np.int32, endpoint=True) * choices.of([0, 1])
    neuron = Lif(threshold, bias, initial, leaks, choices.of(["zero", "subtract"]), state_bits)
    if neuron.reset == "subtract" and rng.random() < 0.5:
        neuron = replace(neuron, amount=_amount(rng, threshold, high))
    return neuron, shift


def _amount(rng: np.random.Generator, threshold: np.ndarray, high: int) -> np.ndarray:
    """What a spike takes off: near the threshold as behind a leak, anything that a membrane can be, or an end of it."""
    near = np.minimum(threshold * rng.uniform(0.5, 2.0, threshold.size) + 1, high).astype(np.int32)
    any_of = rng.integers(1, high, threshold.size, np.int32, endpoint=True)
    styles = near, any_of, np.ones_like(threshold), np.full_like(threshold, high), threshold
    return styles[rng.integers(len(styles))]


def _bounded(choices: Choices, layer: Weighted, shape: Shape) -> Weighted:
    """`layer`, with its weight shift dropped where its accumulator would need more than 32 bits; now and then with as
    large a bias as 16 bits allow."""
    try:
        bound = accumulator_bound(layer, shape.max_count)
    except EdgeSastError:
        return replace(layer, weight_shift=0)
    if bound.bits == 32 or not choices.chance(15):
        return layer
    room = choices.of([32767 - bound.high, -32768 - bound.low])
    bias = np.where(layer.neuron.bias * np.sign(room) >= 0, layer.neuron.bias + room, layer.neuron.bias)
    return replace(layer, neuron=replace(layer.neuron, bias=bias))


def build_input(choices: Choices, binning: Binning) -> np.ndarray:
    """Counts uint8 [T, H, W, 2] from sparse to every input at its cap."""
    rng = choices.rng()
    shape = (binning.steps, binning.height, binning.width, 2)
    style = choices.of(["sparse", "dense", "none", "full", "one", "bursts"])
    if style == "full":
        return np.full(shape, binning.count_cap, np.uint8)
    counts = rng.integers(1, binning.count_cap, shape, np.uint8, endpoint=True)
    density = {"sparse": 0.1, "dense": 0.6, "none": 0.0, "one": 0.0, "bursts": 0.5}[style]
    keep = rng.random(shape) < density
    if style == "bursts":
        keep &= (rng.random(binning.steps) < 0.4)[:, None, None, None]
    if style == "one":
        keep.flat[rng.integers(keep.size)] = True
    return counts * keep


def inputs(model: Model) -> st.SearchStrategy[np.ndarray]:
    """One recording of `model` as counts, uint8 [T, H, W, 2], border cases included."""

    @st.composite
    def build(draw: st.DrawFn) -> np.ndarray:
        return build_input(Choices(lambda low, high: draw(st.integers(low, high))), model.binning)

    return build()


def recordings(model: Model) -> st.SearchStrategy[Recording]:
    """Raw event streams of the sensor: empty, crowded, beyond the last step, several events per pixel."""
    return binned_recordings(model.binning)


@st.composite
def binned_recordings(draw: st.DrawFn, binning: Binning) -> Recording:
    """An event stream for the sensor of `binning`."""
    n = draw(st.sampled_from([0, 1, 2, 40, 400]))
    rng = np.random.default_rng(draw(st.integers(0, (1 << 32) - 1)))
    whole = binning.dt_us * binning.steps
    span = draw(st.sampled_from([1, binning.dt_us, whole + 1, 3 * whole]))
    start = draw(st.sampled_from([0, 1, 123_456_789]))
    crowded = draw(st.booleans())
    x = rng.integers(0, 1 if crowded else binning.sensor_width, n)
    y = rng.integers(0, 1 if crowded else binning.sensor_height, n)
    t = start + np.sort(rng.integers(0, span, n))
    events = make_events(t, x, y, rng.integers(0, 2, n))
    return Recording(events, binning.sensor_width, binning.sensor_height, "drawn")


def binned(model: Model, dense: Sequence[np.ndarray]) -> BinnedEvents:
    """Recordings given as counts [T, H, W, 2] each, in the form the runtime reads; all of class 0."""
    frames = [step.reshape(-1) for counts in dense for step in counts]
    active = [np.flatnonzero(frame) for frame in frames]
    values = [frame[places] for frame, places in zip(frames, active, strict=True)]
    n = len(dense)
    return BinnedEvents(
        binning=model.binning,
        indices=np.concatenate([*active, []]).astype(np.int32),
        counts=np.concatenate([*values, []]).astype(np.uint8),
        step_ptr=np.cumsum([0, *map(len, active)]).astype(np.int64),
        labels=np.zeros(n, np.int64),
        classes=model.classes,
        sources=tuple(f"recording {i}" for i in range(n)),
        dropped=np.zeros(n, np.int64),
    )


def as_counts(recording: Recording, binning: Binning) -> np.ndarray:
    """docs/arithmetic.md §1 in plain Python: counts uint8 [T, H, W, 2]."""
    counts = np.zeros((binning.steps, binning.height, binning.width, 2), np.uint8)
    events = [(int(e["t"]), int(e["x"]), int(e["y"]), int(e["p"])) for e in recording.events]
    for t, x, y, p in events:
        step = (t - events[0][0]) // binning.dt_us
        if step < binning.steps:
            place = (step, y >> binning.shift, x >> binning.shift, p)
            counts[place] = min(int(counts[place]) + 1, binning.count_cap)
    return counts
