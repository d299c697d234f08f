"""A chain of NIR nodes becomes layers in real numbers, channel-last; scales and average pools are folded."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from edge_sast.exchange.graph import INPUT, OUTPUT, Node
from edge_sast.exchange.nodes.chain import NEURONS, Link
from edge_sast.exchange.nodes.ends import ended, other_shape
from edge_sast.exchange.nodes.flow import Flow
from edge_sast.exchange.nodes.kernels import CONV, LINEAR, Kernel, kernel, matrix
from edge_sast.exchange.nodes.neurons import neuron
from edge_sast.exchange.nodes.products import plus, times
from edge_sast.exchange.nodes.real import Real, RealFlatten, RealLayer, RealNeuron, RealPool
from edge_sast.exchange.nodes.spread import spread
from edge_sast.exchange.nodes.weights import Weights, feedback, identity, scale_outputs
from edge_sast.exchange.rules import Rules
from edge_sast.model.reach import output_size

_REFUSED = {
    "Delay": "delays its input, and no layer here does; train without delays",
}
_POOLS = ("SumPool2d", "AvgPool2d")
_KNOWN = ", ".join(
    (*CONV, *LINEAR, "Scale", "Threshold", *(n for n in NEURONS if n != "CubaLI"), *_POOLS, "Flatten")
)


class Builder:
    """Goes along a chain. grid: rows and columns of the model's input, which has two channels.

    channel_first: of an Input that is one axis long, whether its neurons stand as a flattened [2, rows, columns].
    """

    def __init__(
        self, grid: tuple[int, int], rules: Rules, nearest: bool, read_out: bool, channel_first: bool = True
    ) -> None:
        self.rules, self.nearest, self.read_out = rules, nearest, read_out
        self.flow = Flow(*grid)
        self.channel_first = channel_first
        self.layers: list[Real] = []
        self.told: list[str] = []
        self.waiting: Weights | None = None  # for their neuron
        self.before = grid  # rows and columns that the last convolution takes
        self.flattened = self.flow.extent  # what the last Flatten took
        self.silent: Node | None = None  # an integrator that was met

    def build(self, links: list[Link]) -> list[Real]:
        """The layers. Raises EdgeSastError for what they cannot hold, naming node, parameter and remedy."""
        for link in links:
            self._take(link)
        return self.layers

    def _take(self, link: Link) -> None:
        node = link.node
        if self.silent is not None and node.type in (*CONV, *LINEAR, *NEURONS, *_POOLS, "Threshold"):
            self.silent.refuse(
                f"gives no spikes, and {node.name!r} ({node.type}) stands behind it",
                "train with IF or LIF there, or end the network with it",
            )
        if node.type == INPUT:
            self._input(node)
        elif node.type in LINEAR or node.type in CONV:
            self._weighted(node)
        elif node.type in NEURONS:
            self._neuron(link)
        elif node.type in _POOLS:
            self._between(node)
            self.layers.append(self.flow.pool(node))
        elif node.type == "Flatten":
            self._flatten(node)
        elif node.type == "Scale":
            if self.waiting is not None:
                scale_outputs(self.waiting, node, self.flow.extent)
            else:
                self.flow.scaled(node)
        elif node.type == "Threshold":
            self._threshold(node)
        elif node.type == OUTPUT:
            self._output(node)
            self.told += other_shape(node, self.flow.neurons)
        else:
            what, _, remedy = _REFUSED.get(
                node.type, "is of a type that edge-sast has no layer for"
            ).partition("; ")
            node.refuse(what, remedy or f"edge-sast takes {_KNOWN}: train with those")

    def _input(self, node: Node) -> None:
        shape = node.whole("shape") if node.fields.get("shape") is not None else []
        extent, size = list(self.flow.extent), self.flow.neurons
        while len(shape) > 1 and shape[0] == 1 and math.prod(shape) == size:
            shape = shape[1:]  # a batch axis
        _, rows, columns = extent
        if shape == [size]:
            self._flat(self.channel_first)
        elif rows == 1 and shape == [2, columns]:  # a Conv1d's
            self.flow.one_row = True
        elif shape and shape != extent:
            node.refuse(
                f"shape is {shape}, and a sensor of {columns}x{rows} pixels with two polarities gives {extent} "
                f"or {[size]}",
                "give the right --sensor and --shift, or train with two channels",
            )

    def _flat(self, channel_first: bool = True) -> None:
        self.flattened = self.flow.extent
        self.flow.flatten(channel_first)
        self.layers.append(RealFlatten())

    def _flatten(self, node: Node) -> None:
        start, end = node.one("start_dim", 1), node.one("end_dim", -1)
        axes = self.flow.file_axes
        if not _takes_all(start, end, axes):
            node.refuse(
                f"start_dim {start} and end_dim {end} flatten only some of {axes} axes",
                f"flatten all of them: start_dim 0 and end_dim {axes - 1}, or 1 and {axes} behind a batch axis",
            )
        self._between(node)
        if not self.flow.is_flat:
            self._flat()

    def _between(self, node: Node) -> None:
        """What this node takes must be spikes: it cannot stand between weights and their neuron."""
        if self.waiting is not None:
            also = (
                "put it behind the neuron"
                if node.type == "Flatten"
                else "join the two into one node of weights"
            )
            self.waiting.node.refuse(
                f"is followed by {node.name!r} ({node.type}), not by a neuron",
                f"put a neuron between them, or {also}",
            )

    def _threshold(self, node: Node) -> None:
        """Behind a sum of spikes a threshold that one spike passes is an or; else no layer here has it."""
        self._between(node)
        bound, flow = spread(node, "threshold", node.finite("threshold"), self.flow.extent), self.flow
        least = float(flow.factor) * (float(flow.scale.min()) if flow.scale is not None else 1.0)
        if not 0 <= float(bound.min()) <= float(bound.max()) < least:
            node.refuse(
                f"threshold {float(bound.max()):g} compares a current without a membrane",
                "train with IF or LIF",
            )
        flow.factor, flow.scale = Fraction(1), None
        place = len(self.layers)
        if self.layers and isinstance(self.layers[-1], RealFlatten):
            place -= 1
        last = self.layers[place - 1] if place else None
        if isinstance(last, RealPool):
            self.layers[place - 1] = RealPool("or", last.size)
        elif not any(isinstance(layer, RealLayer) for layer in self.layers):
            self.layers.insert(place, RealPool("or", 1))  # the input's counts become 0 or 1

    def _weighted(self, node: Node) -> None:
        self._between(node)
        if node.type in LINEAR:
            self._linear(node)
        else:
            self._conv(node)

    def _linear(self, node: Node) -> None:
        weight, bias = matrix(node)
        flow = self.flow
        if not flow.is_flat and math.prod(flow.extent[1:]) == 1:
            self._flat()
        if not flow.is_flat:
            node.refuse(f"takes one axis, and its input has {list(flow.extent)}", "put a Flatten before it")
        if weight.shape[0] != flow.extent[0]:
            node.refuse(
                f"weight takes {weight.shape[0]} inputs, and {flow.extent[0]} come", "write the file again"
            )
        if flow.order is not None:  # rows from the file's order to ours
            ours = np.empty_like(weight)
            ours[flow.order] = weight
            weight = ours
        if flow.scale is not None:
            weight = times(node, "weight", weight, flow.scale[:, None])
        self.waiting = Weights(node, None, weight, bias)
        flow.weighed((weight.shape[1],))

    def _conv(self, node: Node) -> None:
        own, flow = kernel(node), self.flow
        if flow.is_flat:
            node.refuse(
                f"takes rows and columns, and its input has {list(flow.extent)}", "take the Flatten out"
            )
        channels, *size = flow.extent
        if own.weight.shape[2] != channels:
            node.refuse(
                f"weight takes {own.weight.shape[2]} channels, and {channels} come", "write the file again"
            )
        if node.type == "Conv1d" and size[0] != 1:
            node.refuse(f"its input has {size[0]} rows", "give --sensor Nx1")
        told = node.fields.get("input_shape")
        if told is not None and np.asarray(told).dtype.kind in "iuf":
            said = np.asarray(told).reshape(-1).tolist()
            if said not in (size, size[1:]):
                self.told.append(
                    f"{node.name}: input_shape says {said}, the edges give {size}, which is taken"
                )
        weight = times(node, "weight", own.weight, flow.per_channel(node)[:, None])
        self._convolve(node, replace(own, weight=weight))

    def _convolve(self, node: Node, own: Kernel) -> None:
        _, rows, columns = self.flow.extent
        sizes = [
            output_size(size, k, s, p)
            for size, k, s, p in zip(
                (rows, columns), own.weight.shape[:2], own.stride, own.padding, strict=True
            )
        ]
        if min(sizes) < 1:
            node.refuse(f"its kernel is larger than its input {rows}x{columns}", "write the file again")
        self.flow.one_row = node.type == "Conv1d"
        self.waiting, self.before = Weights(node, own, np.empty(0), own.bias), (rows, columns)
        self.flow.weighed((own.bias.size, *sizes))

    def _neuron(self, link: Link) -> None:
        own = neuron(link.node, self.flow.extent, self.rules, self.nearest, self.told)
        self.silent = link.node if own.kind == "integrator" else None
        if self.silent is not None and link.feedback:
            link.node.refuse(
                "gives no spikes, and feeds itself", "take that edge out, or train with IF or LIF"
            )
        weights = self.waiting
        if weights is None:  # right behind spikes
            if not self.flow.is_flat:
                self.before = (self.flow.extent[1], self.flow.extent[2])
            weights = identity(link.node, self.flow)
        self._place(weights, own, feedback(link, self.flow, self.rules))

    def _place(self, own: Weights, cell: RealNeuron, back: tuple[np.ndarray, np.ndarray] | None) -> None:
        name, factor = own.node.name, self.flow.factor
        if own.kernel is None:
            weight, bias, recurrent = own.matrix, own.bias, None
            if back is not None:
                recurrent = back[0]
                bias = plus(own.node, "bias", bias, back[1])
                weight, factor = times(own.node, "weight", weight, float(factor)), Fraction(1)
            self.layers.append(RealLayer(name, weight, bias, factor, cell, recurrent=recurrent))
        else:
            k = own.kernel
            self.layers.append(
                RealLayer(name, k.weight, own.bias, factor, cell, k.stride, k.padding, k.groups)
            )
        self.waiting, self.flow.factor = None, Fraction(1)

    def _output(self, node: Node) -> None:
        if self.waiting is not None and self.read_out:
            size = self.flow.extent[0]
            zero = [Fraction(0)] * size
            cell = RealNeuron(
                self.waiting.node.name, "integrator", (), Fraction(0), [Fraction(1)] * size, [], zero, zero
            )
            self._place(self.waiting, cell, None)
        if self.waiting is not None:
            self.waiting.node.refuse(
                "is the last, without a neuron",
                "give --read-out sum, which sums its output over the steps, or end with a neuron",
            )
        if not any(isinstance(layer, RealLayer) for layer in self.layers):
            node.refuse("nothing with a membrane stands before it", "end with a neuron")
        extent = self.flow.extent
        if isinstance(self.layers[-1], RealFlatten):
            self.layers.pop()
            extent = self.flattened
        self.layers[-1:] = ended(node, self.layers[-1], extent, self.before, self.flow.scale)


def _takes_all(start: int, end: int, axes: int) -> bool:
    """Whether a Flatten leaves one axis of so many; a file counts its tool's batch axis in front of them, or none."""
    for batch in (0, 1):
        count = axes + batch
        first, last = (dim + count if dim < 0 else dim for dim in (start, end))
        if 0 <= first <= batch and last == count - 1:
            return True
    return False
