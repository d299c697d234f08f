"""The Verilog of an export: tables as long as the constants say, and lists of it for other tools."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.sources import TOP, check_tables, constants, file_lists, source_files
from tests.firmware_gen.fpga.tiny import tiny_folder

PARAMETERS = """// Generated
localparam P = 8;
localparam integer UDEPTH = 3;
localparam [7:0] PDEPTH = 2;
localparam SMIN = P + 1;
"""


@pytest.fixture
def folder(tmp_path):
    rtl = tmp_path / "rtl"
    rtl.mkdir()
    (rtl / "sast_params.vh").write_text(PARAMETERS)
    (rtl / "sast_core.v").write_text("module sast_core; endmodule\n")
    for bank in range(2):
        (rtl / f"weights_{bank}.mem").write_text("0a\n0b\nff\n")
    (rtl / "params.mem").write_text("1\n2\n")
    (rtl / "notes.txt").write_text("not a source")
    return tmp_path


def test_sources_and_constants(folder):
    names = [path.name for path in source_files(folder)]
    assert names == ["params.mem", "sast_core.v", "sast_params.vh", "weights_0.mem", "weights_1.mem"]
    assert constants(folder) == {"P": 8, "UDEPTH": 3, "PDEPTH": 2}
    check_tables(folder, constants(folder))


@pytest.mark.parametrize(
    ("name", "text", "words"), [("weights_1", "0a\n0b\n", 2), ("weights_0", "0a\n" * 4, 4), ("params", "", 0)]
)
def test_a_table_of_another_length(folder, name, text, words):
    path = folder / "rtl" / f"{name}.mem"
    path.write_text(text)
    depth = 3 if name.startswith("weights") else 2
    told = f"{path}: has {words} words instead of {depth}; export again with --overwrite"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        check_tables(folder, constants(folder))


def test_a_folder_without_verilog(tmp_path):
    told = f"{tmp_path}: has no Verilog in rtl/; export again with --target verilog --overwrite"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        source_files(tmp_path)


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


@pytest.mark.needs("iverilog")
def test_a_simulator_takes_the_list_as_it_is(tmp_path):
    folder = tiny_folder(tmp_path / "tiny")
    files = [path.relative_to(folder).as_posix() for path in source_files(folder)]
    (folder / "files.f").write_bytes(file_lists(files, "1")["files.f"])
    command = ["iverilog", "-g2005", "-t", "null", "-s", TOP, "-f", "files.f"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
