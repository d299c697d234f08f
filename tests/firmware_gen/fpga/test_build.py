"""A design through the real tools to a bitstream, and every way in which that fails: no folder but its logs then."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.fpga.boards import BOARDS
from firmware_gen.fpga.build import Wanted, build_bitstream, read_document, source_files
from firmware_gen.fpga.flow import synthesise
from firmware_gen.fpga.toolchain import find_program, find_tools
from tests.firmware_gen.fpga.tiny import DESIGN, tiny_folder

ICE40 = pytest.mark.needs("yosys", "nextpnr-ice40", "icepack")


def build(folder, out, board="hx8k-breakout", edited=False, **options):
    return build_bitstream(folder, Wanted(BOARDS[board], **options), out, toolchain="system", edited=edited)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("export") / "tiny")


@ICE40
@pytest.mark.parametrize(("board", "rams", "lcs"), [("icebreaker", 30, 5280), ("hx8k-breakout", 32, 7680)])
def test_a_bitstream_of_each_ice40_board(board, rams, lcs, folder, tmp_path):
    said = []
    out = tmp_path / "made" / "out"
    document = build_bitstream(folder, Wanted(BOARDS[board]), out, toolchain="system", tell=said.append)
    assert document == read_document(out)
    bitstream = (out / document["bitstream"]).read_bytes()
    assert bitstream[:2] == b"\xff\x00"
    assert b"\x7e\xaa\x99\x7e" in bitstream[:256]  # where an iCE40's configuration begins
    assert (document["board"], document["lanes"], document["run_on_silicon"]) == (board, 4, False)
    assert document["available"] == {"logic": lcs, "ff": lcs, "bram": rams, **extra(board)}
    assert document["used"]["bram"] == 2  # 512 words of 16 bits in blocks of 256
    resets = 2 + 10 + 1
    assert document["used"]["ff"] == resets + 16 + 9 + 1  # count, address, uart_tx
    assert document["fmax_hz"] > document["clock_hz"] == BOARDS[board].core_hz
    assert [line.partition(": ")[2] for line in said] == [
        "synthesis (system)",
        f"place and route for {document['clock_hz'] // 10**6} MHz, seed 1",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def extra(board):
    return {"spram": 4, "dsp": 8} if board == "icebreaker" else {"spram": 0, "dsp": 0}


@ICE40
def test_of_several_seeds_the_fastest_stays_and_an_earlier_build_is_replaced(folder, tmp_path):
    """At 36 MHz, which reaches the PLL and the UART."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "build.json").write_text('{"format": "edge-sast-fpga", "format_version": 1}')
    document = build(folder, out, "icebreaker", hz=36_000_000, baud=230_400, seed=3, seeds=3)
    each = {seed: reached(out / f"place-{seed}.log") for seed in (3, 4, 5)}
    assert len(set(each.values())) > 1
    assert each[document["seed"]] == max(each.values()) == round(document["fmax_hz"] / 1e6, 2)
    report = json.loads((out / "report.json").read_bytes())
    assert [round(clock["achieved"] * 1e6) for clock in report["fmax"].values()] == [document["fmax_hz"]]
    assert document["clock_hz"] == 36_000_000
    netlist = (out / "netlist.v").read_text()
    assert re.search(r"SB_PLL40_PAD.*?\.DIVF\(7'h2f\),\s*\.DIVQ\(3'h4\)", netlist, re.DOTALL)
    assert "CLK_HZ 36000000 -chparam BAUD 230400" in (out / "synth.ys").read_text()


def unroutable(folder, monkeypatch, seeds):
    """nextpnr as it is, but for some seeds, where it ends as it does when its router gives up."""
    real = shutil.which("nextpnr-ice40")
    folder.mkdir()
    program = folder / "nextpnr-ice40"
    fails = "echo \"ERROR: Failed to route arc 3 of net 'n'\"; exit 255"
    cases = "".join(f'*"--seed {seed} "*) {fails};;\n' for seed in seeds)
    program.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@ICE40
def test_a_seed_that_cannot_be_routed_is_passed_over(folder, tmp_path, monkeypatch):
    unroutable(tmp_path / "tools", monkeypatch, [1, 3])
    said = []
    document = build_bitstream(
        folder,
        Wanted(BOARDS["hx8k-breakout"], seeds=3),
        tmp_path / "out",
        toolchain="system",
        tell=said.append,
    )
    assert document["seed"] == 2
    told = "hx8k-breakout: nextpnr-ice40 failed with exit code 255: Failed to route arc 3 of net 'n' "
    assert [line for line in said if line.startswith(told)] == [
        f"{told}(all messages: place-{seed}.log)" for seed in (1, 3)
    ]
    assert (tmp_path / "out" / "bitstream.bin").stat().st_size > 50_000


