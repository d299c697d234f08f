"""The emulated core: its instruction counts against functions counted by hand, its stack, its memory."""

from __future__ import annotations

import pytest
import unicorn

from edge_sast.errors import EdgeSastError
from firmware_gen.emulator.machine import Machine
from firmware_gen.isa.instructions import split_instructions
from firmware_gen.toolchain import cross as toolchain
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.toolchain.cores import CORES, find_core
from firmware_gen.toolchain.image import read_image
from tests import tools

# Sums n + (n - 1) + ... + 1 in instructions of both lengths: 1 before the loop, 3 in it, 2 after it.
THUMB = """
    .syntax unified
    .thumb
    .globl counted
    .type counted, %function
    .thumb_func
counted:
    movs r1, #0
1:  adds r1, r1, r0
    subs r0, #1
    bne 1b
    movs r0, r1
    bx lr
    .size counted, . - counted
    .globl caller
    .type caller, %function
    .thumb_func
caller:             /* 5 instructions around counted, bl in 32 bits */
    push {r4, lr}
    bl counted
    movs r4, #1
    adds r0, r0, r4
    pop {r4, pc}
    .size caller, . - caller
"""
# Thumb-2: a wide add, an IT block whose second half is not executed but passes, and a block transfer.
THUMB2 = (
    THUMB
    + """
    .globl predicated
    .type predicated, %function
    .thumb_func
predicated:         /* 10 instructions */
    push {r4, r5, r6, r7, lr}
    add.w r1, r0, #256
    cmp r0, #0
    ite ne
    movne r2, #7
    moveq r2, #9
    stmdb sp!, {r1, r2, r3, r4}
    ldmia sp!, {r4, r5, r6, r7}
    adds r0, r4, r5
    pop {r4, r5, r6, r7, pc}
    .size predicated, . - predicated
"""
)
DSP = """
    .syntax unified
    .thumb
    .globl counted
    .type counted, %function
    .thumb_func
counted:
    uadd16 r0, r0, r0
    bx lr
    .size counted, . - counted
"""
RISCV = """
    .globl counted
    .type counted, @function
counted:
    li a1, 0
1:  add a1, a1, a0
    addi a0, a0, -1
    bnez a0, 1b
    mv a0, a1
    ret
    .size counted, . - counted
    .globl caller
    .type caller, @function
caller:             /* 9 instructions around counted: call is jal (linked near), li of a large value two */
    addi sp, sp, -16
    sw ra, 12(sp)
    jal counted
    lui a1, 1
    addi a1, a1, -2048
    addi a0, a0, 1
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
    .size caller, . - caller
"""


def load(text, core, folder, compiler="zig"):
    tools.require_compiler(compiler, core.name)
    (folder / "counted.S").write_text(text)
    script = "SECTIONS { .text 0x08000000 : { *(.text .text.*) } }"
    (folder / "link.ld").write_text(script)
    command = [*toolchain.compiler(compiler, core), "-nostdlib", "-Wl,--entry=counted"]
    command += [f"-Wl,-T,{folder / 'link.ld'}", str(folder / "counted.S"), "-o", str(folder / "counted.elf")]
    run_compiler(command, "", toolchain.environment(folder))
    return Machine(read_image(folder / "counted.elf"), core)


@pytest.mark.parametrize("name", CORES)
def test_counts_equal_those_by_hand(tmp_path, name):
    core = find_core(name)
    machine = load(RISCV if core.family == "riscv" else THUMB, core, tmp_path)
    around = 9 if core.family == "riscv" else 5
    for n in (1, 2, 1000):
        assert machine.call("counted", n) == n * (n + 1) // 2
        assert machine.take_counts() == {"counted": 3 + 3 * n}
        assert machine.call("caller", n) == n * (n + 1) // 2 + 1
        assert machine.take_counts() == {"caller": around, "counted": 3 + 3 * n}


@pytest.mark.parametrize("name", ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_instructions_that_are_predicated_count_whether_they_act_or_not(tmp_path, name):
    machine = load(THUMB2, find_core(name), tmp_path)
    for argument, answer in ((1, 257 + 7), (0, 256 + 9)):
        assert machine.call("predicated", argument) == answer
        assert machine.take_counts() == {"predicated": 10}


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m3"])
def test_instructions_that_a_core_lacks_are_refused_by_its_assembler(tmp_path, name, compiler):
    """Those that it lets pass are refused by the emulator: test_guard.py."""
    load(DSP, find_core("cortex-m4"), tmp_path, compiler=compiler)
    with pytest.raises(EdgeSastError, match=r"counted\.S:\d+:.*[Ee]rror"):
        load(DSP, find_core(name), tmp_path, compiler=compiler)


def test_counts_are_of_one_call_or_of_all_since_the_last_look(tmp_path):
    machine = load(THUMB, find_core("cortex-m4"), tmp_path)
    assert machine.take_counts() == {}
    machine.call("counted", 10)
    machine.call("counted", 20)
    assert machine.take_counts() == {"counted": 3 + 30 + 3 + 60}
    assert machine.take_counts() == {}


def test_the_stack_is_measured(tmp_path):
    machine = load(THUMB2, find_core("cortex-m4"), tmp_path)
    machine.fill_stack()
    assert machine.stack_used() == 0
    machine.call("counted", 3)
    assert machine.stack_used() == 0
    machine.call("predicated", 1)
    assert machine.stack_used() == 20 + 16


def test_memory_that_is_not_there(tmp_path):
    machine = load(THUMB, find_core("cortex-m4"), tmp_path)
    first, second = machine.allocate(10), machine.allocate(5000)
    machine.write(first, b"0123456789")
    machine.write(second, bytes(5000))
    assert machine.read(first, 10) == b"0123456789"
    assert second - first > 4096  # with a hole between them
    machine.free_all()
    assert machine.allocate(10) == first
    assert machine.read(first, 10) == bytes(10)
    with pytest.raises(unicorn.UcError):
        machine.read(second, 1)
    assert machine.call("counted", 10) == 55  # the program is still there


@pytest.mark.parametrize(
    ("family", "code", "count"),
    [
        ("arm", "00bf 00f0 01f8 7047", 3),  # nop, bl, bx lr
        ("arm", "dfe7 ffe8 0000 ffff 0000", 3),  # b (16 bits, 0b11100), 0b11101, 0b11111
        ("riscv", "0100 13050500 8280", 3),  # c.nop, mv, ret
    ],
)
def test_lengths(family, code, count):
    assert len(list(split_instructions(family, bytes.fromhex(code)))) == count


def test_half_an_instruction():
    assert list(split_instructions("arm", bytes.fromhex("00bf 00f0"))) == [(0, 0xBF00, 2), (2, 0xF0000000, 4)]
