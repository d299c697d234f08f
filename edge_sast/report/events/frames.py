"""Events counted into frames of equal length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge_sast.jit import jit


@dataclass(frozen=True)
class Frames:
    """counts: uint32 [frames, height, width, 2], OFF and ON events. begin_us: of the first frame; frame_us: of each."""

    counts: np.ndarray
    begin_us: int
    frame_us: float

    def times_s(self, first_us: int) -> np.ndarray:
        """float64 [frames], where each frame begins, in seconds after first_us."""
        return (self.begin_us - first_us + np.arange(len(self.counts)) * self.frame_us) * 1e-6


def count_frames(
    chunks: Iterable[np.ndarray], sensor: tuple[int, int], begin_us: int, end_us: int, frames: int
) -> Frames:
    """Events with begin_us <= t <= end_us in so many frames of equal length; of a sensor of (width, height) pixels."""
    width, height = sensor
    counts = np.zeros((frames, height, width, 2), np.uint32)
    length = max(1, end_us - begin_us + 1)
    coarse = max(
        0, length.bit_length() - 48
    )  # bits that are left out of long times, for products within 64 bits
    for chunk in chunks:
        _count(chunk, counts, begin_us, length, coarse)
    return Frames(counts, begin_us, length / frames)


@jit
def _count(chunk, counts, begin, length, coarse):
    frames, height, width = counts.shape[:3]
    for event in chunk:
        after = event.t - begin
        if 0 <= after < length and event.x < width and event.y < height:
            frame = min((after >> coarse) * frames // (length >> coarse), frames - 1)
            counts[frame, event.y, event.x, event.p] += 1


def colours(counts: np.ndarray, full: float) -> np.ndarray:
    """A frame (uint [height, width, 2]) as uint8 [height, width, 3]: white, ON towards blue, OFF towards red.

    full: events of a pixel that give the whole colour.
    """
    off, on = np.minimum(np.moveaxis(counts, -1, 0) / max(full, 1), 1.0)
    picture = np.empty((*counts.shape[:2], 3))
    picture[..., 0] = 1 - on
    picture[..., 1] = 1 - 0.85 * np.maximum(on, off)
    picture[..., 2] = 1 - off
    return np.round(picture * 255).astype(np.uint8)


def full_colour(counts: np.ndarray) -> float:
    """What most pixels with events stay below: the 95th percentile of their counts, of all frames."""
    used = counts[counts > 0]
    return float(np.percentile(used, 95)) if len(used) else 1.0
