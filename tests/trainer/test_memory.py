"""Memory kept for the next step, in a process of its own: it stays kept."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import torch
from trainer.memory import keep_freed_pages

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        [torch.ones(10 << 20) for _ in range(3)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fresh = faults()
assert keep_freed_pages()
faults(), faults()
print(fresh, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is asked")
def test_steps_after_the_first_touch_no_new_page():
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    fresh, kept = map(int, done.stdout.split())
    assert kept < 100 < fresh
