"""The model file: safetensors, one JSON document in its metadata. docs/file-format.md describes every field.

The same model gives the same bytes. Everything is checked on reading; nothing is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import reprlib
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from edge_sast.container import LENGTH_BYTES, MAX_HEADER, metadata_of, parse_object, read_header
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.recording import MAX_SIDE
from edge_sast.files import read_bytes, write_atomic
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    Neuron,
    OrPool,
    RecurrentLinear,
    SumPool,
)
from edge_sast.model.model import Model

FORMAT = "edge-sast-model"
FORMAT_VERSION = 1
METADATA_KEY = "edge_sast_model"

_KINDS: dict[str, type] = {
    "conv2d": Conv2d,
    "linear": Linear,
    "recurrent_linear": RecurrentLinear,
    "or_pool": OrPool,
    "sum_pool": SumPool,
    "flatten": Flatten,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_HASH = re.compile(r"[0-9a-f]{64}")
_INPUT_FIELDS = ("sensor_width", "sensor_height", "shift", "dt_us", "steps", "count_cap")


def layer_name(layer: Layer) -> str:
    """The kind as the model file writes it, such as "conv2d"."""
    return _NAMES[type(layer)]


def model_hash(model: Model) -> str:
    """SHA-256 (hex) over the canonical description and all tensors; the producer does not count."""
    description, tensors = _describe(model)
    return _hash(description, tensors)


def dumps(model: Model) -> bytes:
    """The model file's bytes."""
    document, tensors = describe(model)
    return safetensors.numpy.save(tensors, metadata={METADATA_KEY: _canonical(document)})


