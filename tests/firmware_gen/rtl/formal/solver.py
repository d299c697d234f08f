"""Proofs about a module of the core: Yosys's SAT solver looks for a run that breaks one of its properties.

A file of properties is put into a copy of the module, before its `endmodule`: as `bind` would do, which Yosys does not
read. It sees all signals of the module, and the Verilog that is shipped stays as it is. Tables have any content
(sast_rom.v here). An induction proves any number of steps: what holds from the reset for `depth` steps, and after any
`depth` steps in which it held.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import firmware_gen
from firmware_gen.rtl_gen.params_vh import params_vh

RTL = Path(firmware_gen.__file__).parent / "rtl"
PROPERTIES = Path(__file__).parent
ANY_TABLE = "sast_rom"
TIME_LIMIT_S = 600
PROVED, BROKEN = "proved", "broken"


@dataclass(frozen=True)
class Fault:
    """A change of a module's text that its proof must not survive."""

    module: str
    old: str
    new: str


@dataclass(frozen=True)
class Proof:
    """properties: files, each of the module that its name begins with. depth: steps of the induction, or, without one,
    steps from the reset that are tried."""

    top: str
    properties: tuple[str, ...]
    sizes: Mapping[str, int]
    depth: int
    induction: bool = True
    modules: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def attempt(proof: Proof, folder: Path, fault: Fault | None = None) -> str:
    """PROVED, or what was found against it, after BROKEN. folder: an empty one."""
    _write(proof, folder, fault)
    files = " ".join(f"{module}.v" for module in (proof.top, *proof.modules))
    sets = " ".join(f"-set {name} {value}" for name, value in proof.parameters.items())
    # What nothing drives may be anything in every cycle; a register without a first value begins with any, and keeps it
    # where it is told to. opt would take both for constants: -noff, and not -full.
    commands = [f"read_verilog -formal -defer {files}"]
    commands += [f"chparam {sets} {proof.top}"] if sets else []
    commands += [f"prep -flatten -nordff -top {proof.top}", "memory_map", "opt -noff -keepdc"]
    how = f"-tempinduct -maxsteps {proof.depth}" if proof.induction else f"-seq 1 -maxsteps {proof.depth}"
    commands += [f"sat -verify -set-assumes -prove-asserts -show-regs {how}"]
    done = _run(["yosys", "-p", "; ".join(commands)], folder)
    if done.returncode == 0 and "SUCCESS!" in done.stdout:
        return PROVED
    assert "ERROR: Called with -verify and proof did fail!" in done.stderr, done.stdout[-2000:] + done.stderr
    return f"{BROKEN}: {done.stdout}"


def _write(proof: Proof, folder: Path, fault: Fault | None) -> None:
    for module in (proof.top, *proof.modules):
        text = _source(module)
        if fault is not None and fault.module == module:
            assert text.count(fault.old) == 1, f"{module}.v has not one: {fault.old}"
            text = text.replace(fault.old, fault.new)
        for name in (name for name in proof.properties if name.partition(".")[0] == module):
            before, end, after = text.rpartition("endmodule")
            text = f"{before}\n{(PROPERTIES / f'{name}.vh').read_text()}\n{end}{after}"
        (folder / f"{module}.v").write_text(text)
    (folder / "sast_params.vh").write_text(params_vh(proof.sizes, "none"))


def _source(module: str) -> str:
    own = PROPERTIES / f"{module}.v"
    return (own if own.is_file() else RTL / f"{module}.v").read_text()


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
    )
