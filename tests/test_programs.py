"""Programs that tests start end with the test, whatever becomes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import started

FOR_EVER = [sys.executable, "-c", "import time\nprint('begun', flush=True)\nwhile True: time.sleep(1)"]
# A fixture has its program over many tests; camera programs, which never end, are killed by their own helper.
OWN = {"programs.py", "firmware_gen/c/test_stream.py", "firmware_gen/virtual/requests.py"}
OWN |= {"streaming/test_programs.py", "trainer/workers/test_workers.py", "test_programs.py"}


def test_a_test_that_fails_ends_its_program():
    with pytest.raises(AssertionError), started(FOR_EVER, stdout=subprocess.PIPE) as process:  # noqa: PT012
        assert process.stdout.readline() == b"begun\n"
        raise AssertionError
    assert process.returncode == -9


def test_what_a_program_that_hangs_does_not_write_ends_too():
    with started(FOR_EVER, 1.0, stdout=subprocess.PIPE) as process:
        assert process.stdout.read() in (b"begun\n", b"")
    assert process.returncode == -9


def test_a_program_that_ends_itself_has_its_own_code():
    with started([sys.executable, "-c", "input()\nexit(7)"], stdin=subprocess.PIPE) as process:
        process.stdin.write(b"\n")
    assert process.returncode == 7


def test_no_other_way_is_taken():
    folder = Path(__file__).parent
    bare = {str(path.relative_to(folder)) for path in folder.rglob("*.py") if _popen(path)}
    assert bare == OWN - {"test_programs.py"}


def _popen(path: Path) -> bool:
    return bool(re.search(r"subprocess\.Popen\(", path.read_text()))
