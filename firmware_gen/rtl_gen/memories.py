"""The memories' contents, from tables, parameters and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import RecurrentLinear, Weighted
from firmware_gen.rtl_gen.fields import pack, width
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import Connection, Engine
from firmware_gen.rtl_gen.layout.weights import KernelPlan, WeightPlan
from firmware_gen.rtl_gen.parameters import Parameters, lane_channels, parameter_fields
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
    bits = width(fields)
    words = []
    for layer, values in zip(engine.layers, of, strict=True):
        for channels in lane_channels(layer, lanes).tolist():
            word = 0
            for lane, channel in enumerate(channels):
                if channel >= 0:
                    entry = {"valid": 1, "thr": values.threshold[channel], "bias": values.bias[channel]}
                    word |= pack(fields, {**entry, "start": values.start[channel]}) << (lane * bits)
            words.append(word)
    return MemoryImage("params", bits * lanes.count, tuple(words))


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
