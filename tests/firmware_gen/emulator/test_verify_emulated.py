"""A build folder on emulated cores: it agrees on all of them, and whatever is wrong is found and placed."""

from __future__ import annotations

import json
import re
import shutil
import sys

import numpy as np
import pytest

from edge_sast.cli.device import verify as command
from edge_sast.cli.main import main
from edge_sast.cli.main import parse as parse_words
from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.emulator import machine
from firmware_gen.toolchain import cross as toolchain
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.toolchain.cores import CORES
from firmware_gen.verify.verify import verify_emulated
from tests import tools
from tests.firmware_gen.builds import everything_model
from tests.strategies import binned, random_input


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


def wrap_step(build, body):
    """sast_step with `body` before it; the library's own step is called `original_step` in it."""
    path = build / "src" / "sast_step.c"
    text = "#define sast_step original_step\n" + path.read_text() + "\n#undef sast_step\n"
    path.write_text(
        f"{text}sast_status_t sast_step(sast_context_t *context)\n{{\n{body}\nreturn original_step(context);\n}}\n"
    )


def parse(*arguments):
    return parse_words(["verify", *map(str, arguments)])


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_agrees_on_every_core(everything, core, compiler):
    tools.require_compiler(compiler, core)
    report = verify_emulated(everything, on=core, toolchain=compiler)
    assert (report.target, report.toolchain, report.samples, report.steps) == (core, compiler, 3, 12)
    assert (report.mismatches, report.first_mismatch) == (0, None)


