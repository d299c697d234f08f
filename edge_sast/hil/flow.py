"""Jobs through a channel: their frames go out in a window, one job behind the other, and what is lost is mended."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from edge_sast.hil.channel import LONGEST_DELAY, Channel
from edge_sast.hil.frames import Frame, Kind, encode
from edge_sast.hil.job import GAP, LOST, NO_RUN, Item, Job, RestartedError, check_status
from edge_sast.hil.messages import BoardInfo, BoardResetError, BoardStalledError

POLL_RESERVE = 64  # bytes of the board's buffer that all other frames leave free
MOST_RECOVERIES = 50  # without one answer in between: no noise is like that, but a buffer too small is
_POLL_ANSWER = struct.Struct("<BHI")


class Flow:
    """jobs: taken as the board gets free for them. hello: waits for a board that restarts.

    Nothing is under way while the board computes a job that is not observed: its ticks are those of the network alone.
    """

    def __init__(
        self,
        channel: Channel,
        info: BoardInfo,
        jobs: Iterator[Job],
        hello: Callable[[], object],
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._hello = hello
        self._window = info.window
        self._credit = info.rx_bytes - POLL_RESERVE
        self._items: deque[Item] = deque()  # without an answer, oldest first
        self._sizes: deque[int] = deque()  # wire bytes of the first of them, which are under way
        self._done: deque[Job] = deque()
        self._stuck = 0  # recoveries since the last answer
        self._alive = time.monotonic()  # when the board last showed that it goes on
        self._free = 0.0  # when it was done with the last job

    def finished(self) -> Iterator[Job]:
        """The jobs in their order, each when its result is proved.

        Raises LinkError as Channel and the board's refusals do; BoardResetError for a job tried too often.
        """
        while True:
            self._fill()
            if not self._items:
                return
            wait = self._channel.settings.reply_s + self._channel.line_s(sum(self._sizes))
            try:
                frame = self._channel.receive(self._alive + wait)
                if frame is None or not self._take(frame):
                    self._recover()
            except RestartedError as error:
                self._restart(str(error))
            while self._done:
                yield self._done.popleft()

    def _fill(self) -> None:
        """Sends what window and credit allow; one frame may always be under way."""
        while len(self._sizes) < self._window:
            if self._sizes and self._items[len(self._sizes) - 1].alone:
                return
            if len(self._sizes) == len(self._items):
                job = next(self._jobs, None)
                if job is None:
                    return
                self._items.extend(job.items())
            item = self._items[len(self._sizes)]
            size = len(encode(item.frame)) + 1
            if self._sizes and (sum(self._sizes) + size > self._credit or self._waits(item)):
                return
            if not self._sizes:
                self._alive = time.monotonic()
            self._send(item)
            self._sizes.append(size)

    def _send(self, item: Item) -> None:
        job, now = item.job, time.monotonic()
        job.sent = job.sent or now
        if item.frame.kind == Kind.LOAD and item.number == 0:
            job.began = now
        job.wire_bytes += self._channel.send(item.frame, resync=item.frame.kind == Kind.BEGIN)

    def _waits(self, item: Item) -> bool:
        """A job that was lost before is finished alone: one that begins behind it would end it."""
        oldest = self._items[0].job
        return item.job is not oldest and oldest.attempts > 1

    def _take(self, frame: Frame) -> bool:
        """Uses a frame if it belongs to what is under way. False: something was lost."""
        if not self._sizes:
            return True
        oldest = self._items[0]
        if frame.kind == Kind.DUMP and frame.token == oldest.job.token:
            if oldest.job.dump is not None and oldest.job.dump.take(frame.payload):
                self._alive = time.monotonic()
            return True
        if (frame.kind, frame.seq, frame.token) != oldest.key:
            under_way = islice(self._items, 1, len(self._sizes))
            return all((frame.kind, frame.seq, frame.token) != item.key for item in under_way)
        check_status(frame.payload[:1])
        if frame.payload[:1] == bytes([NO_RUN]):
            raise RestartedError(LOST)
        if frame.payload[:1] == bytes([GAP]) or not oldest.job.accept(oldest, frame.payload):
            return False
        self._answered(len(encode(frame)))
        return True

    def _answered(self, size: int) -> None:
        """The oldest item is done with, and its job too if it was its last. size: of the answer."""
        job = self._items.popleft().job
        job.wire_bytes += size
        self._sizes.popleft()
        self._stuck = 0
        self._alive = time.monotonic()
        if not self._items or self._items[0].job is not job:
            job.seconds = self._alive - max(job.sent, self._free)
            self._free = self._alive
            self._done.append(job)

    def _restart(self, reason: str) -> None:
        """The oldest job once more from its beginning, and those behind it after it."""
        oldest = self._items[0].job
        if oldest.attempts >= self._channel.settings.attempts:
            raise BoardResetError(
                f"board: could not finish a recording in {oldest.attempts} attempts ({reason}); check its supply "
                "and cable"
            )
        oldest.attempts += 1
        self._channel.statistics.restarts += 1
        self._hello()
        jobs = list({id(item.job): item.job for item in self._items}.values())
        self._items.clear()
        self._sizes.clear()
        for job in jobs:
            job.renew()
            self._items.extend(job.items())

    def _recover(self) -> None:
        """Asks until the board says where it is, and goes on from the oldest item without an answer."""
        settings = self._channel.settings
        self._channel.statistics.recoveries += 1
        self._stuck += 1
        if self._stuck > MOST_RECOVERIES:
            raise BoardStalledError(
                "board: answers, but frames do not arrive whole; lower --baud, or build the firmware with a larger "
                "receive buffer"
            )
        start = time.monotonic()
        delay = settings.reply_s
        while self._sizes and time.monotonic() - max(start, self._alive) < settings.stall_s:
            poll = Frame(Kind.POLL, self._channel.request_number(), self._items[0].job.token)
            self._channel.send(poll, resync=True)
            if self._await_poll(poll, time.monotonic() + delay + self._channel.line_s(sum(self._sizes))):
                self._sizes.clear()
                self._alive = time.monotonic()
                return
            delay = min(2 * delay, LONGEST_DELAY * settings.reply_s)
        if self._sizes:
            raise self._channel.silence(settings.stall_s)

    def _await_poll(self, poll: Frame, deadline: float) -> bool:
        """True: everything that was under way has arrived or is lost. Answers that still come are used."""
        while (frame := self._channel.receive(deadline)) is not None:
            if (frame.kind, frame.seq, frame.token) != (Kind.POLL_ANSWER, poll.seq, poll.token):
                self._take(frame)
            elif len(frame.payload) == _POLL_ANSWER.size:
                self._compare(poll.token, frame.payload)
                return True
        return False

    def _compare(self, token: int, payload: bytes) -> None:
        """Raises RestartedError where the board is not where it must be for the oldest item to be sent again."""
        status, expected, _ = _POLL_ANSWER.unpack(payload)
        check_status(payload[:1])
        if not self._sizes or self._items[0].job.token != token or self._items[0].frame.kind == Kind.BEGIN:
            return
        oldest = self._items[0]
        first = oldest.number if oldest.frame.kind == Kind.LOAD else len(oldest.job.loads)
        under_way = sum(
            item.job is oldest.job and item.frame.kind == Kind.LOAD
            for item in islice(self._items, len(self._sizes))
        )
        if status == NO_RUN:
            raise RestartedError(LOST)
        if (expected - first) & 0xFFFF > under_way:
            raise RestartedError("it wants a frame that it had")
