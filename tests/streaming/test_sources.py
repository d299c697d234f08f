"""Files, pipes, TCP and UDP give the events that were sent, and say what was wrong."""

import io
import os
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.aedat.compression import Compression
from edge_sast.formats.aedat.write_aedat4 import FIRST_LINE, write_packets
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.defects import Policy
from edge_sast.formats.source import FileOptions, open_events
from edge_sast.streaming.sources import open_source
from tests.formats.test_real_recordings import need
from tests.streaming.sends import SIDE, some_events
from tests.streaming.test_packets import faery_32_packet, faery_packet, spif_packet

EVENTS = some_events(300, 20_000, 5)
KEEP = FileOptions(policy=Policy.KEEP)


def csv_of(events, head="", end="\n"):
    return (head + "".join(f"{t},{x},{y},{p}{end}" for t, x, y, p in events.tolist())).encode()


def aedat4_of(events):
    file = io.BytesIO()
    write_packets(file, (SIDE, SIDE), iter([events]), Compression.NONE)
    return file.getvalue()


@contextmanager
def piped(monkeypatch, data, cut):
    """Standard input that gives `data` in pieces of `cut` bytes, then ends."""
    reading, writing = os.pipe()

    def send():
        with suppress(BrokenPipeError):  # who refuses a format reads no more
            for at in range(0, len(data), cut):
                os.write(writing, data[at : at + cut])
        os.close(writing)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    with open(reading, "rb", buffering=0) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield
    sender.join(60)


def events_of(source):
    return np.concatenate([*source.chunks, np.empty(0, EVENT_DTYPE)])


FAERY_HEAD = f"t,x@{SIDE},y@{SIDE},on\r\n"
PIPED = {
    "aestream": (csv_of(EVENTS) + b"Sent a total of 300 events\n", None, "text"),
    "faery": (csv_of(EVENTS, FAERY_HEAD, "\r\n"), None, "text"),
    "named columns": (csv_of(EVENTS, "# a comment\nt,x,y,p\n"), None, "text"),
    "an AEDAT 4 file": (aedat4_of(EVENTS), None, "AEDAT 4"),
    "dv-processing": (aedat4_of(EVENTS)[len(FIRST_LINE) :], None, "AEDAT 4, sent by dv-processing"),
    "dv-processing, named": (
        aedat4_of(EVENTS)[len(FIRST_LINE) :],
        "aedat4",
        "AEDAT 4, sent by dv-processing",
    ),
    "ATIS, named": (write_recording_atis(EVENTS), "atis", "ATIS (N-MNIST)"),
}


@pytest.mark.parametrize("cut", [7, 1 << 16])
@pytest.mark.parametrize("name", sorted(PIPED))
def test_a_pipe_gives_what_was_sent(monkeypatch, name, cut):
    data, key, said = PIPED[name]
    if name.startswith("dv"):
        data = data[: struct.unpack("<I", data[:4])[0] + 4] + packets_of(data)
    with piped(monkeypatch, data, cut), open_source("-", FileOptions(key=key)) as source:
        assert source.said[0] == said
        assert source.endless
        assert not source.prompt
        assert (events_of(source) == EVENTS).all()
        assert source.found() == []


@pytest.mark.parametrize(
    "name",
    [
        "evt2.raw",
        "evt21_little.raw",
        "evt3_mixed.raw",
        "cd.dat",
        "dvs.es",
        "aedat31.aedat",
        "davis240.aedat",
        "events.csv",
    ],
)
def test_every_format_of_a_forward_reader_comes_down_a_pipe_as_from_its_file(monkeypatch, name):
    path = need("formats/made") / name
    with open_events(path, FileOptions(policy=Policy.KEEP)) as file:
        wanted = np.concatenate(list(file.chunks))
    for cut in (3, 4096):
        with piped(monkeypatch, path.read_bytes(), cut), open_source("-", KEEP) as source:
            assert source.said[0] == file.format.name
            assert (events_of(source) == wanted).all()


def packets_of(data):
    """The packets of an AEDAT 4 file without its first line, and without the table behind them."""
    at, packets = 4 + struct.unpack("<I", data[:4])[0], b""
    while at < len(data):
        stream, size = struct.unpack_from("<ii", data, at)
        if stream != 0:
            break
        packets += data[at : at + 8 + size]
        at += 8 + size
    assert packets
    return packets


def test_a_cut_last_line_is_told_behind_the_events_before_it(monkeypatch):
    with piped(monkeypatch, csv_of(EVENTS) + b"99999,1", 100), open_source("-", KEEP) as source:
        assert (events_of(source) == EVENTS).all()
        (line,) = source.found()
    assert re.match(
        r"standard input: line 301 \(byte offset \d+\), event 300, .*\(1 x truncated end\)$", line
    )


def test_steps_back_are_kept_for_the_stream_to_judge_or_dropped(monkeypatch):
    events = EVENTS.copy()
    events["t"][100] = 0
    for options, left, told in ((KEEP, 300, 0), (FileOptions(policy=Policy.DROP), 299, 1)):
        with piped(monkeypatch, csv_of(events), 1000), open_source("-", options) as source:
            assert len(events_of(source)) == left
            assert len(source.found()) == told


