#!/usr/bin/env bash
# Unicorn: emu_start(count=N) of code that has run before.
#
# Guess:   emu_start(..., count=2) executes two instructions and stops, whatever ran before it.
# Really:  not where the same code ran without a count: its translation is kept, and the instructions are not counted
#          in it. All of it runs, without an error. Code that ran with any count before is stopped in time, also with
#          another count. ctl_remove_cache over the code between the two calls brings the limit back.
# Versions: unicorn 2.1.4 from PyPI, Python 3.11, x86-64 Linux; Thumb code.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "unicorn==2.1.4"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import unicorn as uc
from unicorn import arm_const as arm

CODE, END = 0x1000, 0x8000
ADDITIONS = 6
PROGRAM = bytes.fromhex("0130" * ADDITIONS + "7047")  # six times adds r0, #1, then bx lr


def additions(counts, forget=False):
    """Of each call of emu_start with one of `counts` (0: without): how many additions it executed."""
    engine = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB)
    engine.mem_map(CODE, 0x1000)
    engine.mem_map(END, 0x1000)
    engine.mem_write(CODE, PROGRAM)
    executed = []
    for count in counts:
        engine.reg_write(arm.UC_ARM_REG_R0, 0)
        engine.reg_write(arm.UC_ARM_REG_LR, END | 1)
        engine.emu_start(CODE | 1, END, timeout=1_000_000, count=count)
        executed.append(engine.reg_read(arm.UC_ARM_REG_R0))
        if forget:
            engine.ctl_remove_cache(CODE, CODE + len(PROGRAM))
    return executed


print("unicorn", version("unicorn"), "Python", sys.version.split()[0])
same = True
for what, got, expected in (
    ("count 2", additions([2]), [2]),
    ("counts 5, then 2", additions([5, 2]), [5, 2]),
    ("no count, then 2", additions([0, 2]), [6, 6]),
    ("no count, then 2, the cache removed between", additions([0, 2], forget=True), [6, 2]),
):
    same &= got == expected
    print(f"{what}: additions executed {got}" + ("" if got == expected else f", it was {expected}"))
sys.exit(0 if same else "the behaviour has changed")
PYTHON
