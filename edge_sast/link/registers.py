"""The registers of an FPGA's core, and the data of its link, over the board protocol: docs/protocol.md, section 8."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from edge_sast.link.board_link import BoardLink
from edge_sast.link.frames import Kind
from edge_sast.link.job import new_token
from edge_sast.link.messages import BoardRefusedError, BoardStalledError

MOST_READ = 57  # registers in an answer
MOST_WRITTEN = 57  # words in a request
NONE_S = 3.0  # a core without registers does not answer: it is asked for so long


def read_registers(link: BoardLink, first: int, count: int, patience_s: float | None = None) -> list[int]:
    """Registers `first` and on, uint32. Raises LinkError; BoardStalledError for a board without registers."""
    values: list[int] = []
    while len(values) < count:
        wanted = min(MOST_READ, count - len(values))
        payload = bytes([first + len(values), wanted])
        answer = _ask(link, Kind.REGISTERS, payload, patience_s)
        if len(answer) != 4 * wanted:
            raise BoardRefusedError(f"board: told {len(answer)} bytes of {wanted} registers; build it anew")
        values += struct.unpack(f"<{wanted}I", answer)
    return values


def write_registers(link: BoardLink, first: int, words: Sequence[int]) -> None:
    """The words to register `first` and those after it, in order. A frame may arrive twice: see docs/protocol.md."""
    _ask(link, Kind.WRITE, struct.pack(f"<B{len(words)}I", first, *words))


def write_link(link: BoardLink, place: int, data: bytes) -> None:
    """Bytes to the data of the link itself, while the core has no model."""
    _ask(link, Kind.TELL, bytes([place]) + data)


def _ask(link: BoardLink, kind: Kind, payload: bytes, patience_s: float | None = None) -> bytes:
    """What the answer holds after its status."""
    answer = link.ask(kind, new_token(), payload, patience_s)
    if answer[:1] != b"\0":
        raise BoardRefusedError(
            f"board: refused {kind.name} with status {answer[0] if answer else 'none'}; build it and this program from "
            "one edge-sast"
        )
    return answer[1:]


def has_registers(link: BoardLink) -> bool:
    """Whether the board answers for its registers at all."""
    try:
        read_registers(link, 0, 1, NONE_S)
    except BoardStalledError:
        return False
    return True
