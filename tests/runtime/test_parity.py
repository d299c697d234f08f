"""The runtime equals the oracle: every membrane, spike, counter and CRC of every step."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.events.to_bins import bin_recording
from edge_sast.model.bounds import accumulator_bound, max_synops
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    state_range,
)
from edge_sast.model.model import Model
from edge_sast.runtime import Simulator, Trace
from edge_sast.runtime.program import Program, build_program
from tests.oracle import OracleResult, oracle_run
from tests.strategies import as_counts, binned, inputs, models, random_input, random_model, recordings


def assert_same(trace: Trace, expected: OracleResult) -> None:
    """Names the first difference as step, layer, neuron."""
    for t, step in enumerate(expected.steps):
        for column, (layer, place) in enumerate(zip(step.layers, trace.layers, strict=True)):
            where = f"step {t}, layer {place.index}"
            span = slice(place.start, place.stop)
            for name, found, want in (
                ("membrane", trace.membranes[t, span], layer.membranes),
                ("spike", trace.spikes[t, span], layer.spikes),
            ):
                wrong = np.flatnonzero(found != np.array(want))
                assert not len(wrong), f"{where}, {name} {wrong[0]}: {found[wrong[0]]}, not {want[wrong[0]]}"
            assert (trace.synops[t, column], trace.spike_counts[t, column]) == (
                layer.synops,
                layer.spike_count,
            ), f"{where}: counters"
        assert trace.crcs[t] == step.crc, f"step {t}: crc"
    assert trace.outputs.tolist() == expected.outputs
    assert trace.prediction == expected.winner


def assert_run_agrees(simulator: Simulator, events: BinnedEvents, expected: list[OracleResult]) -> None:
    """Serial and parallel runs and the CRCs of a whole set."""
    for parallel in (False, True):
        result = simulator.run(events, parallel=parallel)
        assert result.outputs.tolist() == [each.outputs for each in expected]
        assert result.predictions.tolist() == [each.winner for each in expected]
        for name, field in (("synops", result.synops), ("spike_count", result.spikes)):
            want = [
                [
                    sum(getattr(step.layers[column], name) for step in each.steps)
                    for column in range(field.shape[1])
                ]
                for each in expected
            ]
            assert field.tolist() == want
    assert simulator.crcs(events).tolist() == [[step.crc for step in each.steps] for each in expected]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_runtime_equals_oracle(data):
    model = data.draw(models())
    dense = data.draw(st.lists(inputs(model), min_size=1, max_size=3))
    events = binned(model, dense)
    simulator = Simulator(model)
    expected = [oracle_run(model, counts) for counts in dense]
    for i, each in enumerate(expected):
        assert_same(simulator.trace(events, i), each)
    assert_run_agrees(simulator, events, expected)


def test_many_channels_equal_oracle():
    """Every form of addition, in membranes of 16 and of 32 bits; kernels that the stride divides or not; borders."""
    rng, forms = np.random.default_rng(11), set()
    for channels, kernel, stride, groups, state_bits in itertools.product(
        (8, 12, 24, 70), ((3, 5), (2, 1)), ((1, 1), (2, 3)), (1, 2), (12, 20)
    ):
        model = _wide_model(rng, channels, kernel, stride, groups, state_bits)
        program = build_program(model)
        forms |= {(int(op["narrow"]), int(f)) for op in program.ops for f in _forms(program, op)}
        counts = (rng.random((3, 6, 7, 2)) < 0.4).astype(np.uint8)
        assert_same(Simulator(model).trace(binned(model, [counts]), 0), oracle_run(model, counts))
    assert forms >= {(narrow, form) for narrow in (0, 1) for form in range(6)}


@pytest.mark.parametrize("classes", [1, 16, 17, 40])
def test_last_layers_of_any_size_equal_oracle_for_any_number_of_spikes(classes):
    """Four spikes are added at a time, to 16 membranes: 0 to 9 spikes, one number in each step, and the most."""
    rng, inputs = np.random.default_rng(classes), 12
    zeros = np.zeros(classes, np.int32)
    neuron = Integrator(zeros, rng.integers(-99, 99, classes, np.int32), (3,), 20)
    weight = rng.integers(-128, 127, (inputs, classes), np.int8, endpoint=True)
    names = tuple(f"class {i}" for i in range(classes))
    model = Model(Binning(3, 2, 0, 1000, 11, 1), (Flatten(), Linear(weight, 8, neuron, 0)), names)
    assert build_program(model).ops["to_one"].tolist() == [1]
    counts = np.zeros((11, inputs), np.uint8)
    for step, spikes in enumerate((*range(10), inputs)):
        counts[step, rng.permutation(inputs)[:spikes]] = 1
    counts = counts.reshape(11, 2, 3, 2)
    assert_same(Simulator(model).trace(binned(model, [counts]), 0), oracle_run(model, counts))


def _forms(program: Program, op: np.void) -> list[int]:
    return program.pieces["form"][op["first_piece"] : op["end_piece"]].tolist()


def _wide_model(
    rng: np.random.Generator,
    channels: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    groups: int,
    bits: int,
) -> Model:
    def lif(n: int) -> Lif:
        threshold = rng.integers(1, 600, n, np.int32)
        return Lif(threshold, rng.integers(-9, 9, n, np.int32), np.zeros(n, np.int32), (3,), "subtract", bits)

    def weight(*shape: int) -> np.ndarray:
        return rng.integers(-128, 127, shape, np.int8, endpoint=True)

    conv = Conv2d(weight(*kernel, 2, channels // groups), 8, lif(channels), 0, stride, (1, 0), groups)
    second = Conv2d(weight(1, 2, channels, 2 * channels), 8, lif(2 * channels), 0, (1, 1), (0, 1), 1)
    grid = Binning(7, 6, 0, 1000, 3, 1)
    neurons = second.output(conv.output(Shape(6, 7, 2, 1))).neurons
    layers = (conv, second, Flatten(), RecurrentLinear(weight(neurons, 3), weight(3, 3), 8, lif(3), 0))
    return Model(grid, layers, ("a", "b", "c"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_runtime_equals_oracle_from_raw_events(data):
    model = data.draw(models())
    recording = data.draw(recordings(model))
    row = bin_recording(recording, model.binning)
    events = binned(model, [as_counts(recording, model.binning)])
    assert row.indices.tolist() == events.indices.tolist()
    assert row.counts.tolist() == events.counts.tolist()
    assert row.step_ptr.tolist() == events.step_ptr.tolist()
    assert_same(Simulator(model).trace(events, 0), oracle_run(model, as_counts(recording, model.binning)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_sum_leaves_the_proven_bound(data):
    model = data.draw(models())
    result = oracle_run(model, data.draw(inputs(model)))
    shapes = model.shapes()
    for column, (index, layer) in enumerate(model.weighted()):
        bound = accumulator_bound(layer, shapes[index].max_count)
        for step in result.steps:
            assert bound.low <= min(step.layers[column].sums)
            assert max(step.layers[column].sums) <= bound.high
            assert step.layers[column].synops <= max_synops(layer, shapes[index])


def test_random_models_reach_every_corner():
    rng = np.random.default_rng(7)
    seen: set[str] = set()
    for _ in range(400):
        model = random_model(rng)
        seen |= _features(model)
        result = oracle_run(model, random_input(rng, model))
        for column, (_, layer) in enumerate(model.weighted()):
            low, high = state_range(layer.neuron.state_bits)
            for step in result.steps:
                values = step.layers[column]
                seen |= {"saturates low"} if min(values.sums) < low else set()
                seen |= {"saturates high"} if max(values.sums) > high else set()
                seen |= {"negative membrane"} if min(values.membranes) < 0 else set()
                seen |= {"spikes"} if values.spike_count else {"silent"}
    wanted = {"saturates low", "saturates high", "negative membrane", "spikes", "silent"}
    wanted |= {kind.__name__ for kind in (Conv2d, Flatten, Linear, OrPool, RecurrentLinear, SumPool)}
    wanted |= {"integrator", "lif read-out", "zero", "subtract", "0 leaks", "1 leaks", "2 leaks"}
    wanted |= {"16 bits", "32 bits", "groups", "stride", "padding", "not square", "counts", "weight shift"}
    wanted |= {f"{bits}-bit weights" for bits in range(1, 9)}
    assert wanted <= seen


def _features(model: Model) -> set[str]:
    found = {type(layer).__name__ for layer in model.layers}
    shapes = model.shapes()
    for index, layer in model.weighted():
        neuron, shape = layer.neuron, shapes[index]
        found |= {f"{layer.bits}-bit weights", f"{len(neuron.leak_shifts)} leaks"}
        found.add(f"{accumulator_bound(layer, shape.max_count).bits} bits")
        found |= {neuron.reset} if isinstance(neuron, Lif) else {"integrator"}
        found |= {"counts"} if shape.max_count > 1 else set()
        found |= {"weight shift"} if layer.weight_shift else set()
        if isinstance(layer, Conv2d):
            found |= {"groups"} if layer.groups > 1 else set()
            found |= {"stride"} if max(layer.stride) > 1 else set()
            found |= {"padding"} if max(layer.padding) else set()
            found |= {"not square"} if layer.weight.shape[0] != layer.weight.shape[1] else set()
    return found | ({"lif read-out"} if not isinstance(layer.neuron, Integrator) else set())
