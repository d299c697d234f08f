"""From a trained network to the integer model: refuses what has no integer form, never changes the network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    Neuron,
    OrPool,
    RecurrentLinear,
    SumPool,
)
from edge_sast.model.model import Model
from trainer.network.layers import Pool, Weighted
from trainer.network.network import Network
from trainer.network.quantise import IntegerWeights
from trainer.settings.architecture import ConvSpec, DenseSpec
from trainer.settings.bits import Bits


def export(network: Network, binning: Binning, classes: tuple[str, ...], bits: Bits, producer: str) -> Model:
    """The integer model, its weighted layers' weights of `bits` bits each.

    Raises EdgeSastError for a layer without an integer form.
    """
    layers: list[Layer] = []
    flat = False
    with torch.no_grad():
        for module in network.layers:
            if isinstance(module, Weighted) and isinstance(module.spec, DenseSpec) and not flat:
                flat = True
                layers.append(Flatten())
            layers.append(_layer(module, bits))
    return Model(binning, tuple(layers), classes, producer)


def _layer(module: torch.nn.Module, widths: Bits) -> Layer:
    if isinstance(module, Pool):
        return OrPool(module.size) if module.kind == "or" else SumPool(module.size)
    if not isinstance(module, Weighted):
        raise EdgeSastError(
            f"layer {type(module).__name__} has no integer form; use convolutions, linear layers and pools"
        )
    bits = widths[module.place]
    if module.neurons is not None and module.neurons.settings.threshold == "adaptive-step":
        raise EdgeSastError(
            f"{module.name}: --threshold adaptive-step changes within a recording and has no integer form; train with "
            "--threshold adaptive"
        )
    integers = module.integers(bits)
    neuron = _neuron(module, integers)
    if isinstance(module.spec, ConvSpec):
        spec = module.spec
        weight = _channel_last_kernel(integers.weight, spec.groups)
        pair = (spec.stride, spec.stride), (spec.padding, spec.padding)
        return Conv2d(weight, bits, neuron, integers.weight_shift, *pair, spec.groups)
    weight = _channel_last_rows(integers.weight, module)
    if integers.recurrent is None:
        return Linear(weight, bits, neuron, integers.weight_shift)
    assert isinstance(neuron, Lif)
    return RecurrentLinear(weight, _int8(integers.recurrent.T), bits, neuron, integers.weight_shift)


def _neuron(module: Weighted, integers: IntegerWeights) -> Neuron:
    bias = integers.bias.detach().cpu().numpy().astype(np.int32)
    initial = module.initial(integers).cpu().numpy().astype(np.int32)
    if integers.threshold is None:
        return Integrator(bias, initial, (), integers.state_bits)
    threshold = integers.threshold.cpu().numpy().astype(np.int32)
    reset = "zero" if module.reset == "zero" else "subtract"
    amount = None if integers.amount is None else integers.amount.cpu().numpy().astype(np.int32)
    shifts = module.tau()[1]
    return Lif(threshold, bias, initial, shifts, reset, integers.state_bits, amount)  # type: ignore[arg-type]


def _channel_last_kernel(weight: Tensor, groups: int) -> np.ndarray:
    """[C_out, C_in/groups, k, k] to [k, k, C_in, C_out/groups]."""
    c_out, c_group, rows, columns = weight.shape
    grouped = weight.view(groups, c_out // groups, c_group, rows, columns).permute(3, 4, 0, 2, 1)
    return _int8(grouped.reshape(rows, columns, groups * c_group, c_out // groups))


def _channel_last_rows(weight: Tensor, module: Weighted) -> np.ndarray:
    """[out, C·H·W] to [H·W·C, out]: the trainer flattens channel-first, devices channel-last."""
    shape = module.shape
    split = weight.view(-1, shape.channels, shape.height, shape.width).permute(2, 3, 1, 0)
    return _int8(split.reshape(shape.neurons, -1))


def _int8(integers: Tensor) -> np.ndarray:
    return np.ascontiguousarray(integers.detach().cpu().numpy().astype(np.int8))