def test_command_with_data_of_ones_own(everything, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    usual = toolchain.usual_toolchain("arm")
    assert command.run(parse(everything, "--on", "cortex-m", "--json", figures)) == 0
    assert capsys.readouterr().out == (
        f"cortex-m4 ({usual}, emulated): 3 recordings, 12 steps, every membrane, spike, counter and CRC equal, "
        "with and without an observer\n"
    )
    assert json.loads(figures.read_text())["toolchain"] == usual
    model = everything_model()
    rng = np.random.default_rng(0)
    report = verify_emulated(everything, binned(model, [random_input(rng, model) for _ in range(5)]))
    assert (report.samples, report.mismatches) == (8, 0)


def test_a_wrong_kernel_is_found(build):
    """One event too many in the third step, at the top left."""
    wrap_step(build, "if (context->steps == 2u) { (void)sast_push(context, 4, 4, 0); }")
    with pytest.raises(
        CheckFailedError,
        match=r"values differ, the first: sample 0 \(known answer 0\), step 2, layer 0, neuron \d+: membrane",
    ):
        command.run(parse(build, "--on", "cortex-m", "--edited"))


def test_a_kernel_that_is_wrong_only_when_nobody_looks(build):
    """What no observer sees is found in the memory that the device keeps."""
    wrap_step(
        build,
        "if (context->observer.neuron == NULL && context->steps == 1u) { (void)sast_push(context, 4, 4, 0); }",
    )
    first = verify_emulated(build, edited=True).first_mismatch
    assert first is not None
    assert (first.sample, first.step, first.layer) == (0, 1, 0)
    assert first.quantity == "unobserved membrane"


def test_c_that_faults(build):
    wrap_step(build, "*(volatile int *)4 = 0;")
    with pytest.raises(
        CheckFailedError,
        match=r"cortex-m4: sast_emulator_step stopped in sast_step\+0x\w+ \(0x08.*\): .*UNMAPPED",
    ):
        verify_emulated(build, edited=True)


def test_c_that_takes_too_much_stack(build):
    wrap_step(build, "volatile uint8_t b[70000]; for (uint32_t i = 0; i < sizeof b; i += 64u) { b[i] = 1; }")
    with pytest.raises(CheckFailedError, match=r"cortex-m4: sast_emulator_step stopped in .*UNMAPPED"):
        verify_emulated(build, edited=True)


def test_c_that_hangs(build, monkeypatch):
    wrap_step(build, "for (volatile int z = 0; z == 0;) { }")
    monkeypatch.setattr(machine, "CALL_TIMEOUT_S", 0.5)
    with pytest.raises(
        CheckFailedError,
        match=r"cortex-m4: sast_emulator_step did not end after 0.5 s, in sast_step\+0x\w+ \(0x08",
    ):
        verify_emulated(build, edited=True)


def test_a_program_of_another_model(build, small):
    """An edited folder whose tables do not belong to its model file."""
    for folder in ("src", "include"):  # with the kernels that its tables name
        shutil.copytree(small / folder, build / folder, dirs_exist_ok=True)
    with pytest.raises(CheckFailedError, match="cortex-m4: the program was built for another model; export"):
        verify_emulated(build, edited=True)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_other_flags(everything, compiler):
    tools.require_compiler(compiler)
    assert verify_emulated(everything, toolchain=compiler, flags=["-Os"]).mismatches == 0
    with pytest.raises(
        EdgeSastError, match="the program has no symbols, by which its functions are called; leave"
    ):
        verify_emulated(everything, toolchain=compiler, flags=["-O2", "-s"])


def test_an_event_that_is_refused(build):
    edit(build / "src" / "sast_internal.h", r"polarity > 1u", "polarity > 0u")
    with pytest.raises(CheckFailedError, match="cortex-m4: sast_emulator_step returned status 4 of "):
        verify_emulated(build, edited=True)


def test_c_that_does_not_compile(build):
    edit(build / "src" / "sast_push.c", r"\Z", "syntax error\n")
    with pytest.raises(
        EdgeSastError, match=r"failed with exit code 1: .* choose another --toolchain$"
    ) as error:
        verify_emulated(build, edited=True)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("package", ["unicorn", "elftools.elf.elffile"])
def test_a_missing_emulator(everything, monkeypatch, capsys, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "firmware_gen.toolchain.elf", raising=False)
    assert main(["verify", str(everything), "--on", "cortex-m"]) == 2
    name = "unicorn" if package == "unicorn" else "pyelftools"
    message = f"edge-sast: the Python package {name} is missing; pip install 'edge-sast[emulator]'\n"
    assert capsys.readouterr().err == message


def test_missing_compilers(everything, monkeypatch):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", {}.get)
    monkeypatch.setenv("PATH", "")
    message = r"--toolchain is 'zig', but the Python package ziglang is missing; pip install 'edge-sast\[emulator\]'"
    with pytest.raises(EdgeSastError, match=message):
        verify_emulated(everything)
    message = "--toolchain is 'gcc', but arm-none-eabi-gcc is missing; install gcc-arm-none-eabi, or use"
    with pytest.raises(EdgeSastError, match=message):
        verify_emulated(everything, toolchain="gcc")


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    monkeypatch.delenv("ZIG_LOCAL_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert toolchain.environment(tmp_path / "scratch")["ZIG_GLOBAL_CACHE_DIR"] == str(tmp_path / "scratch")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "edge-sast" / "zig"
    assert toolchain.environment(tmp_path / "scratch")["ZIG_LOCAL_CACHE_DIR"] == str(folder)


def test_a_cache_that_zig_cannot_use_is_done_without(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    monkeypatch.delenv("ZIG_LOCAL_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder, scratch = tmp_path / "edge-sast" / "zig", tmp_path / "scratch"
    folder.mkdir(parents=True)
    scratch.mkdir()
    for name in ("h", "o", "tmp", "z"):
        (folder / name).touch()  # files where zig wants folders: not even root can write there
    source, program = scratch / "one.c", scratch / "one.o"
    source.write_text("int one(void) { return 1; }")
    command = [*toolchain.compiler("zig", CORES["cortex-m4"]), "-c", str(source), "-o", str(program)]
    toolchain.run_with_cache(lambda variables: run_compiler(command, "", variables), scratch)
    assert program.exists()
    assert capsys.readouterr().err.startswith(
        f"warning: {folder}: zig's cache is damaged or full; compiled without"
    )
    source.write_text("int one(void) { return 1 }")
    with pytest.raises(EdgeSastError, match="failed with exit code 1: "):
        toolchain.run_with_cache(lambda variables: run_compiler(command, "", variables), scratch)
    assert capsys.readouterr().err == ""


def compiled_by_zig(tmp_path, text, *core):
    """How often `run` was called, and the words that each call added to the command."""
    source, calls = tmp_path / "one.c", []
    source.write_text(text)
    command = [*toolchain.compiler("zig", CORES[core[0]]), "-c", str(source), "-o", str(tmp_path / "one.o")]

    def run(words, variables):
        calls.append(words[len(command) :])
        if core[1:] and "-nostdlib" in words:
            raise EdgeSastError(f"error: undefined symbol: {core[1]}")
        run_compiler(words, "", variables)

    return calls, lambda: toolchain.run_zig(run, command, tmp_path)


def test_what_is_wrong_in_a_source_is_not_compiled_again(tmp_path):
    calls, compile_ = compiled_by_zig(tmp_path, "int one(void) { return 1 }", "cortex-m4")
    with pytest.raises(EdgeSastError, match=r"one\.c:1:\d+: error: expected ';'"):
        compile_()
    assert calls == [["-nostdlib"]]


def test_zigs_runtime_library_is_linked_where_it_is_needed_alone(tmp_path):
    for core, expected in (
        (("cortex-m4",), [["-nostdlib"]]),
        (("cortex-m0", "__aeabi_lmul"), [["-nostdlib"], []]),
    ):
        calls, compile_ = compiled_by_zig(tmp_path, "int one(void) { return 1; }", *core)
        compile_()
        assert calls == expected


def test_a_core_that_cannot_be_emulated(everything):
    with pytest.raises(
        EdgeSastError,
        match=r"--on is 'cortex-m55', which Unicorn cannot emulate .*; use cortex-m33, .* --board qemu-mps3-an547$",
    ):
        command.run(parse(everything, "--on", "cortex-m55"))
