"""Programs that start others: a tool, and whatever it started, ends together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

GRACE_S = 2.0


def run_group(command: Sequence[str], timeout_s: float, **options: Any) -> subprocess.CompletedProcess:
    """subprocess.run, after which nothing of the command runs on that did not end by itself.

    Where it takes longer than timeout_s, or Ctrl-C or a kill interrupts the wait, all processes of its group are
    ended: a make's compilers, a wrapper's program. They have GRACE_S to remove what they wrote, as gcc does with its
    temporary files. options: of Popen. Raises what subprocess.run raises.
    """
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        try:
            said, complained = process.communicate(timeout=timeout_s)
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, said, complained)


def _end(process: subprocess.Popen) -> None:
    if not hasattr(os, "killpg"):  # Windows
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
        os.killpg(process.pid, signal.SIGKILL)
