"""What is predicted before anything is compiled is what linked programs hold and what their stack pointers do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sast.model import modelfile
from edge_sast.model.model import Model
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.code_sizes import CoreCode, Section
from firmware_gen.sizes.layer_stack import model_stack
from firmware_gen.sizes.prediction import predict
from firmware_gen.toolchain.cores import CORES as EMULATED
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.linked import deepest_stack, link, parts
from tests.strategies import random_model

TOLERANCE = 0.05
MODELS = {
    "nmnist": lambda: modelfile.load(Path(__file__).parents[3] / "examples" / "nmnist-int8.safetensors"),
    "everything": everything_model,
    "small": small_model,
    **{f"random {seed}": lambda seed=seed: random_model(np.random.default_rng(seed)) for seed in range(4)},
}
ALL_CORES = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "rv32")
CASES = [
    *(("nmnist", core) for core in ALL_CORES),
    *(("everything", core) for core in ("cortex-m0", "cortex-m4", "rv32")),
    *((name, "cortex-m4") for name in MODELS if name not in ("nmnist", "everything")),
    ("random 1", "cortex-m0"),
    ("random 2", "rv32"),
]


def close(found: int, expected: int) -> bool:
    return abs(found - expected) <= TOLERANCE * expected


@pytest.mark.parametrize(("name", "core"), CASES)
def test_a_linked_program_takes_what_was_predicted(name, core, tmp_path):
    model: Model = MODELS[name]()
    predicted = predict(CPlan(model), core)
    program = link(model, core, tmp_path)
    found = parts(program)
    assert (found["tables"], found["state"], found["context"]) == (
        predicted.tables,
        predicted.state,
        predicted.context,
    )
    assert close(predicted.descriptors, found["descriptors"]), (predicted, found)
    assert close(predicted.code, found["code"]), (predicted, found)
    if core in EMULATED:
        stack = deepest_stack(program, model, core, 0.3)
        assert stack <= predicted.stack <= predicted.observed_stack, (predicted, stack)
        assert close(predicted.stack, stack), (predicted, stack)


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "rv32"])
def test_observed_programs_take_the_stack_that_was_predicted(core, tmp_path):
    model = everything_model()
    stack = deepest_stack(link(model, core, tmp_path, observed=True), model, core, 0.3)
    predicted = predict(CPlan(model), core).observed_stack
    assert stack <= predicted, (predicted, stack)
    assert close(predicted, stack), (predicted, stack)


def test_totals_are_sums():
    found = predict(CPlan(everything_model()), "cortex-m4")
    assert found.flash == found.tables + found.descriptors + found.code
    assert found.ram == found.state + found.context + found.stack
    assert sum(layer.tables for layer in found.layers) == found.tables
    assert max(layer.stack for layer in found.layers) == found.stack


def code_of(**functions: tuple[int, dict[str, list[str]]]) -> CoreCode:
    """Functions with a frame and their calls, members and tails."""
    frames = {name: frame for name, (frame, _) in functions.items()}
    tables = [
        {name: tuple(of.get(key, ())) for name, (_, of) in functions.items()}
        for key in ("calls", "members", "tails")
    ]
    return CoreCode("", {}, {}, frames, tables[0], tables[1], {}, tables[2])


def test_receive_is_the_next_layers_and_other_members_are_the_layers_own():
    code = code_of(
        push=(1, {"members": ["receive"]}),
        step=(2, {"members": ["sweep"]}),
        first=(10, {"members": ["add"]}),
        sweep=(20, {"members": ["receive", "neuron"]}),
        pool=(100, {"members": ["receive"]}),
        add=(1000, {}),
        last=(4, {}),
    )
    layers = [
        {"receive": "first", "add": "add", "sweep": "sweep"},
        {"receive": "pool"},
        {"receive": "last"},
    ]
    found = model_stack(code, layers, ("push", "step"))
    assert (found.worst.bytes, found.worst.path) == (1011, ("push", "first", "add"))
    # The pool runs below a sweep alone; the observer's function is the user's.
    assert [use.bytes for use in found.layers] == [1011, 2 + 20 + 100 + 4]


def test_a_jump_at_the_end_gives_the_frame_up():
    code = code_of(
        push=(8, {"members": ["receive"]}),
        pool=(50, {"members": ["receive"], "tails": ["receive"]}),
        last=(4, {}),
    )
    found = model_stack(code, [{"receive": "pool"}, {"receive": "pool"}, {"receive": "last"}], ("push",))
    assert found.worst.bytes == 58
    assert model_stack(code, [{"receive": "pool"}, {"receive": "last"}], ("push",)).worst.bytes == 58
    code.frames["last"] = 60
    assert model_stack(code, [{"receive": "pool"}, {"receive": "last"}], ("push",)).worst.bytes == 68


def test_only_what_is_reached_is_linked():
    sections = {
        "a:run": Section(10, ("a:part", "b:.rodata.table")),
        "a:part": Section(5, ()),
        "b:.rodata.table": Section(64, ()),
        "b:other": Section(1000, ("a:part",)),
    }
    code = CoreCode("", {}, sections, {}, {}, {}, {}, {})
    assert code.bytes_of(code.linked(["run"])) == 79
