"""Graphs in graphs put into the one around them: the nodes of `a` are called `a.b`; their Input and Output go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import GRAPH, INPUT, OUTPUT, Edges, Graph, Node

STRAIGHT = "edge-sast runs layers one after the other: take the branch out, and write the file again"
_MOST_LISTED = 3


def flatten(graph: Graph, inside: str = "") -> tuple[dict[str, Node], Edges]:
    """Nodes and edges without graphs in graphs, no more edges than the graphs have together.

    inside: what the names of the graph's nodes begin with.
    Raises EdgeSastError for a graph that is entered or left at more than one node, for an edge to an Input or from an
    Output, and for a name that two nodes would have.
    """
    named = {
        name: Node(inside + name, node.type, node.fields, node.graph) for name, node in graph.nodes.items()
    }
    edges = [(named[a], named[b]) for a, b in dict.fromkeys(graph.edges)]
    _check_ends(edges)
    flat = _Flat({node.name for node in named.values()})
    for node in named.values():
        if node.graph is None:
            flat.put(node)
        else:
            flat.take(node.name, node.graph)
    return flat.nodes, flat.joined([(a.name, b.name) for a, b in edges])


def only(nodes: dict[str, Node], kind: str, place: str = "") -> str:
    """The name of the one node of a type. Raises EdgeSastError where there are none or several."""
    found = [name for name, node in nodes.items() if node.type == kind]
    if len(found) != 1:
        raise EdgeSastError(
            f"{place}the graph has {len(found)} nodes of type {kind}; it must have one: write the file again"
        )
    return found[0]


def listed(names: Collection[str]) -> str:
    """The first few names, and how many more there are."""
    first = [repr(name) for name in sorted(names)]
    if len(first) > _MOST_LISTED:
        return f"{', '.join(first[:_MOST_LISTED])} and {len(first) - _MOST_LISTED} more"
    return " and ".join(first)


def _check_ends(edges: list[tuple[Node, Node]]) -> None:
    remedy = "take that edge out, and write the file again"
    for a, b in edges:
        if b.type == INPUT:
            b.refuse(f"is fed by {a.name!r}, and nothing comes before an Input", remedy)
        if a.type == OUTPUT:
            a.refuse(f"leads to {b.name!r}, and nothing comes behind an Output", remedy)


@dataclass
class _Flat:
    """What became of a graph so far. own: names of its nodes; edges: of the graphs in it.

    firsts, lasts: of each graph in it, the node that edges to it lead to, and the one that edges from it come from.
    around: names of graphs in it that are an Input and an Output alone, which stand for themselves until `joined`.
    """

    own: set[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    firsts: dict[str, str] = field(default_factory=dict)
    lasts: dict[str, str] = field(default_factory=dict)
    around: list[str] = field(default_factory=list)

    def put(self, node: Node, from_within: bool = False) -> None:
        """from_within: whether the node comes from a graph in this one."""
        if node.name in self.nodes or (from_within and node.name in self.own):
            node.refuse(
                "is one of two nodes of that name: one in a graph is called by the graph's name, a dot and its own",
                "rename one of the two, and write the file again",
            )
        self.nodes[node.name] = node

    def take(self, name: str, graph: Graph) -> None:
        """The nodes and edges of a graph in this one."""
        inner, edges = flatten(graph, f"{name}.")
        begin, end = (only(inner, kind, f"node {name!r}: ") for kind in (INPUT, OUTPUT))
        firsts = [b for a, b in edges if a == begin]
        lasts = [a for a, b in edges if b == end]
        if len(firsts) != 1:
            inner[begin].refuse(f"leads to {listed(firsts)}" if firsts else "leads nowhere", STRAIGHT)
        if len(lasts) != 1:
            inner[end].refuse(f"is fed by {listed(lasts) or 'nothing'}", STRAIGHT)
        for node in inner.values():
            if node.name not in (begin, end):
                self.put(node, from_within=True)
        self.edges += [(a, b) for a, b in edges if a != begin and b != end]
        if firsts == [end]:
            self.around.append(name)
        else:
            self.firsts[name], self.lasts[name] = firsts[0], lasts[0]

    def joined(self, own: list[tuple[str, str]]) -> Edges:
        """All edges, between nodes alone. own: those of the graph itself."""
        outer = [(self.lasts.get(a, a), self.firsts.get(b, b)) for a, b in own]
        return _past(self.around, [*outer, *self.edges])


def _past(around: list[str], edges: list[tuple[str, str]]) -> Edges:
    """Edges that lead past what does nothing: each of those to it joined with the one from it, or the other way."""
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
        before.setdefault(b, []).append(a)
    for name in around:
        sources, targets = before.pop(name, []), after.pop(name, [])
        own = Node(name, GRAPH)
        if name in targets:
            own.refuse(
                "feeds itself without weights", "put a Linear into that edge, and write the file again"
            )
        if len(sources) > 1 and len(targets) > 1:
            own.refuse(f"is fed by {listed(sources)}, and leads to {listed(targets)}", STRAIGHT)
        for a in sources:
            after[a].remove(name)
            after[a] += targets
        for b in targets:
            before[b].remove(name)
            before[b] += sources
    return tuple((a, b) for a, targets in after.items() for b in targets)
