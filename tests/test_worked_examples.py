"""docs/arithmetic.md's worked examples, through oracle and runtime."""

import zlib

import pytest

from edge_sast.runtime import Simulator
from tests.oracle import oracle_run
from tests.strategies import binned
from tests.worked_examples import Example, examples

EXAMPLES = examples()


def test_all_blocks_are_found():
    assert len(EXAMPLES) == 9


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_oracle(example: Example):
    result = oracle_run(example.model, example.counts)
    for step, expected in zip(result.steps, example.steps, strict=True):
        found = [
            {name: getattr(layer, name) for name in ("membranes", "spikes", "synops", "spike_count")}
            for layer in step.layers
        ]
        assert found == expected["layers"]
        assert f"{step.crc:08x}" == expected["crc"]
    assert (result.outputs, result.winner) == (example.outputs, example.winner)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_runtime(example: Example):
    trace = Simulator(example.model).trace(binned(example.model, [example.counts]), 0)
    assert len(trace.crcs) == len(example.steps)
    for t, expected in enumerate(example.steps):
        layers = expected["layers"]
        assert trace.membranes[t].tolist() == [v for layer in layers for v in layer["membranes"]]
        assert trace.spikes[t].tolist() == [s for layer in layers for s in layer["spikes"]]
        assert trace.synops[t].tolist() == [layer["synops"] for layer in layers]
        assert trace.spike_counts[t].tolist() == [layer["spike_count"] for layer in layers]
        assert f"{trace.crcs[t]:08x}" == expected["crc"]
    assert (trace.outputs.tolist(), trace.prediction) == (example.outputs, example.winner)


def test_bytes_under_the_crc():
    spelled = [step for example in EXAMPLES for step in example.steps if "crc_bytes" in step]
    assert spelled
    for step in spelled:
        assert f"{zlib.crc32(bytes.fromhex(step['crc_bytes'])):08x}" == step["crc"]
