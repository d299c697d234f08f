"""Where a stream's events come from: a file, a pipe, standard input, UDP packets, a TCP connection."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat.aedat4 import AEDAT4, open_aedat4_connection
from edge_sast.formats.contract import SNIFFED_BYTES, Likeness, Opened, Opener, Sensor
from edge_sast.formats.defects import Defects, Kind, Policy, cleaned
from edge_sast.formats.registry import FORMATS, format_called, marked
from edge_sast.formats.source import FileOptions, open_events
from edge_sast.formats.tables.characters import are_lines
from edge_sast.formats.tables.text import TEXT
from edge_sast.streaming.connection import Connection
from edge_sast.streaming.datagrams import Datagrams, listen
from edge_sast.streaming.packets import PACKETS

CONNECT_SECONDS = 10.0
SLACK_US = 50_000  # so late may the events of a network be
NETWORK_MARK = slice(8, 12), b"IOHE"  # of dv-processing's header, behind two sizes


@dataclass(frozen=True)
class EventSource:
    """Events to come.

    Attributes:
        name: as the user gave it. said: one line for each thing that was found or taken for granted.
        sensor: (width, height) in pixels, None where nobody says it.
        chunks: EVENT_DTYPE [n] each, to be taken once.
        found: one line for each thing that was wrong so far.
        stop: ends `chunks` soon, from another thread.
        endless: no file; whoever runs it ends it.
        prompt: events come as they happen, so that it can be told how long after them a decision comes.
        slack_us: while none come a step is over so long after its end; None: it is over when a later event comes.
        lossy: what nobody takes is lost.
    """

    name: str
    said: tuple[str, ...]
    sensor: Sensor | None
    chunks: Iterator[np.ndarray]
    found: Callable[[], list[str]] = list
    stop: Callable[[], None] = lambda: None
    endless: bool = False
    prompt: bool = False
    slack_us: int | None = None
    lossy: bool = False


@contextmanager
def open_source(spec: str, options: FileOptions, packets: str | None = None) -> Iterator[EventSource]:
    """A source, open while the `with` lasts.

    Args:
        spec: a file or named pipe, "-" for standard input, udp://HOST:PORT to listen at, tcp://HOST:PORT to connect to.
        options: how the bytes are read; of UDP only sensor and defects count.
        packets: what UDP packets hold, one of PACKETS.

    Raises:
        EdgeSastError: no such source, or bytes of no known format; also while the chunks are taken.
    """
    scheme = spec.partition("://")[0] if "://" in spec else ""
    if scheme not in ("", "udp", "tcp"):
        raise EdgeSastError(f"{spec}: no such source; give a file, - , udp://HOST:PORT or tcp://HOST:PORT")
    if packets is not None and scheme != "udp":
        raise EdgeSastError(f"--packets {packets}: is for udp://, and {spec} is none; leave it out")
    with ExitStack() as stack:
        if scheme == "udp":
            yield _udp(spec, options, packets, stack)
        elif scheme == "tcp":
            yield _connected(stack.enter_context(_connect(spec)), spec, options, prompt=True)
        elif spec == "-":
            yield _connected(_standard_input(), "standard input", options)
        elif Path(spec).is_fifo():
            yield _connected(_open_pipe(spec, stack), spec, options)
        else:
            file = stack.enter_context(open_events(spec, options))
            said = (file.format.name, *map(str, file.header.remarks))
            yield EventSource(spec, said, file.sensor, file.chunks, lambda: _complaints(file.defects))


def _complaints(defects: Defects) -> list[str]:
    """What was wrong with the bytes. What a stream counts itself, where all events are kept, is not told twice."""
    own = (Kind.UNKNOWN_WORD, Kind.TRUNCATED) if defects.policy is Policy.KEEP else tuple(Kind)
    first = defects.first.items()
    return [f"{message} ({defects.counts[kind]:,} x {kind})" for kind, message in first if kind in own]


def _standard_input() -> int:
    if sys.stdin.isatty():
        raise EdgeSastError("-: standard input is a terminal; pipe the output of a program into it")
    return sys.stdin.fileno()


def _open_pipe(path: str, stack: ExitStack) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise EdgeSastError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    stack.callback(os.close, descriptor)
    return descriptor


def _connected(
    handle: int | socket.socket, name: str, options: FileOptions, prompt: bool = False
) -> EventSource:
    """What a program sends down a pipe or connection."""
    connection, reading = Connection(handle, name), options.reading()
    opener, said = _opener(connection, name, options)
    opened = opener(connection, name, reading)
    reading.check_taken(name, said or str(options.key))
    sensor = options.sensor or opened.header.sensor
    chunks = cleaned(opened.chunks, name, sensor, reading.defects, opened.offset_of)
    return EventSource(
        name,
        (said, *map(str, opened.header.remarks)),
        sensor,
        chunks,
        lambda: _complaints(reading.defects),
        connection.stop,
        endless=True,
        prompt=prompt,
        slack_us=SLACK_US if prompt else None,
    )


def _opener(connection: Connection, name: str, options: FileOptions) -> tuple[Callable[..., Opened], str]:
    """What reads a connection, by --format or by its first bytes, and what it is."""
    first = b""

    def tell(data: bytes) -> tuple[Opener, str] | None:
        nonlocal first
        first = data
        return _known(data, options.key)

    found = connection.first(tell, SNIFFED_BYTES)
    if not first:
        raise EdgeSastError(f"{name}: ends before a byte has come; start the program that sends events")
    if found is None and options.key is None and are_lines(first):  # comments, or a line that has no end
        found = TEXT.open, TEXT.name
    if found is None and options.key is None:
        raise EdgeSastError(
            f"{name}: no format begins with such bytes; say which it is with --format "
            f"{' or '.join(of.key for of in FORMATS if not of.load().seeks)}"
        )
    return found or (format_called(str(options.key)).open, "")


def _known(first: bytes, key: str | None) -> tuple[Opener, str] | None:
    """(what reads bytes that begin so, its name); None where more of them must be seen."""
    place, mark = NETWORK_MARK
    if first[place] == mark and key in (None, AEDAT4.key):
        return open_aedat4_connection, "AEDAT 4, sent by dv-processing"
    if key == AEDAT4.key and len(first) < place.stop:
        return None
    found = format_called(key) if key else marked(first)
    lines = first[: first.rfind(b"\n") + 1]
    if found is None and any(line[:1] not in (b"", b"#", b"%") for line in lines.splitlines()):
        # Opened, it says what is wrong with lines that are no events, or goes by --columns.
        found = TEXT if TEXT.sniff(lines) is not Likeness.NOT or are_lines(lines) else None
    if found is None:
        return None
    if found.seeks:
        raise EdgeSastError(f"{found.name} cannot be read from a pipe; write it to a file first")
    return found.open, found.name


def _place(spec: str) -> tuple[str, int]:
    """Host and port of scheme://HOST:PORT; without a host, this machine."""
    scheme = spec.partition(":")[0]
    try:
        parts = urlsplit(spec)
        port = parts.port
    except ValueError as error:
        raise EdgeSastError(f"{spec}: {error}; write it as {scheme}://HOST:PORT") from error
    if port is None or parts.path not in ("", "/"):
        raise EdgeSastError(f"{spec}: names no port; write it as {scheme}://HOST:PORT")
    return parts.hostname or "127.0.0.1", port


