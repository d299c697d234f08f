"""A model's own C files: a header with its sizes and memory type, a source with its tables."""

from __future__ import annotations

from edge_sast.model.layers import Integrator
from firmware_gen.c_gen.descriptor import FLASH_MARK, OUTPUT, descriptor
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.tables import layer_tables
from firmware_gen.c_gen.text import array, banner, define, fields, guard_close, guard_open, string
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.kernels import push_kernel
from firmware_gen.c_plan.plan import CPlan

# Equals SAST_TABLE_VERSION of sast.h; a number, so that a library of another version refuses the tables.
TABLE_VERSION = 5
AVR_TABLE_BYTES = 60_000  # of the first 64 KB of flash; descriptors and interrupt vectors lie there, too


def model_header(plan: CPlan, name: str) -> str:
    """include/<name>_model.h"""
    prefix, guard = f"{name.upper()}_MODEL", f"{name.upper()}_MODEL_H"
    model, grid = plan.model, plan.model.binning
    constants = {
        "RAM_BYTES": memory(plan).bytes,
        "TABLE_BYTES": footprint(plan).flash_bytes,
        "CLASSES": len(model.classes),
        "STEPS": grid.steps,
        "DT_US": grid.dt_us,
        "SENSOR_WIDTH": grid.sensor_width,
        "SENSOR_HEIGHT": grid.sensor_height,
    }
    if model.early_margin is not None:
        constants["MARGIN"] = model.early_margin
    return (
        banner(f"{name}_model.h", "sizes and working memory of one model", plan.model_hash)
        + guard_open(guard, '"sast.h"')
        + "/* Working memory (RAM), and tables (flash, without code, where pointers take 4 bytes). */\n"
        + "".join(define(f"{prefix}_{key}", value) for key, value in constants.items())
        + f'#define {prefix}_HASH "{plan.model_hash}"\n\n'
        + _memory_type(plan, name)
        + f"\nextern const sast_model_t {name}_model;\n\n"
        + guard_close(guard)
    )


def model_source(plan: CPlan, name: str) -> str:
    """src/<name>_model.c"""
    model, flash = plan.model, footprint(plan).flash_bytes
    tables = [layer_tables(layer) for layer in plan.layers]
    texts = [table.text + "\n" for of_layer in tables for table in of_layer]
    descriptors = [descriptor(plan, *pair) for pair in zip(plan.layers, tables, strict=True)] + [OUTPUT]
    return (
        banner(f"{name}_model.c", "tables of one model", plan.model_hash)
        + f'#include "{name}_model.h"\n#include "sast_internal.h"\n\n'
        + f"#define OFFSET(member) ((uint32_t)offsetof({name}_memory_t, member))\n\n"
        + "/* Stops where a compiler lays the memory out in another way than its header says. */\n"
        + f"typedef char {name}_memory_has_its_size[sizeof({name}_memory_t) == {name.upper()}_MODEL_RAM_BYTES"
        + " ? 1 : -1];\n\n"
        + f"#if defined(SAST_IN_FLASH) && {name.upper()}_MODEL_TABLE_BYTES > {AVR_TABLE_BYTES}u\n"
        + f'#error "{name}: {flash} bytes of tables; an AVR reaches those in its first 64 KB of flash: '
        + 'use a smaller network, or fewer bits a weight"\n#endif\n\n'
        + FLASH_MARK
        + "".join(texts)
        + array(f"static const char *const class_names[{len(model.classes)}]", map(string, model.classes))
        + f"\nstatic const sast_layer_t layers[{len(descriptors)}] = {{\n"
        + "".join(descriptors)
        + "};\n\n"
        + _model_struct(plan, name)
    )


def _memory_type(plan: CPlan, name: str) -> str:
    members = [f"    {m.c_type} {m.name}[{m.count}]; /* {m.comment} */\n" for m in memory(plan).members]
    return "typedef struct {\n" + "".join(members) + f"}} {name}_memory_t;\n"


def _model_struct(plan: CPlan, name: str) -> str:
    model, grid = plan.model, plan.model.binning
    digest = bytes.fromhex(plan.model_hash)
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
        "step_memory_bytes": memory(plan).step_bytes,
        "push": push_kernel(plan),
    }
    if model.early_margin is not None:
        values["margin"] = f"{model.early_margin}u"
    return f"const sast_model_t {name}_model = {{\n{fields(values, '    ')}}};\n"
