"""What stands in one place in the product: a number or a formula that other places take from there."""

import re
from pathlib import Path

import pytest

import edge_sast
import firmware_gen
import trainer
from edge_sast.cli.main import build_parser
from edge_sast.link.ports import DEFAULT_BAUD
from firmware_gen.fpga import build as fpga_build
from tests.cli.test_help import options, walk

PACKAGES = [Path(package.__file__).parent for package in (edge_sast, firmware_gen, trainer)]
TREE = PACKAGES[0].parent


@pytest.mark.parametrize(
    ("what", "places"),
    [
        (
            r"\bkernel\w*\) // [\w.]*stride",
            {"edge_sast/model/reach.py"},
        ),  # outputs of a convolution along an axis
        (r'"serial", "processes"', {"edge_sast/bulk/choice.py"}),
        (r"\bMOST_JOBS =", {"edge_sast/bulk/choice.py"}),
        (r"\bMOST_THREADS =", {"edge_sast/environment.py"}),
        (r"\bDSP_CORES =", {"firmware_gen/toolchain/cores.py"}),
        (r'\bTARGET = "verilog"', {"firmware_gen/rtl_gen/target.py"}),
        (r" = 115_?200\b", {"edge_sast/link/ports.py", "firmware_gen/fpga/build.py"}),
    ],
)
def test_it_stands_there_alone(what, places):
    sources = [path for package in PACKAGES for path in package.rglob("*.py")]
    assert {
        path.relative_to(TREE).as_posix() for path in sources if re.search(what, path.read_text())
    } == places


def test_the_usual_baud_is_the_same_for_every_line():
    assert fpga_build.DEFAULT_BAUD == DEFAULT_BAUD
    shown = [
        action.help
        for parser in walk(build_parser())
        for action in options(parser)
        if action.option_strings == ["--baud"]
    ]
    assert len(shown) == 5
    assert all(text.endswith(f"(default: {DEFAULT_BAUD})") for text in shown)


def test_what_a_command_writes_with_json_has_a_head():
    """write_json itself writes none: only what is no command's figures goes there (predictions, a sweep's trial)."""
    sources = [path for package in PACKAGES for path in package.rglob("*.py")]
    plain = {
        path.relative_to(TREE).as_posix()
        for path in sources
        if re.search(r"\bwrite_json\(", path.read_text())
    }
    assert plain == {
        "edge_sast/report/tables.py",
        "edge_sast/report/figures.py",
        "edge_sast/cli/model/run.py",
        "edge_sast/cli/sweep/trial.py",
    }
    assert all("write_json(args.json" not in (TREE / place).read_text() for place in plain)
