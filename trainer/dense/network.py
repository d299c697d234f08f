"""A dense CNN in PyTorch: with floats and batch norm, then with the integers of edge_sast/dense/network.py.

The integer form computes in training what the device computes, bit for bit, and gradients pass straight through its
rounding (Bengio et al. 2013, arXiv 1308.3432; Jacob et al. 2018, arXiv 1712.05877).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_sast.dense.network import HIGH, LOW, Conv, Layer, Linear, MaxPool, Network, Size
from edge_sast.dense.shapes import ConvShape, LayerShape, PoolShape

INPUT_SCALE = 1 / 16  # of a count of 1, for floats near 1
EXACT = 1 << 24  # float32 holds whole numbers up to this
MAX_SCALE = 0.49  # of the multiplier, below 2^31 / 2^32
MAX_BIAS = 1 << 30
RATIOS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)  # of the largest activation


class FloatNetwork(nn.Module):
    """Convolutions and linears with batch norm and ReLU; the last one, with neither, gives the logits.

    Raises EdgeSastError for layers that do not fit the frame.
    """

    def __init__(self, size: Size, shapes: Sequence[LayerShape]) -> None:
        super().__init__()
        self.size, self.shapes = size, tuple(shapes)
        self.weights, self.norms = nn.ParameterList(), nn.ModuleList()
        for shape in shapes:
            if isinstance(shape, PoolShape):
                size = MaxPool().output(size)
                continue
            if isinstance(shape, ConvShape):
                sides = (shape.kernel, shape.stride, shape.padding)
                layer: nn.Conv2d | nn.Linear = nn.Conv2d(size.channels, shape.channels, *sides, bias=False)
                zeros = torch.zeros(
                    shape.kernel, shape.kernel, size.channels, shape.channels, dtype=torch.int8
                )
                size = _conv(zeros, shape).output(size)
            else:
                layer = nn.Linear(size.neurons, shape.outputs, bias=False)
                size = Size(1, 1, shape.outputs)
            self.weights.append(layer.weight)
            self.norms.append(nn.BatchNorm1d(size.channels))
        self.norms[-1] = nn.Identity()
        self.bias = nn.Parameter(torch.zeros(size.channels))

    def forward(self, counts: Tensor) -> Tensor:
        """Logits [B, classes] of frames [B, 2, H, W]."""
        x, n = counts * INPUT_SCALE, 0
        for i, shape in enumerate(self.shapes):
            if isinstance(shape, PoolShape):
                x = functional.max_pool2d(x, 2)
                continue
            x = _product(shape, x, self.weights[n])
            if i == len(self.shapes) - 1:
                return x + self.bias
            flat = self.norms[n](x.flatten(2) if x.dim() == 4 else x)
            x, n = functional.relu(flat.view_as(x)), n + 1
        return x

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each weighted layer, with its batch norm in them."""
        found = []
        for parameter, norm in zip(self.weights, self.norms, strict=True):
            weight, bias = parameter.detach(), self.bias.detach()
            if isinstance(norm, nn.BatchNorm1d):
                assert norm.running_mean is not None
                assert norm.running_var is not None
                gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                weight, bias = weight * _along(gain, weight), norm.bias - norm.running_mean * gain
            found.append((weight.detach(), bias.detach()))
        return found


@dataclass(frozen=True)
class Integers:
    """A layer's whole numbers, in float64 but for the multiplier; differentiable by weight and bias."""

    weight: Tensor
    bias: Tensor
    multiplier: Tensor


