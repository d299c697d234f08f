"""What an FPGA says of itself: the answer to HELLO, docs/protocol.md, section 2."""

from __future__ import annotations

import struct

from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.rtl_gen.link.layout import FRAME_BYTES, HELLO, PAGE, Layout

PROTOCOL, EARLY_PROTOCOL = 1, 2  # the second of a model that answers early
LEAST_RX_BYTES = 64  # a POLL that comes while it computes is lost, and asked again
RUNNING_RX_BYTES = 65  # by which a host knows that runs may have any number of steps
WINDOW = 1
CYCLES = 1  # kind of its ticks; sast_link.v knows how many there are in a second
NAME = b"FPGA"
TICKS_HZ = 45  # place of the ticks a second
_HELLO = struct.Struct("<H32sHHIBBBIHHBIIHHHI")


def hello(model: Model, layout: Layout, running: bool = False) -> bytes:
    """The answer's payload, with 0 ticks a second. Its memory_bytes are those of the model's C: hosts expect them.

    running: the core ends no recording.
    """
    grid = model.binning
    answer = _HELLO.pack(
        PROTOCOL if model.early_margin is None else EARLY_PROTOCOL,
        bytes.fromhex(model_hash(model)),
        FRAME_BYTES,
        FRAME_BYTES,
        RUNNING_RX_BYTES if running else LEAST_RX_BYTES,
        WINDOW,
        layout.frame_steps,
        CYCLES,
        0,
        grid.width,
        grid.height,
        grid.shift,
        grid.steps,
        grid.dt_us,
        len(model.layers),
        len(model.weighted()),
        len(model.classes),
        footprint(CPlan(model)).ram_bytes,
    )
    assert len(answer) + len(NAME) == PAGE - HELLO
    return answer + NAME
