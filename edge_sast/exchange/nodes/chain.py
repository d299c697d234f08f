"""The order of a graph's nodes, from its edges alone: one way from Input to Output, neurons that feed themselves.

Graphs in graphs are flattened first. The names of nodes and their place in the file mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import INPUT, OUTPUT, Edges, Graph, Node

NEURONS = ("IF", "LIF", "CubaLIF", "LI", "I", "CubaLI")
_STRAIGHT = "edge-sast runs layers one after the other: take the branch out, and write the file again"


@dataclass(frozen=True)
class Link:
    """One node of the way, and the nodes that lead its own spikes back to it (none: no feedback)."""

    node: Node
    feedback: tuple[Node, ...] = ()


def chain(graph: Graph) -> list[Link]:
    """The nodes from Input to Output in the order of computation.

    Raises EdgeSastError for branches, circles without a neuron, nodes that nothing leads to.
    """
    nodes, edges = flatten(graph)
    return _Way(nodes, edges).links()


def flatten(graph: Graph) -> tuple[dict[str, Node], Edges]:
    """Nodes and edges without graphs in graphs: the nodes of `a` are called `a.b`; their Input and Output go."""
    nodes: dict[str, Node] = {}
    edges = list(dict.fromkeys(graph.edges))
    for name, node in graph.nodes.items():
        if node.graph is None:
            nodes[name] = node
            continue
        inner, inner_edges = flatten(node.graph)
        begin, end = _only(inner, INPUT, f"node {name!r}: "), _only(inner, OUTPUT, f"node {name!r}: ")
        firsts = [b for a, b in inner_edges if a == begin and b != end]
        lasts = [a for a, b in inner_edges if b == end and a != begin]
        for inside, part in inner.items():
            if inside not in (begin, end):
                whole = f"{name}.{inside}"
                nodes[whole] = Node(whole, part.type, part.fields)
        kept = [(f"{name}.{a}", f"{name}.{b}") for a, b in inner_edges if a != begin and b != end]
        outer = []
        for a, b in edges:
            sources = [f"{name}.{last}" for last in lasts] if a == name else [a]
            targets = [f"{name}.{first}" for first in firsts] if b == name else [b]
            outer += [(source, target) for source in sources for target in targets]
        if (begin, end) in inner_edges:  # what a layer that does nothing leaves
            outer += [(a, d) for a, b in edges if b == name for c, d in edges if c == name]
        edges = outer + kept
    return nodes, tuple(edges)


def _only(nodes: dict[str, Node], kind: str, place: str = "") -> str:
    found = [name for name, node in nodes.items() if node.type == kind]
    if len(found) != 1:
        raise EdgeSastError(
            f"{place}the graph has {len(found)} nodes of type {kind}; it must have one: write the file again"
        )
    return found[0]


class _Way:
    def __init__(self, nodes: dict[str, Node], edges: Edges) -> None:
        self.nodes = nodes
        self.after: dict[str, list[str]] = {name: [] for name in nodes}
        self.before: dict[str, list[str]] = {name: [] for name in nodes}
        for a, b in edges:
            self.after[a].append(b)
            self.before[b].append(a)

    def links(self) -> list[Link]:
        at, end = _only(self.nodes, INPUT), _only(self.nodes, OUTPUT)
        found, seen = [], {at}
        while True:
            forward, feedback = self._step(at)
            seen |= {node.name for node in feedback}
            found.append(Link(self.nodes[at], feedback))
            sources = set(self.before[at]) - {feedback[-1].name if feedback else at}
            if len(sources) > 1:
                self.nodes[at].refuse(f"is fed by {_names(sources)}", _STRAIGHT)
            if at == end:
                break
            if forward in seen:
                self.nodes[forward].refuse("stands in a circle without a neuron", "write the file again")
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
        ways = [(first, self._back(at, first)) for first in self.after[at]]
        backs = [back for _, back in ways if back is not None]
        forwards = [first for first, back in ways if back is None]
        node = self.nodes[at]
        if len(backs) > 1:
            node.refuse(f"has {len(backs)} ways back to itself", _STRAIGHT)
        if backs == [[]]:
            node.refuse(
                "feeds itself without weights", "put a Linear into that edge, and write the file again"
            )
        if backs and node.type not in NEURONS:
            node.refuse("stands in a circle without a neuron", "write the file again")
        if node.type == OUTPUT and not forwards:
            return "", ()
        if len(forwards) != 1:
            leads = f"leads to {_names(forwards)}" if forwards else "leads nowhere"
            node.refuse(leads, _STRAIGHT)
        return forwards[0], tuple(self.nodes[name] for name in backs[0]) if backs else ()

    def _back(self, at: str, first: str) -> list[str] | None:
        """The nodes from `first` to where `at` comes again; none where a neuron or the end comes before."""
        way: list[str] = []
        name = first
        while name != at:
            if name in way or self.nodes[name].type in (*NEURONS, OUTPUT) or len(self.after[name]) != 1:
                return None
            way.append(name)
            name = self.after[name][0]
        return way


def _names(names: object) -> str:
    return " and ".join(repr(name) for name in sorted(names))  # type: ignore[call-overload]