class IntegerNetwork(nn.Module):
    """The same network in integers; its parameters are floats that are rounded anew in each pass.

    frames: [N, 2, H, W], from which the scales of activations are taken, so that rounding errs least.
    """

    def __init__(self, network: FloatNetwork, frames: Tensor) -> None:
        super().__init__()
        self.size, self.shapes = network.size, network.shapes
        pairs = network.folded()
        self.weights = nn.ParameterList(weight for weight, _ in pairs)
        self.biases = nn.ParameterList(bias for _, bias in pairs)
        self.scales = [INPUT_SCALE]
        with torch.no_grad():
            self._calibrate(frames * INPUT_SCALE)

    def _calibrate(self, x: Tensor) -> None:
        n = 0
        for i, shape in enumerate(self.shapes):
            if isinstance(shape, PoolShape):
                x = functional.max_pool2d(x, 2)
                continue
            weight, bias = self.weights[n], self.biases[n]
            x = _product(shape, x, weight)
            x = x + _along(bias, x, 1)
            x = x if i == len(self.shapes) - 1 else functional.relu(x)
            least = float(_weight_scales(weight).max()) * self.scales[-1] / MAX_SCALE
            self.scales.append(max(_best_scale(x), least))
            n += 1

    def integers(self, n: int) -> Integers:
        """Those of weighted layer n."""
        weight, bias = self.weights[n].double(), self.biases[n].double()
        scale = _weight_scales(weight)
        rounded = _straight_through((weight / _along(scale, weight)).clamp(-HIGH, HIGH))
        unit = scale * self.scales[n]
        whole = _straight_through((bias / unit).clamp(-MAX_BIAS, MAX_BIAS))
        multiplier = torch.round(unit / self.scales[n + 1] * 2**32).clamp_max(2**31 - 1).long()
        return Integers(rounded, whole, multiplier)

    def forward(self, counts: Tensor) -> Tensor:
        """Scores [B, classes], whole numbers in float64 of LOW to HIGH, of frames [B, 2, H, W]."""
        x, n = counts.double(), 0
        for i, shape in enumerate(self.shapes):
            if isinstance(shape, PoolShape):
                x = functional.max_pool2d(x, 2)
                continue
            values = self.integers(n)
            low = LOW if i == len(self.shapes) - 1 else 0
            x, n = _layer(shape, x, values, low), n + 1
        return x

    def logits(self, scores: Tensor) -> Tensor:
        """What scores stand for."""
        return scores * self.scales[-1]

    @torch.no_grad()
    def network(self) -> Network:
        """The device's."""
        layers: list[Layer] = []
        n = 0
        for i, shape in enumerate(self.shapes):
            if isinstance(shape, PoolShape):
                layers.append(MaxPool())
                continue
            values, n = self.integers(n), n + 1
            order = (2, 3, 1, 0) if isinstance(shape, ConvShape) else (1, 0)
            weight = values.weight.permute(order).contiguous().to(torch.int8).numpy()
            rest = values.bias.to(torch.int32).numpy(), values.multiplier.to(torch.int32).numpy()
            if isinstance(shape, ConvShape):
                layers.append(Conv(weight, *rest, shape.stride, shape.padding))
            else:
                layers.append(Linear(weight, *rest, relu=i != len(self.shapes) - 1))
        return Network(self.size, tuple(layers))


def _conv(weight: Tensor, shape: ConvShape) -> Conv:
    zeros = torch.zeros(weight.shape[-1], dtype=torch.int32).numpy()
    return Conv(weight.numpy(), zeros, zeros, shape.stride, shape.padding)


def _product(shape: LayerShape, x: Tensor, weight: Tensor) -> Tensor:
    """A linear takes the channels last, as the device has them."""
    if isinstance(shape, ConvShape):
        return functional.conv2d(x, weight, stride=shape.stride, padding=shape.padding)
    return functional.linear(x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x, weight)


def _layer(shape: LayerShape, x: Tensor, values: Integers, low: int) -> Tensor:
    """Whole numbers [B, ...] in float64 to whole numbers: as the device, with gradients of the unrounded."""
    bound = float((values.weight.detach().abs().flatten(1).sum(1) * -LOW + values.bias.detach().abs()).max())
    dtype = torch.float32 if bound < EXACT else torch.float64  # exact either way
    sums = _product(shape, x.to(dtype), values.weight.to(dtype)).double()
    sums = sums + _along(values.bias, sums, 1)
    multiplier = _along(values.multiplier, sums, 1)
    exact = ((sums.detach().long() * multiplier + (1 << 31)) >> 32).clamp(low, HIGH).double()
    smooth = (sums * (multiplier.double() / 2**32)).clamp(low, HIGH)
    return smooth + (exact - smooth).detach()


def _along(values: Tensor, tensor: Tensor, axis: int = 0) -> Tensor:
    """values [C], to be multiplied along an axis of a tensor."""
    return values.view(-1, *[1] * (tensor.dim() - 1 - axis))


def _straight_through(x: Tensor) -> Tensor:
    return x + (torch.round(x) - x).detach()


def _weight_scales(weight: Tensor) -> Tensor:
    """[out channels], float64."""
    largest = weight.detach().double().abs().flatten(1).amax(1)
    return torch.where(largest > 0, largest, torch.ones_like(largest)) / HIGH


def _best_scale(x: Tensor) -> float:
    """That at which activations lose least by being rounded and cut off."""
    largest = float(x.abs().max()) or 1.0
    tried = [ratio * largest / HIGH for ratio in RATIOS]
    errors = [float(((x / scale).round().clamp(LOW, HIGH) * scale - x).square().mean()) for scale in tried]
    return tried[min(range(len(tried)), key=errors.__getitem__)]
