"""AEDAT 1 and 2.0, as jAER writes them: lines of text, then an address and a time for each event, big-endian.

| | address | time |
|---|---|---|
| AEDAT 1 | 16 bits | 32 bits of 1 µs |
| AEDAT 2.0 | 32 bits | 32 bits of 1 µs |

The first line is `#!AER-DAT2.0`; without a version it is AEDAT 1. A line `# AEChip: …` names the camera, whose
addresses chips.py has; without one it is a DVS128. Times wrap at 2^32 µs (71.6 minutes): a fall by more than half of
that is a wrap, and after one a rise by more than half is a step back over it.

Source: AEDAT file formats, iniVation; jAER, AEFileInputStream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.aedat.chips import DVS128, KNOWN, Chip, chip_called
from edge_sast.formats.aedat.text_header import MAGIC, Lines, has_version
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, State, whole_records
from edge_sast.formats.defects import Policy
from edge_sast.jit import jit

VERSION_LINE, CHIP_LINE = "!AER-DAT", "AEChip:"
LAST_LINE = "End Of ASCII Header"
NO_TIME = -1


def sniff_aedat1(first: bytes) -> Likeness:
    """Whether it says that it is AEDAT 1; it may be where it begins with a comment, but not with a version."""
    if has_version(first, b"1"):
        return Likeness.CERTAIN
    return Likeness.POSSIBLE if first.startswith(b"#") and not first.startswith(MAGIC) else Likeness.NOT


def sniff_aedat2(first: bytes) -> Likeness:
    """Whether it says that it is AEDAT 2."""
    return Likeness.CERTAIN if has_version(first, b"2") else Likeness.NOT


def open_aedat1(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The pixels' events of an AEDAT 1 file. Raises EdgeSastError as `open_aedat2`."""
    return _opened(stream, source, reading, "1.0", None)


