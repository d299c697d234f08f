"""Damaged tables for minutes: events, or one clear line, in little time and memory."""

import gc
import io
import os
import random
import sys
import time
import tracemalloc

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Defects, Policy
from edge_sast.formats.registry import format_called
from edge_sast.formats.tables.npz import write_npz
from edge_sast.formats.tables.text import write_text

MINUTES = float(os.environ.get("EDGE_SAST_FUZZ_MINUTES", "10"))  # of processor time, for each format
IMPORTED_BYTES = 4 << 20  # of modules that NumPy takes for some damaged headers
SLOWEST_S = 5.0  # far more than any file here takes


def _seeds() -> dict[str, list[bytes]]:
    rng = np.random.default_rng(0)
    events = np.zeros(300, EVENT_DTYPE)
    for name, top in (("t", 50_000), ("x", 640), ("y", 480), ("p", 2)):
        events[name] = rng.integers(0, top, len(events))
    events.sort(order="t")
    files: dict[str, list[bytes]] = {"text": [], "npz": [], "npy": [], "tonic-npy": []}
    for key, write in (("text", write_text), ("npz", write_npz)):
        out = io.BytesIO()
        write(out, (640, 480), [events])
        files[key].append(out.getvalue())
    files["text"].append(
        b"%geometry:640,480\n" + b"".join(b"%d,%d,%d,%d\n" % (x, y, p, t) for t, x, y, p in events.tolist())
    )
    files["text"].append(
        b"".join(b"%.6f %d %d %d\n" % (t * 1e-6, x, y, 2 * p - 1) for t, x, y, p in events.tolist())
    )
    table = np.column_stack([events["x"], events["y"], events["p"], events["t"]])
    for key, array in (("npy", events), ("tonic-npy", table), ("tonic-npy", np.asfortranarray(table))):
        out = io.BytesIO()
        np.save(out, array)
        files[key].append(out.getvalue())
    return files


NUMBERS = [
    b"\xff" * 8,
    bytes(8),
    (1 << 62).to_bytes(8, "little"),
    (1 << 31).to_bytes(4, "little"),
    b"99999999999",
]


def _damaged(data: bytes, rng: random.Random) -> bytes:
    out, kind = bytearray(data), rng.randrange(4)
    place = rng.randrange(rng.choice((len(out), min(len(out), 200))))
    if kind == 0:
        return data[:place]
    if kind == 1:
        out[place] ^= 1 << rng.randrange(8)
    elif kind == 2:
        number = rng.choice(NUMBERS)
        out[place : place + len(number)] = number
    else:
        out[place:place] = rng.randbytes(rng.randrange(20))
    return bytes(out)


KEYS = pytest.mark.parametrize("key", ["text", "npy", "tonic-npy", "npz"])


@KEYS
def test_damaged_tables_leave_no_memory_behind(key):
    """Read again and again, as by a program that runs for months."""
    opener, seeds, rng = format_called(key).open, _seeds()[key], random.Random(key)
    files = [_damaged(rng.choice(seeds), rng) for _ in range(100)]

    def refused() -> int:
        count = 0
        for data in files:
            try:
                list(opener(io.BytesIO(data), "fuzz", Reading()).chunks)
            except EdgeSastError:
                count += 1
        return count

    def held() -> int:
        gc.collect()
        return sys.getallocatedblocks()

    assert refused() > 20
    before = held()
    for _ in range(5):
        refused()
    assert held() - before < 100


@pytest.mark.quality
@KEYS
def test_damaged_tables_end_in_events_or_in_one_line(key):
    opener, seeds, rng = format_called(key).open, _seeds()[key], random.Random(key)
    for data in seeds:
        list(opener(io.BytesIO(data), "fuzz", Reading()).chunks)  # compiles, and is right
    end, slowest, read, files = time.process_time() + 60 * MINUTES, 0.0, 0, 0
    tracemalloc.start()
    while time.process_time() < end:
        data, policy, begin = _damaged(rng.choice(seeds), rng), rng.choice(list(Policy)), time.process_time()
        try:
            for chunk in opener(io.BytesIO(data), "fuzz", Reading(Defects(policy))).chunks:
                read += len(chunk)
        except EdgeSastError as error:
            text = str(error)
            assert "\n" not in text, text
        slowest, files = max(slowest, time.process_time() - begin), files + 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{key}: {files} files, the slowest {slowest:.2f} s, {most / 2**20:.0f} MiB at most")
    assert read > 0
    assert slowest < SLOWEST_S
    assert most < 2 * contract.CHUNK_BYTES + IMPORTED_BYTES
