"""One recording on its way to a board and back: the frames that it takes, and what proves its result."""

from __future__ import annotations

import secrets
import struct
import time
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.link.event_payload import EventBytes, Load
from edge_sast.link.frames import OVERHEAD, Frame, Kind
from edge_sast.link.messages import BoardInfo, BoardRefusedError, BoardRun
from edge_sast.runtime.crc import NEURON

RECORD = np.dtype([("crc", "<u4"), ("ticks", "<u4")])
COUNTERS = np.dtype([("synops", "<u8"), ("spikes", "<u8")])
OBSERVED, DUMPED = 1, 2
STEPS_BYTES = 4  # at the end of the results of a board that ends recordings early
OK, GAP, NO_RUN, WRONG_MODEL, BAD_EVENTS, BAD_REQUEST = range(6)
REASONS = {
    WRONG_MODEL: "it runs another model than it said; flash it again",
    BAD_EVENTS: "it cannot take the events; check that host and firmware are of the same version",
    BAD_REQUEST: "it does not know the request or the layer; give the index of a layer with membranes",
}
LOST = "it restarted, or another program uses it"
OTHER = "what it received and computed is not what was sent"
_BEGIN = struct.Struct("<B8sHII")
_LOAD_ANSWER = struct.Struct("<BHI")
_READ_ANSWER = struct.Struct("<BIIII")
_DUMP = struct.Struct("<BHI")


class RestartedError(Exception):
    """The board no longer has this run; another attempt may succeed. The text says how that showed."""


def new_token() -> int:
    """What no other run has: random, never 0."""
    return secrets.randbelow(0xFFFFFFFF) + 1


def check_status(status: bytes) -> None:
    """Raises BoardRefusedError where an answer begins with more than a matter of order."""
    if status not in (bytes([OK]), bytes([GAP]), bytes([NO_RUN])):
        unknown = (
            f"it answers with {f'status {status[0]}' if status else 'nothing'}, which this protocol has not; "
        )
        reason = REASONS.get(status[0]) if status else None
        raise BoardRefusedError(f"board: {reason or unknown + 'build and flash the firmware again'}")


class Dump:
    """The neurons of one layer at one step as they come in, from neuron `first` on. complete: the last is there."""

    def __init__(self, step: int, layer: int, first: int) -> None:
        self.step, self.layer, self.first = step, layer, first
        self.clear()

    def clear(self) -> None:
        """Before another attempt."""
        self.parts: list[bytes] = []
        self.complete = False
        self._next = self.first
        self._furthest = self.first - 1

    def take(self, payload: bytes) -> bool:
        """A DUMP frame; one that does not follow what is there is dropped. True if the board went on to new neurons."""
        if len(payload) < _DUMP.size or (len(payload) - _DUMP.size) % NEURON.itemsize:
            return False
        last, layer, first = _DUMP.unpack_from(payload)
        if layer != self.layer or first <= self._furthest:
            return False
        self._furthest = first
        if first == self._next and not self.complete:
            self.parts.append(payload[_DUMP.size :])
            self._next += (len(payload) - _DUMP.size) // NEURON.itemsize
            self.complete = last == 1
        return True


@dataclass(frozen=True)
class Item:
    """One frame of a job. number: of the LOAD among the job's, or the offset of a READ."""

    job: Job
    frame: Frame
    number: int = 0

    @property
    def alone(self) -> bool:
        """Nothing may be sent after it until it is answered: the board times its steps."""
        return self.frame.kind == Kind.LOAD and not self.job.observed

    @property
    def key(self) -> tuple[int, int, int]:
        """What its answer begins with."""
        return Kind(self.frame.kind).answer, self.frame.seq, self.frame.token