def _connect(spec: str) -> socket.socket:
    place = _place(spec)
    try:
        connected = socket.create_connection(place, timeout=CONNECT_SECONDS)
    except OSError as error:
        raise EdgeSastError(
            f"{spec}: cannot be connected to ({error.strerror or error}); start the program that serves there"
        ) from error
    connected.settimeout(None)
    return connected


def _udp(spec: str, options: FileOptions, packets: str | None, stack: ExitStack) -> EventSource:
    if packets is None:
        raise EdgeSastError(
            f"{spec}: packets do not say what they hold; pass --packets {' or '.join(PACKETS)}"
        )
    for option in ("key", "columns", "time_unit"):
        value = getattr(options, option)
        if value is not None:
            shown = "format" if option == "key" else option.replace("_", "-")
            raise EdgeSastError(f"{spec}: --{shown} {value} is for files and pipes; leave it out")
    receiver, said = listen(spec, _place(spec))
    stack.enter_context(receiver)
    defects = options.reading().defects
    datagrams = Datagrams(receiver, packets, spec, defects)
    chunks = cleaned(datagrams.chunks(), spec, options.sensor, defects)
    return EventSource(
        spec,
        said,
        options.sensor,
        chunks,
        lambda: [*datagrams.found(), *_complaints(defects)],
        datagrams.stop,
        endless=True,
        prompt=True,
        slack_us=SLACK_US,
        lossy=True,
    )
