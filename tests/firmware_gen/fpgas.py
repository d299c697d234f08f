"""Folders with all the Verilog of a model's FPGA, for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import firmware_gen
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.link.memories import HEADER, link_images, link_vh
from firmware_gen.rtl_gen.plan import RtlPlan

RTL = Path(firmware_gen.__file__).parent / "rtl"


def write_fpga(model: Model, lanes: int, folder: Path) -> Path:
    """Core, link, constants and tables, in a new folder."""
    plan, link = RtlPlan(model, lanes), link_images(model)
    folder.mkdir()
    for path in RTL.glob("*.v"):
        shutil.copy(path, folder)
    (folder / "sast_params.vh").write_text(plan.vh())
    (folder / HEADER).write_text(link_vh(model, link))
    for image in (*plan.images, *link):
        digits = -(-image.width // 4)
        (folder / f"{image.name}.mem").write_text("".join(f"{word:0{digits}x}\n" for word in image.words))
    return folder
