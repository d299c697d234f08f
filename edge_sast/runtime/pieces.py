"""How the runs of weights that spikes add are cut into pieces, each for one of the forms of `lanes`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ADD_SOME, ADD_8, ADD_2_OF_8, ADD_16, ADD_32, ADD_64 = range(6)
_SIZES = {ADD_64: 64, ADD_32: 32, ADD_16: 16, ADD_2_OF_8: 16, ADD_8: 8}
_UNIT, _LARGE_UNIT = 8, 16  # lanes of a vector

PIECE_DTYPE = np.dtype(
    [
        (name, np.int64)
        for name in (
            "form",  # ADD_...
            "size",  # lanes
            "first",  # lanes of a run before the piece
            "membrane",  # where it is added, from where the run's first lane is
        )
    ]
)


class Layout(NamedTuple):
    """pitch: from an output position to the next; group: weights of a position; columns: the most positions of a run.

    Where pitch and group differ, other groups lie between the positions of a run.
    """

    pitch: int
    group: int
    columns: int


def padded_channels(channels: int, groups: int) -> int:
    """Lanes from a position to the next: whole vectors, where there is one group.

    So vectors of two positions never overlap in part. A processor waits for what it has just stored where it loads some
    of it together with something else: that takes longer than to add.
    """
    unit = _UNIT if channels <= _UNIT else _LARGE_UNIT
    return channels if groups > 1 else -(-channels // unit) * unit


def pieces(layout: Layout) -> NDArray[np.void]:
    """PIECE_DTYPE: all of a run, the largest forms first."""
    if layout.pitch == layout.group:
        found = _cut(layout.columns * layout.group, 0, 0, layout.pitch % _LARGE_UNIT == 0)
    else:
        found = [
            piece
            for column in range(layout.columns)
            for piece in _cut(layout.group, column * layout.group, column * layout.pitch, False)
        ]
    return np.array(found, PIECE_DTYPE)


def _cut(lanes: int, first: int, membrane: int, large: bool) -> list[tuple[int, ...]]:
    forms = (ADD_64, ADD_32, ADD_16) if large else (ADD_2_OF_8, ADD_8)
    found: list[tuple[int, ...]] = []
    at = 0
    while at < lanes:
        form = next((form for form in forms if _SIZES[form] <= lanes - at), ADD_SOME)
        size = _SIZES.get(form, lanes - at)
        found.append((form, size, first + at, membrane + at))
        at += size
    return found
