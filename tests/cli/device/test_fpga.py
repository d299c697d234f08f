"""`edge-sast fpga`: the list, one build, the comparison, and a line for each mistake."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from edge_sast.cli.device import fpga
from edge_sast.cli.main import main
from firmware_gen.fpga.report import Design, write_plot
from tests.cli.device.test_board import is_running
from tests.firmware_gen.fpga.tiny import tiny_folder
from tests.programs import started

HASH = "c0ffee" + 58 * "0"
DOCUMENT = {
    "format": "edge-sast-fpga",
    "format_version": 1,
    **{"tool": "edge-sast 0.1.0", "model": "a", "model_hash": HASH, "export": "build/a", "lanes": 4},
    **{"predicted": None, "board": "icebreaker", "device": "iCE40 UP5K-SG48", "run_on_silicon": False},
    **{
        "bitstream": "bitstream.bin",
        "clock_hz": 30_000_000,
        "baud": 115_200,
        "fmax_hz": 33_125_000,
        "seed": 1,
    },
    "used": {"logic": 2010, "ff": 900, "bram": 27, "spram": 0, "dsp": 0},
    "available": {"logic": 5280, "ff": 5280, "bram": 30, "spram": 4, "dsp": 8},
    **{"memories": {"weights": 12}, "tools": {"kind": "system", "yosys": "Yosys 0.9"}, "warnings": []},
}


VERIFIED = {
    **{"format": "edge-sast-figures", "version": 1, "command": "verify", "line": "edge-sast verify build/a"},
    **{"target": "verilator", "mismatches": 0, "cycles": 18_124.5, "model_hash": HASH, "lanes": 4},
}


def design(folder, **changed):
    folder.mkdir()
    (folder / "build.json").write_text(json.dumps({**DOCUMENT, **changed}))
    return str(folder)


def test_list(tmp_path, capsys):
    assert main(["fpga", "list", "--json", str(tmp_path / "boards.json")]) == 0
    said = capsys.readouterr().out
    assert re.search(
        r"^icebreaker +iCEBreaker +iCE40 UP5K-SG48 +12 +24  built here, not run on a board$", said, re.M
    )
    found = json.loads((tmp_path / "boards.json").read_text())["boards"]
    assert [b["board"] for b in found] == ["icebreaker", "hx8k-breakout", "ulx3s-25f", "tangnano9k"]
    assert not any(b["run_on_silicon"] for b in found)


@pytest.mark.needs("yosys", "nextpnr-ice40", "icepack")
def test_build_then_report(tmp_path, capsys):
    folder, figures = tiny_folder(tmp_path / "tiny"), tmp_path / "figures.json"
    words = [
        "fpga",
        "build",
        str(folder),
        "--board",
        "hx8k-breakout",
        "--toolchain",
        "system",
        "--freq",
        "48",
    ]
    assert main([*words, "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    out = f"{folder}-hx8k-breakout"
    document = json.loads(figures.read_text())
    used = document["used"]
    assert re.search(rf"^LC +{used['logic']}  7,680 +1%$", said, re.M)
    assert re.search(r"^BRAM +2 +32 +6%$", said, re.M)
    assert "DSP" not in said  # of which this device has none
    assert said.endswith(
        f"hx8k-breakout: {document['fmax_hz'] / 1e6:.2f} MHz reached, clock 48\n"
        f"hx8k-breakout: {out}/bitstream.bin\n"
        "hx8k-breakout: built here, not run on a board; to load it: iceprog " + f"{out}/bitstream.bin\n"
    )
    assert main(["fpga", "report", out]) == 0
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row[:4] == [out, "hx8k-breakout", "4", "48.00"]
    assert row[-5:] == [str(used["logic"]), str(used["ff"]), "2", "-", "-"]


def test_report_of_several(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    first = design(tmp_path / "p4")
    more = {**DOCUMENT["used"], "logic": 3063}
    second = design(tmp_path / "p8", lanes=8, used=more, fmax_hz=31_000_000)
    figures, plot = tmp_path / "figures.json", tmp_path / "plot.png"
    words = ["fpga", "report", first, second, "--json", str(figures), "--plot", str(plot)]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    headers = ["Fmax MHz", "LC or LUT", "FF", "BRAM", "SPRAM", "DSP"]
    assert re.split(" {2,}", lines[0])[-6:] == headers
    assert lines[2].split() == [first, "icebreaker", "4", "30.00", "33.12", "2,010", "900", "27", "0", "0"]
    assert lines[3].split() == [second, "icebreaker", "8", "30.00", "31.00", "3,063", "900", "27", "0", "0"]
    assert [(d["design"], d["lanes"]) for d in json.loads(figures.read_text())["designs"]] == [
        (first, 4),
        (second, 8),
    ]
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("cycles", "label", "across"),
    [
        ((18_000, 9_000), "time of a recording, µs", [600, 300]),
        ((18_000, None), "clock period, ns", [100 / 3] * 2),
    ],
)
def test_a_plot_has_one_quantity_on_an_axis(cycles, label, across, tmp_path, monkeypatch):
    """A design whose time nobody knows does not stand at nanoseconds among microseconds."""
    figures = pytest.importorskip("matplotlib.figure")
    drawn = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda self, *_, **__: drawn.append(self.axes[0]))
    designs = [
        Design(str(count), {**DOCUMENT, "lanes": 4 * (i + 1)}, count) for i, count in enumerate(cycles)
    ]
    write_plot(designs, tmp_path / "plot.png")
    assert drawn[0].get_xlabel() == label
    assert drawn[0].lines[0].get_xdata() == pytest.approx(across)


def test_report_with_cycles_of_a_simulation(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folders = [design(tmp_path / name) for name in ("a", "b")]
    for name, cycles in (("a", 18_124.5), ("b", 28_876)):
        (tmp_path / f"{name}.json").write_text(json.dumps({**VERIFIED, "cycles": cycles}))
    given = [str(tmp_path / f"{name}.json") for name in ("a", "b")]
    plot, figures = tmp_path / "plot.png", tmp_path / "figures.json"
    words = ["fpga", "report", *folders, "--plot", str(plot), "--json", str(figures), "--verified"]
    assert main([*words, *given]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-2:] == ["cycles", "µs"]
    assert lines[2].split()[-2:] == ["18,124", "604.1"]  # at 30 MHz
    assert lines[3].split()[-2:] == ["28,876", "962.5"]
    found = json.loads(figures.read_text())["designs"]
    assert [(d["cycles"], d["microseconds"]) for d in found] == [(18_124.5, 604.15), (28_876, 28_876 / 30)]
    assert main([*words, given[0]]) == 2
    told = "edge-sast: --verified: names 1 files for 2 designs; name one for each\n"
    assert capsys.readouterr().err == told


def test_report_with_what_the_export_predicted(tmp_path, capsys):
    run = {
        "recordings": 2,
        "cycles": 12_600,
        "unobserved_cycles": 12_000,
        "synops_cycle": 5.125,
        "lanes_used": 0.9771,
    }
    told = {"lanes": 4, "memories": {"weights": 1}, "least_cycles": 900, "memory_bits": 1}
    first = design(tmp_path / "a", predicted={**told, "run": run})
    second = design(tmp_path / "b", predicted={**told, "run": None})
    figures = tmp_path / "figures.json"
    assert main(["fpga", "report", first, second, "--json", str(figures)]) == 0
    lines = capsys.readouterr().out.splitlines()
    headers = ["predicted cycles", "predicted µs", "SynOps per cycle", "lanes used"]
    assert re.split(" {2,}", lines[0])[-4:] == headers
    assert lines[2].split()[-4:] == ["12,000", "400.0", "5.12", "97.7%"]  # at 30 MHz
    assert lines[3].split()[-4:] == ["-"] * 4
    assert [d["predicted_microseconds"] for d in json.loads(figures.read_text())["designs"]] == [400.0, None]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        *(json.dumps({**VERIFIED, "cycles": cycles}) for cycles in (0, float("nan"), "many", True, None)),
        json.dumps({**VERIFIED, "target": "netlist-ice40"}),  # its CRC takes other cycles
        json.dumps({**VERIFIED, "target": "/dev/ttyUSB1"}),
        json.dumps({**VERIFIED, "mismatches": 1}),
        json.dumps([VERIFIED]),
    ],
)
def test_what_no_simulation_wrote(text, tmp_path, capsys):
    path = tmp_path / "v.json"
    path.write_text(text)
    assert main(["fpga", "report", design(tmp_path / "a"), "--verified", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"edge-sast: {path}: ")
    assert said.endswith("; give what 'edge-sast verify BUILD --on verilator --json' wrote\n")


@pytest.mark.parametrize(("name", "other"), [("model_hash", "decaf"), ("lanes", 8), ("lanes", None)])
def test_a_simulation_of_another_export(name, other, tmp_path, capsys):
    path = tmp_path / "v.json"
    path.write_text(json.dumps({**VERIFIED, name: other}))
    folder = design(tmp_path / "a")
    assert main(["fpga", "report", folder, "--verified", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"edge-sast: {path}: {name} is {other!r}, and {folder} was built with {DOCUMENT[name]!r}; "
        "give what 'edge-sast verify BUILD --on verilator --json' wrote of the same export\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build TINY --board uno", "--board is 'uno'; it must be one of icebreaker, "),
        (
            "build TINY --board icebreaker --freq 1000",
            "--freq is 1000; this board's PLL makes 16.125 to 270 MHz, ",
        ),
        ("build TINY --board icebreaker --freq nan", "--freq is nan; it must be a clock in MHz, such as 24"),
        ("build TINY --board icebreaker --freq -1", "--freq is -1; it must be a clock in MHz, such as 24"),
        ("build TINY --board icebreaker --seeds 0", "--seeds is 0; it must be 1 to 100"),
        (
            "build TINY --board icebreaker --freq 30 --baud 9000000",
            "--baud is 9000000; at 30 MHz it must be 1 to 3,750,000",
        ),
        (
            "build TINY --board icebreaker --toolchain x",
            "--toolchain is 'x'; it must be one of system, yowasp",
        ),
        ("build TINY --board icebreaker --out TINY", "--out TINY: holds other files; name a new folder"),
        (
            "build /missing --board icebreaker --out OUT",
            "/missing: does not exist; give a folder that ",
        ),
        ("report TINY", "TINY: has no build.json; give a folder that 'edge-sast fpga build' wrote"),
    ],
)
def test_mistakes_are_one_line(words, told, tmp_path, capsys):
    places = {"TINY": str(tiny_folder(tmp_path / "tiny")), "OUT": str(tmp_path / "out")}
    assert main(["fpga", *(places.get(word, word) for word in words.split())]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("edge-sast: " + told.replace("TINY", places["TINY"]))
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]


@pytest.mark.parametrize(
    "changed",
    [{"board": "uno"}, {"used": {}}, {"fmax_hz": None}, {"available": []}, {"used": {"logic": "many"}}],
)
def test_a_report_needs_whole_figures(changed, tmp_path, capsys):
    folder = design(tmp_path / "a", **changed)
    assert main(["fpga", "report", folder]) == 2
    told = f"edge-sast: {folder}/build.json: lacks figures of a board; build it again\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("build", "out"), [("a", "a-x"), ("a/", "a-x"), ("../c/a", "../c/a-x"), (".", "{}-x"), ("a/..", "{}-x")]
)
def test_the_folder_of_a_bitstream_that_nobody_names(build, out, tmp_path, monkeypatch):
    (tmp_path / "c" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "c")
    assert fpga._beside(build, "x") == out.format(tmp_path / "c")


SLOW = "#!/bin/sh\nsleep 60 &\necho $! > '{}'\nwait\n"  # a wrapper: the tool is a process of its own


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_killed_ends_its_tools_and_leaves_nothing(end, tmp_path):
    """The tools are stand-ins that take long."""
    folder, tools, mark = tiny_folder(tmp_path / "tiny"), tmp_path / "tools", tmp_path / "process"
    tools.mkdir()
    for name in ("yosys", "nextpnr-ice40", "icepack"):
        (tools / name).write_text(SLOW.format(mark))
        (tools / name).chmod(0o755)
    before = sorted(tmp_path.iterdir())
    command = [
        sys.executable,
        "-m",
        "edge_sast.cli.main",
        "fpga",
        "build",
        str(folder),
        "--board",
        "icebreaker",
    ]
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    with started(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"icebreaker: synthesis")
        deadline = time.monotonic() + 30
        while not (mark.is_file() and mark.read_text().endswith("\n")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)  # Python itself must know by now that it has a child
        process.send_signal(end)
        assert process.communicate(timeout=30)[1] == b"edge-sast: interrupted\n"
    assert process.returncode == 130
    deadline = time.monotonic() + 10
    while is_running(int(mark.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(int(mark.read_text()))
    assert sorted(tmp_path.iterdir()) == sorted([*before, mark])
