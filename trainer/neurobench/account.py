"""What a model does with recordings, counted twice over: in edge-sast's terms, and in those of NeuroBench's definitions.

NeuroBench itself is not needed here. Its synaptic operations are the synapses with a weight other than 0 that an input
other than 0 reaches, each once, however high the count; SynOps (docs/arithmetic.md §6) are all weights that the device
adds. So SynOps = effective operations + additions of weights that are 0 + repeats of inputs that hold more than 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Conv2d, RecurrentLinear, Shape, Weighted
from edge_sast.model.model import Model
from edge_sast.model.reach import output_size
from edge_sast.runtime.simulator import RunResult, Simulator
from trainer.neurobench.network import IntegerNetwork


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

    synops: docs/arithmetic.md §6. zeros: those with a weight of 0. repeats: of the others, those of an input's second
    and further counts in a step. acs, macs: NeuroBench's; macs where an input of the batch held more than 1 in that
    layer and step. dense: its count of all synapses in every step; first: those of recurrent connections in first steps.
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
    """The neurons of a weighted layer. spikes, changed: of all recordings, the latter the membranes that a step changed,
    and all of a first step. share: mean over recordings of the share of neurons and steps that spiked.
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
    """Of `recordings` recordings in batches of `batch`: all counts are sums over them, `steps` too.

    parameters: weights. zero_weights: of these, those that are 0. constants: thresholds, biases and initial membranes.
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
    # No spike is there before a first step, where the device does nothing and NeuroBench counts connections.
    fed_back = sum(
        layer.recurrent.size for _, layer in model.weighted() if isinstance(layer, RecurrentLinear)
    )
    operations.first = fed_back * len(binned)
    weights = [layer.weight for _, layer in model.weighted()]
    weights += [layer.recurrent for _, layer in model.weighted() if isinstance(layer, RecurrentLinear)]
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


@dataclass(frozen=True)
class Reach:
    """Synapses of each input of a connection, int64 [C, H, W], and of these those with a weight other than 0."""

    synapses: NDArray[np.int64]
    effective: NDArray[np.int64]


def reaches(model: Model) -> dict[str, Reach]:
    """Of every connection, by its name in IntegerNetwork."""
    shapes, found = model.shapes(), {}
    for i, layer in model.weighted():
        if isinstance(layer, Conv2d):
            found[f"conv2d_{i}"] = _conv_reach(layer, shapes[i])
        else:
            found[f"linear_{i}"] = _linear_reach(layer.weight)
        if isinstance(layer, RecurrentLinear):
            found[f"recurrent_{i}"] = _linear_reach(layer.recurrent)
    return found


def _linear_reach(weight: NDArray[np.int8]) -> Reach:
    effective = (weight != 0).sum(axis=1, dtype=np.int64)
    return Reach(np.full_like(effective, weight.shape[1])[:, None, None], effective[:, None, None])


def _conv_reach(layer: Conv2d, shape: Shape) -> Reach:
    rows, columns, _, c_group = layer.weight.shape
    y = _meets(shape.height, rows, layer.stride[0], layer.padding[0])
    x = _meets(shape.width, columns, layer.stride[1], layer.padding[1])
    present = (layer.weight != 0).sum(axis=3, dtype=np.int64)
    synapses = np.einsum("ay,bx,abc->cyx", y, x, np.full_like(present, c_group))
    return Reach(synapses, np.einsum("ay,bx,abc->cyx", y, x, present))


def _meets(size: int, kernel: int, stride: int, padding: int) -> NDArray[np.int64]:
    """[kernel, size]: 1 where the input i meets an output at the kernel position k: i + padding = o·stride + k."""
    ahead = np.arange(size) + padding - np.arange(kernel)[:, None]
    inside = (ahead >= 0) & (ahead // stride < output_size(size, kernel, stride, padding))
    return (inside & (ahead % stride == 0)).astype(np.int64)


def _meter(reach: Reach, operations: Operations):
    """What sees the inputs [B, C, H, W] of a connection in one step."""
    synapses, effective = torch.from_numpy(reach.synapses), torch.from_numpy(reach.effective)
    total = int(synapses.sum())

    def see(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
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
    arrays = (getattr(layer.neuron, name, None) for name in ("bias", "initial", "threshold"))
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
        spiking, count = hasattr(layer.neuron, "threshold"), place.stop - place.start
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
