"""Numba's disk cache of compiled kernels, made so that it never decides over a run.

Numba keeps its files without a checksum and unpickles what it finds; machine code that was cut off or altered would end
the process, or be run. Here each file is sealed: what is not as it was written is not read, and is written anew.
What cannot be written costs one line on stderr.

Built on numba.core.caching, which is no public interface: tests hold what is used of it.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.runtime import rtsys

from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from edge_sast.terminal import echo

_DIGEST_BYTES = hashlib.sha256().digest_size
_warned: list[str] = []
_told: list[bool] = []


def cache_of(function: Callable[..., Any]) -> FunctionCache | NullCache:
    """Where the compiled forms of `function` are kept: beside its source, or in the user's cache folder."""
    try:
        return KernelCache(function)
    except (RuntimeError, OSError) as error:  # RuntimeError: Numba found no folder that can be written
        return Nowhere(f"{Path(function.__code__.co_filename).parent}: {' '.join(str(error).split())}")


class KernelCache(FunctionCache):
    """Numba's cache of a function; whatever goes wrong with it, the function is compiled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = SealedFiles(
            self.cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            # Not super().load_overload: it first imports all that compiling needs, and SciPy where it is there. That
            # takes longer than a small command. What compiles afterwards imports it then.
            rtsys.initialize(target_context)  # memory of Numba's own, which compiled code may ask for
            with self._guard_against_spurious_io_errors():
                found = self._load_overload(sig, target_context)
        # What was sealed whole, but by another version of a package: it raises whatever it raises.
        except Exception:
            found = None
        if found is None:
            _tell_compiling()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except EdgeSastError as error:
            _warn(str(error))
        except OSError as error:
            _warn(f"{error.filename or self.cache_path}: {error.strerror or error}")


class Nowhere(NullCache):
    """No cache at all, for want of a folder; says so when something was compiled."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def save_overload(self, *_: Any) -> None:
        _warn(self._reason)


class SealedFiles(IndexDataCacheFile):
    """The index and the data of one function: each file begins with the SHA-256 of the rest.

    Each entry holds its own key too: two processes that begin an index at once give one name to two entries.
    """

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        found = super().load(key)
        return found[1] if found is not None and found[0] == key else None

    def _load_index(self) -> dict[Any, str]:
        found = _unseal(self._index_path)
        if not isinstance(found, tuple) or found[:2] != (self._version, self._source_stamp):
            return {}
        overloads: dict[Any, str] = found[2]
        return overloads

    def _save_index(self, overloads: dict[Any, str]) -> None:
        _seal(self._index_path, self._dump((self._version, self._source_stamp, overloads)))

    def _load_data(self, name: str) -> Any:
        return _unseal(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        _seal(self._data_path(name), self._dump(data))


def _seal(path: str, data: bytes) -> None:
    write_atomic(path, hashlib.sha256(data).digest() + data)


def _unseal(path: str) -> Any:
    """What was sealed; None where there is no such file, or not as it was written, or it cannot be loaded."""
    try:
        content = Path(path).read_bytes()
        digest, data = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return pickle.loads(data) if hashlib.sha256(data).digest() == digest else None
    # What a pickle refers to may be gone with another version: it raises whatever it raises.
    except Exception:
        return None


def _tell_compiling() -> None:
    """Why it takes so long, once in a process, to somebody who waits at a terminal."""
    if not _told and sys.stderr.isatty():
        _told.append(True)
        echo("compiling kernels for this computer: takes some seconds, the first time only", error=True)


def _warn(reason: str) -> None:
    """Once in a process: what holds for one kernel holds for all."""
    if not _warned:
        _warned.append(reason)
        echo(
            f"warning: compiled kernels are not kept ({reason}); each command compiles them anew until NUMBA_CACHE_DIR "
            "names a folder with space that can be written",
            error=True,
        )
