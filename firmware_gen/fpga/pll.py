"""Numbers of a board's PLL: which frequency comes nearest to the one asked for, and by which dividers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from edge_sast.errors import EdgeSastError

MHZ = 1_000_000


@dataclass(frozen=True)
class Clock:
    """A core clock, and the parameters of the board's top that make it. hz: rounded to whole ones."""

    hz: int
    parameters: dict[str, int]


Setting = tuple[Fraction, Fraction, dict[str, int]]  # output and inner oscillator, both in Hz; parameters


def core_clock(family: str, oscillator_hz: int, asked_hz: int) -> Clock:
    """The oscillator itself where that is asked for, else the PLL's highest frequency that is not above.

    Of several settings for one frequency: the one whose inner oscillator is fastest.
    Raises EdgeSastError for what no PLL of the family reaches.
    """
    if asked_hz == oscillator_hz:
        return Clock(asked_hz, {"PLL": 0})
    settings = list(_SETTINGS[family](oscillator_hz))
    lowest, highest = (extreme(setting[0] for setting in settings) for extreme in (min, max))
    if not lowest <= asked_hz <= highest:
        raise EdgeSastError(
            f"--freq is {asked_hz / MHZ:g}; this board's PLL makes {float(lowest) / MHZ:g} to "
            f"{float(highest) / MHZ:g} MHz, its oscillator {oscillator_hz / MHZ:g}"
        )
    best = max((setting for setting in settings if setting[0] <= asked_hz), key=lambda setting: setting[:2])
    return Clock(round(best[0]), {"PLL": 1, **best[2]})


def _ice40(hz: int) -> Iterator[Setting]:
    """Lattice's iCE40 sysCLOCK guide: phase detector 10 to 133 MHz, oscillator 533 to 1,066, output 16 to 275."""
    for divr in range(16):
        detector = Fraction(hz, divr + 1)
        for divf in range(128) if 10 * MHZ <= detector <= 133 * MHZ else ():
            inner = detector * (divf + 1)
            for divq in range(1, 7) if 533 * MHZ <= inner <= 1066 * MHZ else ():
                if 16 * MHZ <= inner / 2**divq <= 275 * MHZ:
                    numbers = {"DIVR": divr, "DIVF": divf, "DIVQ": divq, "FILTER_RANGE": _filter(detector)}
                    yield inner / 2**divq, inner, numbers


def _filter(detector: Fraction) -> int:
    """FILTER_RANGE of an iCE40's PLL: by the frequency at its phase detector."""
    return 1 + sum(detector >= limit * MHZ for limit in (17, 26, 44, 66, 101))


def _ecp5(hz: int) -> Iterator[Setting]:
    """Lattice's ECP5 data sheet: phase detector 3.125 to 400 MHz, oscillator 400 to 800, output 10 to 400."""
    for divider in range(1, 129):
        detector = Fraction(hz, divider)
        for feedback in range(1, 81) if 3.125 * MHZ <= detector <= 400 * MHZ else ():
            out = detector * feedback
            if 10 * MHZ <= out <= 400 * MHZ:
                factor = max(round(600 * MHZ / out), 1)  # an inner oscillator in the middle of its range
                if factor <= 128 and 400 * MHZ <= out * factor <= 800 * MHZ:
                    numbers = {"CLKI_DIV": divider, "CLKFB_DIV": feedback, "CLKOP_DIV": factor}
                    yield out, out * factor, numbers | {"CLKOP_CPHASE": factor - 1}


def _gowin(hz: int) -> Iterator[Setting]:
    """Gowin's data sheet of the GW1NR-9, C6: phase detector 3 to 400 MHz, oscillator 400 to 1,200, output to 600."""
    for divider in range(64):
        detector = Fraction(hz, divider + 1)
        for feedback in range(64) if 3 * MHZ <= detector <= 400 * MHZ else ():
            out = detector * (feedback + 1)
            for factor in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128):
                if 3.125 * MHZ <= out <= 600 * MHZ and 400 * MHZ < out * factor < 1200 * MHZ:
                    numbers = {"IDIV_SEL": divider, "FBDIV_SEL": feedback, "ODIV_SEL": factor}
                    yield out, out * factor, numbers


_SETTINGS: dict[str, Callable[[int], Iterator[Setting]]] = {"ice40": _ice40, "ecp5": _ecp5, "gowin": _gowin}
