"""A compiled loop shared out among threads, a consecutive part of its range at a time."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba

Span = tuple[int, int]  # the first of a range and the one after the last

# More parts than threads: one whose core another program has, or whose items are large, leaves the rest to the others.
PARTS_PER_THREAD = 2


def in_parts(
    kernel: Callable[..., Any], count: int, *arguments: Any, parts_per_thread: int = PARTS_PER_THREAD
) -> None:
    """kernel(span, *arguments) for consecutive spans of range(count), on as many threads as Numba's are
    (numba.set_num_threads); all is done when it returns or raises.

    The kernel is made by `edge_sast.jit.jit`, holds no GIL and does the same in any order of parts. Numba's own
    parallel loops would take three times as long to compile, as LLVM goes that often through all that a loop calls,
    and their OpenMP threads and PyTorch's would fight for the cores.
    """
    threads = min(numba.get_num_threads(), count)
    parts = max(1, min(count, threads * parts_per_thread if threads > 1 else 1))
    bounds = [count * i // parts for i in range(parts + 1)]
    left = iter(list(pairwise(bounds)))  # every thread takes the next from it

    def work() -> None:
        for span in left:
            kernel(span, *arguments)

    others = [_pool().submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for other in others:
            if not other.cancel():  # one that got no core so far finds nothing left to do
                other.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Threads that sleep until there is work, kept for the whole process."""
    return ThreadPoolExecutor(numba.config.NUMBA_NUM_THREADS, "edge-sast")  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads stay behind in the parent
