"""One attempt at a recording: LOADs go out in a window, answers are fitted to what was sent, losses are mended."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence

import numpy as np

from edge_sast.hil.channel import LONGEST_DELAY, Channel
from edge_sast.hil.events import Load
from edge_sast.hil.frames import Frame, Kind, encode
from edge_sast.hil.messages import BoardInfo, BoardRefusedError, BoardStalledError

RECORD = np.dtype([("crc", "<u4"), ("ticks", "<u4")])
NEURON = np.dtype([("membrane", "<i4"), ("spike", "u1")])
OK, GAP, NO_RUN, WRONG_MODEL, BAD_EVENTS, BAD_REQUEST = range(6)
REASONS = {
    WRONG_MODEL: "it runs another model than it said; flash it again",
    BAD_EVENTS: "it cannot take the events; check that host and firmware are of the same version",
    BAD_REQUEST: "it does not know the request or the layer; give the index of a layer with membranes",
}
POLL_RESERVE = 64  # bytes of the board's buffer that LOADs leave free
MOST_RECOVERIES = 50  # without one LOAD getting through: no noise is like that, but a buffer too small is
_LOAD_ANSWER = struct.Struct("<BHI")
_POLL_ANSWER = struct.Struct("<BHI")
_DUMP = struct.Struct("<BHI")


class RestartedError(Exception):
    """The board no longer has this run; another attempt may succeed. The text says how that showed."""


def check_status(status: bytes) -> None:
    """Raises RestartedError or BoardRefusedError for what an answer begins with."""
    if status == bytes([NO_RUN]):
        raise RestartedError("it restarted, or another program uses it")
    if status not in (bytes([OK]), bytes([GAP])):
        raise BoardRefusedError(f"board: {REASONS.get(int.from_bytes(status), f'status {status.hex()}')}")


class Dump:
    """The neurons of one layer as they come in, from `first` on. complete: the last one is there."""

    def __init__(self, layer: int, first: int) -> None:
        self.layer = layer
        self.next = first
        self.parts: list[bytes] = []
        self.complete = False
        self._furthest = first - 1

    def take(self, payload: bytes) -> bool:
        """A DUMP frame; one that does not follow what is there is dropped. True if the board went on to new neurons."""
        if len(payload) < _DUMP.size or (len(payload) - _DUMP.size) % NEURON.itemsize:
            return False
        last, layer, first = _DUMP.unpack_from(payload)
        if layer != self.layer or first <= self._furthest:
            return False
        self._furthest = first
        if first == self.next and not self.complete:
            self.parts.append(payload[_DUMP.size :])
            self.next += (len(payload) - _DUMP.size) // NEURON.itemsize
            self.complete = last == 1
        return True


class Transfer:
    """All LOADs of one attempt. token: of the run, which BEGIN has started.

    records: RECORD of each step, once `run` has returned.
    """

    def __init__(
        self, channel: Channel, info: BoardInfo, token: int, loads: Sequence[Load], *, one_at_a_time: bool
    ) -> None:
        self.records = bytearray()
        self.dump: Dump | None = None
        self._channel = channel
        self._token = token
        self._loads = loads
        self._window = 1 if one_at_a_time else info.window
        self._credit = info.rx_bytes - POLL_RESERVE
        self._answered = 0  # LOADs whose answer is in
        self._next = 0  # LOAD to be sent next
        self._sizes: list[int] = []  # wire bytes of the LOADs that are under way
        self._steps = 0  # steps whose record is in
        self._stuck = 0  # recoveries since the last answer
        self._alive = time.monotonic()  # when the board last showed that it goes on

    def run(self) -> None:
        """Returns when the board has executed all of them.

        Raises RestartedError, and LinkError as Channel and the board's refusals do.
        """
        while self._answered < len(self._loads):
            self._fill()
            wait = self._channel.settings.reply_s + self._channel.line_s(sum(self._sizes))
            frame = self._channel.receive(self._alive + wait)
            if frame is None or not self._take(frame):
                self._recover()

    def _fill(self) -> None:
        """Sends what window and credit allow; one LOAD may always be under way."""
        while self._next < len(self._loads) and len(self._sizes) < self._window:
            frame = Frame(Kind.LOAD, self._next & 0xFFFF, self._token, self._loads[self._next].payload)
            size = len(encode(frame))
            if self._sizes and sum(self._sizes) + size > self._credit:
                return
            self._channel.send(frame)
            self._sizes.append(size)
            self._next += 1

    def _take(self, frame: Frame) -> bool:
        """Uses a frame if it is of this run. False: something was lost."""
        if frame.token != self._token:
            return True
        if frame.kind == Kind.DUMP and self.dump is not None and self.dump.take(frame.payload):
            self._alive = time.monotonic()
        if frame.kind != Kind.LOAD_ANSWER or len(frame.payload) < 3:
            return True
        index = self._index(frame.seq)
        if not self._answered <= index < self._next:
            return True  # answered before
        check_status(frame.payload[:1])
        if frame.payload[0] == GAP or index > self._answered:
            return False
        return self._accept(frame.payload)

    def _accept(self, payload: bytes) -> bool:
        """The answer to the oldest LOAD under way. False where it does not fit to what was sent."""
        load = self._loads[self._answered]
        if len(payload) != _LOAD_ANSWER.size + load.steps * RECORD.itemsize:
            return False
        if _LOAD_ANSWER.unpack_from(payload)[2] != self._steps & 0xFFFFFFFF:
            return False
        self.records += payload[_LOAD_ANSWER.size :]
        self._steps += load.steps
        self._answered += 1
        self._stuck = 0
        self._alive = time.monotonic()
        del self._sizes[:1]
        return True

    def _index(self, seq: int) -> int:
        """Number of the LOAD nearest to the oldest one under way whose seq this is."""
        distance = (seq - self._answered) & 0xFFFF
        return self._answered + (distance if distance < 0x8000 else distance - 0x10000)

    def _recover(self) -> None:
        """Asks until the board says where it is, and goes on from the oldest LOAD without an answer."""
        settings = self._channel.settings
        self._channel.statistics.recoveries += 1
        self._stuck += 1
        if self._stuck > MOST_RECOVERIES:
            raise BoardStalledError(
                "board: answers, but LOAD frames do not arrive whole; lower --baud, or build the firmware with a "
                "larger receive buffer"
            )
        start = time.monotonic()
        delay = settings.reply_s
        while time.monotonic() - max(start, self._alive) < settings.stall_s:
            seq = self._channel.request_number()
            self._channel.send(Frame(Kind.POLL, seq, self._token), resync=True)
            if self._await_poll(seq, time.monotonic() + delay + self._channel.line_s(sum(self._sizes))):
                self._next = self._answered
                self._sizes.clear()
                self._alive = time.monotonic()
                return
            delay = min(2 * delay, LONGEST_DELAY * settings.reply_s)
        raise self._channel.silence(settings.stall_s)

    def _await_poll(self, seq: int, deadline: float) -> bool:
        while (frame := self._channel.receive(deadline)) is not None:
            if frame.kind != Kind.POLL_ANSWER:
                self._take(frame)
            elif frame.token == self._token and frame.seq == seq and len(frame.payload) == _POLL_ANSWER.size:
                check_status(frame.payload[:1])
                expected = _POLL_ANSWER.unpack(frame.payload)[1]
                if not self._answered <= self._index(expected) <= self._next:
                    raise RestartedError("it wants a frame that it had")
                return True
        return False
