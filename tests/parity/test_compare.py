"""Where a comparison says the first difference is."""

from dataclasses import replace

import numpy as np
import pytest

from edge_sast.parity.compare import compare
from edge_sast.parity.device_trace import HostRecording
from edge_sast.runtime.simulator import Simulator
from tests.firmware_gen.builds import everything_model
from tests.strategies import binned, random_input


@pytest.fixture(scope="module")
def trace():
    model = everything_model()
    counts = random_input(np.random.default_rng(5), model)
    return Simulator(model).trace(binned(model, [counts]), 0)


def recording(trace):
    copy = replace(
        trace,
        **{
            name: getattr(trace, name).copy()
            for name in ("membranes", "spikes", "synops", "spike_counts", "crcs", "outputs")
        },
    )
    sums = [values.sum(axis=0, dtype=np.uint64) for values in (trace.synops, trace.spike_counts)]
    return HostRecording(copy, *sums)


def test_equal(trace):
    assert compare(trace, recording(trace), 0, "r").mismatches == 0


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
        result = compare(trace, got, 0, "r")
        assert result.mismatches == 1
        assert result.first is not None
        assert result.first.quantity == quantity
    got = recording(trace)
    got = replace(got, trace=replace(got.trace, prediction=trace.prediction + 1))
    assert str(compare(trace, got, 3, "r").first).startswith("sample 3 (r): class expected ")


def test_the_first_is_the_earliest(trace):
    """Step before layer before neuron; a neuron's membrane before its spike; counters after neurons."""
    got = recording(trace)
    second = trace.layers[1]
    got.trace.crcs[1] ^= 1
    got.trace.synops[1, 1] += 1
    got.trace.spikes[1, second.start + 4] ^= 1
    got.trace.membranes[1, second.start + 5] += 7
    got.trace.membranes[2, 0] += 1
    result = compare(trace, got, 2, "name")
    assert result.mismatches == 5
    assert result.first is not None
    assert (result.first.step, result.first.layer, result.first.neuron) == (1, second.index, 4)
    assert result.first.quantity == "spike"
    got.trace.membranes[1, second.start + 4] -= 1
    first = compare(trace, got, 2, "name").first
    assert first is not None
    assert first.quantity == "membrane"
    assert first.got == first.expected - 1
    assert str(first).startswith(
        f"sample 2 (name), step 1, layer {second.index}, neuron 4: membrane expected "
    )
