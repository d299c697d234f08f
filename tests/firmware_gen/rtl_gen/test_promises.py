"""What the proofs of the Verilog (tests/firmware_gen/rtl/formal) assume of its tables and sizes, every plan keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
import pytest

from edge_sast.model.bounds import accumulator_bound, max_synops
from edge_sast.model.layers import Lif
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.entries import Entry
from firmware_gen.rtl_gen.fields import signed_bits
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.rtl_gen.edges import EDGES
from tests.firmware_gen.rtl_gen.shapes import CHAINS
from tests.strategies import random_model

SEEDS = range(40)


def broken(plan: RtlPlan) -> set[str]:
    """The promises that it does not keep."""
    return {
        name for name, kept in (*of_ops(plan), *of_layers(plan), *of_runs(plan), *of_sizes(plan)) if not kept
    }


def of_ops(plan: RtlPlan) -> Iterator[tuple[str, bool]]:
    """sast_dispatch.vh, sast_counters.vh: where the list ends, and that a source's rows and quads have entries."""
    p, entries, swept = plan.localparams, plan.op_entries, None
    lanes = p["G"] if p["LANE_TABLE"] else 1
    for number, (op, entry) in enumerate(zip(plan.ops, entries, strict=True)):
        source = op.connection.source
        quads = source.width * plan.engine.lanes.quads(source.channels)
        yield "the list ends with its last operation", entry["last"] == (number == len(entries) - 1)
        yield "events come first", entry["from_events"] == (number == 0)
        yield (
            "events lead to a sweep, and without recurrence all do",
            entry["sweep"] == 1 or (p["RECURRENT"] == 1 and not entry["from_events"]),
        )
        yield "events are left out in no step", not (entry["from_events"] and entry["skip_last"])
        yield "a layer is swept that there is", entry["sweep_layer"] < p["EDEPTH"]
        yield "rows of a source", entry["row_base"] + source.height <= p["RDEPTH"]
        yield "columns of a source", entry["column_base"] + quads * lanes <= p["CDEPTH"]
        if not entry["from_events"]:
            yield (
                "spikes are the last sweep's",
                swept is not None and plan.engine.layers[swept].shape == source,
            )
        swept = op.sweep if op.sweep is not None else swept


def of_layers(plan: RtlPlan) -> Iterator[tuple[str, bool]]:
    """sast_sweep.vh, sast_core.vh, sast_spikes.vh, sast_neuron.vh: words and parameters of a layer, its arithmetic."""
    p = plan.localparams
    for entry in plan.layer_entries:
        words = (entry["rows_1"] + 1) * (entry["rpw_1"] + 1)
        yield "words of a layer", entry["base"] + words <= p["MDEPTH"]
        yield "parameters of a layer", entry["pb"] + entry["pn_1"] + 1 <= p["PDEPTH"]
        yield "parameters repeat within a row", entry["pn_1"] <= entry["rpw_1"]
        yield "the answer is counted", entry["counted"] or not entry["last"]
        yield "spikes of a layer", not entry["emits"] or words <= 1 << p["FIFO_AW"]
        yield "a reset by subtraction", p["SUBTRACT"] == 1 or not entry["subtract"]
        yield "leaks", (p["LEAKS"] > 0 or entry["k1"] == 0) and (p["LEAKS"] > 1 or entry["k2"] == 0)
        yield "two different leaks", entry["k1"] != entry["k2"] or entry["k1"] == 0
        yield "the one leak", p["LEAK_ONE"] == 0 or entry["k1"] in (0, p["LEAK_ONE"])
        sign = p["MW"] - entry["smask"].bit_count()  # the mask holds the state's sign bit and all above it
        yield "a mask of upper bits", entry["smask"] == (1 << p["MW"]) - (1 << sign) >> p["SMIN"] - 1
    for layer in plan.weighted.values():
        neuron = layer.neuron
        yield (
            "thresholds within the state",
            not isinstance(neuron, Lif) or neuron.threshold.max() < 1 << p["TB"],
        )
        takes = isinstance(neuron, Lif) and neuron.reset == "subtract"
        yield (
            "amounts",
            not takes or (neuron.taken.max() < 1 << p["AMB"] if p["AMB"] else neuron.amount is None),
        )


