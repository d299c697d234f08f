"""Variables with which Numba cannot run: one line, before it is imported."""

import os
import platform
import re
import subprocess
import sys

import pytest

from edge_sast import environment
from edge_sast.cli.main import main
from tests.programs import LIMIT


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NUMBA_DISABLE_JIT", "1", "the kernels run compiled only: unset it"),
        ("NUMBA_DISABLE_JIT", "yes", "the kernels run compiled only: unset it"),
        ("NUMBA_NUM_THREADS", "0", "it must be 1 to 1024, or unset it"),
        ("NUMBA_NUM_THREADS", "-2", "it must be 1 to 1024, or unset it"),
        ("NUMBA_NUM_THREADS", "", "it must be 1 to 1024, or unset it"),
        ("NUMBA_NUM_THREADS", "two", "it must be 1 to 1024, or unset it"),
        ("NUMBA_NUM_THREADS", "1025", "it must be 1 to 1024, or unset it"),
    ],
)
def test_what_numba_cannot_run_with_is_told(monkeypatch, capsys, name, value, message):
    monkeypatch.setenv(name, value)
    assert main(["run", "gone", "gone.bin"]) == 2
    assert capsys.readouterr().err == f"edge-sast: {name} is {value!r}; {message}\n"


@pytest.mark.parametrize(("name", "value"), [("NUMBA_DISABLE_JIT", "0"), ("NUMBA_NUM_THREADS", "2")])
def test_what_it_can_run_with_is_taken(monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    assert main(["inspect", "gone"]) == 2
    assert capsys.readouterr().err.startswith("edge-sast: gone: ")


@pytest.mark.parametrize("name", ["NUMBA_THREADING_LAYER", "NUMBA_THREADING_LAYER_PRIORITY"])
def test_threads_that_cannot_be_started_are_told(name):
    command = [sys.executable, "-m", "edge_sast.cli.main", "inspect", "gone"]
    done = subprocess.run(
        command,
        env=os.environ | {name: "nonsense"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"edge-sast: {name} is 'nonsense', but Numba cannot start its threads: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("disable_jit: 1", "disables the JIT; the kernels run compiled only: mend or remove it"),
        (
            "num_threads: 0",
            "Numba cannot start with it: Number of threads specified must be > 0.; mend or remove it",
        ),
    ],
)
def test_a_settings_file_that_numba_cannot_run_with_is_told(tmp_path, settings, message):
    pytest.importorskip("yaml", reason="Numba reads the file with PyYAML only")
    (tmp_path / ".numba_config.yaml").write_text(settings)
    command = [sys.executable, "-m", "edge_sast.cli.main", "inspect", "gone"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (2, f"edge-sast: .numba_config.yaml: {message}\n")


def test_doctor_tells_it_beside_the_rest(monkeypatch, capsys):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "0")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "NUMBA_NUM_THREADS is '0'" in out
    assert "it must be 1 to 1024, or unset it" in out
    assert out.rstrip().endswith("required but missing: environment")


POOLS = """
import trainer.run.loop
import torch
from trainer.operations import fused

torch.ones(1 << 20).add(1)
print(fused.moments(torch.randn(4, 2, 8, 8, 3).permute(0, 1, 4, 2, 3)))
"""


GCC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="GCC's OpenMP runtime tells its settings")


def rounds_of_waiting(command, **variables):
    """Those that a waiting thread runs before it sleeps, as each OpenMP runtime had read it when it was loaded."""
    pytest.importorskip("torch")
    env = {key: held for key, held in os.environ.items() if key not in environment.WAITING}
    env |= {"OMP_DISPLAY_ENV": "verbose"} | variables
    done = subprocess.run(
        [sys.executable, *command], env=env, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.returncode in (0, 2), done.stderr
    return set(re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr))


@GCC
def test_threads_sleep_while_they_wait():
    assert rounds_of_waiting(["-c", POOLS]) == {"0"}


@GCC
def test_threads_wait_as_the_environment_says():
    assert rounds_of_waiting(["-c", POOLS], GOMP_SPINCOUNT="777") == {"777"}


@GCC
def test_threads_sleep_in_a_command_whose_module_imports_torch_first():
    """As that of calibrate does."""
    code = "from edge_sast.cli.main import main; main(['calibrate', 'gone', '--out', 'x'])"
    assert rounds_of_waiting(["-c", code + "; import edge_sast.cli.learn.calibrate_run"]) == {"0"}
