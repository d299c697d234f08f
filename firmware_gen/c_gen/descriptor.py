"""The descriptor of one layer in C, and which of the library's kernels it needs."""

from __future__ import annotations

from edge_sast.model.layers import (
    Conv2d,
    Lif,
    OrPool,
    RecurrentLinear,
    state_range,
)
from edge_sast.model.modelfile import layer_name
from firmware_gen.c_gen.memory import noted_member
from firmware_gen.c_gen.tables import Table, block
from firmware_gen.c_gen.text import fields
from firmware_gen.c_plan.kernels import kernels
from firmware_gen.c_plan.lanes import narrow_shifts
from firmware_gen.c_plan.layout import BLOCK_WORDS, INTEGRATOR_ZERO, run_gap
from firmware_gen.c_plan.plan import CPlan, LayerPlan, WeightedPlan

INDENT = " " * 8
OF_NEURONS = {"table", "threshold", "bias"}  # tables that sast_neuron_t points to
# Before all tables, so that sast_init can see whether an AVR reads both ends of them.
FLASH_MARK = (
    "#ifdef SAST_IN_FLASH\nstatic const SAST_TABLE uint32_t flash_mark[1] = {SAST_FLASH_MARK};\n#endif\n\n"
)
# What takes the spikes of the last layer, as if it were a layer after it.
OUTPUT = (
    "    { /* the read-out */\n"
    + fields({"receive": "sast_output", "kind": "SAST_OUTPUT"}, INDENT)
    + "#ifdef SAST_IN_FLASH\n"
    + fields({"input_words": "SAST_FLASH_MARK", "weight": "flash_mark"}, INDENT)
    + "#endif\n    },\n"
)


def descriptor(plan: CPlan, layer: LayerPlan, tables: list[Table]) -> str:
    """Initialiser of a layer's sast_layer_t."""
    index, shape, out = layer.index, layer.shape, layer.out
    functions = kernels(layer)
    values: dict[str, object] = {
        "receive": functions["receive"],
        "kind": f"SAST_{layer_name(layer.layer).upper()}",
        "height": shape.height,
        "width": shape.width,
        "channels": shape.channels,
        "out_height": out.height,
        "out_width": out.width,
        "out_channels": out.channels,
    }
    elsewhere = OF_NEURONS | {"first_outputs", "blocks"}
    values |= {table.name: f"layer{index}_{table.name}" for table in tables if table.name not in elsewhere}
    nested = ""
    if isinstance(layer, WeightedPlan):
        if "initial" not in values:
            values["initial"] = f"&layer{index}_table[{2 * layer.form.cell_words}]"  # zeros
        values |= {
            key: functions[key]
            for key in ("add", "sweep", "inputs", "own_spikes", "reach")
            if key in functions
        }
        values |= {"counters": f"OFFSET(counters[{layer.counters}])"}
        values |= _weighted(layer) | _notes(plan, layer)
        neuron = _neuron(layer) | _pointers(index, tables, functions)
        nested = f"{INDENT}.neuron = {{\n{fields(neuron, INDENT + '    ')}{INDENT}}},\n"
    elif isinstance(layer.layer, OrPool):
        values["bitmap"] = f"OFFSET(layer{index}_set)"
    title = f"{index}: {layer_name(layer.layer)} {shape} to {out}"
    return f"    {{ /* {title} */\n{fields(values, INDENT)}{nested}    }},\n"


def _weighted(plan: WeightedPlan) -> dict[str, object]:
    index, layer, form = plan.index, plan.layer, plan.form
    values: dict[str, object] = {
        "narrow": int(form.narrow),
        "input_words": form.row_words,
        "block": block(form, layer.weight_shift, form.unit, (run_gap(form), 0)),
        "cell": form.cell,
        "cell_shift": form.cell.bit_length() - 1,
        "cell_words": form.cell_words,
        "cells": form.cells,
        "position_words": form.position_words,
        "out_row_words": plan.out.width * form.position_words,
        "membranes": f"OFFSET(layer{index}_membranes)",
    }
    if isinstance(layer, Conv2d):
        rows, columns = layer.weight.shape[:2]
        values |= {
            "kernel_row_words": columns * form.row_words,
            "input_words": rows * columns * form.row_words,
        }
    if form.idle_words:
        values["idle"] = f"OFFSET(layer{index}_idle)"
    if isinstance(layer, RecurrentLinear):
        values["bitmap"] = f"OFFSET(layer{index}_spikes)"
    return values


def _notes(plan: CPlan, layer: LayerPlan) -> dict[str, object]:
    """Where a layer's input spikes are noted, and where its own are."""
    values: dict[str, object] = {}
    if layer.source is not None:
        values["noted"] = f"OFFSET({noted_member(plan, layer)})"
    if layer.target is not None and layer.in_blocks:
        values["notes"] = f"OFFSET({noted_member(plan, plan.layers[layer.target])})"
    return values


def _pointers(index: int, tables: list[Table], functions: dict[str, str]) -> dict[str, object]:
    names = {table.name for table in tables} & OF_NEURONS
    values: dict[str, object] = {name: f"layer{index}_{name}" for name in sorted(names)}
    return values | ({"fire": functions["fire"]} if "fire" in functions else {})


def _neuron(plan: WeightedPlan) -> dict[str, object]:
    neuron, form, chosen = plan.layer.neuron, plan.form, plan.lanes
    low, high = state_range(neuron.state_bits)
    shifts = narrow_shifts(neuron) if form.narrow else neuron.leak_shifts
    values: dict[str, object] = {
        "low": low,
        "high": high,
        "leak_terms": len(shifts),
        "leak_shift": "{" + ", ".join(str(k) for k in (*shifts, 0, 0)[:2]) + "}",
    }
    if isinstance(neuron, Lif):
        values["reset"] = f"SAST_RESET_{neuron.reset.upper() if neuron.amount is None else 'AMOUNT'}"
    if not form.narrow:
        return values
    if not isinstance(neuron, Lif) or chosen is None:
        return values | {"zero": _both_halves(INTEGRATOR_ZERO)}
    masks = [_both_halves(mask) for mask in chosen.masks(shifts)]
    return values | {
        "mask": "{" + ", ".join([*masks, "0", "0"][:2]) + "}",
        "quiet": _both_halves((1 << chosen.quiet_bits) - 1),
        "cell_blocks_left": f"UINT32_C({form.cell_words // BLOCK_WORDS}) << 8 | {(*shifts, 0)[0]}u",
        "second_shift": (*shifts, 0, 0)[1],
        "to_thresholds": 4 * form.cell_words if neuron.reset == "zero" and chosen.near else 0,
    }


def _both_halves(half: int) -> str:
    return f"0x{half << 16 | half:08X}u"
