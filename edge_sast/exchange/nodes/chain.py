"""The order of a graph's nodes, from its edges alone: one way from Input to Output, neurons that feed themselves.

The names of nodes and their place in the file mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.exchange.graph import INPUT, OUTPUT, Edges, Graph, Node
from edge_sast.exchange.nodes.flatten import STRAIGHT, flatten, listed, only

_CIRCLE = ("stands in a circle without a neuron", "write the file again")
NEURONS = ("IF", "LIF", "CubaLIF", "LI", "I", "CubaLI")


@dataclass(frozen=True)
class Link:
    """One node of the way, and the nodes that lead its own spikes back to it (none: no feedback)."""

    node: Node
    feedback: tuple[Node, ...] = ()


def chain(graph: Graph) -> list[Link]:
    """The nodes from Input to Output in the order of computation, in time linear in their number.

    Raises EdgeSastError for branches, circles without a neuron, nodes that nothing leads to.
    """
    nodes, edges = flatten(graph)
    return _Way(nodes, edges).links()


class _Way:
    def __init__(self, nodes: dict[str, Node], edges: Edges) -> None:
        self.nodes = nodes
        self.after: dict[str, list[str]] = {name: [] for name in nodes}
        self.before: dict[str, list[str]] = {name: [] for name in nodes}
        for a, b in edges:
            self.after[a].append(b)
            self.before[b].append(a)

    def links(self) -> list[Link]:
        at, end = only(self.nodes, INPUT), only(self.nodes, OUTPUT)
        found, seen = [], {at}
        while True:
            forward, feedback = self._step(at)
            seen |= {node.name for node in feedback}
            found.append(Link(self.nodes[at], feedback))
            sources = set(self.before[at]) - {feedback[-1].name if feedback else at}
            if len(sources) > 1:
                if not feedback and forward and self._back(at, forward) is not None:
                    self.nodes[at].refuse(*_CIRCLE)
                self.nodes[at].refuse(f"is fed by {listed(sources)}", STRAIGHT)
            if at == end:
                break
            if forward in seen:
                self.nodes[forward].refuse(*_CIRCLE)
            at = forward
            seen.add(at)
        unmet = sorted(set(self.nodes) - seen)
        if unmet:
            self.nodes[unmet[0]].refuse(
                "lies on no way from Input to Output", "take it out, and write the file again"
            )
        return found

    def _step(self, at: str) -> tuple[str, tuple[Node, ...]]:
        """What comes next, and the nodes of the way back to `at` itself."""
        node, after = self.nodes[at], self.after[at]
        if node.type == OUTPUT:
            return "", ()
        if node.type not in NEURONS and len(after) == 1:  # no way back is its own: none has to be looked for
            return after[0], ()
        ways = [(first, self._back(at, first)) for first in after]
        backs = [back for _, back in ways if back is not None]
        forwards = [first for first, back in ways if back is None]
        if len(backs) > 1:
            node.refuse(f"has {len(backs)} ways back to itself", STRAIGHT)
        if backs == [[]]:
            node.refuse(
                "feeds itself without weights", "put a Linear into that edge, and write the file again"
            )
        if backs and node.type not in NEURONS:
            node.refuse(*_CIRCLE)
        if len(forwards) != 1:
            node.refuse(f"leads to {listed(forwards)}" if forwards else "leads nowhere", STRAIGHT)
        return forwards[0], tuple(self.nodes[name] for name in backs[0]) if backs else ()

    def _back(self, at: str, first: str) -> list[str] | None:
        """The nodes from `first` to where `at` comes again; none where a neuron or the end comes before."""
        way: dict[str, None] = {}  # in order
        name = first
        while name != at:
            if name in way or self.nodes[name].type in (*NEURONS, OUTPUT) or len(self.after[name]) != 1:
                return None
            way[name] = None
            name = self.after[name][0]
        return list(way)
