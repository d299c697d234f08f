"""Events and recordings: the one in-memory form that every reader produces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.remark import Remark

# t in microseconds; x counts columns from the left, y rows from the top; p is 0 = OFF, 1 = ON.
EVENT_DTYPE = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
# The same, with x and y as one number, x in its lower half: one load or store for both.
JOINED_DTYPE = np.dtype({"names": ["t", "xy", "p"], "formats": ["<i8", "<u4", "u1"], "offsets": [0, 8, 12]})

MAX_SIDE = 1 << 16  # coordinates are uint16
TIME_LIMIT_US = 1 << 62  # differences of two timestamps then fit int64


@dataclass(frozen=True)
class Recording:
    """One recording of an event camera.

    Attributes:
        events: EVENT_DTYPE[n], ordered by time, read-only; n may be 0.
        width, height: the sensor's size in pixels.
        source: where it came from, as error messages name it.
        remarks: what is to be said of its file.

    Raises:
        EdgeSastError: time runs backwards, an event lies outside the sensor, or a polarity is not 0 or 1.
    """

    events: np.ndarray
    width: int
    height: int
    source: str
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        check_events(self.events, self.width, self.height, self.source)
        view = self.events.view()
        view.flags.writeable = False
        object.__setattr__(self, "events", view)

    def __len__(self) -> int:
        return len(self.events)

    @property
    def duration_us(self) -> int:
        """Time from the first to the last event in µs; 0 where there are fewer than two events."""
        return int(self.events["t"][-1] - self.events["t"][0]) if len(self.events) else 0


def check_events(events: np.ndarray, width: int, height: int, source: str) -> None:
    """Refuse events that no sensor of width x height pixels can have produced.

    Args:
        events: EVENT_DTYPE[n].
        width, height: sensor size in pixels, 1..65536 each.
        source: name of the file for the message.

    Raises:
        EdgeSastError: naming the source, the index of the first bad event, its value and the remedy.
    """
    if events.dtype != EVENT_DTYPE or events.ndim != 1:
        raise EdgeSastError(
            f"{source}: events are {events.dtype}{list(events.shape)}, not a one-dimensional "
            f"EVENT_DTYPE array; "
            "build them with edge_sast.events.recording.make_events"
        )
    check_sensor(width, height, source)
    _check_time(events["t"], source)
    for axis, limit in (("x", width), ("y", height)):
        outside = events[axis] >= limit
        if outside.any():
            index = int(outside.argmax())
            raise EdgeSastError(
                f"{source}: event {index}: {axis}={events[axis][index]} lies outside the "
                f"{width}x{height} sensor; "
                "pass --sensor WxH with the real size, or replace the file if it is damaged"
            )
    bad = events["p"] > 1
    if bad.any():
        index = int(bad.argmax())
        raise EdgeSastError(
            f"{source}: event {index}: polarity {events['p'][index]} is neither 0 (OFF) nor 1 (ON); "
            "the file is damaged or of another format: convert it again"
        )


def check_sensor(width: int, height: int, source: str) -> None:
    """Refuse a sensor size (pixels) that uint16 coordinates cannot address."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise EdgeSastError(
            f"{source}: sensor {width}x{height} is out of range; give --sensor WxH with sides of "
            f"1..{MAX_SIDE}"
        )


def _check_time(t: np.ndarray, source: str) -> None:
    backwards = t[1:] < t[:-1]
    if backwards.any():
        index = int(backwards.argmax()) + 1
        raise EdgeSastError(
            f"{source}: event {index}: time runs backwards, from {t[index - 1]} µs to {t[index]} µs; "
            "events are never sorted silently: convert the file again in time order"
        )
    if len(t) and (t[0] < 0 or t[-1] >= TIME_LIMIT_US):
        index = 0 if t[0] < 0 else len(t) - 1
        raise EdgeSastError(
            f"{source}: event {index}: t={t[index]} µs is out of range 0..2^62; the file is damaged: "
            f"convert it again"
        )


def make_events(t: np.ndarray, x: np.ndarray, y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Four columns of length n (t in µs) as EVENT_DTYPE[n]; numbers of any type, whose values must fit.

    Raises:
        EdgeSastError: a value that is not whole, or that the field cannot hold; nothing is rounded or wrapped.
    """
    events = np.empty(len(t), dtype=EVENT_DTYPE)
    for field, values in (("t", t), ("x", x), ("y", y), ("p", p)):
        _check_fits(field, np.asarray(values))
        events[field] = values
    return events


def _check_fits(field: str, values: np.ndarray) -> None:
    if np.can_cast(values.dtype, EVENT_DTYPE[field]):
        return
    if values.dtype.kind == "f" and values.dtype.itemsize < 4:
        values = values.astype(np.float32)  # 16 bits do not hold the limits
    limits = np.iinfo(EVENT_DTYPE[field])
    # Below the limit plus 1, which is a float too; written so that NaN is bad.
    bad = ~((values >= limits.min) & (values < limits.max + 1) & (values == np.floor(values)))
    if bad.any():
        index = int(bad.argmax())
        raise EdgeSastError(
            f"event {index}: {field}={values[index]} is not a whole number {limits.min}..{limits.max}; "
            "give values that are"
        )


def parse_sensor(text: str) -> tuple[int, int]:
    """`"34x34"` as (width, height) in pixels.

    Raises:
        EdgeSastError: the text is not WxH, or a side is out of range.
    """
    width, x, height = text.lower().partition("x")
    if not (x and width.isdecimal() and height.isdecimal()):
        raise EdgeSastError(
            f"--sensor '{text}' is not a size; write it as WIDTHxHEIGHT in pixels, such as 34x34"
        )
    check_sensor(int(width), int(height), f"--sensor {text}")
    return int(width), int(height)
