"""A model as a folder for FPGAs: its tables, and the core with what that needs."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

import edge_sast
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps
from firmware_gen.build import known_answers
from firmware_gen.build.folder import with_manifest
from firmware_gen.rtl_gen.file_lists import file_lists
from firmware_gen.rtl_gen.link.layout import LinkTooSmallError
from firmware_gen.rtl_gen.link.memories import HEADER, link_images, link_vh
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.prediction import DOCUMENT, predict
from firmware_gen.rtl_gen.table_files import mem
from firmware_gen.rtl_gen.tables.document import check_widths, table_files
from firmware_gen.rtl_gen.tables.tables import make_tables

TARGET = "verilog"
NAME = "sast"
DEFAULT_LANES = 8
LINK = ("sast_link.v", "sast_uart.v", "sast_uart_top.v")


def generate(
    model: Model,
    recordings: BinnedEvents | None = None,
    lanes: int = DEFAULT_LANES,
    word_bits: int | None = None,
    count: int = known_answers.RECORDINGS,
) -> dict[str, bytes]:
    """The files of a build folder, path to content. The same arguments give the same bytes.

    recordings: where the known answers' events come from, and what cycles are predicted of. None or empty: random
        events, and a least number of cycles.
    lanes: membranes that the core works on at once, and weights in an entry of tables/.
    word_bits: of the memories in tables/, which the core does not use; None for words as wide as each table's entries.
    count: how many of the recordings become known answers at most (see known_answers.choose).

    Raises:
        EdgeSastError: lanes or word_bits that there are not, a model that the core cannot hold, a count below 1, or
            recordings binned in another way than the model's.
    """
    check_widths(lanes, word_bits)
    plan = RtlPlan(model, lanes)
    tables = table_files(make_tables(model, lanes, word_bits), word_bits)
    files = {f"tables/{name}": data for name, data in tables.items()}
    files |= {f"rtl/{name}": data for name, data in (_core(plan) | _link(model)).items()}
    files |= file_lists([path for path in sorted(files) if path.startswith("rtl/")], edge_sast.__version__)
    files["model.safetensors"] = dumps(model)
    answers = known_answers.make_known_answers(model, recordings, count)
    files["known_answers.bin"] = known_answers.dumps(model, answers)
    files[DOCUMENT] = predict(plan, binned=recordings).document()
    return with_manifest(files, TARGET, NAME, plan.model_hash)


def _core(plan: RtlPlan) -> dict[str, bytes]:
    """Name to content of the core's Verilog, its constants, and what its memories hold."""
    files = {name: data for name, data in _verilog().items() if name not in LINK}
    files["sast_params.vh"] = plan.vh().encode()
    for image in plan.images:
        low = plan.localparams["ULOW"] if image.name.startswith("weights_") else len(image.words)
        files[f"{image.name}.mem"] = mem.write(replace(image, words=image.words[:low]))
        if image.words[low:]:
            files[f"{image.name}_more.mem"] = mem.write(replace(image, words=image.words[low:]))
    return files


def _link(model: Model) -> dict[str, bytes]:
    """The same of the board protocol and the top that has it; nothing for a model that these cannot serve."""
    try:
        images = link_images(model)
    except LinkTooSmallError:
        return {}
    files = {name: data for name, data in _verilog().items() if name in LINK}
    files[HEADER] = link_vh(model, images).encode()
    return files | {f"{image.name}.mem": mem.write(image) for image in images}


def _verilog() -> dict[str, bytes]:
    """The modules, by name."""
    folder = resources.files("firmware_gen") / "rtl"
    names = sorted(file.name for file in folder.iterdir() if file.is_file() and file.name.endswith(".v"))
    return {name: (folder / name).read_bytes() for name in names}
