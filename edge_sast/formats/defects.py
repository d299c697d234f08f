"""What is wrong with events in a file, and what is done about it: one policy for all formats.

| defect         | reject | drop                          | clip                            | keep                    |
|----------------|--------|-------------------------------|---------------------------------|-------------------------|
| step back      | error  | events before the latest time | held at the latest time         | as they are             |
|                |        | are left out                  |                                 |                         |
| gap            | error  | all events behind it are left | closed to the longest allowed   | as it is                |
|                |        | out                           |                                 |                         |
| out of sensor  | error  | left out                      | moved to the nearest edge       | as they are             |
| unknown word   | error  | skipped                       | skipped                         | skipped                 |
| truncated end  | error  | the broken event is left out  | the same                        | the same                |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.glance import Glance
from edge_sast.events.recording import EVENT_DTYPE, JOINED_DTYPE, TIME_LIMIT_US
from edge_sast.jit import jit

MAX_GAP_US = (
    3_600_000_000  # an hour: a damaged clock jumps further, a camera at rest is seldom silent for as long
)
NO_EVENT = -1  # "the time before the first event"


class Policy(StrEnum):
    """What is done with a defect."""

    REJECT = "reject"
    DROP = "drop"
    CLIP = "clip"
    KEEP = "keep"


class Kind(StrEnum):
    """What can be wrong."""

    STEP_BACK = "step back"
    GAP = "gap"
    OUT_OF_SENSOR = "out of sensor"
    UNKNOWN_WORD = "unknown word"
    TRUNCATED = "truncated end"


@dataclass
class Defects:
    """Policy and count of defects of one file.

    Attributes:
        policy: for all kinds.
        max_gap_us: a longer time between two events is a gap.
        counts: kind -> how many were met; none is missing.
        first: kind -> the message of its first.
        glance: where a decoder says what it saw of a chunk.
    """

    policy: Policy = Policy.REJECT
    max_gap_us: int = MAX_GAP_US
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    first: dict[Kind, str] = field(default_factory=dict)
    glance: Glance = field(default_factory=Glance, repr=False, compare=False)

    def found(self, kind: Kind, message: str, count: int = 1) -> None:
        """Count defects of a kind, of which `message` tells the first: source, byte offset, event, time, what is wrong.

        Raises:
            EdgeSastError: the policy is to reject.
        """
        if self.policy is Policy.REJECT:
            raise EdgeSastError(f"{message}; {_remedy(kind)}")
        self.counts[kind] += count
        self.first.setdefault(kind, message)

    def refuse_kept(self, kind: Kind) -> None:
        """For a use that has no room for a kind of defect, even where all are kept.

        Raises:
            EdgeSastError: one was met, and the policy keeps it.
        """
        if self.policy is Policy.KEEP and kind in self.first:
            raise EdgeSastError(f"{self.first[kind]}; {_remedy(kind)}")

    def truncated(self, message: str) -> None:
        """A file that ends inside something; see `found`."""
        self.found(Kind.TRUNCATED, message)

    def unknown_word(self, message: str, count: int = 1) -> None:
        """Words that the format does not know; see `found`."""
        self.found(Kind.UNKNOWN_WORD, message, count)

    @property
    def total(self) -> int:
        """All defects met."""
        return sum(self.counts.values())


def _remedy(kind: Kind) -> str:
    if kind is Kind.TRUNCATED:
        return "the file is truncated or of another format: copy it again, or pass --defects drop"
    if kind is Kind.UNKNOWN_WORD:
        return "the file is damaged or of another format: copy it again, or pass --defects drop to skip such words"
    if kind is Kind.OUT_OF_SENSOR:
        return "pass --sensor WxH with the real size, or --defects drop, clip or keep if the file is damaged"
    if kind is Kind.GAP:
        return "the clock was reset or the file is damaged: pass --defects keep, clip or drop"
    return "events are never sorted silently: convert the file again in time order, or pass --defects drop or clip"


def cleaned(
    chunks: Iterator[np.ndarray],
    source: str,
    sensor: tuple[int, int] | None,
    defects: Defects,
    offset_of: Callable[[int], int] | None = None,
) -> Iterator[np.ndarray]:
    """Chunks whose time does not run backwards, without gaps and within the sensor, as the policy says.

    Args:
        chunks: EVENT_DTYPE[n] each; offset_of: see `Opened`.
        sensor: (width, height) in pixels; None: any coordinates.

    Raises:
        EdgeSastError: a defect where the policy is to reject, and a time outside 0..2^62 whatever the policy.
    """
    width, height = sensor or (1 << 16, 1 << 16)
    bias, sides = _outside_bits(sensor)
    glance = defects.glance
    glance.bits[0] = bias
    # [time of the event before, what is taken off times, 1: everything is left out from here on]
    clock = np.array([NO_EVENT, 0, 0], np.int64)
    done = 0
    for chunk in chunks:
        index, kind = 0, _CLEAN
        if not glance.is_clean(chunk, int(clock[0]), sides, defects.max_gap_us) and not _is_clean(
            chunk.view(JOINED_DTYPE), clock[0], bias, sides, defects.max_gap_us, TIME_LIMIT_US
        ):
            index, kind = _first_defect(chunk, clock[0], width, height, defects.max_gap_us, TIME_LIMIT_US)
        if kind == _CLEAN and not clock[1] and not clock[2]:
            if len(chunk):
                clock[0] = chunk["t"][-1]
            yield chunk
        else:
            place = partial(_place, source, done, offset_of)
            if kind == _RANGE or (kind != _CLEAN and defects.policy is Policy.REJECT):
                before = chunk["t"][index - 1] if index else clock[0]
                _tell(defects, kind, place(index), chunk[index], int(before), sensor, 1)
            kept = np.empty(len(chunk), EVENT_DTYPE)
            met = np.zeros((4, 3), np.int64)
            policy = _POLICIES.index(defects.policy)
            filled = _mend(chunk, kept, clock, width, height, defects.max_gap_us, TIME_LIMIT_US, policy, met)
            if filled < 0:
                _tell(defects, _RANGE, place(-1 - filled), chunk[-1 - filled], 0, sensor, 1)
            for kind in np.flatnonzero(met[:, 0]).tolist():
                count, index, before = met[kind].tolist()
                _tell(defects, kind, place(index), chunk[index], before, sensor, count)
            yield kept[:filled]
        done += len(chunk)


_CLEAN, _BACK, _GAP, _OUTSIDE, _RANGE = range(5)
_SIGN = 1 << 15  # of a half
_POLICIES = (Policy.REJECT, Policy.DROP, Policy.CLIP, Policy.KEEP)


def _outside_bits(sensor: tuple[int, int] | None) -> tuple[int, int]:
    """(what is added to x and y as one number, its bits of which one is set then, or was, where a side is outside)."""
    if sensor is None:
        return 0, 0
    # Of a side over 2^15 some coordinates inside set their bit as well.
    width, height = (max(0, _SIGN - side) for side in sensor)
    return width | height << 16, _SIGN | _SIGN << 16


def _place(source: str, done: int, offset_of: Callable[[int], int] | None, index: int) -> str:
    byte = f" (byte offset {offset_of(index)})" if offset_of else ""
    return f"{source}: event {done + index}{byte}"


def _tell(
    defects: Defects,
    kind: int,
    place: str,
    event: np.void,
    before: int,
    sensor: tuple[int, int] | None,
    count: int,
) -> None:
    """Report `count` defects of a kind, the first of which is `event`; before: the time before it."""
    t = int(event["t"])
    if kind == _RANGE:
        raise EdgeSastError(
            f"{place}: t={t} µs is out of range 0..2^62; the file is damaged: convert it again"
        )
    if kind == _BACK:
        defects.found(Kind.STEP_BACK, f"{place}: time runs backwards, from {before} µs to {t} µs", count)
    elif kind == _GAP:
        jump = f"time jumps by {t - before} µs, from {before} µs to {t} µs, more than {defects.max_gap_us} µs"
        defects.found(Kind.GAP, f"{place}: {jump}", count)
    elif sensor:
        axis = "x" if event["x"] >= sensor[0] else "y"
        outside = f"{axis}={event[axis]} lies outside the {sensor[0]}x{sensor[1]} sensor"
        defects.found(Kind.OUT_OF_SENSOR, f"{place}, t={t} µs: {outside}", count)


@jit
def _is_clean(events, last, bias, sides, max_gap, limit):
    """`_first_defect` finds none; False also where it has to be asked. Nearly all chunks are: it takes no branch.

    events: JOINED_DTYPE[n]. Signs of times and steps, and bits of coordinates that lie outside, are collected over the
    chunk; bias and sides: see `_outside_bits`. A chunk that lasts longer than max_gap may have a gap.
    """
    if len(events) == 0:
        return True
    if last < 0:
        last = max(events[0].t, 0)
    begin, signs, met = last, np.int64(0), np.int64(0)
    for i in range(len(events)):
        event = events[i]
        t, xy = event.t, np.int64(event.xy)
        signs |= t | (t - last)
        met |= xy | (xy + bias)
        last = t
    return signs >= 0 and not met & sides and last - begin <= max_gap and last < limit


@jit
def _first_defect(events, last, width, height, max_gap, limit):
    """(index, kind) of the first defect of a chunk; (0, _CLEAN) for none. last: time before it, NO_EVENT for none."""
    for i in range(len(events)):
        t = events[i].t
        if t < 0 or t >= limit:
            return i, 4
        if last >= 0:
            if t < last:
                return i, 1
            if t - last > max_gap:
                return i, 2
        if events[i].x >= width or events[i].y >= height:
            return i, 3
        last = t
    return 0, 0


@jit
def _mend(events, kept, clock, width, height, max_gap, limit, policy, met):
    """Fills kept as the policy (1 drop, 2 clip, 3 keep) says; returns how many, or -1 - i where the time
    of event i is out of range whatever the policy. clock: see `cleaned`.

    met: int64[4, 3], for each kind of defect how many, the index of the first, and the time before that.
    """
    last, taken, ended = clock
    filled = 0
    for i in range(len(events)):
        if ended:
            break
        event = events[i]
        if event.t < 0 or event.t >= limit:
            return -1 - i
        t, x, y = event.t - taken, event.x, event.y
        if last >= 0 and t < last:
            _count(met, 1, i, last + taken)
            if policy == 1:
                continue
            if policy == 2:
                t = last
        elif last >= 0 and t - last > max_gap:
            _count(met, 2, i, last + taken)
            if policy == 1:
                ended = 1
                break
            if policy == 2:
                taken += t - last - max_gap
                t = last + max_gap
        if x >= width or y >= height:
            _count(met, 3, i, last + taken)
            if policy == 1:
                continue
            if policy == 2:
                x, y = min(x, width - 1), min(y, height - 1)
        last = t
        kept[filled].t = t
        kept[filled].x = x
        kept[filled].y = y
        kept[filled].p = event.p
        filled += 1
    clock[0], clock[1], clock[2] = last, taken, ended
    return filled


@partial(jit, inner=True)
def _count(met, kind, index, before):
    if not met[kind, 0]:
        met[kind, 1] = index
        met[kind, 2] = before
    met[kind, 0] += 1
