"""What is said of recordings that differ on a board."""

from __future__ import annotations

import pytest

from edge_sast.cli.options.ports import describe
from edge_sast.hil.outcome import Outcome
from edge_sast.hil.session import SessionResult
from edge_sast.parity.mismatch import Mismatch

CRC = Mismatch(0, "a.bin", 3, None, "crc", None, 7, 8)
NEURON = Mismatch(0, "a.bin", 3, 1, "membrane", 5, 7, 8)
TOTAL = Mismatch(0, "a.bin", None, 1, "total synops", None, 7, 8)


@pytest.mark.parametrize(
    ("mismatch", "located", "told"),
    [
        (NEURON, True, ""),
        (
            CRC,  # as of an FPGA
            False,
            " (of all membranes, spikes and counters of that step; which of them differs cannot be said: the board "
            "shows no layers, as an FPGA does not, or none differed when the step was run again)",
        ),
        (
            TOTAL,
            False,
            " (run again with every step observed, no state differs: it does not repeat, or only a run without an "
            "observer shows it)",
        ),
    ],
)
def test_how_far_a_difference_was_searched(mismatch, located, told):
    outcome = Outcome(
        index=0,
        source="a.bin",
        port="here",
        board="FPGA",
        clock="cycles",
        clock_hz=1,
        prediction=0,
        outputs=(0,),
        synops=(7,),
        spikes=(0,),
        steps=1,
        ticks=(),
        seconds=0.1,
        wire_bytes=9,
        retries=0,
        restarts=0,
        mismatch=mismatch,
        located=located,
    )
    assert describe(SessionResult({0: outcome})) == (
        f"1 of 1 recordings differ from the runtime, the first: {mismatch}{told}"
    )
