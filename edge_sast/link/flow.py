"""Sends jobs back to back within the board's window and resends what is lost."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from edge_sast.link.channel import LONGEST_DELAY, Channel
from edge_sast.link.frames import Frame, Kind, encode
from edge_sast.link.job import GAP, LOST, NO_RUN, OK, Item, Job, RestartedError, check_status
from edge_sast.link.messages import BoardInfo, BoardResetError

POLL_RESERVE = 64  # bytes of the board's buffer that all other frames leave free
PROMPT = 4  # so often it is asked without waiting longer: a question gets lost too
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
        self._line = channel.line
        self._info = info
        self._jobs = jobs
        self._hello = hello
        self._credit = info.rx_bytes - POLL_RESERVE
        self._items: deque[Item] = deque()  # without an answer, oldest first
        self._sizes: deque[int] = deque()  # wire bytes of the first of them, which are under way
        self._done: deque[Job] = deque()
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
            wait = self._reply_s() + self._channel.line_s(sum(self._sizes))
            try:
                frame = self._channel.receive(self._alive + wait)
                if frame is None or not self._take(frame):
                    self._recover()
                self._line.tell()
            except RestartedError as error:
                self._restart(str(error))
            while self._done:
                yield self._done.popleft()

    def _reply_s(self) -> float:
        """How long to wait for the oldest item's answer. A board that times its steps is not asked early."""
        return self._channel.settings.reply_s if self._items[0].alone else self._line.reply_s

    def _fill(self) -> None:
        """Sends what window and credit allow; one frame may always be under way."""
        while len(self._sizes) < self._line.window:
            if self._sizes and self._items[len(self._sizes) - 1].alone:
                return
            if len(self._sizes) == len(self._items):
                job = next(self._jobs, None)
                if job is None:
                    return
                self._cut(job)
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
        """A job that was lost before is finished alone: one that begins after it would end it."""
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
        if frame.payload[:1] == bytes([GAP]):
            return False
        oldest.job.accept(oldest, frame.payload)
        self._answered(len(encode(frame)))
        return True

    def _answered(self, size: int) -> None:
        """The oldest item is done with, and its job too if it was its last. size: of the answer."""
        job = self._items.popleft().job
        job.wire_bytes += size
        self._sizes.popleft()
        now = time.monotonic()
        self._line.answered(now - self._alive)
        self._alive = now
        if not self._items or self._items[0].job is not job:
            job.seconds = self._alive - max(job.sent, self._free)
            self._free = self._alive
            self._done.append(job)
            self._line.finished()

    def _cut(self, job: Job, kept: int = 0) -> None:
        """Puts a job's frames that have no answer after all others, cut as the line wants them."""
        job.cut(self._line.frame_bytes, self._line.steps(self._info.frame_steps), kept)
        self._items.extend(job.items())

    def _jobs_left(self) -> list[Job]:
        """Those of the items, which are no items any more."""
        jobs = list({id(item.job): item.job for item in self._items}.values())
        self._items.clear()
        self._sizes.clear()
        return jobs

    def _restart(self, reason: str) -> None:
        """The oldest job once more from its beginning, and those that followed it after it."""
        oldest = self._items[0].job
        if oldest.attempts >= self._channel.settings.attempts:
            raise BoardResetError(
                f"board: could not finish a recording in {oldest.attempts} attempts ({reason}); check its supply "
                "and cable"
            )
        oldest.attempts += 1
        self._channel.statistics.restarts += 1
        if any(item.job is not oldest for item in islice(self._items, len(self._sizes))):
            self._lost()  # one that began after it ended it
        self._hello()
        for job in self._jobs_left():
            job.renew()
            self._cut(job)
        self._alive = time.monotonic()

    def _recover(self) -> None:
        """Asks until the board says where it is, and goes on from the oldest item without an answer."""
        settings = self._channel.settings
        self._channel.statistics.recoveries += 1
        start = time.monotonic()
        delay, tries = self._reply_s(), 0
        while self._sizes and time.monotonic() - max(start, self._alive) < settings.stall_s:
            poll = Frame(Kind.POLL, self._channel.request_number(), self._items[0].job.token)
            self._channel.send(poll, resync=True)
            kept = self._await_poll(poll, time.monotonic() + delay + self._channel.line_s(sum(self._sizes)))
            if kept is not None:
                self._go_on(kept)
                return
            self._line.tell()
            tries += 1
            if tries >= PROMPT:
                delay = min(2 * delay, LONGEST_DELAY * settings.reply_s)
        if self._sizes:
            self._lost()
            raise self._channel.silence(settings.stall_s)

    def _lost(self) -> None:
        """All that is under way. Raises BadLineError where that has held up the recording for too long."""
        self._line.lost(time.monotonic() - self._alive)
        self._line.check()

    def _go_on(self, kept: int) -> None:
        """The board has nothing under way any more. kept: loads of the oldest job that it has executed."""
        lost = bool(self._sizes)
        if lost:
            self._lost()
        self._sizes.clear()
        self._alive = time.monotonic()
        if lost and self._line.frame_bytes < self._items[0].job.frame_bytes:
            for i, job in enumerate(self._jobs_left()):
                self._cut(job, kept if i == 0 else 0)

    def _await_poll(self, poll: Frame, deadline: float) -> int | None:
        """As _executed, once all that was under way has arrived or is lost. Answers that still come are used."""
        while (frame := self._channel.receive(deadline)) is not None:
            if (frame.kind, frame.seq, frame.token) != (Kind.POLL_ANSWER, poll.seq, poll.token):
                self._take(frame)
            elif self._sizes and self._items[0].job.token != poll.token:
                return None  # late answers ended that job: of the next one it says nothing
            elif len(frame.payload) == _POLL_ANSWER.size:
                return self._executed(frame.payload)
        return None

    def _executed(self, payload: bytes) -> int:
        """How many loads of the oldest job the board has executed.

        Raises RestartedError where it is not where it must be for the oldest item to be sent again.
        """
        status, expected, _ = _POLL_ANSWER.unpack(payload)
        check_status(payload[:1])
        if not self._sizes:
            return 0
        oldest = self._items[0]
        if oldest.frame.kind == Kind.BEGIN:
            return int(expected) if status == OK else 0
        first = oldest.number if oldest.frame.kind == Kind.LOAD else len(oldest.job.loads)
        under_way = sum(
            item.job is oldest.job and item.frame.kind == Kind.LOAD
            for item in islice(self._items, len(self._sizes))
        )
        if status == NO_RUN:
            raise RestartedError(LOST)
        more = int(expected - first) & 0xFFFF
        if more > under_way:
            raise RestartedError("it wants a frame that it had")
        return first + more
