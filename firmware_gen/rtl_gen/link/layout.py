"""Where things lie in the data of rtl/sast_link.v."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.model.model import Model

PAGE = 256
DATA_BYTES = 2 * PAGE
HELLO = 180  # the answer to HELLO ends with page 0
FRAME = 11  # where a frame begins in page 1
LIMIT = (
    254  # here a frame is too long; it is looked at after each byte, which may bring the 0x00 of its block
)
FRAME_BYTES = LIMIT - FRAME - 2  # the longest that is taken, decoded
MOST_STEPS = 8  # that may end in one LOAD
MOST_SITES = 1 << 21  # a number of the event bytes has three bytes at most
RECORD_BYTES = 8
FIRST_BYTES = 4
COMPUTED_BYTES = 4  # at the end of the results of a model that answers early

# Cells. P, Q, FP and PP are pointers. TOKEN and HASH lie one byte before where a BEGIN has them in the frame.
CELLS = {
    "P": 0,
    "Q": 1,
    "FP": 2,
    "PP": 3,
    "E": 4,
    "END": 5,
    "LEFT": 6,
    "K": 6,
    "BYTE": 7,
    "S0": 8,
    "S1": 9,
    "R0": 10,
    "FAILED": 11,
    "S2": 12,
    "TOKEN": FRAME + 2,
    "SPARE": 17,
    "HASH": FRAME + 7,
    "R1": 26,
    "STATUS": 27,
    "EXPECTED0": 28,
    "EXPECTED1": 29,
    "STEP0": 30,
    "STEP1": 31,
    "STREAM": 34,
    "RECORDS": 38,
    "SIZE": 42,
    "RESULTS": 46,
}


class LinkTooSmallError(EdgeSastError):
    """The model is too large for the board protocol's part of the FPGA."""


@dataclass(frozen=True)
class Layout:
    """result_bytes: of docs/protocol.md, section 3. frame_steps: most steps that may end in one LOAD.

    early: the results end with how many steps were computed.
    """

    result_bytes: int
    frame_steps: int
    early: bool = False

    @property
    def names(self) -> dict[str, int]:
        """Places and sizes, for the program."""
        first = CELLS["RESULTS"] + self.result_bytes
        pairs = first + FIRST_BYTES
        return {
            **CELLS,
            "FRAME": FRAME,
            "LIMIT": LIMIT,
            "HELLO": HELLO,
            "COMPUTED": first - COMPUTED_BYTES,
            "SUMS_END": first - COMPUTED_BYTES * self.early,
            "RESULTS_END": first,
            "FIRST": first,
            "PAIRS": pairs,
            "PAIRS_END": pairs + RECORD_BYTES * self.frame_steps,
        }


def layout(model: Model) -> Layout:
    """Raises LinkTooSmallError for a model whose results do not fit, or whose input is too large."""
    grid = model.binning
    if 2 * grid.width * grid.height >= MOST_SITES:
        raise LinkTooSmallError(
            f"link: an input of {grid.width}x{grid.height} pixels is too large for it; raise shift, or use the core "
            "without the UART"
        )
    classes, weighted = len(model.classes), len(model.weighted())
    early = model.early_margin is not None
    size = 2 + 4 * classes + 16 * weighted + COMPUTED_BYTES * early
    room = HELLO - CELLS["RESULTS"] - FIRST_BYTES - size
    if room < RECORD_BYTES:
        most = HELLO - CELLS["RESULTS"] - FIRST_BYTES - RECORD_BYTES
        raise LinkTooSmallError(
            f"link: the results of {classes} classes and {weighted} weighted layers take {size} bytes, more than the "
            f"{most} that it keeps; use fewer classes or layers, or the core without the UART"
        )
    return Layout(size, min(MOST_STEPS, room // RECORD_BYTES), early)
