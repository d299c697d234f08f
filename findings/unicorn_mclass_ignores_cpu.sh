#!/usr/bin/env bash
# Unicorn: UC_MODE_MCLASS and the chosen Cortex-M model.
#
# Guess:   an engine opened with UC_MODE_THUMB | UC_MODE_MCLASS and told ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M0) emulates
#          a Cortex-M0: UDIV, which Armv6-M lacks, is an invalid instruction.
# Really:  with UC_MODE_MCLASS the model is not taken, without an error: reading it back gives the Cortex-M33, and UDIV
#          runs. Without that flag the model counts (UDIV: UC_ERR_INSN_INVALID), and it is an M core all the same: MRS of
#          PRIMASK runs. Even then a Cortex-M3 executes SMLAD, which it lacks, and LDM at an odd address, which faults.
# Versions: unicorn 2.1.4 from PyPI, Python 3.11, x86-64 Linux.
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

CODE, DATA, END = 0x08000000, 0x20000000, 0x0F000000
MODELS = {name: getattr(arm, f"UC_CPU_ARM_CORTEX_{name}") for name in ("M0", "M3", "M33")}


def run(model, mclass, code):
    """The model read back, and what came of two bytes or four, then BX LR."""
    engine = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | (uc.UC_MODE_MCLASS if mclass else 0))
    engine.ctl_set_cpu_model(MODELS[model])
    for address in (CODE, DATA, END):
        engine.mem_map(address, 0x1000)
    engine.mem_write(CODE, bytes.fromhex(code + "7047"))
    engine.reg_write(arm.UC_ARM_REG_LR, END | 1)
    engine.reg_write(arm.UC_ARM_REG_R1, DATA + 1)
    try:
        engine.emu_start(CODE | 1, END, timeout=1_000_000)
        done = "runs" if engine.reg_read(arm.UC_ARM_REG_PC) == END else "stops"
    except uc.UcError as error:
        done = "invalid" if error.errno == uc.UC_ERR_INSN_INVALID else str(error)
    found = [name for name, number in MODELS.items() if number == engine.ctl_get_cpu_model()]
    return (found or ["another"])[0], done


print("unicorn", version("unicorn"), "Python", sys.version.split()[0])
UDIV, MRS, SMLAD, LDM = "b0fbf1f0", "eff31080", "20fb0130", "0cc9"  # udiv r0,r0,r1; ldm r1!, {r2, r3}, r1 odd
same = True
for what, model, mclass, code, expected in (
    ("UDIV", "M0", True, UDIV, ("M33", "runs")), ("UDIV", "M0", False, UDIV, ("M0", "invalid")),
    ("MRS PRIMASK", "M0", False, MRS, ("M0", "runs")), ("SMLAD", "M3", False, SMLAD, ("M3", "runs")),
    ("LDM, odd address", "M3", False, LDM, ("M3", "runs")),
):
    got = run(model, mclass, code)
    same &= got == expected
    print(f"{what} on {model}{' with UC_MODE_MCLASS' if mclass else ''}: model {got[0]}, {got[1]}")
sys.exit(0 if same else "the behaviour has changed")
PYTHON
