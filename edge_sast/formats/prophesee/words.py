"""Decoding of a RAW file's words, piece by piece: what EVT2, EVT2.1 and EVT3 have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.put import SPARE
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.contract import Header, Opened, Reading, State, whole_records

PIECE_EVENTS = 1 << 15  # decoded at once: they and their words stay in a core's second cache

SCRATCH_EVENTS = 1 << 10


@dataclass(frozen=True)
class Evt:
    """One version of the words.

    Attributes:
        name: "EVT3".
        version: as `Text.evt` gives it.
        word: dtype.
        known: kinds of words that there are; a kind is 0..15.
        needed: kinds that have to have come, in this order, before an event is complete.
        most: events that a word, or a group that is decoded at once, holds at most.
        state: of the decoder at the beginning; its first number is the time in µs that the clock's counts from.
        clock_bits: after 2^these µs the clock begins at 0 again.
        decode: (words, first word, EVENT_DTYPE[n] to fill, state, found, bits) -> the word after the last one decoded;
            it stops where the next word may not find room, and SPARE of the array is left over. found: int64[2],
            events filled in and kinds met (bit k: k); bits: of `Glance`.
        kinds: (words, state) -> kind of each.
    """

    name: str
    version: str
    word: np.dtype
    known: tuple[int, ...]
    needed: tuple[int, ...]
    most: int
    state: State
    clock_bits: int
    decode: Callable[[np.ndarray, int, np.ndarray, np.ndarray, np.ndarray, np.ndarray], int]
    kinds: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def words(self, data: bytes) -> np.ndarray:
        """The whole words of `data`."""
        return np.frombuffer(data, self.word, len(data) // self.word.itemsize)


@dataclass(frozen=True)
class _Piece:
    """What was decoded last: words[first:end] of a block at a byte offset of the file, from a state on."""

    offset: int
    words: np.ndarray
    first: int
    end: int
    state: np.ndarray
    events: np.ndarray


class Words:
    """Chunks of events of a RAW file, and where they stand in it."""

    piece: _Piece

    def __init__(
        self, of: Evt, stream: BinaryIO, source: str, reading: Reading, state: State, begin: bytes = b""
    ) -> None:
        """state: byte offset of the first word, events before it, then the decoder's; begin: bytes read already."""
        self.of, self.source, self.reading = of, source, reading
        self.next, self.done = state[:2]
        self.state = np.array(state[2:], np.int64)
        self.blocks = whole_records(stream, of.word.itemsize, source, reading, self.next, begin, "word")

    def opened(self, header: Header) -> Opened:
        """As `Format.open` gives it."""
        return Opened(
            header, self._chunks(), self._offset_of, lambda: (self.next, self.done, *self.state.tolist())
        )

    def _chunks(self) -> Iterator[np.ndarray]:
        begin = self.next
        for offset, data in self.blocks:
            words, first = self.of.words(data), 0
            while first < len(words):
                self.piece = self._decoded(offset, words, first)
                first = self.piece.end
                self.next = offset + first * words.itemsize
                self.done += len(self.piece.events)
                if len(self.piece.events):
                    yield self.piece.events
        if not self.done and self.next > begin:
            raise EdgeSastError(
                f"{self.source}: {self.next - begin} bytes of {self.of.name} words hold no event; the recording is "
                "empty or of another format: record it again, or say the format with --format"
            )

    def _decoded(self, offset: int, words: np.ndarray, first: int) -> _Piece:
        before, found = self.state.copy(), np.zeros(2, np.int64)
        room = min(PIECE_EVENTS, self.of.most * (len(words) - first)) + self.of.most
        events = np.empty(room + SPARE, EVENT_DTYPE)
        glance = self.reading.defects.glance
        end = self.of.decode(words, first, events, self.state, found, glance.bits)
        piece = _Piece(offset, words, first, end, before, events[: found[0]])
        glance.chunk = piece.events
        if found[1] & ~sum(1 << kind for kind in self.of.known):
            self._tell_unknown(piece)
        return piece

    def _tell_unknown(self, piece: _Piece) -> None:
        kinds = self.of.kinds(piece.words[piece.first : piece.end], piece.state)
        unknown = np.ones(16, np.bool_)
        unknown[list(self.of.known)] = False
        bad = unknown[kinds]
        index = piece.first + int(bad.argmax())
        word, event = piece.words[index], self._count(piece, index)
        after = f", after t={piece.events['t'][event - 1]} µs" if event else ""
        self.reading.defects.unknown_word(
            f"{self.source}: event {self.done + event} (byte offset {piece.offset + index * word.itemsize}){after}: "
            f"the word of bytes {word.tobytes().hex(' ')} is of type {kinds[index - piece.first]}, which "
            f"{self.of.name} does not have",
            int(np.count_nonzero(bad)),
        )

    def _count(self, piece: _Piece, end: int) -> int:
        """Events in words[piece.first:end]."""
        found, bits, state = np.zeros(2, np.int64), np.zeros(3, np.int64), piece.state.copy()
        scratch = np.empty(SCRATCH_EVENTS, EVENT_DTYPE)
        place, count = piece.first, 0
        while place < end:
            place = self.of.decode(piece.words[:end], place, scratch, state, found, bits)
            count += int(found[0])
        return count

    def _offset_of(self, index: int) -> int:
        """Byte offset of the word that event `index` of the last chunk stands in."""
        low, high = (
            self.piece.first,
            self.piece.end,
        )  # events up to `low` are too few, those up to `high` are not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._count(self.piece, middle) > index else (middle, high)
        return self.piece.offset + low * self.piece.words.itemsize
