"""From instructions to time: which part at which frequency, and what rate of events and length of step it keeps.

The instructions are proven, the cycles of one are an estimate of the mean: docs/bounds.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from firmware_gen.sizes.parts import find_part, part_names
from firmware_gen.step_bound.bound import StepBound
from firmware_gen.toolchain.cores import DEFAULT, M0, M0_PLUS, NAMES, Core, find_core

UNITS = {"hz": 1, "khz": 1_000, "mhz": 1_000_000, "ghz": 1_000_000_000}
FREQUENCY = re.compile(r"(\d+(?:\.\d+)?|\.\d+)([a-zA-Z]*)", re.ASCII)
MOST_HZ = 10_000_000_000
# Cycles of an instruction, and what they stand on.
OF_THE_M4 = "estimated of a Cortex-M4 without wait states"
CYCLES = {
    "cortex-m0": (1.5, "estimated of a Cortex-M0 without wait states"),
    "cortex-m3": (2.0, f"{OF_THE_M4}, not of this core"),
    "cortex-m4": (2.0, OF_THE_M4),
    "cortex-m7": (2.0, f"{OF_THE_M4}, not of this core"),
    "cortex-m33": (2.0, f"{OF_THE_M4}, not of this core"),
    "rv32": (2.0, "assumed, with no estimate of this core"),
}
LEAST_CYCLES, MOST_CYCLES = 0.1, 100.0


@dataclass(frozen=True)
class Speed:
    """What --on names. name: as it was named; cycles: of an instruction, on average, by what `basis` says."""

    name: str
    core: Core
    hz: float
    cycles: float
    basis: str

    def seconds(self, instructions: float) -> float:
        return instructions * self.cycles / self.hz

    def instructions(self, seconds: float) -> float:
        """How many it executes in that time."""
        return seconds * self.hz / self.cycles


@dataclass(frozen=True)
class Kept:
    """What a part keeps with the model's own steps, whatever the events are.

    events: most in a step that is never longer than it may be; None where even one without events may be.
    events_per_second: the same. shortest_s: of a step without events. latency_s: most from the end of a step with
    `events` events (none, where that is None) to its decision: sast_step alone.
    """

    events: int | None
    events_per_second: float | None
    shortest_s: float
    latency_s: float


def parse_speed(text: str, cycles: float | None = None) -> Speed:
    """What --on and --cycles-per-instruction say: a core, a part of --fit or a board, @ and a frequency.

    Raises EdgeSastError naming the option.
    """
    name, at, frequency = (piece.strip() for piece in text.partition("@"))
    if not at or not name:
        raise EdgeSastError(f"--on is {text!r}; give NAME@FREQUENCY, such as cortex-m4@80MHz")
    core = _core(name)
    usual, basis = CYCLES[core.name]
    if cycles is None:
        return Speed(name, core, _hz(frequency), usual, basis)
    if not LEAST_CYCLES <= cycles <= MOST_CYCLES:
        raise EdgeSastError(
            f"--cycles-per-instruction is {cycles:g}; it must be {LEAST_CYCLES:g} to {MOST_CYCLES:g}"
        )
    return Speed(name, core, _hz(frequency), cycles, "given")


def _core(name: str) -> Core:
    lower = name.lower()
    if lower in NAMES or lower == "cortex-m55":
        return find_core(lower)
    if lower == M0_PLUS.name:
        return M0  # which executes the same instructions
    if lower in (part.lower() for part in part_names()):
        return find_core(find_part(next(part for part in part_names() if part.lower() == lower)).core)
    cores = ", ".join(known for known in NAMES if known != DEFAULT)
    raise EdgeSastError(
        f"--on names {name!r}; use a core ({cores}) or one of {', '.join(part_names())}, then @ and a frequency"
    )


def _hz(text: str) -> float:
    match = FREQUENCY.fullmatch(text.replace(" ", ""))
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise EdgeSastError(
            f"--on has the frequency {text!r}; give a number and Hz, kHz, MHz or GHz, such as 80MHz"
        )
    hz = float(match[1]) * unit
    if not 1 <= hz <= MOST_HZ:
        raise EdgeSastError(
            f"--on has the frequency {text!r}; it must be 1 Hz to {MOST_HZ // UNITS['ghz']} GHz"
        )
    return hz


def kept(bound: StepBound, speed: Speed) -> Kept:
    """What follows from the bound for the model's own steps."""
    step_s = bound.model.binning.dt_us / 1e6
    events = bound.most_events(speed.instructions(step_s))
    rate = None if events is None else events / step_s
    return Kept(
        events,
        rate,
        speed.seconds(bound.step(0).total),
        speed.seconds(bound.step(events or 0).step),
    )
