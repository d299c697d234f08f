"""The memories' contents, from tables, parameters and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import RecurrentLinear, Weighted
from firmware_gen.rtl_gen.fields import pack, width
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import Connection, Engine, EngineLayer
from firmware_gen.rtl_gen.layout.weights import KernelPlan, WeightPlan
from firmware_gen.rtl_gen.parameters import Parameters, bias_bits, lane_channels, parameter_fields
from firmware_gen.rtl_gen.run_tables import Columns, Rows, column_fields, row_fields


def weight_images(
    engine: Engine, plan: WeightPlan, weighted: Mapping[int, Weighted], bits: int
) -> list[MemoryImage]:
    """One image a bank, `bits` a weight."""
    lanes = engine.lanes
    values = np.zeros((plan.words, lanes.count), np.int64)
    for connection in engine.connections:
        where = plan.of[connection]
        if isinstance(where, KernelPlan):
            tensor = _tensor(engine, connection, weighted[connection.target.index])
            for places in where.copies:
                values[places.word, places.lane] = tensor.reshape(places.word.shape)
        else:
            values[where.places] = 1
    quads = (values & ((1 << bits) - 1)).reshape(plan.words, lanes.banks, lanes.quad)
    words = (quads << (bits * np.arange(lanes.quad))).sum(axis=2)
    return [
        MemoryImage(f"weights_{bank}", bits * lanes.quad, tuple(words[:, bank].tolist()))
        for bank in range(lanes.banks)
    ]


def _tensor(engine: Engine, connection: Connection, layer: Weighted) -> NDArray[np.int8]:
    own = connection in engine.recurrent
    return layer.recurrent if own and isinstance(layer, RecurrentLinear) else layer.weight


def params_image(engine: Engine, of: Sequence[Parameters], lanes: Lanes, p: Mapping[str, int]) -> MemoryImage:
    fields = parameter_fields(p)
    words = []
    for layer, values in zip(engine.layers, of, strict=True):
        rest = -values.threshold & ((1 << p["TB"]) - 1)
        pairs = zip(rest.tolist(), values.amount.tolist(), strict=True)
        entries = [pack(fields, {"valid": 1, "rest": value, "amount": amount}) for value, amount in pairs]
        words += _lane_words(layer, lanes, entries, width(fields))
    return MemoryImage("params", width(fields) * lanes.count, tuple(words))


def biases_image(engine: Engine, of: Sequence[Parameters], lanes: Lanes, p: Mapping[str, int]) -> MemoryImage:
    bits = bias_bits(p)
    words: list[int] = []
    for layer, values in zip(engine.layers, of, strict=True):
        kinds = [(part & ((1 << bits) - 1)).tolist() for part in (values.bias, values.start)]
        pairs = zip(*(_lane_words(layer, lanes, kind, bits) for kind in kinds), strict=True)
        words += [word for pair in pairs for word in pair]
    return MemoryImage("biases", bits * lanes.count, tuple(words))


def _lane_words(layer: EngineLayer, lanes: Lanes, entries: Sequence[int], bits: int) -> list[int]:
    """Entries of channels, `bits` wide, where their lanes are; 0 for lanes that are none."""
    words = []
    for channels in lane_channels(layer, lanes).tolist():
        parts = (entries[c] << (lane * bits) for lane, c in enumerate(channels) if c >= 0)
        words.append(sum(parts))
    return words


def rows_image(tables: Sequence[Rows], p: Mapping[str, int]) -> MemoryImage:
    fields = row_fields(p)
    entries = [
        dict(zip(Rows._fields, entry, strict=True)) for rows in tables for entry in zip(*rows, strict=True)
    ]
    return MemoryImage("rows", width(fields), tuple(pack(fields, entry) for entry in entries))


def columns_image(tables: Sequence[Columns], p: Mapping[str, int]) -> MemoryImage:
    """tables: flat, one entry after the other."""
    fields = column_fields(p)
    entries = [
        dict(zip(Columns._fields, entry, strict=True))
        for columns in tables
        for entry in zip(*columns, strict=True)
    ]
    return MemoryImage("columns", width(fields), tuple(pack(fields, entry) for entry in entries))