@pytest.mark.parametrize(
    ("data", "key", "message"),
    [
        (b"", None, "standard input: ends before a byte has come; start the program that sends events"),
        (
            b"\x00\x01\x02\x03\x04" * 9,
            None,
            "standard input: no format begins with such bytes; say which it is with --format atis or .*text",
        ),
        (
            b"PK\x03\x04" + bytes(100),
            "npz",
            "NumPy archive cannot be read from a pipe; write it to a file first",
        ),
    ],
)
def test_bytes_of_no_source(monkeypatch, data, key, message):
    with (
        piped(monkeypatch, data, 10),
        pytest.raises(EdgeSastError, match=f"^{message}"),
        open_source("-", FileOptions(key=key)),
    ):
        pass


UNKNOWN = b"ts;col;row;sign\n100;5;2;1\n200;6;3;0\n"


@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (UNKNOWN, None),
        (UNKNOWN, "t,x,y,p"),
        (UNKNOWN, "x,y,p,t,_"),
        ("zeit,spalte,zeile,größe\r\n100,5,2,1\r\n".encode(), "t,x,y,p"),
        (b"a header alone\n", None),
        (b"# a comment\n" * 500 + UNKNOWN, "t,x,y,p"),  # more than is sniffed at
        (b"100 5 2 1", None),
        (b"5 2 1 100", "x,y,p,t"),
        (b"% a comment", None),
        ("t,x,y,p\n1,2,3,1\n".encode("utf-16"), None),
        (b"t,x,y,p\r1,2,3,1\r", None),
        (b"<html>\n<body>\n", None),
    ],
)
def test_a_text_is_read_or_refused_as_the_file_is(tmp_path, monkeypatch, data, columns, piece):
    """Whatever its header says: in a file called so, in one without an ending, and on standard input."""
    options = FileOptions(columns=columns, policy=Policy.KEEP)

    def outcome(spec):
        try:
            with open_source(str(spec), options) as source:
                return events_of(source).tolist(), [line.split(": ", 1)[-1] for line in source.said]
        except EdgeSastError as error:
            name = "standard input" if spec == "-" else str(spec)
            return f"FILE{str(error).removeprefix(name)}"

    for name in ("a.csv", "a"):
        (tmp_path / name).write_bytes(data)
    want = outcome(tmp_path / "a.csv")
    assert outcome(tmp_path / "a") == want
    with piped(monkeypatch, data, piece):
        assert outcome("-") == want
    if data == UNKNOWN:
        assert want == {
            None: "FILE: line 1: 'ts;col;row;sign' is words, read as t,x,y,p; name the columns in order with "
            "--columns, such as x,y,p,t, and _ for one to leave out; leave out a file without events",
            "t,x,y,p": (
                [(100, 5, 2, 1), (200, 6, 3, 0)],
                ["text", "the first has no decimal point (--time-unit says another unit)"],
            ),
        }.get(columns, want)


def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    sender = threading.Thread(target=lambda: path.write_bytes(csv_of(EVENTS)), daemon=True)
    sender.start()
    with open_source(str(path), KEEP) as source:
        assert (events_of(source) == EVENTS).all()
    sender.join(60)


