"""The table's arithmetic: every figure of NeuroBench from an account, and none that the account does not explain."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from edge_sast.errors import CheckFailedError
from trainer.neurobench.account import Account, Neurons, Operations
from trainer.neurobench.table import DeviceBytes, cells, compare

DEVICE = DeviceBytes("cortex-m4", tables=700, state=300, others=5000)
# 4 recordings of 10 steps: 8 spiking neurons with a leak of one term, 2 that integrate.
ACCOUNT = Account(
    recordings=4,
    batch=1,
    correct=3,
    steps=40,
    parameters=200,
    zero_weights=3,
    constants=26,
    neurons=(
        Neurons("lif_0", True, count=8, terms=1, spikes=64, changed=220, share=0.2),
        Neurons("integrator_2", False, count=2, terms=0, spikes=0, changed=80, share=0.0),
    ),
    operations=Operations(synops=1000, zeros=60, repeats=40, acs=500, macs=400, dense=8000, first=0),
)
RESULTS = {
    "ClassificationAccuracy": 0.75,
    "ParameterCount": 200,
    "ConnectionSparsity": 0.015,
    "Footprint": 200 + 4 * (26 + 10),
    "ActivationSparsity": 0.8,
    "ActivationSparsityByLayer": {"lif_0": 0.8},
    "SynapticOperations": {"Effective_MACs": 100.0, "Effective_ACs": 125.0, "Dense": 2000.0},
    "MembraneUpdates": 55.0,
    "NeuronOperations": {"Effective Neuron Ops": 220.0, "Neuron Dense Ops": 320.0},
}


def figures(rows):
    return {row.metric: (row.neurobench, row.ours) for row in rows}


def test_both_sides_of_every_row():
    rows = compare(RESULTS, ACCOUNT, DEVICE)
    ours = (3 * 320 + 64 + 80) / 4  # leak, bias, comparison; resets; the read-out's bias
    assert figures(rows) == {
        "ClassificationAccuracy": (0.75, 0.75),
        "ParameterCount": (200, 226),
        "ConnectionSparsity": (0.015, 0.015),
        "Footprint, bytes": (344, 1000),
        "ActivationSparsity": (0.8, pytest.approx(0.8)),
        "ActivationSparsityByLayer, lif_0": (0.8, pytest.approx(0.8)),
        "Effective_ACs": (125.0, 250.0),
        "Effective_MACs": (100.0, 0.0),
        "Dense": (2000.0, 2000.0),
        "MembraneUpdates": (55.0, 100.0),
        "Effective Neuron Ops": (220.0, ours),
        "Neuron Dense Ops": (320.0, ours),
    }
    why = {row.metric: row.why for row in rows}
    assert why["Effective_ACs"].endswith(
        "1,000 SynOps = 500 ACs + 400 MACs + 60 additions of a weight of 0 + 40 repeats of counts above 1"
    )
    assert why["MembraneUpdates"].startswith(
        "it leaves out 25 membranes that a step left as they were, and the read-out's 20;"
    )
    assert cells(rows)[0] == ["ClassificationAccuracy", "0.7500", "0.7500"]
    assert cells(rows)[6] == ["Effective_ACs", "125", "250"]


def with_value(name, value, part=None):
    return RESULTS | {name: value if part is None else RESULTS[name] | {part: value}}


@pytest.mark.parametrize(
    ("results", "metric", "gives", "account"),
    [
        (with_value("ClassificationAccuracy", 0.5), "ClassificationAccuracy", 0.5, 0.75),
        (with_value("ParameterCount", 201), "ParameterCount", 201, 200),
        (with_value("ConnectionSparsity", 0.0152), "ConnectionSparsity", 0.0152, 0.015),
        (with_value("Footprint", 345), "Footprint, bytes", 345, 344),
        (with_value("ActivationSparsity", 0.0), "ActivationSparsity", 0.0, 0.8),
        (
            with_value("ActivationSparsityByLayer", 0.5, "lif_0"),
            "ActivationSparsityByLayer, lif_0",
            0.5,
            0.8,
        ),
        (with_value("SynapticOperations", 125.25, "Effective_ACs"), "Effective_ACs", 125.25, 125.0),
        (with_value("SynapticOperations", 0.0, "Effective_MACs"), "Effective_MACs", 0.0, 100.0),
        (with_value("SynapticOperations", 2304.0, "Dense"), "Dense", 2304.0, 2000.0),
        (with_value("MembraneUpdates", 80.0), "MembraneUpdates", 80.0, 55.0),
        (with_value("NeuronOperations", 0.0, "Effective Neuron Ops"), "Effective Neuron Ops", 0.0, 220.0),
        (with_value("NeuronOperations", 0.0, "Neuron Dense Ops"), "Neuron Dense Ops", 0.0, 320.0),
    ],
)
def test_what_no_account_explains_fails(results, metric, gives, account):
    message = f"{metric}: NeuroBench gives {gives}, but by its definition it is {account}; is it version 2.3?"
    with pytest.raises(CheckFailedError, match=f"^{re.escape(message)}$"):
        compare(results, ACCOUNT, DEVICE)


def test_a_mean_over_recordings_is_not_the_share_of_all_steps():
    """Recordings that end early have as many steps as they took."""
    early = replace(ACCOUNT, steps=32, neurons=(replace(ACCOUNT.neurons[0], share=0.22), ACCOUNT.neurons[1]))
    results = RESULTS | {
        "ActivationSparsity": 0.78,
        "ActivationSparsityByLayer": {"lif_0": 0.75},
        "NeuronOperations": {"Effective Neuron Ops": 220.0, "Neuron Dense Ops": 256.0},
    }
    row = compare(results, early, DEVICE)[4]
    assert (row.metric, row.neurobench, row.ours) == ("ActivationSparsity", 0.78, 0.75)
    assert row.why == "its mean is over recordings, ours over all steps computed"


def test_a_model_without_spiking_neurons_has_no_activations():
    silent = replace(ACCOUNT, neurons=ACCOUNT.neurons[1:])
    nothing = {"Effective Neuron Ops": 0.0, "Neuron Dense Ops": 0.0}
    results = RESULTS | {"ActivationSparsity": 0.0, "ActivationSparsityByLayer": {}, "Footprint": 312}
    results |= {"MembraneUpdates": 0.0, "NeuronOperations": nothing}
    rows = compare(results, silent, DEVICE)
    assert [row.ours for row in rows if row.metric.startswith("Activation")] == [None]
    assert [row for row in cells(rows) if row[0] == "ActivationSparsity"] == [
        ["ActivationSparsity", "0.0000", "-"]
    ]


def test_recurrent_connections_of_a_first_step_are_told():
    fed_back = replace(ACCOUNT, operations=replace(ACCOUNT.operations, first=256))
    row = next(row for row in compare(RESULTS, fed_back, DEVICE) if row.metric == "Dense")
    assert row.ours == (8000 - 256) / 4
    assert row.why == "it counts recurrent connections in the first step too, 64"
