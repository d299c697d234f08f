"""Whatever a length says, reading takes no more memory than a few pieces: so much a process has that reads them."""

import json
import struct
import subprocess
import sys

from edge_sast.formats.contract import CHUNK_BYTES
from tests.formats.aedat.oracles import LZ4, NONE, ZSTD, buffer, compress, event_table, io_header, packet
from tests.formats.aedat.test_aedat3 import HEADER, head

# Two pieces, the window that ZSTD may have, and what the allocator takes for itself.
ALLOWED = 2 * CHUNK_BYTES + (8 << 20) + (8 << 20)
PROGRAM = """
import json, pathlib, resource, sys
from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Reading
from edge_sast.formats.registry import open_stream

def read(path):
    with open(path, "rb") as stream:
        try:
            count = 0
            for chunk in open_stream(stream, path)[1].chunks:
                count += len(chunk)
            return f"{count} events"
        except EdgeSastError as error:
            return str(error)

folder, allowed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
for path in folder.glob("small*"):
    read(str(path))
pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + allowed, resource.RLIM_INFINITY))
print(json.dumps({path.stem: read(str(path)) for path in folder.glob("big*")}))
"""
FIRST = b"#!AER-DAT4.0\r\n"
ZEROS = 2_000_000  # events: 32 MB


def table(said: int, size: int) -> bytes:
    """A table that says so many events in so many bytes, and has 2 million of zeros."""
    data = buffer(b"EVTS", [struct.pack("<I", 4)], struct.pack("<I", said) + bytes(16 * ZEROS))
    return struct.pack("<I", size) + data[4:]


def check(folder, small: list[bytes], big: dict[bytes, str]) -> None:
    """Files are read, or refused, as told, by a process that has read small ones and cannot have much more memory."""
    for number, data in enumerate(small):
        (folder / f"small{number}.aedat").write_bytes(data)
    for number, data in enumerate(big):
        (folder / f"big{number}.aedat").write_bytes(data)
    command = [sys.executable, "-c", PROGRAM, str(folder), str(ALLOWED)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    found = json.loads(result.stdout)
    for number, told in enumerate(big.values()):
        assert told in found[f"big{number}"]


def test_lengths_that_are_not_true(tmp_path):
    first, aedat2 = FIRST + io_header(NONE), b"#!AER-DAT2.0\r\n"
    event = b"\1" + bytes(7)
    small = [
        HEADER + head(number=1) + event,
        first + packet(0, event_table([(1, 1, 1, 1)])),
        aedat2 + bytes(8),
    ]
    big = {
        first + struct.pack("<ii", 0, 2**31 - 1) + bytes(32 << 20): "ends at byte",
        first + packet(0, table(ZEROS, 32 + 16 * ZEROS)): f"{ZEROS} events",
        first + packet(0, table(2**32 - 1, 2**32 - 1)): "says 4294967295 events in",
        first + packet(0, table(2**27, 2**32 - 1)): "events before the number",
        FIRST + b"\xff\xff\xff\xff" + bytes(32 << 20): "has a size of 4294967295 bytes",
        HEADER + head(number=2**28 - 1) + event * ZEROS: "ends at byte",
        HEADER + head(2, size=2**31 - 1, number=2**31 - 1) + bytes(32 << 20): "ends at byte",
        aedat2 + b"#" + b"x" * (32 << 20) + b"\n": "ends inside its header",
        aedat2 + b"#AEChip\n" * 100_000 + bytes(80): "10 events",
    }
    check(tmp_path, small, big)


def test_compressed_packets_of_much(tmp_path):
    for of in (LZ4, ZSTD):
        folder = tmp_path / str(of)
        folder.mkdir()
        first = FIRST + io_header(of)
        big = {
            first + struct.pack("<ii", 0, 2**31 - 1) + compress(bytes(99), of): "ends at byte",
            first + packet(0, table(ZEROS, 32 + 16 * ZEROS), of): f"{ZEROS} events",
            first + packet(0, table(9, 500), of): "9 events",
        }
        check(folder, [first + packet(0, event_table([(1, 1, 1, 1)]), of)], big)
