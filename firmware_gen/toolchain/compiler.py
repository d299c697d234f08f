"""Finding and running the computer's own C compiler."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.toolchain.group import run_group

COMPILERS = ("cc", "gcc", "clang")
# A large weight table on a slow disk, or zig, which builds its runtime library on first use; never an endless wait.
COMPILE_TIMEOUT_S = 600
DEFAULT_FLAGS = ("-std=c99", "-O2", "-Wall")


class CompilerError(EdgeSastError):
    """A compiler refused its sources. log: the file with all its messages."""

    def __init__(self, message: str, log: Path) -> None:
        super().__init__(message)
        self.log = log


def zig_command(*target: str) -> list[str]:
    """The C compiler of the Python package ziglang, for `target`.

    It defines NDEBUG from -O1 on, where others never do: every assert() would hold.
    """
    return [sys.executable, "-m", "ziglang", "cc", *target, "-UNDEBUG"]


def find_compiler() -> list[str]:
    """Command of a C compiler: $CC, else cc, gcc, clang, else the Python package ziglang.

    Raises EdgeSastError when there is none, or $CC is none.
    """
    try:
        chosen = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:  # an open quotation mark
        raise EdgeSastError(
            f"CC is {os.environ['CC']!r}, which is no command ({error}); set CC to a C compiler or unset it"
        ) from error
    if chosen:
        if shutil.which(chosen[0]) is None:
            raise EdgeSastError(
                f"CC is {chosen[0]!r}, which cannot be found; set CC to a C compiler or unset it"
            )
        return chosen
    for name in COMPILERS:
        path = shutil.which(name)
        if path:
            return [path]
    if importlib.util.find_spec("ziglang"):
        # Without it zig compiles for this very processor, with fused multiplications where it has them: other floats
        # than gcc's, and a program that may not run elsewhere.
        return zig_command("-mcpu=baseline")
    raise EdgeSastError(
        f"no C compiler found (looked for $CC, {', '.join(COMPILERS)}, ziglang); "
        "install gcc, or 'pip install ziglang'"
    )


def compile_program(
    sources: Sequence[Path], includes: Sequence[Path], program: Path, flags: Sequence[str] = DEFAULT_FLAGS
) -> None:
    """Compile and link C sources into `program`.

    Raises EdgeSastError with the first message of the compiler; all of them go to a log file it names.
    """
    command = [*find_compiler(), *flags]
    command += [f"-I{path}" for path in includes]
    command += [str(path) for path in sources]
    run_compiler([*command, "-o", str(program)], "choose another compiler with CC")


def run_compiler(
    command: Sequence[str],
    remedy: str,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Run one command of a compiler, in `folder` or here. remedy: what to suggest if the compiler fails.

    Raises EdgeSastError with the first message of the compiler; all of them go to a log file it names.
    """
    try:
        result = run_group(
            command,
            COMPILE_TIMEOUT_S,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            cwd=folder,
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeSastError(f"{command[0]}: no result after {COMPILE_TIMEOUT_S} s; {remedy}") from error
    except OSError as error:
        raise EdgeSastError(
            f"{command[0]}: cannot be started: {error.strerror or error}; {remedy}"
        ) from error
    if result.returncode:
        lines = (result.stderr + result.stdout).splitlines()
        marked = [line for mark in ("error: ", "error") for line in lines if mark in line.lower()]
        first = (marked or lines or ["no message"])[0]
        log = _write_log(command, result.stderr + result.stdout)
        raise CompilerError(
            f"{command[0]} failed with exit code {result.returncode}: {first.strip()} (all messages: {log}); "
            f"export again, or {remedy}",
            Path(log),
        )


def _write_log(command: Sequence[str], text: str) -> str:
    """A file that stays, with the command and what the compiler said."""
    with tempfile.NamedTemporaryFile("w", prefix="edge-sast-cc-", suffix=".log", delete=False) as stream:
        stream.write(shlex.join(command) + "\n" + text)
    return stream.name
