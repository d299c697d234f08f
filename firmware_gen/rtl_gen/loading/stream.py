"""A model as the words that rtl/sast_loader.v takes, and as the bytes that the link keeps of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from edge_sast.model.model import Model
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.link.hello import TICKS_HZ
from firmware_gen.rtl_gen.link.layout import CELLS, HELLO, PAGE, layout
from firmware_gen.rtl_gen.link.memories import link_data
from firmware_gen.rtl_gen.link.program import program, skeleton
from firmware_gen.rtl_gen.loading.sizes import Sizes
from firmware_gen.rtl_gen.plan import RtlPlan

# Numbers of the memories; weights_0 and on are 0 and on.
MEMORIES = {"params": 4, "rows": 5, "columns": 6, "ops": 7, "layers": 8, "biases": 10}
PROGRAM, MODEL = 9, 15
LOADED = 1 << 31  # in the last of the model's constants: they count
PIECE = 32


@dataclass(frozen=True)
class Part:
    """Successive words of a memory, from `address` on, as pieces of 32 bits, the lowest first."""

    memory: int
    address: int
    pieces: tuple[int, ...]
    pieces_a_word: int

    @property
    def place(self) -> int:
        """As the loader takes it."""
        return self.memory << 24 | self.address

    def cut(self, most: int) -> Iterator[Part]:
        """Whole words of it, of `most` pieces together at most if a word has no more."""
        step = max(1, most // self.pieces_a_word)
        for word in range(0, len(self.pieces) // self.pieces_a_word, step):
            at = word * self.pieces_a_word
            pieces = self.pieces[at : at + step * self.pieces_a_word]
            yield Part(self.memory, self.address + word, pieces, self.pieces_a_word)


def core_parts(plan: RtlPlan) -> list[Part]:
    """All that the core needs of a model that was fitted into it."""
    parts = [_part(image) for image in plan.contents]
    constants = [plan.localparams[f"MODEL_{i}"] for i in range(3)]
    constants[-1] |= LOADED
    return [*parts, Part(MODEL, 0, tuple(constants), 1)]


def program_parts(model: Model, sizes: Sizes) -> list[Part]:
    """The bytes of the link's program that depend on the model. It runs while it is written: only these may change."""
    grid = model.binning
    code = program(grid.steps, grid.width, grid.height, len(model.classes), layout(model), sizes.link)
    return [Part(PROGRAM, place, (code[place],), 1) for place in skeleton(sizes.link).places]


def link_bytes(model: Model, ticks_hz: int, running: bool = False) -> list[tuple[int, bytes]]:
    """(place, bytes) of the link's data that depend on the model. ticks_hz, running: of the device."""
    data = bytearray(link_data(model, running))
    data[HELLO + TICKS_HZ : HELLO + TICKS_HZ + 4] = ticks_hz.to_bytes(4, "little")
    # Between the size of the results and HELLO lie what it has of a run: where, depends on the model; its zeros count.
    ranges = ((CELLS["HASH"], CELLS["HASH"] + 8), (CELLS["SIZE"], PAGE))
    return [(first, bytes(data[first:end])) for first, end in ranges]


def checksum(parts: list[Part]) -> int:
    """The CRC-32 that the loader has after parts that were sent as they are: of their places and pieces."""
    crc = 0
    for part in parts:
        for value in (part.place, *part.pieces):
            crc = zlib.crc32(value.to_bytes(4, "little"), crc)
    return crc


def _part(image: MemoryImage) -> Part:
    count = -(-image.width // PIECE)
    pieces = (word >> PIECE * i & 0xFFFFFFFF for word in image.words for i in range(count))
    memory = MEMORIES.get(image.name)
    return Part(int(image.name.split("_")[1]) if memory is None else memory, 0, tuple(pieces), count)
