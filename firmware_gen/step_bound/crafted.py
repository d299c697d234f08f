"""The worst step that the bound tells of, made: its events, and spikes at will.

Sums are written so that each neuron spikes, or leaves its block undone, as the bound supposes, but for what the step's
own spikes add on their way: that is looked at first, and taken off. Then it is one step like any other, all its calls
of sast_push and sast_step, on the emulated core. So it shows how near the instructions of the bound are; which spikes
there can really be is another question (states.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Lif
from firmware_gen.step_bound.bound import PORTABLE, LayerCost, StepBound
from firmware_gen.step_bound.lanes import LANES
from firmware_gen.step_bound.narrow import NarrowSweep
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.states import Found, dearest_inputs, step_events

Words = NDArray[np.uint32]


def crafted_step(probe: Probe, bound: StepBound, events: int) -> Found:
    """The step of that many events, with the bound's own numbers of spikes."""
    data = step_events(probe, dearest_inputs(bound, events), events)
    expected = bound.step(events)
    wanted = [
        _wanted(probe, bound, part, spikes)
        for part, spikes in zip(bound.layers, expected.spikes, strict=True)
    ]
    added = _added(probe, bound, data, wanted)
    probe.reset()
    for part, words, more in zip(bound.layers, wanted, added, strict=True):
        if words is not None:
            probe.put(probe.layers[part.index].membranes, _less(probe, bound, part, words, more))
    _no_idle(probe, bound)
    total = probe.count(data)
    return Found(events, total, expected.total, tuple(probe.spikes(part.index) for part in bound.layers))


def _wanted(probe: Probe, bound: StepBound, part: LayerCost, spikes: int) -> Words | None:
    """Membranes as its sweep should find them, with up to so many spikes; None: of a read-out nothing is wanted."""
    if not isinstance(part.layer.neuron, Lif):
        return None
    ends = {0, spikes} | ({min(part.sweep.room, spikes)} if part.sweep.room else set())
    count = max(ends, key=lambda n: part.sweep.cost(n) + (0 if part.in_blocks else part.sources.cost(n)))
    if probe.layers[part.index].narrow:
        return _narrow(NarrowSweep(probe, part.index, part.sources, PORTABLE in bound.flags), part, count)
    neuron = part.layer.neuron
    positions = part.neurons // neuron.channels
    sums = np.tile(neuron.threshold.astype(np.int64), positions)
    order = np.argsort(-part.sources.passing, kind="stable")
    sums[order[count:]] = 0
    return ((sums - np.tile(neuron.bias.astype(np.int64), positions)) & 0xFFFFFFFF).astype(np.uint32)


def _narrow(sweep: NarrowSweep, part: LayerCost, count: int) -> Words:
    """Blocks of the dearest kind, as many spikes in each as there are to share out."""
    real = sweep.real.reshape(-1, LANES)
    lanes = np.zeros(real.shape, np.int64)
    room = count
    blocks = [sweep.membranes(block) for block in part.sweep.worst]
    lanes_of = [values.reshape(-1, LANES) for values, _ in blocks]
    spikes_of = [(spikes & sweep.real).reshape(-1, LANES).sum(axis=1) for _, spikes in blocks]
    for b in range(len(real)):
        left = max(len(real) - b, 1)
        share = -(-room // left)
        fitting = [k for k in range(len(blocks)) if spikes_of[k][b] <= min(share, room)]
        k = max(fitting, key=lambda k: (int(spikes_of[k][b]), -k), default=0)
        lanes[b] = lanes_of[k][b]
        room -= int(spikes_of[k][b])
    return sweep.encode(lanes.reshape(sweep.real.shape))


def _added(probe: Probe, bound: StepBound, data: bytes, wanted: list[Words | None]) -> list[Words]:
    """What each layer's membranes get in the step before its sweep, where every other is as wanted."""
    probe.reset()
    _no_idle(probe, bound)
    sizes = [_words(probe, part) for part in bound.layers]
    for part, size in zip(bound.layers, sizes, strict=True):
        probe.put(probe.layers[part.index].membranes, np.zeros(size, np.uint32))
    probe.network.unobserved_push(data)
    added = []
    for part, size, words in zip(bound.layers, sizes, wanted, strict=True):
        device = probe.layers[part.index]
        for function in (device.inputs, device.own_spikes):
            probe.run(function, device)
        added.append(probe.words(device.membranes, size))
        if words is not None:
            probe.put(device.membranes, words)
        probe.run(device.sweep, device)
    return added


def _words(probe: Probe, part: LayerCost) -> int:
    device = probe.layers[part.index]
    return device.cells * device.cell_words if device.narrow else part.neurons


def _less(probe: Probe, bound: StepBound, part: LayerCost, words: Words, more: Words) -> Words:
    """words - more, lane by lane where the program keeps lanes apart."""
    device = probe.layers[part.index]
    if not device.narrow or not NarrowSweep(probe, part.index, part.sources, PORTABLE in bound.flags).apart:
        return words - more
    low = (words & 0xFFFF) - (more & 0xFFFF)
    return ((low & 0xFFFF) | (((words >> 16) - (more >> 16)) << 16)).astype(np.uint32)


def _no_idle(probe: Probe, bound: StepBound) -> None:
    """Every cell has membranes of its own."""
    for part in bound.layers:
        if probe.layers[part.index].idle:
            probe.put(probe.layers[part.index].idle, np.zeros(1, np.uint32))
