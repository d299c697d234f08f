"""What a decoder notes of the events that it makes, for whoever checks them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_sast.events.recording import TIME_LIMIT_US


@dataclass
class Glance:
    """What a decoder saw of a chunk as it made it: then a check for defects need not look at all its events.

    Attributes:
        bits: int64[3]. 0: what a decoder adds to x | y << 16, so that bits of the sum, or of that alone, tell whether a
            side is outside the sensor. Then what it saw: 1: below 0 where a time may lie before the one before it in
            the chunk; 2: all bits that there were in such numbers. Both may say too much where all is well, never too
            little.
        chunk: the very array that they are of, None where no decoder looked.
    """

    bits: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    chunk: np.ndarray | None = None

    def is_clean(self, chunk: np.ndarray, last: int, sides: int, max_gap: int) -> bool:
        """Whether a chunk has no defect; False also where only a closer look can tell.

        last: time before it, below 0 for none; sides: the bits that tell that a side is outside; max_gap: in µs.
        """
        seen, self.chunk = self.chunk, None
        if seen is not chunk or not len(chunk):
            return False
        times = chunk["t"]
        first, final = int(times[0]), int(times[-1])
        begin = first if last < 0 else last
        _, signs, met = self.bits.tolist()
        return (
            0 <= begin <= first
            and final - begin <= max_gap
            and final < TIME_LIMIT_US
            and signs >= 0
            and not met & sides
        )
