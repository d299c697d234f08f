"""The two memories of rtl/sast_link.v for a model."""

from __future__ import annotations

from edge_sast.model.model import Model
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.link.hello import hello
from firmware_gen.rtl_gen.link.layout import CELLS, DATA_BYTES, HELLO, layout
from firmware_gen.rtl_gen.link.program import program

PROGRAM, DATA = "link_program", "link_data"


def link_images(model: Model, memory_bytes: int) -> list[MemoryImage]:
    """Program and data. memory_bytes: as hello's. Raises EdgeSastError for a model that the link cannot serve."""
    found = layout(model)
    grid = model.binning
    code = program(grid.steps, grid.width, grid.height, len(model.classes), found)
    answer = hello(model, found, memory_bytes)
    data = bytearray(DATA_BYTES)
    data[CELLS["HASH"] : CELLS["HASH"] + 8] = answer[2:10]
    data[CELLS["SIZE"] : CELLS["SIZE"] + 4] = found.result_bytes.to_bytes(4, "little")
    data[HELLO : HELLO + len(answer)] = answer
    return [MemoryImage(PROGRAM, 8, tuple(code)), MemoryImage(DATA, 8, tuple(data))]
