"""Kernels by Numba: compiled anew after an edit of what they call; two forms of one function."""

import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

from edge_sast.jit import jit

CALLEE = "from edge_sast.jit import jit\ndef f(x):\n    return x + {}\nf_jit = jit(f)\n"
CALLER = "from edge_sast.jit import jit\nfrom callee import f_jit\ndef g(x):\n    return f_jit(x)\ng_jit = jit(g)\n"


def _twice(values):
    for i in range(len(values)):
        values[i] *= 2


def _run(folder: Path) -> str:
    code = "import caller; print(caller.g_jit(1), len(caller.g_jit.stats.cache_hits))"
    variables = {**os.environ, "PYTHONPATH": f"{folder}:{os.getcwd()}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_edited_callee_is_compiled_into_its_callers(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    for constant in (1, 2):
        (tmp_path / "callee.py").write_text(CALLEE.format(constant))
        assert _run(tmp_path) == f"{1 + constant} 0"
    assert _run(tmp_path) == "3 1"  # unchanged: taken from the cache


def test_an_edit_of_jit_itself_makes_new_names(tmp_path):
    names = set()
    for edit in ("", "\n# other options\n"):
        copy = tmp_path / "jit.py"
        copy.write_text(Path(inspect.getfile(jit)).read_text() + edit)
        spec = importlib.util.spec_from_file_location("edited", copy)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        names.add(module.jit(_twice).py_func.__qualname__)
    assert len(names) == 2


def test_forms_of_one_function_keep_their_own_cache():
    serial, parallel = jit(_twice), jit(_twice, parallel=True)
    assert serial.py_func.__qualname__ != parallel.py_func.__qualname__
    assert serial.py_func.__code__ is parallel.py_func.__code__ is _twice.__code__
