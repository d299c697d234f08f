"""UDP packets of events, taken from the system as fast as they come."""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Iterator

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.defects import Defects
from edge_sast.streaming.connection import POLL_SECONDS
from edge_sast.streaming.packets import PACKETS, PacketClock

BUFFER_BYTES = 4 << 20  # asked of the system: with the usual 208 kB a program's burst overflows
LARGEST_PACKET = 1 << 16
TOGETHER = 64  # packets that make one chunk at most, where so many wait
LOST = "lost packets cannot be seen: nothing numbers them"


def listen(spec: str, place: tuple[str, int]) -> tuple[socket.socket, tuple[str, ...]]:
    """A socket that packets for (host, port) come to, and what is to be said of it.

    Raises EdgeSastError where nobody can listen there.
    """
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    try:
        receiver.bind(place)
    except OSError as error:
        receiver.close()
        raise EdgeSastError(
            f"{spec}: cannot be listened at ({error.strerror or error}); choose another"
        ) from error
    receiver.setblocking(False)
    room = receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if sys.platform == "linux":
        room //= 2  # it tells twice what it was asked for
    if room >= BUFFER_BYTES:
        return receiver, (LOST,)
    small = f"the system holds {room / 1e6:.1f} MB of packets and not {BUFFER_BYTES / 1e6:.1f}, so bursts may be lost"
    return receiver, (LOST, f"{small}; on Linux: sysctl net.core.rmem_max={BUFFER_BYTES}")


class Datagrams:
    """The packets that come to a socket, decoded."""

    def __init__(self, receiver: socket.socket, packets: str, spec: str, defects: Defects) -> None:
        """packets: what they hold, one of PACKETS. defects: what is done with words that these do not have."""
        self._receiver, self._decode, self._spec = receiver, PACKETS[packets], spec
        self._defects, self._packet = defects, 0  # packets so far
        self._clock, self._begun, self._stopped = PacketClock(), time.monotonic(), False

    def chunks(self) -> Iterator[np.ndarray]:
        """EVENT_DTYPE [n] of the packets that wait; an empty array where none has come for a while.

        Raises EdgeSastError where nothing can be received, and for an unknown word where defects are rejected.
        """
        while not self._stopped:
            chunk = [self._events(packet) for packet in self._packets()]
            yield np.concatenate(chunk) if chunk else np.empty(0, EVENT_DTYPE)

    def stop(self) -> None:
        """Ends `chunks` soon, from another thread."""
        self._stopped = True

    def found(self) -> list[str]:
        """What there is to say of the packets so far."""
        clock, lines = self._clock, []
        if clock.untimed:
            lines.append(f"{clock.untimed:,} events came without times and took that of their arrival")
        if clock.repeated:
            lines.append(f"{clock.repeated:,} events stepped back in their packet and were left out")
        if clock.beyond:
            where = "before 0 of the sender's clock, or beyond 2^62 µs"
            lines.append(f"{clock.beyond:,} events were left out: their time lies {where}")
        if clock.broken:
            lines.append(f"{clock.broken:,} packets had bytes left over; check --packets")
        return lines

    def _packets(self) -> Iterator[bytes]:
        """The packets that wait, TOGETHER at most; the first is waited for."""
        try:
            select.select([self._receiver], [], [], POLL_SECONDS)
            for _ in range(TOGETHER):
                yield self._receiver.recv(LARGEST_PACKET)
        except BlockingIOError:
            return
        except OSError as error:
            raise EdgeSastError(
                f"{self._spec}: cannot be received from ({error.strerror or error}); start again"
            ) from error

    def _events(self, packet: bytes) -> np.ndarray:
        clock, before = self._clock, self._clock.unknown
        events = self._decode(packet, clock, round((time.monotonic() - self._begun) * 1e6))
        if clock.unknown > before:
            offset, word = clock.last_unknown
            own, others = ("without", "with") if word >> 31 else ("with", "without")
            self._defects.unknown_word(
                f"{self._spec}: packet {self._packet} (byte offset {offset}): word 0x{word:08x} is one {own} a time by "
                f"its bit 31, among words {others} one",
                clock.unknown - before,
            )
        self._packet += 1
        return events
