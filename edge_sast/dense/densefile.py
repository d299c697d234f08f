"""The file of a dense network: safetensors, one JSON document in its metadata. Data, never code.

    {"format": "edge-sast-dense", "format_version": 1, "hash": …, "producer": …, "trained": {…}, "classes": […],
     "input": {"sensor_width": …, "sensor_height": …, "shift": …, "window_us": …},
     "layers": [{"kind": "conv2d", "stride": 2, "padding": 1, "relu": true}, {"kind": "max_pool"},
                {"kind": "linear", "relu": false}]}

Tensors: layers.<i>.weight (int8), .bias and .multiplier (int32), as edge_sast/dense/network.py shapes them. The same
network gives the same bytes; all is checked on reading.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from edge_sast.container import metadata_of, parse_object, read_header
from edge_sast.dense.frames import check_frame, frame_binning
from edge_sast.dense.network import Conv, Int8, Layer, Linear, MaxPool, Network, Size, run
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.files import read_bytes, write_atomic

FORMAT, FORMAT_VERSION = "edge-sast-dense", 1
METADATA_KEY = "edge_sast_dense"
TENSORS = ("weight", "bias", "multiplier")
INPUT = ("sensor_width", "sensor_height", "shift", "window_us")
FIELDS = {
    "format": str,
    "format_version": int,
    "hash": str,
    "producer": str,
    "trained": dict,
    "classes": list,
    "input": dict,
    "layers": list,
}
KINDS: dict[str, dict[str, type]] = {
    "conv2d": {"kind": str, "stride": int, "padding": int, "relu": bool},
    "max_pool": {"kind": str},
    "linear": {"kind": str, "relu": bool},
}


@dataclass(frozen=True, eq=False)
class DenseModel:
    """A network, and what it says of recordings.

    binning: of the frame, one step as long as a recording's window. classes: names, by output. trained: how, as plain
    values, for whoever reads the file.

    Raises EdgeSastError where input or outputs are not the network's.
    """

    binning: Binning
    network: Network
    classes: tuple[str, ...]
    producer: str = ""
    trained: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_frame(self.binning)
        grid = Size(self.binning.height, self.binning.width, self.binning.channels)
        outputs = self.network.sizes()[-1]
        if self.network.input != grid:
            raise EdgeSastError(
                f"input is {[*grid]}, the network takes {[*self.network.input]}; train it again"
            )
        if outputs != (1, 1, len(self.classes)):
            raise EdgeSastError(f"{len(self.classes)} classes, outputs are {[*outputs]}; train it again")

    def predict(self, frames: Int8) -> np.ndarray:
        """Class of each frame [N, height, width, 2], int64 [N]; of equal scores the lowest class wins."""
        return run(self.network, frames).reshape(len(frames), -1).argmax(axis=1)


def dumps(model: DenseModel) -> bytes:
    """The file's bytes."""
    document, tensors = _describe(model)
    document["hash"] = _hash(document, tensors)
    return safetensors.numpy.save(tensors, metadata={METADATA_KEY: _canonical(document)})


def save(model: DenseModel, path: str | os.PathLike[str]) -> None:
    """Write the file, whole or not at all."""
    write_atomic(path, dumps(model))


def load(path: str | os.PathLike[str]) -> DenseModel:
    """Read and check a file. Raises EdgeSastError (one line) on anything unknown, damaged or out of range."""
    data = read_bytes(path)
    try:
        return _parse(*_open(data))
    except EdgeSastError as error:
        raise EdgeSastError(f"{path}: {error}") from error


def _describe(model: DenseModel) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    layers: list[dict[str, Any]] = []
    tensors: dict[str, np.ndarray] = {}
    for i, layer in enumerate(model.network.layers):
        if isinstance(layer, MaxPool):
            layers.append({"kind": "max_pool"})
            continue
        tensors |= {f"layers.{i}.{name}": np.ascontiguousarray(getattr(layer, name)) for name in TENSORS}
        if isinstance(layer, Conv):
            fields = {"stride": layer.stride, "padding": layer.padding, "relu": layer.relu}
            layers.append({"kind": "conv2d", **fields})
        else:
            layers.append({"kind": "linear", "relu": layer.relu})
    grid = model.binning
    values = (grid.sensor_width, grid.sensor_height, grid.shift, grid.dt_us)
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "producer": model.producer,
        "trained": model.trained,
        "classes": [*model.classes],
        "input": dict(zip(INPUT, values, strict=True)),
        "layers": layers,
    }
    return document, tensors


