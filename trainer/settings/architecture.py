"""Architectures as a line of text: checked before anything is trained.

    16c5s2p2-or2-64c3p1-or2-out

| token        | layer                                                                               |
|--------------|-------------------------------------------------------------------------------------|
| `12c5`       | convolution, 12 channels, kernel 5; then any of `s2` stride, `p2` padding, `g2` groups |
|              | and `r`: its input is added to its current (residual, no cost on the device)        |
| `or2` `sum2` | OR pool, sum pool over 2 × 2                                                        |
| `fc128`      | fully connected, 128 spiking neurons                                                |
| `rec64`      | fully connected and recurrent, 64 spiking neurons                                   |
| `out`        | read-out, last: one non-spiking integrator per class                                |
| `count`      | read-out, last: one spiking neuron per class, its spikes counted                    |

The step to fully connected layers flattens by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.model.bounds import check_synops, conv_synops
from edge_sast.model.layers import MAX_EXTENT, MAX_WINDOW, Shape
from edge_sast.model.reach import output_size

NAMED = {
    "tiny": "8c3s2p1-or2-16c3p1-or2-out",
    "small": "16c5s2p2-or2-64c3p1-or2-out",
    "reference": "12c5-or2-32c5-or2-out",
    "recurrent": "sum2-rec128-out",
}

MAX_WEIGHTS = 1 << 27  # of a layer: half a gigabyte in float32, far beyond any microcontroller

_CONV = re.compile(r"([0-9]{1,9})c([0-9]{1,9})((?:[spg][0-9]{1,9})*)(r?)")
_OTHER = re.compile(r"(or|sum|fc|rec)([0-9]{1,9})")


@dataclass(frozen=True)
class ConvSpec:
    """`residual` adds the input to the current: a one at the kernel's centre, folded into the weights at export."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    residual: bool = False


@dataclass(frozen=True)
class PoolSpec:
    kind: str  # "or" or "sum"
    size: int


@dataclass(frozen=True)
class DenseSpec:
    """Fully connected; `spiking` False is the integrating read-out."""

    outputs: int
    recurrent: bool = False
    spiking: bool = True


Spec = ConvSpec | PoolSpec | DenseSpec


def parse(text: str, classes: int) -> list[Spec]:
    """Layer specifications of a named or written architecture. Raises EdgeSastError naming the token."""
    layers = tokens(text)
    specs = [spec_of(token, text, classes) for token in layers]
    if layers[-1] not in ("out", "count"):
        raise EdgeSastError(f"--arch {text!r}: the last token is {layers[-1]!r}; end with 'out' or 'count'")
    for token in layers[:-1]:
        if token in ("out", "count"):
            raise EdgeSastError(f"--arch {text!r}: {token!r} is a read-out; only the last token may be one")
    return specs


def tokens(text: str) -> list[str]:
    """The tokens of a named or written architecture, one per layer."""
    return NAMED.get(text, text).split("-")


def spec_of(token: str, text: str, classes: int) -> Spec:
    """The layer that a token of `text` stands for. Raises EdgeSastError naming both."""
    if token == "out":
        return DenseSpec(classes, spiking=False)
    if token == "count":
        return DenseSpec(classes)
    if match := _OTHER.fullmatch(token):
        kind, number = match[1], _positive(match[2], token, text)
        return PoolSpec(kind, number) if kind in ("or", "sum") else DenseSpec(number, recurrent=kind == "rec")
    if match := _CONV.fullmatch(token):
        options: dict[str, int] = {}
        for letter, digits in re.findall(r"([spg])([0-9]+)", match[3]):
            if letter in options:
                raise EdgeSastError(f"--arch {text!r}: token {token!r} gives {letter!r} twice")
            options[letter] = int(digits) if letter == "p" else _positive(digits, token, text)
        return ConvSpec(
            _positive(match[1], token, text),
            _positive(match[2], token, text),
            options.get("s", 1),
            options.get("p", 0),
            options.get("g", 1),
            bool(match[4]),
        )
    raise EdgeSastError(
        f"--arch {text!r}: token {token!r} is no layer; use {', '.join(NAMED)} or tokens such as "
        "12c5s2p2, or2, sum2, fc128, rec64, out, count"
    )


