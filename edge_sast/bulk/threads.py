"""A map over threads that keeps the order and stops soon."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Inflating and the compiled kernels release the interpreter lock; more threads than this wait for the rest.
THREADS = 4
# An error or an interruption waits for one chunk, not for everything that was asked for.
CHUNK = 256


def map_in_order(function: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result, None, None]:
    """`map(function, items)` on a few threads; the first exception ends it, as does `close`."""
    pool = ThreadPoolExecutor(THREADS)
    try:
        for start in range(0, len(items), CHUNK):
            yield from pool.map(function, items[start : start + CHUNK])
    finally:
        # No thread is waited for. A map that was left is closed by the garbage collector, in whatever thread it runs:
        # one of these cannot wait for itself, and another may hold what these wait for.
        pool.shutdown(wait=False, cancel_futures=True)
