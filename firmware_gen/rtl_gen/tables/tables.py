"""All tables of a model, and the part of each layer in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import RecurrentLinear, Weighted
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.tables.connections import RECURRENT, Connection, connections
from firmware_gen.rtl_gen.tables.memory import (
    SIGN,
    TWOS_COMPLEMENT,
    UNSIGNED,
    Field,
    Memory,
    memory,
    signed_bits,
    unsigned_bits,
)

WEIGHTS, LEAKS = "weights", "leaks"
# Of each target channel; amounts where a spike takes off one of its own.
PARAMETERS = {"thresholds": "threshold", "biases": "bias", "initials": "initial", "amounts": "amount"}
AXES: dict[str, Callable[[Connection], NDArray[np.int64]]] = {
    "rows": Connection.row_table,
    "columns": Connection.column_table,
    "channels": lambda connection: connection.kernel.channels(),
}
_LEAK_BITS = 4  # shifts of 1 to 15, 0 for no term


class Part(NamedTuple):
    """Entries of a memory that belong together."""

    base: int
    entries: int


@dataclass(frozen=True)
class LayerTables:
    """A weighted layer. index: in Model.layers. parts: its parameters; of_connections: weights and axes of each."""

    index: int
    layer: Weighted
    connections: list[Connection]
    parts: dict[str, Part]
    of_connections: list[dict[str, Part]]


@dataclass(frozen=True)
class Tables:
    """lanes: target channels of a word. memories: those that have entries."""

    model: Model
    lanes: int
    memories: dict[str, Memory]
    layers: list[LayerTables]


class _Growing:
    """A memory's values while the layers add theirs."""

    def __init__(self) -> None:
        self.blocks: list[NDArray[np.int64]] = []
        self.entries = 0

    def add(self, values: NDArray[np.int64]) -> Part:
        part = Part(self.entries, len(values))
        self.blocks.append(values)
        self.entries += len(values)
        return part


def make_tables(model: Model, lanes: int, word_bits: int | None) -> Tables:
    """The tables of a model for words of `lanes` channels, in memories of `word_bits` (None: as each table needs)."""
    growing = {name: _Growing() for name in (WEIGHTS, *PARAMETERS, LEAKS, *AXES)}
    layers = [_layer_tables(model, index, layer, lanes, growing) for index, layer in model.weighted()]
    memories = {}
    for name, grown in growing.items():
        if grown.entries:
            values = np.concatenate(grown.blocks)
            memories[name] = memory(name, _fields(name, model, lanes, values), values, word_bits)
    return Tables(model, lanes, memories, layers)


def _layer_tables(
    model: Model, index: int, layer: Weighted, lanes: int, growing: dict[str, _Growing]
) -> LayerTables:
    found, of_connections = connections(model, index, layer, lanes), []
    for connection in found:
        part = {WEIGHTS: growing[WEIGHTS].add(_weight_words(layer, connection))}
        of_connections.append(
            part | {name: growing[name].add(table(connection)) for name, table in AXES.items()}
        )
    neuron = layer.neuron
    parts = {
        name: growing[name].add(_in_lanes(getattr(neuron, attribute), lanes))
        for name, attribute in PARAMETERS.items()
        if getattr(neuron, attribute, None) is not None
    }
    shifts = (*neuron.leak_shifts, 0, 0)[:2]
    parts[LEAKS] = growing[LEAKS].add(np.array([shifts], np.int64))
    return LayerTables(index, layer, found, parts, of_connections)


def _weight_words(layer: Weighted, connection: Connection) -> NDArray[np.int64]:
    own = isinstance(layer, RecurrentLinear) and connection.name == RECURRENT
    weight = layer.recurrent if own else layer.weight  # type: ignore[union-attr]  # `own` says that it has one
    return np.append(weight.astype(np.int64).reshape(-1), 0)[connection.kernel.places()]  # -1 takes the 0


def _in_lanes(values: NDArray[np.int32], lanes: int) -> NDArray[np.int64]:
    """One value for each channel, `lanes` to an entry; 0 in the lanes beyond."""
    padded = np.zeros(-(-len(values) // lanes) * lanes, np.int64)
    padded[: len(values)] = values
    return padded.reshape(-1, lanes)


def _fields(name: str, model: Model, lanes: int, values: NDArray[np.int64]) -> tuple[Field, ...]:
    """Fields as narrow as the values allow; weights and thresholds as their layers' widths say."""
    widths = [layer.bits for _, layer in model.weighted()]
    states = [layer.neuron.state_bits for _, layer in model.weighted()]
    if name == WEIGHTS:
        if max(widths) == 1:
            return (Field("weight", 1, SIGN, lanes),)
        return (Field("weight", max(widths), TWOS_COMPLEMENT, lanes),)
    if name == LEAKS:
        return Field("first_shift", _LEAK_BITS), Field("second_shift", _LEAK_BITS)
    if name in ("thresholds", "amounts"):
        return (Field(PARAMETERS[name], max(states) - 1, UNSIGNED, lanes),)
    if name == "initials":
        return (Field("initial", max(states), TWOS_COMPLEMENT, lanes),)
    if name == "biases":
        return (Field("bias", signed_bits(int(values.min()), int(values.max())), TWOS_COMPLEMENT, lanes),)
    bits = [unsigned_bits(int(largest)) for largest in values.max(axis=0)]
    return tuple(Field(part, width) for part, width in zip(("first", "count", "start"), bits, strict=True))
