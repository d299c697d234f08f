"""What is counted of a model's work, by a slow count of the same on the inputs that each layer saw."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from edge_sast import Simulator
from edge_sast.errors import CheckFailedError, EdgeSastError
from tests.early import random_early_model
from tests.strategies import binned, inputs, models
from tests.trainer.neurobench.recordings import frames, random_case
from trainer.neurobench.account import Frames, Operations, batches, take_account
from trainer.neurobench.layers import IntegerConv2d, IntegerLinear
from trainer.neurobench.network import IntegerNetwork


def slow_operations(model, events, batch: int) -> Operations:
    """Each layer once more with weights of 1, inputs of 1, or both."""
    found, network = Operations(), IntegerNetwork(model)

    def again(layer, x, weight):
        if isinstance(layer, IntegerConv2d):
            sums = functional.conv2d(
                x.double(), weight.double(), None, layer.stride, layer.padding, 1, layer.groups
            )
        else:
            sums = functional.linear(x.flatten(1).double(), weight.double())
        return int(sums.sum())

    def see(layer, given):
        x, weight = given[0], layer.weight
        done = again(layer, x != 0, weight != 0)
        found.synops += again(layer, x, torch.ones_like(weight))
        found.zeros += again(layer, x, weight == 0)
        found.repeats += again(layer, x - (x != 0).int(), weight != 0)
        found.dense += again(layer, torch.ones_like(x), torch.ones_like(weight))
        found.acs += 0 if x.max() > 1 else done
        found.macs += done if x.max() > 1 else 0

    for name, child in network.named_children():
        if isinstance(child, IntegerConv2d | IntegerLinear):
            child.register_forward_pre_hook(see)
            found.first += child.weight.numel() * len(events) if name.startswith("recurrent") else 0
    for i in range(0, len(events), batch):
        network(frames(events)[i : i + batch])
    return found


def slow_changes(model, events) -> list[int]:
    """Of each weighted layer: all membranes in a first step, and later those that a step changed."""
    network = IntegerNetwork(model)
    neurons = network.neurons()
    kept: dict[str, list[torch.Tensor]] = {}
    for name, each in neurons.items():
        each.register_forward_hook(lambda m, _, __, name=name: kept[name].append(m.mem.clone()))
    changed = dict.fromkeys(neurons, 0)
    for i in range(len(events)):
        kept.update({name: [] for name in neurons})
        network(frames(events)[i : i + 1])
        for name, membranes in kept.items():
            changed[name] += membranes[0].numel()
            changed[name] += sum(int((b != a).sum()) for a, b in pairwise(membranes))
    return list(changed.values())


def assert_counted(model, events, batch: int) -> None:
    account, result = take_account(model, events, batch), Simulator(model).run(events)
    done = account.operations
    assert done == slow_operations(model, events, batch)
    assert done.synops == done.acs + done.macs + done.zeros + done.repeats == result.synops.sum()
    assert [each.changed for each in account.neurons] == slow_changes(model, events)
    assert [each.spikes for each in account.neurons] == result.spikes.sum(axis=0).tolist()
    assert account.steps == result.steps.sum()
    assert account.correct == (result.predictions == result.labels).sum()
    weights = list(IntegerNetwork(model).parameters())
    assert account.parameters == sum(weight.numel() for weight in weights)
    assert account.zero_weights == sum(int((weight == 0).sum()) for weight in weights)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_operations_and_updates_are_those_of_a_slow_count(data):
    model = data.draw(models())
    events = binned(model, data.draw(st.lists(inputs(model), min_size=1, max_size=3)))
    assert_counted(model, events, data.draw(st.integers(1, 3)))


def test_every_part_of_the_account_occurs():
    done = [take_account(*random_case(seed)).operations for seed in range(30)]
    for name in ("zeros", "repeats", "acs", "macs", "first"):
        assert any(getattr(each, name) for each in done), name


def test_only_acs_and_macs_depend_on_the_batch():
    for seed in range(40):
        model, events = random_case(seed)
        alone, together = (take_account(model, events, batch) for batch in (1, 3))
        one, three = alone.operations, together.operations
        assert one.acs + one.macs == three.acs + three.macs
        assert replace(one, acs=0, macs=0) == replace(three, acs=0, macs=0)
        assert one.macs <= three.macs
        assert alone.neurons == together.neurons
        if one.macs < three.macs:
            return
    raise AssertionError("no batch made a difference")


def test_a_recording_that_ends_early_counts_as_far_as_it_went():
    model, dense = random_early_model(np.random.default_rng(3))
    events = binned(model, dense)
    assert take_account(model, events).steps < len(events) * model.binning.steps
    assert_counted(model, events, 1)


def test_frames_are_the_recordings():
    _, events = random_case(5)
    dataset = Frames(events)
    assert len(dataset) == len(events)
    for i in range(len(events)):
        counts, label = dataset[i]
        assert (counts.dtype, label) == (torch.int32, events.labels[i])
        assert torch.equal(counts, frames(events)[i])
    assert [len(counts) for counts, _ in batches(events, 2)] == [2, 1]


@pytest.mark.parametrize(
    ("count", "batch", "message"),
    [(3, 0, "batch is 0; it must be 1 or more"), (0, 1, "recordings: there are 0; give at least 1")],
)
def test_what_cannot_be_batched(count, batch, message):
    _, events = random_case(5)
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        batches(events.select(range(count)), batch)


def test_a_network_that_differs_from_the_runtime_is_told(monkeypatch):
    model, events = random_case(5)
    right = IntegerNetwork.forward
    monkeypatch.setattr(IntegerNetwork, "forward", lambda self, x: right(self, x) + 1)
    value = Simulator(model).run(events).outputs[0, 0]
    message = f"recording 0, class 0: PyTorch gives {value + 1}, the runtime {value}"
    with pytest.raises(CheckFailedError, match=f"^{re.escape(message)}$"):
        take_account(model, events)
