"""Kernels by Numba: compiled anew after an edit of what they call."""

import ast
import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

from edge_sast.jit import _imported_names, jit
from tests.programs import LIMIT

ROOT = Path(__file__).parents[1]
CALLEE = "from edge_sast.jit import jit\ndef f(x):\n    return x + {}\nf_jit = jit(f)\n"
CALLER = "from edge_sast.jit import jit\nfrom callee import f_jit\ndef g(x):\n    return f_jit(x)\ng_jit = jit(g)\n"


def _twice(values):
    for i in range(len(values)):
        values[i] *= 2


def _run(folder: Path) -> str:
    code = "import caller; print(caller.g_jit(1), len(caller.g_jit.stats.cache_hits))"
    variables = {**os.environ, "PYTHONPATH": f"{folder}:{os.getcwd()}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True, timeout=LIMIT
    )
    return done.stdout.strip()


def test_an_edited_callee_is_compiled_into_its_callers(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    for constant in (1, 2):
        (tmp_path / "callee.py").write_text(CALLEE.format(constant))
        assert _run(tmp_path) == f"{1 + constant} 0"
    assert _run(tmp_path) == "3 1"  # unchanged: taken from the cache


def test_an_edit_in_another_folder_is_compiled_into_its_callers(tmp_path):
    package, far = tmp_path / "package", tmp_path / "package" / "formulas" / "far"
    far.mkdir(parents=True)
    (tmp_path / "caller.py").write_text("from package.caller import g_jit\n")
    (package / "__init__.py").write_text("")
    (package / "caller.py").write_text(CALLER.replace("from callee", "from .formulas.far"))
    (package / "formulas" / "__init__.py").write_text("")
    (far / "__init__.py").write_text("from package.formulas.far.callee import f_jit as f_jit\n")
    for constant in (1, 2):
        (far / "callee.py").write_text(CALLEE.format(constant))
        assert _run(tmp_path) == f"{1 + constant} 0"
    (far / "unrelated.py").write_text("# nobody imports this\n")
    assert _run(tmp_path) == "3 1"


def test_sources_of_a_kernel_are_all_that_python_loads_for_it():
    """What the digest takes for imported, beside what an interpreter really loads of our packages."""
    code = (
        "import pathlib, sys, edge_sast, {0} as module\n"
        "from edge_sast import jit\n"
        "jit._sources_digest(pathlib.Path(module.__file__))\n"
        "own = [m.__file__ for n, m in list(sys.modules.items()) if n.split('.')[0] in ('edge_sast', 'trainer')]\n"
        "todo, seen = [pathlib.Path(module.__file__)], set()\n"
        "while todo:\n"
        "    path = todo.pop()\n"
        "    if path not in seen:\n"
        "        seen.add(path)\n"
        "        todo += jit._imports(path)\n"
        "print(sorted(set(own) - {{str(path) for path in seen}}))\n"
    )
    for name in ("edge_sast.runtime.run", "trainer.kernels.event"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(name)],
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT,
        )
        assert done.stdout.strip() == "[]", name


def test_import_statements_are_found_as_the_parser_finds_them():
    top = Path(inspect.getfile(jit)).resolve().parents[1]
    files = [path for name in ("edge_sast", "trainer", "firmware_gen") for path in (top / name).rglob("*.py")]
    assert len(files) > 150
    for path in files:
        wanted = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                wanted |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        assert wanted <= set(_imported_names(path, top)), path


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
    called, inlined = jit(_twice), jit(_twice, inline=True)
    assert called.py_func.__qualname__ != inlined.py_func.__qualname__
    assert called.py_func.__code__ is inlined.py_func.__code__ is _twice.__code__
