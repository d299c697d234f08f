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
    """A signal goes to this handler, unless it is ignored: nohup and a shell's background jobs mean it so.

    No change in other threads than the main one, which cannot set any.
    """
    elsewhere = threading.current_thread() is not threading.main_thread()
    if elsewhere or signal.getsignal(number) in (signal.SIG_IGN, None):
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def kill_interrupts() -> Iterator[None]:
    """A polite kill, and a terminal that is closed, raise KeyboardInterrupt as Ctrl-C does."""
    with handled(signal.SIGTERM, _interrupt):
        if not hasattr(signal, "SIGHUP"):  # Windows
            yield
            return
        with handled(signal.SIGHUP, _interrupt):
            yield


def ended_by_ctrl_c() -> AbstractContextManager[None]:
    """While PyTorch is imported Ctrl-C ends the process: an exception there can be swallowed, or abort in C++."""
    return handled(signal.SIGINT, _end)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"edge-sast: interrupted\n")
    os._exit(130)
