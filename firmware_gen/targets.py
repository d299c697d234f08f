"""What a model is exported as. A target of folders generates all files of one; another is a line here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from edge_sast.events.binned import BinnedEvents
    from edge_sast.model.model import Model

MODEL = "model"  # the model file alone
NIR = "nir"
C, VERILOG = "c", "verilog"
FOLDERS = {
    C: "a folder of C99 with the model file in it",
    VERILOG: "a folder for FPGAs with the model file in it",
}
FILES = {MODEL: "only the model file", NIR: "a NIR file, for other tools"}
TARGETS = {**FOLDERS, **FILES}


@dataclass(frozen=True)
class Options:
    """What only some targets take; None for their own defaults.

    name: prefix of the C names. lanes, word_bits: of the FPGA's tables, see rtl_gen.target. registers, loadable,
    spare_bits, spare_words, spram: see its Room; fits: model files of Room.models. running: the model is one of
    --running, which FPGAs alone must know. for_tool: the one that reads a NIR file.
    """

    name: str | None = None
    lanes: int | None = None
    word_bits: int | None = None
    registers: bool | None = None
    loadable: bool | None = None
    fits: Sequence[str] | None = None
    spare_bits: int | None = None
    spare_words: int | None = None
    spram: bool | None = None
    running: bool = False
    for_tool: str | None = None


Generate = Callable[["Model", "BinnedEvents | None", Options], dict[str, bytes]]

# Who takes an option, and what it is for.
_OF_LOADING = ("fits", "spare_bits", "spare_words", "spram")
_OF_FPGAS = ("lanes", "word_bits", "registers", "loadable", *_OF_LOADING)
_TAKERS = {"name": (C, "the C"), "for_tool": (NIR, "NIR"), **dict.fromkeys(_OF_FPGAS, (VERILOG, "FPGAs"))}


def check_target(name: str, options: Options | None = None) -> None:
    """Raises EdgeSastError for a target that there is not, and for an option that it does not take."""
    if name not in TARGETS:
        *first, last = TARGETS
        raise EdgeSastError(f"--target is {name!r}; this version writes {', '.join(first)} and {last}")
    options = options or Options()
    for option, (target, what) in _TAKERS.items():
        if target != name and getattr(options, option) is not None:
            raise EdgeSastError(
                f"--{option.replace('_', '-')} is for {what}; leave it out with --target {name}"
            )
    if name == VERILOG:
        from firmware_gen.rtl_gen.tables.document import check_widths

        check_widths(options.lanes, options.word_bits)
        for option in _OF_LOADING:
            if getattr(options, option) is not None and not options.loadable:
                raise EdgeSastError(
                    f"--{option.replace('_', '-')} is for a core that takes other models; add --loadable, or leave "
                    "it out"
                )
        _models(options)


def notes(target: str, files: Mapping[str, bytes]) -> list[str]:
    """What the generated files of a target say that is worth telling."""
    if target != VERILOG:
        return []
    from firmware_gen.rtl_gen.package import TOP
    from firmware_gen.rtl_gen.predict.prediction import DOCUMENT, prediction_line

    without = (
        "no board's top: the model's input or results are too large for the UART; the core itself is whole"
    )
    return [prediction_line(files[DOCUMENT]), *([] if f"rtl/{TOP}.v" in files else [without])]


def check_early(
    model: Model,
    target: str,
    remedy: str = "add --no-early, which leaves the margin out, or leave --loadable out",
) -> None:
    """Raises EdgeSastError for a model that answers early, where `target` is for cores that compute all steps."""
    if model.early_margin is not None:
        raise EdgeSastError(
            f"{target}: the model answers early (margin {model.early_margin}), and a core that takes other models "
            f"computes all steps; "
            f"{remedy}"
        )


def write_file(target: str, model: Model, path: str | os.PathLike[str], options: Options) -> list[str]:
    """Writes a target that is one file; returns what is worth telling."""
    if target == MODEL:
        from edge_sast.model import modelfile

        modelfile.save(model, path)
        return []
    from edge_sast.exchange.nir_file import dumps
    from edge_sast.exchange.nir_write import not_told, write_model
    from edge_sast.exchange.readers import reader
    from edge_sast.files import write_atomic

    of = reader(options.for_tool)
    write_atomic(path, dumps(write_model(model, of)))
    return [f"note: {line}" for line in not_told(model, of)]


def generator(target: str) -> Generate:
    """What generates the folder of a target, from (model, recordings for known answers or None, options)."""
    return {C: _c, VERILOG: _verilog}[target]


# Each imports its own generator alone: the other's would cost the export time.
def _c(model: Model, binned: BinnedEvents | None, options: Options) -> dict[str, bytes]:
    from firmware_gen.c_gen.target import DEFAULT_NAME, generate

    return generate(model, binned, options.name or DEFAULT_NAME)


def _verilog(model: Model, binned: BinnedEvents | None, options: Options) -> dict[str, bytes]:
    from firmware_gen.rtl_gen.target import DEFAULT_LANES, Room, generate

    if options.loadable:
        check_early(model, "--loadable")
    spare = {name: getattr(options, name) for name in ("spare_bits", "spare_words", "spram")}
    given = {name: value for name, value in spare.items() if value is not None}
    room = Room(
        bool(options.registers), bool(options.loadable), _models(options), running=options.running, **given
    )
    return generate(model, binned, options.lanes or DEFAULT_LANES, options.word_bits, room=room)


def _models(options: Options) -> tuple[Model, ...]:
    """Of --fits. Raises EdgeSastError for a file that is none, and for a model that does not run as the core does."""
    from edge_sast.model import modelfile
    from edge_sast.model.running import forgets

    models = []
    for path in options.fits or ():
        model = modelfile.load(path)
        check_early(
            model, f"--fits {path}", "write it without a margin: export it with --target model --no-early"
        )
        if options.running and not forgets(model):
            raise EdgeSastError(
                f"--fits {path}: its read-out never forgets, so that it cannot run without end; give the model file "
                "that 'edge-sast export MODEL --running --target model' writes"
            )
        models.append(model)
    return tuple(models)
