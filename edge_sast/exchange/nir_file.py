"""NIR's HDF5 files: read without trusting them, written as NIR's own library writes them.

They are read by h5py and not by the package `nir`, which refuses files that are right: 0-d parameters with its type
check, a batch axis in Input, groups, kernels that are not square, a LIF of shape () (nir 1.0.8).
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import GRAPH, Graph, Node
from edge_sast.files import read_bytes
from edge_sast.formats.hdf5.heap_check import CheckedHeaps
from edge_sast.formats.hdf5.read import h5py_module, sniff_hdf5
from edge_sast.terminal import one_line

MOST_VALUES = 1 << 26  # of one array, and of all together four times as many
MOST_NODES = 10_000
DEEPEST = 8  # graphs in graphs
VERSION = "1.0.8"  # of NIR's library whose files ours look like


def read(path: str | os.PathLike[str]) -> Graph:
    """The graph of a NIR file. Raises EdgeSastError (one line) on anything that is none."""
    data = read_bytes(path)
    if not sniff_hdf5(data[:4096]):
        raise EdgeSastError(f"{path}: is not HDF5, in which NIR is written; name a .nir file")
    try:
        with h5py_module().File(CheckedHeaps(io.BytesIO(data)), "r") as file:
            return _Reader(h5py_module()).top(file)
    except EdgeSastError as error:
        raise EdgeSastError(f"{path}: {error}") from error
    except Exception as error:  # HDF5 raises what it likes on damaged files
        raise EdgeSastError(
            f"{path}: cannot be read as HDF5 ({one_line(str(error))}); the file is damaged: copy it again"
        ) from error


class _Reader:
    """Counts what it reads, so that a small file cannot ask for all memory."""

    def __init__(self, h5py: Any) -> None:
        self.h5py, self.values, self.nodes = h5py, 0, 0

    def top(self, file: Any) -> Graph:
        node = self._child(file, "node")
        if not isinstance(node, self.h5py.Group):
            raise EdgeSastError("has no group 'node'; it is HDF5, but not NIR: name a .nir file")
        version = self._child(file, "version")
        told = self._value(version, "version") if version is not None else ""
        graph = self._node(node, "", 0).graph
        if graph is None:
            raise EdgeSastError("its node is no NIRGraph; write the file again")
        return Graph(graph.nodes, graph.edges, str(told), graph.metadata)

    def _child(self, group: Any, name: str) -> Any:
        """What lies under a name in the file itself; None: nothing, or a link to elsewhere."""
        if name not in group or not isinstance(group.get(name, getlink=True), self.h5py.HardLink):
            return None
        return group[name]

    def _node(self, group: Any, name: str, depth: int) -> Node:
        self.nodes += 1
        if depth > DEEPEST or self.nodes > MOST_NODES:
            raise EdgeSastError(
                f"has more than {MOST_NODES} nodes, or graphs in graphs deeper than {DEEPEST}"
            )
        kind = self._child(group, "type")
        told = self._value(kind, f"{name}/type") if kind is not None else None
        if not isinstance(told, str):
            raise EdgeSastError(f"node {name!r} has no type; write the file again")
        if told == GRAPH:
            return Node(name, told, graph=self._graph(group, name, depth))
        fields = {}
        for key in _keys(group, f"node {name!r}: " if name else ""):
            child = self._child(group, key)
            if isinstance(child, self.h5py.Dataset) and key != "type":
                fields[key] = self._value(child, f"{name}/{key}")
        return Node(name, told, fields)

    def _graph(self, group: Any, name: str, depth: int) -> Graph:
        place = f"node {name!r}: " if name else ""
        nodes, edges = self._child(group, "nodes"), self._child(group, "edges")
        if not isinstance(nodes, self.h5py.Group) or not isinstance(edges, self.h5py.Dataset):
            raise EdgeSastError(f"{place}the graph has no nodes or no edges; write the file again")
        found = {}
        for key in _keys(nodes, place):
            child = self._child(nodes, key)
            if not isinstance(child, self.h5py.Group):
                raise EdgeSastError(f"node {key!r} is no group; write the file again")
            found[key] = self._node(child, key, depth + 1)
        pairs = np.asarray(self._value(edges, f"{name}/edges"), dtype=object)
        if pairs.size and (pairs.ndim != 2 or pairs.shape[1] != 2):
            raise EdgeSastError(
                f"{place}edges has shape {pairs.shape}, not pairs of names; write the file again"
            )
        told = tuple((_text(a), _text(b)) for a, b in pairs) if pairs.size else ()
        for ends in told:
            for end in ends:
                if end not in found:
                    raise EdgeSastError(
                        f"{place}an edge names {end!r}, and there is no such node; write the file again"
                    )
        return Graph(found, told, metadata=self._metadata(group))

    def _metadata(self, group: Any) -> dict[str, Any]:
        child = self._child(group, "metadata")
        if not isinstance(child, self.h5py.Group):
            return {}
        return {
            key: self._value(child[key], f"metadata/{key}")
            for key in _keys(child, "metadata: ")
            if isinstance(self._child(child, key), self.h5py.Dataset)
        }

    def _value(self, data: Any, place: str) -> Any:
        if not isinstance(data, self.h5py.Dataset):
            raise EdgeSastError(f"{place} is a group, not a value; write the file again")
        if data.external or data.is_virtual:
            raise EdgeSastError(f"{place} lies in another file; copy it into one with h5repack")
        size = int(data.size or 0)
        self.values += size
        if size > MOST_VALUES or self.values > 4 * MOST_VALUES:
            raise EdgeSastError(f"{place} has shape {data.shape}, more than {MOST_VALUES} values can be read")
        value = data[()]
        return _text(value) if isinstance(value, bytes | str) else value


def _keys(group: Any, place: str) -> Iterator[str]:
    """Names of what lies in a group; h5py gives those that it cannot read as bytes."""
    for key in group:
        if isinstance(key, bytes):
            raise EdgeSastError(
                f"{place}{key!r} is a name that is not UTF-8, as HDF5 has names; give it another, and write the file "
                "again"
            )
        yield key


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def dumps(graph: Graph) -> bytes:
    """The bytes of a NIR file that holds the graph; plain arrays, which every version of NIR's library reads."""
    buffer = io.BytesIO()
    with h5py_module().File(buffer, "w", libver=("v108", "v108")) as file:
        file.create_dataset("version", data=graph.version or VERSION)
        _write_graph(file.create_group("node"), graph)
    return buffer.getvalue()


def _write_graph(group: Any, graph: Graph) -> None:
    group.create_dataset("type", data=GRAPH)
    text = h5py_module().string_dtype()
    group.create_dataset("edges", data=np.array(graph.edges, dtype=object).reshape(-1, 2), dtype=text)
    nodes = group.create_group("nodes")
    for name, node in graph.nodes.items():
        if node.graph is not None:
            _write_graph(nodes.create_group(name), node.graph)
            continue
        place = nodes.create_group(name)
        place.create_dataset("type", data=node.type)
        for key, value in node.fields.items():
            place.create_dataset(key, data=value)
    if graph.metadata:
        place = group.create_group("metadata")
        for key, value in graph.metadata.items():
            place.create_dataset(key, data=value)
