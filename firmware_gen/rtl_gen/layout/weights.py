"""Where each weight lies in the core's weight memory. Of values this module knows nothing: a reader uses it, too.

For each input channel, for each row of the kernel, there is a block; in it the kernel's columns (blocks.py). Rows and
columns are in the order of edge_sast.model.reach, so that what a spike meets are neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.reach import AxisReach, axis_reach
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.blocks import Block, Slots, Unit, place_units
from firmware_gen.rtl_gen.layout.engine import MAX_WORDS, Connection, Engine
from firmware_gen.rtl_gen.layout.parts import Kernel


class Places(NamedTuple):
    """Word and lane of each weight, int64 as the weight tensor is laid out."""

    word: NDArray[np.int64]
    lane: NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """The kernel's columns along one axis. remainder: of each modulo the stride. turn: its place among those alike."""

    reach: AxisReach
    remainder: NDArray[np.int64]
    turn: NDArray[np.int64]


class Group(NamedTuple):
    """Quads of a target pixel that a group of channels feeds."""

    first: int
    quads: int


@dataclass(frozen=True)
class KernelPlan:
    """Weights of a connection with a kernel, from word `base` on.

    groups: of the kernel as it is stored; 1 also where a source's column cannot tell its group, or where a pixel is one
    quad: then zeros are stored for the weights of other groups.
    """

    connection: Connection
    kernel: Kernel
    lanes: Lanes
    base: int

    @property
    def joined(self) -> bool:
        """Whether its several groups are stored as one since they change from row to row of a flat source."""
        return self.kernel.groups > 1 and self.connection.flat and self.connection.windows.height > 1

    @property
    def groups(self) -> int:
        return 1 if self.joined or self.connection.target.quads == 1 else self.kernel.groups

    @property
    def chunked(self) -> bool:
        """Whether a run takes a chunk of each target pixel."""
        return self.groups > 1

    @cached_property
    def group(self) -> list[Group]:
        if not self.chunked:
            return [Group(0, self.connection.target.quads)]
        first = [group * self.kernel.outputs // self.lanes.quad for group in range(self.groups)]
        end = [self.lanes.quads((group + 1) * self.kernel.outputs) for group in range(self.groups)]
        return [Group(a, b - a) for a, b in zip(first, end, strict=True)]

    @cached_property
    def group_of(self) -> NDArray[np.int64]:
        """int64 [input channels]: the group as stored."""
        return np.arange(self.kernel.inputs) // (self.kernel.inputs // self.groups)

    @cached_property
    def pitch(self) -> int:
        """Weight quads from one target pixel's to the next's. In chunks: as far apart over the banks as the pixels."""
        quads = self.connection.target.quads
        most = max(group.quads for group in self.group)
        return most + (quads - most) % self.lanes.banks

    @cached_property
    def rows(self) -> AxisReach:
        """Of the map's rows."""
        height = 1 if self.connection.flat else self.connection.windows.height
        return axis_reach(height, self.kernel.rows, self.kernel.stride[0], self.kernel.padding[0])

    @cached_property
    def columns(self) -> Columns:
        width = 1 if self.connection.flat else self.connection.windows.width
        stride = self.kernel.stride[1]
        reach = axis_reach(width, self.kernel.columns, stride, self.kernel.padding[1])
        remainder = np.arange(self.kernel.columns) % stride
        place = np.argsort(reach.order)
        first = {int(r): int(place[remainder == r].min()) for r in np.unique(remainder)}
        turn = place - np.array([first[int(r)] for r in remainder])
        return Columns(reach, remainder, turn)

    @cached_property
    def runs(self) -> NDArray[np.int64]:
        """int64 [columns of the map, 2]: remainder and turn of the first kernel column that a source meets."""
        kernel_column = self.columns.reach.order[self.columns.reach.reach[:, 2]]
        return np.stack([self.columns.remainder[kernel_column], self.columns.turn[kernel_column]], axis=1)

    @cached_property
    def first_bank(self) -> NDArray[np.int64]:
        """int64 [columns of the map, groups]: the bank in which the first column of a run's unit must start."""
        pixel = self.columns.reach.reach[:, 0].astype(np.int64) - self.runs[:, 1]
        first = np.array([group.first for group in self.group])
        return (pixel[:, None] * self.connection.target.quads + first) % self.lanes.banks

    @cached_property
    def blocks(self) -> list[Block]:
        """Of each group; groups that need the same share one."""
        touched = self.columns.reach.counts > 0
        remainders = self.runs[touched, 0]
        found: dict[tuple[int, tuple[Unit, ...]], Block] = {}
        blocks = []
        for group, banks in zip(self.group, self.first_bank[touched].T, strict=True):
            units = {Unit(int(r), int(b)) for r, b in zip(remainders, banks, strict=True)}
            units |= {
                Unit(r, 0) for r in range(len(self._slots)) if r not in {unit.remainder for unit in units}
            }
            key = group.quads, tuple(sorted(units))
            if key not in found:
                slots = [
                    (unit, Slots(self._slots[unit.remainder], self.pitch, group.quads)) for unit in key[1]
                ]
                found[key] = place_units(slots, self.lanes.banks)
            blocks.append(found[key])
        return blocks

    @cached_property
    def _slots(self) -> list[int]:
        """Kernel columns of each remainder."""
        return [int(n) for n in np.bincount(self.columns.remainder)]

    @cached_property
    def row_words(self) -> int:
        """Words of a block."""
        return self.lanes.words(max(block.quads for block in self.blocks))

    @property
    def channel_words(self) -> int:
        """Words of the blocks of an input channel."""
        return self.kernel.rows * self.row_words

    @property
    def words(self) -> int:
        return self.kernel.inputs * self.channel_words

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64 [groups, remainders, banks]: first quads of the units, -1 where there is none."""
        starts = np.full((len(self.group), len(self._slots), self.lanes.banks), -1)
        for group, block in enumerate(self.blocks):
            for unit, quad in block.starts.items():
                starts[group, unit.remainder, unit.bank] = quad
        return starts

    @property
    def copies(self) -> Sequence[Places]:
        """Every place of the weights; those that are stored less often than others repeat a place."""
        return [self._places(copy) for copy in range(self.lanes.banks)]

    def _places(self, copy: int) -> Places:
        kernel, starts = self.kernel, self.starts
        present = np.argsort(starts < 0, axis=2, kind="stable")  # banks with a unit first
        count = (starts >= 0).sum(axis=2, keepdims=True)
        bank = np.take_along_axis(present, np.minimum(copy, count - 1), axis=2)
        unit = np.take_along_axis(starts, bank, axis=2)[..., 0]  # [groups, remainders]
        column = unit[:, self.columns.remainder] + self.columns.turn * self.pitch  # [groups, kernel columns]
        row = np.argsort(self.rows.order) * self.row_words
        block = row[:, None] + self.base + np.arange(kernel.inputs) * self.channel_words
        group = np.arange(kernel.inputs) // (kernel.inputs // kernel.groups)
        channel = group[:, None] * kernel.outputs + np.arange(kernel.outputs)  # [inputs, outputs]
        first = np.array([g.first for g in self.group])[self.group_of]
        quad = column[self.group_of].T[:, :, None] + (channel // self.lanes.quad - first[:, None])
        address = block[:, None, :, None] * self.lanes.banks + quad[None]
        lane = address % self.lanes.banks * self.lanes.quad + channel % self.lanes.quad
        return Places(address // self.lanes.banks, lane)


@dataclass(frozen=True)
class OrPlan:
    """Weights of every or stage, from word `base` on: in every bank, for each lane a quad with a 1 in that lane."""

    lanes: Lanes
    base: int

    @property
    def words(self) -> int:
        return self.lanes.quad

    @property
    def places(self) -> Places:
        """Of the ones, int64 [banks, lanes of a quad]."""
        lane = np.arange(self.lanes.quad)
        word = np.broadcast_to(self.base + lane, (self.lanes.banks, self.lanes.quad))
        return Places(word, np.arange(self.lanes.banks)[:, None] * self.lanes.quad + lane)


@dataclass(frozen=True)
class WeightPlan:
    """of: the plan of each of the engine's connections. words: of the weight memory."""

    of: dict[Connection, KernelPlan | OrPlan]
    words: int


def plan_weights(engine: Engine) -> WeightPlan:
    """Raises EdgeSastError where the memory would be too large."""
    plans: dict[Connection, KernelPlan | OrPlan] = {}
    base, ones = 0, None
    for connection in engine.connections:
        if connection.kernel is None:
            if ones is None:
                ones = OrPlan(engine.lanes, base)
                base += ones.words
            plans[connection] = ones
            continue
        plans[connection] = plan = KernelPlan(connection, connection.kernel, engine.lanes, base)
        base += plan.words
        if base > MAX_WORDS:
            flatten = ", or no flatten before this conv2d of several groups" if plan.joined else ""
            raise EdgeSastError(
                f"layers[{connection.target.index}]: the weights up to here need {base} words of "
                f"{engine.lanes.count} lanes; at most {MAX_WORDS} can be addressed: use fewer channels or neurons, "
                f"smaller kernels, or more lanes{flatten}"
            )
    return WeightPlan(plans, base)


def weight_places(plan: KernelPlan) -> Places:
    """One place of each weight: from there a reader gathers the tensor."""
    places = plan._places(0)
    shape = (plan.kernel.inputs, plan.kernel.outputs) if plan.kernel.flat else places.word.shape
    return Places(places.word.reshape(shape), places.lane.reshape(shape))
