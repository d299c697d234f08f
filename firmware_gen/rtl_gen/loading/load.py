"""A model sent to an FPGA whose core takes other models than that of its bitstream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.link.board_link import BoardLink
from edge_sast.link.job import new_token
from edge_sast.link.messages import BoardInfo, BoardRefusedError, LinkError
from edge_sast.link.registers import (
    MOST_WRITTEN,
    has_registers,
    read_registers,
    write_link,
    write_registers,
)
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.rtl_gen.link import hello, program
from firmware_gen.rtl_gen.loading.fit import fitted
from firmware_gen.rtl_gen.loading.sizes import WORDS, Sizes, told
from firmware_gen.rtl_gen.loading.stream import Part, checksum, core_parts, link_bytes, program_parts

# Registers, and bits of them: docs/fpga.md.
ID, KIND, VALID, BEGIN, COMMIT, FRAME, SIZES = 0x00, 0x01, program.VALID, 0x3C, 0x3D, 0x3E, 0xC0
SAST = int.from_bytes(b"SAST", "little")
LOADABLE = 1 << 8
MOST_NUMBER = 0xFFFF  # of a load
MOST_PIECES = MOST_WRITTEN - 2  # beside a frame's number and place
AGAIN = "export it again with --loadable, synthesise it, and put the bitstream on the board"


@dataclass(frozen=True)
class Loaded:
    """frames, words: that were sent, of 32 bits. crc: of them. info: what the board says of itself now."""

    frames: int
    words: int
    crc: int
    info: BoardInfo


def load_model(link: BoardLink, model: Model, tell: Callable[[str], None] | None = None) -> Loaded:
    """Sends `model`; afterwards the board is one with that model. tell: takes a line of what is being done.

    Raises EdgeSastError, before anything is sent: the board is no FPGA, its core takes no models, or this one does not
    fit. LinkError where the board cannot be reached; if that was in the middle, it has no valid model, and says so.
    """
    info = link.hello(anew=True)
    sizes = read_sizes(link, info)
    parts = [*core_parts(fitted(model, sizes)), *program_parts(model, sizes)]
    frames = [piece for part in parts for piece in part.cut(MOST_PIECES)]
    words = sum(len(part.pieces) for part in frames)
    if tell:
        tell(f"sending {words:,} words in {len(frames):,} frames")
    crc = checksum(frames)
    try:
        _send(link, frames, link_bytes(model, info.ticks_hz, sizes.link.run), crc)
        now = link.hello(anew=True)
    except LinkError as error:
        raise type(error)(
            f"{error}; a board that got a part only has no valid model: load it again"
        ) from error
    if now.model_hash != model_hash(model):
        raise BoardRefusedError(
            f"board: has model {now.model_hash[:16]} after the load of {model_hash(model)[:16]}; load it again"
        )
    return Loaded(len(frames), words, crc, now)


def read_sizes(link: BoardLink, info: BoardInfo) -> Sizes:
    """What the core has room for. Raises EdgeSastError for a board without a core that takes models."""
    if info.name != hello.NAME.decode():
        raise EdgeSastError(
            f"board: is {info.name or 'nameless'}, no FPGA: its model is part of its firmware; make and flash "
            "that with 'edge-sast board build'"
        )
    if not has_registers(link):
        raise EdgeSastError(f"board: its core has no registers, so that no model can be loaded; {AGAIN}")
    name, kind = read_registers(link, ID, 2)
    if name != SAST or not kind & LOADABLE:
        raise EdgeSastError(f"board: its core takes no other model than that of its bitstream; {AGAIN}")
    return told(read_registers(link, SIZES, WORDS))


def _send(link: BoardLink, frames: list[Part], own: list[tuple[int, bytes]], crc: int) -> None:
    """Each frame is asked until it is answered; the core takes a frame whose number it had already only once."""
    number = new_token() % MOST_NUMBER + 1
    write_registers(link, BEGIN, [number])
    if read_registers(link, VALID, 1) + read_registers(link, FRAME, 1) != [
        0,
        0,
    ]:  # the last load had this number
        write_registers(link, BEGIN, [number % MOST_NUMBER + 1])
    for number, part in _numbered(frames):
        write_registers(link, FRAME, [number, part.place, *part.pieces])
    for place, data in own:
        write_link(link, place, data)
    write_registers(link, COMMIT, [crc])
    [valid] = read_registers(link, VALID, 1)
    if not valid:
        [got] = read_registers(link, COMMIT, 1)
        raise BoardRefusedError(f"board: what it got has the CRC {got:08x}, what was sent {crc:08x}")


def _numbered(frames: list[Part]) -> Iterator[tuple[int, Part]]:
    return ((number & 0xFFFF, part) for number, part in enumerate(frames))
