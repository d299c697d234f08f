"""A build folder, checked: it agrees, it differs, it is damaged, it cannot be compiled."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.device import verify as command
from edge_sast.cli.main import parse as parse_words
from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.build import known_answers
from firmware_gen.toolchain import compiler
from firmware_gen.verify import program
from firmware_gen.verify.verify import verify_host
from tests.firmware_gen.builds import everything_model
from tests.strategies import binned, random_input

pytestmark = pytest.mark.needs("gcc")


@pytest.fixture
def build(everything, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(everything, tmp_path / "build")
    return tmp_path / "build"


def edit(path, pattern, replacement):
    text = path.read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed)


def parse(*arguments):
    return parse_words(["verify", *map(str, arguments)])


def test_agrees(everything):
    model = everything_model()
    rng = np.random.default_rng(0)
    recordings = binned(model, [random_input(rng, model) for _ in range(5)])
    report = verify_host(everything, recordings)
    assert (report.target, report.samples, report.steps) == ("host", 8, 32)
    assert (report.mismatches, report.first_mismatch) == (0, None)


def test_command_on_a_whole_build(everything, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    assert command.run(parse(everything, "--json", figures)) == 0
    assert (
        capsys.readouterr().out
        == "host: 3 recordings, 12 steps, every membrane, spike, counter and CRC equal, with and without an observer\n"
    )
    expected = {"target": "host", "samples": 3, "steps": 12, "mismatches": 0, "first_mismatch": None}
    expected["toolchain"] = None
    head = {
        "format": "edge-sast-figures",
        "version": 1,
        "command": "verify",
        "line": f"edge-sast verify {everything}",
    }
    assert json.loads(figures.read_text()) == head | expected


def test_a_changed_table_is_found_and_fails(build, tmp_path):
    """Output neuron 0 of the last layer gets one more: its membrane is the first thing that differs."""
    edit(build / "src" / "a_model.c", r"(layer7_bias\[3\] = \{\n    )1,", r"\g<1>2,")
    figures = tmp_path / "figures.json"
    with pytest.raises(
        CheckFailedError, match=r"values differ, the first: sample 0 .*, step 0, layer 7, neuron 0: "
    ) as e:
        command.run(parse(build, "--edited", "--json", figures))
    assert re.search(r"membrane expected (-?\d+), got (-?\d+)$", str(e.value))
    found = json.loads(figures.read_text())
    assert found["mismatches"] > 0
    first = found["first_mismatch"]
    assert (first["sample"], first["step"], first["layer"], first["neuron"]) == (0, 0, 7, 0)
    assert first["got"] == first["expected"] + 1


def test_a_changed_kernel_is_found(build):
    """SynOps counted once too often change counters and CRC, but no membrane."""
    edit(
        build / "src" / "sast_linear.c",
        r"synops \+= layer->out_channels",
        "synops += layer->out_channels + 1u",
    )
    report = verify_host(build, edited=True)
    assert report.first_mismatch is not None
    assert (report.first_mismatch.quantity, report.first_mismatch.neuron) == ("synops", None)


def test_changed_files_are_refused(build):
    edit(build / "src" / "sast_linear.c", "one spike", "one  spike")
    message = (
        f"{build}: src/sast_linear.c was changed since the export (such files: 1); export again with --overwrite, or "
        "pass --edited"
    )
    with pytest.raises(EdgeSastError, match=re.escape(message)):
        verify_host(build)
    assert verify_host(build, edited=True).mismatches == 0


def test_an_edited_folder_is_taken_as_it_lies(build):
    """A kernel moved to a file of its own: nothing of the manifest's is missed, nothing new left out."""
    (build / "src" / "sast_linear.c").rename(build / "src" / "my_linear.c")
    assert verify_host(build, edited=True).mismatches == 0


def test_data_whose_split_is_ambiguous(everything, tmp_path):
    for split in ("one", "two"):
        for name in ("a", "b"):
            (tmp_path / "data" / split / name).mkdir(parents=True)
            (tmp_path / "data" / split / name / "0.bin").write_bytes(bytes(5))
    with pytest.raises(
        EdgeSastError, match=r"splits are one, two, neither test nor valid; name one with --split"
    ):
        command.run(parse(everything, "--data", tmp_path / "data", "--sensor", "21x18"))


def test_a_missing_file(build):
    (build / "src" / "sast_push.c").unlink()
    with pytest.raises(EdgeSastError, match=r"src/sast_push.c is missing \(such files: 1\); export again"):
        verify_host(build)


def test_a_damaged_model(build):
    data = bytearray((build / "model.safetensors").read_bytes())
    data[-1] ^= 1  # in a weight of one bit: it leaves its range, which is seen before the hash
    (build / "model.safetensors").write_bytes(data)
    with pytest.raises(
        EdgeSastError, match=r"model.safetensors: layers\[7\]: linear: a weight is 0; of 1 bit"
    ):
        verify_host(build, edited=True)


def test_aged_answers_are_found(build):
    """Stored answers that another arithmetic made."""
    model = everything_model()
    answers = known_answers.make_known_answers(model, None)
    answers.crcs[1][2] ^= 1
    (build / "known_answers.bin").write_bytes(known_answers.dumps(model, answers))
    report = verify_host(build, edited=True)
    assert report.mismatches == 1
    assert re.match(
        r"sample 1 \(known answer 1 as stored\), step 2: crc expected \d+, got \d+",
        str(report.first_mismatch),
    )


