"""Counts: of a right program only, and nothing in them that a device does not execute."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import make_events
from firmware_gen.build.known_answers import random_recordings
from firmware_gen.emulator import measure
from firmware_gen.emulator.counts import PARTS, by_part, part_of
from firmware_gen.toolchain.cores import find_core
from tests import tools
from tests.firmware_gen.builds import everything_model, small_model

WRONG = """
#undef sast_step
sast_status_t sast_step(sast_context_t *context)
{
    (void)sast_push(context, 0, 0, 1);
    return original_step(context);
}
"""

DEAF = """
#include "sast.h"
static sast_status_t deaf(sast_context_t *context, uint16_t x, uint16_t y, uint8_t polarity)
{
    return x > 0u ? sast_push(context, x, y, polarity) : SAST_OK;
}
#define sast_push deaf
"""


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_the_same_program_counts_the_same(toolchain):
    tools.require_compiler(toolchain)
    model = small_model()
    recordings = random_recordings(model)
    first, second = (measure.measure(model, recordings, find_core("cortex-m4"), toolchain) for _ in range(2))
    assert first == second
    assert first.steps == len(recordings) * model.binning.steps
    assert first.swept == first.steps * sum(shape.neurons for shape in (model.shapes()[1], model.shapes()[3]))
    assert 0 < first.stack < 1000
    assert 500 < first.code_bytes < 20_000
    assert first.per_synop == first.parts["scatter"] / first.synops


def test_more_events_cost_more():
    model = small_model()
    recordings = random_recordings(model)
    sparse = measure.measure(model, recordings.select([0]), find_core("cortex-m4"))
    crowded = measure.measure(model, recordings.select([2]), find_core("cortex-m4"))
    assert crowded.synops > sparse.synops
    assert crowded.instructions > sparse.instructions


def sent(recordings: BinnedEvents, times: int) -> list[np.ndarray]:
    """Every event so many times, anywhere in its step, in the order of time."""
    grid, rng, out = recordings.binning, np.random.default_rng(times), []
    for i in range(len(recordings)):
        parts = []
        for step in range(grid.steps):
            row = i * grid.steps + step
            part = slice(recordings.step_ptr[row], recordings.step_ptr[row + 1])
            x, y, p = grid.sensor_events(
                recordings.indices[part], times * recordings.counts[part].astype(int)
            )
            t = rng.integers(0, grid.dt_us, len(x)) + step * grid.dt_us
            parts.append(make_events(t, x, y, p))
        events = np.concatenate(parts)
        events = events[np.argsort(events["t"], kind="stable")]
        events["t"][0] = 0  # where the recording starts
        out.append(events)
    return out


@pytest.mark.needs("arm-none-eabi-gcc")
def test_repeats_cost_and_change_nothing():
    """Each event twice: the runtime's trace is compared in each way, and a repeat adds nothing but its own call."""
    model, core = small_model(), find_core("cortex-m4")
    recordings = random_recordings(model)
    found = measure.measure(model, recordings, core, "gcc", sent=sent(recordings, 2))
    assert list(found.ways) == ["sent", "unique", "stream"]
    once, twice, stream = (found.ways[way] for way in ("unique", "sent", "stream"))
    assert once.events == recordings.counts.sum() / found.steps
    assert twice.events == stream.events == 2 * once.events
    assert twice.mean == found.instructions / found.steps
    assert 10 * once.events < twice.mean - once.mean < 60 * once.events
    assert (twice.mean - once.mean) * found.steps < found.parts["input"]
    assert once.mean < twice.mean < stream.mean
    assert all(way.mean < way.p99 <= way.max for way in found.ways.values())


@pytest.mark.needs("riscv64-unknown-elf-gcc")
def test_every_way_gives_the_runtime_s_answers_where_counts_are_capped():
    """A model with shifted coordinates and counts up to 3, each event four times: measure compares every way."""
    model = everything_model()
    recordings = random_recordings(model)
    full = replace(recordings, counts=np.full_like(recordings.counts, model.binning.count_cap))
    found = measure.measure(model, full, find_core("rv32"), "gcc", sent=sent(full, 4))
    assert found.ways["sent"].mean > found.ways["unique"].mean


@pytest.mark.needs("arm-none-eabi-gcc")
def test_a_stream_that_loses_events_is_not_counted(monkeypatch):
    model = small_model()
    recordings = random_recordings(model)

    def deaf(*arguments):
        files = dict(generate(*arguments))
        files["src/sast_stream.c"] = DEAF.encode() + files["src/sast_stream.c"]
        return files

    generate = measure.generate
    monkeypatch.setattr(measure, "generate", deaf)
    with pytest.raises(
        CheckFailedError,
        match="the C behind sast_stream differs from the runtime: random events 0: SynOps expected",
    ):
        measure.measure(model, recordings, find_core("cortex-m4"), "gcc", sent=sent(recordings, 1))


def test_cost_of_steps():
    counts = [Counter({"sast_push": n, "sast_step": 100}) for n in range(1, 201)]
    assert measure.StepCost.of(counts, 5000) == measure.StepCost(25.0, 200.5, 298, 300)


def test_a_wrong_program_is_not_counted(monkeypatch):
    model = small_model()

    def wrong(*arguments):
        files = dict(generate(*arguments))
        step = files["src/sast_step.c"]
        files["src/sast_step.c"] = b"#define sast_step original_step\n" + step + WRONG.encode()
        return files

    generate = measure.generate
    monkeypatch.setattr(measure, "generate", wrong)
    with pytest.raises(CheckFailedError, match="the C differs from the runtime: sample 0"):
        measure.measure(model, random_recordings(model), find_core("cortex-m4"))


def test_every_function_has_one_part():
    functions = {
        "sast_add_8": 1,
        "sast_conv2d_joined": 2,
        "sast_sweep.isra.0": 4,
        "sast_push": 8,
        "memset": 16,
    }
    assert [part_of(function) for function in functions] == ["scatter", "delivery", "sweep", "input", "rest"]
    assert by_part(functions) == {"scatter": 1, "delivery": 2, "sweep": 4, "input": 8, "rest": 16}
    prefixes = [prefix for _, group in PARTS for prefix in group]
    assert len(set(prefixes)) == len(prefixes)
