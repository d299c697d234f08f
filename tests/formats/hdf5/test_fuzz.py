"""Damaged HDF5 files: events, or one clear line. Each is read in a process of its own, as HDF5's library may end that.

EDGE_SAST_FUZZ_MINUTES: processor time of the long test, 10 where it is not set.
"""

import io
import os
import resource
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Defects, Policy
from edge_sast.formats.hdf5.read import open_hdf5
from edge_sast.formats.hdf5.write import write_hdf5
from tests.formats.aedat.oracles import random_events

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py: pip install 'edge-sast[hdf5]'")

MINUTES = float(os.environ.get("EDGE_SAST_FUZZ_MINUTES", "10"))
SECONDS = 5  # that one file of some kB may take
MEMORY = 4 << 30  # bytes of addresses, most of them of libraries
READ, REFUSED, WRONG = range(3)  # exit codes
NUMBERS = (b"\xff" * 8, bytes(8), (1 << 62).to_bytes(8, "little"), (1 << 31).to_bytes(8, "little"))


def seeds() -> list[bytes]:
    events, files = random_events(1, 300, 300, 200), []
    for compression in ("gzip", None):
        out = io.BytesIO()
        write_hdf5(out, (304, 240), [events], compression)
        files.append(out.getvalue())
    compound = np.empty(len(events), [("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")])
    for name in "xypt":
        compound[name] = events[name]
    table = np.column_stack([events["x"], events["y"], events["t"] * 1e-6, events["p"] * 2.0 - 1])
    for place, values in (("CD/events", compound), ("davis/left/events", table)):
        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            file.create_dataset(place, data=values, chunks=(64, *values.shape[1:]))
            file.attrs["geometry"] = "304x240"
        files.append(out.getvalue())
    return files


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Bits turned, numbers of extreme values, bytes put in, cut: most of it in what describes the data."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        place, kind = int(rng.integers(0, min(len(raw), 6000))), int(rng.integers(0, 5))
        if kind == 0:
            raw[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            number = NUMBERS[int(rng.integers(0, len(NUMBERS)))]
            raw[place : place + len(number)] = number
        elif kind == 2:
            raw[place : place + 4] = rng.bytes(4)
        elif kind == 3:
            raw[place:place] = rng.bytes(int(rng.integers(1, 20)))
        elif rng.random() < 0.2:
            del raw[int(rng.integers(1, len(raw))) :]
    return bytes(raw)


def outcome(data: bytes, policy: Policy) -> str:
    """How a process that reads a file ends."""
    child = os.fork()
    if not child:
        os._exit(_read(data, policy))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return ("read", "refused", "wrong")[os.WEXITSTATUS(status)]


def _read(data: bytes, policy: Policy) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for chunk in open_hdf5(io.BytesIO(data), "fuzz", Reading(Defects(policy))).chunks:
            assert chunk["p"].max() <= 1
    except EdgeSastError as error:
        if str(error).startswith("fuzz") and "\n" not in str(error):
            return REFUSED
        print(repr(error), file=sys.stderr, flush=True)
        return WRONG
    except BaseException as error:  # the one that is told is found by it
        print(repr(error), file=sys.stderr, flush=True)
        return WRONG
    return READ


def fuzz(rng: np.random.Generator, going: Callable[[], bool]) -> Counter[str]:
    """Outcomes of damaged files while `going()`."""
    whole, found = seeds(), Counter[str]()
    for data in whole:
        assert _in_this_process(data) == 300  # and compiles
    while going():
        data = damaged(whole[found.total() % len(whole)], rng)
        found[outcome(data, list(Policy)[int(rng.integers(0, 4))])] += 1
    return found


def _in_this_process(data: bytes) -> int:
    return sum(len(chunk) for chunk in open_hdf5(io.BytesIO(data), "fuzz", Reading()).chunks)


@pytest.mark.quality
def test_damaged_files_for_minutes():
    """Of random damage that no run repeats: what ends or holds up HDF5's library is nobody's to keep. It is counted."""
    end = _spent() + 60 * MINUTES
    found = fuzz(np.random.default_rng(), lambda: _spent() < end)
    print(f"hdf5: {found.total()} files, {dict(found)}")
    assert not found["wrong"]
    assert found["read"] > 10
    assert found["refused"] > 10


def _spent() -> float:
    """Processor seconds of this process and of those that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