def of_runs(plan: RtlPlan) -> Iterator[tuple[str, bool]]:
    """sast_bank.vh: runs stay within their layer and the weights, and are equal modulo the banks."""
    p, lanes = plan.localparams, plan.engine.lanes
    for op, entry in zip(plan.ops, plan.op_entries, strict=True):
        target, rows = op.connection.target, plan.run_tables[op.connection].rows
        columns = plan.columns[op.connection]
        lane = np.arange(1 if p["LANE_TABLE"] else lanes.quad)
        quad = np.arange(len(columns.n)) % lanes.quads(op.connection.source.channels)
        exists = quad[:, None] * lanes.quad + lane < op.connection.source.channels  # without a table of lanes
        row, column = rows.ny > 0, columns.n > 0
        if not row.any() or not column.any():
            continue
        for r, k in ((0, 0), (1, 1)):  # the first run of a nest, and the last
            row_q = rows.q[row] + r * (rows.ny[row] - 1) * entry["rpw"]
            row_u = rows.u[row] + r * (rows.ny[row] - 1) * entry["urw"]
            chunk = k * (columns.nc[column] - 1)
            q = columns.q[column] + chunk * entry["cw"]
            u = (columns.u[column] + chunk * entry["cu"])[:, None] + lane * entry["s"] * exists[column]
            yield (
                "runs and weights in the same bank",
                bool((q[:, None] % lanes.banks == u % lanes.banks).all()),
            )
            end = int((q + columns.n[column]).max()) + int(row_q.max()) * lanes.banks
            yield (
                "membranes of a run",
                int(row_q.min()) >= target.base and end <= (target.base + target.words) * lanes.banks,
            )
            end = int((u + columns.n[column][:, None]).max()) + int(row_u.max()) * lanes.banks
            yield "weights of a run", end <= p["UDEPTH"] * lanes.banks


def of_sizes(plan: RtlPlan) -> Iterator[tuple[str, bool]]:
    """sast_bank.vh, sast_membranes.vh, sast_counters.v: what is added up fits, by the exporter's bounds."""
    p, model = plan.localparams, plan.model
    shapes = model.shapes()
    last = len(plan.engine.layers) - 1
    for number, layer in enumerate(plan.engine.layers):
        if layer.counted is None:
            continue
        weighted = plan.weighted[layer.index]
        bound = accumulator_bound(weighted, shapes[layer.index].max_count)
        bits = signed_bits(bound.low, bound.high)
        yield "sums of a layer", bits <= p["MW"]
        yield (
            "sums that the memory holds",
            bits <= p["MLOW"] or (number == last and layer.base >= p["MWIDE"] > 0),
        )
        yield (
            "weights",
            int(max(weighted.weight.max(), ~weighted.weight.min())) < 1 << p["WBITS"] - 1 <= 1 << p["MW"] - 1,
        )
        yield "SynOps", max_synops(weighted, shapes[layer.index]) < 1 << p["SYNW"] <= 1 << 32
        yield "spikes", layer.shape.height * layer.shape.width * layer.shape.channels < 1 << p["SPKW"]
        yield "SynOps of a recording", (1 << p["SYNW"] - 1) * p["STEPS"] <= 1 << p["SYNTW"] <= 1 << 64
    yield (
        "narrow fields",
        max(p["BB"], p["SB"], p["OUTW"], p["MLOW"]) <= p["MW"] and max(p["TB"], p["AMB"]) < p["MW"] <= 32,
    )
    yield "counts of an answer", not p["LIF_OUT"] or p["STEPS"] < 1 << p["OUTW"] - 1


MODELS: dict[str, Callable[[], Model]] = {
    "everything": everything_model,
    **{name: (lambda name=name: (CHAINS | EDGES)[name]) for name in CHAINS | EDGES},
    **{f"random {seed}": (lambda seed=seed: random_model(np.random.default_rng(seed))) for seed in SEEDS},
}


@pytest.mark.parametrize(("name", "lanes"), list(zip(MODELS, cycle((16, 1, 4, 8, 2)), strict=False)))
def test_promises(name, lanes):
    assert broken(RtlPlan(MODELS[name](), lanes)) == set()


@pytest.mark.parametrize("lanes", LANES)
def test_promises_of_everything(lanes):
    assert broken(RtlPlan(everything_model(), lanes)) == set()


def spoil(what: str, number: int, **fields: int) -> Callable[[RtlPlan], None]:
    def change(plan: RtlPlan) -> None:
        entries: list[Entry] = getattr(plan, what)
        plan.__dict__[what] = [
            entry | ({name: entry[name] + by for name, by in fields.items()} if i == number else {})
            for i, entry in enumerate(entries)
        ]

    return change


def resize(name: str) -> Callable[[RtlPlan], None]:
    return lambda plan: plan.localparams.update({name: plan.localparams[name] - 1})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (spoil("op_entries", 0, sweep=-1), {"events lead to a sweep, and without recurrence all do"}),
        (spoil("op_entries", 0, skip_last=1), {"events are left out in no step"}),
        (spoil("op_entries", 6, row_base=1), {"rows of a source"}),
        (spoil("op_entries", 6, column_base=1), {"columns of a source"}),
        (spoil("op_entries", 2, cu=1), {"runs and weights in the same bank"}),
        (spoil("op_entries", 2, rpw=1), {"membranes of a run"}),
        (spoil("layer_entries", 5, base=1), {"words of a layer"}),
        (spoil("layer_entries", 5, pb=1), {"parameters of a layer"}),
        (spoil("layer_entries", 0, smask=1), {"a mask of upper bits"}),
        (resize("MW"), {"sums of a layer"}),
        (resize("WBITS"), {"weights"}),
        (resize("UDEPTH"), {"weights of a run"}),
        (resize("FIFO_AW"), {"spikes of a layer"}),
    ],
)
def test_a_promise_that_is_not_kept_is_seen(change, names):
    plan = RtlPlan(everything_model(), 8)
    _ = plan.localparams, plan.layer_entries
    change(plan)
    assert names <= broken(plan)
