"""What the line to a board is like: how much of it is lost, what is sent because of that, and when it is hopeless."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_sast.link.messages import BadLineError, BoardInfo, LinkSettings

LEAST_BYTES = 32  # of a decoded frame: a BEGIN is not much shorter, and its overhead would be most of it
TELL_S = 10.0  # longest time without a line of text while losses keep a recording from its end
TELL_SLOWLY_S = 20.0  # the same while recordings get done
MUCH = 0.25  # of the time
LEAST_REPLY_S = 0.03  # to wait for an answer where much is lost, or
REPLIES = 4  # times the slowest of the last ones
SLOWEST_KEPT = 0.95  # of the slowest answer, for each later one
WEIGHT = 0.25  # of the last attempt in the share of frames that need another one
SHRINK = 0.5  # above this share frames get smaller; below, twice as many of them would take as long
CLEAN = 16  # answers in a row after which more is tried; doubled each time that this went wrong, up to
MOST_CLEAN = 64


@dataclass(frozen=True)
class Counts:
    """Requests sent, answers that came, recoveries in which something had been lost, and seconds lost by that."""

    time: float
    sent: int = 0
    heard: int = 0
    recoveries: int = 0
    lost_s: float = 0.0


class Line:
    """The line of one port, whatever is plugged into it: it is kept when the port is opened again.

    frame_bytes: of a decoded frame, at most; window: frames that may be without an answer. Both shrink when much is
    lost and grow as it goes well. say: called with one line of text about the losses.
    """

    def __init__(self, settings: LinkSettings, say: Callable[[str], object] = lambda _: None) -> None:
        self.say = say
        self.frame_bytes = self.window = 0
        self._settings = settings
        self._most_bytes = self._most_window = 0
        self._share = self._slowest_s = 0.0
        self._clean, self._wanted = 0, CLEAN
        self._now = self._told = self._finished = Counts(time.monotonic())
        self._asked = 0.0  # when the first request went out since the last answer
        self._useful_s = 0.0  # since the last recording was finished

    def greet(self, info: BoardInfo) -> None:
        """A board says what it can take: all of it, unless less was found to be better."""
        first = not self._most_bytes
        self._most_bytes, self._most_window = info.frame_bytes, info.window
        self.frame_bytes = self._most_bytes if first else min(self.frame_bytes, self._most_bytes)
        self.window = self._most_window if first else min(self.window, self._most_window)

    def steps(self, most: int) -> int:
        """Steps that may end in one frame, `most` of a board's: each makes the answer 8 bytes longer."""
        return most if self.frame_bytes == self._most_bytes else min(most, self.frame_bytes // 16)

    @property
    def reply_s(self) -> float:
        """How long to wait for an answer: less where frames get smaller, for most waits are then in vain."""
        most = self._settings.reply_s
        calm = self.frame_bytes == self._most_bytes or not self._slowest_s
        return most if calm else min(most, max(LEAST_REPLY_S, REPLIES * self._slowest_s))

    def sent(self) -> None:
        """A request."""
        now = self._count(sent=1)
        self._asked = self._asked or now.time

    def heard(self) -> None:
        """An answer, to whatever."""
        self._count(heard=1)
        self._asked = 0.0

    def answered(self, seconds: float) -> None:
        """The frame that was waited for has its answer, after so many seconds."""
        self._useful_s += seconds
        self._share *= 1 - WEIGHT
        self._slowest_s = max(seconds, SLOWEST_KEPT * self._slowest_s)
        self._clean += 1
        if self._clean >= self._wanted:
            self._clean = 0
            if self.window < self._most_window:
                self.window = min(2 * self.window, self._most_window)
            else:
                self.frame_bytes = min(2 * self.frame_bytes, self._most_bytes)

    def lost(self, seconds: float) -> None:
        """It has to be sent again: so many seconds were in vain."""
        self._count(recoveries=1, lost_s=seconds)
        self._share += (1 - self._share) * WEIGHT
        self._clean = 0
        if self._share > SHRINK:
            self._share = 0.0
            self._wanted = min(2 * self._wanted, MOST_CLEAN)
            self.window = 1
            self.frame_bytes = max(min(LEAST_BYTES, self._most_bytes), self.frame_bytes // 2)

    def finished(self) -> None:
        """A recording is done."""
        self._finished = self._count()
        self._useful_s = 0.0

    def check(self) -> None:
        """Raises BadLineError where losses have held up a recording for too long, and for most of its time.

        So a board that is slow has all the time that it needs: it answers.
        """
        lost_s = self._now.lost_s - self._finished.lost_s
        if lost_s > max(self._settings.patience_s, self._useful_s):
            raise BadLineError(
                f"board: {self._losses(self._finished)}, which held up one recording for {lost_s:.0f} s, at the "
                f"end with {self._least()}; check cable and ground, lower --baud, build the firmware with a larger "
                "receive buffer, or give more --patience-s"
            )

    def tell(self) -> None:
        """Says how bad the line is, where it is, once in a while."""
        now = self._count()
        idle = self._finished.time <= self._told.time
        if now.time - self._told.time < (TELL_S if idle else TELL_SLOWLY_S):
            return
        silent_s = now.time - self._asked if self._asked else 0.0
        much = now.lost_s - self._told.lost_s > MUCH * (now.time - self._told.time)
        if silent_s >= TELL_S:
            most = self._settings.stall_s
            self.say(f"board: no answer for {silent_s:.0f} s; it has {most:g} s from its last sign of life")
        elif now.recoveries > self._told.recoveries and (idle or much):
            self.say(f"board: {self._losses(self._told)}; now {self._least()}")
        self._told = now

    def _least(self) -> str:
        at_once = "one at a time" if self.window == 1 else f"{self.window} at once"
        return f"frames of {self.frame_bytes} bytes, {at_once}"

    def _losses(self, since: Counts) -> str:
        now = self._now
        sent, heard = now.sent - since.sent, now.heard - since.heard
        share = 100 * max(0, sent - heard) / max(1, sent)
        recoveries = now.recoveries - since.recoveries
        return f"the line loses {share:.0f} % of the frames ({sent} sent, {heard} answered, {recoveries} recoveries)"

    def _count(self, sent: int = 0, heard: int = 0, recoveries: int = 0, lost_s: float = 0.0) -> Counts:
        now = self._now
        counts = (now.sent + sent, now.heard + heard, now.recoveries + recoveries, now.lost_s + lost_s)
        self._now = Counts(time.monotonic(), *counts)
        return self._now
