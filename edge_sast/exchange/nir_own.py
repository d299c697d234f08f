"""Our own models back from NIR: the numbers of the nodes, and what the metadata says of them; the same to the bit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import Graph, Node
from edge_sast.exchange.nir_write import DOCUMENT, NEAR, flattened
from edge_sast.exchange.nodes.chain import Link, chain
from edge_sast.exchange.nodes.kernels import CONV, LINEAR
from edge_sast.model.layers import Shape
from edge_sast.model.model import Model
from edge_sast.model.modelfile import parse

_REMEDY = "give --from, which takes the nodes by the rules of a tool, or export the model again"


def is_own(graph: Graph) -> bool:
    """Whether edge-sast wrote it."""
    return DOCUMENT in graph.metadata


def read_own(graph: Graph) -> Model:
    """The model that was exported. Raises EdgeSastError where nodes or metadata were changed since."""
    try:
        document = json.loads(_text(graph.metadata[DOCUMENT]))
        tensors = _Tensors(document, graph.metadata, chain(graph)).all()
    except EdgeSastError:
        raise
    except Exception as error:  # whatever others made of the metadata
        raise EdgeSastError(f"its metadata {DOCUMENT!r} cannot be read ({error}); {_REMEDY}") from error
    try:
        return parse(document, tensors)
    except EdgeSastError as error:
        raise EdgeSastError(f"was changed since edge-sast wrote it ({error}); {_REMEDY}") from error


class _Tensors:
    def __init__(self, document: dict[str, Any], metadata: dict[str, Any], links: list[Link]) -> None:
        self.document, self.metadata = document, metadata
        self.weights = [link.node for link in links if link.node.type in (*LINEAR, *CONV)]
        self.cells = [link for link in links if link.node.fields.get("r") is not None]
        self.shapes = [
            np.asarray(link.node.fields["input_type"]) for link in links if link.node.type == "Flatten"
        ]

    def all(self) -> dict[str, np.ndarray]:
        """Every tensor of the model file by its name."""
        weighted = [(i, entry) for i, entry in enumerate(self.document["layers"]) if "neuron" in entry]
        if not len(weighted) == len(self.weights) == len(self.cells):
            raise EdgeSastError(
                f"has {len(self.weights)} nodes with weights and {len(self.cells)} neurons, and its metadata "
                f"{len(weighted)} layers; {_REMEDY}"
            )
        found: dict[str, np.ndarray] = {}
        first_dense = True
        for (i, entry), node, link in zip(weighted, self.weights, self.cells, strict=True):
            found |= {
                f"layers.{i}.{name}": values for name, values in self._layer(i, entry, node, link).items()
            }
            if entry["kind"] != "conv2d" and first_dense and self.shapes:
                channels, rows, columns = (int(v) for v in self.shapes[0])
                ours = np.empty_like(found[f"layers.{i}.weight"])
                ours[flattened(Shape(rows, columns, channels))] = found[f"layers.{i}.weight"]
                found[f"layers.{i}.weight"] = ours
                first_dense = False
        return found

    def _layer(self, i: int, entry: dict[str, Any], node: Node, link: Link) -> dict[str, np.ndarray]:
        unit = np.asarray(self.metadata[f"layers.{i}.unit"], dtype=np.float64)
        cell = entry["neuron"]
        worth = unit / float(self.metadata.get(f"layers.{i}.gain", 1.0))
        scale = worth * (1 << entry["weight_shift"])
        initial = self.metadata.get(f"layers.{i}.initial")
        found = {
            "bias": _whole(node.finite("bias") / worth, np.int32),
            "initial": np.zeros(len(unit), np.int32)
            if initial is None
            else np.asarray(initial, dtype=np.int32),
        }
        weight = node.finite("weight")
        if entry["kind"] == "conv2d":
            found["weight"] = _conv(_whole(weight / scale[:, None, None, None], np.int8), entry["groups"])
        else:
            found["weight"] = _whole(weight / scale[:, None], np.int8).T.copy()
        if entry["kind"] == "recurrent_linear":
            back = link.feedback[0].finite("weight")
            found["recurrent"] = _whole(back / scale[:, None], np.int8).T.copy()
        if cell["kind"] == "lif":
            each = link.node.finite("v_threshold").reshape(len(unit), -1)[:, 0]
            half = 0.5 if cell["reset"] == "zero" else 0.0
            found["threshold"] = _whole(each / unit + half, np.int32)
            amount = self.metadata.get(f"layers.{i}.amount")
            if amount is not None:
                found["amount"] = np.asarray(amount, dtype=np.int32)
        return found


def _conv(weight: np.ndarray, groups: int) -> np.ndarray:
    """[c_out, c_in, kh, kw], zeros between groups, to [kh, kw, c_in, c_out/groups]."""
    c_out, c_in, rows, columns = weight.shape
    each = np.arange(groups)
    parts = weight.reshape(groups, c_out // groups, groups, c_in // groups, rows, columns)[each, :, each]
    if np.count_nonzero(parts) != np.count_nonzero(weight):
        raise EdgeSastError(f"has weights between the groups of a conv2d; {_REMEDY}")
    return parts.transpose(3, 4, 0, 2, 1).reshape(rows, columns, c_in, c_out // groups).copy()


def _whole(values: np.ndarray, kind: Any) -> np.ndarray:
    near = np.round(values)
    limits = np.iinfo(kind)
    if near.min() < limits.min or near.max() > limits.max or np.abs(near - values).max() > NEAR:
        raise EdgeSastError(f"its numbers are no multiples of what its metadata says; {_REMEDY}")
    return near.astype(kind)


def _text(value: Any) -> str:
    value = value[()] if isinstance(value, np.ndarray) else value
    return value.decode() if isinstance(value, bytes) else str(value)
