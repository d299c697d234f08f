"""Compiled kernels on disk: whatever becomes of the files, the result is the same and nothing is said but a warning."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from edge_sast import jit, kernel_cache
from tests.programs import LIMIT

SEAL = kernel_cache._DIGEST_BYTES


def _source(folder: Path) -> Path:
    """A module of one small kernel; its compiled form lies in the folder's __pycache__."""
    path = folder / "plus.py"
    path.write_text(
        "from edge_sast.jit import jit\ndef f(x):\n    for i in range(len(x)):\n        x[i] += 1\nplus = jit(f)\n"
    )
    return path


def _run(folder: Path, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The kernel in a process of its own: prints its result, and 1 where it came from the disk."""
    text = f"{code}\nimport numpy, plus\nx = numpy.zeros(2)\nplus.plus(x)\nprint(x, len(plus.plus.stats.cache_hits))"
    variables = {**os.environ, "PYTHONPATH": f"{folder}:{os.getcwd()}", **environment}
    return subprocess.run(
        [sys.executable, "-c", text], env=variables, capture_output=True, text=True, timeout=LIMIT
    )


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.nb?"))
    assert [file.suffix for file in files] == [".nbc", ".nbi"]
    return files


@pytest.fixture(scope="module", autouse=True)
def beside_the_source():
    """Numba keeps its files there, whatever folder the caller's environment names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NUMBA_CACHE_DIR", raising=False)
        patch.setattr(numba.config, "CACHE_DIR", "")
        yield


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("compiled")
    _source(folder)
    assert _run(folder).stdout == "[1. 1.] 0\n"
    return folder


class Again:
    """The same kernel compiled or loaded once more in this process, as a new process would."""

    def __init__(self, folder: Path) -> None:
        self._scope: dict = {"__name__": "plus"}  # which Numba imports when it loads
        path = folder / "plus.py"
        exec(compile(path.read_text(), str(path), "exec"), self._scope)

    def run(self) -> int:
        """Loads or compiles it, checks the result; how often it came from the disk."""
        again = jit.jit(self._scope["f"])
        values = np.zeros(2)
        again(values)
        assert values.tolist() == [1, 1]
        return len(again.stats.cache_hits)


def _cuts(data: bytes) -> list[int]:
    """Borders: of the seal, of what numba's pickle holds first, and of the end."""
    return [0, 1, SEAL - 1, SEAL, SEAL + 1, SEAL + len(pickle.dumps(numba.__version__)), len(data) - 1]


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, len(data)))
    return data[:place] + bytes([data[place] ^ int(rng.integers(1, 256))]) + data[place + 1 :]


def test_what_was_cut_off_or_altered_is_not_read(compiled, tmp_path):
    rng = np.random.default_rng(14)
    for file in _files(compiled):
        whole, copy = file.read_bytes(), str(tmp_path / file.name)
        longer = [b"\0" * len(whole), whole + b"\0", whole * 2]
        for content in [
            *(whole[:cut] for cut in _cuts(whole)),
            *longer,
            *(_flipped(whole, rng) for _ in range(200)),
        ]:
            Path(copy).write_bytes(content)
            assert kernel_cache._unseal(copy) is None
        assert kernel_cache._unseal(copy + ".gone") is None