def test_c_that_does_not_compile(build, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where the log goes
    edit(build / "src" / "sast_linear.c", r"void sast_linear\(", "voidd sast_linear(")
    with pytest.raises(
        EdgeSastError, match=r"failed with exit code 1: .*voidd.* \(all messages: (.*\.log)\)"
    ) as error:
        verify_host(build, edited=True)
    log = re.search(r"all messages: (.*\.log)\)", str(error.value))
    assert log
    assert "voidd" in Path(log.group(1)).read_text()
    assert "\n" not in str(error.value)


def test_c_that_crashes(build):
    edit(
        build / "src" / "sast_step.c",
        r"(\n    if \(context->seen == NULL)",
        r"\n    *(volatile int *)4 = 0;\1",
    )
    with pytest.raises(
        CheckFailedError, match=r"host program: stopped with exit code -11 at known answer 0: no message"
    ):
        verify_host(build, edited=True)


@pytest.mark.parametrize(
    ("last_words", "message"),
    [
        ("return 3;", "ended with exit code 3 and 0 bytes too many"),
        ('fputs("more", stdout); return 0;', "ended with exit code 0 and 4 bytes too many"),
    ],
)
def test_c_that_does_not_end_cleanly(build, last_words, message):
    edit(
        build / "host" / "host_main.c",
        r"return sast_host_run\((.*)\);",
        rf"(void)sast_host_run(\1); {last_words}",
    )
    edit(build / "host" / "host_main.c", r"\A", "#include <stdio.h>\n")
    with pytest.raises(CheckFailedError, match=message):
        verify_host(build, edited=True)


def test_c_that_hangs(build, monkeypatch):
    edit(
        build / "src" / "sast_step.c",
        r"(\n    if \(context->seen == NULL)",
        r"\n    for (volatile int z = 0; z == 0;) { }\1",
    )
    monkeypatch.setattr(program, "RECORDING_TIMEOUT_S", 0.5)
    with pytest.raises(CheckFailedError, match=r"host program: no answer for known answer 0 after 0.5 s"):
        verify_host(build, edited=True)


def test_no_compiler(everything, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(compiler.importlib.util, "find_spec", {}.get)
    with pytest.raises(
        EdgeSastError, match=r"no C compiler found \(looked for \$CC, cc, gcc, clang, ziglang\); install gcc"
    ):
        verify_host(everything)


def test_a_compiler_that_is_not_there(everything, monkeypatch):
    monkeypatch.setenv("CC", "no-such-cc -m32")
    with pytest.raises(
        EdgeSastError, match="CC is 'no-such-cc', which cannot be found; set CC to a C compiler or unset it"
    ):
        verify_host(everything)


def test_a_compiler_command_that_nobody_can_read(everything, monkeypatch):
    monkeypatch.setenv("CC", '"gcc')
    with pytest.raises(
        EdgeSastError, match=r"CC is '\"gcc', which is no command \(No closing quotation\); set CC"
    ):
        verify_host(everything)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", "No such file or directory"),
        ('for name; do :; done; echo x > "$name"; chmod +x "$name"', "Exec format error"),
    ],
    ids=["makes nothing", "for another computer"],
)
def test_a_compiler_whose_program_does_not_run(everything, tmp_path, monkeypatch, script, reason):
    (tmp_path / "cc").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.raises(
        EdgeSastError,
        match=f"sast_host: the compiled program cannot be started: {reason}; CC must make programs",
    ):
        verify_host(everything)


def test_a_relative_folder_that_looks_like_an_option(build, monkeypatch):
    build.rename(build.parent / "-O2")
    monkeypatch.chdir(build.parent)
    assert verify_host("-O2").mismatches == 0


def test_ziglang_is_the_last_resort(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(compiler.importlib.util, "find_spec", str)
    assert compiler.find_compiler()[1:] == ["-m", "ziglang", "cc", "-mcpu=baseline", "-UNDEBUG"]


def test_an_unknown_target(everything):
    with pytest.raises(
        EdgeSastError,
        match=r"--on is 'cortex-a53'; use host or one of cortex-m, .*, for Verilog verilator, icarus or netlist$",
    ):
        command.run(parse(everything, "--on", "cortex-a53"))


def test_a_toolchain_for_the_host(everything):
    with pytest.raises(
        EdgeSastError, match="--toolchain is 'gcc', which is for emulated cores and netlists; name one"
    ):
        command.run(parse(everything, "--toolchain", "gcc"))


def test_a_baud_without_a_serial_line(everything):
    for on in ("host", "cortex-m0"):
        with pytest.raises(
            EdgeSastError, match="--baud is -1, which is for serial lines; name one with --on"
        ):
            command.run(parse(everything, "--on", on, "--baud", "-1"))


def test_not_a_build(tmp_path):
    with pytest.raises(
        EdgeSastError, match=r"has no manifest.json; give a folder that 'edge-sast export' wrote"
    ):
        command.run(parse(tmp_path))
