"""What the tools said, word for word as they did, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.messages import check_messages, first_error, overfull, warnings

FINE = """ABC: Warning: The network is combinational (run "fraig" or "fraig_sweep").
Warning: Selection "t:$scopeinfo" did not match any object.
Warning: Resizing cell port sast_core.runs.n from 9 bits to 8 bits.
Warning: Resizing cell port sast_core.runs.n from 9 bits to 8 bits.
"""
UNPINNED = """ERROR: IO 'uart_rx' is unconstrained in PCF (override this error with --pcf-allow-unconstrained)
ERROR: Loading PCF failed.
0 warnings, 2 errors
"""
USE = """Info: Device utilisation:
Info: 	         ICESTORM_LC:  4962/ 7680    64%
Info: 	        ICESTORM_RAM:    54/   32   168%
Info: 	               SB_IO:   256/  256   100%

ERROR: Unable to place cell 'u.mem.0.0_RAM', no BELs remaining to implement cell type 'ICESTORM_RAM'
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (r"a.v:0: ERROR: Can not open file `gone.mem` for \$readmemh.", "gone.mem is missing"),
        (r"a.v:7: ERROR:Can not open file `gone.mem` for \$readmemh.", "gone.mem is missing"),
        (
            "ERROR: Can't open input file `/share/ecp5/cells_sim.v' for reading: No",
            "/share/ecp5/cells_sim.v is missing",
        ),
        ("a.v:3: ERROR: Can't open include file `sast_params.vh'!", "sast_params.vh is missing"),
        (
            r"Warning: multiple conflicting drivers for top.\device.count [31]:",
            r"top.\device.count has two drivers",
        ),
        (r"Warning: Wire top.\device.nodrv is used but has no driver.", r"top.\device.nodrv has no driver"),
        ("Warning: found logic loop in module top:", "a loop without a register in module top"),
        (
            r"Warning: Replacing memory \m with list of registers. See a.v:9",
            r"\m became registers instead of block RAM",
        ),
        ("Warning: unmatched constraint 'foo' (on line 7)", "the pins name foo, which the top has not"),
        ("ERROR: Unconstrained IO:device.uart_rx_IBUF_O", "no pin is named for device.uart_rx_IBUF_O"),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_what_makes_a_result_wrong_is_refused_whatever_the_exit_code(said, told, code):
    with pytest.raises(EdgeSastError) as raised:
        check_messages("yosys", code, f"1. Executing\n{said}\n")
    assert str(raised.value).startswith(f"yosys: {told} (all messages: ")
    kept = Path(str(raised.value).rpartition(": ")[2].rstrip(")"))
    assert said in kept.read_text()
    kept.unlink()


def test_what_is_usual_passes():
    check_messages("yosys", 0, FINE)
    assert warnings(FINE) == ["Resizing cell port sast_core.runs.n from 9 bits to 8 bits."]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            UNPINNED,
            "IO 'uart_rx' is unconstrained in PCF (override this error with --pcf-allow-unconstrained)",
        ),
        ("Killed\n\n", "Killed"),
        ("", "no message"),
        ("a.v:12: ERROR: syntax error, unexpected TOK_ID\n", "syntax error, unexpected TOK_ID"),
    ],
)
def test_a_failure_is_told_by_its_first_error(said, told):
    assert first_error(said) == told
    with pytest.raises(EdgeSastError) as raised:
        check_messages("nextpnr-ice40", 125, said)
    message, _, kept = str(raised.value).rpartition(" (all messages: ")
    assert message == f"nextpnr-ice40 failed with exit code 125: {told}"
    Path(kept.rstrip(")")).unlink()


def test_cells_of_which_there_are_too_few():
    assert overfull(USE) == "54 ICESTORM_RAM of 32"
    assert overfull(USE.replace("54/   32", "32/   32")) == ""
