"""Verilator has nothing to say of a core with its link, whatever the model: a warning hides the next one."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edge_sast.model.layers import Linear
from edge_sast.model.model import MAX_MARGIN, Model
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.package import TOP
from firmware_gen.rtl_gen.target import Room, generate
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.rtl_gen.edges import EDGES, flat, grid, lif, w

MODELS = {
    "one word of parameters": flat(grid(2, 2), Linear(w(4, 8, 1), 4, lif(1, 3))),
    **{
        name: EDGES[name]
        for name in ("everything at a bound of 31 bits", "recurrent last, of 17", "3 groups of 7")
    },
}


@pytest.mark.needs("verilator")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("lanes", "loadable"), [(2, False), (8, True)])
def test_no_warning(name, lanes, loadable, tmp_path):
    check(MODELS[name], lanes, loadable, tmp_path)


@pytest.mark.needs("verilator")
@pytest.mark.parametrize("model", [small_model(), everything_model()], ids=["counts", "membranes"])
@pytest.mark.parametrize("margin", [1, MAX_MARGIN])
def test_no_warning_of_early_answers(model, margin, tmp_path):
    check(replace(model, early_margin=margin), 4, False, tmp_path)


def check(model: Model, lanes: int, loadable: bool, folder: Path) -> None:
    write_folder(generate(model, lanes=lanes, count=1, room=Room(loadable=loadable)), folder / "build")
    rtl = folder / "build" / "rtl"
    command = [
        "verilator",
        "--lint-only",
        "-Wno-fatal",
        "--top-module",
        TOP,
        f"-I{rtl}",
        "-y",
        rtl,
        rtl / f"{TOP}.v",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
