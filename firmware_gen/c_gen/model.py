"""A model's own C files: a header with its sizes and memory type, a source with its tables."""

from __future__ import annotations

from edge_sast.model.layers import Integrator
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.c_gen.descriptor import FLASH_MARK, OUTPUT, descriptor
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.tables import Table, layer_tables
from firmware_gen.c_gen.text import array, banner, define, fields, guard_close, guard_open, string

# Equals SAST_TABLE_VERSION of sast.h; a number, so that a library of another version refuses the tables.
TABLE_VERSION = 4
AVR_TABLE_BYTES = 60_000  # of the first 64 KB of flash; descriptors and interrupt vectors lie there, too


def all_tables(model: Model) -> list[list[Table]]:
    """Tables of every layer, in file order."""
    shapes = model.shapes()
    return [layer_tables(i, layer, shapes[i], shapes[i + 1]) for i, layer in enumerate(model.layers)]


def table_bytes(model: Model) -> int:
    """Flash that the tables take, in bytes; without code and descriptors."""
    return sum(table.bytes for tables in all_tables(model) for table in tables)


def model_header(model: Model, name: str) -> str:
    """include/<name>_model.h"""
    prefix, guard = f"{name.upper()}_MODEL", f"{name.upper()}_MODEL_H"
    grid = model.binning
    constants = {
        "RAM_BYTES": memory(model).bytes,
        "TABLE_BYTES": table_bytes(model),
        "CLASSES": len(model.classes),
        "STEPS": grid.steps,
        "DT_US": grid.dt_us,
        "SENSOR_WIDTH": grid.sensor_width,
        "SENSOR_HEIGHT": grid.sensor_height,
    }
    return (
        banner(f"{name}_model.h", "sizes and working memory of one model", model)
        + guard_open(guard, '"sast.h"')
        + "/* Working memory (RAM), and tables (flash, without code, where pointers take 4 bytes). */\n"
        + "".join(define(f"{prefix}_{key}", value) for key, value in constants.items())
        + f'#define {prefix}_HASH "{model_hash(model)}"\n\n'
        + _memory_type(model, name)
        + f"\nextern const sast_model_t {name}_model;\n\n"
        + guard_close(guard)
    )


def model_source(model: Model, name: str) -> str:
    """src/<name>_model.c"""
    tables = all_tables(model)
    texts = [table.text + "\n" for layer in tables for table in layer]
    descriptors = [descriptor(model, i, tables[i]) for i in range(len(model.layers))] + [OUTPUT]
    return (
        banner(f"{name}_model.c", "tables of one model", model)
        + f'#include "{name}_model.h"\n#include "sast_internal.h"\n\n'
        + f"#define OFFSET(member) ((uint32_t)offsetof({name}_memory_t, member))\n\n"
        + "/* Stops where a compiler lays the memory out in another way than its header says. */\n"
        + f"typedef char {name}_memory_has_its_size[sizeof({name}_memory_t) == {name.upper()}_MODEL_RAM_BYTES"
        + " ? 1 : -1];\n\n"
        + f"#if defined(SAST_IN_FLASH) && {name.upper()}_MODEL_TABLE_BYTES > {AVR_TABLE_BYTES}u\n"
        + f'#error "{name}: {table_bytes(model)} bytes of tables; an AVR reaches those in its first 64 KB of flash: '
        + 'use a smaller network, or fewer bits a weight"\n#endif\n\n'
        + FLASH_MARK
        + "".join(texts)
        + array(f"static const char *const class_names[{len(model.classes)}]", map(string, model.classes))
        + f"\nstatic const sast_layer_t layers[{len(descriptors)}] = {{\n"
        + "".join(descriptors)
        + "};\n\n"
        + _model_struct(model, name)
    )


def _memory_type(model: Model, name: str) -> str:
    members = [f"    {m.c_type} {m.name}[{m.count}]; /* {m.comment} */\n" for m in memory(model).members]
    return "typedef struct {\n" + "".join(members) + f"}} {name}_memory_t;\n"


def _model_struct(model: Model, name: str) -> str:
    grid = model.binning
    digest = bytes.fromhex(model_hash(model))
    last = len(model.layers) - 1
    integrates = isinstance(dict(model.weighted())[last].neuron, Integrator)
    values: dict[str, object] = {
        "table_version": f"{TABLE_VERSION}u",
        "hash": "{" + ", ".join(str(b) for b in digest) + "}",
        "layers": "layers",
        "class_names": "class_names",
        "layer_count": len(model.layers),
        "weighted_count": len(model.weighted()),
        "class_count": len(model.classes),
        "sensor_width": grid.sensor_width,
        "sensor_height": grid.sensor_height,
        "height": grid.height,
        "width": grid.width,
        "shift": grid.shift,
        "count_cap": grid.count_cap,
        "dt_us": grid.dt_us,
        "steps": grid.steps,
        "memory_bytes": f"{name.upper()}_MODEL_RAM_BYTES",
        "counters": "OFFSET(counters)",
        "outputs": "OFFSET(outputs)",
        "first_outputs": f"layer{last}_first_outputs" if integrates else "NULL",
        "input_seen": "OFFSET(input_seen)",
        "step_memory": "OFFSET(input_seen)",
        "step_memory_bytes": memory(model).step_bytes,
    }
    return f"const sast_model_t {name}_model = {{\n{fields(values, '    ')}}};\n"
