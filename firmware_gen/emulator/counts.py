"""Instructions of every step, function by function, and what part of the network they serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from firmware_gen.emulator.machine import Machine
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.image import Image

DRIVER = "sast_emulator_"  # the emulator's own functions, which no device has
REST = "rest"
# The first prefix that a function's name begins with decides. Names are those of firmware_gen/c/src, static ones too;
# a compiler may add a suffix to them.
PARTS = (
    ("scatter", ("sast_add_", "sast_conv2d_8", "sast_linear_packed", "add_signs")),
    (
        "delivery",
        (
            "sast_conv2d",
            "sast_linear",
            "sast_recurrent",
            "sast_flatten",
            "sast_note",
            "sast_or_pool",
            "sast_sum_pool",
            "sast_output",
            "send",
        ),
    ),
    (
        "sweep",
        (
            "sast_sweep",
            "sast_fire",
            "update",
            "begin",
            "after_reset",
            "subtract",
            "show",
        ),
    ),
    ("input", ("sast_push", "admit")),
)


def part_of(function: str) -> str:
    """scatter: weights are added. delivery: the way of a spike to them. sweep: neurons. input: events. rest."""
    return next((part for part, prefixes in PARTS if function.startswith(prefixes)), REST)


def by_part(functions: Mapping[str, int]) -> dict[str, int]:
    """Instructions (or bytes) of functions summed up by part; every part is there."""
    sums = dict.fromkeys([part for part, _ in PARTS] + [REST], 0)
    for function, value in functions.items():
        sums[part_of(function)] += value
    return sums


def count_steps(network: EmulatedNetwork, steps: list[bytes]) -> list[Counter[str]]:
    """Instructions of each step of one recording, without an observer, by function: its events, then sast_step.

    Of a model that answers early also sast_decided, up to the step that ends the recording.

    steps: as event_bytes.step_bytes gives them.

    Raises CheckFailedError as EmulatedNetwork.record does.
    """
    network.reset()
    network.machine.take_counts()
    counts = []
    for step in steps:
        network.unobserved_step(step)
        over = network.is_decided()
        counts.append(take_counts(network.machine))
        if over:
            break
    return counts


def take_counts(machine: Machine) -> Counter[str]:
    """Machine.take_counts, without what no device has."""
    return Counter({f: n for f, n in machine.take_counts().items() if not f.startswith(DRIVER)})


# What only the emulator's driver and the observer need; a device's program does not hold it.
TRACING = (
    DRIVER,
    "sast_trace",
    "sast_step_crc",
    "sast_crc32",
    "sast_membrane",
    "on_",
    "put",
    "note",
    "divide",
)


def code_bytes(image: Image) -> dict[str, int]:
    """Bytes of every function that a device's program would hold too."""
    return {
        function.name: function.size
        for function in image.functions
        if not function.name.startswith(TRACING) and function.size
    }
