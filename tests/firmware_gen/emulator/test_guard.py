"""What emulators let pass and silicon does not, planted in programs: it is refused, and named."""

from __future__ import annotations

import re
import shutil

import pytest

from edge_sast.cli.main import main
from edge_sast.errors import CheckFailedError
from firmware_gen.boards.boards import find_board
from firmware_gen.boards.build import build_firmware
from firmware_gen.toolchain.cores import CORES, find_core
from firmware_gen.verify.verify import verify_emulated
from tests import tools
from tests.firmware_gen.emulator.test_machine import load
from tests.firmware_gen.emulator.test_verify_emulated import wrap_step

ARM = [name for name in CORES if name != "rv32"]
# By core: an instruction that it lacks, given by its bits, which an assembler of that core takes; and its name.
FOREIGN = {
    "cortex-m0": (".inst.w 0xfbb0f1f0", "udiv r1, r0, r0"),
    "cortex-m3": (".inst.w 0xfb203001", "smlad r0, r0, r1, r3"),
    "cortex-m4": (".inst.w 0xe8d00faf", "lda r0, [r0]"),
    "cortex-m7": (".inst.w 0xe840f000", "tt r0, r0"),
    "cortex-m33": (".inst.w 0xf040e001", "0xf040e001"),  # DLS
    "rv32": (
        ".option push\\n.option arch, +a\\namoadd.w a0, a1, (sp)\\n.option pop",
        "amoadd.w a0, a1, (sp)",
    ),
}
MISALIGNED = (
    'static uint32_t words[4]; __asm__ volatile("{}" : : "l"((uint8_t *)words + {}) : "r1", "r2", "memory");'
)


@pytest.fixture
def build(small, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(small, tmp_path / "build")
    return tmp_path / "build"


@pytest.mark.parametrize(
    ("core", "compiler"), [*((name, "gcc") for name in CORES), ("cortex-m0", "zig"), ("rv32", "zig")]
)
def test_an_instruction_that_the_core_lacks(build, capsys, core, compiler):
    tools.require_compiler(compiler, core)
    text, name = FOREIGN[core]
    wrap_step(build, f'__asm__ volatile("{text}");')
    assert main(["verify", str(build), "--on", core, "--toolchain", compiler, "--edited"]) == 1
    message = capsys.readouterr().err
    assert re.fullmatch(
        rf"edge-sast: {core}: sast_step\+0x\w+ \(0x08\w+\): '{re.escape(name)}' is no instruction of the .*\n",
        message,
    )


def test_an_instruction_that_a_board_lacks(build, tmp_path):
    """QEMU's Cortex-M3 would execute it."""
    text, name = FOREIGN["cortex-m3"]
    wrap_step(build, f'__asm__ volatile("{text}");')
    board = find_board("qemu-mps2-an385")
    with pytest.raises(
        CheckFailedError,
        match=rf"^Cortex-M3: sast_step\+0x.*'{name}' is no instruction of the Cortex-M3 \(Armv7-M\)",
    ):
        build_firmware(build, board, tmp_path / "out", edited=True)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("core", "compiler", "text", "offset"),
    [
        ("cortex-m0", "gcc", "ldmia %0!, {{r1, r2}}", 2),
        ("cortex-m4", "zig", "ldrd r1, r2, [%0]", 1),
        ("cortex-m33", "gcc", "stmia %0!, {{r1, r2}}", 3),
    ],
)
def test_an_unaligned_transfer_in_an_export(build, core, compiler, text, offset):
    tools.require_compiler(compiler, core)
    wrap_step(build, MISALIGNED.format(text.replace("{{", "{").replace("}}", "}"), offset))
    name = text.split()[0].replace("ia", "")
    with pytest.raises(
        CheckFailedError,
        match=rf"^{core}: sast_emulator_step stopped in sast_step\+0x\w+ \(0x08\w+\): "
        rf"unaligned '{name}.*' at address 0x20\w+; the chip needs a multiple of 4",
    ):
        verify_emulated(build, on=core, toolchain=compiler, edited=True)


def program(*lines: str) -> str:
    body = "\n".join(lines)
    return (
        ".syntax unified\n.thumb\n.globl counted\n.type counted, %function\n.thumb_func\n"
        f"counted:\n{body}\nbx lr\n.size counted, . - counted\n"
    )