def _canonical(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _hash(document: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 of everything but the hash itself."""
    digest = hashlib.sha256(_canonical({k: v for k, v in document.items() if k != "hash"}).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\0{name}\0{tensor.dtype.name}\0{[*tensor.shape]}\0".encode())
        digest.update(tensor.astype(tensor.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _open(data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    try:
        text = metadata_of(read_header(data))[METADATA_KEY]
        return parse_object(text), safetensors.numpy.load(data)
    except KeyError as error:
        raise EdgeSastError(
            "not a dense network of edge-sast; make one with 'edge-sast compare-dense RUN --out FILE'"
        ) from error
    except (safetensors.SafetensorError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EdgeSastError(
            f"not a readable file ({' '.join(str(error).split())}); train it again"
        ) from error


def _parse(document: Any, tensors: dict[str, np.ndarray]) -> DenseModel:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EdgeSastError(f"format is not {FORMAT!r}; make such a file with 'edge-sast compare-dense'")
    version = document.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise EdgeSastError(
            f"format_version is {str(version)[:80]}; this edge-sast reads {FORMAT_VERSION}: train it again"
        )
    _take(document, "file", FIELDS)
    given = _take(document["input"], "input", dict.fromkeys(INPUT, int))
    if any(not isinstance(name, str) for name in document["classes"]):
        raise EdgeSastError("classes must be a list of names; train it again")
    if document["hash"] != _hash(document, tensors):
        raise EdgeSastError("hash does not match its content: damaged; restore a copy, or train it again")
    unused = dict(tensors)
    layers = tuple(_layer(i, entry, unused) for i, entry in enumerate(document["layers"]))
    if unused:
        raise EdgeSastError(f"tensor {min(unused)[:80]!r} belongs to no layer; train it again")
    one = Binning(given["sensor_width"], given["sensor_height"], given["shift"], given["window_us"], 1, 1)
    binning = frame_binning(one)
    size = Size(binning.height, binning.width, binning.channels)
    names, trained = tuple(document["classes"]), document["trained"]
    return DenseModel(binning, Network(size, layers), names, document["producer"], trained)


def _layer(i: int, entry: Any, tensors: dict[str, np.ndarray]) -> Layer:
    owner = f"layers[{i}]"
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise EdgeSastError(f"{owner}: kind is {str(kind)[:80]!r}; this edge-sast knows {', '.join(KINDS)}")
    fields = _take(entry, owner, KINDS[kind])
    if kind == "max_pool":
        return MaxPool()
    for name in TENSORS:
        if f"layers.{i}.{name}" not in tensors:
            raise EdgeSastError(f"{owner}: tensor {name!r} is missing; train it again")
    weight, bias, multiplier = (tensors.pop(f"layers.{i}.{name}") for name in TENSORS)
    try:
        if kind == "linear":
            return Linear(weight, bias, multiplier, fields["relu"])
        return Conv(weight, bias, multiplier, fields["stride"], fields["padding"], fields["relu"])
    except EdgeSastError as error:
        raise EdgeSastError(f"{owner}: {error}") from error


def _take(fields: Any, owner: str, kinds: dict[str, type]) -> dict[str, Any]:
    """`fields`, once it is proven to be an object with exactly these keys and types."""
    if not isinstance(fields, dict) or fields.keys() != kinds.keys():
        raise EdgeSastError(f"{owner}: must hold {', '.join(sorted(kinds))} and nothing else; train it again")
    for name, kind in kinds.items():
        value = fields[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise EdgeSastError(f"{owner}: {name} is {str(value)[:80]}; it must be {kind.__name__}")
    return fields
