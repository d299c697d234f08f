"""The Triton kernels run by Triton's interpreter, compiled for GPUs that are not here, and run on one that is.

Each in a process of its own, since Triton reads TRITON_INTERPRET once, when it is imported.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from trainer.operations import lif as lif_module

HERE = Path(__file__).parents[1]
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs Triton: pip install '.[triton]' on Linux"
)


def python(*arguments, **environment):
    """Output of a Python process that must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**kept, **environment, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


@needs_triton
def test_interpreted_kernels():
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "triton_cases.py", TRITON_INTERPRET="1")


@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_kernels_on_the_gpu():
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "triton_cases.py", TRITON_INTERPRET="")


@needs_triton
def test_kernels_compile_without_fused_multiply_adds(tmp_path):
    built = python(HERE / "triton_builds.py", 80, 90, TRITON_CACHE_DIR=str(tmp_path))
    lines = [line.split() for line in built.splitlines()]
    for capability in ("80", "90"):
        found = [line[1:] for line in lines if line[0] == capability]
        assert {forward for forward, _, _ in found} == {*"01234", "fused"}
        assert [fused for _, _, fused in found] == ["0"] * 12


@pytest.mark.parametrize(
    ("capability", "missing", "form"),
    [((9, 0), False, "lif_triton"), ((9, 0), True, "stepwise"), ((6, 1), False, "stepwise")],
)
def test_which_form_a_gpu_takes(capability, missing, form, monkeypatch):
    if importlib.util.find_spec("triton") is None and form == "lif_triton":
        pytest.skip("needs Triton: pip install '.[triton]' on Linux")
    lif_module.has_triton.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    if missing:
        monkeypatch.setitem(sys.modules, "trainer.operations.lif_triton", None)
    assert lif_module._of_gpu().__name__ == form
    lif_module.has_triton.cache_clear()
