"""The program beside the runtime: fed in a thread, with whatever goes wrong there, and left at any time."""

from __future__ import annotations

import sys
import threading

import pytest

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.verify.program import Program, run_program

HEADER = b"ECHO"
SIZE = 1 << 14  # more than a pipe's writer keeps to itself
ONE, OTHER = b"a" * SIZE, b"b" * SIZE
ECHO = """
import sys
sys.stdout.buffer.write(b"ECHO")
sys.stdout.buffer.flush()
while data := sys.stdin.buffer.read(1 << 14):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""


def program(code: str = ECHO) -> Program:
    return Program((sys.executable, "-c", code), "echo", HEADER, "is another", "start it again")


def test_answers_come_in_order():
    assert list(run_program(program(), SIZE, [ONE, OTHER], "ab")) == [ONE, OTHER]


def test_what_ends_early_says_where():
    found = run_program(program(), SIZE, [ONE], "ab")
    assert next(found) == ONE
    with pytest.raises(CheckFailedError, match=r"^echo: stopped with exit code 0 at b: no message$"):
        next(found)


def test_what_its_recordings_raise_is_told_and_not_that_it_stopped():
    def streams():
        yield ONE
        raise EdgeSastError("b: too long; cut it")

    found = run_program(program(), SIZE, streams(), "ab")
    assert next(found) == ONE
    with pytest.raises(EdgeSastError, match=r"^b: too long; cut it$"):
        next(found)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_the_thread_that_feeds_it_can_be_the_one_that_ends_it():
    """As where the garbage collector, which runs in any thread, meets one that was left."""
    left, ended, holder = threading.Event(), threading.Event(), []

    def streams():
        yield ONE
        assert left.wait(30)
        holder.clear()
        ended.set()

    holder.append(run_program(program(), SIZE, streams(), "ab"))
    assert next(holder[0]) == ONE
    left.set()
    assert ended.wait(30)
