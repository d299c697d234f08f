"""`edge-sast board`: the list, programs for boards, an emulated board in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_sast.cli.main import main
from edge_sast.link.board_link import BoardLink
from edge_sast.link.ports import open_port
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.target import generate as verilog
from tests.firmware_gen.board_programs import require_tools
from tests.firmware_gen.builds import everything_model, export, small_model
from tests.hil.boards import PATIENT, make_bench
from tests.programs import started


@pytest.fixture(autouse=True)
def tools():
    require_tools()


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return export(everything_model(), tmp_path_factory.mktemp("cli") / "build")


def test_list(tmp_path, capsys):
    assert main(["board", "list", "--json", str(tmp_path / "boards.json")]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^qemu-microbit +BBC micro:bit \(nRF51\) +Cortex-M0 +256 +16  run by QEMU$", said, re.M)
    assert re.search(r"^pico .* built here, not run on silicon$", said, re.M)
    found = json.loads((tmp_path / "boards.json").read_text())["boards"]
    assert len(found) == said.count("\n") - 4  # title, rule, Arduino, FPGA
    assert {b["board"] for b in found if not b["emulated"]} == {
        "nucleo-f446re",
        "nucleo-f401re",
        "nucleo-f103rb",
        "pico",
    }


def test_build_of_a_real_board_says_what_is_not_known(build, tmp_path, capsys):
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    command = ["board", "build", str(build), "--board", "pico", "--out", str(out), "--json", str(figures)]
    assert main(command) == 0
    said = capsys.readouterr().out
    used = json.loads(figures.read_text())["used"]
    assert re.search(rf"^flash +{used['flash']:,} +2,097,152  code, tables$", said, re.M)
    assert re.search(
        rf"^RAM +{used['ram'] + used['stack']:,} +262,144  variables, and 1,536 of stack$", said, re.M
    )
    assert f"pico: {out / 'firmware.elf'}\n" in said
    assert "pico: built here, not run on silicon; to flash it: hold BOOTSEL" in said
    assert f"picotool load {out / 'firmware.uf2'}" in said


def test_build_of_an_emulated_board(build, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["board", "build", str(build), "--board", "qemu-microbit", "--out", str(out)]) == 0
    assert "silicon" not in capsys.readouterr().out
    assert (out / "firmware.elf").is_file()


def test_a_program_takes_the_place_of_an_earlier_one_alone(build, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["board", "build", str(build), "--out", str(out), "--board"]
    assert main([*words, "pico"]) == 0
    assert (out / "firmware.uf2").is_file()
    assert main([*words, "nucleo-f103rb"]) == 0
    assert not (out / "firmware.uf2").exists()  # the Pico's
    capsys.readouterr()
    (out / "build.json").unlink()  # as an interrupted build leaves it
    assert main([*words, "pico"]) == 0
    capsys.readouterr()
    (out / "build.json").write_text('{"tool": "ninja"}')
    assert main([*words, "pico"]) == 2
    assert capsys.readouterr().err == f"edge-sast: --out {out}: holds other files; name a new folder\n"


def test_build_of_a_sketch(build, tmp_path, capsys):
    assert main(["board", "build", str(build), "--board", "arduino", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    sketch = tmp_path / "a_board" / "a_board.ino"
    assert said.startswith(
        f"arduino: {sketch}\narduino: built here, not run on silicon; open it in the Arduino IDE"
    )
    assert sketch.is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["build", "BUILD", "--board", "uno", "--out", "OUT"],
            "--board is 'uno'; it must be one of qemu-microbit, ",
        ),
        (
            ["build", "BUILD", "--board", "pico", "--out", "OUT", "--toolchain", "iar"],
            "--toolchain is 'iar'; it must",
        ),
        (
            ["build", "BUILD", "--board", "pico", "--out", "OUT", "--baud", "-1"],
            "--baud is -1; pico can do 120 to ",
        ),
        (
            ["build", "BUILD", "--board", "pico", "--out", "BUILD"],
            "--out BUILD: holds other files; name a new",
        ),
        (["build", "/missing", "--board", "pico", "--out", "OUT"], "/missing: does not exist; give a folder"),
        (
            ["build", "BUILD", "--board", "arduino", "--out", "OUT", "--baud", "9600"],
            "--baud: the Arduino IDE ",
        ),
        (
            ["run", "BUILD", "--board", "arduino"],
            "--board is 'arduino', a sketch that the Arduino IDE compiles; ",
        ),
        (["run", "BUILD", "--board", "pico"], "--board is pico, which is not emulated: flash it "),
        (
            ["run", "BUILD", "--board", "qemu-microbit", "--serial", "usb"],
            "--serial is 'usb'; it must be pty, or ",
        ),
        (["run", "BUILD", "--board", "fpga", "--serial", "usb"], "--serial is 'usb'; it must be pty, or "),
        (
            ["run", "BUILD", "--board", "fpga"],
            "BUILD: is an export with --target c; give one with --target verilog",
        ),
        (
            ["run", "BUILD", "--board", "fpga", "--toolchain", "gcc"],
            "--toolchain: an FPGA has no use for it; leave it out",
        ),
        (
            ["build", "BUILD", "--board", "fpga", "--out", "OUT"],
            "--board is 'fpga', which is simulated; run it with ",
        ),
    ],
)
def test_mistakes_are_one_line(arguments, message, build, tmp_path, capsys):
    places = {"BUILD": str(build), "OUT": str(tmp_path / "out")}
    assert main(["board", *(places.get(word, word) for word in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("edge-sast: " + message.replace("BUILD", str(build)))
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_run_leaves_no_machine_behind(build):
    command = [sys.executable, "-m", "edge_sast.cli.main", "board", "run", str(build)]
    command += ["--board", "qemu-microbit"]
    with started(command, stdout=subprocess.PIPE, text=True) as process:
        ready = process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    assert ready.startswith("qemu-microbit: ready at ")
    (machine,) = map(int, children)
    deadline = time.monotonic() + 30
    while is_running(machine):
        assert time.monotonic() < deadline, "QEMU outlives the program that started it"
        time.sleep(0.01)


def is_running(process: int) -> bool:
    """Whether it is there and no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_run_serves_a_host_until_it_is_stopped(end, build):
    bench = make_bench(build, recordings=2)
    command = [
        sys.executable,
        "-m",
        "edge_sast.cli.main",
        "board",
        "run",
        str(build),
        "--board",
        "qemu-mps2-an386",
    ]
    with started(command, stdout=subprocess.PIPE, text=True) as process:
        ready = process.stdout.readline()
        found = re.fullmatch(r"qemu-mps2-an386: ready at (socket://127\.0\.0\.1:\d+)\n", ready)
        assert found, ready
        assert process.stdout.readline() == (
            f"edge-sast hil {build}/model.safetensors --port {found[1]} --data DATA\n"
        )
        for _ in range(2):  # a host may go and come back
            link = BoardLink(open_port(found[1]), PATIENT)
            for i in range(2):
                bench.check(link.run(bench.steps(i), True), i)
            link.close()
        process.send_signal(end)
        assert process.communicate(timeout=30)[0] == "qemu-mps2-an386: stopped\n"
        assert process.returncode == 0


@pytest.mark.needs("verilator", "g++", "make")
def test_run_serves_a_host_from_a_simulated_fpga(tmp_path, capsys):
    model = small_model()
    write_folder(verilog(model, lanes=2, count=1), tmp_path / "build")
    bench = make_bench(tmp_path / "build", model, recordings=2)
    command = [
        sys.executable,
        "-m",
        "edge_sast.cli.main",
        "board",
        "run",
        str(tmp_path / "build"),
        "--board",
        "fpga",
    ]
    with started([*command, "--serial", "pty"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "fpga: compiling\n"
        found = re.fullmatch(r"fpga: ready at (/dev/pts/\d+)\n", process.stdout.readline())
        assert found
        assert process.stdout.readline() == (
            f"edge-sast hil {tmp_path}/build/model.safetensors --port {found[1]} --data DATA\n"
        )
        for _ in range(2):  # a host may go and come back
            link = BoardLink(open_port(found[1]), PATIENT)
            for i in range(2):
                bench.check(link.run(bench.steps(i), True), i)
            link.close()
        assert main(["verify", str(tmp_path / "build"), "--on", found[1]]) == 0
        assert capsys.readouterr().out.startswith(f"{found[1]} (")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "fpga: stopped\n"
        assert process.returncode == 0
