"""The open FPGA tools: whose are there, how they are started, what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.places import default_cache_dir
from firmware_gen.fpga.families import YOSYS, Family
from firmware_gen.toolchain.group import run_group

SYSTEM, YOWASP = "system", "yowasp"
TOOLCHAINS = (SYSTEM, YOWASP)
PYTHONS = ("gowin_pack",)  # programs that are Python by themselves, under the same name in both sets
CACHE_VARIABLE = "YOWASP_CACHE_DIR"
# Place and route of a full device takes minutes, under WebAssembly on a busy machine many; never an endless wait.
TIMEOUT_S = 3600


@dataclass(frozen=True)
class Tools:
    """One whole set: programs of the system, or those that YoWASP compiled to WebAssembly; name to path."""

    kind: str
    paths: dict[str, str]

    def run(self, program: str, arguments: Sequence[str], folder: Path, log: str) -> tuple[int, str]:
        """Exit code, and what was said, which is also written to the file `log` in `folder`, where it runs.

        Raises EdgeSastError where the program cannot be started or does not end.
        """
        command = [self.paths[program], *arguments]
        try:
            result = run_group(
                command,
                TIMEOUT_S,
                cwd=folder,
                env={CACHE_VARIABLE: str(cache_dir()), **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise EdgeSastError(
                f"{program}: no result after {TIMEOUT_S} s; try a smaller model or fewer lanes"
            ) from error
        except OSError as error:
            raise EdgeSastError(
                f"{command[0]}: cannot be started: {error.strerror or error}; try another --toolchain"
            ) from error
        text = result.stdout.decode(errors="replace")
        (folder / log).write_text(text, "utf-8")
        return result.returncode, text


def cache_dir() -> Path:
    """Where YoWASP keeps what it compiled, a minute's work for each program, unless YOWASP_CACHE_DIR says another."""
    return default_cache_dir() / "yowasp"


def find_tools(family: Family, asked: str | None = None) -> Tools:
    """The programs of one family: the system's where all of them are installed, else YoWASP's; or the set asked for.

    Sets are not mixed: a newer Yosys writes what an older nextpnr cannot read.
    Raises EdgeSastError for a set that there is not, or that is not installed.
    """
    tools = _whole_set(family.programs, asked)
    if tools is None:
        raise EdgeSastError(
            f"{family.name}: {_missing(family, asked)} cannot be found; {_remedy(asked, _packages(family))}"
        )
    return tools


def find_yosys(asked: str | None = None) -> Tools:
    """Yosys alone: the system's, else YoWASP's; or that of the set asked for.

    Raises EdgeSastError for a set that there is not, or where it is not installed.
    """
    tools = _whole_set((YOSYS,), asked)
    if tools is None:
        raise EdgeSastError(
            f"{'yowasp-' * (asked == YOWASP)}{YOSYS} is not installed; {_remedy(asked, (YOSYS,))}"
        )
    return tools


def _whole_set(programs: Sequence[str], asked: str | None) -> Tools | None:
    if asked is not None and asked not in TOOLCHAINS:
        raise EdgeSastError(f"--toolchain is {asked!r}; it must be one of {', '.join(TOOLCHAINS)}")
    for kind in TOOLCHAINS if asked is None else (asked,):
        found = {program: find_program(kind, program) for program in programs}
        if all(found.values()):
            return Tools(kind, {program: str(path) for program, path in found.items()})
    return None


def find_program(kind: str, program: str) -> str | None:
    """Path of a program of a set: on PATH, or beside this Python, whose environment need not be activated."""
    name = program if kind == SYSTEM or program in PYTHONS else f"yowasp-{program}"
    beside = os.path.dirname(sys.executable)
    return shutil.which(name) or shutil.which(name, path=beside)


def _missing(family: Family, asked: str | None) -> str:
    kind = asked or YOWASP
    names = [program for program in family.programs if find_program(kind, program) is None]
    return ", ".join(f"{'yowasp-' * (kind == YOWASP and n not in PYTHONS)}{n}" for n in names)


def _packages(family: Family) -> tuple[str, ...]:
    """Of Debian, with all programs of a family: of the families, iCE40's alone."""
    return (YOSYS, "nextpnr-ice40", "fpga-icestorm") if family.place == "nextpnr-ice40" else ()


def _remedy(asked: str | None, packages: Sequence[str]) -> str:
    """What brings the programs of the set asked for, or of any. packages: of Debian, with the system's."""
    pip = f"{'leave --toolchain out and ' * (asked == SYSTEM)}pip install 'edge-sast[fpga]'"
    apt = f"sudo apt-get install --no-install-recommends {' '.join(packages)}" if packages else ""
    ways = (pip,) if asked == YOWASP else (apt, pip) if asked == SYSTEM else (pip, apt)
    return ", or ".join(way for way in ways if way)
