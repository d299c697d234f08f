"""The files of a tables folder: every memory in every format, and tables.json, which says what they are.

tables.json is written for those who have nothing else: it tells how to read it, too.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import edge_sast
from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from edge_sast.model.layers import Shape
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.table_files.formats import FORMATS
from firmware_gen.rtl_gen.tables.connections import Connection
from firmware_gen.rtl_gen.tables.how_to_read import AMOUNTS, EARLY, HOW_TO_READ
from firmware_gen.rtl_gen.tables.memory import Memory
from firmware_gen.rtl_gen.tables.tables import LayerTables, Part, Tables

DOCUMENT = "tables.json"
FORMAT = "edge-sast-tables"
FORMAT_VERSION = 1
MAX_WORD_BITS = 1024


def check_widths(lanes: int | None, word_bits: int | None) -> None:
    """Raises EdgeSastError for what tables cannot be made of; None is a default."""
    if lanes is not None and lanes not in LANES:
        raise EdgeSastError(
            f"--lanes is {lanes}; it must be {', '.join(map(str, LANES[:-1]))} or {LANES[-1]}"
        )
    if word_bits is not None and not 1 <= word_bits <= MAX_WORD_BITS:
        raise EdgeSastError(f"--word-bits is {word_bits}; it must be 1 to {MAX_WORD_BITS}")


def table_files(tables: Tables, word_bits: int | None) -> dict[str, bytes]:
    """Name to content of every file. word_bits: what was asked for, None for words as wide as each table's entries."""
    files: dict[str, bytes] = {}
    memories = []
    for memory in tables.memories.values():
        image = memory.image()
        own = {f"{memory.name}.{ending}": form.write(image) for ending, form in FORMATS.items()}
        memories.append(_memory(memory, own))
        files |= own
    how = HOW_TO_READ | (EARLY if tables.model.early_margin is not None else {})
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "tool": f"edge-sast {edge_sast.__version__}",
        "how_to_read": how | (AMOUNTS if "amounts" in tables.memories else {}),
        "lanes": tables.lanes,
        "word_bits": word_bits,
        "memories": memories,
        "layers": _layers(tables),
        "model": modelfile.describe(tables.model)[0],
    }
    return files | {DOCUMENT: (json.dumps(document, indent=1) + "\n").encode()}


def _memory(memory: Memory, files: dict[str, bytes]) -> dict[str, Any]:
    layout, entries = memory.layout, len(memory.values)
    return {
        "name": memory.name,
        "entries": entries,
        "entry_bits": layout.entry_bits,
        "words_per_entry": layout.words_per_entry,
        "word_bits": layout.word_bits,
        "depth": entries * layout.words_per_entry,
        "fields": [vars(field) for field in layout.fields],
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }


def _layers(tables: Tables) -> list[dict[str, Any]]:
    shapes, weighted = tables.model.shapes(), {layer.index: layer for layer in tables.layers}
    layers = []
    for i, layer in enumerate(tables.model.layers):
        entry = {"index": i, "kind": modelfile.layer_name(layer)}
        entry |= {"input": vars(shapes[i]), "output": vars(shapes[i + 1])}
        layers.append(entry | (_weighted(weighted[i], tables.lanes) if i in weighted else {}))
    return layers


def _weighted(layer: LayerTables, lanes: int) -> dict[str, Any]:
    return {
        "channel_words": -(-layer.layer.neuron.channels // lanes),
        "parts": _parts(layer.parts),
        "connections": [
            _connection(connection, parts)
            for connection, parts in zip(layer.connections, layer.of_connections, strict=True)
        ],
    }


def _connection(connection: Connection, parts: dict[str, Part]) -> dict[str, Any]:
    kernel = connection.kernel
    return {
        "name": connection.name,
        "source": _extent(connection.source),
        "groups": kernel.groups,
        "weight_shape": [len(kernel.kernel_rows), len(kernel.kernel_columns), kernel.c_in, kernel.c_group],
        "kernel_rows": kernel.kernel_rows,
        "kernel_columns": kernel.kernel_columns,
        "row_pitch": kernel.row_pitch,
        "column_pitch": kernel.column_pitch,
        "parts": _parts(parts),
    }


def _extent(shape: Shape) -> dict[str, int]:
    return {"height": shape.height, "width": shape.width, "channels": shape.channels}


def _parts(parts: dict[str, Part]) -> dict[str, dict[str, int]]:
    return {name: part._asdict() for name, part in parts.items()}
