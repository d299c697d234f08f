"""The layers of an integer model: frozen dataclasses, one per kind, validated when built.

Everything is channel-last: neuron n of a layer of shape height × width × channels is
n = (y·width + x)·channels + c. The arithmetic these classes describe is written down in docs/arithmetic.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError, TooWideError
from edge_sast.model.reach import output_size

MAX_EXTENT = 65_535
MAX_NEURONS = 1 << 24
MAX_SHIFT = 15
MAX_WINDOW = 255  # rows and columns of a kernel, a stride or a pool

Reset = Literal["zero", "subtract"]

_SMALLER = "use a smaller input, or more pooling before it"
_FEWER = {
    "height": _SMALLER,
    "width": _SMALLER,
    "channels": "use fewer channels or classes, or more pooling before a flatten",
    "max_count": "lower count_cap or the size of sum_pool layers, or use or_pool",
}


@dataclass(frozen=True)
class Shape:
    """Extent of what flows between two layers; `max_count` is the most spikes one neuron can hold in a step."""

    height: int
    width: int
    channels: int
    max_count: int = 1

    def __post_init__(self) -> None:
        for name in ("height", "width", "channels", "max_count"):
            value = getattr(self, name)
            if not 1 <= value <= MAX_EXTENT:
                remedy = f": {_FEWER[name]}" if value > MAX_EXTENT else ""
                raise EdgeSastError(f"shape: {name} is {value}; it must be 1 to {MAX_EXTENT}{remedy}")
        if self.neurons > MAX_NEURONS:
            raise EdgeSastError(
                f"shape: {self}, {self.neurons} neurons; at most {MAX_NEURONS} fit one layer: use a smaller input, "
                "fewer channels, or more pooling before it"
            )

    @property
    def neurons(self) -> int:
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        return f"{self.height}x{self.width}x{self.channels}"


def _frozen(values: Any, dtype: type, name: str, ndim: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise EdgeSastError(f"{name}: dtype is {array.dtype}; it must be an integer type")
    if array.ndim != ndim or array.size == 0:
        raise EdgeSastError(f"{name}: shape is {array.shape}; it must have {ndim} non-empty dimensions")
    limits = np.iinfo(dtype)
    if array.min() < limits.min or array.max() > limits.max:
        raise TooWideError(f"{name}: values {array.min()} to {array.max()} do not fit {limits.dtype}")
    array = np.array(array, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


def _set(instance: object, name: str, value: object) -> None:
    object.__setattr__(instance, name, value)


def _check_state(name: str, state_bits: int, leak_shifts: Sequence[int], initial: NDArray[Any]) -> None:
    if not 4 <= state_bits <= 31:
        raise EdgeSastError(f"{name}: state_bits is {state_bits}; it must be 4 to 31")
    if len(leak_shifts) > 2 or any(not 1 <= k <= MAX_SHIFT for k in leak_shifts):
        raise EdgeSastError(
            f"{name}: leak_shifts is {list(leak_shifts)}; give none, one or two shifts of 1 to {MAX_SHIFT}"
        )
    if len(leak_shifts) == 2 and leak_shifts[0] >= leak_shifts[1]:
        raise EdgeSastError(f"{name}: leak_shifts is {list(leak_shifts)}; the second must be the larger")
    low, high = state_range(state_bits)
    if initial.min() < low or initial.max() > high:
        raise TooWideError(
            f"{name}: initial membrane {initial.min()} to {initial.max()} is outside {low} to {high} "
            f"(state_bits {state_bits})"
        )


def state_range(state_bits: int) -> tuple[int, int]:
    """Smallest and largest value of a two's-complement membrane of `state_bits` bits."""
    return -(1 << (state_bits - 1)), (1 << (state_bits - 1)) - 1


@dataclass(frozen=True, eq=False)
class Lif:
    """Leaky integrate-and-fire, one set of parameters per output channel.

    v := sat(leak(v) + I + bias);  spike = v >= threshold;  reset: v := 0 or v := v − taken
    leak(v) = v − (v >> k1) − (v >> k2), with as many terms as `leak_shifts` has entries.

    threshold, bias, initial: int32 [channels], in units of the membrane's least significant bit. amount: what a reset
    by subtraction takes off, of the same kind; None: the threshold.
    """

    threshold: NDArray[np.int32]
    bias: NDArray[np.int32]
    initial: NDArray[np.int32]
    leak_shifts: tuple[int, ...]
    reset: Reset
    state_bits: int
    amount: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for name in ("threshold", "bias", "initial"):
            _set(self, name, _frozen(getattr(self, name), np.int32, name, 1))
        _set(self, "leak_shifts", tuple(int(k) for k in self.leak_shifts))
        _check_state("lif", self.state_bits, self.leak_shifts, self.initial)
        if self.reset not in ("zero", "subtract"):
            raise EdgeSastError(f"lif: reset is {self.reset!r}; it must be 'zero' or 'subtract'")
        _check_lengths("lif", self.channels, threshold=self.threshold, bias=self.bias, initial=self.initial)
        _check_positive("threshold", self.threshold, self.state_bits)
        if self.amount is not None:
            self._check_amount(self.amount)

    def _check_amount(self, amount: NDArray[Any]) -> None:
        if self.reset == "zero":
            raise EdgeSastError(
                "lif: amount is given and reset is 'zero', which takes off all there is; "
                "leave amount out, or reset by 'subtract'"
            )
        amount = _frozen(amount, np.int32, "amount", 1)
        _set(self, "amount", amount)
        _check_lengths("lif", self.channels, amount=amount)
        _check_positive("amount", amount, self.state_bits)

    @property
    def channels(self) -> int:
        return int(self.threshold.size)

    @property
    def taken(self) -> NDArray[np.int32]:
        """What a spike takes off the membrane where the reset is by subtraction, int32 [channels]."""
        return self.threshold if self.amount is None else self.amount


