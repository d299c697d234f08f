"""A program and what it started: both end where the wait for them does."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from firmware_gen.toolchain import compiler
from firmware_gen.toolchain.group import run_group
from tests.cli.device.test_board import is_running

# A wrapper that does not become its program: its sleep is a process of its own, and holds its output open.
SLOW = "sleep 60 & echo $! > mark; wait"


def ends(process: int) -> bool:
    """Whether it has ended; its new parent may take a moment to know."""
    deadline = time.monotonic() + 10
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(process)


def test_after_too_long_nothing_of_it_runs(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_group(["sh", "-c", SLOW], 1.0, cwd=tmp_path, stdout=subprocess.PIPE)
    assert ends(int((tmp_path / "mark").read_text()))


def test_a_tool_may_remove_what_it_wrote(tmp_path):
    """One that will not end does all the same."""
    tool = "touch mark; trap 'rm mark; exit' TERM; sleep 60 & wait"
    stubborn = "trap '' TERM; (sleep 60) & echo $! > stubborn; wait"
    for program in (tool, stubborn):
        with pytest.raises(subprocess.TimeoutExpired):
            run_group(["sh", "-c", program], 1.0, cwd=tmp_path)
    assert ends(int((tmp_path / "stubborn").read_text()))
    assert [path.name for path in tmp_path.iterdir()] == ["stubborn"]


def test_a_compiler_that_hangs_takes_its_children_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(compiler, "COMPILE_TIMEOUT_S", 1)
    with pytest.raises(compiler.EdgeSastError, match=r"^sh: no result after 1 s; use another$"):
        compiler.run_compiler(["sh", "-c", SLOW], "use another", folder=tmp_path)
    assert ends(int((tmp_path / "mark").read_text()))


def test_what_ends_by_itself_is_told_as_by_subprocess():
    program = "import sys; sys.stdout.write('out'); sys.stderr.write('err'); sys.exit(3)"
    pipe = subprocess.PIPE
    ended = run_group([sys.executable, "-c", program], 60, stdout=pipe, stderr=pipe, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "out", "err")
