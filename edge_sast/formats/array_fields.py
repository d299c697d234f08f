"""Columns of numbers as events: times of any unit and type, polarities of 0 or -1 and 1, nothing cut or wrapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, JOINED_DTYPE, TIME_LIMIT_US
from edge_sast.formats.columns import UNITS, check_unit
from edge_sast.formats.contract import Reading
from edge_sast.jit import jit

LARGEST = {"x": 65535, "y": 65535}
PROBED_ROWS = 4096  # of the first times, for their unit


@dataclass
class ArrayFields:
    """How the columns of one file become events.

    Attributes:
        source: the file, for messages.
        unit: of the times, a key of UNITS.
        t0: µs, added to each time.
        done: events before the piece to come.
        off_seen: the kinds of OFF met: bit 0 for 0 (or false), bit 1 for -1.
    """

    source: str
    unit: str = "us"
    t0: int = 0
    done: int = 0
    off_seen: int = 0

    def events(self, t: np.ndarray, x: np.ndarray, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """EVENT_DTYPE[n] of four columns of n numbers, the next of the file.

        Raises:
            EdgeSastError: a value that is no coordinate, polarity or time.
        """
        events = np.empty(len(t), EVENT_DTYPE)
        if self._filled(events, t, x, y, p):
            self.done += len(events)
            return events
        events["t"] = self._times(t)
        for name, values in (("x", x), ("y", y)):
            events[name] = self._checked(name, values, 0, LARGEST[name])
        events["p"] = self._polarity(p)
        self.done += len(events)
        return events

    def _filled(self, events: np.ndarray, t: np.ndarray, x: np.ndarray, y: np.ndarray, p: np.ndarray) -> bool:
        """Fill events in one pass; False where columns are of other types, or something about them is to be told."""
        if (
            self.unit != "us"
            or t.dtype not in _QUICK_T
            or p.dtype not in _QUICK_P
            or not x.dtype == y.dtype == _QUICK_XY
        ):
            return False
        met = int(_fill(events.view(JOINED_DTYPE), t, x, y, p, self.t0, TIME_LIMIT_US))
        seen = self.off_seen | (met & _ODD if p.dtype.kind == "b" else met)  # false is the OFF of no number
        if seen > _MINUS:
            return False
        self.off_seen = seen
        return True

    def _times(self, t: np.ndarray) -> np.ndarray:
        power = UNITS[self.unit]
        if t.dtype.kind == "f":
            t = t.astype(np.float64, copy=False) * 10.0**power
            # to the nearest, halves to even; written so that NaN is bad
            self._refuse("t", ~(np.abs(t) < TIME_LIMIT_US), t, f"below 2^62 µs (unit {self.unit})")
            t = np.rint(t).astype(np.int64)
        else:
            limit = TIME_LIMIT_US // 10 ** max(power, 0)
            low = t < -limit if t.dtype.kind == "i" and t.dtype.itemsize == 8 else False
            if t.dtype.itemsize == 8:
                self._refuse("t", (t >= limit) | low, t, f"below 2^62 µs (unit {self.unit})")
            t = t.astype(np.int64)
            t = t * 10**power if power >= 0 else _divided(t, 10**-power)
        return t + self.t0 if self.t0 else t

    def _polarity(self, p: np.ndarray) -> np.ndarray:
        if p.dtype.kind == "b":
            return p
        p = self._checked("p", p, -1, 1)
        minus, on = p < 0, p > 0
        seen = self.off_seen | 2 * bool(minus.any()) | bool((~minus & ~on).any())
        if seen == 3:
            zero = self.off_seen & 1 or (not self.off_seen & 2 and not minus[int((~on).argmax())])
            bad = minus if zero else ~minus & ~on
            index = int(bad.argmax())
            raise EdgeSastError(
                f"{self.source}: event {self.done + index}: p={p[index]}, and events before have {0 if zero else -1} "
                "for OFF; the columns are mixed up or the file is damaged: convert it again"
            )
        self.off_seen = seen
        return on

    def _checked(self, name: str, values: np.ndarray, least: int, most: int) -> np.ndarray:
        """Values as they came, whole and within least..most."""
        kind = values.dtype
        if kind.kind == "u" and np.iinfo(kind).max <= most:
            return values
        if kind.kind == "f" and kind.itemsize < 4:
            values = values.astype(np.float32)  # 16 bits do not hold the limits
        self._refuse(name, ~((values >= least) & (values <= most)), values, f"{least}..{most}")
        if kind.kind == "f":
            cut = values != np.floor(values)
            if cut.any():
                index = int(cut.argmax())
                raise EdgeSastError(
                    f"{self.source}: event {self.done + index}: {name}={values[index]} is not a whole number; nothing "
                    "is rounded silently: convert the file again"
                )
        return values

    def _refuse(self, name: str, bad: np.ndarray, values: np.ndarray, limits: str) -> None:
        if bad.any():
            index = int(bad.argmax())
            raise EdgeSastError(
                f"{self.source}: event {self.done + index}: {name}={values[index]} is out of range {limits}; convert "
                "the file again"
            )


_QUICK_T = tuple(map(np.dtype, ("i8", "u4")))
_QUICK_XY = np.dtype("u2")
_QUICK_P = tuple(map(np.dtype, ("u1", "i1", "i2", "?")))
_ZERO, _MINUS, _ODD = 1, 2, 4


@jit
def _fill(events, t, x, y, p, t0, limit):
    """Fills events, JOINED_DTYPE; what was met: _ZERO and _MINUS for these polarities, _ODD for what is no event's."""
    signs, zero, minus, odd = np.int64(0), False, False, False
    for i in range(len(events)):
        time, on = t[i] + np.int64(0), p[i] + np.int64(0)  # of any type
        event = events[i]
        event.t = time + t0
        event.xy = np.uint32(x[i]) | np.uint32(y[i]) << 16
        event.p = on > 0
        signs |= time + limit  # below -limit and from limit on it is less than 0
        zero |= on == 0
        minus |= on == -1
        odd |= (on < -1) | (on > 1)
    return zero * _ZERO | minus * _MINUS | (odd | (signs < 0)) * _ODD


def _divided(t: np.ndarray, unit: int) -> np.ndarray:
    """Integers over `unit`, to the nearest, halves to even."""
    whole, rest = np.divmod(t, unit)
    return whole + ((2 * rest > unit) | ((2 * rest == unit) & (whole & 1 == 1)))


def unit_of(first: np.ndarray, source: str, reading: Reading) -> tuple[str, str]:
    """(unit of time, what is to be said of it), by the first PROBED_ROWS times of a file that does not say it.

    Whole numbers are µs and numbers with a fraction are seconds, unless `--time-unit` says another unit.

    Raises:
        EdgeSastError: floats that are all whole, which may be either.
    """
    if reading.time_unit:
        reading.taken.add("time_unit")
        return check_unit(reading.time_unit), ""
    if first.dtype.kind != "f":
        return "us", "times in µs: they are integers (--time-unit says another unit)"
    if len(first) > 1 and first[0] != first[-1] and np.array_equal(first, np.floor(first)):
        raise EdgeSastError(
            f"{source}: the times are floating-point numbers without a fraction, from {first[0]} to {first[-1]}, which "
            "does not tell their unit; say it with --time-unit s, ms, us or ns"
        )
    return "s", "times in seconds: they are floating-point numbers (--time-unit says another unit)"
