"""Damaged files for minutes: each is read, or refused in one line, and soon."""

import io
import os
import time

import numpy as np
import pytest

from edge_sast.formats import contract
from edge_sast.formats.aedat.aedat2 import AEDAT1, AEDAT2
from edge_sast.formats.aedat.aedat3 import AEDAT3
from edge_sast.formats.aedat.aedat4 import AEDAT4
from edge_sast.formats.atis import ATIS, write_recording_atis
from edge_sast.formats.contract import Format
from edge_sast.formats.defects import Policy
from edge_sast.formats.event_stream import EVENT_STREAM, write_event_stream
from tests.formats.aedat.oracles import aedat4, check_sound, random_events
from tests.formats.aedat.test_aedat2 import aedat2, davis
from tests.formats.aedat.test_aedat3 import aedat3
from tests.formats.test_event_stream import stored

MINUTES = float(os.environ.get("EDGE_SAST_FUZZ_MINUTES", "10"))  # of CPU time, for each format
SECONDS = 10  # that one file of some kB may take at most
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def seeds(of: Format) -> list[bytes]:
    small = random_events(1, 120, 120, 120)
    if of is AEDAT4:
        return [aedat4(small, compression, 50) for compression in range(5)]
    if of is AEDAT3:
        return [aedat3(small, 50)]
    if of is ATIS:
        return [write_recording_atis(small)]
    if of is EVENT_STREAM:
        written = io.BytesIO()
        write_event_stream(written, (304, 240), [small])
        return [written.getvalue(), *(stored(kind, small.tolist()) for kind in (2, 4))]
    if of is AEDAT1:
        return [b"#!AER-DAT1.0\r\n" + bytes(range(256)) * 4, b"# nothing\r\n" + bytes(600)]
    return [aedat2(small.tolist()), davis(small.tolist())]


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Bytes with one to six changes: bits turned, numbers of extreme values, cut, doubled, left out, put in."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 7)):
        place = int(rng.integers(0, len(changed) + 1))
        length = int(rng.integers(1, 40))
        kind = rng.integers(0, 7)
        if kind == 0 and changed:
            changed[place % len(changed)] ^= 1 << rng.integers(0, 8)
        elif kind in (1, 2):
            size = int(rng.choice([1, 2, 4, 8]))
            number = EXTREMES[rng.integers(0, len(EXTREMES))] % (1 << 8 * size)
            changed[place : place + size] = number.to_bytes(size, str(rng.choice(["little", "big"])))
        elif kind == 3:
            changed[place : place + length] = rng.bytes(length)
        elif kind == 4:
            changed[place:place] = changed[place : place + length]
        elif kind == 5:
            del changed[place : place + length]
        else:
            del changed[place:]
    return bytes(changed)


def fuzz(of: Format, seconds: float, monkeypatch) -> int:
    """Damaged files of a format for some CPU time; how many."""
    rng, count, whole = np.random.default_rng(7), 0, seeds(of)
    for data in whole:
        check_sound(of, data, Policy.REJECT, 1 << 30)  # compiles
    end = time.process_time() + seconds
    while (begin := time.process_time()) < end:
        data = damaged(rng, whole[count % len(whole)])
        monkeypatch.setattr(contract, "CHUNK_BYTES", int(rng.choice([1, 30, 500, 1 << 20])))
        check_sound(of, data, list(Policy)[rng.integers(0, 4)], 1 << 30)
        assert time.process_time() - begin < SECONDS, data
        count += 1
    return count


FORMATS = pytest.mark.parametrize(
    "of", [AEDAT1, AEDAT2, AEDAT3, AEDAT4, EVENT_STREAM, ATIS], ids=lambda of: of.key
)


@FORMATS
def test_some_damaged_files(of, monkeypatch):
    assert fuzz(of, 0.5, monkeypatch) > 20


@pytest.mark.quality
@FORMATS
def test_minutes_of_damaged_files(of, monkeypatch):
    files = fuzz(of, 60 * MINUTES, monkeypatch)
    print(f"{of.key}: {files} files")
    assert files > 1000
