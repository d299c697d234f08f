"""Graphs in graphs: names, ends and edges that cannot be, and edges that are never multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import GRAPH, INPUT, OUTPUT, Graph, Node
from edge_sast.exchange.nodes.chain import chain
from edge_sast.exchange.nodes.flatten import flatten

Pairs = Sequence[tuple[str, str]]


def graph(edges: Pairs, **nodes: Any) -> Graph:
    """Nodes by type, or graphs; 'in' and 'out' are its Input and Output."""
    found = {
        name: Node(name, GRAPH, graph=kind) if isinstance(kind, Graph) else Node(name, kind)
        for name, kind in {"in": INPUT, **nodes, "out": OUTPUT}.items()
    }
    return Graph(found, tuple(edges))


def way(*names: str) -> list[tuple[str, str]]:
    return list(pairwise(["in", *names, "out"]))


def layer(*more: tuple[str, str]) -> Graph:
    return graph([*way("f", "l"), *more], f="Linear", l="IF")


def around(**nodes: Any) -> Graph:
    return graph(way(*nodes), **nodes)


NOTHING = graph([("in", "out")])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            around(s=layer(("l", "in"))),
            r"node 's\.in' \(Input\): is fed by 's\.l', and nothing comes before an Input; take that edge out, and",
        ),
        (
            around(s=layer(("out", "f"))),
            r"node 's\.out' \(Output\): leads to 's\.f', and nothing comes behind an Output; take that edge out",
        ),
        (
            graph([*way("a", "b"), ("out", "in")], a="Linear", b="IF"),
            r"node 'in' \(Input\): is fed by 'out', and nothing comes before an Input; take that edge out",
        ),
        (
            graph([*way("a", "s"), ("s", "s")], a="IF", s=NOTHING),
            r"node 's' \(NIRGraph\): feeds itself without weights; put a Linear into that edge",
        ),
        (
            graph([*way("a", "s"), ("s", "t"), ("t", "s")], a="IF", s=NOTHING, t=NOTHING),
            r"node 's' \(NIRGraph\): is fed by 'a' and 't', and leads to 'out' and 't'; edge-sast runs layers one",
        ),
        (around(s=around(t=graph([], a="IF"))), r"node 's\.t\.in' \(Input\): leads nowhere; edge-sast runs"),
        (
            around(s=graph([("in", "a")], a="IF")),
            r"node 's\.out' \(Output\): is fed by nothing; edge-sast runs",
        ),
    ],
    ids=["to Input", "from Output", "Output to Input", "itself", "circle", "no first", "no last"],
)
def test_edges_that_cannot_be_are_refused_by_the_whole_name(given, told):
    with pytest.raises(EdgeSastError, match=f"^{told}"):
        chain(given)


@pytest.mark.parametrize(
    "given",
    [
        around(**{"s": layer(), "s.f": "Linear", "z": "IF"}),
        around(**{"s.f": "Linear", "z": "IF", "s": layer()}),
        around(**{"s": layer(), "s.f": layer()}),
        around(**{"s": around(f=layer()), "s.f": layer()}),
    ],
    ids=["node behind", "node before", "graph", "graph in a graph"],
)
def test_a_name_that_is_taken_twice(given):
    with pytest.raises(
        EdgeSastError,
        match=r"^node 's\.f(\.f)?' \(Linear\): is one of two nodes of that name: one in a graph is called by the "
        r"graph's name, a dot and its own; rename one of the two, and write the file again$",
    ):
        chain(given)


def test_what_does_nothing_is_left_out_of_a_way_back():
    """x leads through p to the next node and back to itself."""
    edges = [*way("a", "x", "p", "y"), ("p", "w"), ("w", "q"), ("q", "x")]
    links = chain(graph(edges, a="Linear", x="IF", p=NOTHING, y="IF", w="Linear", q=around(n=NOTHING)))
    assert [link.node.name for link in links] == ["in", "a", "x", "y", "out"]
    assert [node.name for node in links[2].feedback] == ["w"]


def test_nodes_have_the_names_of_the_graphs_around_them():
    nodes, edges = flatten(around(s=around(t=layer(("l", "f")), p=NOTHING), u=layer()))
    assert set(nodes) == {"in", "s.t.f", "s.t.l", "u.f", "u.l", "out"}
    whole = [*pairwise(["in", "s.t.f", "s.t.l", "u.f", "u.l", "out"]), ("s.t.l", "s.t.f")]
    assert sorted(edges) == sorted(whole)


def branches(count: int, *, into: bool = True) -> Graph:
    """As many neurons side by side; into: behind the Input, else before the Output."""
    names = [f"n{i}" for i in range(count)]
    edges = [("in", name) for name in (names if into else names[:1])]
    return graph([*edges, *((name, "out") for name in names)], **dict.fromkeys(names, "IF"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (branches(1500), r"node 's\.in' \(Input\): leads to 's\.n0', 's\.n1', 's\.n10' and 1497 more; edge"),
        (
            branches(3, into=False),
            r"node 's\.out' \(Output\): is fed by 's\.n0' and 's\.n1' and 's\.n2'; edge",
        ),
    ],
)
def test_a_graph_with_several_ends_is_refused_before_edges_are_multiplied(given, told):
    """Two such graphs would have the product of their ends as edges."""
    with pytest.raises(EdgeSastError, match=f"^{told}"):
        flatten(around(s=given, t=given))


def test_edges_past_what_does_nothing_are_not_multiplied():
    many = [f"n{i}" for i in range(1500)]
    edges = [*(("in", name) for name in many), *((name, "p") for name in many), ("p", "q")]
    edges += [*(("q", f"m{i}") for i in range(1500)), *((f"m{i}", "out") for i in range(1500))]
    nodes = {name: "IF" for name in [*many, *(f"m{i}" for i in range(1500))]}
    with pytest.raises(
        EdgeSastError, match=r"^node 'q' \(NIRGraph\): is fed by 'n0', .* and 1497 more, and leads"
    ):
        flatten(graph(edges, p=NOTHING, q=NOTHING, **nodes))
