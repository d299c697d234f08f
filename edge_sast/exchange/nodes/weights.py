"""Weights of NIR nodes on their way to a layer: of the node that waits for its neuron, and of a way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge_sast.exchange.graph import Node
from edge_sast.exchange.nodes.chain import Link
from edge_sast.exchange.nodes.flow import Flow
from edge_sast.exchange.nodes.kernels import LINEAR, Kernel, by_group, matrix
from edge_sast.exchange.nodes.products import times
from edge_sast.exchange.nodes.spread import spread
from edge_sast.exchange.rules import LOSES_INPUT, NO_DELAY, Rules


@dataclass
class Weights:
    """Of the weighted node that waits for its neuron; a kernel, or a matrix [n_in, n_out]."""

    node: Node
    kernel: Kernel | None
    matrix: np.ndarray
    bias: np.ndarray


def identity(node: Node, flow: Flow) -> Weights:
    """Of a neuron right behind spikes: each has a weight of 1, or of the Scale before it. The flow has passed them."""
    channels = flow.extent[0]
    scale = flow.per_channel(node)
    if not flow.is_flat:
        own = Kernel(scale.reshape(1, 1, -1, 1), np.zeros(channels), (1, 1), (0, 0), channels)
        flow.weighed(flow.extent)
        return Weights(node, own, np.empty(0), own.bias)
    places = np.arange(channels) if flow.order is None else flow.order
    weight = np.zeros((channels, channels))
    weight[places, np.arange(channels)] = scale[places]
    flow.weighed(flow.extent)
    return Weights(node, None, weight, np.zeros(channels))


def feedback(link: Link, flow: Flow, rules: Rules) -> tuple[np.ndarray, np.ndarray] | None:
    """(weight [n_out, n_out], bias) of the way back from a neuron to itself."""
    if not link.feedback:
        return None
    if rules.looks_back and rules.reset == "zero":
        link.node.refuse(
            f"feeds itself and is reset to zero, {LOSES_INPUT}",
            f"train it with reset_mechanism='subtract'; {NO_DELAY}",
        )
    first, *more = link.feedback
    if more or not flow.is_flat:
        first.refuse(
            "is a way back that no layer here has", "feed back through one Linear, from a linear layer"
        )
    size = flow.extent[0]
    if first.type == "Scale":
        values = spread(first, "scale", first.finite("scale"), flow.extent)
        return np.diag(values.astype(float)), np.zeros(size)
    if first.type not in LINEAR:
        first.refuse("is a way back that no layer here has", "feed back through one Linear")
    weight, bias = matrix(first)
    if weight.shape != (size, size):
        first.refuse(f"weight has shape {list(weight.T.shape)}, of {size} neurons", "write the file again")
    return weight, bias


def scale_outputs(own: Weights, node: Node, extent: tuple[int, ...]) -> None:
    """A Scale behind weights: of their rows and the bias, one number per output channel. extent: of the outputs."""
    rows = spread(node, "scale", node.finite("scale"), extent).reshape(own.bias.size, -1)
    if (rows != rows[:, :1]).any():
        node.refuse("scale differs between places of a channel", "scale whole channels")
    of_each = rows[:, 0]
    own.bias = times(node, "scale", own.bias, of_each)
    if own.kernel is None:
        own.matrix = times(node, "scale", own.matrix, of_each)
    else:
        c_in, groups = own.kernel.weight.shape[2], own.kernel.groups
        weight = times(node, "scale", own.kernel.weight, by_group(of_each, c_in, groups))
        own.kernel = replace(own.kernel, weight=weight)
