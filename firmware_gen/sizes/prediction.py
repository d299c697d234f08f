"""Flash, RAM and stack that a model's firmware takes, told before anything is compiled.

Flash: tables (c_plan/footprint.py, exact) + descriptors + code; RAM: state (exact) + one sast_context_t + the worst
stack. Code and stack are those of arm-none-eabi-gcc or riscv64-unknown-elf-gcc with -Os and --gc-sections, of a program
that calls CALLED, from the measured table code_sizes.json. tests/firmware_gen/sizes/test_prediction.py holds linked
programs to these figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge_sast.model.model import Model
from firmware_gen.c_plan.footprint import Footprint, footprint
from firmware_gen.c_plan.kernels import kernels, push_kernel
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.code_sizes import DEFAULT_CORE, CoreCode, core_code
from firmware_gen.sizes.layer_stack import ModelStack, model_stack

CALLED = ("sast_init", "sast_reset", "sast_push", "sast_step", "sast_result")
PUSH = "push"  # the model's member behind sast_push, which is no layer's
POINTER_BYTES = 4
EARLY_BYTES = 4  # of the model and of the context, where answers come early
NOT_INCLUDED = (
    "your own code, observers, start-up code and vectors, the C library, stack of main and of interrupts, sast_stream, "
    "the self-test"
)


@dataclass(frozen=True)
class LayerPrediction:
    """Bytes. code: functions that only layers like this one need (several may share them); stack: with it at work."""

    tables: int
    descriptor: int
    code: int
    state: int
    stack: int


@dataclass(frozen=True)
class Prediction:
    """Bytes, on one core.

    tables, state, context: exact.
    descriptors: of layers, model and class names.
    code: with its constants.
    stack: the worst, from the entry of the library on. stack_path: the calls that take it.
    observed_stack: the worst with an observer, without the observer's own functions.
    """

    core: str
    compiler: str
    tables: int
    descriptors: int
    code: int
    state: int
    context: int
    stack: int
    observed_stack: int
    stack_path: tuple[str, ...]
    layers: tuple[LayerPrediction, ...]

    @property
    def flash(self) -> int:
        return self.tables + self.descriptors + self.code

    @property
    def ram(self) -> int:
        return self.state + self.context + self.stack


def not_included(model: Model, others: str = NOT_INCLUDED) -> str:
    """What the figures of a model leave out: `others`, and where it answers early what asks whether it does."""
    return f"sast_decided, {others}" if model.early_margin is not None else others


def predict(plan: CPlan, core: str = DEFAULT_CORE) -> Prediction:
    """What a model takes on `core` (see code_sizes.core_names). Raises EdgeSastError for a core without figures."""
    return predict_with(core_code(core), plan, core)


def predict_with(code: CoreCode, plan: CPlan, core: str) -> Prediction:
    """The same from another table."""
    code = replace(code, pointed=code.pointed | {PUSH: (push_kernel(plan),)})
    functions = _functions(code, plan)
    stack = model_stack(code, functions, CALLED)
    observed = model_stack(code, functions, CALLED, observed=True)
    used = footprint(plan)
    wanted = {push_kernel(plan)} | {name for of_layer in functions for name in of_layer.values()}
    return Prediction(
        core,
        code.compiler,
        used.flash_bytes,
        _descriptors(code, plan.model),
        code.bytes_of(code.linked((*CALLED, *wanted))),
        used.ram_bytes,
        code.structs["context"] + (EARLY_BYTES if plan.model.early_margin is not None else 0),
        stack.worst.bytes,
        observed.worst.bytes,
        tuple(name.rpartition(":")[2] for name in stack.worst.path),
        _layers(code, used, functions, stack),
    )


def _functions(code: CoreCode, plan: CPlan) -> list[dict[str, str]]:
    """Per layer, and of the read-out last, the function behind each member; some kernels only name a file."""
    members = {member for found in code.members.values() for member in found}
    layers = [kernels(layer) for layer in plan.layers]
    return [{k: v for k, v in of.items() if k in members} for of in (*layers, {"receive": "sast_output"})]


def _layers(
    code: CoreCode, used: Footprint, functions: Sequence[dict[str, str]], stack: ModelStack
) -> tuple[LayerPrediction, ...]:
    shared = code.linked((*CALLED, "sast_output"))
    return tuple(
        LayerPrediction(
            part.flash_bytes,
            code.structs["layer"],
            code.bytes_of(code.linked(functions[i].values()) - shared),
            part.ram_bytes,
            stack.layers[i].bytes,
        )
        for i, part in enumerate(used.layers)
    )


def _descriptors(code: CoreCode, model: Model) -> int:
    """Layers and the read-out, the model, names of classes, outputs before the first step being a table's."""
    layers = (len(model.layers) + 1) * code.structs["layer"]
    early = EARLY_BYTES if model.early_margin is not None else 0
    return (
        layers + code.structs["model"] + early + POINTER_BYTES * len(model.classes) + _strings(model.classes)
    )


def _strings(texts: Sequence[str]) -> int:
    """Literals with their zeros, those that end another one not kept twice, as linkers merge them."""
    literals = {text.encode() for text in texts}
    kept = [a for a in literals if not any(a != b and b.endswith(a) for b in literals)]
    return sum(len(text) + 1 for text in kept)
