"""Tests that lack a program: skipped and named in the last line, or failed where all must run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_sast.cli import doctor
from tests import tools
from tests.conftest import LONG

ROOT = Path(__file__).parents[1]
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # Hypothesis alone takes a second to start
TESTS = """
import pytest
from tests import tools
from tests.conftest import LONG
@pytest.mark.needs("cmake", "make")
def test_a(): pass
@pytest.mark.parametrize("n", range(3))
def test_b(n): tools.require("cppcheck")
def test_c(): pytest.skip("needs another machine")
def test_d(): tools.require_compiler("zig", "rv32")
"""


def run_without_tools(folder, *options, **environment):
    """pytest on a machine that has Python alone."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs\n")
    (folder / "test_few.py").write_text(TESTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "EDGE_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)],
        env={**kept, "PATH": str(folder), "PYTHONPATH": str(ROOT), **QUICK, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "1")])
def test_what_is_missing_is_skipped_and_told_at_the_end(tmp_path, options):
    done = run_without_tools(tmp_path, *options)
    *_, counts, last = done.stdout.splitlines()
    assert done.returncode == 0
    assert re.search("1 passed, 5 skipped in ", counts)
    assert last == (
        "4 tests skipped for want of make, cmake, cppcheck; "
        "sudo apt-get install --no-install-recommends make cmake cppcheck"
    )


def test_where_all_are_required_what_is_missing_fails(tmp_path):
    done = run_without_tools(tmp_path, EDGE_SAST_TOOLS="required")
    assert done.returncode == 1
    assert "needs cmake, make, and EDGE_SAST_TOOLS is required" in done.stdout
    assert "FAILED" in done.stdout
    assert re.search("3 failed, 1 passed, 1 skipped, 1 error in ", done.stdout.splitlines()[-1])


def test_nothing_is_said_where_nothing_is_missing():
    assert tools.closing_line(["Skipped: needs a CUDA device", "Skipped: needs ziglang"]) is None


def test_a_program_that_is_in_no_list_is_refused():
    with pytest.raises(AssertionError, match=r"^cobol: not in tests/tools.py, nor in .ci/run"):
        tools.require("gcc", "cobol")


def test_every_list_names_the_same_packages():
    """.ci/run installs what the tests need, and doctor tells what the commands need."""
    script = (ROOT / ".ci" / "run").read_text()
    assert dict(re.findall(r'^need (\S+) "(.+)"', script, re.M)) == tools.PACKAGES
    assert f"export {tools.VARIABLE}={tools.REQUIRED}" in script
    for name, _, package in doctor.TOOLS:
        assert tools.PACKAGES[name] == package


def test_the_files_that_are_run_first_are_there():
    assert [name for name in LONG if not (ROOT / "tests" / name).is_file()] == []
