"""The grid of neurons and steps that events are sorted into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import check_sensor

MAX_STEPS = 65535
MAX_COUNT = 255
MAX_SHIFT = 7
MAX_DT_US = (1 << 31) - 1


@dataclass(frozen=True)
class Binning:
    """How events become input spikes.

    Attributes:
        sensor_width, sensor_height: pixels of the recordings.
        shift: coordinates are shifted right by this many bits, 0..7.
        dt_us: length of a step in µs, at least 1.
        steps: steps per recording, 1..65535.
        count_cap: largest count per step, pixel and polarity, 1..255; 1 is presence.

    Raises:
        EdgeSastError: a value out of range.
    """

    sensor_width: int
    sensor_height: int
    shift: int
    dt_us: int
    steps: int
    count_cap: int

    def __post_init__(self) -> None:
        check_sensor(self.sensor_width, self.sensor_height, "binning")
        limits = {
            "shift": (0, MAX_SHIFT),
            "dt_us": (1, MAX_DT_US),
            "steps": (1, MAX_STEPS),
            "count_cap": (1, MAX_COUNT),
        }
        for field, (low, high) in limits.items():
            value = getattr(self, field)
            if not isinstance(value, int) or not low <= value <= high:
                raise EdgeSastError(
                    f"binning: {field}={value!r} is out of range; choose a whole number {low}..{high}"
                )
        if self.neurons >= 1 << 31:
            raise EdgeSastError(
                f"binning: {self.width}x{self.height}x2 inputs do not fit 31 bits; raise shift={self.shift}"
            )

    @property
    def channels(self) -> int:
        """Polarities: OFF and ON."""
        return 2

    @property
    def width(self) -> int:
        """Binned columns."""
        return (self.sensor_width + (1 << self.shift) - 1) >> self.shift

    @property
    def height(self) -> int:
        """Binned rows."""
        return (self.sensor_height + (1 << self.shift) - 1) >> self.shift

    @property
    def neurons(self) -> int:
        """Inputs of one step: height * width * 2."""
        return self.height * self.width * self.channels

    def sensor_events(
        self, indices: np.ndarray, counts: np.ndarray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """x, y and polarity of events, int64 [sum of counts], that give inputs `indices` [m] their `counts` [m].

        A binned input stands for a block of pixels; its upper left one is taken.
        """
        inputs = np.repeat(indices, counts).astype(np.int64)
        place = inputs // 2
        return place % self.width << self.shift, place // self.width << self.shift, inputs % 2