def _positive(digits: str, token: str, text: str) -> int:
    value = int(digits)
    if not 1 <= value <= MAX_EXTENT:
        raise EdgeSastError(f"--arch {text!r}: token {token!r} holds {value}; give 1 to {MAX_EXTENT}")
    return value


def shapes(specs: list[Spec], first: Shape) -> list[Shape]:
    """Shape before each layer, and after the last. Raises EdgeSastError when a layer does not fit."""
    result = [first]
    flat = False
    for spec in specs:
        if flat and not isinstance(spec, DenseSpec):
            what = "a convolution" if isinstance(spec, ConvSpec) else f"a pool of {spec.size}"
            raise EdgeSastError(f"--arch: {what} after a fully connected layer; put it before")
        try:
            if isinstance(spec, DenseSpec) and not flat:
                Shape(1, 1, result[-1].neurons, result[-1].max_count)  # the flatten before it
            result.append(_output(spec, result[-1]))
            if _weights(spec, result[-2]) > MAX_WEIGHTS:
                raise EdgeSastError(
                    f"a layer of {_weights(spec, result[-2])} weights is more than {MAX_WEIGHTS}; "
                    "use fewer neurons or channels, or pool before it"
                )
            _check_integer_form(spec, result[-2])
        except EdgeSastError as error:
            raise EdgeSastError(f"--arch: {str(error).removeprefix('--arch: ')}") from error
        flat = flat or isinstance(spec, DenseSpec)
    return result


def _check_integer_form(spec: Spec, shape: Shape) -> None:
    """Tells before training what export would refuse; `shape` is what the layer takes."""
    sizes: dict[str, int] = {}
    if isinstance(spec, ConvSpec):
        sizes = {"kernel": spec.kernel, "stride": spec.stride}
    elif isinstance(spec, PoolSpec):
        sizes = {"pool": spec.size}
    for name, size in sizes.items():
        if size > MAX_WINDOW:
            raise EdgeSastError(f"a {name} of {size} is too large; give 1 to {MAX_WINDOW}")
    if isinstance(spec, ConvSpec):
        kernel, stride, padding = ((n, n) for n in (spec.kernel, spec.stride, spec.padding))
        check_synops(conv_synops(shape, kernel, stride, padding, spec.channels // spec.groups))
    elif isinstance(spec, DenseSpec):
        check_synops(
            spec.outputs * (shape.neurons * shape.max_count + (spec.outputs if spec.recurrent else 0))
        )


def _weights(spec: Spec, shape: Shape) -> int:
    if isinstance(spec, ConvSpec):
        return spec.channels * (shape.channels // spec.groups) * spec.kernel**2
    if isinstance(spec, DenseSpec):
        return spec.outputs * (shape.neurons + (spec.outputs if spec.recurrent else 0))
    return 0


def _output(spec: Spec, shape: Shape) -> Shape:
    if isinstance(spec, DenseSpec):
        return Shape(1, 1, spec.outputs)
    if isinstance(spec, PoolSpec):
        if min(shape.height, shape.width) < spec.size:
            raise EdgeSastError(f"--arch: a pool of {spec.size} on {shape}; pool less or use a larger input")
        count = 1 if spec.kind == "or" else shape.max_count * spec.size**2
        return Shape(shape.height // spec.size, shape.width // spec.size, shape.channels, count)
    if spec.padding >= spec.kernel:
        raise EdgeSastError(f"--arch: padding {spec.padding} with kernel {spec.kernel}; it must be smaller")
    if shape.channels % spec.groups or spec.channels % spec.groups:
        raise EdgeSastError(
            f"--arch: groups {spec.groups} must divide both {shape.channels} input and {spec.channels} channels"
        )
    if spec.residual and (
        spec.stride != 1 or 2 * spec.padding != spec.kernel - 1 or spec.channels != shape.channels
    ):
        raise EdgeSastError(
            f"--arch: a residual convolution of {spec.channels} channels, kernel {spec.kernel}, stride {spec.stride}, "
            f"padding {spec.padding} on {shape} does not keep the shape; use {shape.channels} channels, stride 1, an "
            "odd kernel k and padding (k − 1)/2"
        )
    height, width = (
        output_size(n, spec.kernel, spec.stride, spec.padding) for n in (shape.height, shape.width)
    )
    if min(height, width) < 1:
        raise EdgeSastError(f"--arch: kernel {spec.kernel} on {shape}; use a smaller kernel or less pooling")
    return Shape(height, width, spec.channels)
