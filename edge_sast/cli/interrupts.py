"""Signals for a while: what Ctrl-C and a polite kill do."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def handled(number: int, handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """A signal goes to this handler; no change in other threads than the main one, which cannot set any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def ended_by_ctrl_c() -> AbstractContextManager[None]:
    """While PyTorch is imported Ctrl-C ends the process: an exception there can be swallowed, or abort in C++."""
    return handled(signal.SIGINT, _end)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"edge-sast: interrupted\n")
    os._exit(130)
