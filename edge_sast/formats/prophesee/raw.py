"""RAW files: what the header says of the words, or their structure where there is no header, and the words behind it.

Words before the first time word belong to times that nobody knows: their events are left out, as Prophesee's decoder
does, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.events.remark import Remark
from edge_sast.formats.contract import (
    SNIFFED_BYTES,
    Format,
    Header,
    Likeness,
    Opened,
    Reading,
    State,
)
from edge_sast.formats.prophesee.structure import versions_by_structure
from edge_sast.formats.prophesee.text import Text, parse_text, read_text
from edge_sast.formats.prophesee.words import Evt, Words

LEAD_BYTES = 1 << 16  # of words, within which the first time word has to come: a camera sends one every 16 µs
Turn = Callable[[Text, bytes], tuple[State, str, str | None]]


def raw_format(
    of: Evt,
    key: str,
    turn: Turn | None = None,
    write: Callable[..., None] | None = None,
) -> Format:
    """The format of RAW files of one version of the words.

    Args:
        turn: (header, words) -> (state of the decoder, byte order, the sentence where that was assumed), of a version
            that has several byte orders.
        write: see `Format`.
    """
    return Format(
        f"Prophesee {of.name}",
        key,
        (".raw",),
        partial(_sniff, of),
        partial(_open, of, turn),
        resume=partial(_resume, of),
        write=write,
    )


def _sniff(of: Evt, first: bytes) -> Likeness:
    whole = len(first) < SNIFFED_BYTES
    text = parse_text(first, whole) or parse_text(first, True) or Text()
    if text.evt:
        return Likeness.CERTAIN if text.evt == of.version else Likeness.NOT
    if text.is_dat(first[text.size :]):
        return Likeness.NOT
    versions = versions_by_structure(first[text.size :])
    if versions:
        # Words of no mark: a file of another format may be so by chance, and then its suffix says what it is.
        return Likeness.POSSIBLE if of.version in versions else Likeness.NOT
    return Likeness.POSSIBLE if first else Likeness.NOT


def _open(of: Evt, turn: Turn | None, stream: BinaryIO, source: str, reading: Reading) -> Opened:
    text, begin = read_text(stream, source)
    if text.evt and text.evt != of.version:
        raise EdgeSastError(
            f"{source}: the header says EVT{text.evt}, not {of.name}; leave out --format, or convert the file where "
            "its version is not read"
        )
    state, order, assumed = turn(text, begin) if turn else (of.state, "little-endian", None)
    sensor, by_generation = text.sensor(source)
    begin_us = text.begin_us(source)
    decoder = np.array(state, np.int64)
    decoder[0] += begin_us
    begin, skipped, lost = _lead(of, stream, source, begin, decoder)
    said = (
        ("version", of.name),
        ("byte order", order),
        ("time", f"{of.clock_bits} bits of 1 µs, wraps undone"),
        ("origin", "top left"),
        ("polarity", "1 = ON"),
        *((("begin", f"{begin_us} µs, by the header's t0"),) if "t0" in text.fields else ()),
    )
    unsaid = None if text.evt else f"the header says no version: words read as {of.name}"
    taken = tuple(note for note in (unsaid, assumed, by_generation) if note)
    left_out = (Remark("events before the first time word, left out", lost),) if lost else ()
    header = Header(sensor, said, taken, left_out)
    place = text.size + skipped * of.word.itemsize
    return Words(of, stream, source, reading, (place, 0, *decoder.tolist()), begin).opened(header)


def _resume(of: Evt, stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    stream.seek(state[0])
    return Words(of, stream, source, reading, state).opened(Header())


def _lead(of: Evt, stream: BinaryIO, source: str, begin: bytes, state: np.ndarray) -> tuple[bytes, int, int]:
    """Reads until an event is complete: (bytes read behind that place, words before it, events lost among them).

    Args:
        begin: bytes of the words that were read already.
        state: of the decoder; at that place when this returns.
    """
    while (place := _first_complete(of, begin, state)) is None and len(begin) < LEAD_BYTES:
        more = stream.read(SNIFFED_BYTES)
        if not more:
            break
        begin += more
    words = of.words(begin)
    times = np.flatnonzero(of.kinds(words, state) == of.needed[0])
    if len(words) and not len(times):
        raise EdgeSastError(
            f"{source}: no time word in the first {len(begin)} bytes of {of.name} words; the file is damaged or of "
            "another format: copy it again, or say the format with --format"
        )
    end = place if place is not None else int(times[0]) if len(times) else 0
    scratch, found = np.empty(of.most * (end + 2), EVENT_DTYPE), np.zeros(2, np.int64)
    of.decode(words[:end], 0, scratch, state, found, np.zeros(3, np.int64))
    return begin[end * of.word.itemsize :], end, int(found[0])


def _first_complete(of: Evt, data: bytes, state: np.ndarray) -> int | None:
    """The place of the last of the words that are needed for a whole event, None where one is missing."""
    kinds, place = of.kinds(of.words(data), state), 0
    for needed in of.needed:
        found = np.flatnonzero(kinds[place:] == needed)
        if not len(found):
            return None
        place += int(found[0])
    return place
