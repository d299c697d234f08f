"""The constant tables of one layer in C: weights, neurons, and the axis tables that replace division."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.layers import (
    Conv2d,
    Integrator,
    Lif,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
)
from edge_sast.model.reach import AxisReach, axis_reach
from firmware_gen.c_gen.text import array, int32
from firmware_gen.c_plan.footprint import BLOCK_BYTES, COLUMNS_BYTES, ROWS_BYTES, WINDOW_BYTES
from firmware_gen.c_plan.lanes import Lanes, constants, narrow_shifts
from firmware_gen.c_plan.layout import (
    INTEGRATOR_ZERO,
    Layout,
    in_chain,
    is_joined,
    pack_narrow,
    run_gap,
)
from firmware_gen.c_plan.packing import pack_rows
from firmware_gen.c_plan.plan import LayerPlan, WeightedPlan


@dataclass(frozen=True)
class Table:
    """One constant array: its name within the layer, C text, and size in flash."""

    name: str
    text: str
    bytes: int


def pool_axis(size: int, window: int, outputs: int) -> list[tuple[int, int]]:
    """(output, 1) for every input coordinate of a pool's axis; (0, 0) where no window takes it."""
    return [(i // window, 1) if i // window < outputs else (0, 0) for i in range(size)]


def layer_tables(plan: LayerPlan) -> list[Table]:
    """Every table of a layer."""
    index, layer, shape, out = plan.index, plan.layer, plan.shape, plan.out
    if isinstance(plan, WeightedPlan):
        neuron = list(_neuron(plan))
        if isinstance(layer, Conv2d):
            return [*_conv(index, layer, plan.form, shape, out), *neuron]
        tables = [_weights(index, "weight", plan.layer.weight, plan.layer, plan.form)]
        if isinstance(layer, RecurrentLinear):
            tables.append(_weights(index, "recurrent", layer.recurrent, layer, plan.form))
        return tables + neuron
    if isinstance(layer, OrPool | SumPool):
        rows = pool_axis(shape.height, layer.size, out.height)
        columns = pool_axis(shape.width, layer.size, out.width)
        return [_window(index, "rows", rows), _window(index, "columns", columns)]
    return []


def _words(index: int, name: str, words: NDArray[np.uint32], comment: str) -> Table:
    declaration = f"static const SAST_TABLE uint32_t layer{index}_{name}[{words.size}]"
    values = [f"0x{word:08X}u" for word in words.reshape(-1).tolist()]
    return Table(name, array(declaration, values, comment), 4 * words.size)


def _integers(index: int, name: str, values: NDArray[np.int32]) -> Table:
    declaration = f"static const SAST_TABLE int32_t layer{index}_{name}[{values.size}]"
    return Table(name, array(declaration, [int32(v) for v in values.tolist()]), 4 * values.size)


def _weights(index: int, name: str, weight: NDArray[np.int8], layer: Weighted, form: Layout) -> Table:
    if form.narrow:
        packed = pack_narrow(weight, form.container, layer.weight_shift)
    else:
        packed = _as_words(pack_rows(weight.reshape(1, -1) if form.packed else weight, layer.bits))
    unit = "bit" if layer.bits == 1 else "bits"
    shape = " x ".join(map(str, weight.shape))
    rows = "bit after bit" if form.packed else f"rows of {form.row_words} words"
    return _words(index, name, packed, f"{shape} weights of {layer.bits} {unit}, {rows}")


def _as_words(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """uint8 [..., n] as uint32 [..., ceil(n/4)], the first byte lowest."""
    padded = np.zeros((*rows.shape[:-1], -(-rows.shape[-1] // 4) * 4), np.uint32)
    padded[..., : rows.shape[-1]] = rows
    bytes_of = padded.reshape(*rows.shape[:-1], -1, 4) << (8 * np.arange(4, dtype=np.uint32))
    return np.bitwise_or.reduce(bytes_of, axis=-1)


def _neuron(plan: WeightedPlan) -> Iterator[Table]:
    index, layer = plan.index, plan.layer
    if not plan.form.narrow:
        return _wide_neuron(index, layer)
    if plan.lanes is not None and isinstance(layer.neuron, Lif):
        return _narrow_lif(index, layer.neuron, plan.form, plan.lanes)
    return _narrow_integrator(index, layer, plan.form)


def _wide_neuron(index: int, layer: Weighted) -> Iterator[Table]:
    neuron = layer.neuron
    if isinstance(neuron, Lif):
        amounts = [] if neuron.amount is None else [neuron.amount]
        yield _integers(index, "threshold", np.concatenate([neuron.threshold, *amounts]))
    yield _integers(index, "bias", neuron.bias)
    start = np.array([leak(int(v), *neuron.leak_shifts) & 0xFFFFFFFF for v in neuron.initial], np.uint32)
    yield _words(index, "initial", start, "leaked")
    yield from _first_outputs(index, layer)


def _narrow_integrator(index: int, layer: Weighted, form: Layout) -> Iterator[Table]:
    neuron = layer.neuron
    yield _integers(index, "bias", neuron.bias)
    start = [leak(int(v), *neuron.leak_shifts) + INTEGRATOR_ZERO for v in neuron.initial]
    yield _words(index, "initial", _cell(form, start, INTEGRATOR_ZERO), "leaked")
    yield from _first_outputs(index, layer)


def _narrow_lif(index: int, neuron: Lif, form: Layout, chosen: Lanes) -> Iterator[Table]:
    """The sweep's constants and the start of one cell."""
    shifts, quiet = narrow_shifts(neuron), (1 << chosen.quiet_bits) - 1
    masks = sum(chosen.masks(shifts))
    # Padding stays quiet, but for weights of 1 bit, none of which is 0.
    rest = sum(quiet >> k for k in shifts)
    added = [c - masks for c in constants(neuron, chosen.offsets)]
    zeros = [b + o for b, o in zip(neuron.bias.tolist(), chosen.offsets, strict=True)]
    thresholds = [t + o for t, o in zip(neuron.threshold.tolist(), chosen.offsets, strict=True)]
    table = [
        _cell(form, added, rest - masks, joined=chosen.known),
        _cell(form, thresholds, 0x7FFF),
        _cell(form, zeros, rest),
        _cell(form, list(chosen.offsets), 0),
    ]
    told = "of a cell: what is added, thresholds, zeros, offsets"
    if neuron.amount is not None:
        table.append(_cell(form, neuron.amount.tolist(), 0))
        told += ", amounts"
    yield _words(index, "table", np.stack(table), told)
    start = [
        z + leak(int(v), *neuron.leak_shifts) for z, v in zip(zeros, neuron.initial.tolist(), strict=True)
    ]
    if start != zeros:
        yield _words(index, "initial", _cell(form, start, rest), "leaked")


def _cell(form: Layout, values: list[int], padding: int, joined: bool = False) -> NDArray[np.uint32]:
    """uint32 [cell_words]: half-words per channel, repeated for every position of a cell.

    joined: as one integer, high * 65536 + low, where a negative low half borrows from the high one.
    """
    position = values + [padding] * (2 * form.position_words - len(values))
    cell = position * form.cell
    pairs = np.array(cell + [padding] * (2 * form.cell_words - len(cell)), np.int64).reshape(-1, 2)
    low = pairs[:, 0] if joined else pairs[:, 0] & 0xFFFF
    return (low + (pairs[:, 1] << 16) & 0xFFFFFFFF).astype(np.uint32)


def _first_outputs(index: int, layer: Weighted) -> Iterator[Table]:
    if isinstance(layer.neuron, Integrator):
        yield _integers(index, "first_outputs", layer.neuron.initial)


def _conv(index: int, layer: Conv2d, form: Layout, shape: Shape, out: Shape) -> Iterator[Table]:
    kernel, stride, padding = layer.weight.shape, layer.stride, layer.padding
    rows = axis_reach(shape.height, kernel[0], stride[0], padding[0])
    columns = axis_reach(shape.width, kernel[1], stride[1], padding[1])
    stored = layer.weight[rows.order][:, columns.order].transpose(2, 0, 1, 3)
    yield _weights(index, "weight", stored, layer, form)
    yield from _reach(index, form, layer, out, rows, columns)
    if layer.groups > 1:
        group_inputs = shape.channels // layer.groups
        group_words = kernel[3] // 2 if form.narrow else kernel[3]
        first = [c // group_inputs * group_words for c in range(shape.channels)]
        declaration = f"static const SAST_TABLE uint16_t layer{index}_group_first[{shape.channels}]"
        yield Table("group_first", array(declaration, first), 2 * shape.channels)


def block(
    form: Layout, shift: int, run: int, gaps: tuple[int, int], end: tuple[int, int | str] = (0, 0)
) -> str:
    """Initialiser of a sast_block_t.

    run: length of a run; gaps: words between runs, of membranes and of weights; end: SynOps and entry.
    """
    wide = (0, 0) if form.narrow else (form.container, shift)
    return f"{{{', '.join(map(str, (run, *wide, *gaps, *end)))}}}"


def _reach(
    index: int, form: Layout, layer: Conv2d, out: Shape, rows: AxisReach, columns: AxisReach
) -> Iterator[Table]:
    """What input rows and columns reach, and how."""
    row_words, kernel_row_words = out.width * form.position_words, layer.weight.shape[1] * form.row_words
    blocks = []
    for n in range(int(columns.counts.max()) + 1):
        gaps = (row_words - n * form.position_words, kernel_row_words - n * form.row_words)
        length, gaps = (n * form.unit, gaps) if is_joined(layer, form) else (form.unit, (run_gap(form), 0))
        end = (n * layer.weight.shape[3], f"SAST_RUN_ENTRY({length}u)" if in_chain(layer, form) else 0)
        blocks.append(block(form, layer.weight_shift, length, gaps, end))
    declaration = f"static const sast_block_t layer{index}_blocks[{len(blocks)}]"
    yield Table("blocks", array(declaration, blocks, "by number of columns"), BLOCK_BYTES * len(blocks))
    entries = [
        f"{{OFFSET(layer{index}_membranes[{first * row_words}]), &layer{index}_weight[{tap * kernel_row_words}], "
        f"{n}, {first * out.width}}}"
        for first, n, tap in rows.reach.tolist()
    ]
    declaration = f"static const sast_rows_t layer{index}_rows[{len(entries)}]"
    yield Table("rows", array(declaration, entries), ROWS_BYTES * len(entries))
    entries = [
        f"{{{4 * first * form.position_words}, {tap * form.row_words}, {n}, {first}, &layer{index}_blocks[{n}]}}"
        for first, n, tap in columns.reach.tolist()
    ]
    declaration = f"static const sast_columns_t layer{index}_columns[{len(entries)}]"
    yield Table("columns", array(declaration, entries), COLUMNS_BYTES * len(entries))


def _window(index: int, name: str, entries: list[tuple[int, int]]) -> Table:
    text = [f"{{{to}, {some}}}" for to, some in entries]
    declaration = f"static const sast_window_t layer{index}_window_{name}[{len(entries)}]"
    return Table(f"window_{name}", array(declaration, text), WINDOW_BYTES * len(entries))
