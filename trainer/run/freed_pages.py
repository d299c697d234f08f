"""Keep what a training step frees for the next one.

glibc hands large blocks back to the system when they are freed, and each step then pays for fresh pages, zeroed one by
one: a fifth of a step over many time steps. With blocks from the heap and a heap that does not shrink it does not.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_MOST = 1 << 30  # bytes: an int holds it
_MOST_BY_MANUAL = 1 << 25  # of a block, in mallopt(3): older versions of glibc refuse more


def keep_freed_pages() -> bool:
    """Ask malloc to keep this process's memory; whether it can: glibc does, other systems stay as they are."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    from_heap = any(mallopt(_M_MMAP_THRESHOLD, size) for size in (_MOST, _MOST_BY_MANUAL))
    return from_heap and bool(mallopt(_M_TRIM_THRESHOLD, _MOST))