@dataclass(frozen=True, eq=False)
class Integrator:
    """Non-spiking read-out: v := sat(leak(v) + I + bias). bias, initial: int32 [channels]."""

    bias: NDArray[np.int32]
    initial: NDArray[np.int32]
    leak_shifts: tuple[int, ...]
    state_bits: int

    def __post_init__(self) -> None:
        for name in ("bias", "initial"):
            _set(self, name, _frozen(getattr(self, name), np.int32, name, 1))
        _set(self, "leak_shifts", tuple(int(k) for k in self.leak_shifts))
        _check_lengths("integrator", self.channels, bias=self.bias, initial=self.initial)
        _check_state("integrator", self.state_bits, self.leak_shifts, self.initial)

    @property
    def channels(self) -> int:
        return int(self.bias.size)


Neuron = Lif | Integrator


def _check_lengths(owner: str, channels: int, **arrays: NDArray[Any]) -> None:
    for name, array in arrays.items():
        if array.size != channels:
            raise EdgeSastError(f"{owner}: {name} has {array.size} entries; it must have {channels}")


def _check_positive(name: str, values: NDArray[Any], state_bits: int) -> None:
    """Raises EdgeSastError where a value is below 1 or no membrane could reach it."""
    high = state_range(state_bits)[1]
    if values.min() < 1 or values.max() > high:
        raise TooWideError(
            f"lif: {name} {values.min()} to {values.max()} is outside 1 to {high} (state_bits {state_bits})"
        )


def _check_weight(name: str, weight: NDArray[np.int8], bits: int, weight_shift: int) -> None:
    if not 1 <= bits <= 8:
        raise EdgeSastError(f"{name}: bits is {bits}; it must be 1 to 8")
    if not 0 <= weight_shift <= 8:
        raise EdgeSastError(f"{name}: weight_shift is {weight_shift}; it must be 0 to 8")
    if fits(weight, bits):
        return
    if bits == 1:
        wrong = weight[np.abs(weight) != 1][0]
        raise EdgeSastError(f"{name}: a weight is {wrong}; of 1 bit, every weight is -1 or 1")
    low, high = state_range(bits)
    raise TooWideError(
        f"{name}: weights {weight.min()} to {weight.max()} are outside {low} to {high} ({bits} bits)"
    )


