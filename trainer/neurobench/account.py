"""What a model does with recordings, counted in edge-sast's terms and in those of NeuroBench's definitions.

NeuroBench itself is not needed here. Its synaptic operations are the synapses with a weight other than 0 that an input
other than 0 reaches, each once, however high the count; SynOps (docs/arithmetic.md §6) are all weights that the device
adds. So SynOps = effective operations + additions of weights that are 0 + repeats of inputs that hold more than 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Lif, RecurrentLinear, Weighted
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import RunResult, Simulator
from trainer.neurobench.network import IntegerNetwork
from trainer.neurobench.reach import Reach, reaches


class Frames(Dataset[tuple[Tensor, int]]):
    """Recordings as a harness takes them: counts int32 [T, 2, H, W] (OFF, ON), and the index of the class.

    Raises:
        EdgeSastError: no recordings.
    """

    def __init__(self, binned: BinnedEvents) -> None:
        if not len(binned):
            raise EdgeSastError("recordings: there are 0; give at least 1")
        self.binned = binned

    def __len__(self) -> int:
        return len(self.binned)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        counts = self.binned.dense([i])[0].transpose(0, 3, 1, 2)
        return torch.tensor(counts, dtype=torch.int32), int(self.binned.labels[i])


def batches(binned: BinnedEvents, batch: int) -> DataLoader[tuple[Tensor, int]]:
    """The recordings in order. Raises EdgeSastError where there are none, or for a batch below 1."""
    if batch < 1:
        raise EdgeSastError(f"batch is {batch}; it must be 1 or more")
    return DataLoader(Frames(binned), batch)


@dataclass
class Operations:
    """Synaptic operations of all recordings.

    Attributes:
        synops: those of docs/arithmetic.md §6.
        zeros: of these, additions of a weight of 0.
        repeats: of the others, those of an input's second and further counts in a step.
        acs, macs: NeuroBench's; macs where an input of the batch held more than 1 in that layer and step.
        dense: its count of all synapses in every step.
        first: of these, recurrent connections in first steps, in which the device has no spikes to feed back.
    """

    synops: int = 0
    zeros: int = 0
    repeats: int = 0
    acs: int = 0
    macs: int = 0
    dense: int = 0
    first: int = 0


@dataclass(frozen=True)
class Neurons:
    """The neurons of a weighted layer; sums are over all recordings.

    Attributes:
        name: of their module in IntegerNetwork.
        spiking: False of a read-out that integrates.
        count: how many there are.
        terms: shifts of their leak.
        spikes: how many they emitted.
        changed: membranes that a step changed, and all of a first step.
        share: of neurons and steps that spiked, the mean over recordings.
    """

    name: str
    spiking: bool
    count: int
    terms: int
    spikes: int
    changed: int
    share: float


@dataclass(frozen=True)
class Account:
    """Of `recordings` recordings in batches of `batch`.

    Attributes:
        correct: recordings whose prediction is their label.
        steps: all that were computed, summed over the recordings.
        parameters, zero_weights: weights, and those that are 0.
        constants: biases, initial membranes, thresholds and amounts.
    """

    recordings: int
    batch: int
    correct: int
    steps: int
    parameters: int
    zero_weights: int
    constants: int
    neurons: tuple[Neurons, ...]
    operations: Operations = field(default_factory=Operations)

    @property
    def lif(self) -> tuple[Neurons, ...]:
        return tuple(each for each in self.neurons if each.spiking)


def take_account(model: Model, binned: BinnedEvents, batch: int = 1) -> Account:
    """Runs the recordings in edge-sast's runtime and in IntegerNetwork, which must agree.

    Raises:
        EdgeSastError: no recordings, binned in another way than the model wants, or a batch that it does not take.
        CheckFailedError: the two differ, which would be a defect of edge-sast.
    """
    simulator = Simulator(model)
    result = simulator.run(binned)
    network = IntegerNetwork(model)
    operations = Operations()
    for name, reach in reaches(model).items():
        network.get_submodule(name).register_forward_pre_hook(_meter(reach, operations))
    outputs = torch.cat([network(frames) for frames, _ in batches(binned, batch)])
    _check_same(result, outputs, operations)
    recurrent = [layer.recurrent for _, layer in model.weighted() if isinstance(layer, RecurrentLinear)]
    weights = [layer.weight for _, layer in model.weighted()] + recurrent
    operations.first = sum(weight.size for weight in recurrent) * len(binned)
    return Account(
        recordings=len(binned),
        batch=batch,
        correct=int((result.predictions == result.labels).sum()),
        steps=int(result.steps.sum()),
        parameters=sum(weight.size for weight in weights),
        zero_weights=sum(int((weight == 0).sum()) for weight in weights),
        constants=sum(_constants(layer) for _, layer in model.weighted()),
        neurons=_neurons(simulator, binned, result),
        operations=operations,
    )


def _meter(reach: Reach, operations: Operations) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """What sees the inputs [B, C, H, W] of a connection in one step."""
    synapses, effective = torch.from_numpy(reach.synapses), torch.from_numpy(reach.effective)
    total = int(synapses.sum())

    def see(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        counts, active = inputs[0].sum(0), (inputs[0] != 0).sum(0)
        done = int((active * effective).sum())
        operations.synops += int((counts * synapses).sum())
        operations.zeros += int((counts * (synapses - effective)).sum())
        operations.repeats += int(((counts - active) * effective).sum())
        operations.dense += total * len(inputs[0])
        if bool((inputs[0] > 1).any()):
            operations.macs += done
        else:
            operations.acs += done

    return see


def _check_same(result: RunResult, outputs: Tensor, operations: Operations) -> None:
    wrong = np.argwhere(result.outputs != outputs.numpy())
    if len(wrong):
        i, c = wrong[0]
        raise CheckFailedError(
            f"recording {i}, class {c}: PyTorch gives {int(outputs[i, c])}, the runtime {result.outputs[i, c]}"
        )
    if operations.synops != result.synops.sum():
        raise CheckFailedError(
            f"SynOps: {operations.synops} by the inputs that PyTorch's layers saw, {result.synops.sum()} by the runtime"
        )


def _constants(layer: Weighted) -> int:
    arrays = (getattr(layer.neuron, name, None) for name in ("bias", "initial", "threshold", "amount"))
    return sum(array.size for array in arrays if array is not None)


def _neurons(simulator: Simulator, binned: BinnedEvents, result: RunResult) -> tuple[Neurons, ...]:
    model = simulator.model
    changed = np.zeros(len(simulator.layers), np.int64)
    for i in range(len(binned)):
        membranes = simulator.trace(binned, i).membranes
        moved = np.count_nonzero(np.diff(membranes, axis=0), axis=0)
        changed += [each.stop - each.start + moved[each.start : each.stop].sum() for each in simulator.layers]
    found = []
    for column, (place, (i, layer)) in enumerate(zip(simulator.layers, model.weighted(), strict=True)):
        spiking, count = isinstance(layer.neuron, Lif), place.stop - place.start
        spikes = result.spikes[:, column]
        found.append(
            Neurons(
                f"lif_{i}" if spiking else f"integrator_{i}",
                spiking,
                count,
                len(layer.neuron.leak_shifts),
                int(spikes.sum()),
                int(changed[column]),
                float((spikes / (count * result.steps)).mean()),
            )
        )
    return tuple(found)
