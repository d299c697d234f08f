"""What stands in each entry of `ops` and `layers`, by field name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_sast.model.layers import Lif, Weighted
from firmware_gen.rtl_gen.layout.engine import Connection, Engine, EngineLayer
from firmware_gen.rtl_gen.layout.weights import KernelPlan, WeightPlan
from firmware_gen.rtl_gen.ops import Op
from firmware_gen.rtl_gen.parameters import period
from firmware_gen.rtl_gen.run_tables import Columns, RunTable

Entry = dict[str, int]


def op_entries(
    ops: Sequence[Op],
    weights: WeightPlan,
    tables: Mapping[Connection, RunTable],
    columns: Mapping[Connection, Columns],
    shifts: Mapping[int, int],
) -> list[Entry]:
    """shifts: the weight shift of each engine layer's weights, by its index in the model."""
    entries = []
    row_base = column_base = 0
    for op in ops:
        connection, target, plan = op.connection, op.connection.target, weights.of[op.connection]
        stored = plan if isinstance(plan, KernelPlan) else None
        entries.append(
            {
                "from_events": op.from_events,
                "rewind": op.rewind,
                "skip_last": op.skip_last,
                "sweep": op.sweep is not None,
                "last": op is ops[-1],
                "counted": target.counted is not None,
                "layer": target.counted or 0,
                "sweep_layer": op.sweep or 0,
                "row_base": row_base,
                "column_base": column_base,
                "rpw": target.row_words,
                "urw": stored.row_words if stored else 0,
                "s": tables[connection].lane_quads,
                "cw": target.quads,
                "cu": stored.pitch if stored and stored.chunked else 0,
                "wshift": shifts[target.index] if stored else 0,
            }
        )
        row_base += len(tables[connection].rows.ny)
        column_base += len(columns[connection].n)
    return entries


def layer_entries(
    engine: Engine, weighted: Mapping[int, Weighted], bases: Sequence[int], membrane_bits: int, least: int
) -> list[Entry]:
    """bases: the first entry of `params` of each layer. membrane_bits, least: MW and SMIN."""
    state = [layer.neuron.state_bits for layer in weighted.values()]
    entries = []
    for number, (layer, base) in enumerate(zip(engine.layers, bases, strict=True)):
        own = weighted[layer.index] if layer.counted is not None else None
        neuron = own.neuron if own else None
        k1, k2 = (*(neuron.leak_shifts if neuron else ()), 0, 0)[:2]
        bits = neuron.state_bits if neuron else max(state)
        places = range(least - 1, membrane_bits)
        last = number == len(engine.layers) - 1
        recurrent = engine.recurrent[number] is not None
        entries.append(
            {
                "rows_1": layer.shape.height - 1,
                "rpw_1": layer.row_words - 1,
                "base": layer.base,
                "pb": base,
                "pn_1": period(layer, engine.lanes) - 1,
                "tail": _tail(engine, layer),
                "lif": neuron is None or isinstance(neuron, Lif),
                "subtract": isinstance(neuron, Lif) and neuron.reset == "subtract",
                "counted": own is not None,
                "emits": recurrent or not last,
                "last": last,
                "layer": layer.counted or 0,
                "k1": k1,
                "k2": k2,
                "smask": sum((place >= bits - 1) << i for i, place in enumerate(places)),
                "rec": recurrent,
                "whole": layer.shape.channels % engine.lanes.quad == 0,
            }
        )
    return entries


def _tail(engine: Engine, layer: EngineLayer) -> int:
    """One bit for each quad of a row's last word that exists."""
    quads = layer.shape.width * layer.quads - (layer.row_words - 1) * engine.lanes.banks
    return (1 << quads) - 1