@ICE40
def test_a_design_that_no_seed_routes(folder, tmp_path, monkeypatch):
    unroutable(tmp_path / "tools", monkeypatch, [1, 2])
    with pytest.raises(
        EdgeSastError, match=r"^nextpnr-ice40 failed with exit code 255: Failed to route arc 3 "
    ):
        build(folder, tmp_path / "out", seeds=2)
    assert not (tmp_path / "out").exists()


def reached(log):
    return float(re.findall(r"Max frequency for clock '\S+': ([\d.]+) MHz", log.read_text())[-1])


@ICE40
def test_the_oscillators_own_frequency_takes_no_pll(folder, tmp_path):
    board = BOARDS["icebreaker"]
    for path in [*source_files(folder), *board.sources()]:
        shutil.copy(path, tmp_path)
    clock = Wanted(board, 12_000_000).clock()
    synthesise(board, clock, 115_200, find_tools(board.family, "system"), tmp_path)
    assert "SB_PLL40" not in (tmp_path / "netlist.v").read_text()


def changed(folder, **replaced):
    """A folder whose design was edited."""
    text = DESIGN.read_text()
    for name, (old, new) in replaced.items():
        assert old in text, name
        text = text.replace(old, new)
    return tiny_folder(folder, text)


@ICE40
@pytest.mark.parametrize(
    ("replaced", "told"),
    [
        ({"table": ("rows.mem", "gone.mem")}, r"yosys: gone\.mem is missing \(all"),
        ({"loop": ("assign led = count[15:14];", "wire o = !(o & count[0]); assign led = {2{o}};")}, r"a loop without"),
        ({"top": ("module sast_uart_top", "module sast_other_top")}, r"sast_uart_top.* is not part of the design"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_wrong_design_is_one_line_and_no_folder_but_its_logs(replaced, told, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(
        EdgeSastError, match=rf"{told}.*; what was made is in {tmp_path}/out\.failed$"
    ) as raised:
        build(changed(tmp_path / "export", **replaced), out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "out.failed"]
    assert "(all messages: yosys.log)" in str(raised.value)
    assert "ERROR" in (tmp_path / "out.failed" / "yosys.log").read_text() or "loop" in told


@ICE40
def test_a_missed_frequency_fails_although_the_tools_wrote_their_file(folder, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CheckFailedError) as raised:
        build(folder, out, hz=270_000_000)
    assert re.fullmatch(
        r"hx8k-breakout: reaches \d+\.\d\d MHz of 270 \(best of 1 seed, slowest path from \S+ to \S+\); "
        rf"try more --seeds, a lower --freq, or fewer lanes; what was made is in {out}\.failed",
        str(raised.value),
    )
    failed = tmp_path / "out.failed"
    assert [path.name for path in tmp_path.iterdir()] == ["out.failed"]
    assert {"report.json", "place-1.log", "yosys.log", "netlist.v"} <= {
        path.name for path in failed.iterdir()
    }
    report = json.loads((failed / "report.json").read_bytes())
    assert min(clock["achieved"] for clock in report["fmax"].values()) < 270
    assert not (failed / "bitstream.bin").exists()


@ICE40
def test_a_failed_build_touches_no_good_one_and_is_forgotten_after_the_next(folder, tmp_path):
    out, failed = tmp_path / "out", tmp_path / "out.failed"
    document = build(folder, out)
    failed.mkdir()
    (failed / "synth.ys").write_text("of an earlier failure")
    with pytest.raises(CheckFailedError):
        build(folder, out, hz=270_000_000)
    assert read_document(out) == document
    assert "earlier" not in (failed / "synth.ys").read_text()
    build(folder, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_that_name_with_other_files_is_left_alone(folder, tmp_path):
    (tmp_path / "out.failed").mkdir()
    (tmp_path / "out.failed" / "thesis.tex").write_text("years of work")
    told = f"{tmp_path}/out.failed: holds other files; move them, or name another folder with --out"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        build(folder, tmp_path / "out")


@pytest.mark.quality
@ICE40
def test_too_much_for_the_device_is_told_by_the_kind_of_cell(tmp_path):
    words = 10240  # of 16 bits: 40 blocks of 4 Kbit, of which the device has 32
    text = (
        DESIGN.read_text().replace("[0:511]", f"[0:{words - 1}]").replace("[ 8:0] address", "[13:0] address")
    )
    folder = tiny_folder(tmp_path / "export", text, words)
    told = (
        "hx8k-breakout: needs 40 ICESTORM_RAM of 32 (blocks of RAM: device.table_0 40); use fewer weight bits, "
        f"lanes or channels, or another board; what was made is in {tmp_path / 'out.failed'}"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        build(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_changed_since_the_export_is_refused(tmp_path):
    export = tiny_folder(tmp_path / "export")
    path = export / "rtl" / "rows.mem"
    path.write_text("0000\n")
    with pytest.raises(EdgeSastError, match=r"rtl/rows\.mem was changed since the export"):
        build(export, tmp_path / "out")
    with pytest.raises(EdgeSastError, match=r"rows\.mem: holds 1 words, and .* RDEPTH = 512; export again"):
        build(export, tmp_path / "out", edited=True)


def test_a_folder_without_verilog(tmp_path):
    told = f"{tmp_path}: has no Verilog in rtl/; export again with --target verilog --overwrite"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        source_files(tmp_path)


def test_a_core_without_a_uart(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "export")
    (tmp_path / "export" / "rtl" / "sast_uart_top.v").rename(tmp_path / "export" / "rtl" / "sast_core.v")
    told = f"{tmp_path / 'export'}: has no rtl/sast_uart_top.v, which every board needs; an export with "
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}"):
        build(tmp_path / "export", tmp_path / "out", edited=True)


@ICE40
@pytest.mark.parametrize("text", ["{", "\xff", "[" * 100_000])
def test_a_prediction_that_is_damaged(text, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "export")
    (tmp_path / "export" / "prediction.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(
        EdgeSastError, match=r"prediction\.json: is not JSON \(.*; export again, or remove it$"
    ):
        build(tmp_path / "export", tmp_path / "out", edited=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export"]


def test_weights_in_spram_where_the_board_has_none(tmp_path):
    export = tiny_folder(tmp_path / "export")
    path = export / "rtl" / "sast_params.vh"
    path.write_text(path.read_text().replace("SPRAM = 0", "SPRAM = 1"))
    told = (
        f"--board is 'ulx3s-25f', which has no SPRAM, where the weights of {export} lie; export again without --spram, "
        "or build for icebreaker"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        build(export, tmp_path / "out", "ulx3s-25f", edited=True)


def test_other_folders_are_left_alone(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    told = f"--out {tmp_path / 'out'}: holds other files; name a new folder"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        build(folder, tmp_path / "out")
    with pytest.raises(EdgeSastError, match=r"thesis\.tex: is a file; name a folder$"):
        build(folder, tmp_path / "out" / "thesis.tex")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"seeds": 0}, "--seeds is 0; it must be 1 to 100"),
        ({"seeds": 101}, "--seeds is 101; it must be 1 to 100"),
        ({"seed": -1}, "--seed is -1; it must be 0 to 1073741823"),
        ({"hz": 60_000_000, "baud": 0}, "--baud is 0; at 60 MHz it must be 1 to 7,500,000"),
        ({"hz": 60_000_000, "baud": 8_000_000}, "--baud is 8000000; at 60 MHz it must be 1 to 7,500,000"),
        ({"hz": 1}, "--freq is 1e-06; this board's PLL makes 16.125 to 270 MHz, its oscillator 12"),
    ],
)
def test_what_cannot_be_asked_for(options, told):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        Wanted(BOARDS["hx8k-breakout"], **options)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{",
            "build.json: is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); ",
        ),
        ("[]", "build.json: format is not 'edge-sast-fpga'; give a folder that 'edge-sast fpga build' wrote"),
        (
            '{"format": "edge-sast-fpga", "format_version": 2}',
            "format_version is 2; this edge-sast reads 1; build it",
        ),
    ],
)
def test_a_damaged_build_json(text, told, tmp_path):
    (tmp_path / "build.json").write_text(text)
    with pytest.raises(EdgeSastError, match=re.escape(told)):
        read_document(tmp_path)


@pytest.mark.quality
@pytest.mark.parametrize("board", BOARDS)
def test_yowasp_builds_every_board(board, folder, tmp_path):
    """Minutes where it first compiles its programs; needs the extra `fpga`."""
    if not all(find_program("yowasp", program) for program in BOARDS[board].family.programs):
        pytest.skip("needs the extra fpga")
    document = build_bitstream(folder, Wanted(BOARDS[board]), tmp_path / "out", toolchain="yowasp")
    assert document["fmax_hz"] > document["clock_hz"]
    assert document["used"]["bram"] == (1 if BOARDS[board].family.name != "ice40" else 2)
    assert (tmp_path / "out" / document["bitstream"]).stat().st_size > 50_000


@pytest.mark.quality
@pytest.mark.parametrize("board", ["ulx3s-25f", "tangnano9k"])
def test_a_product_takes_no_multiplier(board, tmp_path):
    """A core has none; where one came in it would show as logic."""
    if not all(find_program("yowasp", program) for program in BOARDS[board].family.programs):
        pytest.skip("needs the extra fpga")
    folder = changed(tmp_path / "export", product=("^{count, word, address}", "^(count * word)"))
    wanted = Wanted(BOARDS[board], BOARDS[board].oscillator_hz)  # a product of logic is slow
    document = build_bitstream(folder, wanted, tmp_path / "out", toolchain="yowasp")
    assert (document["used"]["dsp"], document["available"]["dsp"] > 0) == (0, True)
    assert document["used"]["logic"] > 100
