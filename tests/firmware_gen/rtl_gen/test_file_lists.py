"""Lists of the Verilog as other tools read them."""

from __future__ import annotations

import subprocess

import pytest
import yaml

import edge_sast
from firmware_gen.rtl_gen.file_lists import TOP, file_lists
from firmware_gen.rtl_gen.target import generate
from tests.firmware_gen.builds import small_model
from tests.firmware_gen.fpga.tiny import tiny_folder


def test_lists_for_other_tools():
    files = ["rtl/rows.mem", "rtl/sast_core.v", "rtl/sast_params.vh", "rtl/sast_uart_top.v"]
    lists = file_lists(files, "1.2.3")
    assert lists["files.f"] == b"+incdir+rtl\nrtl/sast_core.v\nrtl/sast_uart_top.v\n"
    core = lists["sast.core"].decode()
    assert core.startswith("CAPI=2:\n")  # by which FuseSoC knows the format
    document = yaml.safe_load(core)
    assert document["name"] == "edge-sast:core:sast:1.2.3"
    assert document["filesets"] == {
        "rtl": {
            "files": [
                {"rtl/sast_params.vh": {"is_include_file": True}},
                "rtl/sast_core.v",
                "rtl/sast_uart_top.v",
            ],
            "file_type": "verilogSource",
        },
        "tables": {"files": [{"rtl/rows.mem": {"copyto": "rows.mem"}}], "file_type": "user"},
    }
    assert document["targets"] == {"default": {"filesets": ["rtl", "tables"], "toplevel": "sast_uart_top"}}


def test_an_export_has_them_of_all_its_verilog():
    files = generate(small_model(), lanes=2)
    there = [path for path in sorted(files) if path.startswith("rtl/")]
    assert {"rtl/sast_core.v", "rtl/sast_params.vh", "rtl/weights_0.mem"} < set(there)
    assert file_lists(there, edge_sast.__version__).items() <= files.items()


@pytest.mark.needs("iverilog")
def test_a_simulator_takes_the_list_as_it_is(tmp_path):
    folder = tiny_folder(tmp_path / "tiny")
    files = ["rtl/rows.mem", "rtl/sast_params.vh", "rtl/sast_uart_top.v"]
    (folder / "files.f").write_bytes(file_lists(files, "1")["files.f"])
    command = ["iverilog", "-g2005", "-t", "null", "-s", TOP, "-f", "files.f"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
