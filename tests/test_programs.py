"""Programs and threads that tests start end with the test, or keep nobody waiting, whatever becomes of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import started

PACKAGES = ("edge_sast", "firmware_gen", "trainer")
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


def test_no_thread_keeps_a_program_from_its_end():
    """One that is left behind, as by an assertion that fails, would be waited for when all the others have ended."""
    folders = [Path(__file__).parents[1] / name for name in ("tests", "benchmarks", *PACKAGES)]
    made = [(path, call) for folder in folders for path in folder.rglob("*.py") for call in _threads(path)]
    assert len(made) > 20
    assert [f"{path}:{call.lineno}" for path, call in made if not _is_daemon(call)] == []


def test_no_program_is_waited_for_without_a_limit():
    runs = {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output")}
    found = [
        (path, node)
        for path in Path(__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in runs
    ]
    assert len(found) > 80
    limited = [
        {"timeout", None} & {each.arg for each in call.keywords} for _, call in found
    ]  # None: of **options
    assert [
        f"{path}:{call.lineno}" for (path, call), has in zip(found, limited, strict=True) if not has
    ] == []


def _threads(path: Path) -> list[ast.Call]:
    """Calls of Thread, and of its constructor in classes that are threads."""
    tree = ast.parse(path.read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [call for call in found if ast.unparse(call.func) in ("threading.Thread", "Thread")]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "threading.Thread" in map(ast.unparse, node.bases):
            inside = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
            (own,) = [call for call in inside if ast.unparse(call.func) == "super().__init__"]
            calls.append(own)
    return calls


def _is_daemon(call: ast.Call) -> bool:
    return any(each.arg == "daemon" and ast.unparse(each.value) == "True" for each in call.keywords)


def _popen(path: Path) -> bool:
    return bool(re.search(r"subprocess\.Popen\(", path.read_text()))
