"""A model as a folder for FPGAs: its tables, and the core with what that needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources

import edge_sast
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps
from firmware_gen.build import known_answers
from firmware_gen.build.folder import with_manifest
from firmware_gen.rtl_gen.link.layout import LinkTooSmallError
from firmware_gen.rtl_gen.link.memories import HEADER, link_images, link_vh
from firmware_gen.rtl_gen.link.program import LinkParts
from firmware_gen.rtl_gen.loading.sizes import DOCUMENT as DOCUMENT_OF_SIZES
from firmware_gen.rtl_gen.loading.sizes import check_spram, make_sizes
from firmware_gen.rtl_gen.package import TOP, file_lists, readme
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.prediction import DOCUMENT, predict
from firmware_gen.rtl_gen.table_files import mem
from firmware_gen.rtl_gen.tables.document import check_widths, table_files
from firmware_gen.rtl_gen.tables.tables import make_tables

TARGET = "verilog"
NAME = "sast"
DEFAULT_LANES = 8
LINK = ("sast_link.v", "sast_uart.v", "sast_uart_top.v")


@dataclass(frozen=True)
class Room:
    """What the core has beside the model itself.

    registers: a bus of registers. loadable: other models can be loaded over it, all of `models` among them.
    spare_bits, spare_words: see make_sizes. spram: its weights lie in an iCE40 UP5K's SPRAM, of a loadable core.
    running: it ends no recording, and answers after each step; all its models must forget.
    """

    registers: bool = False
    loadable: bool = False
    models: tuple[Model, ...] = ()
    spare_bits: int = 1
    spare_words: int = 0
    spram: bool = False
    running: bool = False


def generate(
    model: Model,
    recordings: BinnedEvents | None = None,
    lanes: int = DEFAULT_LANES,
    word_bits: int | None = None,
    count: int = known_answers.RECORDINGS,
    room: Room | None = None,
) -> dict[str, bytes]:
    """The files of a build folder, path to content. The same arguments give the same bytes.

    recordings: where the known answers' events come from, and what cycles are predicted of. None or empty: random
        events, and a least number of cycles.
    lanes: membranes that the core works on at once, and weights in an entry of tables/.
    word_bits: of the memories in tables/, which the core does not use; None for words as wide as each table's entries.
    count: how many of the recordings become known answers at most (see known_answers.choose).
    room: for registers and other models; None: neither.

    Raises:
        EdgeSastError: lanes, word_bits or a room that there are not, a model that the core cannot hold, a count below
            1, or recordings binned in another way than the model's.
    """
    check_widths(lanes, word_bits)
    room = room or Room()
    models = [model, *room.models]
    sizes = (
        make_sizes(models, lanes, room.spare_bits, room.spare_words, running=room.running)
        if room.loadable
        else None
    )
    localparams = sizes.localparams if sizes else None
    plan = RtlPlan(model, lanes, localparams, room.registers, room.spram, room.running)
    if room.spram:
        check_spram(plan.localparams)
    tables = table_files(make_tables(model, lanes, word_bits), word_bits)
    files = {f"tables/{name}": data for name, data in tables.items()}
    link = sizes.link if sizes else _link_parts(model, room)
    rtl = _core(plan) | _link(model, link)
    if sizes:
        files[DOCUMENT_OF_SIZES] = sizes.document()
        rtl[f"{sizes.image.name}.mem"] = mem.write(sizes.image)
    files |= {f"rtl/{name}": data for name, data in rtl.items()}
    files |= file_lists([path for path in sorted(files) if path.startswith("rtl/")], edge_sast.__version__)
    files["model.safetensors"] = dumps(model)
    answers = known_answers.make_known_answers(model, recordings, count)
    files["known_answers.bin"] = known_answers.dumps(model, answers)
    prediction = predict(plan, binned=recordings)
    files[DOCUMENT] = prediction.document()
    files["README.md"] = readme(plan, prediction, uart=f"rtl/{TOP}.v" in files, loadable=room.loadable)
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


def _link_parts(model: Model, room: Room) -> LinkParts:
    grid = model.binning
    return LinkParts.of(
        grid.steps,
        grid.width,
        grid.height,
        bus=room.registers,
        run=room.running,
        early=model.early_margin is not None,
    )


def _link(model: Model, parts: LinkParts) -> dict[str, bytes]:
    """The same of the board protocol and the top that has it; nothing for a model that these cannot serve."""
    try:
        images = link_images(model, parts)
    except LinkTooSmallError:
        return {}
    files = {name: data for name, data in _verilog().items() if name in LINK}
    files[HEADER] = link_vh(model, images, parts).encode()
    return files | {f"{image.name}.mem": mem.write(image) for image in images}


def _verilog() -> dict[str, bytes]:
    """The modules, by name."""
    folder = resources.files("firmware_gen") / "rtl"
    names = sorted(file.name for file in folder.iterdir() if file.is_file() and file.name.endswith(".v"))
    return {name: (folder / name).read_bytes() for name in names}
