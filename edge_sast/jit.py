"""numba.njit with a disk cache that is right after an edit and does without a writable disk."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numba

from edge_sast import kernel_cache

# Import statements, each on lines of its own as the formatter writes them; ten times as fast as parsing the file.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<base>[\w.]*)[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|[^\n]*)",
    re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\n]*")


def jit(
    function: Callable[..., Any],
    *,
    inline: bool = False,
    inner: bool = False,
    borrows: bool = False,
    merged: bool = False,
) -> Callable[..., Any]:
    """`function` compiled by Numba without the GIL; call it below a plain Python function, or decorate with it.

    Division follows NumPy (x / 0 is infinite, not an exception): a check would keep loops from vectorising.

    `inline`: for a few instructions that a loop calls, whose arrays are else passed anew at each call.
    `inner`: called by compiled code alone, so that nothing has to be made that takes Python's objects apart. A call
    from Python would end the process; what a test calls through a plain function above it is no inner one.
    `borrows`: makes and returns no array, nor a tuple of arrays, so that Numba need not count how many variables hold
    one; counting takes longer than a small loop.
    `merged`: LLVM puts it into each caller, where it knows what arguments are constants.
    Loops are shared out among threads by `edge_sast.bulk.parts`. Compiled code is kept on disk where a cache folder is
    writable, and compiled anew in each process where none is.
    """
    # Numba's cache knows neither the options nor the functions that a function calls: two forms would share
    # an entry, and an edit would leave callers in other files stale. So both go into the name.
    stamp = _sources_digest(Path(inspect.getfile(function)))
    named = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    named.__doc__ = function.__doc__
    form = "inline" if inline else "inner" if inner else "called"
    form += "-borrows" * borrows + "-merged" * merged
    named.__qualname__ = f"{function.__name__}_{form}_{stamp}"
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,
    }  # C calls none
    if inline:
        options["inline"] = "always"
    if inner:
        options["no_cpython_wrapper"] = True
    if borrows:
        options["_nrt"] = False
    if merged:
        options["forceinline"] = True
    compiled: Any = numba.njit(**options)(named)
    compiled._cache = kernel_cache.cache_of(named)  # what cache=True does, with files that are checked
    return cast(Callable[..., Any], compiled)


@functools.cache
def _sources_digest(path: Path) -> str:
    """Of a source file and all that it imports of its own package and of this one, however far away."""
    digest = hashlib.sha256()
    open_paths, seen = [path.resolve(), Path(__file__).resolve()], set()
    while open_paths:
        source = open_paths.pop()
        if source not in seen:
            seen.add(source)
            open_paths += _imports(source)
    for source in sorted(seen):
        digest.update(_digest(source))
    return digest.hexdigest()[:12]


@functools.cache
def _digest(source: Path) -> bytes:
    return hashlib.sha256(source.read_bytes()).digest()


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files, resolved, that a source file imports, anywhere in it, of its own package and of edge_sast.

    Of a file in no package: its neighbours instead of its package.
    """
    top = path.parent
    while (top / "__init__.py").is_file():
        top = top.parent
    own = path.relative_to(top).parts[0] if path.parent != top else None
    places = {(top, own), (Path(__file__).resolve().parents[1], "edge_sast")}
    names = set(_imported_names(path, top))
    # importing a module runs the packages above it, which may define what it uses
    names |= {name.rsplit(".", depth)[0] for name in list(names) for depth in range(1, name.count(".") + 1)}
    found = [
        file
        for root, package in places
        for name in names
        if package in (None, name.partition(".")[0])
        for file in _module_files(root, name)
    ]
    return tuple(found)


@functools.cache
def _module_files(root: Path, name: str) -> tuple[Path, ...]:
    stem = f"{root}{os.sep}{name.replace('.', os.sep)}"
    files = (f"{stem}.py", f"{stem}{os.sep}__init__.py")
    return tuple(Path(file).resolve() for file in files if os.path.isfile(file))


def _imported_names(path: Path, top: Path) -> Iterator[str]:
    """Dotted names that may be modules: of `from a import b` both a and a.b."""
    for found in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        dots, base, names = found["dots"] or "", found["base"] or "", _COMMENT.sub("", found["names"])
        above = path.relative_to(top).parts[: -len(dots)] if dots else ()
        listed = [name.split()[0] for name in names.strip("() \t").split(",") if name.strip(" ()\n")]
        stem = ".".join([*above, *([base] if base else [])])
        yield from (listed if not stem else [stem, *(f"{stem}.{name}" for name in listed)])