def test_what_was_cut_off_or_altered_is_made_anew(compiled, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(compiled))
    again, rng = Again(compiled), np.random.default_rng(14)
    assert again.run() == 1
    for file in _files(compiled):
        whole = file.read_bytes()
        for content in (b"", whole[: len(whole) // 2], _flipped(whole, rng)):
            file.write_bytes(content)
            assert (again.run(), again.run()) == (0, 1)  # compiled and written anew, then loaded
    assert capsys.readouterr().err == ""


def test_a_sealed_file_that_cannot_be_loaded_is_made_anew(compiled, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(compiled))
    again, (data, index) = Again(compiled), _files(compiled)
    entry = kernel_cache._unseal(str(data))
    for content in (
        pickle.dumps(None),
        pickle.dumps((entry[0], 7)),
        b"cedge_sast.gone\nThing\n.",
        b"no pickle",
    ):
        kernel_cache._seal(str(data), content)
        assert (again.run(), again.run()) == (0, 1)
    for content in (pickle.dumps(None), pickle.dumps((1, 2)), b"cedge_sast.gone\nThing\n."):
        kernel_cache._seal(str(index), content)
        assert (again.run(), again.run()) == (0, 1)
    assert capsys.readouterr().err == ""


def test_the_name_of_an_entry_may_hold_that_of_another(compiled, monkeypatch):
    monkeypatch.syspath_prepend(str(compiled))
    again, (data, _) = Again(compiled), _files(compiled)
    key, content = kernel_cache._unseal(str(data))
    kernel_cache._seal(str(data), pickle.dumps(((*key[:-1], "of another"), content)))
    assert (again.run(), again.run()) == (0, 1)


def test_folders_in_the_place_of_files_cost_one_warning(compiled, tmp_path):
    shutil.copytree(compiled, tmp_path / "copy")
    index = _files(tmp_path / "copy")[1]
    index.unlink()
    index.mkdir()
    done = _run(tmp_path / "copy")
    assert (done.returncode, done.stdout) == (0, "[1. 1.] 0\n")
    assert done.stderr.splitlines() == [
        f"warning: compiled kernels are not kept ({index}: cannot write {_number(done.stderr)} bytes: Is a directory; "
        "free space or choose another folder); each command compiles them anew until NUMBA_CACHE_DIR names a folder "
        "with space that can be written"
    ]


def _number(text: str) -> str:
    return text.split("cannot write ")[1].split()[0]


def test_a_full_disk_costs_one_warning_and_leaves_nothing(tmp_path):
    _source(tmp_path)
    # No file may grow beyond 100 bytes: a write fails as on a full disk, amid the file.
    limit = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nimport numba\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    )
    done = _run(tmp_path, limit, PYTHONDONTWRITEBYTECODE="1")
    assert (done.returncode, done.stdout) == (0, "[1. 1.] 0\n")
    warnings = done.stderr.splitlines()
    assert len(warnings) == 1
    assert str(tmp_path / "__pycache__" / "plus.f_called_") in warnings[0]
    assert "File too large; free space" in warnings[0]
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["plus.py"]


def test_no_folder_at_all_costs_one_warning(tmp_path):
    _source(tmp_path)
    (tmp_path / "__pycache__").touch()  # a file where Numba wants a folder: not even root can write there
    blocked = {name: str(tmp_path / "plus.py") for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    done = _run(tmp_path, **blocked)
    assert (done.returncode, done.stdout) == (0, "[1. 1.] 0\n")
    assert done.stderr.startswith(
        f"warning: compiled kernels are not kept ({tmp_path}: cannot cache function "
    )
    assert len(done.stderr.splitlines()) == 1


def test_what_is_on_disk_runs_without_what_compiling_needs(tmp_path):
    """Memory, mathematics, tuples and an error of the kernel's own; and then another kernel is compiled."""
    _source(tmp_path)
    (tmp_path / "every.py").write_text(
        "import math\nfrom typing import NamedTuple\nimport numpy as np\nfrom edge_sast.jit import jit\n"
        "class Pair(NamedTuple):\n    a: np.ndarray\n    b: float\n"
        "def f(p):\n    if p.b < 0:\n        raise ValueError('below zero')\n"
        "    squares = [v * v for v in p.a]\n    return Pair(np.full(3, math.exp(p.b)), squares[-1])\nevery = jit(f)\n"
    )
    text = (
        "import sys, numpy as np, every\nmade = every.every(every.Pair(np.array([1.0, 3.0]), 0.0))\n"
        "print(type(made).__name__, made.a, made.b, 'numba.np.arraymath' in sys.modules)\n"
        "try:\n    every.every(every.Pair(np.array([1.0, 3.0]), -1.0))\nexcept ValueError as error:\n    print(error)\n"
        "import plus\nx = np.zeros(2)\nplus.plus(x)\nprint(x)\n"
    )
    variables = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.getcwd()}"}
    for compiling in (True, False):
        for file in tmp_path.rglob("plus.f_*"):
            file.unlink()
        done = subprocess.run(
            [sys.executable, "-c", text], env=variables, capture_output=True, text=True, timeout=LIMIT
        )
        assert (done.stdout, done.stderr) == (f"Pair [1. 1. 1.] 9.0 {compiling}\nbelow zero\n[1. 1.]\n", "")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_somebody_at_a_terminal_is_told_why_the_first_time_takes_long(tmp_path):
    _source(tmp_path)
    line = b"compiling kernels for this computer: takes some seconds, the first time only\r\n"
    code = "import numpy, plus\nplus.plus(numpy.zeros(2))\nplus.plus(numpy.zeros(2, int))"
    variables = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.getcwd()}"}
    for expected in (line, b""):
        ours, theirs = os.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            subprocess.run(
                [sys.executable, "-c", code], env=variables, stderr=theirs, check=True, timeout=LIMIT
            )
            os.write(theirs, b"end\n")
            os.close(theirs)
            said = b""
            while not said.endswith(b"end\r\n"):
                said += terminal.read(1000)
        assert said == expected + b"end\r\n"
