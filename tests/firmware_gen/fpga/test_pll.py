"""The PLLs' numbers: within the data sheets' limits, the best there are, and for iCE40 those of IceStorm's search."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.pll import MHZ, core_clock
from tests.programs import LIMIT


def test_the_oscillator_itself_needs_no_pll():
    assert core_clock("ecp5", 25_000_000, 25_000_000).parameters == {"PLL": 0}


@pytest.mark.parametrize(
    ("family", "oscillator", "asked", "hz", "numbers"),
    [
        ("ice40", 12, 30, 30_000_000, {"DIVR": 0, "DIVF": 79, "DIVQ": 5, "FILTER_RANGE": 1}),
        ("ice40", 12, 60, 60_000_000, {"DIVR": 0, "DIVF": 79, "DIVQ": 4, "FILTER_RANGE": 1}),
        ("ice40", 12, 20, 19_875_000, {"DIVR": 0, "DIVF": 52, "DIVQ": 5, "FILTER_RANGE": 1}),
        ("ice40", 100, 50, 50_000_000, {"DIVR": 0, "DIVF": 7, "DIVQ": 4, "FILTER_RANGE": 5}),
        ("ecp5", 25, 75, 75_000_000, {"CLKI_DIV": 1, "CLKFB_DIV": 3, "CLKOP_DIV": 8, "CLKOP_CPHASE": 7}),
        ("ecp5", 25, 80, 80_000_000, {"CLKI_DIV": 5, "CLKFB_DIV": 16, "CLKOP_DIV": 8, "CLKOP_CPHASE": 7}),
        ("gowin", 27, 54, 54_000_000, {"IDIV_SEL": 0, "FBDIV_SEL": 1, "ODIV_SEL": 16}),
        ("gowin", 27, 81, 81_000_000, {"IDIV_SEL": 0, "FBDIV_SEL": 2, "ODIV_SEL": 8}),
    ],
)
def test_settings(family, oscillator, asked, hz, numbers):
    clock = core_clock(family, oscillator * MHZ, asked * MHZ)
    assert (clock.hz, clock.parameters) == (hz, {"PLL": 1, **numbers})


@pytest.mark.parametrize("asked", range(20, 200, 7))
def test_never_above_and_near_what_was_asked(asked):
    for family, oscillator in (("ice40", 12), ("ecp5", 25), ("gowin", 27)):
        clock = core_clock(family, oscillator * MHZ, asked * MHZ)
        assert 0.9 * asked * MHZ <= clock.hz <= asked * MHZ
        assert clock.hz == round(made(family, oscillator * MHZ, clock.parameters))


def made(family, hz, p):
    """Output of the PLL by the formulas in the headers of rtl/boards/sast_clock_*.v."""
    if p["PLL"] == 0:
        return hz
    if family == "ice40":
        return Fraction(hz * (p["DIVF"] + 1), (p["DIVR"] + 1) * 2 ** p["DIVQ"])
    if family == "ecp5":
        return Fraction(hz * p["CLKFB_DIV"], p["CLKI_DIV"])
    return Fraction(hz * (p["FBDIV_SEL"] + 1), p["IDIV_SEL"] + 1)


@pytest.mark.needs("icepll")
@pytest.mark.parametrize("asked", [16.5, 24, 30, 33, 37.5, 48, 60, 75, 96, 120])
def test_ice40_is_what_icestorm_finds(asked):
    """icepll takes the nearest frequency, here also one above; these are exact or below."""
    said = subprocess.run(
        ["icepll", "-i", "12", "-o", str(asked)], capture_output=True, text=True, timeout=LIMIT
    ).stdout
    found = {name: int(value) for name, value in re.findall(r"^(DIV[RFQ]|FILTER_RANGE): +(\d+)", said, re.M)}
    assert core_clock("ice40", 12 * MHZ, round(asked * MHZ)).parameters == {"PLL": 1, **found}


@pytest.mark.parametrize(
    ("family", "oscillator", "asked", "told"),
    [
        ("ice40", 12, 10, "--freq is 10; this board's PLL makes 16.125 to 270 MHz, its oscillator 12"),
        ("ice40", 12, 400, "--freq is 400; this board's PLL makes 16.125 to 270 MHz, its oscillator 12"),
        ("gowin", 27, 3, "--freq is 3; this board's PLL makes 3.375 to 594 MHz, its oscillator 27"),
    ],
)
def test_out_of_reach(family, oscillator, asked, told):
    with pytest.raises(EdgeSastError) as raised:
        core_clock(family, oscillator * MHZ, asked * MHZ)
    assert str(raised.value) == told
