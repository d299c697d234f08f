"""Where a stream's events come from: a file, a pipe, standard input, UDP packets, a TCP connection."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat.aedat4 import open_aedat4_connection
from edge_sast.formats.contract import SNIFFED_BYTES, Opened, Sensor
from edge_sast.formats.defects import Policy, cleaned
from edge_sast.formats.registry import format_called, format_of
from edge_sast.formats.source import FileOptions, open_events
from edge_sast.streaming.connection import Connection
from edge_sast.streaming.packets import PACKETS, PacketClock, decode

UDP_BUFFER_BYTES = 4 << 20  # asked of the system; with its usual 208 kB a program's burst overflows
LARGEST_PACKET = 1 << 16
CONNECT_SECONDS = 10.0
POLL_SECONDS = 0.2  # how long a receiver waits before it looks whether it is to end
FLATBUFFER_MARK = b"IOHE"  # of dv-processing's header, behind two sizes


@dataclass(frozen=True)
class EventSource:
    """Events to come.

    Attributes:
        name: as the user gave it. said: one line for each thing that was found or taken for granted.
        sensor: (width, height) in pixels, None where nobody says it.
        chunks: EVENT_DTYPE [n] each, to be taken once.
        live: events come when they like, and are lost where nobody takes them.
        paces: events come when they like; nothing is lost while they wait.
    """

    name: str
    said: tuple[str, ...]
    sensor: Sensor | None
    chunks: Iterator[np.ndarray]
    live: bool = False
    paces: bool = False


@contextmanager
def open_source(spec: str, options: FileOptions, packets: str | None = None) -> Iterator[EventSource]:
    """A source, open while the `with` lasts.

    Args:
        spec: a file or named pipe, "-" for standard input, udp://HOST:PORT to listen at, tcp://HOST:PORT to connect to.
        options: how the bytes are read; of UDP only the sensor counts.
        packets: what UDP packets hold, one of PACKETS.

    Raises:
        EdgeSastError: no such source, or bytes of no known format; also while the chunks are taken.
    """
    scheme = urlsplit(spec).scheme if "://" in spec else ""
    if scheme not in ("", "udp", "tcp"):
        raise EdgeSastError(f"{spec}: no such source; give a file, - , udp://HOST:PORT or tcp://HOST:PORT")
    if packets is not None and scheme != "udp":
        raise EdgeSastError(f"--packets {packets}: is for udp://, and {spec} is none; leave it out")
    with ExitStack() as stack:
        if scheme == "udp":
            yield _udp(spec, options, packets, stack)
        elif scheme == "tcp":
            yield _connected(Connection(stack.enter_context(_connect(spec)), spec), spec, options, live=True)
        elif spec == "-":
            yield _connected(Connection(sys.stdin.fileno(), "standard input"), "standard input", options)
        elif Path(spec).is_fifo():
            yield _connected(Connection(_open_fifo(spec, stack), spec), spec, options)
        else:
            file = stack.enter_context(open_events(spec, options))
            said = (file.format.name, *file.header.assumed)
            yield EventSource(spec, said, file.sensor, file.chunks)


def _open_fifo(spec: str, stack: ExitStack) -> int:
    try:
        descriptor = os.open(spec, os.O_RDONLY)
    except OSError as error:
        raise EdgeSastError(f"{spec}: cannot be read ({error.strerror}); check its permissions") from error
    stack.callback(os.close, descriptor)
    return descriptor


def _connected(connection: Connection, name: str, options: FileOptions, live: bool = False) -> EventSource:
    """What a program sends down a pipe or connection."""
    reading = options.reading()
    first = connection.peek(SNIFFED_BYTES)
    if not first:
        raise EdgeSastError(f"{name}: ends before a byte has come; start the program that sends events")
    opener, said = _opener(first, name, options)
    opened = opener(connection, name, reading)
    sensor = options.sensor or opened.header.sensor
    chunks = cleaned(opened.chunks, name, sensor, reading.defects, opened.offset_of)
    return EventSource(name, (said, *opened.header.assumed), sensor, chunks, live, paces=True)


def _opener(first: bytes, name: str, options: FileOptions) -> tuple[Callable[..., Opened], str]:
    """What reads a connection that begins with these bytes, and what it is."""
    if options.key is None and FLATBUFFER_MARK in first[4:16]:
        return open_aedat4_connection, "dv-processing's network stream"
    found = format_called(options.key) if options.key else format_of(name, first)
    if found.seeks:
        raise EdgeSastError(f"{name}: {found.name} cannot be read from a pipe; write it to a file first")
    return found.open, found.name


def _place(spec: str) -> tuple[str, int]:
    try:
        parts = urlsplit(spec)
        port = parts.port
    except ValueError as error:
        raise EdgeSastError(f"{spec}: {error}; write it as {spec.partition(':')[0]}://HOST:PORT") from error
    if port is None or parts.path not in ("", "/"):
        raise EdgeSastError(f"{spec}: names no port; write it as {parts.scheme}://HOST:PORT")
    return parts.hostname or "127.0.0.1", port


def _connect(spec: str) -> socket.socket:
    host, port = _place(spec)
    try:
        connected = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
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
    if options.policy is not Policy.REJECT:
        raise EdgeSastError(
            f"--defects {options.policy}: packets have none that are looked for; leave it out"
        )
    place = _place(spec)
    receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
    try:
        receiver.bind(place)
    except OSError as error:
        raise EdgeSastError(
            f"{spec}: cannot be listened at ({error.strerror or error}); choose another"
        ) from error
    receiver.settimeout(POLL_SECONDS)
    said = ("lost packets cannot be seen: nothing numbers them",)
    return EventSource(spec, said, options.sensor, _datagrams(receiver, packets, spec), live=True, paces=True)


def _datagrams(receiver: socket.socket, packets: str, spec: str) -> Iterator[np.ndarray]:
    """Of each packet its events; an empty array where none has come for a while, so that a reader can end."""
    clock, begun = PacketClock(), time.monotonic()
    while True:
        try:
            packet = receiver.recv(LARGEST_PACKET)
        except TimeoutError:
            yield decode(PACKETS[packets], b"", clock, 0)
            continue
        except OSError as error:
            raise EdgeSastError(f"{spec}: cannot be received from ({error.strerror or error})") from error
        yield decode(PACKETS[packets], packet, clock, round((time.monotonic() - begun) * 1e6))
