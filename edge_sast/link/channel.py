"""Frames through a port: sending, receiving until a deadline, asking until answered; what fails is a LinkError."""

from __future__ import annotations

import select
import time
from collections import deque
from dataclasses import dataclass

from edge_sast.link.frames import RESYNC, Frame, FrameReader, Kind, encode
from edge_sast.link.line import Line
from edge_sast.link.messages import (
    BoardGoneError,
    BoardSilentError,
    BoardStalledError,
    LinkError,
    LinkSettings,
    Port,
    Trace,
)
from edge_sast.link.ports import DEFAULT_BAUD, close_port

READ_BYTES = 65536
READ_TIMEOUT_S = 0.05  # of ports that select cannot wait for: how soon a deadline is looked at
LONGEST_DELAY = 4  # times reply_s: a line that loses much is asked often enough
BITS_PER_BYTE = 10  # on a UART: start, eight, stop


@dataclass
class LinkStatistics:
    """What went over the port since it was opened. damaged: received pieces that were no frame."""

    frames_sent: int = 0
    bytes_sent: int = 0
    frames_received: int = 0
    bytes_received: int = 0
    damaged: int = 0
    recoveries: int = 0
    restarts: int = 0


class Channel:
    """One open port, and the line behind it."""

    def __init__(self, port: Port, settings: LinkSettings, trace: Trace | None, line: Line) -> None:
        self.settings = settings
        self.line = line
        self.statistics = LinkStatistics()
        self._port = port
        self._trace = trace
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self._request = 0
        self._descriptor = _descriptor(port)

    def line_s(self, size: int) -> float:
        """How long `size` bytes take on the wire."""
        return size * BITS_PER_BYTE / (getattr(self._port, "baudrate", None) or DEFAULT_BAUD)

    def close(self) -> None:
        """Closes the port, in whatever state it is."""
        close_port(self._port)

    def request_number(self) -> int:
        """seq of a request that is no LOAD."""
        self._request = (self._request + 1) & 0xFFFF
        return self._request

    def send(self, frame: Frame, *, resync: bool = False) -> int:
        """Returns the bytes that it took. resync: end what the board may hold of an earlier frame."""
        wire = RESYNC * resync + encode(frame)
        if self._trace:
            self._trace(f"> {frame}")
        try:
            self._port.write(wire)
        except OSError as error:
            if type(error).__name__ == "SerialTimeoutException":
                raise BoardStalledError(
                    "board: takes no more bytes: it has stalled; reset it and run again"
                ) from error
            raise self._gone(error) from error
        self.line.sent()
        self.statistics.frames_sent += 1
        self.statistics.bytes_sent += len(wire)
        return len(wire)

    def receive(self, deadline: float) -> Frame | None:
        """The next valid frame; None when none came until `deadline` (monotonic seconds)."""
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:  # also ends a board that never stops sending
                return None
            if self._frames:
                break
            data = self._read(remaining)
            self._frames.extend(self._reader.feed(data))
            self.statistics.bytes_received += len(data)
        self.statistics.frames_received += 1
        self.statistics.damaged = self._reader.damaged
        frame = self._frames.popleft()
        if frame.kind != Kind.DUMP:
            self.line.heard()
        if self._trace:
            self._trace(f"< {frame}")
        return frame

    def ask(self, kind: Kind, token: int, payload: bytes, patience_s: float) -> Frame:
        """The answer to a request that may be repeated; everything else that comes is dropped.

        Raises BoardSilentError where nothing was ever heard, BoardStalledError after an earlier answer.
        """
        request = Frame(kind, self.request_number(), token, payload)
        wanted = (kind.answer, request.seq, request.token)
        end = time.monotonic() + patience_s
        delay = self.settings.reply_s
        while time.monotonic() < end:
            size = self.send(request, resync=True)
            wait = time.monotonic() + delay + self.line_s(size)
            while (frame := self.receive(min(wait, end))) is not None:
                if (frame.kind, frame.seq, frame.token) == wanted:
                    return frame
            delay = min(2 * delay, LONGEST_DELAY * self.settings.reply_s)
        raise self.silence(patience_s)

    def silence(self, seconds: float) -> LinkError:
        """The error for a board that does not answer."""
        counts = self.statistics
        if counts.frames_received:
            return BoardStalledError(
                f"board: no answer for {seconds:g} s: it has stalled or was unplugged; reset it and run again"
            )
        if counts.bytes_received:
            return BoardSilentError(
                f"board: {counts.bytes_received} bytes came in {seconds:g} s, none of them a frame; check --baud "
                "and that the board runs edge-sast firmware"
            )
        return BoardSilentError(
            f"board: no answer within {seconds:g} s; check the port, --baud and that the board runs edge-sast firmware"
        )

    def _read(self, wait_s: float) -> bytes:
        try:
            if self._descriptor is None:
                first = self._port.read(1)
                waiting = int(getattr(self._port, "in_waiting", 0)) if first else 0
                return first + (self._port.read(waiting) if waiting else b"")
            if not select.select([self._descriptor], [], [], wait_s)[0]:
                return b""
            return self._port.read(READ_BYTES)
        except (OSError, ValueError) as error:  # ValueError: the port was closed under us
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> BoardGoneError:
        text = " ".join(str(error).split()) or type(error).__name__
        return BoardGoneError(f"board: the port failed ({text}): plug the board in and run again")


def _descriptor(port: Port) -> int | None:
    """What select can wait for, the port then being one that never waits itself; None where there is none."""
    try:
        descriptor = int(port.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError):  # ports of Windows and of rfc2217 have none
        port.timeout = READ_TIMEOUT_S
        return None
    port.timeout = 0
    return descriptor
