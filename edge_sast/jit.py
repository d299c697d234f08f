"""numba.njit with a disk cache that is right after an edit and does without a writable disk."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba

from edge_sast import kernel_cache
from edge_sast.environment import let_threads_sleep

let_threads_sleep()  # before Numba's first parallel loop


def jit(function: Callable[..., Any], *, parallel: bool = False, inline: bool = False) -> Callable[..., Any]:
    """`function` compiled by Numba without the GIL; call it below a plain Python function, or decorate with it.

    Division follows NumPy (x / 0 is infinite, not an exception): a check would keep loops from vectorising.

    `inline`: for a few instructions that a loop calls, whose arrays are else passed anew at each call.
    Serial and parallel forms may be made of the same function. Compiled code is kept on disk where a cache
    folder is writable, and compiled anew in each process where none is.
    """
    # Numba's cache knows neither the options nor the functions that a function calls: two forms would share
    # an entry, and an edit would leave callers in other files stale. So both go into the name.
    stamp = _sources_digest(Path(inspect.getfile(function)).parent)
    named = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    named.__doc__ = function.__doc__
    named.__qualname__ = f"{function.__name__}_{'parallel' if parallel else 'serial'}_{stamp}"
    options: dict[str, Any] = {"nogil": True, "parallel": parallel, "error_model": "numpy"}
    if inline:
        options["inline"] = "always"
    compiled: Any = numba.njit(**options)(named)
    compiled._cache = kernel_cache.cache_of(named)  # what cache=True does, with files that are checked
    return cast(Callable[..., Any], compiled)


@functools.cache
def _sources_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted({*folder.glob("*.py"), Path(__file__), Path(kernel_cache.__file__)}):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