def test_a_connection_is_read_by_its_sizes():
    data = aedat4_of(EVENTS)[len(FIRST_LINE) :]
    head = data[: 4 + struct.unpack("<I", data[:4])[0]]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            far, _ = server.accept()
            with far:
                for at, part in enumerate((head[:9], head[9:], packets_of(data))):
                    time.sleep(0.02 * at)
                    far.sendall(part)

        sender = threading.Thread(target=serve, daemon=True)
        sender.start()
        with open_source(f"tcp://127.0.0.1:{server.getsockname()[1]}", KEEP) as source:
            assert source.prompt
            assert not source.lossy
            assert source.sensor == (SIDE, SIDE)
            assert (events_of(source) == EVENTS).all()
        sender.join(60)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("packets", "packet_of"),
    [("spif", spif_packet), ("faery", faery_packet), ("faery32", faery_32_packet)],
)
def test_packets(packets, packet_of):
    port, parts = free_port(), [EVENTS[at : at + 32].tolist() for at in range(0, 256, 32)]
    with (
        open_source(f"udp://127.0.0.1:{port}", KEEP, packets) as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        assert source.said[0] == "lost packets cannot be seen: nothing numbers them"
        assert source.lossy
        assert source.prompt
        assert source.endless
        for part in parts:
            sender.sendto(packet_of(part), ("127.0.0.1", port))
        got = np.empty(0, EVENT_DTYPE)
        while len(got) < 256:
            got = np.concatenate([got, next(source.chunks)])
        assert (got == EVENTS[:256]).all()
        assert len(next(source.chunks)) == 0  # nothing has come for a while
        source.stop()
        assert list(source.chunks) == []
        assert source.found() == []


def test_packets_without_times_and_of_another_kind_are_told():
    port = free_port()
    with (
        open_source(f"udp://localhost:{port}", KEEP, "spif") as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        for packet in (spif_packet([(0, 1, 2, 1)], True, False), faery_packet([(1, 2, 3, 1)] * 3)):
            sender.sendto(packet, ("127.0.0.1", port))
        (t, *event), *_ = next(source.chunks).tolist()
        assert event == [1, 2, 1]
        assert 0 <= t < 10_000_000
        assert source.found()[0] == "1 events came without times and took that of their arrival"
        assert source.found()[-1] == "1 packets had bytes left over; check --packets"


MIXED = (  # of each, the packet that is damaged, and what is told of its first such word
    (
        spif_packet([(0, 1, 2, 1), (0, 3, 4, 0), (0, 5, 6, 1)], True, False)[:4] + bytes(8),
        [(1, 2, 1)],
        "packet 1 (byte offset 4): word 0x00000000 is one with a time by its bit 31, among words without one",
    ),
    (
        spif_packet([(1000, 1, 2, 1)])
        + spif_packet([(9, 3, 4, 0)] * 2, True)
        + spif_packet([(1001, 5, 6, 1)] * 29),
        [(1, 2, 1), *[(5, 6, 1)] * 29],
        "packet 1 (byte offset 8): word 0x80030004 is one without a time by its bit 31, among words with one",
    ),
)


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize(("packet", "events", "told"), MIXED)
def test_words_of_the_other_kind_are_unknown_words(policy, packet, events, told):
    port = free_port()
    with (
        open_source(f"udp://localhost:{port}", FileOptions(policy=policy), "spif") as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.sendto(spif_packet([(0, 7, 7, 0)] * 32), ("127.0.0.1", port))
        got = []
        while not got:
            got = next(source.chunks).tolist()
        sender.sendto(packet, ("127.0.0.1", port))
        if policy is Policy.REJECT:
            with pytest.raises(
                EdgeSastError, match=rf"^udp://localhost:\d+: {re.escape(told)}; .* --defects drop"
            ):
                list(source.chunks)
            return
        got = []
        while not got:
            got = [tuple(event[1:]) for event in next(source.chunks).tolist()]
        assert got == events
        assert source.found()[-1] == f"udp://localhost:{port}: {told} (2 x unknown word)"


def test_an_old_packet_does_not_end_the_stream():
    """From before the wrap of the sender's 32 bits, though nothing is known of that time."""
    port = free_port()
    with (
        open_source(f"udp://localhost:{port}", KEEP, "faery32") as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        got = []
        for t in (50, 2**32 - 6, 60):
            sender.sendto(faery_32_packet([(t, 1, 2, 1)]), ("127.0.0.1", port))
        while len(got) < 2:
            got += next(source.chunks).tolist()
        assert got == [(50, 1, 2, 1), (60, 1, 2, 1)]
        assert source.found() == [
            "1 events were left out: their time lies before 0 of the sender's clock, or beyond 2^62 µs"
        ]


def test_options_that_the_bytes_leave_aside(monkeypatch):
    with (
        piped(monkeypatch, aedat4_of(EVENTS), 1000),
        pytest.raises(
            EdgeSastError, match=r"^standard input: --columns x,y,t,p: this AEDAT 4.* file has an order of "
        ),
        open_source("-", FileOptions(columns="x,y,t,p")),
    ):
        pass
    for options, shown in (
        (FileOptions(columns="x,y,t,p"), "--columns x,y,t,p"),
        (FileOptions(time_unit="ns"), "--time-unit ns"),
        (FileOptions(key="text"), "--format text"),
    ):
        with (
            pytest.raises(
                EdgeSastError, match=f"^udp://127.0.0.1:0: {shown} is for files and pipes; leave it out"
            ),
            open_source("udp://127.0.0.1:0", options, "spif"),
        ):
            pass


@pytest.mark.parametrize(
    ("spec", "packets", "message"),
    [
        ("http://x", None, "http://x: no such source; give a file, - , udp://HOST:PORT or tcp://HOST:PORT"),
        (
            "udp://1.2.3.4:5",
            None,
            "udp://1.2.3.4:5: packets do not say what they hold; pass --packets spif or ",
        ),
        ("x.bin", "spif", "--packets spif: is for udp://, and x.bin is none; leave it out"),
        ("udp://localhost", "spif", "udp://localhost: names no port; write it as udp://HOST:PORT"),
        (
            "tcp://localhost:99999",
            None,
            "tcp://localhost:99999: Port out of range 0-65535; write it as tcp://HOST:",
        ),
        ("tcp://localhost:1/x", None, "tcp://localhost:1/x: names no port; write it as tcp://HOST:PORT"),
        (
            "tcp://127.0.0.1:1",
            None,
            "tcp://127.0.0.1:1: cannot be connected to (Connection refused); start the ",
        ),
        (
            "udp://192.0.2.1:5",
            "spif",
            "udp://192.0.2.1:5: cannot be listened at (Cannot assign requested address); ",
        ),
        (
            "none.bin",
            None,
            "none.bin: cannot be read (No such file or directory); check the path and its permissions",
        ),
    ],
)
def test_no_such_source(spec, packets, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}"), open_source(spec, KEEP, packets):
        pass
