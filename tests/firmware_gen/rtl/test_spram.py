"""rtl/sast_spram.v: the model that simulators get is the primitive, by Yosys's own model of it."""

import subprocess
from pathlib import Path

import pytest

import firmware_gen
from firmware_gen.fpga.netlist import DEFINES, cell_models

SOURCE = Path(firmware_gen.__file__).parent / "rtl" / "sast_spram.v"
BENCH = Path(__file__).with_name("spram_bench.v")


@pytest.mark.needs("iverilog", "yosys")
@pytest.mark.parametrize("width", [8, 20, 32, 44])
def test_the_model_is_the_primitive(width, tmp_path):
    command = f"tee -o dump read_verilog -defer -ppdump {DEFINES} +/ice40/cells_sim.v"
    subprocess.run(["yosys", "-q", "-p", command], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    (tmp_path / "cells.v").write_text(cell_models((tmp_path / "dump").read_text()))
    text = SOURCE.read_text()
    assert "`ifdef SYNTHESIS" in text
    text = text.replace("`ifdef SYNTHESIS", "`ifndef NOTHING")
    (tmp_path / "primitive.v").write_text(text.replace("module sast_spram", "module sast_spram_primitive"))
    files = [SOURCE, tmp_path / "primitive.v", tmp_path / "cells.v", BENCH]
    build = ["iverilog", "-g2005", "-s", "spram_bench", f"-Pspram_bench.W={width}", "-o", tmp_path / "bench"]
    subprocess.run([*build, *files], check=True, timeout=60)
    ran = subprocess.run(
        ["vvp", "-n", tmp_path / "bench"], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [line for line in ran.stdout.splitlines() if "$finish" not in line]
    assert len(lines) == 1, lines[:3]
    assert int(lines[0].split()[0]) > 1000
