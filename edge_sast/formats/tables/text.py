"""Text: an event a line, in any order of columns.

Columns stand between commas, semicolons, tabs or blanks; lines end in LF or CR LF; a line that begins with # or % is a
comment. Which column is which stands in a header line, in a comment that names them all, or in `--columns`; without
any it is t x y p, and t is in seconds where the first has a decimal point, else in µs. Prophesee's files begin with
`%geometry:WIDTH,HEIGHT` and have x,y,p,t; faery's with `t,x@WIDTH,y@HEIGHT,on`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.columns import FIELDS
from edge_sast.formats.contract import SNIFFED_BYTES, Format, Likeness, Opened, Reading, Sensor, State
from edge_sast.formats.defects import Kind
from edge_sast.formats.tables.characters import printable
from edge_sast.formats.tables.parse_lines import (
    AT,
    CODE,
    FILLED,
    LINES,
    OFF_SEEN,
    REASONS,
    START,
    WORDS,
    parse_lines,
)
from edge_sast.formats.tables.text_head import Head, read_comments, read_head, shown, words_of
from edge_sast.formats.tables.write_lines import lines_of

SHORTEST_LINE = 8  # bytes: "0 0 0 0" and a line feed
MOST_LINE_BYTES = 1 << 16
HEADER_LINE = b"t,x,y,p\n"
WRITTEN_EVENTS = 1 << 16  # at once
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def sniff_text(first: bytes) -> Likeness:
    """Text whose columns are named is certain; other lines of four numbers may be anything of four columns."""
    if not first or first.startswith(b"#!AER") or not printable(first):
        return Likeness.NOT
    whole = first if len(first) < SNIFFED_BYTES else first[: first.rfind(b"\n") + 1]
    found, line = read_comments(whole, ended=True)
    if found.order:
        return Likeness.CERTAIN
    words = words_of(line) if line is not None else []
    numbers = len(words) >= len(FIELDS) and all(NUMBER.match(word) for word in words[: len(FIELDS)])
    return Likeness.POSSIBLE if numbers or line is None else Likeness.NOT


def open_text(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """A text of events, read forward only; see above for its columns.

    Raises EdgeSastError where columns or unit are not known.
    """
    begin, head = _read_head(stream, source, reading)
    return _Events(
        stream, source, reading, head, begin[head.start :], (head.start, head.lines, 0, 0)
    ).opened()


def resume_text(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """A text from (byte offset, lines, events, kinds of OFF met) on."""
    stream.seek(0)
    _, head = _read_head(stream, source, reading)
    stream.seek(state[0])
    return _Events(stream, source, reading, head, b"", state).opened()


def _read_head(stream: BinaryIO, source: str, reading: Reading) -> tuple[bytes, Head]:
    """(the bytes read so far, the head in them)."""
    begin = b""
    while True:
        data = stream.read(contract.CHUNK_BYTES)
        begin += data
        if head := read_head(begin, not data, source, reading):
            return begin, head


class _Events:
    """Chunks of a text, and where they stand in it."""

    def __init__(
        self, stream: BinaryIO, source: str, reading: Reading, head: Head, begin: bytes, state: State
    ) -> None:
        self.stream, self.source, self.reading, self.head, self.begin = stream, source, reading, head, begin
        self.offset, self.lines, self.done, self.off_seen = state  # of the block to come
        self.block, self.place = np.empty(0, np.uint8), state  # the block of the last chunk, and its state
        self.last = 0  # µs, of the last event
        self.words: tuple[str, State] | None = (
            None  # a line of words behind the last event, which may be the end
        )

    def opened(self) -> Opened:
        return Opened(self.head.header, self.chunks(), self.offset_of, self.state)

    def state(self) -> State:
        return self.words[1] if self.words else (self.offset, self.lines, self.done, self.off_seen)

    def chunks(self) -> Iterator[np.ndarray]:
        data, rest = self.begin or self.stream.read(contract.CHUNK_BYTES), b""
        while data:
            data = rest + data
            cut = data.rfind(b"\n") + 1
            if len(data) - cut > MOST_LINE_BYTES:
                raise EdgeSastError(
                    f"{self.source}: line {self.lines + data.count(10) + 1} is longer than {MOST_LINE_BYTES} bytes; it "
                    "is no text of events: convert it"
                )
            if cut:
                yield self._events(data, cut, True)
            rest = data[cut:]
            data = self.stream.read(contract.CHUNK_BYTES)
        if rest:
            yield self._events(rest + b"\n", len(rest) + 1, False)
        skipped = self.reading.defects.first.get(Kind.UNKNOWN_WORD)
        if not self.done and skipped:
            raise EdgeSastError(f"{skipped}, and no other line is an event; say the columns with --columns")

    def _events(self, data: bytes, end: int, ended: bool) -> np.ndarray:
        """The events of the whole lines in data[:end]; ended: the last of them has its own line end."""
        self.block, self.place = (
            np.frombuffer(data, np.uint8, end),
            (self.offset, self.lines, self.done, self.off_seen),
        )
        events = np.empty(end // SHORTEST_LINE + 1, EVENT_DTYPE)
        state = np.array([0, 0, self.lines, 0, 0, self.off_seen])
        while state[AT] < end:
            filled = int(state[FILLED])
            self._parse(events, state)
            if self.words and (state[FILLED] > filled or state[CODE]):
                self.reading.defects.unknown_word(self.words[0])
                self.words = None
            if state[CODE]:
                self._no_event(events, state, ended or state[AT] < end)
        events = events[: state[FILLED]]
        if self.head.t0:
            events["t"] += self.head.t0
        self.offset, self.lines, self.off_seen = (
            self.offset + end,
            int(state[LINES]),
            int(state[OFF_SEEN]),
        )
        self.done += len(events)
        self.last = int(events["t"][-1]) if len(events) else self.last
        return events

    def _parse(self, events: np.ndarray, state: np.ndarray) -> None:
        head = self.head
        parse_lines(
            self.block, len(self.block), events, head.codes, head.ends, head.power, head.points, state
        )

    def _no_event(self, events: np.ndarray, state: np.ndarray, ended: bool) -> None:
        """Tell of the line that `state` has come to; ended: it has a line end."""
        start, count, line = int(state[START]), int(state[FILLED]), int(state[LINES])
        t = int(events["t"][count - 1]) + self.head.t0 if count else self.last
        text = shown(self.block[start : state[AT]].tobytes())
        message = (
            f"{self.source}: line {line} (byte offset {self.offset + start}), event {self.done + count}, after "
            f"t={t} µs: '{text}' {REASONS[int(state[CODE])]} (columns {self.head.order})"
        )
        if state[CODE] == WORDS and self.done + count:
            self.words = message, (self.offset + start, line - 1, self.done + count, int(state[OFF_SEEN]))
        elif ended:
            self.reading.defects.unknown_word(message)
        else:
            self.reading.defects.truncated(message)

    def offset_of(self, index: int) -> int:
        """Byte offset of the line of event `index` of the last chunk: its block is read once more up to there."""
        events = np.empty(index + 1, EVENT_DTYPE)
        state = np.array([0, 0, 0, 0, 0, self.place[3]])
        while state[FILLED] <= index and state[AT] < len(self.block):
            self._parse(events, state)
        return self.place[0] + int(state[START])


def write_text(stream: BinaryIO, _sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """`t,x,y,p` and an event a line, t in µs."""
    stream.write(HEADER_LINE)
    for chunk in chunks:
        for begin in range(0, len(chunk), WRITTEN_EVENTS):
            stream.write(lines_of(chunk[begin : begin + WRITTEN_EVENTS]))


TEXT = Format(
    "text",
    "text",
    (".csv", ".txt", ".tsv"),
    sniff_text,
    open_text,
    resume=resume_text,
    write=write_text,
    holds_sensor=False,
)
