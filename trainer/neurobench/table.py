"""NeuroBench's figures beside those of edge-sast, and why they differ: every difference is an account that adds up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_sast.errors import CheckFailedError
from trainer.measure.energy import neuron_operations
from trainer.neurobench.account import Account

_SAME = "the same"
UPDATE = 4  # operations of NeuroBench for an update of a "Leaky", whatever its reset
INTEGER = 4  # bytes of a constant or a membrane in the PyTorch modules, int32
NEAR = 1e-6  # relative: NeuroBench's accuracy is a mean of float32
ROUNDED = 1e-4  # of its ConnectionSparsity, which has 4 decimals and a float32 before them


@dataclass(frozen=True)
class DeviceBytes:
    """What `edge-sast inspect` predicts of a core: constant tables, RAM of the state, and code, context and stack."""

    core: str
    tables: int
    state: int
    others: int


@dataclass(frozen=True)
class Row:
    """A metric of NeuroBench, of one recording unless it is a share or of the model.

    neurobench: what it gave. account: what its definition gives by our own counts. ours: edge-sast's figure, None where
    it has none. why: what makes the difference.
    """

    metric: str
    neurobench: float
    account: float
    ours: float | None
    why: str


def compare(results: Mapping[str, Any], account: Account, device: DeviceBytes) -> list[Row]:
    """Rows for the results of run_harness on the recordings, and in the batches, of `account`.

    Raises:
        CheckFailedError: NeuroBench gave something else than its definition, so that no account explains it.
    """
    rows = [*_of_model(results, account, device), *_of_activations(results, account)]
    rows += [*_of_synapses(results["SynapticOperations"], account), *_of_neurons(results, account)]
    for row in rows:
        near = ROUNDED if row.metric == "ConnectionSparsity" else 0.0
        if not math.isclose(row.neurobench, row.account, rel_tol=NEAR, abs_tol=near):
            raise CheckFailedError(
                f"{row.metric}: NeuroBench gives {row.neurobench}, but by its definition it is {row.account}; is it "
                "version 2.3?"
            )
    return rows


def _of_model(results: Mapping[str, Any], account: Account, device: DeviceBytes) -> list[Row]:
    accuracy = account.correct / account.recordings
    zeros = account.zero_weights / account.parameters
    membranes = sum(each.count for each in account.neurons)
    held = account.parameters + INTEGER * (account.constants + membranes)
    return [
        Row("ClassificationAccuracy", results["ClassificationAccuracy"], accuracy, accuracy, _SAME),
        Row(
            "ParameterCount",
            results["ParameterCount"],
            account.parameters,
            account.parameters + account.constants,
            f"{account.constants:,} biases, initial membranes, thresholds and amounts are buffers, which it leaves out",
        ),
        Row("ConnectionSparsity", results["ConnectionSparsity"], zeros, zeros, "it rounds to 4 decimals"),
        Row(
            "Footprint, bytes",
            results["Footprint"],
            held,
            device.tables + device.state,
            f"it adds {account.parameters:,} weights of 1 byte, {account.constants:,} constants and {membranes:,} "
            f"membranes of 4; on a {device.core} tables take {device.tables:,} bytes, weights at their bits and what "
            f"an input reaches, and state {device.state:,}, membranes of 2 bytes where they fit; {device.others:,} of "
            "code, context and stack are left out on both sides",
        ),
    ]


def _of_activations(results: Mapping[str, Any], account: Account) -> list[Row]:
    neurons = sum(each.count for each in account.lif)
    if not neurons:
        why = "no neuron spikes, so that it has no activation, and 0.0 is what it says of none"
        return [Row("ActivationSparsity", results["ActivationSparsity"], 0.0, None, why)]
    mean = sum(each.share * each.count for each in account.lif) / neurons
    spikes = sum(each.spikes for each in account.lif)
    ours = 1 - spikes / (neurons * account.steps)
    why = (
        _SAME if math.isclose(mean, 1 - ours) else "its mean is over recordings, ours over all steps computed"
    )
    by_layer = results["ActivationSparsityByLayer"]
    rows = [Row("ActivationSparsity", results["ActivationSparsity"], 1 - mean, ours, why)]
    for each in account.lif:
        own = 1 - each.spikes / (each.count * account.steps)
        rows.append(Row(f"ActivationSparsityByLayer, {each.name}", by_layer[each.name], own, own, _SAME))
    return rows


def _of_synapses(given: Mapping[str, float], account: Account) -> list[Row]:
    done, each = account.operations, account.recordings
    return [
        Row(
            "Effective_ACs",
            given["Effective_ACs"],
            done.acs / each,
            done.synops / each,
            f"of all recordings together {done.synops:,} SynOps = {done.acs:,} ACs + {done.macs:,} MACs + "
            f"{done.zeros:,} additions of a weight of 0 + {done.repeats:,} repeats of counts above 1",
        ),
        Row(
            "Effective_MACs",
            given["Effective_MACs"],
            done.macs / each,
            0.0,
            "the device multiplies nothing: a count of m adds m times. It makes MACs of all of a layer's operations in "
            f"a step in which an input of the batch, of {account.batch} here, holds more than 1",
        ),
        Row(
            "Dense",
            given["Dense"],
            done.dense / each,
            (done.dense - done.first) / each,
            f"it counts recurrent connections in the first step too, {_count(done.first / each)}"
            if done.first
            else "the same: neither counts what a kernel finds in zero padding",
        ),
    ]


def _of_neurons(results: Mapping[str, Any], account: Account) -> list[Row]:
    each = account.recordings
    changed = sum(lif.changed for lif in account.lif) / each
    visited = sum(lif.count for lif in account.lif) * account.steps / each
    read_out = sum(n.count for n in account.neurons if not n.spiking) * account.steps / each
    ours = sum(
        neuron_operations(n.count * account.steps, n.terms, n.spikes, n.spiking) for n in account.neurons
    )
    why = (
        f"it leaves out {_count(visited - changed)} membranes that a step left as they were, and the read-out's "
        f"{_count(read_out)}; the device computes each neuron in each step"
    )
    given = results["NeuronOperations"]
    return [
        Row("MembraneUpdates", results["MembraneUpdates"], changed, visited + read_out, why),
        Row(
            "Effective Neuron Ops",
            given["Effective Neuron Ops"],
            UPDATE * changed,
            ours / each,
            f"it takes {UPDATE} operations for each of those updates; ours are a shift for each term of the leak, the "
            "bias and the comparison in every neuron and step, the read-out's too, and a reset for each spike",
        ),
        Row(
            "Neuron Dense Ops",
            given["Neuron Dense Ops"],
            UPDATE * visited,
            ours / each,
            f"it takes {UPDATE} operations for each neuron and step; of ours only resets depend on what happens",
        ),
    ]


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Metric, NeuroBench's figure and ours, as a table shows them."""
    return [
        [row.metric, _figure(row, row.neurobench), "-" if row.ours is None else _figure(row, row.ours)]
        for row in rows
    ]


def _figure(row: Row, value: float) -> str:
    share = "Sparsity" in row.metric or "Accuracy" in row.metric
    return f"{value:.4f}" if share else _count(value)


def _count(value: float) -> str:
    return f"{value:,.2f}".removesuffix(".00")