def describe(model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The JSON document of a model file and its tensors by name, for files that hold a model in another form."""
    description, tensors = _describe(model)
    return {**description, "hash": _hash(description, tensors), "producer": model.producer}, tensors


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the model file, whole or not at all."""
    write_atomic(path, dumps(model))


def load(path: str | os.PathLike[str]) -> Model:
    """Read and check a model file. Raises EdgeSastError (one line) on anything unknown, damaged or out of range."""
    return loads(read_bytes(path), str(path))


def is_model_file(path: str | os.PathLike[str]) -> bool:
    """Whether the file says of itself that it is a model file, whole or damaged; a checkpoint does not."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            return f'"{METADATA_KEY}"'.encode() in file.read(min(length, MAX_HEADER))
    except OSError:
        return False


def loads(data: bytes, source: str = "model") -> Model:
    """The model in a model file's bytes; `source` names it in errors."""
    try:
        return parse(*_open(data))
    except EdgeSastError as error:
        raise EdgeSastError(f"{source}: {error}") from error


def parse(document: Any, tensors: dict[str, np.ndarray]) -> Model:
    """The model that `describe` described. Raises EdgeSastError on anything unknown, damaged or out of range."""
    _check_version(document)
    return _parse(document, tensors)


def _canonical(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _hash(description: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(_canonical(description).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        shape = ",".join(str(n) for n in tensor.shape)
        digest.update(f"\0{name}\0{tensor.dtype.name}\0{shape}\0".encode())
        digest.update(tensor.astype(tensor.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _describe(model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    layers: list[dict[str, Any]] = []
    tensors: dict[str, np.ndarray] = {}
    for i, layer in enumerate(model.layers):
        fields: dict[str, Any] = {"kind": layer_name(layer)}
        if isinstance(layer, OrPool | SumPool):
            fields["size"] = layer.size
        elif not isinstance(layer, Flatten):
            fields |= {"bits": layer.bits, "weight_shift": layer.weight_shift}
            fields["neuron"], arrays = _describe_neuron(layer.neuron)
            arrays["weight"] = layer.weight
            if isinstance(layer, RecurrentLinear):
                arrays["recurrent"] = layer.recurrent
            if isinstance(layer, Conv2d):
                fields |= {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
            tensors |= {f"layers.{i}.{name}": array for name, array in arrays.items()}
        layers.append(fields)
    description = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "input": {name: getattr(model.binning, name) for name in _INPUT_FIELDS},
        "classes": model.classes,
        "layers": layers,
    }
    if model.early_margin is not None:
        description["early"] = {"margin": model.early_margin}
    return description, tensors


def _describe_neuron(neuron: Neuron) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    fields: dict[str, Any] = {"leak_shifts": neuron.leak_shifts, "state_bits": neuron.state_bits}
    arrays: dict[str, np.ndarray] = {"bias": neuron.bias, "initial": neuron.initial}
    if isinstance(neuron, Integrator):
        return {"kind": "integrator", **fields}, arrays
    arrays["threshold"] = neuron.threshold
    if neuron.amount is not None:
        arrays["amount"] = neuron.amount
    return {"kind": "lif", "reset": neuron.reset, **fields}, arrays


def _open(data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """Metadata document and tensors of a safetensors file."""
    try:
        texts = metadata_of(read_header(data))
        tensors = _tensors(data)
        document = parse_object(texts.pop(METADATA_KEY))
    except KeyError as error:
        raise EdgeSastError(
            f"metadata has no {METADATA_KEY!r}; this is not a model file: make one with 'edge-sast export'"
        ) from error
    except (safetensors.SafetensorError, ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise EdgeSastError(f"not a readable model file ({reason}); export the model again") from error
    if texts:
        raise EdgeSastError(
            f"metadata has {_brief(min(texts))} beside {METADATA_KEY!r}; export the model again"
        )
    return document, tensors


def _check_version(document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EdgeSastError(f"format is not {FORMAT!r}; this is not a model file")
    version = document.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise EdgeSastError(
            f"format_version is {_brief(version)}; this edge-sast reads {FORMAT_VERSION}: "
            "install the edge-sast that wrote the file, or export the model again"
        )


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(data)
    except KeyError as error:  # safetensors' numbers that numpy does not have
        raise EdgeSastError(
            f"a tensor has dtype {error}, which no model has; this is not a model file: "
            "make one with 'edge-sast export'"
        ) from error


def _brief(value: Any) -> str:
    """A value as a message can show it: a damaged file may hold anything of any size."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    return short.repr(value)


def _take(fields: Any, owner: str, **kinds: type) -> dict[str, Any]:
    """`fields`, once it is proven to be an object with exactly these keys and types."""
    if not isinstance(fields, dict):
        raise EdgeSastError(f"{owner} is {_brief(fields)}; it must be an object")
    for name in sorted(kinds.keys() ^ fields.keys()):
        state = "missing" if name in kinds else "unknown"
        raise EdgeSastError(f"{owner}: field {_brief(name)} is {state}; export the model again")
    for name, kind in kinds.items():
        if not isinstance(fields[name], kind) or isinstance(fields[name], bool):
            raise EdgeSastError(f"{owner}: {name} is {_brief(fields[name])}; it must be {kind.__name__}")
    return fields


def _integers(owner: str, values: list[Any]) -> tuple[int, ...]:
    if any(not isinstance(v, int) or isinstance(v, bool) for v in values):
        raise EdgeSastError(f"{owner} is {_brief(values)}; it must be a list of integers")
    return tuple(values)


def _parse(document: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    top = {"format": str, "format_version": int, "hash": str, "producer": str, "input": dict}
    early = {"early": dict} if "early" in document else {}
    _take(document, "model", classes=list, layers=list, **top, **early)
    fields = _take(document["input"], "input", **dict.fromkeys(_INPUT_FIELDS, int))
    if any(not isinstance(name, str) for name in document["classes"]):
        raise EdgeSastError(f"classes is {_brief(document['classes'])}; it must be a list of names")
    unused = dict(tensors)
    layers = tuple(_parse_layer(i, entry, unused) for i, entry in enumerate(document["layers"]))
    if unused:
        raise EdgeSastError(f"tensor {_brief(min(unused))} belongs to no layer; export the model again")
    margin = _take(document["early"], "early", margin=int)["margin"] if early else None
    model = Model(_binning(fields), layers, tuple(document["classes"]), document["producer"], margin)
    found, told = model_hash(model), document["hash"]
    if not _HASH.fullmatch(told):
        raise EdgeSastError(
            f"hash is {_brief(told)}; it must be 64 hexadecimal digits, a to f in lower case: export the model again"
        )
    if found != told:
        raise EdgeSastError(
            f"hash is {told[:16]}, its content gives {found[:16]}: the file was changed or damaged; "
            "export the model again"
        )
    return model


def _binning(fields: dict[str, int]) -> Binning:
    for name in ("sensor_width", "sensor_height"):
        if not 1 <= fields[name] <= MAX_SIDE:
            raise EdgeSastError(f"input: {name} is {_brief(fields[name])}; it must be 1 to {MAX_SIDE}")
    try:
        return Binning(**fields)
    except EdgeSastError as error:
        raise EdgeSastError(f"input: {str(error).removeprefix('binning: ')}") from error


def _parse_layer(i: int, entry: Any, tensors: dict[str, np.ndarray]) -> Layer:
    owner = f"layers[{i}]"
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise EdgeSastError(f"{owner}: kind is {_brief(kind)}; this edge-sast knows {', '.join(_KINDS)}")
    try:
        if kind == "flatten":
            _take(entry, "flatten", kind=str)
            return Flatten()
        if kind in ("or_pool", "sum_pool"):
            return _KINDS[kind](_take(entry, kind, kind=str, size=int)["size"])
        return _parse_weighted(kind, entry, f"layers.{i}.", tensors)
    except EdgeSastError as error:
        raise EdgeSastError(f"{owner}: {error}") from error


def _parse_weighted(kind: str, entry: dict[str, Any], prefix: str, tensors: dict[str, np.ndarray]) -> Layer:
    common: dict[str, type] = {"kind": str, "bits": int, "weight_shift": int, "neuron": dict}
    if kind == "conv2d":
        common |= {"stride": list, "padding": list, "groups": int}
    _take(entry, kind, **common)
    neuron = _parse_neuron(entry["neuron"], prefix, tensors)
    arguments: dict[str, Any] = {
        "bits": entry["bits"],
        "weight_shift": entry["weight_shift"],
        "neuron": neuron,
    }
    arguments["weight"] = _tensor(tensors, f"{prefix}weight", "int8")
    if kind == "recurrent_linear":
        arguments["recurrent"] = _tensor(tensors, f"{prefix}recurrent", "int8")
    if kind == "conv2d":
        arguments |= {name: _integers(f"conv2d: {name}", entry[name]) for name in ("stride", "padding")}
        arguments["groups"] = entry["groups"]
    layer: Layer = _KINDS[kind](**arguments)
    return layer


def _parse_neuron(entry: dict[str, Any], prefix: str, tensors: dict[str, np.ndarray]) -> Neuron:
    kind = entry.get("kind")
    state: dict[str, type] = {"kind": str, "leak_shifts": list, "state_bits": int}
    if kind not in ("lif", "integrator"):
        raise EdgeSastError(f"neuron: kind is {_brief(kind)}; this edge-sast knows lif, integrator")
    _take(entry, "neuron", **state, **({"reset": str} if kind == "lif" else {}))
    arguments: dict[str, Any] = {
        "bias": _tensor(tensors, f"{prefix}bias", "int32"),
        "initial": _tensor(tensors, f"{prefix}initial", "int32"),
        "leak_shifts": _integers("neuron: leak_shifts", entry["leak_shifts"]),
        "state_bits": entry["state_bits"],
    }
    if kind == "integrator":
        return Integrator(**arguments)
    for name in ("threshold", "amount"):
        if name == "threshold" or f"{prefix}{name}" in tensors:
            arguments[name] = _tensor(tensors, f"{prefix}{name}", "int32")
    return Lif(reset=entry["reset"], **arguments)


def _tensor(tensors: dict[str, np.ndarray], name: str, dtype: str) -> np.ndarray:
    if name not in tensors:
        raise EdgeSastError(f"tensor {name!r} is missing; export the model again")
    tensor = tensors.pop(name)
    if tensor.dtype.name != dtype:
        raise EdgeSastError(f"tensor {name!r} is {tensor.dtype}; it must be {dtype}")
    return tensor
