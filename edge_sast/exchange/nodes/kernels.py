"""Weights of NIR's Linear, Affine, Conv1d and Conv2d, channel first, as float64 arrays of our shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.exchange.graph import Node
from edge_sast.model.layers import MAX_WINDOW

LINEAR, CONV = ("Linear", "Affine"), ("Conv1d", "Conv2d")


@dataclass(frozen=True, eq=False)
class Kernel:
    """weight: [kh, kw, c_in, c_out/groups], c_in being all input channels; bias [c_out]; two numbers: rows, columns."""

    weight: np.ndarray
    bias: np.ndarray
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int


def matrix(node: Node) -> tuple[np.ndarray, np.ndarray]:
    """(weight [n_in, n_out], bias [n_out]) of a Linear or an Affine."""
    weight = node.finite("weight")
    if weight.ndim != 2:
        node.refuse(f"weight has shape {list(weight.shape)}, not [outputs, inputs]", "write the file again")
    return weight.T, _bias(node, weight.shape[0])


def kernel(node: Node) -> Kernel:
    """Of a Conv1d, as one of one row, or a Conv2d; dilation and padding "same" become zeros in the kernel.

    Raises EdgeSastError for shapes that do not fit.
    """
    axes = 1 if node.type == "Conv1d" else 2
    weight = node.finite("weight")
    if weight.ndim != 2 + axes:
        node.refuse(f"weight has shape {list(weight.shape)}, not of {2 + axes} axes", "write the file again")
    groups = node.one("groups", 1)
    c_out, c_group = weight.shape[:2]
    if groups < 1 or c_out % groups:
        node.refuse(f"groups is {groups}, of {c_out} output channels", "write the file again")
    bias = _bias(node, c_out)
    stride = _pair(node, "stride", axes, 1)
    dilation = _pair(node, "dilation", axes, 1)
    for name, pair in {"stride": stride, "dilation": dilation}.items():
        if min(pair) < 1:
            node.refuse(f"{name} is {list(pair)}", "write the file again")
    if axes == 1:
        weight = weight[:, :, None, :]
        stride, dilation = (1, stride[1]), (1, dilation[1])
    weight = _spread(node, weight, dilation)
    weight, padding = _padding(node, weight, axes, stride)
    # NIR's [c_out, c_in/groups, kh, kw] to [kh, kw, c_in, c_out/groups]
    rows, columns = weight.shape[2:]
    parts = weight.reshape(groups, c_out // groups, c_group, rows, columns)
    own = parts.transpose(3, 4, 0, 2, 1).reshape(rows, columns, groups * c_group, c_out // groups)
    return Kernel(own, bias, stride, padding, groups)


def _bias(node: Node, outputs: int) -> np.ndarray:
    bias = node.finite("bias", 0.0) if node.type != "Linear" else np.float64(0)
    if bias.size == 1:
        return np.full(outputs, float(bias.reshape(-1)[0]))
    if bias.shape != (outputs,):
        node.refuse(f"bias has shape {list(bias.shape)}, of {outputs} outputs", "write the file again")
    return bias


def _pair(node: Node, name: str, axes: int, default: int | None = None) -> tuple[int, int]:
    values = node.whole(name, default)
    pair = values * 2 if len(values) == 1 else values
    if len(pair) != 2 or (axes == 1 and len(values) != 1) or min(pair) < 0 or max(pair) > 65_535:
        node.refuse(f"{name} is {values}", "write the file again")
    return pair[0], pair[1]


def _spread(node: Node, weight: np.ndarray, dilation: tuple[int, int]) -> np.ndarray:
    rows, columns = ((size - 1) * d + 1 for size, d in zip(weight.shape[2:], dilation, strict=True))
    if max(rows, columns) > MAX_WINDOW:
        node.refuse(
            f"its kernel reaches over {rows}x{columns}",
            f"train with a kernel of at most {MAX_WINDOW} and no dilation",
        )
    spread = np.zeros((*weight.shape[:2], rows, columns))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    return spread


def _padding(
    node: Node, weight: np.ndarray, axes: int, stride: tuple[int, int]
) -> tuple[np.ndarray, tuple[int, int]]:
    told = node.fields.get("padding")
    if not isinstance(told, str) or told not in ("same", "valid"):
        pair = _pair(node, "padding", axes, 0)
        if max(pair) >= MAX_WINDOW:  # before anything is as large as what it gives
            node.refuse(f"padding is {list(pair)}", f"train with a padding of at most {MAX_WINDOW - 1}")
        return weight, (0, pair[1]) if axes == 1 else pair
    if told == "valid":
        return weight, (0, 0)
    if stride != (1, 1):
        node.refuse(
            f"padding is 'same' with stride {stride}", "train with stride 1, or with padding in numbers"
        )
    # Of an even kernel PyTorch pads one more behind than before: a row of zeros in front makes it even.
    even = [(0, 0), (0, 0), *((1 - size % 2, 0) for size in weight.shape[2:])]
    weight = np.pad(weight, even)
    return weight, (weight.shape[2] // 2, weight.shape[3] // 2)


def dense(kernel: Kernel, rows: int, columns: int) -> np.ndarray:
    """A convolution with one output place as a matrix [rows·columns·c_in, c_out], inputs channel-last."""
    kh, kw, c_in, c_group = kernel.weight.shape
    found = np.zeros((rows, columns, c_in, c_group * kernel.groups))
    for channel in range(c_in):
        group = channel // (c_in // kernel.groups)
        outputs = slice(group * c_group, (group + 1) * c_group)
        for ky in range(max(kernel.padding[0], 0), min(kh, rows + kernel.padding[0])):
            for kx in range(kernel.padding[1], min(kw, columns + kernel.padding[1])):
                place = ky - kernel.padding[0], kx - kernel.padding[1]
                found[(*place, channel, outputs)] = kernel.weight[ky, kx, channel]
    return found.reshape(-1, c_group * kernel.groups)


def by_group(of_each: np.ndarray, c_in: int, groups: int) -> np.ndarray:
    """One number per output channel [c_out], as the last axes of a kernel have them: [c_in, c_out/groups]."""
    found: np.ndarray = of_each.reshape(groups, -1)[np.arange(c_in) // (c_in // groups)]
    return found
