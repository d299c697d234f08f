"""Cycle estimates of snippets whose cycles are counted by hand, from the tables of the cores' reference manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.dense.program import link_program
from firmware_gen.emulator.cycles import EdgeCounter, Run, decode
from firmware_gen.emulator.machine import Machine
from firmware_gen.toolchain.cores import find_core

# Each line: instruction, then cycles on M4 (+P: a taken branch), M0+, M0.
LOOP = """
    push {r4, lr}       @ 3 3 3
    movs r2, #0         @ 1 1 1
    movs r3, #3         @ 1 1 1
1:  ldr  r4, [r0]       @ 2 2 2
    ldr  r1, [r0, #4]   @ 1 2 2: behind a load
    adds r2, r2, r4     @ 1 1 1
    adds r0, #4         @ 1 1 1
    str  r2, [r0]       @ 1+1 2 2: the address comes out of the instruction before
    subs r3, #1         @ 1 1 1
    bne  1b             @ 1+P 2 3 taken, 1 1 1 not
    mov  r0, r2         @ 1 1 1
    pop  {r4, pc}       @ 3+P 5 6
"""
CALL = """
    mov  r3, lr         @ 1 1 1
    bl   2f             @ 1+P 3 4
    ldr  r1, [r0]       @ 2 2 2
    ldr  r1, [r1]       @ 2 2 2: its address is what was just loaded
    bx   r3             @ 1+P 2 3
2:  ldm  r0!, {r1, r2}  @ 3 3 3
    subs r0, #8         @ 1 1 1
    bx   lr             @ 1+P 2 3
"""
WIDE = """
    ldrd  r2, r3, [r0]       @ 3
    smlad r2, r2, r3, r1     @ 1
    movs  r3, #7             @ 1
    udiv  r2, r2, r3         @ 12
    movs  r1, #0             @ 1
    str   r2, [r0, r1]       @ 2+1: a register offset, just computed
    strd  r2, r3, [r0]       @ 3
    cbz   r1, 1f             @ 1+P
    nop
1:  bx    lr                 @ 1+P
"""


def _run(folder: Path, code: str, core: str) -> Run:
    source = folder / "snippet.S"
    head = ".syntax unified\n.thumb\n.section .text.snippet\n.global snippet\n.type snippet, %function\n"
    source.write_text(f"{head}.thumb_func\nsnippet:\n{code}\n.size snippet, . - snippet\n")
    machine = Machine(link_program([source], "snippet", core, "zig", ("-O3",)), find_core(core))
    counter = EdgeCounter(machine)
    memory = machine.allocate(64)
    machine.write(memory, memory.to_bytes(4, "little") * 16)
    machine.call("snippet", memory)
    return counter.take()


def test_a_loop(tmp_path: Path) -> None:
    run = _run(tmp_path, LOOP, "cortex-m0")
    assert run.instructions() == {"snippet": 3 + 3 * 7 + 2}
    assert run.cycles("cortex-m4") == {"snippet": 5 + (9 + 2) + (9 + 2) + 9 + 1 + (3 + 2)}
    assert run.cycles("cortex-m0plus") == {"snippet": 5 + 11 + 11 + 10 + 1 + 5}
    assert run.cycles("cortex-m0") == {"snippet": 5 + 12 + 12 + 10 + 1 + 6}


def test_calls_and_dependent_loads(tmp_path: Path) -> None:
    run = _run(tmp_path, CALL, "cortex-m0")
    assert run.instructions() == {"snippet": 8}
    assert run.cycles("cortex-m4") == {"snippet": 1 + 3 + 2 + 2 + 3 + 3 + 1 + 3}
    assert run.cycles("cortex-m0plus") == {"snippet": 1 + 3 + 2 + 2 + 2 + 3 + 1 + 2}
    assert run.cycles("cortex-m0") == {"snippet": 1 + 4 + 2 + 2 + 3 + 3 + 1 + 3}


def test_instructions_of_the_larger_core(tmp_path: Path) -> None:
    run = _run(tmp_path, WIDE, "cortex-m4")
    assert run.instructions() == {"snippet": 9}
    assert run.cycles("cortex-m4") == {"snippet": 3 + 1 + 1 + 12 + 1 + 3 + 3 + 3 + 3}


def test_calls_are_counted_apart(tmp_path: Path) -> None:
    run = _run(tmp_path, CALL, "cortex-m4")
    counter = EdgeCounter(run.machine)
    memory = run.machine.allocate(16)
    run.machine.write(memory, memory.to_bytes(4, "little") * 4)
    for _ in range(2):
        run.machine.call("snippet", memory)
        assert counter.take().cycles("cortex-m4") == run.cycles("cortex-m4")
    run.machine.call("snippet", memory)
    run.machine.call("snippet", memory)
    assert counter.take().cycles("cortex-m4").total() == 2 * run.cycles("cortex-m4").total()


def test_code_that_is_none_is_refused() -> None:
    with pytest.raises(EdgeSastError, match="0x00001002: capstone does not know the instruction"):
        decode(bytes.fromhex("7047ffffffff"), 0x1000)
