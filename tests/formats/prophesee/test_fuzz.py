"""Whatever bytes a RAW or DAT file has: events, or one clear line; and no more memory than a few blocks.

EDGE_SAST_FUZZ_MINUTES: processor time for each format of the long test, 10 where it is not set.
"""

import io
import os
import time
import tracemalloc

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Defects, Policy, cleaned
from edge_sast.formats.prophesee.words import PIECE_EVENTS
from edge_sast.formats.registry import open_stream
from tests.formats.prophesee.oracle import HEADS, dat_of, data_of, file_of, words_of_events

MINUTES = float(os.environ.get("EDGE_SAST_FUZZ_MINUTES", "10"))
FORMS = (*HEADS, "dat")
FILE_BYTES = 6 << 20
MOST_BYTES = 4 << 20  # blocks of the file and their events as read and as cleaned, the last ones still in use
LINES = (
    b"% geometry 99999999999999x1\n", b"% geometry 65536x65536\n", b"% t0 9999999999999999999\n", b"% end\n", b"% \n",
    b"% format ;;;=;\n", b"% format EVT21;endianness=\n", b"% evt 2.1\n", b"% Version 1e9\n",
    b"% sensor_generation 4.2\n",
)  # fmt: skip


def outcome(data: bytes, key: str | None, policy: Policy) -> int:
    """Events read; -1 where the file was refused in one line."""
    name = "fuzz.dat" if key == "dat" else "fuzz.raw"
    reading, count = Reading(Defects(policy)), 0
    try:
        _, opened = open_stream(io.BytesIO(data), name, reading, key)
        for chunk in cleaned(opened.chunks, name, opened.header.sensor, reading.defects, opened.offset_of):
            assert len(chunk) <= PIECE_EVENTS + 32
            assert not len(chunk) or chunk["p"].max() <= 1
            count += len(chunk)
    except EdgeSastError as error:
        line = str(error)
    else:
        return count
    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    return -1


def whole_file(form: str, rng: np.random.Generator) -> bytes:
    """A sound file of a few hundred events."""
    count = int(rng.integers(1, 300))
    t = np.cumsum(rng.integers(0, 9000, count)).tolist()
    events = list(zip(t, *(rng.integers(0, top, count).tolist() for top in (1280, 720, 2)), strict=True))
    if form == "dat":
        return dat_of(events)
    words = words_of_events(form, events)
    return file_of(form, words) if rng.random() < 0.8 else data_of(form, words)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Bits turned, bytes cut out, doubled or made anew, and header lines put in."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(0, 6))):
        place = int(rng.integers(0, len(raw) + 1))
        kind = int(rng.integers(0, 6))
        if kind == 0 and place < len(raw):
            raw[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            del raw[place : place + int(rng.integers(0, 40))]
        elif kind == 2:
            raw[place:place] = rng.bytes(int(rng.integers(0, 40)))
        elif kind == 3:
            raw[place:place] = raw[place : place + int(rng.integers(0, 400))]
        elif kind == 4:
            raw[0:0] = LINES[int(rng.integers(0, len(LINES)))]
        else:
            del raw[place:]
    return bytes(raw)


def fuzz(form: str, seed: int) -> int:
    rng = np.random.default_rng(seed)
    data = (
        damaged(whole_file(form, rng), rng) if rng.random() < 0.9 else rng.bytes(int(rng.integers(0, 3000)))
    )
    key = form.removesuffix("-legacy") if rng.random() < 0.5 else None
    return outcome(data, key, list(Policy)[int(rng.integers(0, 4))])


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files_are_read_or_refused_in_one_line(form):
    found = [fuzz(form, seed) for seed in range(150)]
    assert min(found) == -1
    assert max(found) > 100


@pytest.mark.quality
@pytest.mark.parametrize("form", FORMS)
def test_damaged_files_for_minutes(form):
    start, seed = time.process_time(), 1_000_000
    while time.process_time() - start < 60 * MINUTES:
        fuzz(form, seed)
        seed += 1
    print(f"{form}: {seed - 1_000_000} files")


@pytest.mark.parametrize("form", FORMS)
def test_memory_is_that_of_a_few_blocks_whatever_the_words_are(form):
    """Masks that are full, words of time alone, and noise, each longer than that."""
    bits = 8 * {"evt2": 4, "evt3": 2}.get(form, 8) - 4
    start = [8 << bits, *([0] if form == "evt3" else [])]
    full = [0x4FFF, 0x4FFF, 0x50FF] if form == "evt3" else [(1 << bits) - 1]
    head = HEADS[form].encode() if form != "dat" else b"% Version 2\n\x0c\x08"
    bodies = [np.random.default_rng(2).bytes(FILE_BYTES)]
    if form != "dat":
        bodies += [data_of(form, start + full * 9) * (FILE_BYTES // len(data_of(form, start + full * 9)))]
        bodies += [data_of(form, start[:1]) * (FILE_BYTES // len(data_of(form, start[:1])))]
    outcome(head + bodies[0][:3000], None, Policy.DROP)  # compiles
    for body in bodies:
        data = head + body
        tracemalloc.start()
        outcome(data, form.removesuffix("-legacy"), Policy.DROP)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST_BYTES, peak
