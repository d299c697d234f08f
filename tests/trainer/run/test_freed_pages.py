"""Memory kept for the next step, in a process of its own: it stays kept."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.programs import LIMIT
from trainer.run import freed_pages as memory

STEPS = """
import resource
import torch
from trainer.run.freed_pages import keep_freed_pages

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        [torch.ones(7 << 20) for _ in range(3)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fresh = faults()
assert keep_freed_pages()
faults(), faults()
print(fresh, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is asked")
def test_steps_after_the_first_touch_no_new_page():
    done = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, timeout=LIMIT
    )
    fresh, kept = map(int, done.stdout.split())
    assert kept < 100 < fresh


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc alone is asked")
def test_a_malloc_that_takes_blocks_of_32_mib_at_most_keeps_those(monkeypatch):
    """As glibc was, and as mallopt(3) still says."""
    taken = {}

    def mallopt(option, value):
        if option == memory._M_MMAP_THRESHOLD and value > 32 << 20:
            return 0
        taken[option] = value
        return 1

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    assert memory.keep_freed_pages()
    assert taken == {memory._M_MMAP_THRESHOLD: 32 << 20, memory._M_TRIM_THRESHOLD: 1 << 30}
