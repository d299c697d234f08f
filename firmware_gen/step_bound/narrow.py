"""The sweep of narrow membranes that spike: what it can cost at most, by how many neurons spike.

What is done with a block of eight neurons depends on one thing only: in which of six ranges each of its lanes lies. The
code takes its four words one after the other and carries nothing from one to the next but the spikes. So all pairs of
ranges of one word are run, for each of the four words, beside a word that leaves the block undone and beside one that
does not; the dearest block with k spikes is put together from them, and the whole layer is run with that block
everywhere. Cells, rows, and what is done after each eight blocks, are in that.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.model.layers import Lif, state_range
from firmware_gen.step_bound.lanes import (
    HIGH,
    LANES,
    LOUD,
    LOW,
    NEGATIVE,
    QUIET,
    SPIKE,
    SPIKING,
    lane_values,
    neurons_of,
    real_lanes,
)
from firmware_gen.step_bound.neurons import lacking
from firmware_gen.step_bound.parts import MIXED, Block, Pair, SweepCost, check_sweep
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.sources import Sources, set_windows
from firmware_gen.toolchain.cores import DSP_CORES

WORDS = 4


class NarrowSweep:
    """One layer. sources: of its own spikes."""

    def __init__(self, probe: Probe, index: int, sources: Sources, portable: bool) -> None:
        self.probe, self.index, self.sources = probe, index, sources
        self.device = probe.layers[index]
        self.apart = probe.core.name in DSP_CORES and not portable
        layer = dict(probe.model.weighted())[index]
        shape, out = probe.model.shapes()[index : index + 2]
        assert isinstance(layer.neuron, Lif)
        self._lanes = lane_values(probe, self.device, layer, shape)
        low = state_range(layer.neuron.state_bits)[0]
        self.offsets = (self._lanes[0][LOW] - low + 1)[: self.device.out_channels]  # of the first position
        self.real = real_lanes(self.device, out.height * out.width)
        self._order = neurons_of(self.real)
        self._alone = bool((lacking(layer, shape, probe.model.binning.steps) <= 0).any())
        self._filling = self.device.cells * self.device.cell * out.channels - out.neurons
        self._padding_moves = layer.bits == 1 and out.channels != 2 * self.device.position_words
        self.ranges = tuple(r for r in range(6) if r == QUIET or self._there[r].any())

    @property
    def _there(self) -> NDArray[np.bool_]:
        return self._lanes[1]

    def membranes(self, block: Block) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Lanes int64 [cells, lanes of a cell] that put every block there, and which of them spike."""
        chosen = np.tile(np.ravel(np.asarray(block)), self.device.cell_words * 2 // LANES)
        values, there = self._lanes
        chosen[~there[chosen, np.arange(len(chosen))]] = QUIET
        lanes = np.tile(values[chosen, np.arange(len(chosen))], (self.device.cells, 1))
        return lanes, np.tile(np.isin(chosen, SPIKING), (self.device.cells, 1))

    def encode(self, lanes: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Words [cells · words of a cell] as this program holds lanes."""
        low, high = lanes.reshape(-1, 2).T
        words = (low & 0xFFFF if self.apart else low) + (high << 16)
        return (words & 0xFFFFFFFF).astype(np.uint32)

    def run(self, lanes: NDArray[np.int64], spikes: NDArray[np.bool_]) -> int:
        """Instructions of the sweep over these lanes, less what its spikes cost. `spikes`: which of them do."""
        probe, device = self.probe, self.device
        probe.reset()
        set_windows(probe, self.index)
        if device.idle:
            probe.put(device.idle, np.zeros(1, np.uint32))
        probe.put(device.membranes, self.encode(lanes))
        found = probe.run(device.sweep, device)
        fired = self._order[(spikes & self.real).ravel() & (self._order >= 0)]
        counted = probe.spikes(self.index)
        if counted != len(fired):
            raise CheckFailedError(
                f"layer {self.index}: {counted} neurons spiked in the program, not {len(fired)}: "
                "its membranes are not as docs/kernels.md has them"
            )
        return found if device.notes else found - int(self.sources.blocked[fired].sum())

    def block(self, block: Block) -> tuple[int, int]:
        """The sweep with that block everywhere: instructions, and neurons that spike."""
        lanes, spikes = self.membranes(block)
        return self.run(lanes, spikes), int((spikes & self.real).sum())

    def worst(self) -> SweepCost:
        """Runs what has to be run.

        Raises CheckFailedError: a sweep costs more than its parts, so that the argument does not hold.
        """
        found, done = self._blocks()
        costs, counts, beyond = {}, {}, 0
        for k, (predicted, block) in found.items():
            measured, counts[k] = self.block(block)
            costs[k] = max(predicted, measured)
            beyond = max(
                beyond, measured - predicted
            )  # a spike that begins a row may take more beside others
        most, silent = max(costs.values()), costs[0]
        if self._padding_moves:
            silent = most  # what is no neuron may look like a spike
        spike = (
            max((costs[k] - silent) / counts[k] for k in costs if counts[k]) if any(counts.values()) else 0.0
        )
        spike = max(spike, 0.0, *(self._one_more(found[0][1], lane) for lane in range(LANES)))
        rows = self._rows() if not self.device.notes and any(counts.values()) else 0
        extra = IdleExtra(self).most() if self.device.idle else 0
        most += beyond + extra
        room, crowded = None, (0, 0)
        if {LOW, NEGATIVE} & set(self.ranges):
            room, crowded = self._crowded(done + rows + beyond + extra)
        worst = tuple(found[k][1] for k in sorted(found))
        if self._alone:  # and so may what only fills the last cell
            silent += math.ceil(spike * self._filling)
        sweep = SweepCost(silent + extra, spike, rows + beyond, most, room, crowded, worst)
        self._check_mixed(sweep)
        return sweep

    def _blocks(self) -> tuple[dict[int, tuple[int, Block]], int]:
        """The dearest block of each number of spikes, with its sweep's instructions; most where none is negative."""
        quiet = self.block(QUIET_BLOCK)[0]
        found: dict[int, tuple[int, Block]] = {0: (quiet, QUIET_BLOCK)}
        done = 0
        for anchor in self._anchors():
            spikes = any(r in SPIKING for r in anchor)
            for k, (cost, block) in self._dearest(anchor).items():
                if (k > 0) != spikes:
                    continue  # put together beside the other anchor
                if anchor[0] not in (LOW, NEGATIVE):
                    done = max(done, cost)
                if k not in found or cost > found[k][0]:
                    found[k] = cost, block
        return found, done

    def _one_more(self, block: Block, lane: int) -> float:
        """Most that one lane adds to a block without a spike when it spikes; a lane that is not in every block, too."""
        without, most = self.block(block)[0], 0.0
        for r in set(SPIKING) & set(self.ranges):
            lanes = np.ravel(np.asarray(block)).tolist()
            lanes[lane] = r
            cost, spikes = self.block(tuple(zip(lanes[::2], lanes[1::2], strict=True)))
            most = max(most, (cost - without) / spikes if spikes else 0.0)
        return most

    def _check_mixed(self, cost: SweepCost) -> None:
        """Lanes in ranges by chance cost no more than their parts. Raises CheckFailedError otherwise."""
        rng = np.random.default_rng(0)
        values, there = self._lanes
        cells, lanes = self.real.shape
        for _ in range(MIXED):
            share = rng.random(len(self.ranges)) ** 3
            chosen = rng.choice(self.ranges, (cells, lanes), p=share / share.sum())
            chosen[~there[chosen, np.arange(lanes)]] = QUIET
            if not self._alone:
                chosen[np.isin(chosen, SPIKING) & ~self.real & ~self._padding_moves] = QUIET
            spikes = np.isin(chosen, SPIKING)
            found = self.run(values[chosen, np.arange(lanes)], spikes)
            check_sweep(self.index, found, int((spikes & self.real).sum()), cost)

    def _crowded(self, done: int) -> tuple[int | None, tuple[int, int]]:
        """SweepCost's room and crowded; done: most instructions where no lane is negative.

        No room is known where lanes of padding move: they may be negative beside eight that spike.
        """
        spikes = self._there[[SPIKE, HIGH]].any(axis=0)
        lanes = int(spikes.sum()) * self.device.cells
        if lanes == 0 or spikes.sum() != self.device.cell * self.device.out_channels:
            return None, (0, 0)
        return lanes - self.device.blocks, (lanes, done)

    def _anchors(self) -> list[Pair]:
        """Words beside which others are run: for blocks left undone and for others, without a spike and with one."""
        negative = next((r for r in (NEGATIVE, LOW) if r in self.ranges), None)
        spike = next((r for r in (SPIKE, HIGH) if r in self.ranges), None)
        anchors = [(r, QUIET) for r in (negative, LOUD) if r in self.ranges]
        return anchors + [(r, spike) for r in (negative, QUIET) if r is not None and spike is not None]

    def _dearest(self, anchor: Pair) -> dict[int, tuple[int, Block]]:
        """Of each number of spikes: instructions of the sweep with the dearest block dealt with as the anchor is."""
        undone = anchor[0] in (NEGATIVE, LOW)
        ranges = [r for r in self.ranges if undone or r not in (NEGATIVE, LOW)]
        more: list[dict[Pair, int]] = []
        for word in range(WORDS):
            alone = self.block(_beside(word, (QUIET, QUIET), anchor))[0]
            pairs = itertools.product(ranges, ranges)
            more.append({pair: self.block(_beside(word, pair, anchor))[0] - alone for pair in pairs})
        base = self.block(_beside(1, (QUIET, QUIET), anchor))[0] - more[0][anchor]
        best = [_best(pairs, undone) for pairs in more]
        found: dict[int, tuple[int, Block]] = {}
        for chosen in itertools.product(*(options.items() for options in best)):
            if not any(kind[1] for kind, _ in chosen):
                continue  # no word that makes it be dealt with so
            k = sum(kind[0] for kind, _ in chosen)
            cost = base + sum(cost for _, (cost, _) in chosen)
            if k not in found or cost > found[k][0]:
                found[k] = cost, tuple(pair for _, (_, pair) in chosen)
        return found

    def _rows(self) -> int:
        """What it takes at most to move on to the row of a spike."""
        able = self._there[SPIKE] if self._there[SPIKE].any() else self._there[HIGH]
        spiking = np.flatnonzero((self.real & able).ravel())
        costs = []
        for at in (spiking[0], spiking[-1]):
            lanes, spikes = self.membranes(QUIET_BLOCK)
            lane = int(at) % lanes.shape[1]
            lanes.ravel()[at] = self._lanes[0][SPIKE if self._there[SPIKE, lane] else HIGH, lane]
            spikes.ravel()[at] = True
            costs.append(self.run(lanes, spikes))
        return max(costs[1] - costs[0], 0)


QUIET_BLOCK: Block = ((QUIET, QUIET),) * 4


def _beside(word: int, pair: Pair, anchor: Pair) -> Block:
    """`pair` in that word, the anchor in the first, or the second beside that.

    Positions are counted up to the last lane that spikes: beside the first word, all that this takes is in what
    `pair` adds.
    """
    words = [(QUIET, QUIET)] * WORDS
    words[int(word == 0)] = anchor
    words[word] = pair
    return tuple(words)


def _best(pairs: dict[Pair, int], undone: bool) -> dict[tuple[int, bool], tuple[int, Pair]]:
    """Of each number of spikes, and whether it makes the block be dealt with so: the dearest pair."""
    best: dict[tuple[int, bool], tuple[int, Pair]] = {}
    for pair, cost in pairs.items():
        kind = (
            sum(r in SPIKING for r in pair),
            any(r in (NEGATIVE, LOW) if undone else r != QUIET for r in pair),
        )
        if kind not in best or cost > best[kind][0]:
            best[kind] = cost, pair
    return best


class IdleExtra:
    """What a layer's sweep takes besides where not every cell has been touched: three things, each at its most."""

    def __init__(self, sweep: NarrowSweep) -> None:
        self.sweep, self.device = sweep, sweep.device

    def most(self) -> int:
        few, cells = self.device.cells >> 3, self.device.cells
        quiet = self._run(0, np.ones(cells, bool), QUIET_BLOCK)
        filled = self._run(1, np.zeros(cells, bool), QUIET_BLOCK) - quiet if few > 1 else 0
        last = np.arange(cells) < cells - 1  # found last of all
        loud = max(
            (self._run(max(few, 1), last, QUIET_BLOCK, shared) for shared in self._shared()), default=quiet
        )
        turns = np.arange(cells) % 2 == 0
        alternating = self._run(max(few, 1), turns, QUIET_BLOCK)
        together = self._run(max(few, 1), np.arange(cells) < turns.sum(), QUIET_BLOCK)
        nearly_all = self._run(max(few, 1), last, QUIET_BLOCK) - quiet
        return sum(max(n, 0) for n in (filled, loud - quiet, alternating - together, nearly_all))

    def _shared(self) -> list[Block]:
        """What the shared cell can hold."""
        ranges = self.sweep.ranges
        pairs = [(r, other) for r in ranges for other in (r, QUIET)]
        return [(pair,) * WORDS for pair in pairs]

    def _run(self, idle: int, touched: NDArray[np.bool_], block: Block, shared: Block = QUIET_BLOCK) -> int:
        """The sweep with so many idle cells counted, these of them marked, and that in the shared one."""
        sweep, device, probe = self.sweep, self.device, self.sweep.probe
        probe.reset()
        set_windows(probe, sweep.index)
        bits = np.zeros((device.cells + 31) // 32 * 32, bool)
        bits[: device.cells] = touched
        words = np.packbits(bits.reshape(-1, 4, 8)[:, :, ::-1], axis=-1).reshape(-1, 4)[:, ::-1]
        marks = np.ascontiguousarray(words).view(">u4").ravel().astype(np.uint32)
        one = sweep.encode(sweep.membranes(shared)[0][:1])
        probe.put(device.idle, np.concatenate([np.array([idle], np.uint32), marks, one]))
        probe.put(device.membranes, sweep.encode(sweep.membranes(block)[0]))
        return probe.run(device.sweep, device)