class Job:
    """attempts: 1, and one more for each time that the board lost it. sent: when its first frame went out, 0 before.

    loads: as it is cut, for frames of frame_bytes. answered: how many of its items are.
    seconds, wire_bytes: of all attempts; see BoardRun.
    """

    def __init__(self, info: BoardInfo, events: EventBytes, flags: int, dump: Dump | None = None) -> None:
        self.loads: list[Load] = []
        self.frame_bytes = 0
        self.dump = dump
        self.attempts = 1
        self.observed = bool(flags & OBSERVED)
        self.sent = self.seconds = 0.0
        self.wire_bytes = 0
        self.steps = events.steps
        self._info = info
        self._events = events
        self._flags = flags
        self._stream_crc = zlib.crc32(events.data)
        self.renew()

    def renew(self) -> None:
        """Another attempt, of which no earlier frame and no earlier answer can be a part."""
        self.token = new_token()
        self.records = bytearray()
        self.results = bytearray()
        self.began = self.loaded = 0.0
        self.answered = 0
        if self.dump is not None:
            self.dump.clear()

    def cut(self, frame_bytes: int, most_steps: int, kept: int = 0) -> None:
        """Cuts its events for such frames, but for the first `kept` loads, which the board has executed."""
        behind = self.loads[:kept]
        self.loads = behind + self._events.cut(frame_bytes - OVERHEAD, most_steps, behind)
        self.frame_bytes = frame_bytes

    def items(self) -> list[Item]:
        """Its frames in order, but for those that are answered."""
        return self._items()[self.answered :]

    def _items(self) -> list[Item]:
        dump = self.dump or Dump(0, 0, 0)
        model = bytes.fromhex(self._info.model_hash)[:8]
        begin = _BEGIN.pack(self._flags, model, dump.layer, dump.step, dump.first)
        chunk = self._info.reply_bytes - OVERHEAD - _READ_ANSWER.size
        return [
            Item(self, Frame(Kind.BEGIN, 0, self.token, begin)),
            *(
                Item(self, Frame(Kind.LOAD, i & 0xFFFF, self.token, load.payload), i)
                for i, load in enumerate(self.loads)
            ),
            *(
                Item(
                    self,
                    Frame(Kind.READ, i & 0xFFFF, self.token, (i * chunk).to_bytes(4, "little")),
                    i * chunk,
                )
                for i in range(-(-self._result_bytes() // chunk))
            ),
        ]

    def accept(self, item: Item, payload: bytes) -> None:
        """Takes the answer to one of its items, all of them in order.

        Raises RestartedError where the board's steps or sums are not those of what was sent.
        """
        if item.frame.kind == Kind.LOAD:
            self._accept_load(self.loads[item.number], payload)
        elif item.frame.kind == Kind.READ:
            self._accept_results(item.number, payload)
        self.answered += 1

    def _accept_load(self, load: Load, payload: bytes) -> None:
        """It has other steps where a late copy of the frame, cut in another way, came before this one."""
        first = len(self.records) // RECORD.itemsize
        whole = len(payload) == _LOAD_ANSWER.size + load.steps * RECORD.itemsize
        if not whole or _LOAD_ANSWER.unpack_from(payload)[2] != first & 0xFFFFFFFF:
            raise RestartedError(OTHER)
        self.records += payload[_LOAD_ANSWER.size :]
        self.loaded = time.monotonic()

    def _accept_results(self, offset: int, payload: bytes) -> None:
        size = self._result_bytes()
        wanted = (OK, self.steps & 0xFFFFFFFF, self._stream_crc, zlib.crc32(self.records), size)
        if len(payload) < _READ_ANSWER.size or _READ_ANSWER.unpack_from(payload) != wanted:
            raise RestartedError(OTHER)
        self.results[offset:] = payload[_READ_ANSWER.size :]

    def _result_bytes(self) -> int:
        steps = STEPS_BYTES if self._info.ends_early else 0
        return 2 + 4 * self._info.classes + COUNTERS.itemsize * self._info.weighted + steps

    def run(self) -> BoardRun:
        """The result, once every item is answered."""
        if len(self.results) != self._result_bytes():
            raise BoardRefusedError(
                f"board: gave {len(self.results)} bytes of results, not {self._result_bytes()}; flash it again"
            )
        outputs_end = 2 + 4 * self._info.classes
        counters_end = outputs_end + COUNTERS.itemsize * self._info.weighted
        steps = self._computed(bytes(self.results[counters_end:]))
        counters = np.frombuffer(bytes(self.results[outputs_end:counters_end]), COUNTERS)
        return BoardRun(
            crcs=steps["crc"].astype(np.uint32) if self.observed else None,
            ticks=steps["ticks"].astype(np.uint32),
            synops=counters["synops"].astype(np.uint64),
            spikes=counters["spikes"].astype(np.uint64),
            outputs=np.frombuffer(bytes(self.results[2:outputs_end]), "<i4").astype(np.int32),
            prediction=int.from_bytes(self.results[:2], "little"),
            attempts=self.attempts,
            event_bytes=sum(len(load.payload) for load in self.loads),
            load_s=max(0.0, self.loaded - self.began),
            seconds=self.seconds,
            wire_bytes=self.wire_bytes,
        )

    def _computed(self, told: bytes) -> NDArray[np.void]:
        """RECORD of each step that was computed: of all, or of as many as `told` says where the board ends recordings.

        Raises BoardRefusedError where they cannot be so many, or those after them are more than nothing.
        """
        steps = np.frombuffer(bytes(self.records), RECORD)
        if not self._info.ends_early:
            return steps
        count = int.from_bytes(told, "little")
        if not 1 <= count <= len(steps) or any(steps[count:].tobytes()):
            raise BoardRefusedError(
                f"board: says that it computed {count} of {len(steps)} steps, and gave others; flash it again"
            )
        return steps[:count]
