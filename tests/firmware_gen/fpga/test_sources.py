"""The Verilog of an export: its files, and tables as long as the constants say."""

from __future__ import annotations

import re

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.sources import check_tables, constants, source_files

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
