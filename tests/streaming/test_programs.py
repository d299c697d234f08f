"""What the camera programs of PyPI send is what they were given: faery, aestream and dv-processing, run here."""

import os
import socket
import subprocess
import textwrap
import time
import venv
from contextlib import contextmanager

import numpy as np
import pytest

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.defects import Policy
from edge_sast.formats.source import FileOptions
from edge_sast.streaming.sources import open_source
from tests.streaming.sends import some_events

PACKAGES = ("faery==0.7.1", "aestream==0.6.4", "dv-processing==2.0.4")
WIDTH, HEIGHT = 240, 180
SENSOR = (WIDTH, HEIGHT)
KEEP = FileOptions(sensor=SENSOR, policy=Policy.KEEP)
pytestmark = pytest.mark.quality


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of the programs, in an environment of their own."""
    folder = tmp_path_factory.mktemp("programs")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
    installed = subprocess.run(pip, capture_output=True, text=True, timeout=600)
    if installed.returncode:
        pytest.skip(f"needs {', '.join(PACKAGES)}: pip said {installed.stderr.strip()[-200:]}")
    return folder / "bin"


@pytest.fixture
def events():
    """More than a pipe holds; the x and y of a sensor that is wider than high."""
    events = some_events(20_000, 900_000, 1_000_000)
    events["x"] *= 7
    events["y"] *= 5
    return events


@pytest.fixture
def text(tmp_path, events):
    """The events as faery reads them."""
    path = tmp_path / "events.csv"
    lines = "".join(f"{t},{x},{y},{p}\n" for t, x, y, p in events.tolist())
    path.write_text(f"t,x,y,p\n{lines}")
    return str(path)


@pytest.fixture
def dat(tmp_path, events):
    """The events as aestream reads them: type 0x0C, 32 bits of time, 14 of x, 14 of y, 4 of polarity."""
    path = tmp_path / "events.dat"
    words = np.empty((len(events), 2), "<u4")
    x, y, p = (events[name].astype(np.uint32) for name in "xyp")
    words[:, 0], words[:, 1] = events["t"], x | y << 14 | p << 28
    head = f"% Data file containing CD events.\n% Version 2\n% Width {WIDTH}\n% Height {HEIGHT}\n"
    path.write_bytes(head.encode() + b"\x0c\x08" + words.tobytes())
    return str(path)


@contextmanager
def running(*words, **also):
    """A program, which is ended where it has not ended itself."""
    process = subprocess.Popen([str(word) for word in words], **also)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


@contextmanager
def piped(monkeypatch, *words):
    with running(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        monkeypatch.setattr("sys.stdin", process.stdout)
        yield


def all_of(source):
    return np.concatenate([*source.chunks, np.empty(0, EVENT_DTYPE)])


def until_quiet(source, most):
    """Events of a source that has no end, until `most` have come or none for a while."""
    parts, deadline = [], time.monotonic() + 60
    while sum(map(len, parts)) < most and time.monotonic() < deadline:
        chunk = next(source.chunks)
        if parts and not len(chunk):
            break
        parts += [chunk] if len(chunk) else []
    return np.concatenate(parts)


def test_faery_into_a_pipe(monkeypatch, programs, text, events):
    words = (
        programs / "faery",
        "input",
        "file",
        text,
        "--dimensions",
        f"{WIDTH}x{HEIGHT}",
        "output",
        "stdout",
    )
    with piped(monkeypatch, *words), open_source("-", FileOptions()) as source:
        assert source.sensor == SENSOR
        assert (all_of(source) == events).all()
        assert source.found() == []


def test_aestream_into_a_pipe(monkeypatch, programs, dat, events):
    words = (programs / "aestream", "input", "file", dat, "output", "stdout")
    with piped(monkeypatch, *words), open_source("-", FileOptions()) as source:
        assert (all_of(source) == events).all()
        assert source.found() == []


def test_aestream_into_a_named_pipe(tmp_path, programs, dat, events):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    words = (programs / "aestream", "input", "file", dat, "output", "file", path)
    with running(*words, stdout=subprocess.DEVNULL), open_source(str(path), KEEP) as source:
        assert (all_of(source) == events).all()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(("packets", "form"), [("faery", "t64_x16_y16_on8"), ("faery32", "t32_x16_y15_on1")])
def test_faery_in_packets(programs, text, events, packets, form):
    port = free_port()
    words = (programs / "faery", "input", "file", text, "--dimensions", f"{WIDTH}x{HEIGHT}")
    words += ("output", "udp", f"127.0.0.1:{port}", "--format", form, "--no-progress")
    with open_source(f"udp://127.0.0.1:{port}", KEEP, packets) as source, running(*words):
        assert (until_quiet(source, len(events)) == events).all()
        assert source.found() == []


@pytest.mark.parametrize("timed", [True, False])
def test_aestream_in_packets(programs, dat, events, timed):
    """20,000 events are 625 packets with times. Without, times are those of arrival."""
    port = free_port()
    words = (programs / "aestream", "input", "file", dat, "output", "udp", "127.0.0.1", port)
    words += ("--include-timestamp", "true") if timed else ()
    with (
        open_source(f"udp://127.0.0.1:{port}", KEEP, "spif") as source,
        running(*words, stdout=subprocess.DEVNULL),
    ):
        got = until_quiet(source, len(events))
        for name in ("t", "x", "y", "p") if timed else ("x", "y", "p"):
            assert (got[name] == events[name]).all(), name
        assert (np.diff(got["t"]) >= 0).all()
        told = [] if timed else ["20,000 events came without times and took that of their arrival"]
        assert source.found() == told


@pytest.mark.parametrize("count", [1, 5, 15, 16, 17, 31, 32, 33, 48, 100])
def test_aestreams_last_packet(tmp_path, programs, count):
    """Whatever its size, what follows its events in it is left out."""
    events = some_events(count, 90_000, 1_000_000)
    path = tmp_path / "few.dat"
    words = np.empty((count, 2), "<u4")
    x, y, p = (events[name].astype(np.uint32) for name in "xyp")
    words[:, 0], words[:, 1] = events["t"], x | y << 14 | p << 28
    path.write_bytes(b"% Version 2\n% Width 240\n% Height 180\n\x0c\x08" + words.tobytes())
    port = free_port()
    sends = (programs / "aestream", "input", "file", path, "output", "udp", "127.0.0.1", port)
    with (
        open_source(f"udp://127.0.0.1:{port}", KEEP, "spif") as source,
        running(*sends, "--include-timestamp", "true", stdout=subprocess.DEVNULL),
    ):
        assert until_quiet(source, 10 * count).tolist() == events.tolist()


SERVER = """
    import sys, time
    import dv_processing as dv

    rows = [tuple(map(int, line.split(","))) for line in open(sys.argv[1]).readlines()[1:]]
    stream = dv.io.Stream.EventStream(0, "events", "camera", (240, 180))
    writer = dv.io.NetworkWriter("127.0.0.1", int(sys.argv[2]), stream)
    print("listens", flush=True)
    while not writer.getClientCount():
        time.sleep(0.01)
    for begin in range(0, len(rows), 3000):
        store = dv.EventStore()
        for t, x, y, p in rows[begin : begin + 3000]:
            store.push_back(t, x, y, bool(p))
        writer.writeEvents(store)
    time.sleep(600)  # it is ended from outside: its end may hang
"""


def test_dv_processing_over_tcp(tmp_path, programs, text, events):
    server, port = tmp_path / "server.py", free_port()
    server.write_text(textwrap.dedent(SERVER))
    with running(programs / "python", server, text, port, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"listens\n"
        with open_source(f"tcp://127.0.0.1:{port}", FileOptions()) as source:
            assert source.said[0] == "AEDAT 4, sent by dv-processing"
            assert source.sensor == SENSOR
            got = np.concatenate([next(source.chunks) for _ in range(7)])
        assert (got == events).all()
