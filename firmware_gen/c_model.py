"""A model's own C files: a header with its sizes and memory type, a source with its tables."""

from __future__ import annotations

from edge_sast.layers import Conv2d, Integrator, Layer, OrPool, RecurrentLinear, Shape, Weighted, state_range
from edge_sast.model import Model
from edge_sast.modelfile import layer_name, model_hash
from edge_sast.packing import container_bits, row_bytes
from firmware_gen.c_memory import membrane_bytes, memory
from firmware_gen.c_tables import Table, is_joined, layer_tables
from firmware_gen.c_text import array, banner, define, guard_close, guard_open, string

# Equals SAST_TABLE_VERSION of sast.h; a number, so that a library of another version refuses the tables.
TABLE_VERSION = 1


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
        + "/* Working memory (RAM), and tables (flash, without code). */\n"
        + "".join(define(f"{prefix}_{key}", value) for key, value in constants.items())
        + f'#define {prefix}_HASH "{model_hash(model)}"\n\n'
        + _memory_type(model, name)
        + f"\nextern const sast_model_t {name}_model;\n\n"
        + guard_close(guard)
    )


def model_source(model: Model, name: str) -> str:
    """src/<name>_model.c"""
    shapes, tables = model.shapes(), all_tables(model)
    texts = [table.text + "\n" for layer in tables for table in layer]
    descriptors = [
        _descriptor(model, i, layer, shapes[i], shapes[i + 1], tables[i])
        for i, layer in enumerate(model.layers)
    ]
    return (
        banner(f"{name}_model.c", "tables of one model", model)
        + f'#include "{name}_model.h"\n\n'
        + f"#define OFFSET(member) ((uint32_t)offsetof({name}_memory_t, member))\n\n"
        + "/* Stops where a compiler lays the memory out in another way than its header says. */\n"
        + f"typedef char {name}_memory_has_its_size[sizeof({name}_memory_t) == {name.upper()}_MODEL_RAM_BYTES"
        + " ? 1 : -1];\n\n"
        + "".join(texts)
        + array(f"static const char *const class_names[{len(model.classes)}]", map(string, model.classes))
        + f"\nstatic const sast_layer_t layers[{len(model.layers)}] = {{\n"
        + "".join(descriptors)
        + "};\n\n"
        + _model_struct(model, name)
    )


def _memory_type(model: Model, name: str) -> str:
    members = [f"    {m.c_type} {m.name}[{m.count}]; /* {m.comment} */\n" for m in memory(model).members]
    return "typedef struct {\n" + "".join(members) + f"}} {name}_memory_t;\n"


def _fields(values: dict[str, object], indent: str) -> str:
    return "".join(f"{indent}.{key} = {value},\n" for key, value in values.items())


def _descriptor(model: Model, index: int, layer: Layer, shape: Shape, out: Shape, tables: list[Table]) -> str:
    fields: dict[str, object] = {
        "kind": f"SAST_{layer_name(layer).upper()}",
        "height": shape.height,
        "width": shape.width,
        "channels": shape.channels,
        "out_height": out.height,
        "out_width": out.width,
        "out_channels": out.channels,
    }
    for table in tables:
        if table.name in ("rows", "columns", "group_first"):
            fields[table.name] = f"layer{index}_{table.name}"
    nested = ""
    if isinstance(layer, Weighted):
        fields |= _weighted_fields(model, index, layer)
        nested = _nested(model, index, layer)
    elif isinstance(layer, OrPool):
        fields["bitmap"] = f"OFFSET(layer{index}_set)"
    title = f"{index}: {layer_name(layer)} {shape} to {out}"
    return f"    {{ /* {title} */\n{_fields(fields, ' ' * 8)}{nested}    }},\n"


def _weighted_fields(model: Model, index: int, layer: Weighted) -> dict[str, object]:
    ordinal = [i for i, _ in model.weighted()].index(index)
    fields: dict[str, object] = {"counters": ordinal, "membranes": f"OFFSET(layer{index}_membranes)"}
    if isinstance(layer, Conv2d):
        fields |= {
            "group_channels": layer.weight.shape[3],
            "kernel_columns": layer.weight.shape[1],
            "joined": int(is_joined(layer)),
        }
    if isinstance(layer, RecurrentLinear):
        fields["bitmap"] = f"OFFSET(layer{index}_spikes)"
    return fields


def _nested(model: Model, index: int, layer: Weighted) -> str:
    """The sub-structures .neuron, .weight and .recurrent."""
    neuron = layer.neuron
    low, high = state_range(neuron.state_bits)
    size = membrane_bytes(model, index)
    spiking = not isinstance(neuron, Integrator)
    neuron_fields: dict[str, object] = {
        "threshold": f"layer{index}_threshold" if spiking else "NULL",
        "bias": f"layer{index}_bias",
        "initial": f"layer{index}_initial",
        "low": low,
        "high": high,
        "leak_terms": len(neuron.leak_shifts),
        "leak_shift": "{" + ", ".join(str(k) for k in (*neuron.leak_shifts, 0, 0)[:2]) + "}",
        "membrane_bytes": size,
    }
    if not isinstance(neuron, Integrator):
        neuron_fields["reset"] = f"SAST_RESET_{neuron.reset.upper()}"
    text = _struct("neuron", neuron_fields)
    for name in ("weight", "recurrent")[: 2 if isinstance(layer, RecurrentLinear) else 1]:
        weights: dict[str, object] = {
            "data": f"layer{index}_{name}",
            "add_row": f"sast_add_row_{container_bits(layer.bits)}_{8 * size}",
            "row_bytes": row_bytes(layer.bits, layer.weight.shape[-1]),
            "shift": layer.weight_shift,
        }
        text += _struct(name, weights)
    return text


def _struct(name: str, fields: dict[str, object]) -> str:
    return f"        .{name} = {{\n{_fields(fields, ' ' * 12)}        }},\n"


def _model_struct(model: Model, name: str) -> str:
    grid = model.binning
    digest = bytes.fromhex(model_hash(model))
    fields: dict[str, object] = {
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
        "input_seen": "OFFSET(input_seen)",
        "step_memory": "OFFSET(input_seen)",
        "step_memory_bytes": memory(model).step_bytes,
    }
    return f"const sast_model_t {name}_model = {{\n{_fields(fields, '    ')}}};\n"
