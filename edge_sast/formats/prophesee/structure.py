"""Which words a RAW file has that says nothing of them: a rule about their kinds and times.

It takes 64 words (32 of EVT2.1) of kinds that the version has, among them events and time words, whose times never
step back and rise by no more than seconds. 64 random words of EVT2 pass the first part by chance once in 10^23, of
EVT3 once in 10^10; text and zeros hold no time words. EVT2 and EVT2.1 are alike where the latter's masks are sparse,
but EVT2.1 has its time words in every second half only.
"""

from __future__ import annotations

import numpy as np

MIN_BYTES = 256
_EVT2_KINDS = (0, 1, 8, 10, 13, 14, 15)
_EVT21_KINDS = (0, 1, 8, 10, 14, 15)
_EVT3_KINDS = (0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15)
_VECTORS = (4, 5)
TIME = 8


def versions_by_structure(data: bytes) -> tuple[str, ...]:
    """The versions ("2", "2.1", "3") that the words at the beginning of a file can be; () where that is not sure."""
    if len(data) < MIN_BYTES:
        return ()
    evt2, orders, evt3 = _evt2(data), evt21_orders(data), _evt3(data)
    times = np.flatnonzero(np.frombuffer(data, "<u4", len(data) // 4) >> 28 == TIME)
    if evt2 and orders and len(set((times % 2).tolist())) < 2:
        return ()
    found = ("2",) * evt2 + ("2.1",) * (bool(orders) and not evt2) + ("3",) * evt3
    return found if len(found) == 1 else ()


def _evt2(data: bytes) -> bool:
    words = np.frombuffer(data, "<u4", len(data) // 4)
    kinds = words >> 28
    times = words[kinds == TIME] & 0xFFFFFFF
    return bool(np.isin(kinds, _EVT2_KINDS).all() and (kinds <= 1).any() and _run(times, 28, 1 << 20))


def evt21_orders(data: bytes) -> tuple[str, ...]:
    """The byte orders, of "little" and "legacy", in which data look like words of EVT2.1."""
    halves = np.frombuffer(data, "<u4", len(data) // 8 * 2)
    return tuple(
        order
        for order, upper, lower in (
            ("little", halves[1::2], halves[::2]),
            ("legacy", halves[::2], halves[1::2]),
        )
        if _evt21(upper, lower)
    )


def _evt21(upper: np.ndarray, lower: np.ndarray) -> bool:
    kinds = upper >> 28
    times = upper[kinds == TIME] & 0xFFFFFFF
    masks = lower[kinds <= 1]
    known = np.isin(kinds, _EVT21_KINDS).all()
    return bool(known and len(masks) and masks.all() and _run(times, 28, 1 << 20))


def _evt3(data: bytes) -> bool:
    words = np.frombuffer(data, "<u2", len(data) // 2)
    kinds = words >> 12
    times = words[kinds == TIME] & 0xFFF
    vectors = np.isin(kinds[1:], _VECTORS)
    based = np.isin(kinds[:-1], (3, *_VECTORS))
    return bool(
        np.isin(kinds, _EVT3_KINDS).all()
        and np.isin(kinds, (2, *_VECTORS)).any()
        and (kinds == 0).any()
        and (based | ~vectors).all()
        and len(times)
        and _run(times, 12, 1 << 10)
    )


def _run(times: np.ndarray, bits: int, most: int) -> bool:
    """Times of a clock of so many bits, at least one, that never step back and rise by less than `most`."""
    wide = times.astype(np.int64)
    steps = (wide[1:] - wide[:-1]) & ((1 << bits) - 1)
    return bool(len(times) and (steps < most).all())
