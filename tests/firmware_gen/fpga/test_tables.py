"""A table that somebody damaged is named before any tool reads it: those go on without a word."""

from __future__ import annotations

import shutil

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.build.folder import write_folder
from firmware_gen.fpga.tables import check_tables
from firmware_gen.rtl_gen.target import Room, generate
from firmware_gen.virtual.fpga import build_fpga_board
from tests.firmware_gen.builds import small_model


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "build"
    write_folder(generate(small_model(), lanes=2, count=1, room=Room(loadable=True)), folder)
    return folder / "rtl"


@pytest.fixture
def rtl(exported, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(exported, tmp_path / "rtl")


def test_as_exported(exported):
    check_tables(exported)


def test_every_table_is_counted(exported, rtl):
    tables = sorted(path.name for path in exported.glob("*.mem"))
    assert {"link_data.mem", "link_program.mem", "sizes.mem", "weights_0.mem"} < set(tables)
    for name in tables:
        whole = (rtl / name).read_text()
        (rtl / name).write_text(whole + whole.splitlines()[0] + "\n")
        words = len(whole.split())
        with pytest.raises(
            EdgeSastError, match=rf"{name}: holds {words + 1} words, and .* = {words}; export again"
        ):
            check_tables(rtl)
        (rtl / name).write_text(whole)


@pytest.mark.parametrize("word", ["zz", "x", "-1", "0x", "FFFFFFFFFFFFFFFFFFF", "//"])
def test_a_word_that_is_none(rtl, word):
    """Yosys takes z and x for unknown bits, and cuts off digits that are too many."""
    table = rtl / "weights_0.mem"
    words = table.read_text().split()
    words[1] = word
    table.write_text("\n".join(words) + "\n")
    told = rf"weights_0\.mem: word 1 is '{word}', and all must be hexadecimal digits, as many as in word 0; export"
    with pytest.raises(EdgeSastError, match=told):
        check_tables(rtl)


def test_a_simulated_board_looks_too(rtl, tmp_path):
    (rtl / "link_data.mem").write_text("00\n")
    with pytest.raises(
        EdgeSastError, match=r"link_data\.mem: holds 1 words, and sast_link\.v has DATA = 512;"
    ):
        build_fpga_board(rtl, tmp_path / "board")
