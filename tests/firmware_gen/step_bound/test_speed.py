"""Parts, frequencies, and what follows from a bound for a model's steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.sizes.parts import part_names
from firmware_gen.step_bound.bound import StepBound, StepCost
from firmware_gen.step_bound.speed import kept, parse_speed
from tests.firmware_gen.builds import small_model


@pytest.mark.parametrize(
    ("text", "core", "hz", "cycles"),
    [
        ("cortex-m4@80MHz", "cortex-m4", 80e6, 2.0),
        ("cortex-m4 @ 80 MHz", "cortex-m4", 80e6, 2.0),
        ("cortex-m@168mhz", "cortex-m4", 168e6, 2.0),
        ("STM32F103@72 MHz", "cortex-m3", 72e6, 2.0),
        ("rp2040@125MHz", "cortex-m0", 125e6, 1.5),
        ("cortex-m0+@48MHz", "cortex-m0", 48e6, 1.5),
        ("pico@0.133GHz", "cortex-m0", 133e6, 1.5),
        ("esp32c3@160000kHz", "rv32", 160e6, 2.0),
    ],
)
def test_parts_and_frequencies(text, core, hz, cycles):
    speed = parse_speed(text)
    assert (speed.core.name, speed.cycles) == (core, cycles)
    assert speed.hz == pytest.approx(hz)
    assert parse_speed(text, 3.5).cycles == 3.5


def test_every_part_that_is_listed():
    for name in part_names():
        if "an547" in name:  # a Cortex-M55
            with pytest.raises(EdgeSastError, match="Unicorn cannot emulate"):
                parse_speed(f"{name}@1MHz")
        else:
            assert parse_speed(f"{name}@1MHz").hz == 1e6


@pytest.mark.parametrize(
    ("text", "cycles", "message"),
    [
        ("cortex-m4", None, "--on is 'cortex-m4'; give NAME@FREQUENCY, such as cortex-m4@80MHz"),
        ("@80MHz", None, "--on is '@80MHz'; give NAME@FREQUENCY"),
        ("z80@4MHz", None, "--on names 'z80'; use a core (cortex-m0, "),
        (
            "cortex-m4@80",
            None,
            "--on has the frequency '80'; give a number and Hz, kHz, MHz or GHz, such as 80MHz",
        ),
        ("cortex-m4@fast", None, "--on has the frequency 'fast'; give a number"),
        ("cortex-m4@-1MHz", None, "--on has the frequency '-1MHz'; give a number"),
        ("cortex-m4@0MHz", None, "--on has the frequency '0MHz'; it must be 1 Hz to 10 GHz"),
        ("cortex-m4@11GHz", None, "--on has the frequency '11GHz'; it must be 1 Hz to 10 GHz"),
        ("cortex-m55@80MHz", None, "--on is 'cortex-m55', which Unicorn cannot emulate"),
        ("cortex-m4@80MHz", 0.0, "--cycles-per-instruction is 0; it must be 0.1 to 100"),
        ("cortex-m4@80MHz", float("nan"), "--cycles-per-instruction is nan; it must be 0.1 to 100"),
    ],
)
def test_what_is_refused(text, cycles, message):
    with pytest.raises(EdgeSastError, match=re.escape(message)):
        parse_speed(text, cycles)


@dataclass(frozen=True)
class Straight(StepBound):
    """100 instructions of a step, then 10 in sast_push for each event, and 10 more in the step."""

    def step(self, events: int) -> StepCost:
        return StepCost(10 * events, 100 + 10 * events, (), ())


def test_rate_and_latency():
    straight = Straight(small_model(), "cortex-m4", "zig", (), None, 0, 0, 0, ())  # type: ignore[arg-type]
    speed = parse_speed("cortex-m4@1MHz")  # half an instruction a µs; a step is 1,000 µs
    found = kept(straight, speed)
    assert (found.events, found.events_per_second) == (20, 20_000)  # 100 + 20 · 20 = 500 instructions
    assert found.shortest_s == pytest.approx(200e-6)
    assert found.latency_s == pytest.approx(600e-6)
    none = kept(straight, parse_speed("cortex-m4@100kHz"))
    assert (none.events, none.events_per_second) == (None, None)
    assert none.shortest_s == pytest.approx(2e-3)
