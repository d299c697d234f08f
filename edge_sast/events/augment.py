"""Random variation of training batches: shift, event drop, mirror.

The changes are those of NDA (Y. Li et al., "Neuromorphic Data Augmentation for Training Spiking Neural
Networks", ECCV 2022, arXiv 2203.06145) and EventDrop (F. Gu et al., IJCAI 2021, arXiv 2106.05836) that map
binned counts to binned counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.jit import jit

MAX_SHIFT = 127  # pixels


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a recording of a batch, drawn anew for each.

    Attributes:
        shift: moves by -shift..shift pixels in y and in x, uniformly; what leaves the frame is lost, zeros
            enter.
        drop: probability that an event is lost, 0 <= drop < 1; each unit of a count is one event.
        flip: mirrors left and right with probability 1/2. Wrong for digits and text.

    Raises:
        EdgeSastError: a value out of range.
    """

    shift: int = 0
    drop: float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.shift, int) or not 0 <= self.shift <= MAX_SHIFT:
            raise EdgeSastError(
                f"augmentation: shift={self.shift!r} is out of range; choose whole pixels 0..{MAX_SHIFT}"
            )
        if not 0.0 <= self.drop < 1.0:
            raise EdgeSastError(
                f"augmentation: drop={self.drop!r} is out of range; choose a probability in [0, 1)"
            )

    def apply(
        self, dense: np.ndarray, rng: np.random.Generator, first: int = 0, of: int | None = None
    ) -> np.ndarray:
        """A varied copy of a batch; `dense` itself stays as it is.

        Args:
            dense: uint8[B, T, H, W, 2], C order.
            rng: the only source of randomness: the same state and batch give the same result.
            first, of: `dense` is the part of a batch of `of` recordings that begins with this one, and is varied as
                in the whole.

        Raises:
            EdgeSastError: not a batch of this form.
        """
        if dense.dtype != np.uint8 or dense.ndim != 5:
            raise EdgeSastError(
                f"augmentation: batch is {dense.dtype}{list(dense.shape)}, not uint8[B, T, H, W, 2]; "
                "pass BinnedEvents.dense(...)"
            )
        size, mine = of or len(dense), slice(first, first + len(dense))
        moves = rng.integers(-self.shift, self.shift + 1, size=(size, 2), dtype=np.int64)
        mirror = rng.random(size) < 0.5 if self.flip else np.zeros(size, np.bool_)
        seeds = rng.integers(0, 1 << 63, size=size, dtype=np.uint64)
        # An event is lost where a uniform 32-bit number falls below this bound.
        bound = np.uint64(round(self.drop * (1 << 32)))
        out = np.zeros_like(dense, order="C")
        _vary(np.ascontiguousarray(dense), out, moves[mine], mirror[mine], seeds[mine], bound)
        return out


@jit
def _vary(dense, out, moves, mirror, seeds, bound):
    batch, steps, height, width, channels = dense.shape
    for b in range(batch):
        dy, dx = moves[b]
        state = seeds[b]
        for t in range(steps):
            for y in range(max(0, dy), min(height, height + dy)):
                for x in range(max(0, dx), min(width, width + dx)):
                    to = width - 1 - x if mirror[b] else x
                    for p in range(channels):
                        count = dense[b, t, y - dy, x - dx, p]
                        if count and bound:
                            state, count = _thin(state, count, bound)
                        out[b, t, y, to, p] = count


@partial(jit, inner=True)
def _thin(state, count, bound):
    """Keep each event with probability 1 - bound / 2^32; SplitMix64 (Steele et al., OOPSLA 2014)."""
    kept = 0
    for _ in range(count):
        state += np.uint64(0x9E3779B97F4A7C15)
        z = state
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        if z >> np.uint64(32) >= bound:
            kept += 1
    return state, np.uint8(kept)
