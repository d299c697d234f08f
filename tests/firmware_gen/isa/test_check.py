"""The instruction sets of the cores against GNU's assemblers, which are told the core and refuse what it lacks."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from edge_sast.errors import CheckFailedError
from firmware_gen.isa.check import SETS, check_code, disassemble
from firmware_gen.isa.instructions import split_instructions
from firmware_gen.isa.riscv import riscv_part
from firmware_gen.isa.thumb import PACBTI, V7M, aligned_base, thumb_part
from firmware_gen.toolchain.image import Code, Function, Image
from tests import tools

# One of each kind and length; `;` joins those that stand together.
THUMB = """
lsls r0, r1, #3; lsrs r0, r1, #3; asrs r0, r1, #3; adds r0, r1, r2; subs r0, r1, #7; movs r0, #200; cmp r0, #200
ands r0, r1; eors r0, r1; lsls r0, r1; adcs r0, r1; sbcs r0, r1; rors r0, r1; tst r0, r1; rsbs r0, r1, #0; cmn r0, r1
orrs r0, r1; muls r0, r1, r0; bics r0, r1; mvns r0, r1; add r8, r9; cmp r8, r9; mov r8, r9; bx lr; blx r3
ldr r0, [pc, #8]; str r0, [r1, r2]; strh r0, [r1, r2]; strb r0, [r1, r2]; ldrsb r0, [r1, r2]; ldr r0, [r1, r2]
ldrh r0, [r1, r2]; ldrb r0, [r1, r2]; ldrsh r0, [r1, r2]; str r0, [r1, #4]; ldrb r0, [r1, #4]; ldrh r0, [r1, #4]
ldr r0, [sp, #8]; add r0, sp, #8; sub sp, #8; adr r0, 4f; .balign 4; 4: nop; push {r4, lr}; pop {r4, pc}
stmia r0!, {r1, r2}; ldmia r0!, {r1, r2}; sxth r0, r1; uxtb r0, r1; rev r0, r1; rev16 r0, r1; revsh r0, r1; bkpt 1
nop; yield; wfe; wfi; sev; svc 0; udf #1; cpsid i; cpsie i; beq 5f; b 5f; 5: nop
bl 6f; 6: nop
mrs r0, primask; mrs r0, control; mrs r0, msp; msr psp, r0; msr primask, r0; dmb sy; dsb sy; isb sy
cpsid f
mrs r0, basepri
msr faultmask, r0
cbz r0, 7f; nop; nop; 7: nop
it eq; moveq r0, r1
udf.w #1
beq.w 8f; 8: nop
b.w 9f; 9: nop
nop.w; wfi.w
dbg #1
clrex
and r0, r1, #255
tst.w r0, #1
bic r0, r1, #1
orr r0, r1, #1
mov.w r8, #1
orn r0, r1, #1
mvn r0, #1
eor r0, r1, #1
teq r0, #1
add.w r0, r1, #1
cmn r0, #1
adc r0, r1, #1
sbc r0, r1, #1
sub.w r0, r1, #1
cmp.w r0, #256
rsb r0, r1, #1
addw r0, r1, #4095
subw r0, r1, #4095
movw r0, #65535
movt r0, #65535
ssat r0, #5, r1
ssat r0, #5, r1, asr #2
usat r0, #5, r1, lsl #2
sbfx r0, r1, #2, #3
bfi r0, r1, #2, #3
bfc r0, #2, #3
ubfx r0, r1, #2, #3
ldm.w r0, {r1, r8}
stm.w r0!, {r1, r8}
ldmdb r0!, {r1, r2}
stmdb r0, {r1, r2}
push.w {r4, r8}
pop.w {r4, r8}
ldrd r0, r1, [r2, #8]
strd r0, r1, [r2], #8
ldrd r0, r1, [r2, #-8]!
ldrex r0, [r1]
strex r0, r1, [r2]
ldrexb r0, [r1]
strexh r0, r1, [r2]
tbb [r0, r1]
tbh [r0, r1, lsl #1]
and.w r0, r1, r2, lsl #3
orr.w r0, r1, r2
mov.w r0, r1, lsl #3
mvn.w r0, r1
orn r0, r1, r2
eor.w r0, r1, r2
teq r0, r1
add.w r0, r1, r2, lsl #1
cmn.w r0, r1
adc.w r0, r1, r2
sbc.w r0, r1, r2
sub.w r0, r1, r2, asr #1
cmp.w r0, r1
rsb r0, r1, r2
rrx r0, r1
ldr.w r0, [r1, #4095]
ldrb.w r0, [r1, #-4]
ldrsh r0, [r1, #4]!
ldrsb r0, [r1], #4
ldrh.w r0, [r1, r2, lsl #2]
str.w r0, [r1, r2, lsl #3]
strb.w r0, [r1, #-1]
strh r0, [r1], #2
ldrt r0, [r1]
strbt r0, [r1]
ldr.w r0, [pc, #-8]
ldrsb r0, [pc, #-8]
pld [r0]
pli [r0]
lsl.w r0, r1, r2
ror.w r0, r1, r2
sxth.w r0, r1, ror #8
uxth.w r8, r1
sxtb.w r8, r1
uxtb.w r8, r1
rev.w r8, r1
rbit r0, r1
revsh.w r8, r1
clz r0, r1
mul r0, r1, r2
mla r0, r1, r2, r3
mls r0, r1, r2, r3
smull r0, r1, r2, r3
umull r0, r1, r2, r3
smlal r0, r1, r2, r3
umlal r0, r1, r2, r3
sdiv r0, r1, r2
udiv r0, r1, r2
ssat16 r0, #5, r1
usat16 r0, #5, r1
pkhbt r0, r1, r2
pkhtb r0, r1, r2, asr #1
sxtah r0, r1, r2
uxtah r0, r1, r2
sxtb16 r0, r1
uxtb16 r0, r1
sxtab16 r0, r1, r2, ror #8
uxtab16 r0, r1, r2
sxtab r0, r1, r2
uxtab r0, r1, r2
sadd16 r0, r1, r2
qadd8 r0, r1, r2
shasx r0, r1, r2
usub16 r0, r1, r2
uqsax r0, r1, r2
uhsub8 r0, r1, r2
qadd r0, r1, r2
qdadd r0, r1, r2
qsub r0, r1, r2
qdsub r0, r1, r2
sel r0, r1, r2
smulbb r0, r1, r2
smlatb r0, r1, r2, r3
smuad r0, r1, r2
smlad r0, r1, r2, r3
smladx r0, r1, r2, r3
smulwb r0, r1, r2
smlawt r0, r1, r2, r3
smusd r0, r1, r2
smlsd r0, r1, r2, r3
smmul r0, r1, r2
smmlar r0, r1, r2, r3
smmls r0, r1, r2, r3
usad8 r0, r1, r2
usada8 r0, r1, r2, r3
smlalbt r0, r1, r2, r3
smlald r0, r1, r2, r3
smlsldx r0, r1, r2, r3
umaal r0, r1, r2, r3
bxns r0
blxns r0
sg
tt r0, r1
ttat r0, r1
lda r0, [r1]
ldab r0, [r1]
ldah r0, [r1]
stl r0, [r1]
stlb r0, [r1]
ldaex r0, [r1]
ldaexh r0, [r1]
stlex r0, r1, [r2]
stlexb r0, r1, [r2]
mrs r0, msplim
msr psplim, r0
mrs r0, msp_ns
dls lr, r0
wls lr, r0, 1f; nop; 1: nop
2: nop; le lr, 2b
3: nop; le 3b
csel r0, r1, r2, eq
cset r0, ne
csneg r0, r1, r2, gt
clrm {r0, r1}
vadd.f32 s0, s1, s2
vldr s0, [r0]
vpush {s16}
vmrs apsr_nzcv, fpscr
vadd.f64 d0, d1, d2
vadd.i32 q0, q1, q2
asrl r0, r1, #3
lsll r0, r1, r2
sqshl r0, #3
dlstp.32 lr, r0
4: nop; letp lr, 4b
"""
RISCV = """
lui a0, 1; auipc a0, 1; jal 1f; 1: jalr a0; beq a0, a1, 2f; 2: bltu a0, a1, 3f; 3: nop
lb a0, 1(a1); lhu a0, 2(a1); lw a0, 100(a1); sb a0, 1(a1); sh a0, 2(a1); sw a0, 4(a1); lw a0, 4(sp); sw a0, 4(sp)
addi a0, a1, 100; slti a0, a1, 1; xori a0, a1, 1; slli a0, a1, 3; srli a0, a1, 3; srai a0, a1, 3; srai a0, a0, 3
add a0, a1, a2; sub a0, a1, a2; sll a0, a1, a2; sltu a0, a1, a2; sra a0, a1, a2; sub a0, a0, a1; xor a0, a0, a1
fence; ecall; ebreak; addi sp, sp, -16; addi a0, sp, 16; li a0, 1; lui a0, 2; andi a0, a0, 3; jr a0; ret; mv a0, a1
mul a0, a1, a2; mulhu a0, a1, a2; div a0, a1, a2; remu a0, a1, a2
csrr a0, mcause
csrrwi zero, mstatus, 8
fence.i
lr.w a0, (a1)
sc.w a0, a2, (a1)
amoadd.w a0, a2, (a1)
amomaxu.w.aq a0, a2, (a1)
fadd.s fa0, fa1, fa2
flw fa0, 4(a0)
fsw fa0, 4(sp)
fld fa0, 8(sp)
fcvt.w.s a0, fa0
andn a0, a1, a2
sh1add a0, a1, a2
rev8 a0, a1
cpop a0, a1
bseti a0, a1, 3
"""
# GNU's assembler takes names of special registers on cores that lack them.
LAX = {
    "cpsid f",
    "mrs r0, basepri",
    "msr faultmask, r0",
    "mrs r0, msplim",
    "msr psplim, r0",
    "mrs r0, msp_ns",
}
ARM_AS = ("arm-none-eabi-gcc", "-mthumb")
RISCV_AS = ("riscv64-unknown-elf-gcc", "-mabi=ilp32")
EVERYTHING = {
    "arm": (*ARM_AS, "-march=armv8.1-m.main+dsp+mve.fp+fp.dp", "-mfloat-abi=hard"),
    "riscv": (*RISCV_AS, "-march=rv32gc_zba_zbb_zbs"),
}
# What firmware is compiled with: tests/firmware_gen/boards/test_build.py and emulator/test_verify_emulated.py run them.
ASSEMBLERS = {
    **{
        n: (*ARM_AS, f"-mcpu={n}", "-mfloat-abi=soft")
        for n in ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7")
    },
    "cortex-m0+": (*ARM_AS, "-mcpu=cortex-m0plus", "-mfloat-abi=soft"),
    "cortex-m33": (*ARM_AS, "-mcpu=cortex-m33", "-mfloat-abi=soft"),
    "cortex-m55": (*ARM_AS, "-mcpu=cortex-m55+nomve+nofp", "-mfloat-abi=soft"),
    "rv32": (*RISCV_AS, "-march=rv32imc"),
    "rv32imac": (*RISCV_AS, "-march=rv32imac_zicsr"),
}


def assemble(command: tuple[str, ...], lines: list[str], folder: Path) -> set[int]:
    """Indices of the lines that are refused; their code lies behind the symbols line0, line1 ..."""
    tools.require(command[0])
    source = folder / "all.s"
    body = [f"line{i}: {line}" for i, line in enumerate(lines)]
    head = ".syntax unified" if command[0] == ARM_AS[0] else ".option norelax"
    source.write_text("\n".join([head, *body, f"line{len(lines)}: nop", ""]))
    result = subprocess.run(
        [*command, "-c", str(source), "-o", str(folder / "all.o")], capture_output=True, text=True, timeout=60
    )
    return {int(n) - 2 for n in re.findall(r"all\.s:(\d+): Error", result.stderr)}


def encodings(family: str, lines: list[str], folder: Path) -> list[list[tuple[int, int]]]:
    """Of each line: encoding and bytes of each instruction."""
    assert assemble(EVERYTHING[family], lines, folder) == set()
    with (folder / "all.o").open("rb") as stream:
        elf = ELFFile(stream)
        text = elf.get_section_by_name(".text").data()
        symbols = {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols()}
    places = [symbols[f"line{i}"] for i in range(len(lines) + 1)]
    return [
        [(code, size) for _, code, size in split_instructions(family, text[a:b])] for a, b in pairwise(places)
    ]


@pytest.mark.parametrize("core", SETS)
def test_each_core_has_what_its_assembler_takes(tmp_path, core):
    chosen = SETS[core]
    lines = (THUMB if chosen.family == "arm" else RISCV).strip().splitlines()
    part_of = thumb_part if chosen.family == "arm" else riscv_part
    ours = {
        i
        for i, codes in enumerate(encodings(chosen.family, lines, tmp_path))
        if not all(part_of(code, size) in chosen.parts for code, size in codes)
    }
    theirs = assemble(ASSEMBLERS[core], lines, tmp_path)
    assert [lines[i] for i in sorted(theirs - ours)] == []
    assert {lines[i] for i in ours - theirs} <= LAX
    assert theirs  # there is something that each lacks


def test_which_transfers_need_an_aligned_address(tmp_path):
    """By r13, and one register at a time, any address will do; exclusive ones are refused by Unicorn itself."""
    needy = ["ldmia r3!, {r1, r2}", "stmia r3!, {r1}", "ldm.w r8, {r1, r2}", "stmdb lr!, {r1, r2}"]
    needy += ["ldrd r0, r1, [r8]", "strd r0, r1, [r8], #8", "ldrd r0, r1, [r8, #-8]!"]
    needy += ["mov sp, r9", "add sp, r2"]
    free = ["push {r4, lr}", "pop.w {r4, r8}", "ldrd r0, r1, [sp, #8]", "ldr r0, [r1]", "ldr.w r0, [r1, #1]"]
    free += [
        "ldrex r0, [r1]",
        "tbb [r0, r1]",
        "strh r0, [r1]",
        "lda r0, [r1]",
        "mov.w r0, r1",
        "bl 1f; 1: nop",
    ]
    bases = [
        [aligned_base(code, size) for code, size in codes]
        for codes in encodings("arm", [*needy, *free], tmp_path)
    ]
    assert bases[: len(needy)] == [[3], [3], [8], [14], [8], [8], [8], [9], [2]]
    assert {base for found in bases[len(needy) :] for base in found} == {None}


def image(*codes: str) -> Image:
    data = [bytes.fromhex(code) for code in codes]
    runs = tuple(Code(0x100 + 0x40 * i, d) for i, d in enumerate(data))
    functions = tuple(Function(f"f{i}", run.address, len(run.data)) for i, run in enumerate(runs))
    return Image((), runs, functions, {})


def test_a_foreign_instruction_is_named_with_its_place():
    check_code(image("00bf 7047", "b1fbf2f0 7047"), "cortex-m3")
    with pytest.raises(
        CheckFailedError,
        match=r"^cortex-m0: f1\+0x2 \(0x00000142\): 'udiv r0, r1, r2' is no instruction of the Cortex-M0 \(Armv6-M\) "
        r"but of Armv7-M; compile every source for this core, or choose a core that has it \(1 more are not\)$",
    ):
        check_code(image("00bf 7047", "00bf b1fbf2f0 b1fbf2f0"), "cortex-m0")


def test_an_instruction_that_no_table_knows_and_one_cut_off():
    with pytest.raises(
        CheckFailedError, match=r"'vadd\.f32 s0, s0, s0' is no instruction of the Cortex-M4 \(Armv7E"
    ):
        check_code(image("30ee000a"), "Cortex-M4")
    with pytest.raises(CheckFailedError, match=r"f0\+0x2 \(0x00000102\): '0xf000' is no instruction"):
        check_code(image("00bf 00f0"), "cortex-m4")


def test_pointer_authentication_is_a_hint_or_foreign():
    """Those of the link register do nothing on cores without; the others have the bits of SMMLA and SMMLS with r15."""
    hints = {"bti": 0xF3AF800F, "pacbti": 0xF3AF800D, "pac": 0xF3AF801D, "aut": 0xF3AF802D}
    assert {name: thumb_part(code, 4) for name, code in hints.items()} == dict.fromkeys(hints, V7M)
    own = {"pacg r3, r1, r2": 0xFB61F302, "autg r3, r1, r2": 0xFB513F02, "bxaut r3, r1, r2": 0xFB513F12}
    assert {name: thumb_part(code, 4) for name, code in own.items()} == dict.fromkeys(own, PACBTI)
    assert all(PACBTI not in chosen.parts for chosen in SETS.values())


def test_a_program_whose_code_cannot_be_told_from_its_constants():
    with pytest.raises(
        CheckFailedError, match=r"cortex-m4: the program has no mapping symbols .*; leave out -Wl,-x"
    ):
        check_code(image(), "cortex-m4")


def test_names_without_capstone(monkeypatch):
    assert disassemble("arm", bytes.fromhex("40f001e0"), 0) == "0xf040e001"  # DLS, which it does not know
    monkeypatch.setitem(sys.modules, "capstone", None)
    assert disassemble("arm", bytes.fromhex("b1fbf2f0"), 0) == "0xfbb1f0f2"
    assert disassemble("riscv", bytes.fromhex("2fa0c500"), 0) == "0x00c5a02f"
