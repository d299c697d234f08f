"""Beside the libraries that read these formats rightly: the same events from every file, ours and theirs.

They are installed in an environment of their own, or one that EDGE_SAST_PEERS names is taken.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.recording import make_events
from edge_sast.formats.aedat.aedat4 import open_aedat4_connection
from edge_sast.formats.aedat.compression import Compression
from edge_sast.formats.aedat.write_aedat4 import write_packets
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.event_stream import write_event_stream
from edge_sast.formats.registry import read_file
from tests.formats.aedat import oracles
from tests.formats.aedat.oracles import event_table, io_header, random_events
from tests.formats.aedat.oracles import packet as packet_of_4
from tests.formats.aedat.test_aedat2 import davis
from tests.formats.aedat.test_aedat3 import HEADER, packet
from tests.formats.test_real_recordings import need
from tests.programs import started

pytestmark = pytest.mark.quality
PACKAGES = (
    "aedat==2.3.0",
    "dv-processing==2.0.4",
    "event-stream==1.6.3",
    "evutils==0.3.18",
    "faery==0.7.1",
    "lz4==4.4.5",
    "zstandard==0.25.0",
)
SCRIPT = Path(__file__).parent / "peers.py"
SECONDS = 300


@pytest.fixture(scope="module")
def peers(tmp_path_factory) -> str:
    """The Python of an environment with the libraries."""
    folder = os.environ.get("EDGE_SAST_PEERS")
    if folder:
        return f"{folder}/bin/python"
    python = tmp_path_factory.mktemp("peers") / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True, timeout=SECONDS)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
    result = subprocess.run(install, capture_output=True, text=True, timeout=2 * SECONDS)
    if result.returncode:
        pytest.skip(f"the libraries cannot be installed: {result.stderr[-300:]}")
    return str(python)


def run(peers: str, *arguments: object) -> None:
    command = [peers, str(SCRIPT), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert result.returncode == 0, result.stderr[-2000:]


def read_by(peers: str, library: str, path: Path, folder: Path) -> np.ndarray:
    run(peers, "read", library, path, folder / "read.npy")
    return make_events(*np.load(folder / "read.npy").T)


AEDAT4_READERS = ("aedat", "dv-processing", "faery", "evutils")


@pytest.mark.parametrize("library", AEDAT4_READERS)
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.LZ4])
def test_what_we_write_as_aedat4_is_read(peers, library, compression, tmp_path):
    events = random_events(3, 25_000, begin=1605507430438338)
    with open(tmp_path / "a.aedat4", "wb") as stream:
        write_packets(stream, (346, 260), np.array_split(events, 7), compression)
    assert np.array_equal(read_by(peers, library, tmp_path / "a.aedat4", tmp_path), events)


@pytest.mark.parametrize("library", AEDAT4_READERS)
@pytest.mark.parametrize(
    "name", ["sample", *(f"made/dv_{c}" for c in ("none", "lz4", "lz4high", "zstd", "zstdhigh", "mixed"))]
)
def test_aedat4_of_others_is_read_alike(peers, library, name, tmp_path):
    path = need(f"formats/{name}.aedat4")
    assert np.array_equal(read_by(peers, library, path, tmp_path), read_file(path).events)


@pytest.mark.parametrize("library", ["aedat", "faery", "evutils"])
@pytest.mark.parametrize("compression", range(5))
def test_a_table_laid_out_in_another_way_is_read_alike(peers, library, compression, tmp_path):
    events = random_events(4, 3000, begin=1605507430438338)
    tables = (event_table(part.tolist()) for part in np.array_split(events, 5))
    packets = (packet_of_4(0, table, compression) for table in tables)
    (tmp_path / "a.aedat4").write_bytes(b"#!AER-DAT4.0\r\n" + io_header(compression) + b"".join(packets))
    assert np.array_equal(read_by(peers, library, tmp_path / "a.aedat4", tmp_path), events)
    assert np.array_equal(read_file(tmp_path / "a.aedat4").events, events)


def test_aedat3_is_read_alike(peers, tmp_path):
    events = random_events(5, 3000)
    parts = np.array_split(events, 9)
    (tmp_path / "a.aedat").write_bytes(HEADER + b"".join(packet(part.tolist()) for part in parts))
    assert np.array_equal(read_by(peers, "evutils", tmp_path / "a.aedat", tmp_path), events)
    assert np.array_equal(read_file(tmp_path / "a.aedat").events, events)


def test_aedat2_is_read_alike_but_for_its_axes(peers, tmp_path):
    """evutils gives raw addresses: columns from the right, rows from below."""
    events = random_events(6, 3000, 240, 180)
    (tmp_path / "a.aedat").write_bytes(davis(events.tolist()))
    raw = read_by(peers, "evutils", tmp_path / "a.aedat", tmp_path)
    raw["x"], raw["y"] = 239 - raw["x"], 179 - raw["y"]
    assert np.array_equal(raw, events)
    assert np.array_equal(read_file(tmp_path / "a.aedat").events, events)


@pytest.mark.parametrize("library", ["event-stream", "faery"])
def test_what_we_write_as_event_stream_is_read(peers, library, tmp_path):
    events = random_events(7, 25_000)
    with open(tmp_path / "a.es", "wb") as stream:
        write_event_stream(stream, (346, 260), np.array_split(events, 7))
    got = read_by(peers, library, tmp_path / "a.es", tmp_path)
    if library == "event-stream":  # as stored, from below
        got["y"] = 259 - got["y"]
    assert np.array_equal(got, events)


@pytest.mark.parametrize("kind", ["dvs", "atis", "color"])
def test_event_streams_of_others_are_read(peers, kind, tmp_path):
    run(peers, "write-es", kind, tmp_path / "a.es", tmp_path / "wrote.npy")
    recording = read_file(tmp_path / "a.es")
    assert np.array_equal(recording.events, make_events(*np.load(tmp_path / "wrote.npy").T))
    assert (recording.width, recording.height) == (304, 240)


@pytest.mark.parametrize("compression", ["NONE", "LZ4", "ZSTD"])
def test_what_a_network_writer_sends(peers, compression, tmp_path):
    oracles.compress(b"", Compression[compression])
    path = str(tmp_path / "socket")
    command = [peers, str(SCRIPT), "send", compression, path, str(tmp_path / "sent.npy")]
    with started(command, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout.readline() == "ready\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(path)
            with connection.makefile("rb") as stream:
                opened = open_aedat4_connection(stream, path, Reading())
                chunks = [next(opened.chunks) for _ in range(10)]
        assert sender.stdout.readline() == "sent\n"
        sender.kill()
    assert opened.header.sensor == (304, 240)
    assert {len(chunk) for chunk in chunks} == {300}
    assert np.array_equal(joined(chunks), make_events(*np.load(tmp_path / "sent.npy").T))
