"""The row and column tables: which run of weights and membranes a source spike is.

Run of row r < ny and chunk k < nc, from lane g of quad j of source row y, in quads:

    membranes  (row.q + r * rpw) * B + column.q + k * cw
    weights    (row.u + r * urw) * B + column.u + k * cu + g * s       (s is 0 with LANE_TABLE)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.fields import Field
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import Connection
from firmware_gen.rtl_gen.layout.weights import KernelPlan, OrPlan


class Rows(NamedTuple):
    """Of each source row, int64: rows of targets, first membrane word, first weight word."""

    ny: NDArray[np.int64]
    q: NDArray[np.int64]
    u: NDArray[np.int64]


class Columns(NamedTuple):
    """Of each source of a row, int64: quads of a chunk, chunks, first membrane and weight quad, SynOps of a row."""

    n: NDArray[np.int64]
    nc: NDArray[np.int64]
    q: NDArray[np.int64]
    u: NDArray[np.int64]
    syn: NDArray[np.int64]


@dataclass(frozen=True)
class RunTable:
    """Of one connection. columns: arrays [columns * quads, lanes of a quad], zeros where no channel is.

    lane_quads: weight quads from one lane to the next (s).
    """

    rows: Rows
    columns: Columns
    lane_quads: int

    @property
    def by_quad(self) -> Columns | None:
        """What lane 0 of each quad does, if the others do the same `lane_quads` later; None: one does not."""
        first = Columns(*(values[:, 0] for values in self.columns))
        lane, used = np.arange(self.columns.n.shape[1]), self.columns.n > 0
        for name, values in self.columns._asdict().items():
            wanted = getattr(first, name)[:, None] + (lane * self.lane_quads if name == "u" else 0)
            if ((values != wanted) & used).any():
                return None
        return first


def row_fields(p: Mapping[str, int]) -> tuple[Field, ...]:
    """An entry of `rows`; p: the localparams."""
    return Field("ny", p["NYB"]), Field("q", p["MAW"]), Field("u", p["UAW"])


def column_fields(p: Mapping[str, int]) -> tuple[Field, ...]:
    """An entry of `columns`."""
    chunks = Field("nc", p["NCB"] if p["CHUNKS"] else 0)
    return Field("n", p["NB"]), chunks, Field("q", p["CQB"]), Field("u", p["CUB"]), Field("syn", p["SYNB"])


def run_table(plan: KernelPlan | OrPlan, connection: Connection) -> RunTable:
    """The table of `connection`, whose weights are where `plan` says."""
    if isinstance(plan, OrPlan):
        return RunTable(_or_rows(plan, connection), _or_columns(plan.lanes, connection), plan.lanes.banks)
    step = plan.channel_words * plan.lanes.banks
    return RunTable(_rows(plan), _columns(plan), step)


def _windows(size: int, division: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The window of each source along an axis, the first for those in none; and whether it is in one."""
    window = np.arange(size) // division
    inside = window < size // division
    return np.where(inside, window, 0), inside


def _rows(plan: KernelPlan) -> Rows:
    connection, target = plan.connection, plan.connection.target
    window, inside = _windows(connection.source.height, connection.division)
    first, count, slot = plan.rows.reach[0 if connection.flat else window].T.astype(np.int64)
    used = inside & (count > 0)
    u = plan.base + slot * plan.row_words
    if connection.flat:
        windows = connection.windows
        u = u + window * (windows.width * windows.channels * plan.channel_words)
    q = target.base + first * target.row_words
    return Rows(count * used, q * used, u * used)


def _columns(plan: KernelPlan) -> Columns:
    connection, banks = plan.connection, plan.lanes.banks
    channels = connection.source.channels
    window, inside = _windows(connection.source.width, connection.division)
    place = np.zeros_like(window) if connection.flat else window
    first, count = plan.columns.reach.reach[place, :2].T.astype(np.int64)
    remainder, turn = plan.runs[place].T
    channel = np.arange(channels) + (window[:, None] * channels if connection.flat else 0)  # of the kernel
    group = np.broadcast_to(plan.group_of[channel], (len(window), channels))
    bank = plan.first_bank[place[:, None], group]
    start = plan.starts[group, remainder[:, None], bank] + turn[:, None] * plan.pitch
    u = channel * (plan.channel_words * banks) + start
    feeds = np.array(plan.group)[group]  # [columns, channels, 2]: first quad, quads
    q = first[:, None] * connection.target.quads + feeds[..., 0]
    n = feeds[..., 1] if plan.chunked else feeds[..., 1] * count[:, None]
    nc = count[:, None] if plan.chunked else 1
    syn = count[:, None] * plan.kernel.outputs
    used = (inside & (count > 0))[:, None]
    return _in_quads(plan.lanes, Columns(n * used, np.where(used, nc, 1), q * used, u * used, syn * used))


def _or_rows(plan: OrPlan, connection: Connection) -> Rows:
    window, inside = _windows(connection.source.height, connection.division)
    q = connection.target.base + window * connection.target.row_words
    return Rows(inside.astype(np.int64), q * inside, plan.base * inside)


def _or_columns(lanes: Lanes, connection: Connection) -> Columns:
    window, inside = _windows(connection.source.width, connection.division)
    channel = np.arange(connection.source.channels)
    q = window[:, None] * connection.target.quads + channel // lanes.quad
    u = q % lanes.banks + channel % lanes.quad * lanes.banks
    used = np.broadcast_to(inside[:, None], q.shape)
    one = used.astype(np.int64)
    return _in_quads(lanes, Columns(one, np.ones_like(one), q * used, u * used, 0 * one))


def _in_quads(lanes: Lanes, columns: Columns) -> Columns:
    """[columns, channels] as [columns * quads, lanes of a quad]."""
    width, channels = columns.n.shape
    room = ((0, 0), (0, -channels % lanes.quad))
    return Columns(
        *(
            np.pad(np.broadcast_to(values, (width, channels)), room).reshape(-1, lanes.quad)
            for values in columns
        )
    )