@pytest.mark.parametrize("core", ARM)
@pytest.mark.parametrize(
    "text", ["ldmia r0!, {r1, r2}", "stmia r0!, {r1}", "ldrd r1, r2, [r0, #4]", "strd r1, r2, [r0]"]
)
def test_unaligned_transfers_on_every_core(tmp_path, core, text):
    if core == "cortex-m0" and "rd" in text:
        pytest.skip("has no double transfers")
    machine = load(program(text), find_core(core), tmp_path, compiler="gcc")
    words = machine.allocate(64)
    machine.call("counted", words + 8)
    for off in (1, 2, 3):
        with pytest.raises(
            CheckFailedError,
            match=rf"counted\+0x0 .*unaligned .* at address 0x{words + 8 + off:08x}; the chip needs",
        ):
            machine.call("counted", words + 8 + off)
    machine.call("counted", words + 8)  # one failure does not stick


@pytest.mark.parametrize("core", ARM)
def test_single_words_may_lie_anywhere_but_on_a_cortex_m0(tmp_path, core):
    machine = load(program("ldr r0, [r0]"), find_core(core), tmp_path, compiler="gcc")
    words = machine.allocate(8)
    machine.write(words, bytes(range(8)))
    if core == "cortex-m0":
        with pytest.raises(
            CheckFailedError, match=r"counted\+0x0 \(.*\): 'ldr r0, \[r0\]': .* is not aligned"
        ):
            machine.call("counted", words + 1)
    else:
        assert machine.call("counted", words + 1) == 0x04030201


def test_a_transfer_that_is_skipped_may_have_any_address(tmp_path):
    machine = load(
        program("cmp r1, #0", "it ne", "ldmne r0, {r1, r2}"), find_core("cortex-m4"), tmp_path, compiler="gcc"
    )
    words = machine.allocate(8)
    machine.call("counted", words + 1, 0)
    with pytest.raises(CheckFailedError, match=r"counted\+0x4 .*unaligned 'ldm"):
        machine.call("counted", words + 1, 1)


@pytest.mark.parametrize("text", ["mov sp, r0", "subs r0, r0, r1\nadd sp, r0"])
def test_the_stack_pointer_stays_aligned(tmp_path, text):
    """The chip would clear its two low bits, Unicorn would keep them."""
    machine = load(
        program("mov r1, sp", "adds r0, r0, r1", text), find_core("cortex-m4"), tmp_path, compiler="gcc"
    )
    machine.call("counted", (-8) & 0xFFFF_FFFF)
    with pytest.raises(
        CheckFailedError, match=r"counted\+0x\w+ .*unaligned '(mov|add) sp, r0' at address 0x"
    ):
        machine.call("counted", (-7) & 0xFFFF_FFFF)


@pytest.mark.parametrize("core", ARM)
def test_the_model_is_the_one_that_was_named(tmp_path, core):
    from unicorn import arm_const

    machine = load(program("nop"), find_core(core), tmp_path, compiler="gcc")
    assert machine._engine.ctl_get_cpu_model() == getattr(arm_const, find_core(core).cpu)


@pytest.mark.parametrize(
    ("lines", "where", "name"),
    [
        ((".short 0xfb20, 0x3001",), r"counted\+0x0", "smlad r0, r0, r1, r3"),
        (("b 1f", ".short 0xfb20", "1: .short 0x3001", "nop"), r"counted\+0x4", "adds r0, #1"),
        (("ldr r1, =counted + 6", "bx r1", "movw r0, #0x4770"), r"counted\+0x6", r"strb r0, \[r6, #1\]"),
    ],
)
def test_code_that_was_taken_for_constants(tmp_path, lines, where, name):
    machine = load(program(*lines), find_core("cortex-m3"), tmp_path, compiler="gcc")
    with pytest.raises(
        CheckFailedError, match=rf"{where} \(.*\): '{name}' was reached, which is no code of the pro"
    ):
        machine.call("counted")


def test_code_that_is_written(tmp_path):
    """Into memory: bx lr, then called there; and over the program itself."""
    core = find_core("cortex-m4")
    machine = load(
        program("push {r4, lr}", "strh r1, [r0]", "adds r0, #1", "blx r0", "pop {r4, pc}"), core, tmp_path
    )
    data = machine.allocate(4)
    with pytest.raises(
        CheckFailedError, match=rf"stopped in 0x{data:08x}: 'bx lr' was reached, which is no code of"
    ):
        machine.call("counted", data, 0x4770)
    with pytest.raises(CheckFailedError, match=r"counted\+0x2 .*write-protected"):
        machine.call("counted", machine.image.symbols["counted"] & ~1, 0x4770)