def _pair(name: str, value: Any, low: int, high: int) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(int(v) for v in value)
    if len(pair) != 2 or any(not low <= v <= high for v in pair):
        raise EdgeSastError(f"{name} is {value}; it must be two numbers (rows, columns) of {low} to {high}")
    return pair


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Cross-correlation as in PyTorch: output row oy takes input row y = oy·stride + ky − padding.

    weight: int8 [kernel rows, kernel columns, c_in, c_out/groups]; input channel i belongs to group
    g = i // (c_in/groups) and its row of weights feeds outputs g·(c_out/groups) onwards.
    """

    weight: NDArray[np.int8]
    bits: int
    neuron: Neuron
    weight_shift: int = 0
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1

    def __post_init__(self) -> None:
        _set(self, "weight", _frozen(self.weight, np.int8, "conv2d: weight", 4))
        _check_weight("conv2d", self.weight, self.bits, self.weight_shift)
        _set(self, "stride", _pair("conv2d: stride", self.stride, 1, MAX_WINDOW))
        rows, columns, c_in, c_group = self.weight.shape
        _set(self, "padding", _pair("conv2d: padding", self.padding, 0, max(rows, columns) - 1))
        if max(rows, columns) > MAX_WINDOW:
            raise EdgeSastError(f"conv2d: kernel is {rows}x{columns}; at most {MAX_WINDOW} x {MAX_WINDOW}")
        if self.groups < 1 or c_in % self.groups:
            raise EdgeSastError(f"conv2d: groups is {self.groups}; it must divide the {c_in} input channels")
        _check_lengths("conv2d", c_group * self.groups, neuron=self.neuron.bias)

    def output(self, shape: Shape) -> Shape:
        if shape.channels != self.weight.shape[2]:
            raise EdgeSastError(
                f"conv2d: input has {shape.channels} channels; its weight takes {self.weight.shape[2]}"
            )
        extent = [
            output_size(size, kernel, stride, pad)
            for size, pad, kernel, stride in zip(
                (shape.height, shape.width), self.padding, self.weight.shape[:2], self.stride, strict=True
            )
        ]
        if min(extent) < 1:
            raise EdgeSastError(
                f"conv2d: kernel {self.weight.shape[0]}x{self.weight.shape[1]} is larger than its padded "
                f"input {shape}; use a smaller kernel or less pooling"
            )
        return Shape(extent[0], extent[1], self.neuron.channels)


@dataclass(frozen=True, eq=False)
class Linear:
    """Fully connected. weight: int8 [inputs, outputs]."""

    weight: NDArray[np.int8]
    bits: int
    neuron: Neuron
    weight_shift: int = 0

    def __post_init__(self) -> None:
        _set(self, "weight", _frozen(self.weight, np.int8, "linear: weight", 2))
        _check_weight("linear", self.weight, self.bits, self.weight_shift)
        _check_lengths("linear", self.weight.shape[1], neuron=self.neuron.bias)

    def output(self, shape: Shape) -> Shape:
        return _linear_output("linear", self.weight, shape)


@dataclass(frozen=True, eq=False)
class RecurrentLinear:
    """Fully connected, and to itself: I = Σ weight over this step's input + Σ recurrent over its own spikes
    of the step before (none before the first step). weight: int8 [inputs, outputs]; recurrent: int8
    [outputs, outputs], first index the neuron that fired.
    """

    weight: NDArray[np.int8]
    recurrent: NDArray[np.int8]
    bits: int
    neuron: Lif
    weight_shift: int = 0

    def __post_init__(self) -> None:
        for name in ("weight", "recurrent"):
            _set(self, name, _frozen(getattr(self, name), np.int8, f"recurrent_linear: {name}", 2))
            _check_weight("recurrent_linear", getattr(self, name), self.bits, self.weight_shift)
        outputs = self.weight.shape[1]
        if self.recurrent.shape != (outputs, outputs):
            raise EdgeSastError(
                f"recurrent_linear: recurrent has shape {self.recurrent.shape}; it must be ({outputs}, {outputs})"
            )
        if not isinstance(self.neuron, Lif):
            raise EdgeSastError("recurrent_linear: neuron is an integrator; it must be a lif, which spikes")
        _check_lengths("recurrent_linear", outputs, neuron=self.neuron.bias)

    def output(self, shape: Shape) -> Shape:
        return _linear_output("recurrent_linear", self.weight, shape)


def _linear_output(kind: str, weight: NDArray[np.int8], shape: Shape) -> Shape:
    if (shape.height, shape.width) != (1, 1):
        raise EdgeSastError(f"{kind}: input is {shape}; put a flatten layer before it")
    if shape.channels != weight.shape[0]:
        raise EdgeSastError(f"{kind}: input has {shape.channels} values; its weight takes {weight.shape[0]}")
    return Shape(1, 1, weight.shape[1])


def _pool_output(kind: str, size: int, shape: Shape, max_count: int) -> Shape:
    if min(shape.height, shape.width) < size:
        raise EdgeSastError(f"{kind}: size is {size}; its input {shape} is smaller")
    return Shape(shape.height // size, shape.width // size, shape.channels, max_count)


@dataclass(frozen=True)
class OrPool:
    """1 where any of size × size neighbours spiked. Rows and columns that fill no window are dropped."""

    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_WINDOW:
            raise EdgeSastError(f"or_pool: size is {self.size}; it must be 1 to {MAX_WINDOW}")

    def output(self, shape: Shape) -> Shape:
        return _pool_output("or_pool", self.size, shape, 1)


@dataclass(frozen=True)
class SumPool:
    """The number of spikes of size × size neighbours. Rows and columns that fill no window are dropped."""

    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_WINDOW:
            raise EdgeSastError(f"sum_pool: size is {self.size}; it must be 1 to {MAX_WINDOW}")

    def output(self, shape: Shape) -> Shape:
        return _pool_output("sum_pool", self.size, shape, shape.max_count * self.size * self.size)


@dataclass(frozen=True)
class Flatten:
    """Seen as 1 × 1 × neurons from here on. The neuron index n does not change."""

    def output(self, shape: Shape) -> Shape:
        return Shape(1, 1, shape.neurons, shape.max_count)


Weighted = Conv2d | Linear | RecurrentLinear
Layer = Conv2d | Linear | RecurrentLinear | OrPool | SumPool | Flatten


def fits(weight: NDArray[np.int8], bits: int) -> bool:
    """Whether every weight is −1 or +1 (`bits` 1), or lies in two's complement of `bits` bits."""
    if bits == 1:
        return bool((np.abs(weight) == 1).all())
    limit = 1 << (bits - 1)
    return bool(((weight >= -limit) & (weight < limit)).all())
