"""Where a comparison says the first difference is."""

from dataclasses import replace

import numpy as np
import pytest

from edge_sast.parity.compare import Row, compare
from edge_sast.parity.device_trace import DeviceRecording, Unobserved
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import observed_rows, stored_membranes, unobserved_rows
from edge_sast.runtime.simulator import Simulator
from tests.firmware_gen.builds import everything_model
from tests.strategies import binned, random_input


@pytest.fixture(scope="module")
def trace():
    model = everything_model()
    counts = random_input(np.random.default_rng(5), model)
    return Simulator(model).trace(binned(model, [counts]), 0)


def looked(trace, got, place):
    return compare(trace.layers, observed_rows(trace, got), place)


def recording(trace):
    copy = replace(
        trace,
        **{
            name: getattr(trace, name).copy()
            for name in ("membranes", "spikes", "synops", "spike_counts", "crcs", "outputs")
        },
    )
    sums = [values.sum(axis=0, dtype=np.uint64) for values in (trace.synops, trace.spike_counts)]
    return DeviceRecording(copy, *sums)


def test_equal(trace):
    assert looked(trace, recording(trace), Place(0, "r")).mismatches == 0


def test_every_quantity_is_looked_at(trace):
    changes = {
        "membrane": lambda got: got.trace.membranes,
        "spike": lambda got: got.trace.spikes,
        "synops": lambda got: got.trace.synops,
        "spikes": lambda got: got.trace.spike_counts,
        "crc": lambda got: got.trace.crcs,
        "output": lambda got: got.trace.outputs,
        "total synops": lambda got: got.total_synops,
        "total spikes": lambda got: got.total_spikes,
    }
    for quantity, field in changes.items():
        got = recording(trace)
        field(got).flat[-1] ^= 1
        result = looked(trace, got, Place(0, "r"))
        assert result.mismatches == 1
        assert result.first is not None
        assert result.first.quantity == quantity
    got = recording(trace)
    got = replace(got, trace=replace(got.trace, prediction=trace.prediction + 1))
    assert str(looked(trace, got, Place(3, "r")).first).startswith("sample 3 (r): class expected ")


def test_the_first_is_the_earliest(trace):
    """Step before layer before neuron; a neuron's membrane before its spike; counters after neurons."""
    got = recording(trace)
    second = trace.layers[1]
    got.trace.crcs[1] ^= 1
    got.trace.synops[1, 1] += 1
    got.trace.spikes[1, second.start + 4] ^= 1
    got.trace.membranes[1, second.start + 5] += 7
    got.trace.membranes[2, 0] += 1
    result = looked(trace, got, Place(2, "name"))
    assert result.mismatches == 5
    assert result.first is not None
    assert (result.first.step, result.first.layer, result.first.neuron) == (1, second.index, 4)
    assert result.first.quantity == "spike"
    got.trace.membranes[1, second.start + 4] -= 1
    first = looked(trace, got, Place(2, "name")).first
    assert first is not None
    assert first.quantity == "membrane"
    assert first.got == first.expected - 1
    assert str(first).startswith(
        f"sample 2 (name), step 1, layer {second.index}, neuron 4: membrane expected "
    )


def test_every_quantity_without_an_observer_is_looked_at(trace):
    model = everything_model()
    stored = stored_membranes(model, trace)
    changes = {
        "unobserved membrane": "membranes",
        "unobserved synops": "synops",
        "unobserved spikes": "spike_counts",
        "unobserved output": "outputs",
        "unobserved total synops": "total_synops",
        "unobserved total spikes": "total_spikes",
    }
    sums = [values.sum(axis=0, dtype=np.uint64) for values in (trace.synops, trace.spike_counts)]
    right = Unobserved(stored, trace.synops, trace.spike_counts, trace.outputs, trace.prediction, *sums)
    assert compare(trace.layers, unobserved_rows(model, trace, right), Place(0, "r")).mismatches == 0
    for quantity, field in changes.items():
        array = getattr(right, field).copy()
        array.flat[-1] ^= 1
        rows = unobserved_rows(model, trace, replace(right, **{field: array}))
        found = compare(trace.layers, rows, Place(0, "r"))
        assert (found.mismatches, found.first.quantity) == (1, quantity)
    last = trace.layers[-1]
    assert found.first.layer == last.index
    rows = unobserved_rows(model, trace, replace(right, prediction=right.prediction + 1))
    assert compare(trace.layers, rows, Place(0, "r")).first.quantity == "unobserved class"


def test_stored_membranes_are_leaked_by_the_definition(trace):
    model = everything_model()
    stored, layers = stored_membranes(model, trace), dict(model.weighted())
    for part in trace.layers:
        shifts = layers[part.index].neuron.leak_shifts
        for step, neuron in ((0, part.start), (len(stored) - 1, part.stop - 1)):
            v = int(trace.membranes[step, neuron])
            assert stored[step, neuron] == v - sum(v >> k for k in shifts)


def test_what_a_recording_ends_with_comes_after_its_steps_and_the_answer_first(trace):
    got = recording(trace)
    got.total_synops[0] += 1
    got.trace.outputs[-1] += 1
    first = looked(trace, got, Place(0, "r")).first
    assert (first.quantity, first.step, first.layer, first.neuron) == (
        "output",
        None,
        None,
        len(trace.outputs) - 1,
    )
    got.trace.crcs[-1] ^= 1
    assert looked(trace, got, Place(0, "r")).first.quantity == "crc"


def test_rows_of_one_step_of_one_layer_are_named_by_it(trace):
    second = trace.layers[1]
    part = trace.membranes[2, second.start : second.stop]
    other = part.copy()
    other[3] += 5
    found = compare(trace.layers, [Row("membrane", part, other, ("neuron",), 2, 1)], Place(0, "r")).first
    assert (found.step, found.layer, found.neuron, found.got - found.expected) == (2, second.index, 3, 5)
