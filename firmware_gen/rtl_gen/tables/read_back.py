"""A tables folder, read back into the model that it was written from.

Whichever formats are there are read, and must agree. From the weights and parameters the model is put together, whose
hash tables.json tells; made anew from that model, every other table and tables.json itself must be what they are.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sast.container import parse_object
from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes
from edge_sast.model import modelfile
from edge_sast.model.layers import MAX_EXTENT
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.tables.connections import RECURRENT, Kernel
from firmware_gen.rtl_gen.tables.document import (
    DOCUMENT,
    FORMAT,
    FORMAT_VERSION,
    MAX_WORD_BITS,
    table_files,
)
from firmware_gen.rtl_gen.tables.fields import Fields
from firmware_gen.rtl_gen.tables.memory_files import MAX_ENTRIES, ReadMemory, read_memory
from firmware_gen.rtl_gen.tables.tables import PARAMETERS, WEIGHTS, make_tables

MODEL_FILE = "model.safetensors"


@dataclass(frozen=True)
class ReadTables:
    """word_bits: None where each memory is as wide as its entries. formats: endings of the files that were read."""

    model: Model
    lanes: int
    word_bits: int | None
    formats: tuple[str, ...]


def load(folder: str | os.PathLike[str]) -> ReadTables:
    """The model in a tables folder, or in a build folder that holds one.

    Raises EdgeSastError, one line, on whatever is missing, damaged or contradicts the rest.
    """
    place = _place(Path(folder))
    if place is None:
        raise EdgeSastError(
            f"{folder}: has no {DOCUMENT}; give a model file, or a folder that "
            "'edge-sast export --target verilog' wrote"
        )
    document = _document(place / DOCUMENT)
    lanes = document.choice("lanes", int, LANES)
    asked = (
        None if document.values.get("word_bits") is None else document.whole("word_bits", 1, MAX_WORD_BITS)
    )
    memories = {}
    for described in document.each("memories"):
        memory = read_memory(described, place)
        memories[memory.name] = memory
    model = _model(document, memories, lanes)
    _compare(place, document, memories, model, asked)
    _check_beside(place, model)
    formats = sorted({ending for memory in memories.values() for ending in memory.formats})
    return ReadTables(model, lanes, asked, tuple(formats))


def _place(folder: Path) -> Path | None:
    return next((place for place in (folder, folder / "tables") if (place / DOCUMENT).is_file()), None)


def _document(path: Path) -> Fields:
    try:
        document: Any = parse_object(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:
        raise EdgeSastError(f"{path}: is not JSON ({error}); export again") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EdgeSastError(
            f"{path}: format is not {FORMAT!r}; give a folder that 'edge-sast export --target verilog' wrote"
        )
    version = document.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise EdgeSastError(
            f"{path}: format_version is {version!r}; this edge-sast reads {FORMAT_VERSION}: export again"
        )
    return Fields(str(path), document)


def _model(document: Fields, memories: dict[str, ReadMemory], lanes: int) -> Model:
    tensors: dict[str, NDArray[Any]] = {}
    for layer in document.each("layers"):
        if "connections" not in layer.values:
            continue
        prefix = f"layers.{layer.whole('index', 0, MAX_EXTENT)}."
        for connection in layer.each("connections"):
            recurrent = connection.text("name") == RECURRENT
            weight = _weight(connection, memories, lanes)
            dense = layer.text("kind") != "conv2d"
            name = prefix + ("recurrent" if recurrent else "weight")
            tensors[name] = weight.reshape(-1, weight.shape[-1]) if dense else weight
        channels = layer.inner("output").whole("channels", 1, MAX_EXTENT)
        parts = layer.inner("parts")
        for name, attribute in PARAMETERS.items():
            if name in parts.values:
                values = _part(parts, name, memories).reshape(-1)[:channels]
                tensors[prefix + attribute] = _narrow(values, np.int32, parts, name)
    try:
        return modelfile.parse(document.values.get("model"), tensors)
    except EdgeSastError as error:
        raise EdgeSastError(f"{document.owner}: model: {error}") from error


def _weight(connection: Fields, memories: dict[str, ReadMemory], lanes: int) -> NDArray[np.int8]:
    shape = connection.values.get("weight_shape")
    if (
        not isinstance(shape, list)
        or len(shape) != 4
        or not all(type(n) is int and 1 <= n <= MAX_EXTENT for n in shape)
    ):
        connection.refuse("weight_shape", f"four numbers of 1 to {MAX_EXTENT}")
    rows, columns = connection.order("kernel_rows", shape[0]), connection.order("kernel_columns", shape[1])
    groups = connection.whole("groups", 1, shape[2])
    if shape[2] % groups:
        connection.refuse("groups", f"a divisor of {shape[2]}")
    kernel = Kernel(rows, columns, shape[2], shape[3], groups, lanes)
    parts = connection.inner("parts")
    words = _part(parts, WEIGHTS, memories)
    if words.shape != (kernel.entries, lanes):
        parts.refuse(WEIGHTS, f"{kernel.entries} entries of {lanes} lanes")
    places = kernel.places()
    flat = np.zeros(len(rows) * len(columns) * shape[2] * shape[3], np.int64)
    flat[places[places >= 0]] = words[places >= 0]
    return _narrow(flat, np.int8, parts, WEIGHTS).reshape(shape)


def _part(parts: Fields, name: str, memories: dict[str, ReadMemory]) -> NDArray[np.int64]:
    if name not in memories:
        raise EdgeSastError(f"{parts.owner}: there is no memory {name!r}; export again")
    values, part = memories[name].values, parts.inner(name)
    base, entries = part.whole("base", 0, MAX_ENTRIES), part.whole("entries", 1, MAX_ENTRIES)
    if base + entries > len(values):
        parts.refuse(name, f"within the {len(values)} entries of {name}")
    return values[base : base + entries]


def _narrow(values: NDArray[np.int64], dtype: type, parts: Fields, name: str) -> NDArray[Any]:
    narrow: NDArray[Any] = values.astype(dtype)
    if not np.array_equal(narrow, values):
        raise EdgeSastError(f"{parts.owner}: {name} holds more than {np.dtype(dtype)}; export again")
    return narrow


def _compare(
    place: Path, document: Fields, memories: dict[str, ReadMemory], model: Model, word_bits: int | None
) -> None:
    """The tables made anew from the model against those that were read."""
    tables = make_tables(model, document.values["lanes"], word_bits)
    for name, memory in tables.memories.items():
        words = memory.image().words
        found = memories[name].words if name in memories else ()
        for i, (got, want) in enumerate(zip(found, words, strict=False)):
            if got != want:
                raise EdgeSastError(
                    f"{place / name}.{memories[name].formats[0]}: word {i} is {got:#x}, the model gives {want:#x}; "
                    "export again"
                )
    wanted = json.loads(table_files(tables, word_bits)[DOCUMENT])
    where = _difference(document.values | {"tool": wanted["tool"]}, wanted)
    if where is not None:
        raise EdgeSastError(f"{document.owner}: {where} is not what the model gives; export again")


def _difference(found: Any, wanted: Any) -> str | None:
    """Where two JSON values first differ, such as `memories[2].depth`; None where they do not."""
    if type(found) is not type(wanted):
        return ""
    if isinstance(wanted, dict):
        pairs = [
            (f".{key}", found.get(key), wanted.get(key)) for key in (*wanted, *(found.keys() - wanted.keys()))
        ]
    elif isinstance(wanted, list) and len(found) == len(wanted):
        pairs = [(f"[{i}]", *each) for i, each in enumerate(zip(found, wanted, strict=True))]
    else:
        return None if found == wanted else ""
    inner = ((path, _difference(*each)) for path, *each in pairs)
    return next((path.removeprefix(".") + _joined(rest) for path, rest in inner if rest is not None), None)


def _joined(rest: str) -> str:
    return rest if not rest or rest.startswith("[") else f".{rest}"


def _check_beside(place: Path, model: Model) -> None:
    """Tables in a build folder are those of its model."""
    path = place.parent / MODEL_FILE
    if place.name == "tables" and path.is_file():
        ours, other = modelfile.model_hash(model), modelfile.model_hash(modelfile.load(path))
        if ours != other:
            raise EdgeSastError(f"{place}: is of model {ours[:16]}, {path} is {other[:16]}; export again")
