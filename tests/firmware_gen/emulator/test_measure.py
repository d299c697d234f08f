"""Counts: of a right program only, and nothing in them that a device does not execute."""

from __future__ import annotations

import pytest

from edge_sast.errors import CheckFailedError
from firmware_gen.emulator import measure
from firmware_gen.emulator.cores import find_core
from firmware_gen.emulator.counts import PARTS, by_part, part_of
from firmware_gen.known_answers import random_recordings
from tests.firmware_gen.builds import small_model

WRONG = """
#undef sast_step
sast_status_t sast_step(sast_context_t *context)
{
    (void)sast_push(context, 0, 0, 1);
    return original_step(context);
}
"""


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_the_same_program_counts_the_same(toolchain):
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