def open_aedat2(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The pixels' events of an AEDAT 2.0 file, row 0 at the top, column 0 at the left, wraps of time undone.

    Raises EdgeSastError for another version, an unknown camera, an address that the camera cannot have, a file that
    ends inside its header or an event, or data without one event of a pixel.
    """
    return _opened(stream, source, reading, "2.0", None)


def resume_aedat1(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """As `resume_aedat2`."""
    return _opened(stream, source, reading, "1.0", state)


def resume_aedat2(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """A file from (byte offset, time of the event before it as it stands in the file, wraps before it) on."""
    return _opened(stream, source, reading, "2.0", state)


def _opened(stream: BinaryIO, source: str, reading: Reading, version: str, state: State | None) -> Opened:
    if state:
        stream.seek(0)
    lines = Lines(stream, source, LAST_LINE, (VERSION_LINE, CHIP_LINE))
    assumed = _check_version(lines, version, source)
    chip = _chip(lines, source)
    if not chip:
        assumed += (
            f"the header names no camera ('# {CHIP_LINE}'): the addresses are read as a {DVS128.name}'s.",
        )
        chip = DVS128
    events = _Events(stream, source, reading, chip, 2 if version == "1.0" else 4, lines, state)
    on = "1 = ON" if chip.layout.on else "0 = ON"
    said = (
        ("version", f"AEDAT {version}"),
        ("camera", lines.value(CHIP_LINE) or "not said"),
        ("time", "32 bits of 1 µs"),
        ("origin", "bottom right: columns and rows were turned round"),
        ("polarity", on),
    )
    return Opened(Header(chip.sensor, said, assumed), events.chunks(), events.offset_of, events.state)


def _check_version(lines: Lines, version: str, source: str) -> tuple[str, ...]:
    """What was assumed where the header says no version."""
    found = lines.value(VERSION_LINE)
    if found == version:
        return ()
    if found is None and version == "1.0":
        return ("the header says no version: it is read as AEDAT 1.",)
    if found is None:
        raise EdgeSastError(
            f"{source}: does not begin with '{MAGIC.decode()}{version}'; the file is damaged or no AEDAT file: copy it "
            f"again, or export it as AEDAT {version}"
        )
    raise EdgeSastError(
        f"{source}: is AEDAT {found or '(without a version)'}, not AEDAT {version}; open it in jAER and log it again "
        "as AEDAT 2.0"
    )


def _chip(lines: Lines, source: str) -> Chip | None:
    name = lines.value(CHIP_LINE)
    chip = chip_called(name) if name is not None else None
    if name is not None and not chip:
        raise EdgeSastError(
            f"{source}: was recorded with the camera '{name}', and only the addresses of {KNOWN} are known; use "
            "recordings of one of these"
        )
    return chip


class _Events:
    """Chunks of events, and where they stand."""

    def __init__(
        self,
        stream: BinaryIO,
        source: str,
        reading: Reading,
        chip: Chip,
        address_bytes: int,
        lines: Lines,
        state: State | None,
    ) -> None:
        self.source, self.reading, self.chip, self.resumed = source, reading, chip, state is not None
        start, *clock = state or (lines.size, NO_TIME, 0)
        if state:
            stream.seek(start)
        self.size = address_bytes + 4
        self.words = whole_records(stream, self.size, source, reading, start, b"" if state else lines.begin)
        layout = chip.layout
        self.layout = np.array(
            [
                address_bytes,
                *layout.x,
                *layout.y,
                layout.polarity,
                layout.on,
                layout.special,
                layout.zero,
                *chip.sensor,
            ],
            np.int64,
        )
        self.next, self.clock = start, np.array(clock, np.int64)  # of the chunk to come
        self.last: tuple[int, np.ndarray] = (
            start,
            np.empty(0, np.uint8),
        )  # of the chunk before: its bytes, where

    def state(self) -> State:
        return (self.next, *self.clock.tolist())

    def offset_of(self, index: int) -> int:
        """Byte offset of event `index` of the last chunk: its bytes are read again up to it."""
        start, data = self.last
        met = np.zeros(2, np.int64)
        end, _ = _decode(data, self.layout, self.clock.copy(), np.empty(index + 1, EVENT_DTYPE), met, False)
        return start + int(end) - self.size

    def chunks(self) -> Iterator[np.ndarray]:
        words = events = 0
        stop = self.reading.defects.policy is Policy.REJECT
        for offset, block in self.words:
            data, met = np.frombuffer(block, np.uint8), np.zeros(2, np.int64)
            out = np.empty(len(data) // self.size, EVENT_DTYPE)
            end, count = _decode(data, self.layout, self.clock, out, met, stop)
            words += len(out)
            self.next, self.last = offset + int(end), (offset, data[:end])
            events += int(count)
            if count:
                yield out[:count]
            if met[0]:
                self._unknown(offset, block, met, events - int(count))
        if words and not events and not self.resumed:
            raise EdgeSastError(
                f"{self.source}: has {words} addresses after its header, and none is a pixel's of a {self.chip.name}; "
                "the file is damaged or of another camera: copy it again"
            )

    def _unknown(self, offset: int, block: bytes, met: np.ndarray, before: int) -> None:
        """Tell of met[0] addresses that no pixel has, the first at met[1] of a block."""
        place = int(met[1])
        _, index = _decode(
            np.frombuffer(block, np.uint8)[:place],
            self.layout,
            self.clock.copy(),
            np.empty(place // self.size, EVENT_DTYPE),
            np.zeros(2, np.int64),
            False,
        )
        split = place + self.size - 4
        address, t = (
            int.from_bytes(block[place:split], "big"),
            int.from_bytes(block[split : split + 4], "big"),
        )
        self.reading.defects.unknown_word(
            f"{self.source}: event {before + int(index)} (byte offset {offset + place}), t={t} µs: 0x{address:08x} is "
            f"no address of a {self.chip.name}",
            int(met[0]),
        )


@jit
def _decode(data, layout, clock, out, met, stop):
    """(bytes read, events) of whole words in `data`, until `out` is full or, with `stop`, an address that no pixel
    has.

    layout: address bytes, x shift and mask, y shift and mask, polarity bit, its value for ON, special bits, bits that
    are 0, width, height. clock: (time of the last event as in the file, wraps so far). met: (addresses that no pixel
    has, place of the first).
    """
    short, x_shift, x_mask, y_shift, y_mask, p_bit, on, special, zero, width, height = layout
    last, wraps = clock
    size = short + 4
    filled = place = 0
    while place < len(data) and filled < len(out):
        address = np.int64(data[place]) << 8 | data[place + 1]
        at = place + 2
        if short == 4:
            address = address << 16 | np.int64(data[place + 2]) << 8 | data[place + 3]
            at = place + 4
        if address & special:
            place += size
            continue
        if address & zero:
            if not met[0]:
                met[1] = place
            met[0] += 1
            if stop:
                break
            place += size
            continue
        raw = (
            np.int64(data[at]) << 24
            | np.int64(data[at + 1]) << 16
            | np.int64(data[at + 2]) << 8
            | data[at + 3]
        )
        if last >= 0:
            if raw < last - 2147483648:
                wraps += 1
            elif raw > last + 2147483648 and wraps:
                wraps -= 1
        last = raw
        x, y = address >> x_shift & x_mask, address >> y_shift & y_mask
        out[filled].t = (wraps << 32) + raw
        out[filled].x = width - 1 - x if x < width else x  # a column that the chip lacks stays outside
        out[filled].y = height - 1 - y if y < height else y
        out[filled].p = 1 if (address >> p_bit & 1) == on else 0
        filled += 1
        place += size
    clock[0], clock[1] = last, wraps
    return place, filled


AEDAT1 = Format("AEDAT 1", "aedat1", (".aedat",), sniff_aedat1, open_aedat1, resume=resume_aedat1)
AEDAT2 = Format("AEDAT 2.0", "aedat2", (".aedat",), sniff_aedat2, open_aedat2, resume=resume_aedat2)
