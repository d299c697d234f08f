"""How much of each kind of work the recordings made a model's C do, counted from the runtime's spikes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Flatten, Lif, OrPool, Weighted
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.c_plan.plan import CPlan, LayerPlan, WeightedPlan
from firmware_gen.estimate.work import LayerWork, firing_blocks, work_of

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """Amounts of each term. exact: as the C does it. by_spikes: what prices of spikes can tell, taking blocks for quiet
    in which no neuron fires, and all in which one does for alike.
    """

    exact: Counter[str]
    by_spikes: Counter[str]


def counted(plan: CPlan, recordings: BinnedEvents) -> Counted:
    """Of all steps of all recordings, without an early decision."""
    model = replace(plan.model, early_margin=None) if plan.model.early_margin is not None else plan.model
    simulator, works = Simulator(model), work_of(plan)
    exact, by_spikes = Counter[str](), Counter[str]()
    for i in range(len(recordings)):
        dense = recordings.dense([i])[0].astype(np.int64)
        for layer, work, arrived, spikes, membranes in _passed(
            plan, works, dense, simulator.trace(recordings, i)
        ):
            common = _common(work, arrived, spikes)
            exact.update(common)
            by_spikes.update(common)
            if work.fire and spikes is not None and membranes is not None:
                assert isinstance(layer, WeightedPlan)
                exact.update(_blocks(layer, work, spikes > 0, membranes))
                _add(by_spikes, work.block, int(firing_blocks(spikes > 0, work.lanes).sum()))
    return Counted(exact, by_spikes)


def _passed(
    plan: CPlan, works: list[LayerWork], arrived: Counts, trace: Trace
) -> Iterator[tuple[LayerPlan, LayerWork, Counts, Counts | None, Counts | None]]:
    """Layers, their work, and counts [T, H, W, C] that arrive; spikes and membranes that spiking ones then have."""
    weighted = iter(trace.layers)
    of_layers = [each for each in plan.layers if not isinstance(each.layer, Flatten)]
    for layer, work in zip(of_layers, works, strict=True):
        if not isinstance(layer.layer, Weighted):
            yield layer, work, arrived, None, None
            arrived = _pooled(arrived, layer.layer.size, isinstance(layer.layer, OrPool))  # type: ignore[union-attr]
            continue
        place, shape = next(weighted), (len(arrived), layer.out.height, layer.out.width, layer.out.channels)
        spikes, membranes = (
            each[:, place.start : place.stop].reshape(shape).astype(np.int64)
            for each in (trace.spikes, trace.membranes)
        )
        fires = isinstance(layer.layer.neuron, Lif)
        yield layer, work, arrived, spikes if fires else None, membranes if fires else None
        arrived = spikes


def _common(work: LayerWork, arrived: Counts, spikes: Counts | None) -> Counter[str]:
    """All but the work on blocks of membranes."""
    found: Counter[str] = Counter()
    _add(found, work.step, len(arrived))
    places = arrived.sum(axis=(0, 3))
    for name, each in work.arrived.items():
        found[name] += int((places * each).sum())
    if spikes is not None:
        _add(found, work.fired, int(spikes.sum()))
        _add(found, work.own, int(spikes[:-1].sum()))  # the last step's spikes reach nobody
    return found


def _blocks(
    layer: WeightedPlan, work: LayerWork, spikes: NDArray[np.bool_], membranes: Counts
) -> Counter[str]:
    """Work on blocks that are not quiet: a lane, a membrane's sum plus its offset, has a bit beyond the quiet ones."""
    lanes = layer.lanes
    assert lanes is not None
    assert isinstance(layer.layer.neuron, Lif)
    # What a neuron that fired had before its reset was its threshold at least.
    lane = np.where(spikes, layer.layer.neuron.threshold, membranes) + np.array(lanes.offsets)
    loud, negative = (lane < 0) | (lane >= 1 << lanes.quiet_bits), lane < 0
    blocks, bad = firing_blocks(loud, work.lanes), firing_blocks(negative, work.lanes)
    undone = blocks if work.undone else bad
    fires = firing_blocks(spikes, work.lanes)
    words = firing_blocks(loud, work.lanes, 2).reshape(*blocks.shape, -1).sum(axis=2)
    done = blocks & ~undone
    amounts = (done, words * done, undone, (done & fires) | undone)
    found = Counter(work.blocks(*(int(each.sum()) for each in amounts)))
    found["send block" if layer.in_blocks else "send hit"] += int(fires.sum())
    return found


def _add(total: Counter[str], amounts: Counter[str], times: int) -> None:
    for name, amount in amounts.items():
        total[name] += amount * times


def _pooled(spikes: Counts, size: int, either: bool) -> Counts:
    steps, height, width, channels = spikes.shape
    high, wide = height // size, width // size
    windows = spikes[:, : high * size, : wide * size].reshape(steps, high, size, wide, size, channels)
    passed: Counts = np.add.reduce(windows, axis=(2, 4))
    return np.minimum(passed, 1) if either else passed
