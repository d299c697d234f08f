"""A recording that ends early: steps, outputs, counters and CRCs of the oracle, and nothing of the steps after them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.layers import Flatten, Integrator, Linear
from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from edge_sast.runtime import Simulator
from edge_sast.streaming.stream import EventStream
from tests.early import early_model, leads
from tests.model.test_modelfile import rebuilt
from tests.oracle import oracle_run
from tests.runtime.test_parity import assert_same
from tests.strategies import binned, inputs, models


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_runtime_ends_where_the_oracle_does(data):
    whole = data.draw(models())
    dense = data.draw(st.lists(inputs(whole), min_size=1, max_size=3))
    model = early_model(whole, dense, lambda low, high: data.draw(st.integers(low, high)))
    events, simulator = binned(model, dense), Simulator(model)
    expected = [oracle_run(model, counts) for counts in dense]
    for i, each in enumerate(expected):
        trace = simulator.trace(events, i)
        assert {len(rows) for rows in (trace.membranes, trace.spikes, trace.synops, trace.crcs)} == {
            len(each.steps)
        }
        assert_same(trace, each)
    for parallel in (False, True):
        result = simulator.run(events, parallel=parallel)
        assert result.steps.tolist() == [len(each.steps) for each in expected]
        assert result.outputs.tolist() == [each.outputs for each in expected]
        assert result.synops.sum(1).tolist() == [
            sum(layer.synops for step in each.steps for layer in step.layers) for each in expected
        ]
    crcs = simulator.crcs(events)
    for row, each in zip(crcs.tolist(), expected, strict=True):
        rest = model.binning.steps - len(each.steps)
        assert row == [step.crc for step in each.steps] + [0] * rest


def two_classes() -> Model:
    """One pixel whose ON events lift class 0 by 3 a step and class 1 by 1; membranes of 31 bits."""
    zeros = np.zeros(2, np.int32)
    layer = Linear(np.array([[0, 0], [3, 1]], np.int8), 3, Integrator(zeros, zeros, (), 31))
    return Model(Binning(1, 1, 0, 1000, 4, 1), (Flatten(), layer), ("a", "b"))


ON = np.array([0, 1], np.uint8).reshape(1, 1, 1, 2).repeat(4, axis=0)


@pytest.mark.parametrize(
    ("margin", "steps"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 4), (8, 4), (9, 4)]
)
def test_the_margin_is_reached_or_not(margin, steps):
    """The lead is 2, 4, 6, 8 after the four steps."""
    model = replace(two_classes(), early_margin=margin)
    assert leads(model, ON) == [2, 4, 6, 8]
    assert len(oracle_run(model, ON).steps) == steps
    assert Simulator(model).run(binned(model, [ON])).steps.tolist() == [steps]


def test_a_tie_ends_nothing():
    model = replace(two_classes(), early_margin=1)
    assert Simulator(model).run(binned(model, [np.zeros_like(ON)])).steps.tolist() == [4]


def test_the_widest_lead():
    """2^30 - 1 less -2^30: all that the state holds, and the largest margin."""
    initial = np.array([(1 << 30) - 1, -(1 << 30)], np.int32)
    wide = replace(two_classes().layers[-1], neuron=Integrator(np.zeros(2, np.int32), initial, (), 31))
    model = replace(two_classes(), layers=(Flatten(), wide), early_margin=(1 << 31) - 1)
    assert leads(model, np.zeros_like(ON))[0] == (1 << 31) - 1
    assert Simulator(model).run(binned(model, [np.zeros_like(ON)])).steps.tolist() == [1]


def test_the_file_keeps_the_margin_and_the_hash_tells_it():
    model = replace(two_classes(), early_margin=5)
    data = modelfile.dumps(model)
    assert modelfile.loads(data).early_margin == 5
    assert modelfile.dumps(modelfile.loads(data)) == data
    plain = two_classes()
    assert b"early" not in modelfile.dumps(plain)
    hashes = [modelfile.model_hash(replace(plain, early_margin=margin)) for margin in (None, 5, 6)]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("early", "message"),
    [
        ({"margin": 0}, r"early: margin is 0; it must be 1 to 2147483647"),
        ({"margin": 1 << 31}, r"early: margin is 2147483648; it must be 1 to 2147483647"),
        ({"margin": 4.0}, r"early: margin is 4\.0; it must be int"),
        ({"margin": True}, r"early: margin is True; it must be int"),
        ({}, r"early: field 'margin' is missing; export the model again"),
        ({"margin": 4, "margins": [4]}, r"early: field 'margins' is unknown; export the model again"),
        ([4], r"model: early is \[4\]; it must be dict"),
        (None, r"model: early is None; it must be dict"),
    ],
)
def test_a_field_that_cannot_be_is_refused(early, message):
    document, tensors = modelfile.describe(replace(two_classes(), early_margin=4))
    document["early"] = early
    with pytest.raises(EdgeSastError, match=message) as error:
        modelfile.loads(rebuilt(document, tensors))
    assert "\n" not in str(error.value)


def test_one_class_has_no_margin():
    plain = two_classes()
    layer = plain.layers[-1]
    alone = replace(layer, weight=layer.weight[:, :1], neuron=Integrator([0], [0], (), 31))
    with pytest.raises(EdgeSastError, match=r"early: margin is 3, but there is one class.*leave early out"):
        replace(plain, layers=(Flatten(), alone), classes=("a",), early_margin=3)


def test_running_state_leaves_it_out_or_refuses_it():
    leaky = replace(two_classes().layers[-1].neuron, leak_shifts=(2,))
    layer = replace(two_classes().layers[-1], neuron=leaky)
    model = replace(two_classes(), layers=(Flatten(), layer), early_margin=5)
    assert running_model(model).early_margin is None
    with pytest.raises(EdgeSastError, match=r"--running: the model answers early.*export.*--running"):
        EventStream(model, running=True)
