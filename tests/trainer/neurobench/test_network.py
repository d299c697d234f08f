"""The PyTorch form of an integer model equals the runtime: every membrane and spike of every step."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from edge_sast import Simulator, load, read_events
from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Flatten, Lif, RecurrentLinear, Shape
from tests.early import random_early_model
from tests.strategies import binned, inputs, models
from tests.trainer.neurobench.recordings import frames, random_case
from trainer.neurobench.layers import IntegerConv2d, IntegerLif, IntegerLinear
from trainer.neurobench.network import IntegerNetwork

EXAMPLES = Path(__file__).parents[3] / "examples"


def seen(network: IntegerNetwork, given: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs [classes] of one recording, and membranes and spikes [steps, neurons] in the order of a trace."""
    membranes, spikes = [], []

    def note(neurons, _, output):
        membranes[-1].append(neurons.mem)
        spikes[-1].append(output if isinstance(neurons, IntegerLif) else torch.zeros_like(output))

    def begin(*_):
        membranes.append([])
        spikes.append([])

    first = network.get_submodule(network.chain[0])
    handles = [first.register_forward_pre_hook(begin)]
    handles += [each.register_forward_hook(note) for each in network.neurons().values()]
    outputs = network(given)[0].numpy()
    for handle in handles:
        handle.remove()
    in_order = [
        np.array([np.concatenate([x[0].permute(1, 2, 0).flatten().numpy() for x in step]) for step in steps])
        for steps in (membranes, spikes)
    ]
    return outputs, *in_order


def assert_same(model, events) -> None:
    """Each recording by itself, and all in one batch where the model takes one."""
    simulator, network, given = Simulator(model), IntegerNetwork(model), frames(events)
    result = simulator.run(events)
    for i in range(len(events)):
        trace = simulator.trace(events, i)
        outputs, membranes, spikes = seen(network, given[i : i + 1])
        assert np.array_equal(membranes, trace.membranes)
        assert np.array_equal(spikes, trace.spikes)
        assert np.array_equal(outputs, trace.outputs)
        assert network.steps == result.steps[i]
    if model.early_margin is None:
        together = network(given)
        assert np.array_equal(together.numpy(), result.outputs)
        assert np.array_equal(together.argmax(1).numpy(), result.predictions)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_it_equals_the_runtime(data):
    model = data.draw(models())
    events = binned(model, data.draw(st.lists(inputs(model), min_size=1, max_size=3)))
    assert_same(model, events)


def test_it_equals_the_runtime_where_a_recording_ends_early():
    rng = np.random.default_rng(4)
    for _ in range(10):
        model, dense = random_early_model(rng)
        assert_same(model, binned(model, dense))


@pytest.mark.parametrize("name", ["digits-int8", "nmnist-int8"])
def test_it_equals_the_runtime_on_real_recordings(name):
    model = load(EXAMPLES / f"{name}.safetensors")
    files = [EXAMPLES / f"digit-{digit}.bin" for digit in (2, 3, 7)]
    sensor = (model.binning.sensor_width, model.binning.sensor_height)  # the digits fit the smaller one, too
    events = read_events(*files, binning=model.binning, sensor=sensor)
    assert events.counts.sum() > 1000
    assert_same(model, events)


def test_weights_are_the_models_integers():
    model, _ = random_case(11)
    network = IntegerNetwork(model)
    parameters = dict(network.named_parameters())
    assert len(parameters) >= len(model.weighted())
    for name, parameter in parameters.items():
        assert (parameter.dtype, parameter.requires_grad) == (torch.int8, False), name
    for i, layer in model.weighted():
        found = [value for name, value in parameters.items() if name.endswith(f"_{i}.weight")]
        stored = [layer.weight] + ([layer.recurrent] if isinstance(layer, RecurrentLinear) else [])
        assert [sorted(value.flatten().tolist()) for value in found] == [
            sorted(w.flatten().tolist()) for w in stored
        ]


def test_connections_are_of_the_kinds_that_harnesses_look_for():
    model = load(EXAMPLES / "digits-int8.safetensors")
    network = IntegerNetwork(model)
    names = ["conv2d_0", "lif_0", "conv2d_1", "lif_1", "flatten_2", "linear_3", "integrator_3"]
    assert [name for name, _ in network.named_children()] == names
    assert issubclass(IntegerConv2d, nn.Conv2d)
    assert issubclass(IntegerLinear, nn.Linear)


def test_a_step_leaves_the_membranes_of_the_step_before_alone():
    """A harness that keeps them compares the two."""
    neuron = Lif(np.array([9]), np.array([0]), np.array([0]), (), "zero", 8)
    lif = IntegerLif(neuron, 0, Shape(1, 1, 1))
    before = lif.mem
    lif(torch.full((1, 1, 1, 1), 5))
    assert (before.item(), lif.mem.item()) == (0, 5)


@dataclass(frozen=True)
class Dilated:
    """A layer of a kind that is not known."""

    def output(self, shape: Shape) -> Shape:
        return shape


def test_what_it_does_not_know_is_refused_by_name():
    model = load(EXAMPLES / "digits-int8.safetensors")
    unknown = replace(model, layers=(Dilated(), *model.layers))
    message = (
        "layers[0]: Dilated has no PyTorch module; it must be Conv2d, Linear, RecurrentLinear, OrPool, SumPool or "
        "Flatten"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        IntegerNetwork(unknown)
    assert IntegerNetwork(replace(model, layers=(*model.layers[:2], Flatten(), *model.layers[2:])))


@pytest.mark.parametrize(
    ("shape", "fill", "message"),
    [
        (
            (1, 10, 24, 24, 2),
            0,
            "frames: shape is [1, 10, 24, 24, 2]; the model wants [recordings, 10, 2, 24, 24], which are steps, "
            "polarities, rows and columns",
        ),
        (
            (0, 10, 2, 24, 24),
            0,
            "frames: shape is [0, 10, 2, 24, 24]; the model wants [recordings, 10, 2, 24, 24], which are steps, "
            "polarities, rows and columns",
        ),
        (
            (1, 10, 2, 24, 24),
            2,
            "frames: values are 2 to 2; they must be whole numbers of 0 to 1, events counted up to count_cap",
        ),
        (
            (1, 10, 2, 24, 24),
            0.5,
            "frames: values are 0.5 to 0.5; they must be whole numbers of 0 to 1, events counted up to count_cap",
        ),
    ],
)
def test_frames_that_the_model_does_not_take(shape, fill, message):
    network = IntegerNetwork(load(EXAMPLES / "digits-int8.safetensors"))
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        network(torch.full(shape, fill))


def test_an_early_decision_wants_recordings_one_by_one():
    model = replace(load(EXAMPLES / "digits-int8.safetensors"), early_margin=5)
    message = (
        "frames: 2 recordings in a batch, but the model decides early, each recording after steps of its own; use a "
        "batch of 1"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        IntegerNetwork(model)(torch.zeros(2, 10, 2, 24, 24))
