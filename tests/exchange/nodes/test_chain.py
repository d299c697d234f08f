"""The way through a graph is found in a time linear in its nodes: by the nodes that are looked at."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import INPUT, OUTPUT, Graph, Node
from edge_sast.exchange.nodes.chain import _Way, chain


def line(*kinds: str) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    nodes = {f"n{i}": Node(f"n{i}", kind) for i, kind in enumerate((INPUT, *kinds, OUTPUT))}
    return nodes, list(pairwise(nodes))


class Counted(dict):
    """How often a node's edges are asked for."""

    asked = 0

    def __getitem__(self, name):
        self.asked += 1
        return super().__getitem__(name)


def test_nodes_without_neurons_in_a_row_are_each_looked_at_a_few_times():
    nodes, edges = line(*["Scale"] * 3000, "Linear", "IF", *["Scale"] * 3000)
    way = _Way(nodes, tuple(edges))
    way.after = Counted(way.after)
    assert [link.node.name for link in way.links()] == list(nodes)
    assert way.after.asked < 4 * len(nodes)


@pytest.mark.parametrize("more", [("n1", "n1"), ("n3", "n1"), ("n3", "n2")])
def test_a_circle_without_a_neuron_is_told_wherever_it_is_met(more):
    nodes, edges = line("Scale", "Linear", "Scale", "IF")
    ring = [edge for edge in edges if edge[0] != more[0]] + [more]
    with pytest.raises(
        EdgeSastError, match=r"^node 'n\d' \(\w+\): stands in a circle without a neuron; write"
    ):
        chain(Graph(nodes, tuple(ring)))
