"""A model as a folder of C99 that builds on computers and microcontrollers and knows its own answers."""

from __future__ import annotations

import re

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps
from firmware_gen.build import known_answers
from firmware_gen.build.folder import with_manifest
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.model import model_header, model_source
from firmware_gen.c_gen.package import package_files
from firmware_gen.c_gen.text import array, banner, define, guard_close, guard_open
from firmware_gen.c_plan.library import library_files
from firmware_gen.c_plan.plan import CPlan

TARGET = "c"
DEFAULT_NAME = "sast"
MAX_BYTES = (1 << 32) - 1  # offsets are uint32_t
AVR_ARRAY_BYTES = 32_767  # the largest that avr-gcc takes
MAX_LAYERS = (1 << 16) - 1  # indices are uint16_t
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,30}")


def generate(
    model: Model,
    recordings: BinnedEvents | None = None,
    name: str = DEFAULT_NAME,
    count: int = known_answers.RECORDINGS,
) -> dict[str, bytes]:
    """The files of a build folder, path to content. The same arguments give the same bytes.

    recordings: where the known answers' events come from. None or empty: random events.
    name: prefix of all that belongs to this model: `<name>_model`, `<name>_memory_t`, `<NAME>_MODEL_...`.
    count: how many of the recordings become known answers at most (see known_answers.choose).

    Raises:
        EdgeSastError: a name that is no C identifier, a count below 1, recordings binned in another way than the
            model's, or more memory or layers than the C can number.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise EdgeSastError(f"name is {name!r}; use 1 to 31 lower-case letters, digits and _, a letter first")
    plan = CPlan(model)
    ram = memory(plan).bytes
    if ram > MAX_BYTES or len(model.layers) > MAX_LAYERS:
        raise EdgeSastError(
            f"the C takes {ram} bytes of RAM and {len(model.layers)} layers; it can address "
            f"{MAX_BYTES} and {MAX_LAYERS}: use a smaller network"
        )
    answers = known_answers.dumps(model, known_answers.make_known_answers(model, recordings, count))
    texts = {
        f"include/{name}_model.h": model_header(plan, name),
        f"src/{name}_model.c": model_source(plan, name),
        f"examples/{name}_known_answers.h": _answers_header(plan, name, len(answers)),
        f"examples/{name}_known_answers.c": _answers_source(plan, name, answers),
    }
    files = {path: text.encode() for path, text in texts.items()} | library_files(plan)
    package = package_files(plan, name, files, len(answers))
    files |= {path: text.encode() for path, text in package.items()}
    files["model.safetensors"] = dumps(model)
    files["known_answers.bin"] = answers
    return with_manifest(files, TARGET, name, plan.model_hash)


def _answers_header(plan: CPlan, name: str, size: int) -> str:
    guard = f"{name.upper()}_KNOWN_ANSWERS_H"
    return (
        banner(f"{name}_known_answers.h", "what the model must answer, for sast_selftest", plan.model_hash)
        + guard_open(guard, '"sast.h"')
        + define(f"{name.upper()}_KNOWN_ANSWERS_BYTES", size)
        + f"\n#if defined(__AVR__) && {name.upper()}_KNOWN_ANSWERS_BYTES > {AVR_ARRAY_BYTES}u\n"
        + f'#error "{name}: {size} bytes of known answers, avr-gcc takes {AVR_ARRAY_BYTES}: '
        + 'export with --data and --limit 1, or leave the self-test out"\n#endif\n'
        + f"\nextern const SAST_TABLE uint8_t {name}_known_answers[{name.upper()}_KNOWN_ANSWERS_BYTES];\n\n"
        + guard_close(guard)
    )


def _answers_source(plan: CPlan, name: str, answers: bytes) -> str:
    declaration = f"const SAST_TABLE uint8_t {name}_known_answers[{name.upper()}_KNOWN_ANSWERS_BYTES]"
    return (
        banner(f"{name}_known_answers.c", "the bytes of known_answers.bin", plan.model_hash)
        + f'#include "{name}_known_answers.h"\n\n'
        + array(declaration, answers)
    )
